//! When a world's own work is at rest, and who may disturb it.
//!
//! A walk (a clock call, a reset) has a world to itself: no job runner, of whatever process, claims anything of it
//! meanwhile, and the walk begins when the jobs that were running have ended. A control call on a world that stands still waits until the
//! work of the calls before it is done; so a script that sends one call after another meets the same world each time.

use std::sync::Arc;
use std::time::Duration;

use torana_clock::ClockMode;
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_domain::time::Timestamp;
use torana_runtime::Ticks;
use torana_storage::gateway::jobs::{self, Busy};
use torana_storage::gateway::walks::{self, WalkRight};

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

/// How long other processes respect a walk that is not renewed: its process died.
const WALK_LEASE_MS: i64 = 5_000;
/// How often a walk is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(1);

/// Worlds that are walked through by this process, and worlds whose jobs it is claiming.
#[derive(Debug, Default)]
pub(crate) struct Disturbances {
    walks: std::collections::BTreeMap<i64, Standing>,
    claims: std::collections::BTreeSet<i64>,
}

/// A walk of this process, as everybody in it sees it.
#[derive(Debug, Clone, Copy)]
struct Standing {
    right: WalkRight,
    /// The instant at which the world stands.
    at: Timestamp,
    renewed: Ticks,
}

/// A world that belongs to one caller until this is dropped; for other processes until the walk is ended in the
/// database, or its lease has run out.
pub(crate) struct Walk {
    engine: Engine,
    /// The gateway as it was stored when the walk began.
    pub(crate) gateway: Arc<Gateway>,
    /// What a commit that ends the walk proves.
    pub(crate) right: WalkRight,
}

impl Drop for Walk {
    fn drop(&mut self) {
        lock(&self.engine.inner().disturbances)
            .walks
            .remove(&self.right.gateway_id);
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
    /// Takes a world for a walk that begins at its present. In no process a job of it is claimed from here on, but
    /// by the walk itself.
    ///
    /// # Errors
    /// 409 `clock_busy` while another walk has it, in whatever process.
    pub(crate) async fn begin_walk(&self, gateway: &Gateway) -> Result<Walk, EngineError> {
        let gateway_id = gateway.id;
        let begun = self
            .store()
            .write("walk.begun", move |tx| {
                walks::begin(tx, gateway_id, WALK_LEASE_MS)
            })
            .await
            .map_err(from_store)?;
        let right = begun.ok_or_else(|| ApiError::new(ErrorCode::ClockBusy))?;
        // Another process may have moved the clock since the call arrived.
        self.reload_gateways().await.map_err(from_store)?;
        let gateway = self
            .gateway_by_id(gateway_id)
            .ok_or_else(|| ApiError::new(ErrorCode::InvalidGateway))?;
        let standing = Standing {
            right,
            at: gateway.clock.world_now(self.wall_now()),
            renewed: self.rt().wall.ticks(),
        };
        lock(&self.inner().disturbances)
            .walks
            .insert(gateway_id, standing);
        Ok(Walk {
            engine: self.clone(),
            gateway,
            right,
        })
    }

    /// Ends a walk that failed, so that the next one need not wait for the end of its lease.
    pub(crate) async fn abandon_walk(&self, walk: Walk) {
        let right = walk.right;
        let ended = self
            .store()
            .write("walk.abandoned", move |tx| walks::end(tx, right).map(|_| ()))
            .await;
        if let Err(error) = ended {
            tracing::warn!(%error, gateway.name = %walk.gateway.name, "a world stays taken until the lease of its walk ends");
        }
    }

    /// Moves the walk to another instant.
    pub(crate) fn walk_to(&self, walk: &Walk, at: Timestamp) {
        if let Some(standing) = lock(&self.inner().disturbances)
            .walks
            .get_mut(&walk.right.gateway_id)
        {
            standing.at = at;
        }
    }

    /// Renews the walks of this process; called about once a second, and by long walks themselves.
    pub(crate) async fn keep_walks(&self) {
        let walks: Vec<Standing> = lock(&self.inner().disturbances).walks.values().copied().collect();
        for Standing { right, renewed, .. } in walks {
            let now = self.rt().wall.ticks();
            if u128::from(now.0.saturating_sub(renewed.0)) < RENEW_EVERY.as_micros() {
                continue;
            }
            let kept = self
                .store()
                .write("walk.renewed", move |tx| walks::renew(tx, right, WALK_LEASE_MS))
                .await;
            match kept {
                Ok(true) => {
                    if let Some(walk) = lock(&self.inner().disturbances).walks.get_mut(&right.gateway_id) {
                        walk.renewed = now;
                    }
                }
                // The walk finds out by its next claim, or by its end.
                Ok(false) => tracing::warn!(
                    gateway.id = right.gateway_id,
                    "a walk lost its world to another process"
                ),
                Err(error) => {
                    tracing::warn!(%error, gateway.id = right.gateway_id, "a walk could not be renewed");
                }
            }
        }
    }

    /// Where a walk through this world stands, if there is one.
    pub(crate) fn walk_at(&self, gateway: &Gateway) -> Option<Timestamp> {
        let disturbances = lock(&self.inner().disturbances);
        disturbances.walks.get(&gateway.id).map(|standing| standing.at)
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
