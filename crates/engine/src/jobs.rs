//! The job runner: claims what is due on wall and world time and carries it out.
//!
//! A job is a promise of some commit. It may be carried out more than once (a crash between effect and
//! finish), so each kind is harmless to repeat. In background mode due jobs of a gateway run side by side,
//! bounded; while a clock call walks a world, that world's jobs run in order of due time, one after another.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::select;
use futures_util::stream::FuturesUnordered;
use futures_util::task::AtomicWaker;
use torana_domain::time::Timestamp;
use torana_storage::gateway::jobs::{self, JobDomain, JobRow};
use torana_storage::gateway::walks::{self, WalkRight};
use torana_storage::{Dialect, StoreError, Tx};

use crate::context::Engine;
use crate::error::{EngineError, from_store};
use crate::gateways::Gateway;
use crate::lifecycle::Now;
use crate::worlds::Ran;

/// Kinds of jobs, as stored. Adding one: a constant here, a line in [`Engine::carry_out`], and a row in the
/// table of `docs/dev/jobs.md`.
pub mod kind {
    /// World: a transaction's interactive time is over. Subject: transaction.
    pub const EXPIRE_TRANSACTION: &str = "expire_transaction";
    /// Wall: send the queued orders of a batch. Subject: batch.
    pub const PLACE_BATCH: &str = "place_batch";
    /// World: read the broker's book for a batch. Subject: batch.
    pub const RECONCILE_BATCH: &str = "reconcile_batch";
    /// Wall: fetch holdings for an import. Subject: transaction.
    pub const FETCH_HOLDINGS: &str = "fetch_holdings";
    /// Wall: refresh a snapshot in the background. Subject: investor.
    pub const REFRESH_HOLDINGS: &str = "refresh_holdings";
    /// World: one attempt of a webhook delivery. Subject: delivery.
    pub const DELIVER_WEBHOOK: &str = "deliver_webhook";
    /// Wall: fetch the logo of an order. Subject: row of its address.
    pub const FETCH_LOGO: &str = "fetch_logo";
    /// Wall: forget what is past its retention. Subject: gateway.
    pub const PURGE: &str = "purge";
}

/// How long a claim lasts; longer than any single step may take.
pub(crate) const LEASE_MS: i64 = 40_000;
/// Most jobs claimed at once per gateway and clock.
const CLAIM_MAX: i64 = 32;
/// Most jobs that run side by side before nothing more is claimed.
const RUNNING_MAX: usize = 256;
/// Longest pause between two looks at the queue.
const IDLE_MS: u64 = 1000;
/// Shortest pause, so that a job that is due "now" again and again cannot spin.
const BUSY_MS: u64 = 5;

/// What to do with a job after it ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It finished (or rescheduled) itself in the commit of its effect.
    Settled,
    /// It is done and left nothing to commit: take it out of the queue.
    Done,
    /// Again at this instant of the job's own clock.
    Again(Timestamp),
}

/// A claimed job with what it needs.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The row.
    pub row: JobRow,
    /// Its gateway.
    pub gateway: Arc<Gateway>,
    /// The instants that it acts at.
    pub now: Now,
}

impl Claimed {
    /// Ends the job within the commit of its effect.
    ///
    /// # Errors
    /// [`StoreError::Rollback`] if the claim was lost: then nothing of the commit may stand.
    pub fn finish(&self, tx: &mut dyn Tx) -> Result<(), StoreError> {
        if jobs::finish(tx, &self.row)? {
            Ok(())
        } else {
            Err(StoreError::Rollback)
        }
    }

    /// Gives the job a new due time within the commit of its effect.
    ///
    /// # Errors
    /// As [`Claimed::finish`].
    pub fn reschedule(&self, tx: &mut dyn Tx, due_at: Timestamp) -> Result<(), StoreError> {
        if jobs::reschedule(tx, &self.row, due_at)? {
            Ok(())
        } else {
            Err(StoreError::Rollback)
        }
    }

    /// Makes sure in a commit that precedes a call to the outside that the claim still stands.
    ///
    /// # Errors
    /// As [`Claimed::finish`].
    pub fn confirm_claim(&self, tx: &mut dyn Tx) -> Result<(), StoreError> {
        if jobs::is_mine(tx, &self.row)? {
            Ok(())
        } else {
            Err(StoreError::Rollback)
        }
    }
}

/// Wakes the runner. Several notifications before it looks count as one.
#[derive(Default)]
pub(crate) struct Wake {
    waker: AtomicWaker,
    flag: std::sync::atomic::AtomicBool,
}

impl Wake {
    pub(crate) fn notify(&self) {
        self.flag.store(true, std::sync::atomic::Ordering::Release);
        self.waker.wake();
    }

    fn wait(&self) -> impl Future<Output = ()> + '_ {
        std::future::poll_fn(move |context| {
            self.waker.register(context.waker());
            if self.flag.swap(false, std::sync::atomic::Ordering::AcqRel) {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
    }
}

impl Engine {
    /// Runs jobs until the process stops, then finishes those that run. One runner per process. Jobs run side
    /// by side, so that a long basket or a silent receiver holds up nobody else.
    pub async fn run_jobs(self) {
        if let Err(error) = self.release_leases().await {
            tracing::warn!(%error, "leases of the last run could not be released, they will run out");
        }
        let mut running = FuturesUnordered::new();
        while !self.rt().spawn.is_stopping() {
            if running.len() < RUNNING_MAX {
                for (job, domain) in self.claim_all().await {
                    running.push(self.carry_out_logged(job, domain));
                }
            }
            let pause = self.idle_for().await;
            let sleep = self.rt().sleep.sleep(pause);
            let wake = std::pin::pin!(self.inner().wake.wait());
            if running.is_empty() {
                select(wake, sleep).await;
            } else {
                select(running.next(), select(wake, sleep)).await;
            }
        }
        while running.next().await.is_some() {}
    }

    /// An embedded database has one serving process: whatever is leased at its start was leased by one that is
    /// gone. Several processes share PostgreSQL, there a lease ends by running out.
    async fn release_leases(&self) -> Result<(), StoreError> {
        match self.store().dialect() {
            Dialect::Sqlite => {
                let release = |tx: &mut dyn Tx| {
                    walks::release_all(tx)?;
                    jobs::release_all(tx)
                };
                self.store().write("jobs.released", release).await
            }
            Dialect::Postgres => Ok(()),
        }
    }

    /// Claims what is due now, of every gateway whose world no clock call is walking through.
    async fn claim_all(&self) -> Vec<(Claimed, JobDomain)> {
        let mut claimed = Vec::new();
        // World time may have moved by another process' doing.
        if let Err(error) = self.reload_gateways().await {
            tracing::warn!(%error, "gateways could not be read, no job is claimed");
            return claimed;
        }
        for gateway in self.gateways() {
            let Some(_claiming) = self.begin_claim(&gateway) else {
                continue;
            };
            let world = self.world_now(&gateway);
            for domain in [JobDomain::Wall, JobDomain::World] {
                match self.claim_due(&gateway, None, domain, world).await {
                    Ok(jobs) => claimed.extend(jobs.into_iter().map(|job| (job, domain))),
                    Err(error) => {
                        tracing::warn!(%error, gateway.name = %gateway.name, "jobs could not be claimed");
                    }
                }
            }
        }
        claimed
    }

    /// How long the runner may rest: until the next job of a running clock, one second at most.
    async fn idle_for(&self) -> Duration {
        let mut shortest = IDLE_MS;
        for gateway in self.gateways() {
            if self.is_stepping(&gateway) {
                continue;
            }
            let (gateway_id, now) = (gateway.id, self.wall_now());
            let due = self
                .store()
                .read(move |tx| {
                    if walks::is_under_way(tx, gateway_id)? {
                        return Ok((None, None));
                    }
                    Ok((
                        jobs::next_due(tx, gateway_id, JobDomain::Wall, now)?,
                        jobs::next_due(tx, gateway_id, JobDomain::World, now)?,
                    ))
                })
                .await;
            let Ok((wall_due, world_due)) = due else { continue };
            let wall = self.wall_now();
            let waits = [
                wall_due.map(|due| due.ms_since(wall).max(0)),
                world_due.and_then(|due| gateway.clock.wall_until(due, wall)),
            ];
            for wait in waits.into_iter().flatten() {
                shortest = shortest.min(u64::try_from(wait).unwrap_or(0));
            }
        }
        Duration::from_millis(shortest.max(BUSY_MS))
    }

    /// Runs, one after another, what is due in a world that stands at `at`, as [`Engine::claim_due`] gives it; wall
    /// jobs of the gateway too, because a step must leave nothing behind that it caused.
    pub(crate) async fn run_due_jobs(
        &self,
        gateway: &Arc<Gateway>,
        walk: Option<WalkRight>,
        at: Timestamp,
    ) -> Result<Ran, EngineError> {
        let mut ran = Ran::default();
        for domain in [JobDomain::World, JobDomain::Wall] {
            let claimed = self.claim_due(gateway, walk, domain, at).await;
            for job in claimed.map_err(from_store)? {
                ran.jobs += 1;
                ran.webhook_attempts += u64::from(job.row.kind == kind::DELIVER_WEBHOOK);
                self.carry_out_logged(job, domain).await;
            }
        }
        Ok(ran)
    }

    /// Claims for the walk that holds this world, or for nobody's: then nothing while one is under way.
    async fn claim_due(
        &self,
        gateway: &Arc<Gateway>,
        walk: Option<WalkRight>,
        domain: JobDomain,
        world: Timestamp,
    ) -> Result<Vec<Claimed>, StoreError> {
        let wall = self.wall_now();
        let now = match domain {
            JobDomain::Wall => wall,
            JobDomain::World => world,
        };
        let gateway_id = gateway.id;
        // A look at the queue is a read; only a due job makes it a write.
        let due = self
            .store()
            .read(move |tx| {
                if may_claim(tx, gateway_id, walk)? {
                    jobs::next_due(tx, gateway_id, domain, wall)
                } else {
                    Ok(None)
                }
            })
            .await?;
        if due.is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        let rows = self
            .store()
            .write("jobs.claimed", move |tx| {
                if !may_claim(tx, gateway_id, walk)? {
                    return Ok(Vec::new());
                }
                jobs::claim(
                    tx,
                    gateway_id,
                    domain,
                    now,
                    wall,
                    wall.plus_ms(LEASE_MS),
                    CLAIM_MAX,
                )
            })
            .await?;
        let now = Now { world, wall };
        Ok(rows
            .into_iter()
            .map(|row| Claimed {
                row,
                gateway: Arc::clone(gateway),
                now,
            })
            .collect())
    }

    async fn carry_out_logged(&self, job: Claimed, domain: JobDomain) {
        let (kind, subject, attempts) = (job.row.kind.clone(), job.row.subject, job.row.attempts);
        metrics::counter!("torana_jobs_total", "kind" => kind.clone()).increment(1);
        let result = match self.carry_out(&job).await {
            Ok(Disposition::Settled) => Ok(()),
            Ok(Disposition::Done) => self.settle(&job, None).await,
            Ok(Disposition::Again(at)) => self.settle(&job, Some(at)).await,
            Err(error) => {
                tracing::warn!(
                    job.kind = kind,
                    job.subject = subject,
                    job.attempts = attempts,
                    ?error,
                    "job failed, it will be tried again"
                );
                let clock = match domain {
                    JobDomain::Wall => self.wall_now(),
                    JobDomain::World => job.now.world,
                };
                self.settle(&job, Some(clock.plus_ms(backoff_ms(attempts)))).await
            }
        };
        if let Err(error) = result {
            tracing::warn!(job.kind = kind, job.subject = subject, %error, "job could not be settled, its lease will run out");
        }
    }

    async fn settle(&self, job: &Claimed, again: Option<Timestamp>) -> Result<(), StoreError> {
        let row = job.row.clone();
        self.store()
            .write("jobs.settled", move |tx| match again {
                Some(due_at) => jobs::reschedule(tx, &row, due_at).map(|_| ()),
                None => jobs::finish(tx, &row).map(|_| ()),
            })
            .await
    }

    /// Carries out one job.
    async fn carry_out(&self, job: &Claimed) -> Result<Disposition, EngineError> {
        match job.row.kind.as_str() {
            kind::EXPIRE_TRANSACTION => self.expire_transaction(job).await,
            kind::PLACE_BATCH => self.place_batch(job).await,
            kind::RECONCILE_BATCH => self.reconcile_batch(job).await,
            kind::FETCH_HOLDINGS => self.fetch_holdings(job).await,
            kind::REFRESH_HOLDINGS => self.refresh_holdings(job).await,
            kind::DELIVER_WEBHOOK => self.deliver_webhook(job).await,
            kind::FETCH_LOGO => self.fetch_logo(job).await,
            kind::PURGE => self.purge(job).await,
            unknown => {
                tracing::error!(
                    job.kind = unknown,
                    "unknown kind of job, probably of a newer version: left for it"
                );
                Ok(Disposition::Again(job.row.due_at.plus_ms(60_000)))
            }
        }
    }
}

/// While a walk goes through a world its jobs are the walk's alone.
fn may_claim(tx: &mut dyn Tx, gateway_id: i64, walk: Option<WalkRight>) -> Result<bool, StoreError> {
    match walk {
        Some(right) => walks::is_mine(tx, right),
        None => Ok(!walks::is_under_way(tx, gateway_id)?),
    }
}

/// 1, 2, 4, … seconds, one minute at most.
fn backoff_ms(attempts: i64) -> i64 {
    1000_i64.saturating_mul(1 << attempts.clamp(0, 6)).min(60_000)
}
