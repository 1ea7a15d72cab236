//! SDK sessions and broker sessions.

use torana_domain::broker_key::BrokerKey;
use torana_domain::ids::AuthId;
use torana_domain::time::Timestamp;

use super::statements;
use crate::{Row, StoreError, Tx};

/// An SDK session as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdkSessionRow {
    /// Internal key.
    pub id: i64,
    /// Owner.
    pub gateway_id: i64,
    /// Web origin that it is bound to; empty for mobile apps, which send none.
    pub origin: String,
    /// Connected user; `None` for a guest.
    pub auth_id: Option<AuthId>,
    /// End (wall time).
    pub expires_at: Timestamp,
}

/// A broker session as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerSessionRow {
    /// Internal key.
    pub id: i64,
    /// Owner.
    pub gateway_id: i64,
    /// Whose.
    pub investor_id: i64,
    /// Broker.
    pub broker: BrokerKey,
    /// Account id and token, encrypted.
    pub sealed: String,
    /// End (world time).
    pub expires_at: Timestamp,
    /// Whether it was ended before.
    pub ended_at: Option<Timestamp>,
}

statements! {
    INSERT_SDK = "INSERT INTO sdk_session (hash, gateway_id, origin, auth_id, expires_at)
        VALUES ($1, $2, $3, $4, $5) RETURNING id";
    FIND_SDK = "SELECT id, gateway_id, origin, auth_id, expires_at FROM sdk_session
        WHERE hash = $1 AND gateway_id = $2 AND expires_at > $3";
    RENEW_SDK = "UPDATE sdk_session SET auth_id = $2, expires_at = $3 WHERE id = $1";
    PURGE_SDK = "DELETE FROM sdk_session WHERE id IN (SELECT id FROM sdk_session WHERE expires_at <= $1
        AND id NOT IN (SELECT sdk_session_id FROM flow WHERE sdk_session_id IS NOT NULL) LIMIT $2)";
    INSERT_BROKER = "INSERT INTO broker_session (gateway_id, investor_id, broker, sealed, expires_at, cookie_hash,
        created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
    LOAD_BROKER = "SELECT id, gateway_id, investor_id, broker, sealed, expires_at, ended_at
        FROM broker_session WHERE id = $1";
    BY_COOKIE = "SELECT id, gateway_id, investor_id, broker, sealed, expires_at, ended_at FROM broker_session
        WHERE cookie_hash = $1 AND gateway_id = $2 AND ended_at IS NULL AND expires_at > $3";
    LIVE_OF_INVESTOR = "SELECT id, gateway_id, investor_id, broker, sealed, expires_at, ended_at FROM broker_session
        WHERE investor_id = $1 AND ended_at IS NULL AND expires_at > $2 ORDER BY id DESC";
    NEWEST_OF_INVESTOR = "SELECT id, gateway_id, investor_id, broker, sealed, expires_at, ended_at FROM broker_session
        WHERE investor_id = $1 AND broker = $2 ORDER BY id DESC LIMIT 1";
    END_BROKER = "UPDATE broker_session SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
    LIST_BROKERS = "SELECT id, gateway_id, investor_id, broker, sealed, expires_at, ended_at FROM broker_session
        WHERE gateway_id = $1 ORDER BY id";
    RESEAL_BROKER = "UPDATE broker_session SET sealed = $2 WHERE id = $1";
    RECENT_BROKERS = "SELECT broker FROM broker_session WHERE cookie_hash = $1 AND gateway_id = $2
        ORDER BY id DESC LIMIT 3";
}

fn read_sdk(row: &Row) -> Result<SdkSessionRow, StoreError> {
    Ok(SdkSessionRow {
        id: row.int(0)?,
        gateway_id: row.int(1)?,
        origin: row.text(2)?,
        auth_id: row
            .opt_text(3)?
            .map(|text| AuthId::parse(&text))
            .transpose()
            .map_err(|_| StoreError::Inconsistent {
                column: 3,
                expected: "a user id",
            })?,
        expires_at: row.time(4)?,
    })
}

fn read_broker(row: &Row) -> Result<BrokerSessionRow, StoreError> {
    Ok(BrokerSessionRow {
        id: row.int(0)?,
        gateway_id: row.int(1)?,
        investor_id: row.int(2)?,
        broker: row.parsed(3, |text| BrokerKey::parse(text).ok_or(()))?,
        sealed: row.text(4)?,
        expires_at: row.time(5)?,
        ended_at: row.opt_time(6)?,
    })
}

/// Stores a new SDK session.
pub fn insert_sdk(
    tx: &mut dyn Tx,
    hash: &str,
    gateway_id: i64,
    origin: &str,
    auth_id: Option<&AuthId>,
    expires_at: Timestamp,
) -> Result<i64, StoreError> {
    let auth_id = auth_id.map(AuthId::as_str);
    let params = [
        hash.into(),
        gateway_id.into(),
        origin.into(),
        auth_id.into(),
        expires_at.into(),
    ];
    tx.query_one(INSERT_SDK, &params)?.int(0)
}

/// A living SDK session by the hash of its bearer value.
pub fn find_sdk(
    tx: &mut dyn Tx,
    hash: &str,
    gateway_id: i64,
    now: Timestamp,
) -> Result<Option<SdkSessionRow>, StoreError> {
    tx.query_opt(FIND_SDK, &[hash.into(), gateway_id.into(), now.into()])?
        .as_ref()
        .map(read_sdk)
        .transpose()
}

/// Gives a living SDK session a new principal and end.
pub fn renew_sdk(
    tx: &mut dyn Tx,
    id: i64,
    auth_id: Option<&AuthId>,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute_one(
        RENEW_SDK,
        &[id.into(), auth_id.map(AuthId::as_str).into(), expires_at.into()],
    )
}

/// Forgets SDK sessions that ended and started no flow, at most `limit` of them; gives their number. Those that
/// did stay with their flow as its origin.
pub fn purge_sdk(tx: &mut dyn Tx, now: Timestamp, limit: i64) -> Result<u64, StoreError> {
    tx.execute(PURGE_SDK, &[now.into(), limit.into()])
}

/// A broker session before it has a key.
#[derive(Clone, Debug)]
pub struct NewBrokerSession {
    /// Owner.
    pub gateway_id: i64,
    /// Whose.
    pub investor_id: i64,
    /// Broker.
    pub broker: BrokerKey,
    /// Account id and token, encrypted.
    pub sealed: String,
    /// End (world time).
    pub expires_at: Timestamp,
    /// Hash of the browser's broker-session cookie.
    pub cookie_hash: Option<String>,
    /// World time.
    pub created_at: Timestamp,
}

/// Stores a new broker session.
pub fn insert_broker(tx: &mut dyn Tx, new: &NewBrokerSession) -> Result<i64, StoreError> {
    let params = [
        new.gateway_id.into(),
        new.investor_id.into(),
        new.broker.as_str().into(),
        new.sealed.as_str().into(),
        new.expires_at.into(),
        new.cookie_hash.as_deref().into(),
        new.created_at.into(),
    ];
    tx.query_one(INSERT_BROKER, &params)?.int(0)
}

/// By internal key; must exist.
pub fn load_broker(tx: &mut dyn Tx, id: i64) -> Result<BrokerSessionRow, StoreError> {
    read_broker(&tx.query_one(LOAD_BROKER, &[id.into()])?)
}

/// The living session of a browser at a gateway.
pub fn find_broker_by_cookie(
    tx: &mut dyn Tx,
    cookie_hash: &str,
    gateway_id: i64,
    now: Timestamp,
) -> Result<Option<BrokerSessionRow>, StoreError> {
    tx.query_opt(BY_COOKIE, &[cookie_hash.into(), gateway_id.into(), now.into()])?
        .as_ref()
        .map(read_broker)
        .transpose()
}

/// The living sessions of an investor, newest first.
pub fn list_living_brokers(
    tx: &mut dyn Tx,
    investor_id: i64,
    now: Timestamp,
) -> Result<Vec<BrokerSessionRow>, StoreError> {
    tx.query(LIVE_OF_INVESTOR, &[investor_id.into(), now.into()])?
        .iter()
        .map(read_broker)
        .collect()
}

/// The newest session of an investor at a broker, ended or not.
pub fn newest_broker(
    tx: &mut dyn Tx,
    investor_id: i64,
    broker: BrokerKey,
) -> Result<Option<BrokerSessionRow>, StoreError> {
    tx.query_opt(NEWEST_OF_INVESTOR, &[investor_id.into(), broker.as_str().into()])?
        .as_ref()
        .map(read_broker)
        .transpose()
}

/// Ends a broker session; ending it twice changes nothing.
pub fn end_broker(tx: &mut dyn Tx, id: i64, at: Timestamp) -> Result<(), StoreError> {
    tx.execute(END_BROKER, &[id.into(), at.into()]).map(|_| ())
}

/// Brokers that a browser used at this gateway, most recent first.
pub fn recent_brokers(
    tx: &mut dyn Tx,
    cookie_hash: &str,
    gateway_id: i64,
) -> Result<Vec<BrokerKey>, StoreError> {
    tx.query(RECENT_BROKERS, &[cookie_hash.into(), gateway_id.into()])?
        .iter()
        .map(|row| row.parsed(0, |text| BrokerKey::parse(text).ok_or(())))
        .collect()
}

/// Every session of a gateway, for a change of keys: ended ones too, they still say whose account they are of.
pub fn list_brokers(tx: &mut dyn Tx, gateway_id: i64) -> Result<Vec<BrokerSessionRow>, StoreError> {
    tx.query(LIST_BROKERS, &[gateway_id.into()])?
        .iter()
        .map(read_broker)
        .collect()
}

/// Replaces the encrypted part of a session.
pub fn reseal_broker(tx: &mut dyn Tx, id: i64, sealed: &str) -> Result<(), StoreError> {
    tx.execute_one(RESEAL_BROKER, &[id.into(), sealed.into()])
}
