//! The demo's partner: a small shop on an origin of its own that uses only what every partner has, the SDK
//! script, the partner API over HTTP and webhooks, with its own copies of the keys.
//!
//! Invariant: nothing in here calls into the gateway's code; what it knows comes over a socket.

mod call_log;
mod inbox;
mod pages;
mod partner;
mod routes;
mod sessions;
mod token;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use serde_json::Value;
use torana_credentials::secrets::Secret;
use torana_runtime::{Entropy, Wall};

/// What a partner is told when its gateway is made, and where things are.
#[derive(Clone)]
pub struct ShopConfig {
    /// Name of the gateway.
    pub gateway_name: String,
    /// Signs user tokens.
    pub secret: Secret,
    /// Authenticates calls and webhook checksums.
    pub api_secret: Secret,
    /// Verifies webhook signatures.
    pub webhook_key: Secret,
    /// Origin of the gateway as browsers see it.
    pub gateway_origin: String,
    /// Where the shop's server reaches the gateway: always loopback.
    pub gateway_address: SocketAddr,
    /// Origin of the shop itself.
    pub own_origin: String,
}

struct Shop {
    config: ShopConfig,
    partner: partner::PartnerApi,
    sessions: sessions::Sessions,
    inbox: inbox::Inbox,
    log: Arc<call_log::CallLog>,
    wall: Arc<dyn Wall>,
}

/// A member of a JSON object; null where there is none.
fn member<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// Path of the shop's webhook receiver.
pub const WEBHOOK_PATH: &str = "/webhooks";

/// The shop's pages and routes.
pub fn router(config: ShopConfig, wall: Arc<dyn Wall>, entropy: Arc<dyn Entropy>) -> Router {
    let log = Arc::new(call_log::CallLog::default());
    let partner = partner::PartnerApi::new(config.clone(), log.clone(), wall.clone());
    let shop = Shop {
        partner,
        sessions: sessions::Sessions::new(entropy),
        inbox: inbox::Inbox::new(&config),
        log,
        wall,
        config,
    };
    routes::router(Arc::new(shop))
}
