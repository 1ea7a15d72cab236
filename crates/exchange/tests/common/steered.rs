//! A database whose writes a test holds up, lets fail, and counts.

use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use torana_runtime::BoxFuture;
use torana_storage::store::{AnyClosure, AnyResult};
use torana_storage::{Dialect, Driver, Store, StoreError};

/// What happens to writes of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// They happen.
    Works,
    /// They wait before anything reaches the database.
    Waits,
    /// They fail before they happened.
    FailsBefore,
    /// They happen, and nobody learns it.
    FailsAfter,
}

/// The store, and the hand on it.
pub struct Steered {
    pub store: Store,
    fate: watch::Sender<Fate>,
    begun: Arc<Mutex<Vec<&'static str>>>,
}

impl Steered {
    /// Steers the writes of that name.
    pub fn new(inner: Store, name: &'static str) -> Self {
        let (fate, wanted) = watch::channel(Fate::Works);
        let begun = Arc::default();
        let driver = Steering {
            inner,
            name,
            fate: wanted,
            begun: Arc::clone(&begun),
        };
        Self {
            store: Store::new(Arc::new(driver)),
            fate,
            begun,
        }
    }

    pub fn set(&self, fate: Fate) {
        self.fate.send_replace(fate);
    }

    /// Writes of a name that were begun so far.
    pub fn count(&self, name: &str) -> usize {
        self.begun
            .lock()
            .unwrap()
            .iter()
            .filter(|begun| **begun == name)
            .count()
    }

    /// Waits until so many writes of a name were begun.
    pub async fn reached(&self, name: &str, count: usize) {
        while self.count(name) < count {
            tokio::task::yield_now().await;
        }
    }
}

struct Steering {
    inner: Store,
    name: &'static str,
    fate: watch::Receiver<Fate>,
    begun: Arc<Mutex<Vec<&'static str>>>,
}

impl Driver for Steering {
    fn write(&self, name: &'static str, closure: AnyClosure) -> BoxFuture<'static, AnyResult> {
        let (store, mut fate, is_steered) = (self.inner.clone(), self.fate.clone(), name == self.name);
        self.begun.lock().unwrap().push(name);
        Box::pin(async move {
            let failure = || StoreError::Unavailable("disk full".to_owned());
            let fate = if is_steered {
                *fate
                    .wait_for(|fate| *fate != Fate::Waits)
                    .await
                    .map_err(|_| failure())?
            } else {
                Fate::Works
            };
            if fate == Fate::FailsBefore {
                return Err(failure());
            }
            let result = store.write(name, move |tx| closure(tx)).await;
            if fate == Fate::FailsAfter {
                return Err(failure());
            }
            result
        })
    }

    fn read(&self, closure: AnyClosure) -> BoxFuture<'static, AnyResult> {
        let store = self.inner.clone();
        Box::pin(async move { store.read(move |tx| closure(tx)).await })
    }

    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }
}
