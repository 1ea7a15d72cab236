//! Investors: one per (gateway, broker account).

use torana_domain::broker_key::BrokerKey;
use torana_domain::ids::AuthId;
use torana_domain::time::Timestamp;

use super::statements;
use crate::{Row, Store, StoreError, Tx};

/// One investor as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvestorRow {
    /// Internal key.
    pub id: i64,
    /// Owner.
    pub gateway_id: i64,
    /// Public id.
    pub auth_id: AuthId,
    /// Broker.
    pub broker: BrokerKey,
    /// Keyed hash of the broker's client id.
    pub account_hash: String,
    /// What may be shown of the client id.
    pub account_masked: String,
    /// When holdings import was agreed to.
    pub holdings_consent_at: Option<Timestamp>,
}

statements! {
    INSERT = "INSERT INTO investor (gateway_id, auth_id, broker, account_hash, account_masked, created_at)
        VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
    BY_AUTH_ID = "SELECT id, gateway_id, auth_id, broker, account_hash, account_masked, holdings_consent_at
        FROM investor WHERE gateway_id = $1 AND auth_id = $2";
    BY_ACCOUNT = "SELECT id, gateway_id, auth_id, broker, account_hash, account_masked, holdings_consent_at
        FROM investor WHERE gateway_id = $1 AND broker = $2 AND account_hash = $3";
    BY_ID = "SELECT id, gateway_id, auth_id, broker, account_hash, account_masked, holdings_consent_at
        FROM investor WHERE id = $1";
    CONSENT = "UPDATE investor SET holdings_consent_at = $2 WHERE id = $1";
}

fn read(row: &Row) -> Result<InvestorRow, StoreError> {
    Ok(InvestorRow {
        id: row.int(0)?,
        gateway_id: row.int(1)?,
        auth_id: row.parsed(2, AuthId::parse)?,
        broker: row.parsed(3, |text| BrokerKey::parse(text).ok_or(()))?,
        account_hash: row.text(4)?,
        account_masked: row.text(5)?,
        holdings_consent_at: row.opt_time(6)?,
    })
}

/// A new investor before it has a key.
#[derive(Clone, Debug)]
pub struct NewInvestor {
    /// Owner.
    pub gateway_id: i64,
    /// Public id.
    pub auth_id: AuthId,
    /// Broker.
    pub broker: BrokerKey,
    /// Keyed hash of the broker's client id.
    pub account_hash: String,
    /// What may be shown of the client id.
    pub account_masked: String,
    /// World time.
    pub created_at: Timestamp,
}

/// Inserts an investor.
pub fn insert(tx: &mut dyn Tx, new: &NewInvestor) -> Result<i64, StoreError> {
    let params = [
        new.gateway_id.into(),
        new.auth_id.as_str().into(),
        new.broker.as_str().into(),
        new.account_hash.as_str().into(),
        new.account_masked.as_str().into(),
        new.created_at.into(),
    ];
    tx.query_one(INSERT, &params)?.int(0)
}

/// By public id.
pub fn find(tx: &mut dyn Tx, gateway_id: i64, auth_id: &AuthId) -> Result<Option<InvestorRow>, StoreError> {
    tx.query_opt(BY_AUTH_ID, &[gateway_id.into(), auth_id.as_str().into()])?
        .as_ref()
        .map(read)
        .transpose()
}

/// By public id, outside a transaction.
///
/// # Errors
/// The storage's.
pub async fn fetch(
    store: &Store,
    gateway_id: i64,
    auth_id: &AuthId,
) -> Result<Option<InvestorRow>, StoreError> {
    let row = store
        .fetch(BY_AUTH_ID, vec![gateway_id.into(), auth_id.as_str().into()])
        .await?;
    row.as_ref().map(read).transpose()
}

/// By broker account.
pub fn find_by_account(
    tx: &mut dyn Tx,
    gateway_id: i64,
    broker: BrokerKey,
    account_hash: &str,
) -> Result<Option<InvestorRow>, StoreError> {
    tx.query_opt(
        BY_ACCOUNT,
        &[gateway_id.into(), broker.as_str().into(), account_hash.into()],
    )?
    .as_ref()
    .map(read)
    .transpose()
}

/// By internal key; must exist.
pub fn load(tx: &mut dyn Tx, id: i64) -> Result<InvestorRow, StoreError> {
    read(&tx.query_one(BY_ID, &[id.into()])?)
}

/// Remembers the consent to holdings import.
pub fn set_holdings_consent(tx: &mut dyn Tx, id: i64, at: Option<Timestamp>) -> Result<(), StoreError> {
    tx.execute_one(CONSENT, &[id.into(), at.into()])
}
