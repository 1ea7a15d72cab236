//! A process of a test: its tasks can be stopped or cut off.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;
use torana_domain::time::Timestamp;
use torana_exchange::feed::MarketFeed;
use torana_exchange::{EmbeddedExchange, ExchangeParts, Ownership};
use torana_runtime::{
    BoxFuture, Entropy, Http, HttpError, HttpRequest, HttpResponse, Rt, Sleep, Spawn, Stream, Ticks, Wall,
};
use torana_storage::Store;

/// An exchange with the tasks that it started.
pub struct Process {
    pub port: EmbeddedExchange,
    machine: Arc<Machine>,
}

impl Process {
    pub fn start(store: &Store, ownership: Ownership) -> Self {
        Self::seeded(store, ownership, Some(7))
    }

    pub fn seeded(store: &Store, ownership: Ownership, default_seed: Option<u64>) -> Self {
        Self::of_market(store, ownership, default_seed, MarketFeed::bundled())
    }

    /// With market data of its own.
    pub fn of_market(
        store: &Store,
        ownership: Ownership,
        default_seed: Option<u64>,
        market: MarketFeed,
    ) -> Self {
        let machine = Arc::new(Machine::default());
        let rt = Rt {
            wall: machine.clone(),
            sleep: machine.clone(),
            spawn: machine.clone(),
            entropy: machine.clone(),
            http: machine.clone(),
        };
        let port = EmbeddedExchange::new(ExchangeParts {
            rt,
            store: store.clone(),
            market,
            default_seed,
            ownership,
        });
        Self { port, machine }
    }

    /// One of several that serve the same worlds.
    pub fn shared(store: &Store) -> Self {
        Self::start(store, Ownership::Shared)
    }

    /// Ends it in the middle of whatever it does.
    pub fn kill(&self) {
        for task in self.machine.tasks.lock().unwrap().drain(..) {
            task.abort();
        }
    }

    /// Asks it to end and waits until it has.
    pub async fn stop(&self) {
        self.machine.is_stopping.store(true, Ordering::Relaxed);
        let tasks: Vec<_> = self.machine.tasks.lock().unwrap().drain(..).collect();
        for task in tasks {
            task.await.unwrap();
        }
    }

    /// Lets its monotonic clock jump.
    pub fn pass(&self, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap();
        self.machine.ticks.fetch_add(us, Ordering::Relaxed);
    }
}

#[derive(Default)]
struct Machine {
    is_stopping: AtomicBool,
    ticks: AtomicU64,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Wall for Machine {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    fn ticks(&self) -> Ticks {
        Ticks(self.ticks.load(Ordering::Relaxed))
    }
}

impl Sleep for Machine {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

impl Spawn for Machine {
    fn spawn(&self, _: &'static str, task: BoxFuture<'static, ()>) {
        self.tasks.lock().unwrap().push(tokio::spawn(task));
    }

    fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }
}

/// Bytes that no two processes share and that do not repeat.
impl Entropy for Machine {
    fn fill(&self, _: Stream, out: &mut [u8]) {
        static DRAWN: AtomicU64 = AtomicU64::new(0);
        for chunk in out.chunks_mut(8) {
            let drawn = DRAWN
                .fetch_add(1, Ordering::Relaxed)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15);
            for (byte, drawn) in chunk.iter_mut().zip(drawn.to_le_bytes()) {
                *byte = drawn;
            }
        }
    }
}

impl Http for Machine {
    fn send(&self, _: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
        Box::pin(async { Err(HttpError::NotSent("there is no network".to_owned())) })
    }
}
