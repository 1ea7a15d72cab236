//! The clocks of worlds, as their gateways told them.

use crate::{StoreError, Tx};

const PUT: &str = "INSERT INTO world_clock (world, version, body) VALUES ($1, $2, $3) \
    ON CONFLICT (world) DO UPDATE SET version = excluded.version, body = excluded.body \
    WHERE world_clock.version < excluded.version";
const LIST: &str = "SELECT world, body FROM world_clock ORDER BY world";

/// Every statement of this file.
pub const STATEMENTS: &[&str] = &[PUT, LIST];

/// Keeps the clock of a world, unless a newer one is known.
pub fn put(tx: &mut dyn Tx, world: &str, version: i64, body: &str) -> Result<(), StoreError> {
    tx.execute(PUT, &[world.into(), version.into(), body.into()])
        .map(|_| ())
}

/// Every known clock: the world and the clock's JSON.
pub fn list(tx: &mut dyn Tx) -> Result<Vec<(String, String)>, StoreError> {
    let rows = tx.query(LIST, &[])?;
    rows.iter().map(|row| Ok((row.text(0)?, row.text(1)?))).collect()
}
