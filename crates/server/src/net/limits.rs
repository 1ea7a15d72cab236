//! Limits of a listener. What a client cannot do within them is cut off.

use std::time::Duration;

/// Named limits of one listener.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at a time; further ones wait in the system's queue.
    pub connections_max: usize,
    /// Bytes of a request's line and headers; more is answered 431.
    pub head_bytes_max: usize,
    /// Headers of one request; more is answered 431.
    pub headers_max: usize,
    /// From a request's first byte to the end of its headers; longer is answered 408.
    pub head_time_max: Duration,
    /// From the first wait for the body to its end; longer is answered 408.
    pub body_time_max: Duration,
    /// How long a connection may stay open without a request.
    pub idle_time_max: Duration,
    /// How long requests may take to finish after the process was asked to stop.
    pub shutdown_grace: Duration,
}

impl Limits {
    /// The limits of the public listener.
    pub const PUBLIC: Self = Self {
        connections_max: 4096,
        head_bytes_max: 32 * 1024,
        headers_max: 100,
        head_time_max: Duration::from_secs(10),
        body_time_max: Duration::from_secs(15),
        // Longer than what common proxies keep a connection, so that they and not we close it first.
        idle_time_max: Duration::from_secs(90),
        shutdown_grace: Duration::from_secs(25),
    };

    /// The limits of the listeners beside it: metrics, the demo's shop.
    pub const BESIDE: Self = Self {
        connections_max: 256,
        shutdown_grace: Duration::from_secs(2),
        ..Self::PUBLIC
    };
}
