//! The exchange inside the process: the core's worlds, kept in a database of their own.
//!
//! A world's state lives in the memory of the one process that owns it and follows its log. The commands of one
//! world are carried out by one task, [`worker`]: those that arrive together share a commit, and their answers
//! leave after it. Another process that wants something of the world puts it to the owner through a table and
//! waits; when the owner's lease has run out it takes the world over. What makes this safe is not the lease but
//! the owner's token: an append with an older one is refused.

mod batch;
mod handover;
mod log;
mod worker;
mod world;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_channel::oneshot;
use torana_domain::time::Timestamp;
use torana_runtime::{BoxFuture, Rt, Stream, random_bytes};
use torana_storage::Store;

use crate::core::{Answer, Command, is_too_far};
use crate::feed::MarketFeed;
use crate::market::Market;
use crate::port::{Port, PortError};
use worker::Worker;
use world::{Ask, Offered, World};

/// Most worlds that are kept in memory; those not in use are read again when needed.
const WORLDS_MAX: usize = 256;

/// Whether other processes serve the same worlds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// No other process does: every world is this one's to take, at once. A process that is there all the same
    /// is fenced off.
    Alone,
    /// Others may: a world that one of them owns stays theirs until its lease has run out.
    Shared,
}

/// What an embedded exchange is made of.
pub struct ExchangeParts {
    /// Tasks, waiting, randomness.
    pub rt: Rt,
    /// A database that is migrated to [`torana_storage::exchange::MIGRATIONS`].
    pub store: Store,
    /// Calendar and securities.
    pub market: MarketFeed,
    /// Seed of worlds that begin without being asked for one; without it each world draws its own.
    pub default_seed: Option<u64>,
    /// Whether other processes serve the same worlds.
    pub ownership: Ownership,
}

/// An exchange over a database.
#[derive(Clone)]
pub struct EmbeddedExchange(Arc<Inner>);

struct Inner {
    parts: ExchangeParts,
    worlds: Mutex<BTreeMap<String, Arc<World>>>,
}

impl EmbeddedExchange {
    /// Puts an exchange together.
    #[must_use]
    pub fn new(parts: ExchangeParts) -> Self {
        let worlds = Mutex::new(BTreeMap::new());
        Self(Arc::new(Inner { parts, worlds }))
    }
}

impl Port for EmbeddedExchange {
    fn execute(
        &self,
        world: &str,
        at: Timestamp,
        command: Command,
    ) -> BoxFuture<'static, Result<Answer, PortError>> {
        let (inner, name) = (Arc::clone(&self.0), world.to_owned());
        Box::pin(async move {
            let world = inner.world(&name);
            let (sender, answer) = oneshot::channel();
            match world.offer(Ask { at, command, sender }) {
                Offered::Full => {
                    return Err(PortError::NotDone(format!(
                        "too many commands wait for world {name}"
                    )));
                }
                Offered::Joined => {}
                Offered::First => {
                    let worker = Worker::new(Arc::clone(&inner), world);
                    inner
                        .parts
                        .rt
                        .spawn
                        .spawn("exchange.world", Box::pin(worker.run()));
                }
            }
            answer
                .await
                .unwrap_or_else(|_| Err(PortError::Unavailable("the exchange stopped".to_owned())))
        })
    }
}

impl Inner {
    /// The market of a world that stands at `at`, by the data that are in force now.
    fn market_at(&self, at: Timestamp) -> Market {
        Market::at(&self.parts.market.current(), at)
    }

    /// The market of a world that stands at `now` and goes to `at`, and how far it is right: lists serve the days
    /// that are theirs, however far one call goes.
    fn market_until(&self, now: Timestamp, at: Timestamp) -> (Market, Timestamp) {
        let data = self.parts.market.current();
        let next = data.next_list(now).filter(|_| !is_too_far(now, at));
        (Market::at(&data, now), next.map_or(at, |next| next.min(at)))
    }

    fn world(&self, name: &str) -> Arc<World> {
        let mut worlds = self.worlds.lock().unwrap_or_else(PoisonError::into_inner);
        if worlds.len() >= WORLDS_MAX && !worlds.contains_key(name) {
            worlds.retain(|_, world| Arc::strong_count(world) > 1);
        }
        let world = worlds
            .entry(name.to_owned())
            .or_insert_with(|| Arc::new(World::new(name)));
        Arc::clone(world)
    }

    /// A seed that every JSON reader can hold: at most 53 bits.
    fn seed(&self) -> u64 {
        let drawn = || u64::from_be_bytes(self.draw()) >> 11;
        self.parts.default_seed.unwrap_or_else(drawn)
    }

    fn draw<const N: usize>(&self) -> [u8; N] {
        random_bytes(self.parts.rt.entropy.as_ref(), Stream::Secrets)
    }
}
