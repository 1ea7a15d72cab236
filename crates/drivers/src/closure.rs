//! Running one closure against an engine: its limits, its first failure, its panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use torana_runtime::BoxFuture;
use torana_storage::store::{AnyClosure, AnyResult};
use torana_storage::{Dialect, Row, StoreError, Tx, Value};

use crate::queue::{Queue, Refused};

/// Most statements one closure may run.
pub(crate) const CLOSURE_STATEMENTS_MAX: u32 = 20_000;
/// Longest time one closure may take between its first and its last statement.
pub(crate) const CLOSURE_TIME_MAX: Duration = Duration::from_secs(10);

/// What an engine does for a closure; errors are already ours.
pub(crate) trait Engine {
    fn execute(&mut self, sql: &'static str, params: &[Value]) -> Result<u64, StoreError>;
    fn query(&mut self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, StoreError>;
    fn prepare(&mut self, sql: &'static str) -> Result<(), StoreError>;
    fn execute_script(&mut self, sql: &str) -> Result<(), StoreError>;
    fn dialect(&self) -> Dialect;
}

/// How a closure ended.
pub(crate) struct Outcome {
    /// What the caller is told if the transaction commits.
    pub result: AnyResult,
    /// The first statement that failed, whatever the closure made of it. A driver decides by this, not by
    /// `result`, whether to run the closure again or to give up the connection.
    pub failure: Option<StoreError>,
}

/// Runs the closure once. The caller rolls back when `result` is an error.
pub(crate) fn run(engine: &mut dyn Engine, name: &'static str, closure: &AnyClosure) -> Outcome {
    let mut tx = LimitedTx {
        engine,
        statements: 0,
        started: Instant::now(),
        failure: None,
    };
    // Nothing of a closure that panicked is used afterwards: its transaction is rolled back.
    let result = catch_unwind(AssertUnwindSafe(|| closure(&mut tx)));
    let failure = tx.failure;
    let result = match (result, &failure) {
        (Err(_panic), _) => Err(StoreError::Statement(format!("closure {name} panicked"))),
        (Ok(Ok(_)), Some(error)) => Err(error.clone()),
        (Ok(result), _) => result,
    };
    Outcome { result, failure }
}

/// The transaction as the closure sees it.
struct LimitedTx<'a> {
    engine: &'a mut dyn Engine,
    statements: u32,
    started: Instant,
    failure: Option<StoreError>,
}

impl LimitedTx<'_> {
    fn guard<R>(
        &mut self,
        run: impl FnOnce(&mut dyn Engine) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        if let Some(error) = &self.failure {
            return Err(error.clone());
        }
        self.statements += 1;
        let result = if self.statements > CLOSURE_STATEMENTS_MAX {
            Err(StoreError::Statement(format!(
                "a closure may run {CLOSURE_STATEMENTS_MAX} statements"
            )))
        } else if self.started.elapsed() > CLOSURE_TIME_MAX {
            let seconds = CLOSURE_TIME_MAX.as_secs();
            Err(StoreError::Statement(format!(
                "a closure may take {seconds} seconds"
            )))
        } else {
            run(self.engine)
        };
        if let Err(error) = &result {
            self.failure = Some(error.clone());
        }
        result
    }
}

impl Tx for LimitedTx<'_> {
    fn execute(&mut self, sql: &'static str, params: &[Value]) -> Result<u64, StoreError> {
        self.guard(|engine| engine.execute(sql, params))
    }

    fn query(&mut self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.guard(|engine| engine.query(sql, params))
    }

    fn prepare(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.guard(|engine| engine.prepare(sql))
    }

    fn execute_script(&mut self, sql: &str) -> Result<(), StoreError> {
        let result = self.guard(|engine| engine.execute_script(sql));
        self.started = Instant::now();
        result
    }

    fn dialect(&self) -> Dialect {
        self.engine.dialect()
    }
}

/// A closure on its way to a thread.
pub(crate) struct Job {
    pub name: &'static str,
    pub closure: AnyClosure,
    pub isolation: Isolation,
    answer: oneshot::Sender<AnyResult>,
}

/// What a write asks of the engine; only PostgreSQL makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isolation {
    Serializable,
    ReadCommitted,
}

impl Job {
    /// Answers the caller; one who has gone away is no error.
    pub fn answer(self, result: AnyResult) {
        let _ = self.answer.send(result);
    }
}

/// Puts a closure into a queue at once; the future only waits for the answer.
pub(crate) fn submit(
    queue: &Queue<Job>,
    name: &'static str,
    isolation: Isolation,
    closure: AnyClosure,
) -> BoxFuture<'static, AnyResult> {
    let (answer, receiver) = oneshot::channel();
    let pushed = queue.push(Job {
        name,
        closure,
        isolation,
        answer,
    });
    answered(pushed, receiver)
}

/// Waits for the answer to what was put into a queue.
pub(crate) fn answered<T: Send + 'static>(
    pushed: Result<(), Refused>,
    receiver: oneshot::Receiver<Result<T, StoreError>>,
) -> BoxFuture<'static, Result<T, StoreError>> {
    Box::pin(async move {
        match pushed {
            Err(Refused::Full) => Err(StoreError::Unavailable(
                "too many operations are waiting".to_owned(),
            )),
            Err(Refused::Closed) => Err(closing()),
            Ok(()) => receiver.await.unwrap_or_else(|_| Err(closing())),
        }
    })
}

fn closing() -> StoreError {
    StoreError::Unavailable("the database is being closed".to_owned())
}
