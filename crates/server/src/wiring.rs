//! Putting the engine together: runtime, databases, keys, brokers.

use std::sync::Arc;

use torana_config::{Profile as ServerProfile, PublicUrl, Settings};
use torana_credentials::keyring::Keyring;
use torana_engine::{Engine, EngineParts};
use torana_exchange::access::{AccessBook, AccessDesk, LocalDesk};
use torana_exchange::feed::MarketFeed;
use torana_exchange::{EmbeddedExchange, ExchangeParts, Ownership, Port, RemoteExchange};
use torana_runtime::Rt;
use torana_storage::{Dialect, Store};
use torana_webhooks::egress::AllowList;

use crate::brokers::{BrokerInputs, Brokers};
use crate::databases::Databases;
use crate::exit::Failure;

/// The exchange inside this process.
pub fn embedded_exchange(rt: &Rt, store: &Store, market: MarketFeed, seed: Option<u64>) -> EmbeddedExchange {
    EmbeddedExchange::new(ExchangeParts {
        rt: rt.clone(),
        store: store.clone(),
        market,
        default_seed: seed,
        // An embedded database has one serving process; PostgreSQL may have several.
        ownership: match store.dialect() {
            Dialect::Sqlite => Ownership::Alone,
            Dialect::Postgres => Ownership::Shared,
        },
    })
}

/// The exchange behind every sandbox gateway, as a gateway process reaches it.
#[derive(Clone)]
pub struct ExchangeSide {
    /// Commands go here.
    pub port: Arc<dyn Port>,
    /// What is asked about access goes here.
    pub desk: Arc<dyn AccessDesk>,
    /// Apps and tokens, where the exchange is in this process.
    pub book: Option<AccessBook>,
}

/// The exchange: embedded, or the process that the settings name.
fn exchange(settings: &Settings, inputs: &EngineInputs<'_>) -> Result<ExchangeSide, Failure> {
    let EngineInputs {
        rt,
        databases,
        keyring,
        market,
        seed,
        ..
    } = inputs;
    let Some(url) = &settings.exchange_url else {
        let store = databases.exchange()?;
        let port: Arc<dyn Port> = Arc::new(embedded_exchange(rt, store, market.clone(), *seed));
        let book = AccessBook::new(store.clone(), keyring.clone(), rt.entropy.clone());
        return Ok(ExchangeSide {
            desk: Arc::new(LocalDesk::new(book.clone(), port.clone())),
            port,
            book: Some(book),
        });
    };
    let key = keyring.identity_key().exchange_key();
    let remote = RemoteExchange::new(rt.http.clone(), &url.to_string(), &key);
    let remote = Arc::new(remote.ok_or_else(|| Failure::failed("the exchange's key cannot be sent"))?);
    Ok(ExchangeSide {
        port: remote.clone(),
        desk: remote,
        book: None,
    })
}

/// What an engine needs beside the settings.
pub struct EngineInputs<'a> {
    /// Time, tasks, randomness, HTTP.
    pub rt: Rt,
    /// The databases, migrated.
    pub databases: &'a Databases,
    /// Keys of secrets at rest.
    pub keyring: Keyring,
    /// Origin that browsers see.
    pub public_url: String,
    /// Private targets that may be called.
    pub egress_allow: AllowList,
    /// Seed of new worlds.
    pub seed: Option<u64>,
    /// Whether the logos of orders are fetched.
    pub fetches_logos: bool,
    /// Calendar and securities.
    pub market: MarketFeed,
    /// Where this process serves the exchange's Kite interface.
    pub kite_url: Option<PublicUrl>,
}

/// Builds the engine with its exchange and reads its gateways.
///
/// # Errors
/// Exit code 1 when the gateways cannot be read.
pub async fn build_engine(
    settings: &Settings,
    inputs: EngineInputs<'_>,
) -> Result<(Engine, ExchangeSide), Failure> {
    let side = exchange(settings, &inputs)?;
    let EngineInputs {
        rt,
        databases,
        keyring,
        public_url,
        egress_allow,
        fetches_logos,
        market,
        kite_url,
        ..
    } = inputs;
    let broker_inputs = BrokerInputs {
        kite: &settings.kite,
        // A separate exchange has its Kite interface where its internal route is.
        own_kite_url: kite_url.or_else(|| settings.exchange_url.clone()),
        desk: side.desk.clone(),
        market: market.clone(),
        public_url: &public_url,
    };
    let registry = Arc::new(Brokers::new(side.port.clone(), rt.clone(), broker_inputs));
    let is_sandbox = settings.profile == ServerProfile::Sandbox;
    let engine = Engine::new(EngineParts {
        rt,
        store: databases.gateway()?.clone(),
        keyring,
        registry,
        exchange: side.port.clone(),
        desk: side.desk.clone(),
        market,
        public_url,
        allows_sandbox: is_sandbox || settings.sandbox_enabled,
        allows_live: !is_sandbox,
        egress_allow,
        fetches_logos,
    });
    engine
        .reload_gateways()
        .await
        .map_err(|error| Failure::failed(format!("the gateways cannot be read: {error}")))?;
    Ok((engine, side))
}
