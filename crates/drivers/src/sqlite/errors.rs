//! SQLite's errors in our words.

use rusqlite::{Error, ErrorCode, ffi};
use torana_storage::StoreError;

/// What a failed statement means. [`StoreError::Unavailable`] also means that the connection is given up.
pub(super) fn classify(error: &Error) -> StoreError {
    let Error::SqliteFailure(failure, message) = error else {
        return StoreError::Statement(error.to_string());
    };
    let message = message.clone().unwrap_or_else(|| failure.to_string());
    match failure.code {
        ErrorCode::ConstraintViolation if is_unique(failure.extended_code) => {
            StoreError::Duplicate(duplicate_key(&message))
        }
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::OutOfMemory
        | ErrorCode::CannotOpen
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::PermissionDenied => StoreError::Unavailable(message),
        ErrorCode::ReadOnly if failure.extended_code != ffi::SQLITE_READONLY => {
            StoreError::Unavailable(message)
        }
        _ => StoreError::Statement(message),
    }
}

/// Whether another connection is in the way and waiting may help.
pub(super) fn is_busy(error: &Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

const fn is_unique(extended_code: i32) -> bool {
    matches!(
        extended_code,
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID
    )
}

/// `UNIQUE constraint failed: t.a, t.b` → `t.a,b`; `… failed: index 'name'` (an index on an expression) → `name`.
fn duplicate_key(message: &str) -> String {
    let key = message.split_once(": ").map_or(message, |(_, key)| key);
    if let Some(index) = key.strip_prefix("index '") {
        return index.trim_end_matches('\'').to_owned();
    }
    let mut columns = key.split(", ");
    let mut out = columns.next().unwrap_or_default().to_owned();
    for column in columns {
        out.push(',');
        out.push_str(column.split_once('.').map_or(column, |(_, name)| name));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_name_table_and_columns() {
        assert_eq!(duplicate_key("UNIQUE constraint failed: t.a"), "t.a");
        assert_eq!(duplicate_key("UNIQUE constraint failed: t.a, t.b"), "t.a,b");
        assert_eq!(
            duplicate_key("UNIQUE constraint failed: index 't_lower'"),
            "t_lower"
        );
    }
}
