//! Forgetting everything that a sandbox gateway's world caused.

use super::statements;
use crate::{StoreError, Tx};

statements! {
    JOBS = "DELETE FROM job WHERE gateway_id = $1";
    ATTEMPTS = "DELETE FROM delivery_attempt WHERE delivery_id IN (SELECT id FROM delivery WHERE gateway_id = $1)";
    DELIVERIES = "DELETE FROM delivery WHERE gateway_id = $1";
    ORDERS = "DELETE FROM broker_order WHERE batch_id IN (SELECT b.id FROM batch b JOIN txn t ON t.id = b.txn_id
        WHERE t.gateway_id = $1)";
    BATCHES = "DELETE FROM batch WHERE txn_id IN (SELECT id FROM txn WHERE gateway_id = $1)";
    HANDLES = "DELETE FROM flow_handle WHERE flow_id IN (SELECT id FROM flow WHERE gateway_id = $1)";
    FLOWS = "DELETE FROM flow WHERE gateway_id = $1";
    EVENTS = "DELETE FROM event WHERE txn_id IN (SELECT id FROM txn WHERE gateway_id = $1)";
    TRANSACTIONS = "DELETE FROM txn WHERE gateway_id = $1";
    SNAPSHOTS = "DELETE FROM holdings_snapshot WHERE investor_id IN (SELECT id FROM investor WHERE gateway_id = $1)";
    BROKER_SESSIONS = "DELETE FROM broker_session WHERE gateway_id = $1";
    SDK_SESSIONS = "DELETE FROM sdk_session WHERE gateway_id = $1";
    INVESTORS = "DELETE FROM investor WHERE gateway_id = $1";
    ANSWERS = "DELETE FROM idempotency WHERE gateway_id = $1";
    DRAWS = "DELETE FROM seeded_draw WHERE gateway_id = $1";
    LOGOS = "DELETE FROM order_logo WHERE gateway_id = $1";
}

/// Deletes users, transactions, jobs, stored answers and pictures of orders of a gateway; children first.
pub fn delete_world(tx: &mut dyn Tx, gateway_id: i64) -> Result<(), StoreError> {
    for statement in STATEMENTS {
        tx.execute(statement, &[gateway_id.into()])?;
    }
    Ok(())
}
