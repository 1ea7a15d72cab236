//! Flows (a transaction's run in one browser) and their one-time handles.

use torana_domain::ids::FlowId;
use torana_domain::time::Timestamp;

use super::statements;
use crate::{Row, StoreError, Tx};

/// A flow as stored. `options` and `state` are JSON of the engine's own types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowRow {
    /// Internal key.
    pub id: i64,
    /// Public name; no secret.
    pub public_id: FlowId,
    /// Its transaction.
    pub txn_id: i64,
    /// Owner.
    pub gateway_id: i64,
    /// The SDK session that started it; `None` for the sandbox control API.
    pub sdk_session_id: Option<i64>,
    /// Hash of the flow cookie; `None` until a browser took the handle.
    pub cookie_hash: Option<String>,
    /// Until when that cookie counts (wall time).
    pub cookie_expires_at: Option<Timestamp>,
    /// Authenticates messages to the partner page.
    pub nonce: String,
    /// What the SDK asked for.
    pub options: String,
    /// Where the user is.
    pub state: String,
    /// Rises with each change of `state`.
    pub version: i64,
    /// Last sign of a page (wall time).
    pub seen_at: Option<Timestamp>,
    /// When the last page said goodbye (wall time).
    pub gone_at: Option<Timestamp>,
    /// When the SDK reported that the window is closed (wall time); a page that shows up takes it back.
    pub closed_at: Option<Timestamp>,
    /// Wall time.
    pub created_at: Timestamp,
}

/// A flow before it has a key.
#[derive(Clone, Debug)]
pub struct NewFlow {
    /// Public name.
    pub public_id: FlowId,
    /// Its transaction.
    pub txn_id: i64,
    /// Owner.
    pub gateway_id: i64,
    /// The SDK session that started it.
    pub sdk_session_id: Option<i64>,
    /// Authenticates messages to the partner page.
    pub nonce: String,
    /// JSON.
    pub options: String,
    /// JSON.
    pub state: String,
    /// Wall time.
    pub created_at: Timestamp,
}

statements! {
    INSERT = "INSERT INTO flow (public_id, txn_id, gateway_id, sdk_session_id, nonce, options, state, version,
        created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8) RETURNING id";
    BY_PUBLIC_ID = "SELECT id, public_id, txn_id, gateway_id, sdk_session_id, cookie_hash, nonce, options, state,
        version, seen_at, gone_at, closed_at, created_at, cookie_expires_at FROM flow WHERE public_id = $1";
    BY_TXN = "SELECT id, public_id, txn_id, gateway_id, sdk_session_id, cookie_hash, nonce, options, state,
        version, seen_at, gone_at, closed_at, created_at, cookie_expires_at FROM flow WHERE txn_id = $1";
    LOAD = "SELECT id, public_id, txn_id, gateway_id, sdk_session_id, cookie_hash, nonce, options, state,
        version, seen_at, gone_at, closed_at, created_at, cookie_expires_at FROM flow WHERE id = $1";
    SAVE = "UPDATE flow SET state = $3, version = version + 1 WHERE id = $1 AND version = $2";
    SET_OPTIONS = "UPDATE flow SET options = $2 WHERE id = $1";
    SET_COOKIE = "UPDATE flow SET cookie_hash = $2, cookie_expires_at = $4, seen_at = $3, gone_at = NULL,
        closed_at = NULL WHERE id = $1";
    SEEN = "UPDATE flow SET seen_at = $2, gone_at = NULL, closed_at = NULL WHERE id = $1";
    GONE = "UPDATE flow SET gone_at = $2 WHERE id = $1";
    CLOSED = "UPDATE flow SET closed_at = $2 WHERE id = $1 AND closed_at IS NULL";
    INSERT_HANDLE = "INSERT INTO flow_handle (hash, flow_id, expires_at) VALUES ($1, $2, $3)";
    TAKE_HANDLE = "UPDATE flow_handle SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2
        RETURNING flow_id";
    DROP_HANDLES = "DELETE FROM flow_handle WHERE hash IN
        (SELECT hash FROM flow_handle WHERE expires_at <= $1 LIMIT $2)";
}

fn read(row: &Row) -> Result<FlowRow, StoreError> {
    Ok(FlowRow {
        id: row.int(0)?,
        public_id: row.parsed(1, FlowId::parse)?,
        txn_id: row.int(2)?,
        gateway_id: row.int(3)?,
        sdk_session_id: row.opt_int(4)?,
        cookie_hash: row.opt_text(5)?,
        nonce: row.text(6)?,
        options: row.text(7)?,
        state: row.text(8)?,
        version: row.int(9)?,
        seen_at: row.opt_time(10)?,
        gone_at: row.opt_time(11)?,
        closed_at: row.opt_time(12)?,
        created_at: row.time(13)?,
        cookie_expires_at: row.opt_time(14)?,
    })
}

/// Stores a new flow; [`StoreError::Duplicate`] if the transaction has one.
pub fn insert(tx: &mut dyn Tx, new: &NewFlow) -> Result<i64, StoreError> {
    let params = [
        new.public_id.as_str().into(),
        new.txn_id.into(),
        new.gateway_id.into(),
        new.sdk_session_id.into(),
        new.nonce.as_str().into(),
        new.options.as_str().into(),
        new.state.as_str().into(),
        new.created_at.into(),
    ];
    tx.query_one(INSERT, &params)?.int(0)
}

/// By public name.
pub fn find(tx: &mut dyn Tx, public_id: &FlowId) -> Result<Option<FlowRow>, StoreError> {
    tx.query_opt(BY_PUBLIC_ID, &[public_id.as_str().into()])?
        .as_ref()
        .map(read)
        .transpose()
}

/// By transaction.
pub fn find_by_txn(tx: &mut dyn Tx, txn_id: i64) -> Result<Option<FlowRow>, StoreError> {
    tx.query_opt(BY_TXN, &[txn_id.into()])?
        .as_ref()
        .map(read)
        .transpose()
}

/// By internal key; must exist.
pub fn load(tx: &mut dyn Tx, id: i64) -> Result<FlowRow, StoreError> {
    read(&tx.query_one(LOAD, &[id.into()])?)
}

/// Stores a new state if nobody changed it since `version` was read.
pub fn save_state(tx: &mut dyn Tx, id: i64, version: i64, state: &str) -> Result<bool, StoreError> {
    Ok(tx.execute(SAVE, &[id.into(), version.into(), state.into()])? == 1)
}

/// Stores what the SDK asked for at a re-attachment.
pub fn set_options(tx: &mut dyn Tx, id: i64, options: &str) -> Result<(), StoreError> {
    tx.execute_one(SET_OPTIONS, &[id.into(), options.into()])
}

/// Binds the flow to a browser; the cookie of an earlier one no longer counts.
pub fn set_cookie(
    tx: &mut dyn Tx,
    id: i64,
    cookie_hash: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute_one(
        SET_COOKIE,
        &[id.into(), cookie_hash.into(), now.into(), expires_at.into()],
    )
}

/// A page gave a sign of life; takes back goodbyes and closes.
pub fn mark_seen(tx: &mut dyn Tx, id: i64, now: Timestamp) -> Result<(), StoreError> {
    tx.execute_one(SEEN, &[id.into(), now.into()])
}

/// A page said goodbye.
pub fn mark_gone(tx: &mut dyn Tx, id: i64, now: Timestamp) -> Result<(), StoreError> {
    tx.execute_one(GONE, &[id.into(), now.into()])
}

/// The SDK reported a closed window; the first report counts.
pub fn mark_closed(tx: &mut dyn Tx, id: i64, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(CLOSED, &[id.into(), now.into()]).map(|_| ())
}

/// Stores the hash of a one-time handle.
pub fn insert_handle(
    tx: &mut dyn Tx,
    hash: &str,
    flow_id: i64,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute_one(INSERT_HANDLE, &[hash.into(), flow_id.into(), expires_at.into()])
}

/// Uses a handle up; gives its flow once, then nothing.
pub fn take_handle(tx: &mut dyn Tx, hash: &str, now: Timestamp) -> Result<Option<i64>, StoreError> {
    tx.query_opt(TAKE_HANDLE, &[hash.into(), now.into()])?
        .map(|row| row.int(0))
        .transpose()
}

/// Forgets handles that ended, at most `limit` of them; gives their number.
pub fn drop_handles(tx: &mut dyn Tx, now: Timestamp, limit: i64) -> Result<u64, StoreError> {
    tx.execute(DROP_HANDLES, &[now.into(), limit.into()])
}
