//! What every route can reach.

use std::sync::Arc;

use torana_engine::Engine;

use crate::limits::failures::FailureLimit;
use crate::limits::rate::RateLimits;

/// The gateway that the operator can have seeded for trying things out.
pub const DEMO_GATEWAY: &str = "gatewaydemo";

/// Settings of the HTTP interfaces.
#[derive(Debug, Clone, Copy)]
pub struct ApiOptions {
    /// Whether the public demo gateway is seeded in this process; its answers are marked then.
    pub is_demo_seeded: bool,
    /// Failed credential checks that one address may make within a minute; 0 = no limit.
    pub auth_failures_per_minute: u32,
}

/// State of the routes. Clones share everything.
#[derive(Clone)]
pub struct ApiState(Arc<Inner>);

struct Inner {
    engine: Engine,
    options: ApiOptions,
    documentation_base: String,
    rates: RateLimits,
    failures: FailureLimit,
}

impl ApiState {
    /// State over an engine.
    #[must_use]
    pub fn new(engine: Engine, options: ApiOptions) -> Self {
        let documentation_base = format!("{}/docs/errors", engine.public_url());
        let failures = FailureLimit::new(options.auth_failures_per_minute);
        Self(Arc::new(Inner {
            engine,
            options,
            documentation_base,
            rates: RateLimits::default(),
            failures,
        }))
    }

    /// The use cases.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Address of the page of errors, without an anchor.
    pub(crate) fn documentation_base(&self) -> &str {
        &self.0.documentation_base
    }

    pub(crate) fn rates(&self) -> &RateLimits {
        &self.0.rates
    }

    pub(crate) fn failures(&self) -> &FailureLimit {
        &self.0.failures
    }

    /// Whether answers for this gateway are marked as the demo's.
    pub(crate) fn marks_demo(&self, gateway_name: Option<&str>) -> bool {
        self.0.options.is_demo_seeded && gateway_name == Some(DEMO_GATEWAY)
    }

    /// Monotonic microseconds.
    pub(crate) fn ticks(&self) -> u64 {
        self.0.engine.rt().wall.ticks().0
    }
}
