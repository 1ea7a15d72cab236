//! Look-ups by key on the calling task: where a row is in the page cache, handing the question to a thread costs
//! more than answering it.

use std::sync::{Mutex, PoisonError};

use torana_storage::{Row, StoreError, Value};

use super::Shared;
use super::session::{Purpose, Session};
use crate::closure::Engine as _;

/// Connections for look-ups.
pub(super) struct Lookups {
    shared: Shared,
    idle: Mutex<Vec<Session>>,
}

impl Lookups {
    /// Opens as many connections as there are reading threads.
    pub fn open(shared: &Shared) -> Result<Self, StoreError> {
        let idle: Result<Vec<_>, _> = (0..shared.options.readers.max(1))
            .map(|_| shared.open(Purpose::Read))
            .collect();
        Ok(Self {
            shared: shared.clone(),
            idle: Mutex::new(idle?),
        })
    }

    /// Runs the statement now; `None` if every connection is in use.
    pub fn run(&self, sql: &'static str, keys: &[Value]) -> Option<Result<Vec<Row>, StoreError>> {
        let mut session = self.idle().pop()?;
        let rows = session.query(sql, keys);
        let broken = matches!(rows, Err(StoreError::Unavailable(_)));
        if broken {
            self.shared.counters.failures.add(1);
        }
        // A connection in doubt is opened again; if that fails there is one less until the process starts again,
        // and the reading threads answer instead.
        let kept = if broken {
            drop(session);
            self.shared.open(Purpose::Read).ok()
        } else {
            Some(session)
        };
        self.idle().extend(kept);
        Some(rows)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
