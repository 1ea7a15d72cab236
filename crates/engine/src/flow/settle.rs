//! From server state to the settlement of the SDK's promise. The server decides, waits included; the SDK obeys.

use torana_contract::sdk::SettlementBody;
use torana_domain::batch::BatchStatus;
use torana_domain::intent::Intent;
use torana_domain::time::Timestamp;
use torana_domain::transaction::{Failure, Status};
use torana_storage::gateway::flows::FlowRow;

use super::access::{CLOSE_BELIEVED_AFTER_MS, absent_since};
use super::state::FlowState;
use crate::context::Engine;
use crate::details::Loaded;
use crate::gateways::Gateway;

/// How long the SDK waits for a final state of work that goes on without the user (wall time).
const WAIT_MS: i64 = 30_000;
/// The same after a believed close.
const WAIT_AFTER_CLOSE_MS: i64 = 5000;

/// How long it waits for a user who confirms the orders at the broker, and may not come back (wall time).
const WAIT_FOR_USER_MS: i64 = 15 * 60_000;

/// A decision about the promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// Not yet.
    Pending,
    /// Resolve with the result object.
    Resolve,
    /// Reject with this failure.
    Reject(Failure),
}

/// What the decision depends on, beside the transaction.
#[derive(Debug, Clone, Copy)]
pub struct Presence<'a> {
    /// The flow.
    pub flow: &'a FlowRow,
    /// Where the user is.
    pub state: &'a FlowState,
}

/// Whether a reported close is believed: no page was present for three seconds, and the last step was ours.
#[must_use]
pub fn is_close_believed(presence: Presence<'_>, wall: Timestamp) -> bool {
    presence.flow.closed_at.is_some()
        && !presence.state.is_external
        && absent_since(presence.flow, wall)
            .is_some_and(|since| wall.ms_since(since) >= CLOSE_BELIEVED_AFTER_MS)
}

/// How long the promise waits for the user to read a last page that closes by itself (wall time).
const HOLD_SHORT_MS: i64 = 5000;
/// The same for a page that explains something and waits for the user: failed orders, the wrong account.
const HOLD_LONG_MS: i64 = 30_000;

/// The contract's table, and before its outcome is told, time for the user to read the last page: the pages show
/// failures themselves, and settling closes their window. Nothing is held once no page is present.
#[must_use]
pub fn settle(loaded: &Loaded, presence: Option<Presence<'_>>, wall: Timestamp) -> Settlement {
    let is_shown = presence.is_some_and(|presence| {
        presence.flow.cookie_hash.is_some()
            && !presence.state.is_read
            // Between two pages of a flow there is none for a moment; that is no goodbye yet.
            && absent_since(presence.flow, wall)
                .is_none_or(|since| wall.ms_since(since) < CLOSE_BELIEVED_AFTER_MS)
    });
    let is_held = loaded
        .txn
        .ended_since
        .is_some_and(|ended| wall.ms_since(ended) < hold_ms(loaded));
    if is_shown && is_held {
        Settlement::Pending
    } else {
        decide(loaded, presence, wall)
    }
}

fn hold_ms(loaded: &Loaded) -> i64 {
    let has_failures = loaded
        .batch
        .as_ref()
        .is_some_and(|(_, orders)| BatchStatus::of(orders) != BatchStatus::Completed);
    match loaded.txn.status {
        // The user pressed cancel and knows.
        Status::Cancelled => 0,
        Status::Errored if loaded.txn.error_code == Some(1001) => HOLD_LONG_MS,
        _ if has_failures => HOLD_LONG_MS,
        _ => HOLD_SHORT_MS,
    }
}

/// The contract's table.
#[must_use]
pub fn decide(loaded: &Loaded, presence: Option<Presence<'_>>, wall: Timestamp) -> Settlement {
    let txn = &loaded.txn;
    let failure = txn
        .error_code
        .and_then(Failure::from_code)
        .unwrap_or(Failure::INTERNAL);
    let closed = presence.filter(|presence| is_close_believed(*presence, wall));
    match txn.status {
        Status::Completed | Status::ActionRequired => Settlement::Resolve,
        Status::Errored | Status::Cancelled | Status::Expired => Settlement::Reject(failure),
        Status::Initialized => closed.map_or(Settlement::Pending, |presence| {
            let code = presence.state.step.cancel_code_before_login();
            Settlement::Reject(Failure::from_code(code).unwrap_or(Failure::CANCELLED_BEFORE_LOGIN))
        }),
        Status::Used => closed.map_or(Settlement::Pending, |_| {
            Settlement::Reject(Failure::CANCELLED_AFTER_LOGIN)
        }),
        Status::Processing => {
            let state = presence.map(|presence| presence.state);
            // Where the user confirms the orders, work goes on without the user only after that.
            let returned = state
                .and_then(|state| state.hand_off.as_ref())
                .and_then(|hand_off| hand_off.returned_at);
            let since = txn.processing_since.max(returned).unwrap_or(wall);
            let longest = if state.is_some_and(FlowState::is_in_user_s_hands) {
                WAIT_FOR_USER_MS
            } else {
                WAIT_MS
            };
            let wait = if closed.is_some() {
                WAIT_AFTER_CLOSE_MS
            } else {
                longest
            };
            // After a close the shorter wait counts from the close, but never beyond the long one.
            let start = closed
                .and_then(|presence| presence.flow.closed_at)
                .map_or(since, |at| at.max(since));
            // A user who has read that orders were taken waits for nothing more.
            let is_read = presence.is_some_and(|presence| presence.state.is_read);
            let is_over = is_read || wall.ms_since(start) >= wait || wall.ms_since(since) >= longest;
            if is_over {
                after_wait(loaded)
            } else {
                Settlement::Pending
            }
        }
    }
}

fn after_wait(loaded: &Loaded) -> Settlement {
    match loaded.txn.intent {
        Intent::HoldingsImport { .. } => Settlement::Reject(Failure::TIMED_OUT),
        _ => {
            let accepted = loaded
                .batch
                .as_ref()
                .is_some_and(|(_, orders)| orders.iter().any(|order| order.state.is_accepted()));
            if accepted {
                Settlement::Resolve
            } else {
                Settlement::Reject(Failure::ORDER_PENDING)
            }
        }
    }
}

impl Engine {
    /// The decision in the contract's shape.
    pub(crate) fn settlement_body(
        &self,
        gateway: &Gateway,
        loaded: &Loaded,
        presence: Option<Presence<'_>>,
    ) -> SettlementBody {
        match settle(loaded, presence, self.wall_now()) {
            Settlement::Pending => SettlementBody::pending(),
            Settlement::Resolve => self
                .resolve(gateway, loaded)
                .unwrap_or_else(|| self.reject(gateway, loaded, Failure::INTERNAL)),
            Settlement::Reject(failure) => self.reject(gateway, loaded, failure),
        }
    }
}

#[cfg(test)]
mod tests;
