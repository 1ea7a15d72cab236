//! Walks: a clock call that goes through a world instant by instant. One process walks through a world at a time,
//! and while it does nobody else takes the world's jobs.

use torana_domain::time::Timestamp;

use super::statements;
use crate::time::database_now;
use crate::{StoreError, Tx};

statements! {
    BEGIN = "INSERT INTO world_walk (gateway_id, token, lease_until) VALUES ($1, 1, $2)
        ON CONFLICT (gateway_id) DO UPDATE SET token = world_walk.token + 1, lease_until = excluded.lease_until
        WHERE world_walk.lease_until <= $3 RETURNING token";
    RENEW = "UPDATE world_walk SET lease_until = $3 WHERE gateway_id = $1 AND token = $2 AND lease_until > 0";
    END = "UPDATE world_walk SET lease_until = 0 WHERE gateway_id = $1 AND token = $2 AND lease_until > 0";
    IS_MINE = "SELECT 1 FROM world_walk WHERE gateway_id = $1 AND token = $2 AND lease_until > 0";
    LEASE_UNTIL = "SELECT lease_until FROM world_walk WHERE gateway_id = $1 AND lease_until > 0";
    RELEASE_ALL = "UPDATE world_walk SET lease_until = 0 WHERE lease_until > 0";
}

/// The right to walk through a world: only the newest token is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkRight {
    /// Whose world.
    pub gateway_id: i64,
    /// Rises with each walk.
    pub token: i64,
}

/// Begins a walk that others respect for `lease_ms` of database time; `None` if one is under way.
pub fn begin(tx: &mut dyn Tx, gateway_id: i64, lease_ms: i64) -> Result<Option<WalkRight>, StoreError> {
    let now = database_now(tx)?;
    let params = [gateway_id.into(), now.plus_ms(lease_ms).into(), now.into()];
    let row = tx.query_opt(BEGIN, &params)?;
    row.map(|row| {
        Ok(WalkRight {
            gateway_id,
            token: row.int(0)?,
        })
    })
    .transpose()
}

/// Makes a walk last longer; false if it was lost to another process.
pub fn renew(tx: &mut dyn Tx, right: WalkRight, lease_ms: i64) -> Result<bool, StoreError> {
    let until: Timestamp = database_now(tx)?.plus_ms(lease_ms);
    let params = [right.gateway_id.into(), right.token.into(), until.into()];
    Ok(tx.execute(RENEW, &params)? == 1)
}

/// Ends a walk; false if it was lost, and then nothing of the commit may stand.
pub fn end(tx: &mut dyn Tx, right: WalkRight) -> Result<bool, StoreError> {
    Ok(tx.execute(END, &[right.gateway_id.into(), right.token.into()])? == 1)
}

/// Whether a walk has not been lost.
pub fn is_mine(tx: &mut dyn Tx, right: WalkRight) -> Result<bool, StoreError> {
    Ok(tx
        .query_opt(IS_MINE, &[right.gateway_id.into(), right.token.into()])?
        .is_some())
}

/// Whether some process walks through this world now.
pub fn is_under_way(tx: &mut dyn Tx, gateway_id: i64) -> Result<bool, StoreError> {
    // Most worlds are not walked through, and then nobody needs to know the time.
    match tx.query_opt(LEASE_UNTIL, &[gateway_id.into()])? {
        Some(row) => Ok(row.time(0)? > database_now(tx)?),
        None => Ok(false),
    }
}

/// Ends every walk: of a database that one process serves, when that process starts.
pub fn release_all(tx: &mut dyn Tx) -> Result<(), StoreError> {
    tx.execute(RELEASE_ALL, &[]).map(|_| ())
}
