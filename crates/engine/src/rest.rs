//! When a world's own work is at rest, and who may disturb it.
//!
//! A walk (a clock call, a reset) has a world to itself: the job runner claims nothing of it meanwhile, and the walk
//! begins when the jobs that were running have ended. A control call on a world that stands still waits until the
//! work of the calls before it is done; so a script that sends one call after another meets the same world each time.

use std::time::Duration;

use torana_clock::ClockMode;
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_domain::time::Timestamp;
use torana_storage::gateway::jobs::{self, Busy};

use crate::context::{Engine, lock};
use crate::error::{EngineError, from_store};
use crate::gateways::Gateway;
use crate::jobs::{LEASE_MS, kind};

/// Pause between two looks at the queue.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// Longest wait for work at rest (wall time); a broker that does not answer in it is not waited for.
const REST_TIME_MAX_MS: i64 = 15_000;
/// Work that moves transactions and orders. Deliveries and pictures change neither, and how long they take is
/// somebody else's decision.
const WORK: [&str; 4] = [
    kind::EXPIRE_TRANSACTION,
    kind::PLACE_BATCH,
    kind::RECONCILE_BATCH,
    kind::FETCH_HOLDINGS,
];

/// Worlds that are walked through, and worlds whose jobs are being claimed.
#[derive(Debug, Default)]
pub(crate) struct Disturbances {
    /// The instant at which the walk stands, by gateway.
    walks: std::collections::BTreeMap<i64, Timestamp>,
    claims: std::collections::BTreeSet<i64>,
}

/// A world that belongs to one caller until this is dropped.
pub(crate) struct Walk {
    engine: Engine,
    gateway_id: i64,
}

impl Drop for Walk {
    fn drop(&mut self) {
        lock(&self.engine.inner().disturbances)
            .walks
            .remove(&self.gateway_id);
        self.engine.wake_jobs();
    }
}

/// A look at the queue that may end in a claim, until this is dropped.
pub(crate) struct Claiming {
    engine: Engine,
    gateway_id: i64,
}

impl Drop for Claiming {
    fn drop(&mut self) {
        lock(&self.engine.inner().disturbances)
            .claims
            .remove(&self.gateway_id);
    }
}

impl Engine {
    /// Takes a world for a walk that begins at its present.
    ///
    /// # Errors
    /// 409 `clock_busy` while another walk has it.
    pub(crate) fn begin_walk(&self, gateway: &Gateway) -> Result<Walk, EngineError> {
        let at = self.world_now(&self.fresh(gateway));
        let mut disturbances = lock(&self.inner().disturbances);
        if disturbances.walks.contains_key(&gateway.id) {
            return Err(ApiError::new(ErrorCode::ClockBusy));
        }
        disturbances.walks.insert(gateway.id, at);
        Ok(Walk {
            engine: self.clone(),
            gateway_id: gateway.id,
        })
    }

    /// Moves the walk to another instant.
    pub(crate) fn walk_to(&self, gateway: &Gateway, at: Timestamp) {
        lock(&self.inner().disturbances).walks.insert(gateway.id, at);
    }

    /// Where a walk through this world stands, if there is one.
    pub(crate) fn walk_at(&self, gateway: &Gateway) -> Option<Timestamp> {
        lock(&self.inner().disturbances).walks.get(&gateway.id).copied()
    }

    /// The right to claim jobs of a world; `None` while it is walked through. One look at a time per world.
    pub(crate) fn begin_claim(&self, gateway: &Gateway) -> Option<Claiming> {
        let mut disturbances = lock(&self.inner().disturbances);
        if disturbances.walks.contains_key(&gateway.id) || !disturbances.claims.insert(gateway.id) {
            return None;
        }
        Some(Claiming {
            engine: self.clone(),
            gateway_id: gateway.id,
        })
    }

    /// Waits, within a walk, until no job of the world runs any more. A job of a process that is gone runs until its
    /// lease ends.
    ///
    /// # Errors
    /// The storage's.
    pub(crate) async fn await_running_jobs(&self, gateway: &Gateway) -> Result<(), EngineError> {
        self.await_rest(gateway, LEASE_MS, Busy::Leased).await
    }

    /// Waits until the work of a world that stands still is done as far as it can be done now. A world that moves is
    /// never at rest.
    ///
    /// # Errors
    /// The storage's.
    pub(crate) async fn await_quiet(&self, gateway: &Gateway) -> Result<(), EngineError> {
        let gateway = &*self.fresh(gateway);
        if gateway.clock.mode != ClockMode::Frozen || self.walk_at(gateway).is_some() {
            return Ok(());
        }
        let work = Busy::Work {
            kinds: WORK,
            world: self.world_now(gateway),
        };
        self.await_rest(gateway, REST_TIME_MAX_MS, work).await
    }

    async fn await_rest(&self, gateway: &Gateway, time_max_ms: i64, busy: Busy) -> Result<(), EngineError> {
        let (gateway_id, deadline) = (gateway.id, self.wall_now().plus_ms(time_max_ms));
        loop {
            let wall = self.wall_now();
            let is_claiming = lock(&self.inner().disturbances).claims.contains(&gateway_id);
            let is_busy = self
                .store()
                .read(move |tx| jobs::is_busy(tx, gateway_id, wall, busy))
                .await
                .map_err(from_store)?;
            if (!is_busy && !is_claiming) || wall >= deadline {
                return Ok(());
            }
            self.rt().sleep.sleep(LOOK_AGAIN).await;
        }
    }
}
