//! A reading thread.

use std::collections::VecDeque;

use torana_storage::StoreError;

use super::Shared;
use super::session::{Purpose, Session};
use crate::closure::{Job, run as run_closure};
use crate::queue::{CloseOnExit, Queue};

/// Closures that share one snapshot at most. All of them were submitted before it is taken, so each sees what
/// was committed before it was submitted.
const SNAPSHOT_CLOSURES_MAX: usize = 16;

/// Ends when the queue is closed and empty.
pub(super) fn run(shared: &Shared, session: Session, jobs: &Queue<Job>) {
    let _exit = CloseOnExit(jobs);
    let mut session = Some(session);
    loop {
        let mut share: VecDeque<Job> = jobs
            .pop_share(SNAPSHOT_CLOSURES_MAX, shared.options.readers)
            .into();
        if share.is_empty() {
            return;
        }
        while !share.is_empty() {
            session = read_share(shared, session, &mut share);
        }
    }
}

/// Answers closures until the share is empty or the connection had to be given up. Always answers at least one.
fn read_share(shared: &Shared, session: Option<Session>, share: &mut VecDeque<Job>) -> Option<Session> {
    let opened = match session {
        Some(session) => Ok(session),
        None => shared.open(Purpose::Read),
    };
    let begun = opened.and_then(|mut session| session.begin_read().map(|()| session));
    let mut session = match begun {
        Ok(session) => session,
        Err(error) => {
            fail_first(shared, share, &error);
            return None;
        }
    };
    while let Some(job) = share.pop_front() {
        let outcome = run_closure(&mut session, job.name, &job.closure);
        let broken = matches!(outcome.failure, Some(StoreError::Unavailable(_)));
        job.answer(outcome.result);
        if broken {
            shared.counters.failures.add(1);
            return None;
        }
    }
    match session.commit() {
        Ok(()) => Some(session),
        Err(error) => {
            tracing::warn!(
                error = error.to_string(),
                "a read transaction did not end; connection opened again"
            );
            None
        }
    }
}

fn fail_first(shared: &Shared, share: &mut VecDeque<Job>, error: &StoreError) {
    shared.counters.failures.add(1);
    tracing::error!(error = error.to_string(), "read connection lost");
    if let Some(job) = share.pop_front() {
        job.answer(Err(StoreError::Unavailable(error.to_string())));
    }
}
