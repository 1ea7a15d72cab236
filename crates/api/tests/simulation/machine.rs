//! One thread, on which a seed decides which of the ready tasks goes on. Time stands still while any can, and
//! then jumps to the next timer.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use torana_domain::time::Timestamp;
use torana_drivers::InlineDriver;
use torana_runtime::{BoxFuture, Entropy, Http, Rt, Sleep, Spawn, Stream, Ticks, Wall};
use torana_storage::store::{AnyClosure, AnyResult};
use torana_storage::{Dialect, Driver, Store};

/// Monday, 5 January 2026, 10:00 IST: the market is open.
pub const START: Timestamp = Timestamp(1_767_587_400_000);
/// Most turns of a run; one that takes more goes round in circles.
const TURNS_MAX: usize = 2_000_000;
/// Longest time that a statement of the database takes.
const STORE_US_MAX: u64 = 3000;

/// What the seed decides, each from numbers of its own, so that one more draw here shifts none there.
#[derive(Clone, Copy)]
#[repr(usize)]
pub enum Chance {
    Turn,
    Store,
    Network,
    User,
    Ids,
    Secrets,
}

#[derive(Clone)]
pub struct Machine(Arc<Mutex<State>>);

struct State {
    now_us: u64,
    seed: u64,
    drawn: [u64; 6],
    tasks: BTreeMap<u64, Task>,
    ready: BTreeSet<u64>,
    timers: BTreeMap<(u64, u64), Waker>,
    count: u64,
    trace: Vec<String>,
}

struct Task {
    name: &'static str,
    /// `None` while it has its turn.
    future: Option<BoxFuture<'static, ()>>,
}

impl Machine {
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            now_us: 0,
            seed,
            drawn: [0; 6],
            tasks: BTreeMap::new(),
            ready: BTreeSet::new(),
            timers: BTreeMap::new(),
            count: 0,
            trace: Vec::new(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn rt(&self, http: Arc<dyn Http>) -> Rt {
        let me = Arc::new(self.clone());
        Rt {
            wall: me.clone(),
            sleep: me.clone(),
            spawn: me.clone(),
            entropy: me,
            http,
        }
    }

    /// A database in memory whose answers take their time.
    pub fn store(&self) -> Store {
        let inner = Arc::new(InlineDriver::open_in_memory().unwrap());
        Store::new(Arc::new(SlowStore {
            inner,
            machine: self.clone(),
        }))
    }

    /// A number below `bound`.
    pub fn draw(&self, chance: Chance, bound: u64) -> u64 {
        self.state().draw(chance) % bound
    }

    /// A pause of at most `us_max` microseconds.
    pub fn pause(&self, chance: Chance, us_max: u64) -> BoxFuture<'static, ()> {
        self.sleep(Duration::from_micros(self.draw(chance, us_max + 1)))
    }

    /// Writes down what happened, with the time.
    pub fn note(&self, what: &str) {
        let mut state = self.state();
        let line = format!("{} {what}", state.now_us);
        state.trace.push(line);
    }

    pub fn trace(&self) -> Vec<String> {
        self.state().trace.clone()
    }

    /// Gives turns until the task `main` is done.
    pub fn run(&self, main: BoxFuture<'static, ()>) {
        let id = self.add("main", main);
        for _ in 0..TURNS_MAX {
            if !self.state().tasks.contains_key(&id) {
                return;
            }
            match self.next_turn() {
                Some((id, future)) => self.take_turn(id, future),
                None => self.jump(),
            }
        }
        panic!("the run goes round in circles");
    }

    fn add(&self, name: &'static str, future: BoxFuture<'static, ()>) -> u64 {
        let mut state = self.state();
        state.count += 1;
        let id = state.count;
        let task = Task {
            name,
            future: Some(future),
        };
        state.tasks.insert(id, task);
        state.ready.insert(id);
        id
    }

    fn next_turn(&self) -> Option<(u64, BoxFuture<'static, ()>)> {
        let mut state = self.state();
        let count = u64::try_from(state.ready.len()).unwrap();
        if count == 0 {
            return None;
        }
        let at = usize::try_from(state.draw(Chance::Turn) % count).unwrap();
        let id = *state.ready.iter().nth(at).unwrap();
        state.ready.remove(&id);
        let task = state.tasks.get_mut(&id).unwrap();
        let (name, future) = (task.name, task.future.take().unwrap());
        let line = format!("{} turn {id} {name}", state.now_us);
        state.trace.push(line);
        Some((id, future))
    }

    fn take_turn(&self, id: u64, mut future: BoxFuture<'static, ()>) {
        let waker = Waker::from(Arc::new(TaskWaker {
            machine: self.clone(),
            id,
        }));
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        let mut state = self.state();
        if polled.is_ready() {
            state.tasks.remove(&id);
            state.ready.remove(&id);
        } else if let Some(task) = state.tasks.get_mut(&id) {
            task.future = Some(future);
        }
    }

    /// Nobody can go on: it becomes as late as the next timer says.
    fn jump(&self) {
        let mut state = self.state();
        let ((due, _), waker) = state
            .timers
            .pop_first()
            .unwrap_or_else(|| panic!("everybody waits for nothing"));
        state.now_us = state.now_us.max(due);
        drop(state);
        waker.wake();
    }
}

impl State {
    /// SplitMix64 over seed, purpose and a counter.
    fn draw(&mut self, chance: Chance) -> u64 {
        let drawn = &mut self.drawn[chance as usize];
        *drawn += 1;
        let mut z = self
            .seed
            .wrapping_mul(0xD134_2543_DE82_EF95)
            .wrapping_add((chance as u64) << 32)
            .wrapping_add(drawn.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

struct TaskWaker {
    machine: Machine,
    id: u64,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        let mut state = self.machine.state();
        if state.tasks.contains_key(&self.id) {
            state.ready.insert(self.id);
        }
    }
}

impl Wall for Machine {
    fn now(&self) -> Timestamp {
        START.plus_ms(i64::try_from(self.state().now_us / 1000).unwrap())
    }

    fn ticks(&self) -> Ticks {
        Ticks(self.state().now_us)
    }
}

impl Sleep for Machine {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let machine = self.clone();
        let due = self.state().now_us + u64::try_from(duration.as_micros()).unwrap();
        let mut place: Option<(u64, u64)> = None;
        Box::pin(std::future::poll_fn(move |context| {
            let mut state = machine.state();
            // Whoever is polled meanwhile for another reason waits on, with the waker of this turn.
            if let Some(place) = place.take() {
                state.timers.remove(&place);
            }
            if due <= state.now_us {
                return Poll::Ready(());
            }
            state.count += 1;
            let next = (due, state.count);
            state.timers.insert(next, context.waker().clone());
            place = Some(next);
            Poll::Pending
        }))
    }
}

impl Spawn for Machine {
    fn spawn(&self, name: &'static str, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.add(name, task);
    }

    fn is_stopping(&self) -> bool {
        false
    }
}

impl Entropy for Machine {
    fn fill(&self, stream: Stream, out: &mut [u8]) {
        let chance = match stream {
            Stream::Ids => Chance::Ids,
            Stream::Secrets | Stream::Jitter => Chance::Secrets,
        };
        let mut state = self.state();
        for chunk in out.chunks_mut(8) {
            let drawn = state.draw(chance).to_be_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
    }
}

/// The database of a machine: everything that is asked of it waits for a while, so that others come in between.
struct SlowStore {
    inner: Arc<InlineDriver>,
    machine: Machine,
}

impl SlowStore {
    fn later(
        &self,
        name: &'static str,
        work: impl FnOnce(&InlineDriver) -> BoxFuture<'static, AnyResult> + Send + 'static,
    ) -> BoxFuture<'static, AnyResult> {
        let (inner, machine) = (Arc::clone(&self.inner), self.machine.clone());
        Box::pin(async move {
            machine.pause(Chance::Store, STORE_US_MAX).await;
            let answer = work(&inner).await;
            machine.note(&format!("stored {name} {}", answer.is_ok()));
            machine.pause(Chance::Store, STORE_US_MAX).await;
            answer
        })
    }
}

impl Driver for SlowStore {
    fn write(&self, name: &'static str, closure: AnyClosure) -> BoxFuture<'static, AnyResult> {
        self.later(name, move |inner| inner.write(name, closure))
    }

    fn read(&self, closure: AnyClosure) -> BoxFuture<'static, AnyResult> {
        self.later("read", move |inner| inner.read(closure))
    }

    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }
}
