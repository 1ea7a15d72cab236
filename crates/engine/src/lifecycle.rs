//! The one place that changes a transaction's status: decision by the pure state machine, then row, event and
//! timers in the caller's commit.

use serde_json::{Value, json};
use torana_domain::time::Timestamp;
use torana_domain::transaction::{self, Cause, IllegalTransition, Status, Step};
use torana_storage::gateway::jobs;
use torana_storage::gateway::transactions::{self, TxnRow};
use torana_storage::{StoreError, Tx};

use crate::jobs::kind;

/// The two instants that a change is stamped with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// World time of the gateway.
    pub world: Timestamp,
    /// Wall time.
    pub wall: Timestamp,
}

/// Applies a cause to a transaction within the caller's commit. `facts` is an object that goes into the event.
///
/// The inner result is the state machine's refusal; nothing was written then.
pub fn apply(
    tx: &mut dyn Tx,
    row: &mut TxnRow,
    cause: Cause,
    facts: &Value,
    now: Now,
) -> Result<Result<Step, IllegalTransition>, StoreError> {
    let step = match transaction::advance(row.status, row.intent.kind(), cause) {
        Ok(step) => step,
        Err(refusal) => {
            tracing::warn!(transaction.id = %row.public_id, %refusal, "transition refused");
            return Ok(Err(refusal));
        }
    };
    let Step::Moved { to, failure } = step else {
        return Ok(Ok(step));
    };
    let from = row.status;
    row.status = to;
    row.error_code = failure.map(|failure| failure.code);
    if to == Status::Processing {
        row.processing_since = Some(now.wall);
    }
    if to.is_terminal() {
        row.ended_since = Some(now.wall);
    }
    if to.is_terminal() || to == Status::Processing {
        // From the hand-over on only proof ends a transaction: expiry has nothing left to do.
        jobs::remove(tx, kind::EXPIRE_TRANSACTION, row.id)?;
    }
    let data = json!({ "from": from.as_str(), "to": to.as_str(), "cause": cause, "facts": facts });
    record(
        tx,
        row,
        &format!("transaction.{}", to.as_str().to_ascii_lowercase()),
        &data,
        now,
    )?;
    Ok(Ok(step))
}

/// Appends an event to a transaction's log and stores the row with it. Instants of a log never fall.
pub fn record(
    tx: &mut dyn Tx,
    row: &mut TxnRow,
    event: &str,
    data: &Value,
    now: Now,
) -> Result<(), StoreError> {
    let previous = row.event_seq;
    row.event_seq += 1;
    row.updated_at = row.updated_at.max(now.world);
    let at = row.updated_at;
    transactions::insert_event(tx, row.id, row.event_seq, event, at, &data.to_string())?;
    transactions::update(tx, row, previous)
}
