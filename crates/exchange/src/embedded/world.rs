//! One world in memory: what waits for it, and what its worker leaves behind between two runs.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use futures_channel::oneshot;
use futures_util::task::AtomicWaker;
use torana_domain::time::Timestamp;
use torana_storage::exchange::worlds::Fence;

use super::log::Loaded;
use crate::core::{Answer, Command};
use crate::port::PortError;

/// Most commands that wait for one world; one more is turned away.
const WAITING_MAX: usize = 4_096;

/// A command with whoever waits for its answer.
pub(super) struct Ask {
    pub at: Timestamp,
    pub command: Command,
    pub sender: oneshot::Sender<Result<Answer, PortError>>,
}

/// What became of an offered command.
pub(super) enum Offered {
    /// It waits; a worker has to be started.
    First,
    /// It waits, and a worker is running.
    Joined,
    /// It was turned away.
    Full,
}

/// What a worker knows of its world.
#[derive(Default)]
pub(super) struct Hold {
    /// The right to append, as far as this process knows.
    pub fence: Option<Fence>,
    /// The state; `None` if it has to be read.
    pub loaded: Option<Loaded>,
}

pub(super) struct World {
    pub name: String,
    inbox: Mutex<Inbox>,
    arrival: AtomicWaker,
}

#[derive(Default)]
struct Inbox {
    waiting: VecDeque<Ask>,
    has_worker: bool,
    /// Kept here while no worker runs.
    hold: Hold,
}

impl World {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            inbox: Mutex::default(),
            arrival: AtomicWaker::new(),
        }
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a command into the queue.
    pub fn offer(&self, ask: Ask) -> Offered {
        let mut inbox = self.inbox();
        if inbox.waiting.len() >= WAITING_MAX {
            return Offered::Full;
        }
        inbox.waiting.push_back(ask);
        let had_worker = std::mem::replace(&mut inbox.has_worker, true);
        drop(inbox);
        self.arrival.wake();
        if had_worker {
            Offered::Joined
        } else {
            Offered::First
        }
    }

    /// What the last worker left.
    pub fn take_hold(&self) -> Hold {
        std::mem::take(&mut self.inbox().hold)
    }

    /// Takes what waits, at most `count_max`.
    pub fn take(&self, count_max: usize) -> VecDeque<Ask> {
        let mut inbox = self.inbox();
        let rest = count_max.min(inbox.waiting.len());
        let rest = inbox.waiting.split_off(rest);
        std::mem::replace(&mut inbox.waiting, rest)
    }

    fn rest(&self, hold: Hold) -> Option<Hold> {
        let mut inbox = self.inbox();
        if !inbox.waiting.is_empty() {
            return Some(hold);
        }
        inbox.hold = hold;
        inbox.has_worker = false;
        None
    }

    /// Completes when something waits.
    pub fn arrival(&self) -> impl Future<Output = ()> + '_ {
        std::future::poll_fn(|context| {
            self.arrival.register(context.waker());
            if self.inbox().waiting.is_empty() {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
    }

    fn abandon(&self) {
        let mut inbox = self.inbox();
        inbox.has_worker = false;
        inbox.waiting.clear();
    }
}

/// A worker's run on a world. If it ends half-way, whoever waits learns that there is no answer, and the next command
/// starts anew.
pub(super) struct Running {
    world: Arc<World>,
    /// After it the world may have another worker already, whose commands are none of this one's business.
    is_over: bool,
}

impl Running {
    pub fn new(world: Arc<World>) -> Self {
        Self {
            world,
            is_over: false,
        }
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    /// Ends the run, which leaves its hold with the world; gives it back if something waits.
    pub fn rest(&mut self, hold: Hold) -> Option<Hold> {
        let hold = self.world.rest(hold);
        self.is_over = hold.is_none();
        hold
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_over {
            self.world.abandon();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask() -> (Ask, oneshot::Receiver<Result<Answer, PortError>>) {
        let (sender, answer) = oneshot::channel();
        let (at, command) = (Timestamp(0), Command::AdvanceTo);
        (Ask { at, command, sender }, answer)
    }

    #[test]
    fn a_worker_that_ended_well_takes_nothing_from_the_next_one() {
        let world = Arc::new(World::new("acme"));
        assert!(matches!(world.offer(ask().0), Offered::First));
        let mut first = Running::new(Arc::clone(&world));
        assert_eq!(world.take(9).len(), 1);
        assert!(first.rest(Hold::default()).is_none());
        let (later, mut answer) = ask();
        assert!(matches!(world.offer(later), Offered::First));
        drop(first);
        assert_eq!(world.take(9).len(), 1);
        // One that ends half-way leaves nobody without an answer.
        let (other, mut lost) = ask();
        world.offer(other);
        drop(Running::new(world));
        assert!(answer.try_recv().is_err(), "taken, and dropped by this test");
        assert!(lost.try_recv().is_err());
    }
}
