//! Orders at the broker: sending them once, and finding out what became of them.
//!
//! Invariant: an order is sent only by the process that committed `Submitting` for it, and only once; a
//! process that finds `Submitting` committed by another makes it `Unknown` and never sends it again.
//! Invariant: `Unknown` ends by evidence only: the broker's answer, its book, a look-up by reference, or its
//! absence from the closed book of its trading day. Nothing becomes a refusal by age or by guess.
//! Invariant: what an order is known to be moves forward only, with one event for each change.
//!
//! The way of a batch: [`place`] sends its orders, or the user's browser carries them ([`hand_off`]), [`reconcile`] reads the broker's truth, both write through
//! [`record`]; [`pushes`] has it read early; [`apply`], [`matching`] and [`schedule`] are the rules, without storage, time or network.

pub mod apply;
pub(crate) mod governor;
pub(crate) mod hand_off;
pub mod matching;
mod place;
mod pushes;
mod reconcile;
mod record;
pub mod schedule;

use std::time::Duration;

use futures_util::future::{Either, select};
use torana_runtime::{BoxFuture, Rt};
use torana_storage::StoreError;

use crate::context::Engine;
use crate::error::{EngineError, from_store};
use crate::jobs::{Claimed, Disposition};
use crate::lifecycle::Now;

pub use apply::NotSent;
pub use reconcile::wake_open_batches;

/// Longest wait (wall time) for any answer of a broker, beyond the time-outs of its adapter. Shorter than the
/// lease of a job, so that no other process takes over while a call may still be under way.
pub(crate) const BROKER_CALL_MAX: Duration = Duration::from_secs(30);

/// The answer of a broker, or `None` if it took longer than [`BROKER_CALL_MAX`].
pub(crate) async fn within_limit<T>(rt: &Rt, call: BoxFuture<'static, T>) -> Option<T> {
    match select(call, rt.sleep.sleep(BROKER_CALL_MAX)).await {
        Either::Left((answer, _)) => Some(answer),
        Either::Right(((), _)) => None,
    }
}

/// What a job's last commit means for the job. A lost claim is no failure: whoever holds it now goes on.
pub(crate) fn settled(result: Result<(), StoreError>) -> Result<Disposition, EngineError> {
    match result {
        Ok(()) | Err(StoreError::Rollback) => Ok(Disposition::Settled),
        Err(error) => Err(from_store(error)),
    }
}

impl Engine {
    /// The present of a job's gateway, which may be later than when the job was claimed.
    pub(crate) fn present(&self, job: &Claimed) -> Now {
        self.gateway_by_id(job.gateway.id)
            .map_or(job.now, |gateway| self.now(&gateway))
    }
}

#[cfg(test)]
mod tests;
