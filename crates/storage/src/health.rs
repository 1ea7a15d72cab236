//! Questions about a database itself, for readiness and for the doctor.

use torana_domain::time::Timestamp;

use crate::time::database_now;
use crate::{Dialect, Store, StoreError};

const CHECK_SQLITE: &str = "PRAGMA quick_check(1)";
const PROBE_WRITE: &str = "UPDATE schema_migration SET applied_at = applied_at WHERE id = 1";
const PROBE: &str = "SELECT 1 FROM schema_migration LIMIT 1";

/// Whether the database answers and is migrated at all.
///
/// # Errors
/// The database's.
pub async fn probe(store: &Store) -> Result<(), StoreError> {
    store.read(|tx| tx.query_one(PROBE, &[]).map(|_| ())).await
}

/// Whether the database takes a write: one that changes nothing, but goes the way of every write.
///
/// # Errors
/// The database's.
pub async fn probe_write(store: &Store) -> Result<(), StoreError> {
    store
        .write("health.probe", |tx| tx.execute(PROBE_WRITE, &[]).map(|_| ()))
        .await
}

/// The database's own clock; on SQLite that is this machine's.
///
/// # Errors
/// The database's.
pub async fn database_time(store: &Store) -> Result<Timestamp, StoreError> {
    store.read(|tx| database_now(tx)).await
}

/// What SQLite's quick check finds first; nothing on a healthy file, and nothing on PostgreSQL, which checks
/// its pages itself.
///
/// # Errors
/// The database's.
pub async fn damage(store: &Store) -> Result<Option<String>, StoreError> {
    if store.dialect() == Dialect::Postgres {
        return Ok(None);
    }
    let found = store.read(|tx| tx.query_one(CHECK_SQLITE, &[])?.text(0)).await?;
    Ok((found != "ok").then_some(found))
}
