//! Where the routers of the other crates are mounted.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use torana_api::{ApiOptions, ApiState};
use torana_config::{PublicUrl, Settings};
use torana_credentials::keyring::Keyring;
use torana_engine::Engine;
use torana_exchange::feed::MarketFeed;
use torana_hosted::{ClientAddress, HostedState};
use torana_ui::Renderer;

use crate::databases::Databases;
use crate::demo_gateway::GATEWAY;
use crate::exit::Failure;
use crate::installation::watch_keys;
use crate::kite::{GatewayTime, KiteInputs};
use crate::market_files;
use crate::net::health;
use crate::readiness;
use crate::wiring::ExchangeSide;

/// Everything behind the public listener.
///
/// # Errors
/// Exit code 1 when the pages' templates cannot be used, which a test of theirs rules out.
pub fn public(
    engine: &Engine,
    databases: &Databases,
    settings: &Settings,
    is_demo_seeded: bool,
) -> Result<Router, Failure> {
    let options = ApiOptions {
        is_demo_seeded,
        auth_failures_per_minute: settings.auth_failures_per_minute,
    };
    let api = torana_api::router(ApiState::new(engine.clone(), options));
    let hosted = hosted(engine, is_demo_seeded)?;
    // The API answers what nobody else knows, so it is the fallback of everything beside it.
    let router = health::router(readiness::checks(databases, settings))
        .merge(crate::sdk_script::router())
        .merge(hosted)
        .fallback_service(api);
    Ok(router)
}

/// The pages of the flow, with the client's address where they look for it.
fn hosted(engine: &Engine, is_demo_seeded: bool) -> Result<Router, Failure> {
    let renderer =
        Renderer::new().map_err(|error| Failure::failed(format!("the pages cannot be used: {error}")))?;
    let state = HostedState {
        streams: Arc::default(),
        engine: engine.clone(),
        renderer: Arc::new(renderer),
        demo_gateway: is_demo_seeded.then(|| GATEWAY.to_owned()),
    };
    let router = torana_hosted::router(state).layer(axum::middleware::map_request(
        |mut request: Request| async move {
            if let Some(address) = request.extensions().get::<std::net::IpAddr>().copied() {
                request.extensions_mut().insert(ClientAddress(address));
            }
            request
        },
    ));
    Ok(router)
}

/// Everything behind the listener of the Kite interface.
///
/// # Errors
/// Exit code 1 where the exchange is a process of its own, which serves the interface itself.
pub fn kite(
    engine: &Engine,
    side: &ExchangeSide,
    market: &MarketFeed,
    url: &PublicUrl,
) -> Result<Router, Failure> {
    let book = side.book.clone();
    let inputs = KiteInputs {
        exchange: side.port.clone(),
        book: book.ok_or_else(|| Failure::failed("the exchange is another process"))?,
        time: Arc::new(GatewayTime(engine.clone())),
        market: market.clone(),
        rt: engine.rt().clone(),
    };
    crate::kite::router(inputs, url)
}

/// Starts what a process does beside requests: jobs, and the watch over changed gateways.
pub fn start_tasks(engine: &Engine, side: &ExchangeSide, settings: &Settings, market: &MarketFeed) {
    start_watch(engine, side, settings, market);
    engine
        .rt()
        .spawn
        .spawn("jobs", Box::pin(engine.clone().run_jobs()));
}

/// Starts the watch over what commands and other processes change: gateways, the keys file, market data.
pub fn start_watch(engine: &Engine, side: &ExchangeSide, settings: &Settings, market: &MarketFeed) {
    market_files::follow(settings, market, engine.rt());
    let (keeper, book) = (engine.clone(), side.book.clone());
    let on_change = move |keyring: Keyring| {
        if let Some(book) = &book {
            book.replace_keyring(keyring.clone());
        }
        keeper.replace_keyring(keyring);
    };
    let watch = watch_keys(settings.clone(), engine.rt().clone(), on_change);
    engine.rt().spawn.spawn("keys-file", Box::pin(watch));
    engine
        .rt()
        .spawn
        .spawn("gateways", Box::pin(engine.clone().watch_gateways()));
}
