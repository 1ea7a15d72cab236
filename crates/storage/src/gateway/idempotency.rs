//! Stored answers of requests with an `Idempotency-Key`, written in the transaction of their effect.

use torana_domain::time::Timestamp;

use super::statements;
use crate::{StoreError, Tx};

/// A stored answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Of the request that was answered.
    pub fingerprint: String,
    /// HTTP status.
    pub status: u16,
    /// Body, encrypted by its owner: answers carry user tokens.
    pub sealed_body: String,
}

statements! {
    FIND = "SELECT fingerprint, status, body FROM idempotency
        WHERE gateway_id = $1 AND idem_key = $2 AND created_at > $3";
    INSERT = "INSERT INTO idempotency (gateway_id, idem_key, fingerprint, status, body, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (gateway_id, idem_key) DO UPDATE SET fingerprint = excluded.fingerprint,
        status = excluded.status, body = excluded.body, created_at = excluded.created_at
        WHERE idempotency.created_at <= $7";
    PURGE = "DELETE FROM idempotency WHERE (gateway_id, idem_key) IN
        (SELECT gateway_id, idem_key FROM idempotency WHERE created_at <= $1 LIMIT $2)";
    LIST = "SELECT idem_key, body FROM idempotency WHERE gateway_id = $1 AND idem_key > $2
        ORDER BY idem_key LIMIT $3";
    RESEAL = "UPDATE idempotency SET body = $4 WHERE gateway_id = $1 AND idem_key = $2 AND body = $3";
}

/// The answer stored for a key after `not_before` (wall time).
pub fn find(
    tx: &mut dyn Tx,
    gateway_id: i64,
    key: &str,
    not_before: Timestamp,
) -> Result<Option<StoredAnswer>, StoreError> {
    let row = tx.query_opt(FIND, &[gateway_id.into(), key.into(), not_before.into()])?;
    row.map(|row| {
        Ok(StoredAnswer {
            fingerprint: row.text(0)?,
            status: u16::try_from(row.int(1)?).unwrap_or(200),
            sealed_body: row.text(2)?,
        })
    })
    .transpose()
}

/// Stores an answer; [`StoreError::Duplicate`] if the key has a living one.
pub fn insert(
    tx: &mut dyn Tx,
    gateway_id: i64,
    key: &str,
    answer: &StoredAnswer,
    now: Timestamp,
    not_before: Timestamp,
) -> Result<(), StoreError> {
    let params = [
        gateway_id.into(),
        key.into(),
        answer.fingerprint.as_str().into(),
        i64::from(answer.status).into(),
        answer.sealed_body.as_str().into(),
        now.into(),
        not_before.into(),
    ];
    match tx.execute(INSERT, &params)? {
        1 => Ok(()),
        _ => Err(StoreError::Duplicate("idempotency.idem_key".to_owned())),
    }
}

/// Forgets answers stored at or before `not_before`, at most `limit` of them; gives their number.
pub fn purge(tx: &mut dyn Tx, not_before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    tx.execute(PURGE, &[not_before.into(), limit.into()])
}

/// Keys and sealed bodies of a gateway for a change of keys, in the order of their keys after `after`; at most
/// `limit` of them.
pub fn list_sealed(
    tx: &mut dyn Tx,
    gateway_id: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<(String, String)>, StoreError> {
    tx.query(LIST, &[gateway_id.into(), after.into(), limit.into()])?
        .iter()
        .map(|row| Ok((row.text(0)?, row.text(1)?)))
        .collect()
}

/// Replaces a sealed body, if it is still `old`: meanwhile the key may stand for another answer.
pub fn reseal(
    tx: &mut dyn Tx,
    gateway_id: i64,
    key: &str,
    old: &str,
    sealed: &str,
) -> Result<(), StoreError> {
    let params = [gateway_id.into(), key.into(), old.into(), sealed.into()];
    tx.execute(RESEAL, &params).map(|_| ())
}
