//! The threads, each with a connection of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use postgres::Config;
use torana_storage::StoreError;

use super::PostgresOptions;
use super::connection::{Connection, Ended, Together};
use super::fetch::{FETCHES_MAX, Fetch, groups};
use crate::closure::{Isolation, Job};
use crate::queue::{CloseOnExit, Queue};
use crate::stats::Counters;

/// How often one closure is run before a conflict leaves the driver.
const ATTEMPTS_MAX: u32 = 60;
/// From this attempt on, closures of this process that lost to others run one at a time: then only a first
/// attempt can still be in the way, and everybody gets through.
const SLOW_LANE_FROM_ATTEMPT: u32 = 3;
/// Wait before the second attempt; it doubles up to [`BACKOFF_MAX`]. Threads differ by their index, so that
/// two that collided do not collide again in step.
const BACKOFF_MIN: Duration = Duration::from_micros(200);
const BACKOFF_MAX: Duration = Duration::from_millis(20);
/// How often a closure is run again on a new connection after the old one broke before COMMIT.
const RECONNECTS_MAX: u32 = 2;
/// Reading closures that share one snapshot at most. All of them were submitted before it is taken, so each
/// sees what was committed before it was submitted.
const SNAPSHOT_CLOSURES_MAX: usize = 16;
/// Writing closures that share one commit at most.
const COMMIT_CLOSURES_MAX: usize = 32;

/// What all threads of one driver share.
#[derive(Clone)]
pub(super) struct Shared {
    pub config: Arc<Config>,
    pub options: PostgresOptions,
    pub counters: Arc<Counters>,
    pub slow_lane: Arc<Mutex<()>>,
}

pub(super) struct Worker {
    shared: Shared,
    index: u32,
    connection: Option<Connection>,
}

impl Worker {
    pub fn new(shared: Shared, index: u32) -> Self {
        Self {
            shared,
            index,
            connection: None,
        }
    }

    /// Ends when the queue is closed and empty.
    pub fn run_writes(mut self, jobs: &Queue<Job>) {
        let _exit = CloseOnExit(jobs);
        loop {
            let share = jobs.pop_share(COMMIT_CLOSURES_MAX, self.shared.options.writers);
            if share.is_empty() {
                return;
            }
            // A claim runs at another level of isolation, on its own.
            let (shared, apart): (Vec<Job>, Vec<Job>) = share
                .into_iter()
                .partition(|job| job.isolation == Isolation::Serializable);
            self.write_share(shared);
            apart.into_iter().for_each(|job| self.write(job));
        }
    }

    /// Ends when the queue is closed and empty.
    pub fn run_fetches(mut self, fetches: &Queue<Fetch>) {
        let _exit = CloseOnExit(fetches);
        loop {
            let share = fetches.pop_share(FETCHES_MAX, self.shared.options.fetchers);
            if share.is_empty() {
                return;
            }
            for group in groups(share) {
                self.fetch(group);
            }
        }
    }

    /// Ends when the queue is closed and empty.
    pub fn run_reads(mut self, jobs: &Queue<Job>) {
        let _exit = CloseOnExit(jobs);
        loop {
            let share = jobs.pop_share(SNAPSHOT_CLOSURES_MAX, self.shared.options.readers);
            if share.is_empty() {
                return;
            }
            self.read(share);
        }
    }

    /// The connection, made anew if it was lost.
    fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        let alive = self
            .connection
            .take()
            .filter(|connection| !connection.is_closed());
        let connection = match alive {
            Some(connection) => connection,
            None => Connection::open(&self.shared.config, self.shared.options.schema.as_deref())?,
        };
        Ok(self.connection.insert(connection))
    }

    /// Commits closures that came together with one commit, so that they share its round trips; where one of
    /// them fails or collides each gets a transaction of its own.
    fn write_share(&mut self, mut share: Vec<Job>) {
        if share.len() > 1
            && let Ok(connection) = self.connection()
        {
            match connection.write_together(&share) {
                Together::Done(results) => {
                    self.shared.counters.closures.add(results.len() as u64);
                    self.shared.counters.commits.add(1);
                    for (job, result) in share.into_iter().zip(results) {
                        job.answer(result);
                    }
                    return;
                }
                Together::Apart => {}
                Together::LostDuring(error) => {
                    for job in share.drain(..) {
                        self.lost(job.name, &error);
                        job.answer(Err(unavailable(&error)));
                    }
                }
            }
        }
        for job in share {
            self.write(job);
        }
    }

    /// Answers look-ups of one shape. Asking again is harmless, so a lost connection is made anew.
    fn fetch(&mut self, group: Vec<Fetch>) {
        let mut reconnects = 0;
        let failure = loop {
            let connected = self.connection();
            let found = match connected {
                Ok(connection) => connection.fetch(&group),
                Err(error) => break error,
            };
            match found {
                Ok(found) => {
                    for (fetch, rows) in group.into_iter().zip(found) {
                        fetch.answer(Ok(rows));
                    }
                    return;
                }
                Err(meaning) if !meaning.connection_lost => break meaning.error,
                Err(meaning) => {
                    self.connection = None;
                    reconnects += 1;
                    if reconnects > RECONNECTS_MAX {
                        break meaning.error;
                    }
                }
            }
        };
        let failure = match failure {
            StoreError::Statement(_) | StoreError::Inconsistent { .. } => failure,
            other => {
                self.lost("fetch", &other);
                unavailable(&other)
            }
        };
        for fetch in group {
            fetch.answer(Err(failure.clone()));
        }
    }

    fn write(&mut self, job: Job) {
        let slow_lane = Arc::clone(&self.shared.slow_lane);
        let mut lane = None;
        let (mut attempt, mut reconnects) = (1, 0);
        loop {
            let ended = match self.connection() {
                Ok(connection) => connection.write(&job),
                Err(error) => Ended::LostDuring(error),
            };
            self.shared.counters.closures.add(1);
            match ended {
                Ended::Done(outcome) => {
                    self.shared
                        .counters
                        .commits
                        .add(u64::from(outcome.result.is_ok()));
                    return job.answer(outcome.result);
                }
                Ended::Conflict if attempt < ATTEMPTS_MAX => {
                    self.shared.counters.conflicts.add(1);
                    attempt += 1;
                    thread::sleep(backoff(attempt, self.index));
                    if attempt >= SLOW_LANE_FROM_ATTEMPT && lane.is_none() {
                        lane = Some(slow_lane.lock().unwrap_or_else(PoisonError::into_inner));
                    }
                }
                Ended::Conflict => {
                    tracing::warn!(
                        closure.name = job.name,
                        attempts = ATTEMPTS_MAX,
                        "conflicts did not end"
                    );
                    return job.answer(Err(StoreError::Conflict));
                }
                Ended::LostBefore(_) if reconnects < RECONNECTS_MAX => {
                    reconnects += 1;
                    self.connection = None;
                }
                Ended::LostBefore(error) | Ended::LostDuring(error) => {
                    self.lost(job.name, &error);
                    return job.answer(Err(unavailable(&error)));
                }
            }
        }
    }

    fn lost(&mut self, name: &'static str, error: &StoreError) {
        self.connection = None;
        self.shared.counters.failures.add(1);
        tracing::error!(
            closure.name = name,
            error = error.to_string(),
            "database connection lost"
        );
    }

    fn read(&mut self, mut share: Vec<Job>) {
        let mut reconnects = 0;
        while !share.is_empty() {
            let (mut outcomes, alive) = match self.connection() {
                Ok(connection) => connection.read(&share),
                Err(error) => {
                    self.lost("read", &error);
                    return share
                        .into_iter()
                        .for_each(|job| job.answer(Err(unavailable(&error))));
                }
            };
            if !alive {
                self.connection = None;
                let failed = outcomes.last().is_some_and(|outcome| outcome.failure.is_some());
                if failed && reconnects < RECONNECTS_MAX {
                    // Reading again is harmless: the closure that met the loss stays in the share.
                    reconnects += 1;
                    outcomes.pop();
                }
            }
            let rest = share.split_off(outcomes.len());
            for (job, outcome) in share.into_iter().zip(outcomes) {
                job.answer(outcome.result);
            }
            share = rest;
        }
    }
}

fn backoff(attempt: u32, index: u32) -> Duration {
    let doubled = BACKOFF_MIN.saturating_mul(1 << attempt.saturating_sub(2).min(10));
    doubled.min(BACKOFF_MAX) + BACKOFF_MIN.saturating_mul(index) / 4
}

fn unavailable(error: &StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(text) => StoreError::Unavailable(text.clone()),
        other => StoreError::Unavailable(other.to_string()),
    }
}
