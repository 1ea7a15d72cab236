//! The writer: many closures, one commit.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use torana_storage::StoreError;
use torana_storage::store::AnyResult;

use super::Shared;
use super::session::{Purpose, Session};
use crate::closure::{Job, run};
use crate::queue::{CloseOnExit, Queue};

/// Log length in pages of 4 KiB from which the checkpoint thread is woken after a commit.
const LOG_PAGES_WAKE: i32 = 1_000;
/// Log length from which the writer lends a hand: under steady writes the thread beside it never reaches the
/// end of the log, and only a log that was emptied to its end starts again from the front.
const LOG_PAGES_HELP: i32 = 16_384;
/// How much further the log may grow before the writer tries again, if a long read holds it up.
const LOG_PAGES_HELP_STEP: i32 = 4_096;
/// A closure slower than this is worth a line in the log.
const SLOW_CLOSURE: Duration = Duration::from_millis(100);

pub(super) struct Writer {
    shared: Shared,
    session: Option<Session>,
    jobs: Arc<Queue<Job>>,
    checkpoints: Arc<Queue<()>>,
    help_at_pages: i32,
}

/// A closure that ran; its answer waits for the commit.
struct Ran {
    job: Job,
    result: AnyResult,
}

impl Writer {
    pub fn new(shared: Shared, session: Session, jobs: Arc<Queue<Job>>, checkpoints: Arc<Queue<()>>) -> Self {
        Self {
            shared,
            session: Some(session),
            jobs,
            checkpoints,
            help_at_pages: LOG_PAGES_HELP,
        }
    }

    /// Ends when the queue is closed and empty.
    pub fn run(mut self) {
        let jobs = Arc::clone(&self.jobs);
        let _exit = CloseOnExit(&*jobs);
        while let Some(first) = jobs.pop() {
            self.run_batch(first);
        }
    }

    /// Opens the connection again if the last batch gave it up.
    fn session(&mut self) -> Result<&mut Session, StoreError> {
        let session = match self.session.take() {
            Some(session) => session,
            None => self.shared.open(Purpose::Write)?,
        };
        Ok(self.session.insert(session))
    }

    fn run_batch(&mut self, first: Job) {
        let begun = self.session().and_then(Session::begin_write);
        if let Err(error) = begun {
            self.give_up(vec![first], &error);
            return;
        }
        let mut ran = Vec::new();
        let done = self
            .run_closures(first, &mut ran)
            .and_then(|()| self.session()?.commit());
        self.shared.counters.closures.add(ran.len() as u64);
        match done {
            Ok(()) => {
                self.shared.counters.commits.add(1);
                for Ran { job, result } in ran {
                    job.answer(result);
                }
                self.tend_log();
            }
            // Also a closure's own error is withdrawn: it may rest on what its neighbours wrote.
            Err(error) => self.give_up(ran.into_iter().map(|ran| ran.job).collect(), &error),
        }
    }

    /// Runs the first closure and then whatever waits, until the batch is full. An error means that the whole
    /// batch is lost.
    fn run_closures(&mut self, first: Job, ran: &mut Vec<Ran>) -> Result<(), StoreError> {
        let (closures_max, work_max) = (
            self.shared.options.batch_closures_max,
            self.shared.options.batch_work_max,
        );
        let started = Instant::now();
        let mut next = Some(first);
        while let Some(job) = next {
            let begun = started.elapsed();
            let (result, broken) = run_in_savepoint(self.session()?, &job);
            let spent = started.elapsed().saturating_sub(begun);
            if spent > SLOW_CLOSURE {
                tracing::warn!(
                    closure.name = job.name,
                    elapsed_ms = spent.as_millis(),
                    "slow write closure"
                );
            }
            ran.push(Ran { job, result });
            broken?;
            next = if ran.len() < closures_max && started.elapsed() < work_max {
                self.jobs.try_pop()
            } else {
                None
            };
        }
        Ok(())
    }

    /// Nothing of the batch is known to be kept: all its callers are told so, and the connection, whose state
    /// is in doubt, is opened again.
    fn give_up(&mut self, jobs: Vec<Job>, error: &StoreError) {
        self.shared.counters.failures.add(1);
        self.session = None;
        let text = error.to_string();
        tracing::error!(error = text, batch.closures = jobs.len(), "write batch lost");
        for job in jobs {
            job.answer(Err(unavailable(error)));
        }
    }

    fn tend_log(&mut self) {
        let Some(session) = &mut self.session else { return };
        let pages = session.log_pages();
        if pages < LOG_PAGES_HELP {
            self.help_at_pages = LOG_PAGES_HELP;
        }
        if pages >= self.help_at_pages {
            self.help_at_pages = pages.saturating_add(LOG_PAGES_HELP_STEP);
            // Held up by the checkpoint that runs beside us: the disk is slower than the writes that come in.
            let _alone = self
                .shared
                .checkpointing
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = session.checkpoint_and_restart_log(self.shared.options.busy_timeout) {
                tracing::warn!(error = error.to_string(), "checkpoint by the writer failed");
            }
        } else if pages >= LOG_PAGES_WAKE {
            // Full means that it is already awake.
            let _ = self.checkpoints.push(());
        }
    }
}

/// Runs one closure between its neighbours; its own failure undoes only itself. The second value is the
/// trouble that costs the whole batch.
fn run_in_savepoint(session: &mut Session, job: &Job) -> (AnyResult, Result<(), StoreError>) {
    if let Err(error) = session.savepoint() {
        return (Err(unavailable(&error)), Err(error));
    }
    let outcome = run(session, job.name, &job.closure);
    let broken = match (&outcome.failure, &outcome.result) {
        (Some(error @ StoreError::Unavailable(_)), _) => Err(error.clone()),
        (_, Ok(_)) => session.release(),
        (_, Err(_)) => session.rollback_to_savepoint(),
    };
    (outcome.result, broken)
}

fn unavailable(error: &StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(text) => StoreError::Unavailable(text.clone()),
        other => StoreError::Unavailable(other.to_string()),
    }
}

/// Empties the log beside the writer, whose commits then never have to.
pub(super) fn run_checkpoints(shared: &Shared, session: &mut Session, wakes: &Queue<()>) {
    while wakes.pop().is_some() {
        let _alone = shared
            .checkpointing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = session.checkpoint() {
            tracing::warn!(error = error.to_string(), "checkpoint failed");
        }
    }
}
