//! Named tasks that are joined at shutdown; a panic in one is logged and ends only that one.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::JoinSet;
use torana_runtime::{BoxFuture, Spawn};

use crate::rim::stop::Stop;

/// All tasks of a process.
#[derive(Clone)]
pub struct Tasks {
    running: Arc<Mutex<JoinSet<()>>>,
    stop: Stop,
}

impl Tasks {
    /// No tasks yet.
    #[must_use]
    pub fn new(stop: Stop) -> Self {
        Self {
            running: Arc::default(),
            stop,
        }
    }

    fn lock(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until every task has ended, those included that are started meanwhile. Whatever still runs
    /// after `grace` is dropped at its next await; the result is the number of those.
    pub async fn join(&self, grace: Duration) -> usize {
        let deadline = tokio::time::Instant::now() + grace;
        loop {
            let mut running = std::mem::take(&mut *self.lock());
            if running.is_empty() {
                return 0;
            }
            loop {
                match tokio::time::timeout_at(deadline, running.join_next()).await {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(_) => return running.len(),
                }
            }
        }
    }
}

impl Spawn for Tasks {
    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>) {
        let guarded = async move {
            // The panic hook has logged message and place; here the log learns which task it was.
            if AssertUnwindSafe(task).catch_unwind().await.is_err() {
                metrics::counter!("torana_task_panics_total", "task" => name).increment(1);
                tracing::error!(task.name = name, "task ended by a panic");
            }
        };
        let mut running = self.lock();
        while running.try_join_next().is_some() {}
        running.spawn(guarded);
    }

    fn is_stopping(&self) -> bool {
        self.stop.is_set()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rim::stop::stop_signal;

    #[tokio::test]
    async fn join_waits_for_tasks_of_tasks_and_survives_panics() {
        let (_trigger, stop) = stop_signal();
        let tasks = Tasks::new(stop);
        let done = Arc::new(Mutex::new(0));
        let (inner_tasks, inner_done) = (tasks.clone(), done.clone());
        tasks.spawn("panics", Box::pin(async { panic!("expected in this test") }));
        tasks.spawn(
            "outer",
            Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let again = inner_done.clone();
                inner_tasks.spawn("inner", Box::pin(async move { *again.lock().unwrap() += 1 }));
                *inner_done.lock().unwrap() += 1;
            }),
        );
        assert_eq!(tasks.join(Duration::from_secs(5)).await, 0);
        assert_eq!(*done.lock().unwrap(), 2);
    }

    #[tokio::test]
    async fn grace_ends_what_hangs() {
        let (trigger, stop) = stop_signal();
        let tasks = Tasks::new(stop);
        tasks.spawn("hangs", Box::pin(std::future::pending()));
        assert!(!tasks.is_stopping());
        trigger.stop();
        assert!(tasks.is_stopping());
        assert_eq!(tasks.join(Duration::from_millis(30)).await, 1);
    }
}
