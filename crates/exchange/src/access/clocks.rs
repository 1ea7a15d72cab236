//! World time for who serves worlds without knowing their gateways.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use torana_clock::world::ClockState;
use torana_domain::time::Timestamp;
use torana_runtime::Wall;
use torana_storage::exchange::clocks;
use torana_storage::{Store, StoreError};

/// Where the present of a world comes from.
pub trait WorldTime: Send + Sync {
    /// World time; `None` for a world that is not served now.
    fn now(&self, world: &str) -> Option<Timestamp>;
}

/// The clocks that gateways told an exchange which is a process of its own. Clones share them.
#[derive(Clone)]
pub struct ToldClocks(Arc<Inner>);

struct Inner {
    store: Store,
    wall: Arc<dyn Wall>,
    known: RwLock<BTreeMap<String, ClockState>>,
}

impl ToldClocks {
    /// The clocks in `store`; call [`Self::read`] before asking.
    #[must_use]
    pub fn new(store: Store, wall: Arc<dyn Wall>) -> Self {
        let known = RwLock::new(BTreeMap::new());
        Self(Arc::new(Inner { store, wall, known }))
    }

    /// Reads what is stored. A clock that cannot be read is left out: its world is told again by its gateway.
    ///
    /// # Errors
    /// The database's.
    pub async fn read(&self) -> Result<(), StoreError> {
        for (world, body) in self.0.store.read(clocks::list).await? {
            match serde_json::from_str(&body) {
                Ok(clock) => self.learn(world, clock),
                Err(error) => tracing::error!(world.name = %world, %error, "stored clock cannot be read"),
            }
        }
        Ok(())
    }

    /// Stores the clock of a world and goes by it from now on, unless a newer one is known.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep(&self, world: &str, clock: ClockState) -> Result<(), StoreError> {
        let body = serde_json::to_string(&clock).map_err(|error| StoreError::Statement(error.to_string()))?;
        let (name, version) = (world.to_owned(), clock.version);
        self.0
            .store
            .write("access.clock_kept", move |tx| {
                clocks::put(tx, &name, version, &body)
            })
            .await?;
        self.learn(world.to_owned(), clock);
        Ok(())
    }

    fn learn(&self, world: String, clock: ClockState) {
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        let entry = known.entry(world).or_insert(clock);
        if entry.version < clock.version {
            *entry = clock;
        }
    }
}

impl WorldTime for ToldClocks {
    fn now(&self, world: &str) -> Option<Timestamp> {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(world).map(|clock| clock.world_now(self.0.wall.now()))
    }
}
