//! PostgreSQL's errors in our words.

use postgres::Error;
use postgres::error::{DbError, SqlState};
use torana_storage::StoreError;

/// What an error means, and whether the connection is gone with it.
pub(super) struct Meaning {
    pub error: StoreError,
    pub connection_lost: bool,
}

impl Meaning {
    /// An error of ours, found before or after the server was asked.
    pub const fn of_statement(error: StoreError) -> Self {
        Self {
            error,
            connection_lost: false,
        }
    }
}

/// Never takes the error's detail over: it holds the row's values.
pub(super) fn classify(error: &Error) -> Meaning {
    let Some(server) = error.as_db_error() else {
        return from_client(error);
    };
    let state = server.code();
    let text = || format!("{} ({})", server.message(), state.code());
    let kept = |error| Meaning {
        error,
        connection_lost: false,
    };
    if *state == SqlState::UNIQUE_VIOLATION {
        return kept(StoreError::Duplicate(duplicate_key(server)));
    }
    if is_conflict(state) {
        return kept(StoreError::Conflict);
    }
    match state.code().get(..2) {
        // Insufficient resources (the disk is full, among others), system errors.
        Some("53" | "58") => kept(StoreError::Unavailable(text())),
        // Connection errors.
        Some("08") => Meaning {
            error: StoreError::Unavailable(text()),
            connection_lost: true,
        },
        // Operator intervention: a cancelled statement leaves the connection, a shutdown does not.
        Some("57") => Meaning {
            error: StoreError::Unavailable(text()),
            connection_lost: *state != SqlState::QUERY_CANCELED,
        },
        _ => kept(StoreError::Statement(text())),
    }
}

fn from_client(error: &Error) -> Meaning {
    // A parameter that cannot be carried is our mistake; anything else here is the connection.
    let cause = std::error::Error::source(error).map(ToString::to_string);
    let text = cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
    let is_ours = std::error::Error::source(error)
        .is_some_and(<dyn std::error::Error>::is::<super::values::NotCarried>);
    if is_ours {
        Meaning {
            error: StoreError::Statement(text),
            connection_lost: false,
        }
    } else {
        Meaning {
            error: StoreError::Unavailable(text),
            connection_lost: true,
        }
    }
}

fn is_conflict(state: &SqlState) -> bool {
    *state == SqlState::T_R_SERIALIZATION_FAILURE
        || *state == SqlState::T_R_DEADLOCK_DETECTED
        || *state == SqlState::LOCK_NOT_AVAILABLE
}

fn duplicate_key(server: &DbError) -> String {
    let columns = server.detail().and_then(columns_of_detail);
    match (server.table(), columns) {
        (Some(table), Some(columns)) => format!("{table}.{columns}"),
        _ => server.constraint().unwrap_or("a unique constraint").to_owned(),
    }
}

/// `Key (a, b)=(1, 2) already exists.` → `a,b`. The words are translated, the brackets are not. An index on an
/// expression has no columns to name.
fn columns_of_detail(detail: &str) -> Option<String> {
    let (_, rest) = detail.split_once('(')?;
    let (columns, _) = rest.split_once(")=(")?;
    let plain = !columns.contains(['(', ')', '\'', ':']);
    plain.then(|| columns.replace(", ", ",").replace('"', ""))
}

#[cfg(test)]
mod tests {
    use super::columns_of_detail;

    #[test]
    fn columns_come_without_values() {
        let of = |detail| columns_of_detail(detail).unwrap_or_default();
        assert_eq!(of("Key (a)=(x) already exists."), "a");
        assert_eq!(of("Key (a, \"order\")=(x, (y)=(z)) already exists."), "a,order");
        assert_eq!(of("Key (lower(a))=(x) already exists."), "");
        assert_eq!(of("something else"), "");
    }
}
