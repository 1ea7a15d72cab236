//! The seams to the outside as traits: time, waiting, tasks, randomness and HTTP. Production implements
//! them on tokio, the tests and the simulator on something that they can steer.
//!
//! Invariant: this crate holds no implementation and reads nothing from the machine.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use torana_domain::time::Timestamp;

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A monotonic reading in microseconds from an arbitrary origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ticks(pub u64);

/// Wall and monotonic time; the only source of either.
pub trait Wall: Send + Sync {
    /// The machine's clock.
    fn now(&self) -> Timestamp;
    /// Monotonic time, for durations.
    fn ticks(&self) -> Ticks;
}

/// Waiting.
pub trait Sleep: Send + Sync {
    /// Completes after `duration` of wall time.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// Tasks that live beside a request and are joined at shutdown.
pub trait Spawn: Send + Sync {
    /// Starts a named task. A panic in it is logged by the implementation and ends only this task.
    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>);
    /// True once the process is asked to stop; long-running tasks end at their next safe point.
    fn is_stopping(&self) -> bool;
}

/// What randomness is for. Seeded runs seed `Ids` only, the rest always comes from the operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// The root that public ids and client references are made of. From a seed it is the same at every draw.
    Ids,
    /// Keys, tokens, handles, cookies, nonces.
    Secrets,
    /// Jitter of retry schedules.
    Jitter,
}

/// Randomness.
pub trait Entropy: Send + Sync {
    /// Fills `out` from the given stream.
    fn fill(&self, stream: Stream, out: &mut [u8]);

    /// Whether `Ids` come from a seed. Then only its name keeps an id apart from all others.
    fn is_seeded(&self) -> bool {
        false
    }
}

/// Draws `N` random bytes.
pub fn random_bytes<const N: usize>(entropy: &dyn Entropy, stream: Stream) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(stream, &mut bytes);
    bytes
}

/// Which rules an outgoing request obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EgressClass {
    /// An address chosen by somebody else (webhooks, logos): https only, address checked after resolution,
    /// no redirects. `allow_http_if_listed` is true on sandbox gateways.
    Foreign {
        /// Whether plain http is allowed for targets that the operator listed.
        allow_http_if_listed: bool,
    },
    /// A broker's address from our own profile data.
    Broker,
}

/// One outgoing request. Redirects are never followed.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// Method.
    pub method: http::Method,
    /// Absolute URL.
    pub url: String,
    /// Headers.
    pub headers: http::HeaderMap,
    /// Body bytes, sent as they are.
    pub body: Bytes,
    /// Bound on the whole exchange, connecting included.
    pub timeout: Duration,
    /// Most bytes of the answer that are read; the rest is cut off.
    pub max_response_bytes: usize,
    /// Egress rules.
    pub egress: EgressClass,
}

/// One answer.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: http::HeaderMap,
    /// Body, at most `max_response_bytes`.
    pub body: Bytes,
}

/// Why there is no answer. Only `NotSent` proves that the peer has not seen the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No byte of the request left this process (refused by egress rules, no connection).
    #[error("not sent: {0}")]
    NotSent(String),
    /// The peer may have acted on it.
    #[error("outcome unknown: {0}")]
    Unknown(String),
}

/// Outgoing HTTP.
pub trait Http: Send + Sync {
    /// Sends one request.
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>>;
}

/// The bundle that is handed through the application.
#[derive(Clone)]
pub struct Rt {
    /// Time.
    pub wall: Arc<dyn Wall>,
    /// Waiting.
    pub sleep: Arc<dyn Sleep>,
    /// Tasks.
    pub spawn: Arc<dyn Spawn>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Outgoing HTTP.
    pub http: Arc<dyn Http>,
}
