//! One world in memory: what waits for it, and what its worker leaves behind between two runs.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
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

    /// Ends the worker's run, which leaves its hold here; gives it back if something waits.
    pub fn rest(&self, hold: Hold) -> Option<Hold> {
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

    /// A worker ended half-way: whoever waits learns that there is no answer, and the next command starts anew.
    pub fn abandon(&self) {
        let mut inbox = self.inbox();
        if inbox.has_worker {
            inbox.has_worker = false;
            inbox.waiting.clear();
        }
    }
}
