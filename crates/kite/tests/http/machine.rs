//! A machine without threads and sockets: time passes only where somebody sleeps, tasks are polled while a test waits
//! for an answer, what is sent out is kept.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use torana_domain::time::Timestamp;
use torana_runtime::{
    BoxFuture, Entropy, Http, HttpError, HttpRequest, HttpResponse, Rt, Sleep, Spawn, Stream, Ticks, Wall,
};

/// Most rounds in which nothing finishes; a test that needs more hangs.
const ROUNDS_MAX: usize = 200_000;

#[derive(Clone, Default)]
pub struct Machine(Arc<Inner>);

#[derive(Default)]
struct Inner {
    elapsed_us: AtomicU64,
    draws: AtomicU64,
    tasks: Mutex<Vec<BoxFuture<'static, ()>>>,
    sent: Mutex<Vec<HttpRequest>>,
    stops_at_sleep: AtomicBool,
    is_stopping: AtomicBool,
}

impl Machine {
    pub fn rt(&self) -> Rt {
        let me = Arc::new(self.clone());
        Rt {
            wall: me.clone(),
            sleep: me.clone(),
            spawn: me.clone(),
            entropy: me.clone(),
            http: me,
        }
    }

    pub fn pass(&self, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap();
        self.0.elapsed_us.fetch_add(us, Ordering::SeqCst);
    }

    /// What was sent out since the last time.
    pub fn take_sent(&self) -> Vec<HttpRequest> {
        std::mem::take(&mut *self.0.sent.lock().unwrap())
    }

    /// Asks tasks to stop with the next sleep.
    pub fn stop_at_sleep(&self) {
        self.0.stops_at_sleep.store(true, Ordering::SeqCst);
    }

    /// Polls a future, and the spawned tasks beside it, until it is done.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..ROUNDS_MAX {
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return value;
            }
            self.turn(&mut context);
        }
        panic!("nothing happens any more");
    }

    /// Polls the tasks until all are done.
    pub fn finish_tasks(&self) {
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..ROUNDS_MAX {
            if self.0.tasks.lock().unwrap().is_empty() {
                return;
            }
            self.turn(&mut context);
        }
        panic!("a task does not end");
    }

    fn turn(&self, context: &mut Context<'_>) {
        let tasks = std::mem::take(&mut *self.0.tasks.lock().unwrap());
        for mut task in tasks {
            if task.as_mut().poll(context).is_pending() {
                self.0.tasks.lock().unwrap().push(task);
            }
        }
    }
}

impl Wall for Machine {
    fn now(&self) -> Timestamp {
        Timestamp(i64::try_from(self.0.elapsed_us.load(Ordering::SeqCst) / 1000).unwrap())
    }

    fn ticks(&self) -> Ticks {
        Ticks(self.0.elapsed_us.load(Ordering::SeqCst))
    }
}

impl Sleep for Machine {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let (machine, slept) = (self.clone(), AtomicBool::new(false));
        Box::pin(std::future::poll_fn(move |_| {
            if slept.swap(true, Ordering::SeqCst) {
                machine.pass(duration);
                let stops = machine.0.stops_at_sleep.load(Ordering::SeqCst);
                machine.0.is_stopping.store(stops, Ordering::SeqCst);
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }))
    }
}

impl Spawn for Machine {
    fn spawn(&self, _: &'static str, task: BoxFuture<'static, ()>) {
        self.0.tasks.lock().unwrap().push(task);
    }

    fn is_stopping(&self) -> bool {
        self.0.is_stopping.load(Ordering::SeqCst)
    }
}

impl Entropy for Machine {
    fn fill(&self, _: Stream, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            // SplitMix64 over a counter: bytes that do not repeat.
            let draw = self.0.draws.fetch_add(1, Ordering::SeqCst);
            let mut z = draw.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x1234_5678);
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_be_bytes()[..chunk.len()]);
        }
    }
}

impl Http for Machine {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
        self.0.sent.lock().unwrap().push(request);
        Box::pin(async {
            Ok(HttpResponse {
                status: 200,
                headers: HeaderMap::new(),
                body: Bytes::new(),
            })
        })
    }
}
