//! `$1` parameters for SQLite, which counts only `?1`: to it `$1` is a name.

use std::collections::BTreeMap;

/// Statements after rewriting, found by the address of their constant. Constants live as long as the process,
/// so the map is bounded by the number of statements in the code.
#[derive(Default)]
pub(super) struct Rewritten(BTreeMap<(usize, usize), String>);

impl Rewritten {
    pub fn get(&mut self, sql: &'static str) -> &str {
        self.0
            .entry((sql.as_ptr().addr(), sql.len()))
            .or_insert_with(|| rewrite(sql))
    }
}

/// Replaces `$n` by `?n` outside quotes; the statements carry no comments.
fn rewrite(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut quote = None;
    let mut characters = sql.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, '$') if characters.peek().is_some_and(char::is_ascii_digit) => {
                out.push('?');
                continue;
            }
            _ => {}
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_and_quotes_left_alone() {
        assert_eq!(rewrite("a = $2 AND b = $10"), "a = ?2 AND b = ?10");
        assert_eq!(
            rewrite("a = '$1''$2' AND \"$3\" = $4"),
            "a = '$1''$2' AND \"$3\" = ?4"
        );
        assert_eq!(rewrite("json -> '$.a' || $"), "json -> '$.a' || $");
    }

    #[test]
    fn the_same_constant_is_rewritten_once() {
        const SQL: &str = "SELECT $1";
        let mut rewritten = Rewritten::default();
        let first = rewritten.get(SQL).as_ptr();
        assert_eq!(rewritten.get(SQL).as_ptr(), first);
        assert_eq!(rewritten.get(SQL), "SELECT ?1");
    }
}
