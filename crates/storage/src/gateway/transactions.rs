//! Transactions and their event log.

use torana_domain::ids::{AuthId, TransactionId};
use torana_domain::intent::Intent;
use torana_domain::time::Timestamp;
use torana_domain::transaction::Status;

use super::statements;
use crate::{Row, Store, StoreError, Tx};

/// One transaction as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxnRow {
    /// Internal key.
    pub id: i64,
    /// Owner.
    pub gateway_id: i64,
    /// Public id.
    pub public_id: TransactionId,
    /// What for.
    pub intent: Intent,
    /// Real status.
    pub status: Status,
    /// The connected user of the creating token; `None` for a guest.
    pub principal: Option<AuthId>,
    /// Who logged in, once verified.
    pub investor_id: Option<i64>,
    /// Whether that login made the investor.
    pub signup: bool,
    /// The partner's note.
    pub notes: Option<String>,
    /// Number of the failure.
    pub error_code: Option<u16>,
    /// Final data of intents that have some, JSON.
    pub result: Option<String>,
    /// World time.
    pub created_at: Timestamp,
    /// World time.
    pub updated_at: Timestamp,
    /// World time.
    pub expire_at: Timestamp,
    /// Wall time of the move to `PROCESSING`, from which the SDK's waits count.
    pub processing_since: Option<Timestamp>,
    /// Wall time of the move to a terminal status.
    pub ended_since: Option<Timestamp>,
    /// Number of the newest event.
    pub event_seq: i64,
    /// Number of the newest webhook event.
    pub webhook_seq: i64,
}

/// A new transaction before it has a key.
#[derive(Clone, Debug)]
pub struct NewTxn {
    /// Owner.
    pub gateway_id: i64,
    /// Public id.
    pub public_id: TransactionId,
    /// What for, as JSON of [`Intent`].
    pub intent_json: String,
    /// The connected user of the creating token.
    pub principal: Option<AuthId>,
    /// The partner's note.
    pub notes: Option<String>,
    /// World time.
    pub created_at: Timestamp,
    /// World time.
    pub expire_at: Timestamp,
}

/// One entry of a transaction's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// 1, 2, …
    pub seq: i64,
    /// What happened.
    pub kind: String,
    /// World time.
    pub at: Timestamp,
    /// Facts, JSON.
    pub data: String,
}

statements! {
    INSERT = "INSERT INTO txn (gateway_id, public_id, intent, status, principal, signup, notes, created_at,
        updated_at, expire_at, event_seq, webhook_seq) VALUES ($1, $2, $3, 'INITIALIZED', $4, 0, $5, $6, $6, $7, 1, 0)
        RETURNING id";
    FIND = "SELECT id, gateway_id, public_id, intent, status, principal, investor_id, signup, notes, error_code,
        result, created_at, updated_at, expire_at, processing_since, ended_since, event_seq, webhook_seq
        FROM txn WHERE public_id = $1 AND gateway_id = $2";
    LOAD = "SELECT id, gateway_id, public_id, intent, status, principal, investor_id, signup, notes, error_code,
        result, created_at, updated_at, expire_at, processing_since, ended_since, event_seq, webhook_seq
        FROM txn WHERE id = $1";
    OF_INVESTOR = "SELECT id, gateway_id, public_id, intent, status, principal, investor_id, signup, notes,
        error_code, result, created_at, updated_at, expire_at, processing_since, ended_since, event_seq, webhook_seq
        FROM txn WHERE investor_id = $1 AND id IN (SELECT txn_id FROM batch WHERE investor_id = $1)
        AND (status = 'COMPLETED' OR (status = 'PROCESSING' AND $4 = 1))
        ORDER BY id DESC LIMIT $2 OFFSET $3";
    UPDATE = "UPDATE txn SET status = $2, investor_id = $3, signup = $4, error_code = $5, result = $6,
        updated_at = $7, processing_since = $8, ended_since = $9, event_seq = $10, webhook_seq = $11
        WHERE id = $1 AND event_seq = $12";
    INSERT_EVENT = "INSERT INTO event (txn_id, seq, type, at, data) VALUES ($1, $2, $3, $4, $5)";
    EVENTS = "SELECT seq, type, at, data FROM event WHERE txn_id = $1 ORDER BY seq";
    TURN_BACK = "UPDATE txn SET updated_at = $2 WHERE gateway_id = $1 AND updated_at > $2";
    CONSENT_REFUSED = "SELECT 1 FROM txn WHERE investor_id = $1 AND error_code = 1003 LIMIT 1";
    UNFINISHED = "SELECT COUNT(*) FROM txn WHERE gateway_id = $1 AND status = 'PROCESSING'";
}

fn read(row: &Row) -> Result<TxnRow, StoreError> {
    Ok(TxnRow {
        id: row.int(0)?,
        gateway_id: row.int(1)?,
        public_id: row.parsed(2, TransactionId::parse)?,
        intent: row.json(3)?,
        status: row.parsed(4, |text| Status::parse(text).ok_or(()))?,
        principal: row
            .opt_text(5)?
            .map(|text| AuthId::parse(&text))
            .transpose()
            .map_err(|_| StoreError::Inconsistent {
                column: 5,
                expected: "a user id",
            })?,
        investor_id: row.opt_int(6)?,
        signup: row.bool(7)?,
        notes: row.opt_text(8)?,
        error_code: row.opt_int(9)?.and_then(|code| u16::try_from(code).ok()),
        result: row.opt_text(10)?,
        created_at: row.time(11)?,
        updated_at: row.time(12)?,
        expire_at: row.time(13)?,
        processing_since: row.opt_time(14)?,
        ended_since: row.opt_time(15)?,
        event_seq: row.int(16)?,
        webhook_seq: row.int(17)?,
    })
}

/// Inserts a transaction with its first event.
pub fn insert(tx: &mut dyn Tx, new: &NewTxn) -> Result<i64, StoreError> {
    let params = [
        new.gateway_id.into(),
        new.public_id.as_str().into(),
        new.intent_json.as_str().into(),
        new.principal.as_ref().map(AuthId::as_str).into(),
        new.notes.as_deref().into(),
        new.created_at.into(),
        new.expire_at.into(),
    ];
    let id = tx.query_one(INSERT, &params)?.int(0)?;
    insert_event(tx, id, 1, "transaction.created", new.created_at, "{}")?;
    Ok(id)
}

/// By public id within a gateway.
pub fn find(tx: &mut dyn Tx, gateway_id: i64, id: &TransactionId) -> Result<Option<TxnRow>, StoreError> {
    tx.query_opt(FIND, &[id.as_str().into(), gateway_id.into()])?
        .as_ref()
        .map(read)
        .transpose()
}

/// By public id within a gateway, outside a transaction: the row alone, as it stands.
///
/// # Errors
/// The storage's.
pub async fn fetch(store: &Store, gateway_id: i64, id: &TransactionId) -> Result<Option<TxnRow>, StoreError> {
    let row = store
        .fetch(FIND, vec![id.as_str().into(), gateway_id.into()])
        .await?;
    row.as_ref().map(read).transpose()
}

/// By internal key; must exist.
pub fn load(tx: &mut dyn Tx, id: i64) -> Result<TxnRow, StoreError> {
    read(&tx.query_one(LOAD, &[id.into()])?)
}

/// Order transactions of an investor, newest first.
pub fn list_with_orders(
    tx: &mut dyn Tx,
    investor_id: i64,
    count: i64,
    offset: i64,
    include_open: bool,
) -> Result<Vec<TxnRow>, StoreError> {
    tx.query(
        OF_INVESTOR,
        &[
            investor_id.into(),
            count.into(),
            offset.into(),
            include_open.into(),
        ],
    )?
    .iter()
    .map(read)
    .collect()
}

/// Stores what changed of a transaction that was read with `previous_seq` as its newest event;
/// [`StoreError::MissingRow`] if somebody else changed it meanwhile, which the closures of one engine cannot.
pub fn update(tx: &mut dyn Tx, row: &TxnRow, previous_seq: i64) -> Result<(), StoreError> {
    let params = [
        row.id.into(),
        row.status.as_str().into(),
        row.investor_id.into(),
        row.signup.into(),
        row.error_code.map(i64::from).into(),
        row.result.as_deref().into(),
        row.updated_at.into(),
        row.processing_since.into(),
        row.ended_since.into(),
        row.event_seq.into(),
        row.webhook_seq.into(),
        previous_seq.into(),
    ];
    tx.execute_one(UPDATE, &params)
}

/// Appends to the log.
pub fn insert_event(
    tx: &mut dyn Tx,
    txn_id: i64,
    seq: i64,
    kind: &str,
    at: Timestamp,
    data: &str,
) -> Result<(), StoreError> {
    tx.execute_one(
        INSERT_EVENT,
        &[txn_id.into(), seq.into(), kind.into(), at.into(), data.into()],
    )
}

/// The log of one transaction, oldest first.
pub fn events(tx: &mut dyn Tx, txn_id: i64) -> Result<Vec<EventRow>, StoreError> {
    tx.query(EVENTS, &[txn_id.into()])?
        .iter()
        .map(|row| {
            Ok(EventRow {
                seq: row.int(0)?,
                kind: row.text(1)?,
                at: row.time(2)?,
                data: row.text(3)?,
            })
        })
        .collect()
}

/// A world's clock was set back: nothing of its gateway's transactions lies ahead of `to` any more, so that what
/// happens next is later than what happened before.
pub fn turn_back(tx: &mut dyn Tx, gateway_id: i64, to: Timestamp) -> Result<(), StoreError> {
    tx.execute(TURN_BACK, &[gateway_id.into(), to.into()]).map(|_| ())
}

/// Whether an investor ever refused the holdings consent.
pub fn was_consent_refused(tx: &mut dyn Tx, investor_id: i64) -> Result<bool, StoreError> {
    Ok(tx.query_opt(CONSENT_REFUSED, &[investor_id.into()])?.is_some())
}

/// How many transactions of a gateway are being worked on.
pub fn count_processing(tx: &mut dyn Tx, gateway_id: i64) -> Result<i64, StoreError> {
    tx.query_one(UNFINISHED, &[gateway_id.into()])?.int(0)
}
