//! Pictures of orders: one row for each gateway and address, so that each address is fetched once.

use torana_domain::time::Timestamp;

use super::statements;
use crate::{StoreError, Tx};

/// An address that a picture is fetched from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoSource {
    /// The address as the partner wrote it.
    pub url: String,
    /// Its SHA-256, which the row is found by: an address may be too long for an index.
    pub url_hash: String,
}

/// What is known of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoRow {
    /// Internal key.
    pub id: i64,
    /// When its fetch was queued last (wall time).
    pub wanted_at: Timestamp,
    /// Name of the stored picture; `None` while there is none.
    pub name: Option<String>,
}

statements! {
    FIND = "SELECT id, wanted_at, name FROM order_logo WHERE gateway_id = $1 AND url_hash = $2";
    COUNT = "SELECT COUNT(*) FROM order_logo WHERE gateway_id = $1";
    WANT = "INSERT INTO order_logo (gateway_id, url_hash, url, wanted_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (gateway_id, url_hash) DO UPDATE SET wanted_at = excluded.wanted_at RETURNING id";
    URL = "SELECT url FROM order_logo WHERE id = $1";
    STORE = "UPDATE order_logo SET name = $2, png = $3, fetched_at = $4 WHERE id = $1";
    PNG = "SELECT png FROM order_logo WHERE name = $1 LIMIT 1";
    PURGE = "DELETE FROM order_logo WHERE id IN
        (SELECT id FROM order_logo WHERE wanted_at <= $1 ORDER BY wanted_at LIMIT $2)";
}

/// The row of an address.
pub fn find(tx: &mut dyn Tx, gateway_id: i64, url_hash: &str) -> Result<Option<LogoRow>, StoreError> {
    tx.query_opt(FIND, &[gateway_id.into(), url_hash.into()])?
        .map(|row| {
            Ok(LogoRow {
                id: row.int(0)?,
                wanted_at: row.time(1)?,
                name: row.opt_text(2)?,
            })
        })
        .transpose()
}

/// How many addresses of a gateway have a row.
pub fn count(tx: &mut dyn Tx, gateway_id: i64) -> Result<i64, StoreError> {
    tx.query_one(COUNT, &[gateway_id.into()])?.int(0)
}

/// Notes that an address is to be fetched, new or again, and gives the key of its row. A picture that is there
/// stays until the next one is.
pub fn want(tx: &mut dyn Tx, gateway_id: i64, source: &LogoSource, at: Timestamp) -> Result<i64, StoreError> {
    let params = [
        gateway_id.into(),
        source.url_hash.as_str().into(),
        source.url.as_str().into(),
        at.into(),
    ];
    tx.query_one(WANT, &params)?.int(0)
}

/// The address of a row; `None` if it was forgotten meanwhile.
pub fn url(tx: &mut dyn Tx, id: i64) -> Result<Option<String>, StoreError> {
    tx.query_opt(URL, &[id.into()])?
        .map(|row| row.text(0))
        .transpose()
}

/// Stores a fetched picture under the name that it is served by. A row that was forgotten stays so.
pub fn store(tx: &mut dyn Tx, id: i64, name: &str, png: &[u8], at: Timestamp) -> Result<(), StoreError> {
    let params = [id.into(), name.into(), png.to_vec().into(), at.into()];
    tx.execute(STORE, &params).map(|_| ())
}

/// The picture of that name, of whichever gateway: equal names are equal bytes.
pub fn png(tx: &mut dyn Tx, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    tx.query_opt(PNG, &[name.into()])?
        .map(|row| row.blob(0))
        .transpose()
}

/// Forgets up to `limit` rows that were not wanted after `not_after`; gives their number.
pub fn purge(tx: &mut dyn Tx, not_after: Timestamp, limit: i64) -> Result<u64, StoreError> {
    tx.execute(PURGE, &[not_after.into(), limit.into()])
}
