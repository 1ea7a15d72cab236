//! Clock, pauses, tasks, randomness and web of a test.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use torana_domain::time::Timestamp;
use torana_runtime::{
    BoxFuture, EgressClass, Entropy, Http, HttpError, HttpRequest, HttpResponse, Rt, Sleep, Spawn, Stream,
    Ticks, Wall,
};
use torana_webhooks::egress::{AllowList, check_url};

use crate::context::lock;

/// Clock and pauses.
#[derive(Default)]
pub(crate) struct Machine {
    now_us: AtomicU64,
    /// Pauses never end: the process hangs at what it waits for.
    pub(crate) is_hanging: AtomicBool,
    pub(crate) is_stopping: AtomicBool,
    drawn: AtomicI64,
}

impl Machine {
    pub(crate) fn set(&self, at: Timestamp) {
        self.now_us
            .store(u64::try_from(at.0).unwrap() * 1000, Ordering::SeqCst);
    }

    fn pass(&self, duration: Duration) {
        self.now_us
            .fetch_add(u64::try_from(duration.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Wall for Machine {
    fn now(&self) -> Timestamp {
        Timestamp(i64::try_from(self.ticks().0 / 1000).unwrap())
    }

    fn ticks(&self) -> Ticks {
        Ticks(self.now_us.load(Ordering::SeqCst))
    }
}

struct Pauses(Arc<Machine>);

impl Sleep for Pauses {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let machine = Arc::clone(&self.0);
        Box::pin(async move {
            if machine.is_hanging.load(Ordering::SeqCst) {
                return std::future::pending().await;
            }
            machine.pass(duration);
        })
    }
}

impl Spawn for Machine {
    fn spawn(&self, name: &'static str, _task: BoxFuture<'static, ()>) {
        panic!("no task is expected, not even {name}");
    }

    fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
    }
}

impl Entropy for Machine {
    fn fill(&self, _stream: Stream, out: &mut [u8]) {
        for byte in out {
            let drawn = self.drawn.fetch_add(1, Ordering::SeqCst);
            // Spread, so that ids made of few bytes differ too.
            *byte = (drawn.wrapping_mul(0x9E37_79B9) >> 13).to_le_bytes()[0];
        }
    }
}

/// The partner's end: webhooks and pictures.
#[derive(Default)]
pub(crate) struct Web {
    /// Answers, in order; afterwards 200.
    pub(crate) answers: Mutex<VecDeque<u16>>,
    /// Bodies of all answers.
    pub(crate) body: Mutex<bytes::Bytes>,
    pub(crate) requests: Mutex<Vec<(Timestamp, HttpRequest)>>,
}

struct Client(Arc<Web>, Arc<Machine>);

impl Http for Client {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
        if let EgressClass::Foreign { allow_http_if_listed } = request.egress
            && let Err(refusal) = check_url(&request.url, &AllowList::default(), allow_http_if_listed)
        {
            return Box::pin(async move { Err(HttpError::NotSent(refusal.to_string())) });
        }
        let status = lock(&self.0.answers).pop_front().unwrap_or(200);
        lock(&self.0.requests).push((self.1.now(), request));
        let answer = match status {
            0 => Err(HttpError::NotSent("no connection".to_owned())),
            status => Ok(HttpResponse {
                status,
                headers: http::HeaderMap::new(),
                body: lock(&self.0.body).clone(),
            }),
        };
        Box::pin(async move { answer })
    }
}

/// The bundle that the engine gets.
pub(super) fn rt(machine: &Arc<Machine>, web: &Arc<Web>) -> Rt {
    Rt {
        wall: Arc::clone(machine) as Arc<dyn Wall>,
        sleep: Arc::new(Pauses(Arc::clone(machine))),
        spawn: Arc::clone(machine) as Arc<dyn Spawn>,
        entropy: Arc::clone(machine) as Arc<dyn Entropy>,
        http: Arc::new(Client(Arc::clone(web), Arc::clone(machine))),
    }
}
