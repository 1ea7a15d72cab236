//! How many ids were drawn from a seed: the one number that a seeded process must not forget.

use super::statements;
use crate::{StoreError, Tx};

statements! {
    NEXT = "INSERT INTO seeded_draw (gateway_id, count) VALUES ($1, 1)
        ON CONFLICT (gateway_id) DO UPDATE SET count = seeded_draw.count + 1 RETURNING count";
}

/// The number of the next transaction of a gateway whose id is drawn from a seed: 1, 2, ….
pub fn next_transaction(tx: &mut dyn Tx, gateway_id: i64) -> Result<i64, StoreError> {
    tx.query_one(NEXT, &[gateway_id.into()])?.int(0)
}
