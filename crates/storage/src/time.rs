//! The database's own clock: what leases are measured by, because all processes share it.

use torana_domain::time::Timestamp;

use crate::{Dialect, StoreError, Tx};

const NOW_SQLITE: &str = "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)";
const NOW_POSTGRES: &str = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";

/// The database's present; on SQLite that is this machine's.
pub fn database_now(tx: &mut dyn Tx) -> Result<Timestamp, StoreError> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => NOW_SQLITE,
        Dialect::Postgres => NOW_POSTGRES,
    };
    tx.query_one(sql, &[])?.time(0)
}
