//! Orders that the user confirms on the broker's own page: nobody of us sends them.
//!
//! They are `Unknown` from the commit that gives the page out: from then on the user's browser may carry them there,
//! without us and whenever it likes. A user who comes back and says that nothing was confirmed proves nothing: a
//! second tab has the same page. So they end as all that is not proven ends, by the broker's book.

use serde_json::{Value, json};
use torana_domain::order::OrderState;
use torana_storage::gateway::{batches, jobs};
use torana_storage::{StoreError, Tx};

use super::apply::{begin_submitting, lose_track};
use super::record::BatchRecord;
use crate::jobs::kind;
use crate::lifecycle::Now;

/// The orders of a batch leave with the user's browser, in the commit of their hand-over. The instant of that commit
/// decides which trading day's book can prove anything about them.
///
/// # Errors
/// The storage's.
pub(crate) fn give_to_user(tx: &mut dyn Tx, batch_id: i64, now: Now) -> Result<(), StoreError> {
    let mut record = BatchRecord::load(tx, batch_id)?;
    let facts = json!({ "why": "the user's browser carries it" });
    for id in record.ids_in(OrderState::Queued) {
        record.change(tx, id, now, &Value::Null, |order| {
            begin_submitting(order, now.world)
        })?;
        record.change(tx, id, now, &facts, lose_track)?;
    }
    read_at_once(tx, &record, now)
}

/// The user is back, with a session of the same account if there is a new one: the book is read.
///
/// # Errors
/// The storage's.
pub(crate) fn take_back(
    tx: &mut dyn Tx,
    batch_id: i64,
    session_id: Option<i64>,
    now: Now,
) -> Result<(), StoreError> {
    let record = BatchRecord::load(tx, batch_id)?;
    if let Some(session_id) = session_id {
        batches::set_session(tx, batch_id, session_id)?;
    }
    if record.is_final() {
        return Ok(());
    }
    read_at_once(tx, &record, now)
}

fn read_at_once(tx: &mut dyn Tx, record: &BatchRecord, now: Now) -> Result<(), StoreError> {
    jobs::put(
        tx,
        record.txn.gateway_id,
        jobs::JobDomain::World,
        kind::RECONCILE_BATCH,
        record.batch.id,
        now.world,
    )
}
