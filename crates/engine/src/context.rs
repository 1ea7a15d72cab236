//! The engine: everything that use cases need, in one cheap handle.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use torana_brokers::{Broker, Profile};
use torana_clock::calendar::MarketCalendar;
use torana_credentials::keyring::Keyring;
use torana_domain::broker_key::BrokerKey;
use torana_domain::gateway::Mode;
use torana_domain::ids::AuthId;
use torana_domain::time::Timestamp;
use torana_exchange::access::AccessDesk;
use torana_exchange::feed::MarketFeed;
use torana_exchange::port::Port;
use torana_instruments::Master;
use torana_runtime::Rt;
use torana_storage::Store;

use crate::access::ToldVersions;
use crate::execution::governor::Governor;
use crate::gateways::{Gateway, GatewayCache};
use crate::idempotency::InFlight;
use crate::jobs::Wake;
use crate::rest::Disturbances;

/// Which brokers a gateway may use. A sandbox gateway's registry holds nothing but the paper exchange.
pub trait Registry: Send + Sync {
    /// Profiles offered to a gateway, sorted by key, before the gateway's own restriction.
    fn profiles(&self, mode: Mode) -> &'static [Profile];
    /// The adapter of one broker for one gateway.
    fn broker(&self, gateway: &Gateway, key: BrokerKey) -> Option<Arc<dyn Broker>>;
}

/// What an engine is made of.
pub struct EngineParts {
    /// Time, tasks, randomness, HTTP.
    pub rt: Rt,
    /// The gateway's database.
    pub store: Store,
    /// Keys that encrypt secrets at rest and hash account identities.
    pub keyring: Keyring,
    /// Brokers.
    pub registry: Arc<dyn Registry>,
    /// The paper exchange behind every sandbox gateway.
    pub exchange: Arc<dyn Port>,
    /// Where it gives access to apps.
    pub desk: Arc<dyn AccessDesk>,
    /// Calendar and securities, which an operator may replace.
    pub market: MarketFeed,
    /// Origin that browsers see, without a trailing slash.
    pub public_url: String,
    /// Whether sandbox gateways are served.
    pub allows_sandbox: bool,
    /// Whether live gateways are served.
    pub allows_live: bool,
    /// `host:port` pairs that may be plain http or private.
    pub egress_allow: torana_webhooks::egress::AllowList,
    /// Whether the logos of orders are fetched; the demo never does.
    pub fetches_logos: bool,
}

/// The engine. Clones share everything.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

/// A user that exists from the start, as the demo's does.
#[derive(Debug, Clone)]
pub(crate) struct SeededUser {
    pub(crate) gateway_id: i64,
    pub(crate) auth_id: AuthId,
    pub(crate) broker: BrokerKey,
    pub(crate) account: String,
}

pub(crate) struct Inner {
    pub(crate) parts: EngineParts,
    /// The keys of this moment; `parts` holds those of the start.
    keyring: RwLock<Arc<Keyring>>,
    pub(crate) gateways: GatewayCache,
    pub(crate) wake: Wake,
    pub(crate) in_flight: InFlight,
    /// Limits of order calls.
    pub(crate) governor: Governor,
    /// Who has a world to himself, and who looks for its jobs.
    pub(crate) disturbances: Mutex<Disturbances>,
    /// The clocks that the exchange's desk was told.
    pub(crate) told: Mutex<ToldVersions>,
    /// The user that was seeded, to be seeded again when its world is reset.
    pub(crate) seeded_user: Mutex<Option<SeededUser>>,
}

impl Engine {
    /// Puts an engine together. Call [`Engine::reload_gateways`] before serving.
    #[must_use]
    pub fn new(parts: EngineParts) -> Self {
        Self(Arc::new(Inner {
            keyring: RwLock::new(Arc::new(parts.keyring.clone())),
            parts,
            gateways: GatewayCache::default(),
            wake: Wake::default(),
            in_flight: InFlight::default(),
            governor: Governor::default(),
            disturbances: Mutex::default(),
            told: Mutex::default(),
            seeded_user: Mutex::new(None),
        }))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// Time, tasks, randomness, HTTP.
    #[must_use]
    pub fn rt(&self) -> &Rt {
        &self.0.parts.rt
    }

    /// The gateway's database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.parts.store
    }

    /// Encryption at rest.
    #[must_use]
    pub fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.0.keyring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the keys of a keys file that was changed by `torana keys rotate`.
    pub fn replace_keyring(&self, keyring: Keyring) {
        *self.0.keyring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
    }

    /// The paper exchange.
    #[must_use]
    pub fn exchange(&self) -> &Arc<dyn Port> {
        &self.0.parts.exchange
    }

    /// Origin that browsers see, without a trailing slash.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.0.parts.public_url
    }

    /// Wall time.
    #[must_use]
    pub fn wall_now(&self) -> Timestamp {
        self.rt().wall.now()
    }

    /// The market calendar in force.
    #[must_use]
    pub fn calendar(&self) -> Arc<MarketCalendar> {
        Arc::clone(self.0.parts.market.current().calendar())
    }

    /// The securities at an instant of world time.
    #[must_use]
    pub fn master_at(&self, at: Timestamp) -> Arc<Master> {
        Arc::clone(self.0.parts.market.current().master_at(at))
    }

    /// The brokers that a gateway may offer, sorted by key.
    #[must_use]
    pub fn profiles(&self, gateway: &Gateway) -> Vec<&'static Profile> {
        let all = self.0.parts.registry.profiles(gateway.mode);
        all.iter()
            .filter(|profile| gateway.settings.allows_broker(profile.key))
            .collect()
    }

    /// One of them by key.
    #[must_use]
    pub fn profile(&self, gateway: &Gateway, key: BrokerKey) -> Option<&'static Profile> {
        self.profiles(gateway)
            .into_iter()
            .find(|profile| profile.key == key)
    }

    /// The adapter of one of them.
    #[must_use]
    pub fn broker(&self, gateway: &Gateway, key: BrokerKey) -> Option<Arc<dyn Broker>> {
        self.profile(gateway, key)?;
        self.0.parts.registry.broker(gateway, key)
    }

    /// Tells the job runner that something may be due.
    pub fn wake_jobs(&self) {
        self.0.wake.notify();
    }
}

/// Locks a mutex whose holder cannot leave it half-written: every critical section in this crate is a single
/// insert, remove or read, so a poisoned lock still holds a consistent map.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
