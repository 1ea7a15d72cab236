//! The port of the exchange's Kite interface, in whatever process the exchange is.

use std::sync::Arc;

use axum::Router;
use torana_config::PublicUrl;
use torana_domain::time::Timestamp;
use torana_engine::Engine;
use torana_exchange::Port;
use torana_exchange::access::{AccessBook, WorldTime};
use torana_exchange::feed::MarketFeed;
use torana_kite::{Kite, KiteParts};
use torana_runtime::Rt;
use torana_ui::Renderer;

use crate::exit::Failure;

/// The present of the worlds of this process's gateways.
pub struct GatewayTime(pub Engine);

impl WorldTime for GatewayTime {
    fn now(&self, world: &str) -> Option<Timestamp> {
        let gateway = self.0.enabled_gateway(world).ok()?;
        gateway.is_sandbox().then(|| self.0.world_now(&gateway))
    }
}

/// What the interface needs of the process that it runs in.
pub struct KiteInputs {
    /// The exchange.
    pub exchange: Arc<dyn Port>,
    /// Apps and tokens.
    pub book: AccessBook,
    /// The present of each world.
    pub time: Arc<dyn WorldTime>,
    /// Securities and calendar.
    pub market: MarketFeed,
    /// Time, tasks, randomness, HTTP.
    pub rt: Rt,
}

/// Starts the postbacks and gives the routes of the port, for browsers that reach it at `url`.
///
/// # Errors
/// Exit code 1 when the pages' templates cannot be used, which a test of theirs rules out.
pub fn router(inputs: KiteInputs, url: &PublicUrl) -> Result<Router, Failure> {
    let renderer =
        Renderer::new().map_err(|error| Failure::failed(format!("the pages cannot be used: {error}")))?;
    let KiteInputs {
        exchange,
        book,
        time,
        market,
        rt,
    } = inputs;
    let spawn = rt.spawn.clone();
    let kite = Kite::new(KiteParts {
        exchange,
        access: book,
        time,
        market,
        rt,
        renderer: Arc::new(renderer),
        public_url: url.to_string(),
    });
    let postbacks = torana_kite::run_postbacks(kite.clone());
    spawn.spawn("kite.news", Box::pin(postbacks));
    Ok(torana_kite::router(kite))
}
