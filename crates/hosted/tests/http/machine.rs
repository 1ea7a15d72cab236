//! A machine on which time stands still and nothing is connected, and an exchange that nobody asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use torana_domain::time::Timestamp;
use torana_exchange::access::{AccessDesk, AccessReply, AccessRequest};
use torana_exchange::core::{Answer, Command, Reply};
use torana_exchange::port::{Port, PortError};
use torana_runtime::{
    BoxFuture, Entropy, Http, HttpError, HttpRequest, HttpResponse, Rt, Sleep, Spawn, Stream, Ticks, Wall,
};

/// Monday, 5 January 2026, 10:00 IST: the market is open.
pub const NOW: Timestamp = Timestamp(1_767_587_400_000);

#[derive(Default)]
pub struct Machine(AtomicU8);

pub fn rt() -> Rt {
    let machine = Arc::new(Machine::default());
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
        NOW
    }

    fn ticks(&self) -> Ticks {
        Ticks(0)
    }
}

impl Sleep for Machine {
    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

impl Spawn for Machine {
    fn spawn(&self, _: &'static str, _: BoxFuture<'static, ()>) {}

    fn is_stopping(&self) -> bool {
        true
    }
}

impl Entropy for Machine {
    fn fill(&self, _: Stream, out: &mut [u8]) {
        out.fill(self.0.fetch_add(1, Ordering::SeqCst));
    }
}

impl Http for Machine {
    fn send(&self, _: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
        Box::pin(async { Err(HttpError::NotSent("this machine has no network".to_owned())) })
    }
}

pub struct Nothing;

impl Port for Nothing {
    fn execute(&self, _: &str, at: Timestamp, _: Command) -> BoxFuture<'static, Result<Answer, PortError>> {
        let reply = Reply::Done;
        Box::pin(async move {
            Ok(Answer {
                at,
                reply,
                disturbance: None,
            })
        })
    }
}

impl AccessDesk for Nothing {
    fn serve(
        &self,
        _: &str,
        _: Timestamp,
        _: AccessRequest,
    ) -> BoxFuture<'static, Result<AccessReply, PortError>> {
        Box::pin(async { Err(PortError::NotDone("nobody is here".to_owned())) })
    }
}
