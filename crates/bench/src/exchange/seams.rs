//! The seams of an exchange inside this process, on tokio.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use torana_domain::time::Timestamp;
use torana_runtime::{
    BoxFuture, Entropy, Http, HttpError, HttpRequest, HttpResponse, Rt, Sleep, Spawn, Stream, Ticks, Wall,
};

use crate::databases::now;
use crate::rows::mixed;

struct Machine {
    started: Instant,
    drawn: AtomicU64,
}

/// Everything that an exchange asks of its surroundings.
pub fn seams() -> Rt {
    let machine = Arc::new(Machine {
        started: Instant::now(),
        drawn: AtomicU64::new(0),
    });
    Rt {
        wall: machine.clone(),
        sleep: machine.clone(),
        spawn: machine.clone(),
        entropy: machine.clone(),
        http: machine,
    }
}

impl Wall for Machine {
    fn now(&self) -> Timestamp {
        now()
    }

    fn ticks(&self) -> Ticks {
        Ticks(u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX))
    }
}

impl Sleep for Machine {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

impl Spawn for Machine {
    fn spawn(&self, _: &'static str, task: BoxFuture<'static, ()>) {
        tokio::spawn(task);
    }

    fn is_stopping(&self) -> bool {
        false
    }
}

impl Entropy for Machine {
    fn fill(&self, _: Stream, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let drawn = mixed(self.drawn.fetch_add(1, Ordering::Relaxed)).to_le_bytes();
            for (byte, drawn) in chunk.iter_mut().zip(drawn) {
                *byte = drawn;
            }
        }
    }
}

impl Http for Machine {
    fn send(&self, _: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
        Box::pin(async { Err(HttpError::NotSent("the exchange calls nobody".to_owned())) })
    }
}
