//! Look-ups by key that arrive together are asked for together: one statement for all of them, so that a round
//! trip and a turn of the server's executor are shared.

use postgres::types::ToSql;
use tokio::sync::oneshot;
use torana_storage::{Row, StoreError, Value};

use crate::placeholders;

/// Look-ups of one statement at most.
pub(super) const FETCHES_MAX: usize = 64;

/// A look-up on its way to a thread.
pub(super) struct Fetch {
    pub sql: &'static str,
    pub keys: Vec<Value>,
    pub answer: oneshot::Sender<Result<Vec<Row>, StoreError>>,
}

impl Fetch {
    /// Look-ups with the same shape can share a statement.
    fn shape(&self) -> (usize, usize, Vec<Kind>) {
        let kinds = self.keys.iter().map(Kind::of).collect();
        (self.sql.as_ptr().addr(), self.sql.len(), kinds)
    }

    /// Answers the caller; one who has gone away is no error.
    pub fn answer(self, rows: Result<Vec<Row>, StoreError>) {
        let _ = self.answer.send(rows);
    }
}

/// The kinds of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Int,
    Text,
    Blob,
}

impl Kind {
    const fn of(value: &Value) -> Self {
        match value {
            Value::Int(_) => Self::Int,
            // A null key does not get here.
            Value::Text(_) | Value::Null => Self::Text,
            Value::Blob(_) => Self::Blob,
        }
    }

    const fn array(self) -> &'static str {
        match self {
            Self::Int => "BIGINT[]",
            Self::Text => "TEXT[]",
            Self::Blob => "BYTEA[]",
        }
    }
}

/// Sorts look-ups into groups that can share a statement, the order of arrival kept within each.
pub(super) fn groups(fetches: Vec<Fetch>) -> Vec<Vec<Fetch>> {
    let mut groups = std::collections::BTreeMap::<_, Vec<Fetch>>::new();
    for fetch in fetches {
        groups.entry(fetch.shape()).or_default().push(fetch);
    }
    groups.into_values().collect()
}

/// The statement for many sets of keys: its first column says which set a row belongs to, counted from 1.
pub(super) fn statement(first: &Fetch) -> Result<String, StoreError> {
    let arrays: Vec<String> = (1..)
        .zip(&first.keys)
        .map(|(number, key)| format!("${number}::{}", Kind::of(key).array()))
        .collect();
    let names: Vec<String> = (1..=first.keys.len())
        .map(|number| format!("k{number}"))
        .collect();
    let mut wanted = 0;
    let one = placeholders::replace(first.sql, |out, number| {
        wanted = wanted.max(number.parse().unwrap_or(usize::MAX));
        out.push_str("asked.k");
        out.push_str(number);
    });
    if wanted != first.keys.len() {
        let given = first.keys.len();
        return Err(StoreError::Statement(format!(
            "{wanted} parameters wanted, {given} given"
        )));
    }
    Ok(format!(
        "SELECT asked.place, found.* FROM unnest({}) WITH ORDINALITY AS asked ({}, place) \
         CROSS JOIN LATERAL ({one}) AS found",
        arrays.join(", "),
        names.join(", "),
    ))
}

/// The keys of a group by position, each an array over its look-ups.
pub(super) fn parameters(group: &[Fetch]) -> Vec<Box<dyn ToSql + Sync + '_>> {
    let count = group.first().map_or(0, |fetch| fetch.keys.len());
    (0..count)
        .map(|position| {
            let keys = || group.iter().filter_map(move |fetch| fetch.keys.get(position));
            match keys().next().map_or(Kind::Text, Kind::of) {
                Kind::Int => {
                    Box::new(keys().map(as_int).collect::<Vec<Option<i64>>>()) as Box<dyn ToSql + Sync>
                }
                Kind::Text => Box::new(keys().map(as_text).collect::<Vec<Option<&str>>>()),
                Kind::Blob => Box::new(keys().map(as_blob).collect::<Vec<Option<&[u8]>>>()),
            }
        })
        .collect()
}

const fn as_int(value: &Value) -> Option<i64> {
    match value {
        Value::Int(value) => Some(*value),
        _ => None,
    }
}

fn as_text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(value) => Some(value),
        _ => None,
    }
}

fn as_blob(value: &Value) -> Option<&[u8]> {
    match value {
        Value::Blob(value) => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetch(sql: &'static str, keys: Vec<Value>) -> Fetch {
        let (answer, _) = oneshot::channel();
        Fetch { sql, keys, answer }
    }

    #[test]
    fn one_statement_takes_many_keys() {
        let asked = fetch(
            "SELECT a, b FROM t WHERE a = $2 AND b = $1",
            vec![7.into(), "x".into()],
        );
        assert_eq!(
            statement(&asked).unwrap(),
            "SELECT asked.place, found.* FROM unnest($1::BIGINT[], $2::TEXT[]) WITH ORDINALITY AS asked (k1, k2, place) \
             CROSS JOIN LATERAL (SELECT a, b FROM t WHERE a = asked.k2 AND b = asked.k1) AS found"
        );
        assert_eq!(parameters(&[asked]).len(), 2);
    }

    #[test]
    fn only_look_ups_of_one_shape_go_together() {
        const A: &str = "SELECT id FROM t WHERE a = $1";
        const B: &str = "SELECT id FROM t WHERE bb = $1";
        let fetches = vec![
            fetch(A, vec![1.into()]),
            fetch(B, vec![1.into()]),
            fetch(A, vec![2.into()]),
            fetch(A, vec!["x".into()]),
        ];
        let mut sizes: Vec<usize> = groups(fetches).iter().map(Vec::len).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 1, 2]);
    }
}
