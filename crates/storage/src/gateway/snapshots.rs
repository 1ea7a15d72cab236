//! The last known holdings of an investor.

use torana_domain::time::Timestamp;

use super::statements;
use crate::{StoreError, Tx};

/// A snapshot as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRow {
    /// Holdings, JSON.
    pub data: String,
    /// Notes of the import that asked for it.
    pub notes: Option<String>,
    /// When the broker said so (world time).
    pub snapshot_at: Timestamp,
    /// When it was stored (world time).
    pub updated_at: Timestamp,
    /// Wall time at which the last background refresh began.
    pub refresh_started_at: Option<Timestamp>,
}

statements! {
    PUT = "INSERT INTO holdings_snapshot (investor_id, data, notes, snapshot_at, updated_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (investor_id) DO UPDATE SET data = excluded.data, notes = excluded.notes,
        snapshot_at = excluded.snapshot_at, updated_at = excluded.updated_at";
    FIND = "SELECT data, notes, snapshot_at, updated_at, refresh_started_at FROM holdings_snapshot
        WHERE investor_id = $1";
    REFRESH = "UPDATE holdings_snapshot SET refresh_started_at = $2 WHERE investor_id = $1";
}

/// Stores a snapshot in place of the last one; when the last refresh began stays known.
pub fn put(tx: &mut dyn Tx, investor_id: i64, row: &SnapshotRow) -> Result<(), StoreError> {
    let params = [
        investor_id.into(),
        row.data.as_str().into(),
        row.notes.as_deref().into(),
        row.snapshot_at.into(),
        row.updated_at.into(),
    ];
    tx.execute_one(PUT, &params)
}

/// The last snapshot.
pub fn find(tx: &mut dyn Tx, investor_id: i64) -> Result<Option<SnapshotRow>, StoreError> {
    let row = tx.query_opt(FIND, &[investor_id.into()])?;
    row.map(|row| {
        Ok(SnapshotRow {
            data: row.text(0)?,
            notes: row.opt_text(1)?,
            snapshot_at: row.time(2)?,
            updated_at: row.time(3)?,
            refresh_started_at: row.opt_time(4)?,
        })
    })
    .transpose()
}

/// Remembers that a background refresh begins (wall time).
pub fn set_refresh(tx: &mut dyn Tx, investor_id: i64, started_at: Timestamp) -> Result<(), StoreError> {
    tx.execute_one(REFRESH, &[investor_id.into(), started_at.into()])
}
