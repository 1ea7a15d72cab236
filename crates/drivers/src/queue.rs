//! A bounded queue between the application's tasks and a driver's threads.
//!
//! Pushing never waits: a full queue is an answer (overload), not a delay.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Many producers, many consuming threads, first in first out.
pub(crate) struct Queue<T> {
    capacity: usize,
    state: Mutex<State<T>>,
    arrived: Condvar,
}

struct State<T> {
    items: VecDeque<T>,
    /// Threads inside `pop`; nobody is woken when nobody waits, which saves a system call per push.
    waiting: usize,
    closed: bool,
}

/// Why an item was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Full,
    Closed,
}

impl<T> Queue<T> {
    pub fn new(capacity: usize) -> Self {
        let state = State {
            items: VecDeque::new(),
            waiting: 0,
            closed: false,
        };
        Self {
            capacity,
            state: Mutex::new(state),
            arrived: Condvar::new(),
        }
    }

    /// No code that can panic runs under the lock, so a poisoned lock still guards a sound state.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push(&self, item: T) -> Result<(), Refused> {
        let mut state = self.lock();
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.items.len() >= self.capacity {
            return Err(Refused::Full);
        }
        state.items.push_back(item);
        let wake = state.waiting > 0;
        drop(state);
        if wake {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Waits for an item; `None` once the queue is closed and empty.
    pub fn pop(&self) -> Option<T> {
        self.wait(VecDeque::pop_front)
    }

    /// Waits for items and takes a fair share: at most `max`, and at most the `sharers`-th part of what waits,
    /// so that the other threads find work too. Empty once the queue is closed and empty.
    pub fn pop_share(&self, max: usize, sharers: usize) -> Vec<T> {
        let take = |items: &mut VecDeque<T>| {
            let share = items.len().div_ceil(sharers.max(1)).min(max);
            (share > 0).then(|| items.drain(..share).collect())
        };
        self.wait(take).unwrap_or_default()
    }

    fn wait<R>(&self, mut take: impl FnMut(&mut VecDeque<T>) -> Option<R>) -> Option<R> {
        let mut state = self.lock();
        loop {
            if let Some(taken) = take(&mut state.items) {
                return Some(taken);
            }
            if state.closed {
                return None;
            }
            state.waiting += 1;
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
    }

    /// An item if one is there now.
    pub fn try_pop(&self) -> Option<T> {
        self.lock().items.pop_front()
    }

    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// Refuses new items; what waits is still handed out.
    pub fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }
}

/// Held by a consuming thread: should it end before its time, by a bug, then callers are refused instead of
/// waiting for ever.
pub(crate) struct CloseOnExit<'a, T>(pub &'a Queue<T>);

impl<T> Drop for CloseOnExit<'_, T> {
    fn drop(&mut self) {
        self.0.close();
        let left: VecDeque<T> = std::mem::take(&mut self.0.lock().items);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_and_closed_refuse_at_once_and_what_waits_is_kept() {
        let queue = Queue::new(2);
        assert_eq!(queue.push(1), Ok(()));
        assert_eq!(queue.push(2), Ok(()));
        assert_eq!(queue.push(3), Err(Refused::Full));
        queue.close();
        assert_eq!(queue.push(4), Err(Refused::Closed));
        assert_eq!(
            (queue.pop(), queue.try_pop(), queue.pop()),
            (Some(1), Some(2), None)
        );
    }

    #[test]
    fn a_share_leaves_work_for_the_others() {
        let queue = Queue::new(10);
        for item in 0..7 {
            queue.push(item).unwrap();
        }
        assert_eq!(queue.pop_share(16, 2), vec![0, 1, 2, 3]);
        assert_eq!(queue.pop_share(1, 2), vec![4]);
        assert_eq!(queue.pop_share(16, 2), vec![5]);
        queue.close();
        assert_eq!(queue.pop_share(16, 2), vec![6]);
        assert!(queue.pop_share(16, 2).is_empty());
    }

    #[test]
    fn a_consumer_that_ends_early_refuses_what_follows() {
        let queue = Queue::new(2);
        queue.push(1).unwrap();
        drop(CloseOnExit(&queue));
        assert_eq!((queue.len(), queue.push(2)), (0, Err(Refused::Closed)));
    }

    #[test]
    fn a_waiting_thread_wakes_for_an_item_and_for_the_end() {
        let queue = Queue::new(1);
        std::thread::scope(|scope| {
            let consumer = scope.spawn(|| (queue.pop(), queue.pop()));
            queue.push('a').unwrap();
            queue.close();
            assert_eq!(consumer.join().unwrap(), (Some('a'), None));
        });
    }
}
