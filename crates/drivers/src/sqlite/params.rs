//! `$1` parameters for SQLite, which counts only `?1`: to it `$1` is a name.

use std::collections::BTreeMap;

use crate::placeholders;

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

fn rewrite(sql: &str) -> String {
    placeholders::replace(sql, |out, number| {
        out.push('?');
        out.push_str(number);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_constant_is_rewritten_once() {
        const SQL: &str = "SELECT $1";
        let mut rewritten = Rewritten::default();
        let first = rewritten.get(SQL).as_ptr();
        assert_eq!(rewritten.get(SQL).as_ptr(), first);
        assert_eq!(rewritten.get(SQL), "SELECT ?1");
    }
}
