//! SQLite on the calling task, for the simulator and for tests that need no thread.

use std::sync::{Arc, Mutex, PoisonError};

use torana_runtime::BoxFuture;
use torana_storage::store::{AnyClosure, AnyResult};
use torana_storage::{Dialect, Driver, StoreError};

use super::session::Session;
use crate::closure::run;

/// A database in memory whose closures run while the future is polled: no thread, no clock in any decision,
/// so that a one-thread executor sees the same thing in every run.
pub struct InlineDriver(Arc<Mutex<Session>>);

impl InlineDriver {
    /// Makes an empty database.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if SQLite cannot start.
    pub fn open_in_memory() -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Mutex::new(Session::open_in_memory()?))))
    }

    fn run(
        &self,
        name: &'static str,
        closure: AnyClosure,
        query_only: bool,
    ) -> BoxFuture<'static, AnyResult> {
        let session = Arc::clone(&self.0);
        Box::pin(async move {
            let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
            session.set_query_only(query_only)?;
            session.begin_read()?;
            let outcome = run(&mut *session, name, &closure);
            let ended = if outcome.result.is_ok() {
                session.commit()
            } else {
                session.rollback()
            };
            if let Err(error) = ended {
                session.rollback()?;
                return Err(error);
            }
            outcome.result
        })
    }
}

impl Driver for InlineDriver {
    fn write(&self, name: &'static str, closure: AnyClosure) -> BoxFuture<'static, AnyResult> {
        self.run(name, closure, false)
    }

    fn read(&self, closure: AnyClosure) -> BoxFuture<'static, AnyResult> {
        self.run("read", closure, true)
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }
}
