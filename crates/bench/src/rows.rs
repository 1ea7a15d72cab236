//! The rows of a transaction, as the gateway writes them for the request in [`crate::requests`].
//!
//! [`crate::session`] compares them with what the gateway really wrote before anything is measured.

use anyhow::{Context as _, Result, anyhow};
use torana_contract::create::Shape;
use torana_domain::ids::TransactionId;
use torana_domain::intent::{Intent, IntentKind};
use torana_domain::time::{DAY_MS, Date, Timestamp};
use torana_engine::jobs::kind::EXPIRE_TRANSACTION;
use torana_storage::gateway::jobs::{self, JobDomain};
use torana_storage::gateway::transactions::{self, NewTxn};
use torana_storage::{StoreError, Tx};

use crate::requests::CREATE_BODY;

/// Rows written ahead are due so late that none of them expires while something is measured.
const STORED_LIFE_MS: i64 = 30 * DAY_MS;

/// Makes transactions of one gateway.
#[derive(Debug, Clone)]
pub struct Maker {
    gateway_id: i64,
    intent_json: String,
    notes: Option<String>,
}

impl Maker {
    /// Parses the request as the gateway does.
    pub fn new(gateway_id: i64) -> Result<Self> {
        let (intent, notes) = requested()?;
        let intent_json = serde_json::to_string(&intent)?;
        Ok(Self {
            gateway_id,
            intent_json,
            notes,
        })
    }

    /// Internal key of the gateway.
    pub fn gateway_id(&self) -> i64 {
        self.gateway_id
    }

    /// A transaction that a client creates now.
    pub fn created(&self, number: u64, now: Timestamp) -> NewTxn {
        self.make(number, now, IntentKind::Transaction.lifetime_ms())
    }

    /// A transaction that is stored before a measurement.
    pub fn stored(&self, number: u64, now: Timestamp) -> NewTxn {
        self.make(number, now, STORED_LIFE_MS)
    }

    fn make(&self, number: u64, now: Timestamp, life_ms: i64) -> NewTxn {
        NewTxn {
            gateway_id: self.gateway_id,
            public_id: transaction_id(number),
            intent_json: self.intent_json.clone(),
            principal: None,
            notes: self.notes.clone(),
            created_at: now,
            expire_at: now.plus_ms(life_ms),
        }
    }
}

/// The intent and notes of the request.
pub fn requested() -> Result<(Intent, Option<String>)> {
    let refused = |error: torana_contract::envelope::ApiError| anyhow!("the request is refused: {error:?}");
    let shape = Shape::parse(CREATE_BODY.as_bytes()).map_err(refused)?;
    let asked = shape.intent().map_err(refused)?;
    let validated = shape.fields(asked, Date::from_days(0)).map_err(refused)?;
    let intent = validated.intent.enabled().map_err(refused).context("intent")?;
    Ok((intent, validated.notes))
}

/// Writes what creating a transaction writes: row, first event, expiry timer.
pub fn write(tx: &mut dyn Tx, new: &NewTxn) -> Result<(), StoreError> {
    let id = transactions::insert(tx, new)?;
    jobs::put(
        tx,
        new.gateway_id,
        JobDomain::World,
        EXPIRE_TRANSACTION,
        id,
        new.expire_at,
    )
}

/// The id of the transaction with that number; random to the database, known to the generator.
pub fn transaction_id(number: u64) -> TransactionId {
    let (high, low) = (mixed(number), mixed(!number));
    TransactionId::from_random(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
}

/// SplitMix64: neighbouring numbers become unrelated ones, and no two become the same.
pub fn mixed(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_a_basket_of_three() {
        let (intent, notes) = requested().unwrap();
        assert!(matches!(intent, Intent::Securities { lines, .. } if lines.len() == 3));
        assert!(notes.is_some());
    }

    #[test]
    fn ids_differ() {
        let ids: std::collections::BTreeSet<_> = (0..10_000).map(transaction_id).collect();
        assert_eq!(ids.len(), 10_000);
    }
}
