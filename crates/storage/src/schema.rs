//! The databases as lists: what makes each, and every statement that runs on it.

use crate::migrate::Migration;
use crate::{Store, StoreError, exchange, gateway};

/// One database, or one schema of a PostgreSQL database.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Its name, also in `migrations/`.
    pub name: &'static str,
    /// Its history.
    pub migrations: &'static [Migration],
    /// Every statement that runs on it.
    pub statements: fn() -> Vec<&'static str>,
}

/// All of them. A schema that is not listed here is not tested.
pub const SCHEMAS: &[Schema] = &[
    Schema {
        name: "gateway",
        migrations: gateway::MIGRATIONS,
        statements: gateway::all_statements,
    },
    Schema {
        name: "exchange",
        migrations: exchange::MIGRATIONS,
        statements: exchange::statements,
    },
];

/// Compiles statements on a migrated database and gives those that the engine refuses, with its reason. This
/// stands in for compile-time checks: a test runs it for every schema on both engines.
pub async fn refused_statements(
    store: &Store,
    statements: Vec<&'static str>,
) -> Vec<(&'static str, StoreError)> {
    let mut refused = Vec::new();
    for sql in statements {
        if let Err(error) = store.read(move |tx| tx.prepare(sql)).await {
            refused.push((sql, error));
        }
    }
    refused
}
