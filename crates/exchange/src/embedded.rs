//! The exchange inside the process: the core's worlds, kept in a database of their own.
//!
//! A world's state lives in memory and follows its log. Before each command the log is asked for events that
//! another process wrote; after it the new ones are appended, but only if the log still ends where the state
//! ends. Otherwise the state is brought up to date and the command applied again, so that any number of
//! processes may serve one world.

mod log;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::lock::Mutex as AsyncMutex;
use torana_domain::time::Timestamp;
use torana_runtime::{BoxFuture, Entropy, Stream, random_bytes};
use torana_storage::Store;

use crate::core::{self, Answer, Command, Event, Reply, State};
use crate::market::Market;
use crate::port::{Port, PortError};
use log::{Appended, Loaded};

/// Most times that a command is applied again because another process was faster.
const CONFLICTS_MAX: u32 = 16;
/// Most worlds that are kept in memory; those not in use are read again when needed.
const WORLDS_MAX: usize = 256;
/// Most events of one commit, and a few more: a long jump is stored in parts.
const EVENTS_PER_COMMIT_MAX: usize = 5_000;

/// One world in memory; `None` if its state has to be read.
type Slot = Arc<AsyncMutex<Option<Loaded>>>;

/// An exchange over a database that is migrated to [`torana_storage::exchange::MIGRATIONS`].
#[derive(Clone)]
pub struct EmbeddedExchange(Arc<Inner>);

struct Inner {
    store: Store,
    market: Market,
    entropy: Arc<dyn Entropy>,
    default_seed: Option<u64>,
    worlds: Mutex<BTreeMap<String, Slot>>,
}

impl EmbeddedExchange {
    /// `default_seed` is the seed of worlds that begin without being asked for one; without it each world
    /// draws its own.
    #[must_use]
    pub fn new(store: Store, market: Market, entropy: Arc<dyn Entropy>, default_seed: Option<u64>) -> Self {
        let worlds = Mutex::new(BTreeMap::new());
        Self(Arc::new(Inner {
            store,
            market,
            entropy,
            default_seed,
            worlds,
        }))
    }
}

impl Port for EmbeddedExchange {
    fn execute(
        &self,
        world: &str,
        at: Timestamp,
        command: Command,
    ) -> BoxFuture<'static, Result<Answer, PortError>> {
        let (inner, world) = (Arc::clone(&self.0), world.to_owned());
        Box::pin(async move { inner.execute(&world, at, command).await })
    }
}

impl Inner {
    async fn execute(&self, world: &str, at: Timestamp, command: Command) -> Result<Answer, PortError> {
        let slot = self.slot(world);
        let mut slot = slot.lock().await;
        let reading = match &command {
            Command::Events { after, count_max } => Some((*after, *count_max)),
            _ => None,
        };
        for _ in 0..CONFLICTS_MAX {
            // Taken out, not borrowed: a caller that goes away half-way leaves nothing half-done behind.
            let loaded = match log::load(&self.store, world, slot.take()).await? {
                Some(loaded) => loaded,
                None => match self.create(world, at, &command).await? {
                    Appended::Yes(loaded) => loaded,
                    Appended::Conflict => continue,
                },
            };
            if let Some((loaded, answer)) = self.carry_out(loaded, at, command.clone()).await? {
                let place = loaded.place();
                *slot = Some(loaded);
                // The world's log is no part of its state: what is asked of it is read here.
                return match reading {
                    Some((after, count_max)) => Ok(Answer {
                        reply: Reply::Events(log::page(&self.store, place, after, count_max).await?),
                        ..answer
                    }),
                    None => Ok(answer),
                };
            }
        }
        Err(PortError::Unavailable(format!(
            "world {world} is being changed by too many processes"
        )))
    }

    /// Applies a command and stores its events. `None` if another process was faster.
    async fn carry_out(
        &self,
        mut loaded: Loaded,
        at: Timestamp,
        command: Command,
    ) -> Result<Option<(Loaded, Answer)>, PortError> {
        let is_reset = matches!(command, Command::Reset { .. });
        let (mut events, mut caused) = (Vec::new(), 0);
        // What is due before a reset happens no more.
        let mut is_done = is_reset;
        while !is_done {
            match log::append(&self.store, loaded, std::mem::take(&mut events), false).await? {
                Appended::Yes(stored) => loaded = stored,
                Appended::Conflict => return Ok(None),
            }
            (events, is_done) = core::advance_to(&mut loaded.state, &self.market, at, EVENTS_PER_COMMIT_MAX);
            caused += events.len();
        }
        let (own, answer) = core::apply(&mut loaded.state, &self.market, command, at);
        caused += own.len();
        events.extend(own);
        match log::append(&self.store, loaded, events, is_reset).await? {
            Appended::Yes(loaded) => Ok(Some((loaded, with_event_count(answer, caused)))),
            Appended::Conflict => Ok(None),
        }
    }

    async fn create(&self, world: &str, at: Timestamp, command: &Command) -> Result<Appended, PortError> {
        let (seed, start) = match command {
            Command::EnsureWorld { seed, start } => (*seed, *start),
            Command::Reset { seed, start } => (seed.unwrap_or_else(|| self.seed()), start.unwrap_or(at)),
            _ => (self.seed(), at),
        };
        let mut state = State::empty();
        let events: Vec<Event> = core::start(&mut state, &self.market, seed, start);
        log::create(&self.store, world, state, events).await
    }

    /// A seed that every JSON reader can hold: at most 53 bits.
    fn seed(&self) -> u64 {
        let drawn = || u64::from_be_bytes(random_bytes(self.entropy.as_ref(), Stream::Secrets)) >> 11;
        self.default_seed.unwrap_or_else(drawn)
    }

    fn slot(&self, world: &str) -> Slot {
        let mut worlds = self.worlds.lock().unwrap_or_else(PoisonError::into_inner);
        if worlds.len() >= WORLDS_MAX && !worlds.contains_key(world) {
            worlds.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(worlds.entry(world.to_owned()).or_default())
    }
}

fn with_event_count(answer: Answer, events: usize) -> Answer {
    match answer.reply {
        Reply::World(view) => Answer {
            reply: Reply::World(core::WorldView { events, ..view }),
            ..answer
        },
        _ => answer,
    }
}
