//! What every route can reach.

use std::sync::Arc;

use torana_domain::time::Timestamp;
use torana_exchange::Port;
use torana_exchange::access::{AccessBook, WorldTime};
use torana_exchange::feed::MarketFeed;
use torana_instruments::Master;
use torana_runtime::Rt;
use torana_ui::Renderer;

use crate::error::KiteError;
use crate::limits::CallLimits;

/// What the interface is made of.
pub struct KiteParts {
    /// The exchange.
    pub exchange: Arc<dyn Port>,
    /// Apps and tokens.
    pub access: AccessBook,
    /// The present of each world.
    pub time: Arc<dyn WorldTime>,
    /// Securities and calendar.
    pub market: MarketFeed,
    /// Time, tasks, randomness, HTTP.
    pub rt: Rt,
    /// Templates of the pages.
    pub renderer: Arc<Renderer>,
    /// Origin that browsers see, without a trailing slash.
    pub public_url: String,
}

/// State of the routes. Clones share everything.
#[derive(Clone)]
pub struct Kite(Arc<Inner>);

struct Inner {
    parts: KiteParts,
    limits: CallLimits,
}

impl Kite {
    /// State over an exchange.
    #[must_use]
    pub fn new(parts: KiteParts) -> Self {
        Self(Arc::new(Inner {
            parts,
            limits: CallLimits::default(),
        }))
    }

    /// The exchange.
    pub(crate) fn exchange(&self) -> &dyn Port {
        &*self.0.parts.exchange
    }

    /// The calls of the last while.
    pub(crate) fn limits(&self) -> &CallLimits {
        &self.0.limits
    }

    /// Apps and tokens.
    pub(crate) fn access(&self) -> &AccessBook {
        &self.0.parts.access
    }

    /// Time, tasks, randomness, HTTP.
    pub(crate) fn rt(&self) -> &Rt {
        &self.0.parts.rt
    }

    /// Templates of the pages.
    pub(crate) fn renderer(&self) -> &Renderer {
        &self.0.parts.renderer
    }

    /// Origin that browsers see, without a trailing slash.
    pub(crate) fn public_url(&self) -> &str {
        &self.0.parts.public_url
    }

    /// World time.
    ///
    /// # Errors
    /// 503 for a world that is not served now.
    pub(crate) fn now(&self, world: &str) -> Result<Timestamp, KiteError> {
        self.0
            .parts
            .time
            .now(world)
            .ok_or_else(|| KiteError::unavailable("The sandbox that this key belongs to is not served now"))
    }

    /// The securities at an instant of world time.
    pub(crate) fn master_at(&self, at: Timestamp) -> Arc<Master> {
        Arc::clone(self.market().current().master_at(at))
    }

    /// Securities and calendar.
    pub(crate) fn market(&self) -> &MarketFeed {
        &self.0.parts.market
    }
}
