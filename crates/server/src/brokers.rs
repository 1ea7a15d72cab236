//! Sandbox brokers: accounts on the paper exchange, reached over its port or over a broker's own interface.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use torana_adapters::MarketData;
use torana_adapters::zerodha::test_user::PageUser;
use torana_adapters::zerodha::{Access, App, AppSource, Parts, Zerodha};
use torana_brokers::profile::{SANDBOX_PROFILES, sandbox_profile};
use torana_brokers::{Broker, Execution, Profile};
use torana_clock::calendar::MarketCalendar;
use torana_config::{AppKeys, KiteBroker, KiteMode, PublicUrl};
use torana_credentials::secrets::Secret;
use torana_domain::broker_key::BrokerKey;
use torana_domain::gateway::Mode;
use torana_domain::time::Timestamp;
use torana_engine::{Gateway, Registry};
use torana_exchange::access::{AccessDesk, AccessReply, AccessRequest};
use torana_exchange::feed::MarketFeed;
use torana_exchange::{PaperBroker, Port};
use torana_instruments::Master;
use torana_runtime::{BoxFuture, Rt};

/// The brokers of this version: the paper exchange under every key for sandbox gateways, none for live ones.
pub struct Brokers {
    exchange: Arc<dyn Port>,
    rt: Rt,
    kite: Option<KiteWay>,
}

/// The way to Zerodha's interface.
struct KiteWay {
    access: Access,
    keys: Option<AppKeys>,
    apps: Arc<GatewayApps>,
    market: Arc<dyn MarketData>,
}

/// What the way to a broker's interface is made of.
pub struct BrokerInputs<'a> {
    /// Settings of Zerodha.
    pub kite: &'a KiteBroker,
    /// The paper exchange's own Kite interface, as this process reaches it.
    pub own_kite_url: Option<PublicUrl>,
    /// Where the exchange gives access.
    pub desk: Arc<dyn AccessDesk>,
    /// Calendar and securities.
    pub market: MarketFeed,
    /// Origin that browsers see.
    pub public_url: &'a str,
}

impl Brokers {
    /// The brokers over `exchange`.
    pub fn new(exchange: Arc<dyn Port>, rt: Rt, inputs: BrokerInputs<'_>) -> Self {
        let own = inputs
            .own_kite_url
            .filter(|url| inputs.kite.login_url.is_some() || can_be_seen(url, inputs.public_url));
        let way = inputs.kite.url.clone().or(own).map(|api_url| KiteWay {
            access: Access {
                login_url: inputs.kite.login_url.as_ref().unwrap_or(&api_url).to_string(),
                api_url: api_url.to_string(),
                execution: match inputs.kite.mode {
                    KiteMode::Direct => Execution::Direct,
                    KiteMode::HandOff => Execution::HandOff,
                },
            },
            keys: inputs.kite.keys.clone(),
            apps: Arc::new(GatewayApps {
                desk: inputs.desk,
                rt: rt.clone(),
                redirect_url: format!("{}/return/{}", inputs.public_url, BrokerKey::Kite),
                known: Mutex::default(),
            }),
            market: Arc::new(FeedData(inputs.market)),
        });
        Self {
            exchange,
            rt,
            kite: way,
        }
    }

    fn paper(&self, profile: &'static Profile, world: &str) -> Arc<dyn Broker> {
        Arc::new(PaperBroker::new(
            profile,
            world,
            self.exchange.clone(),
            self.rt.entropy.clone(),
            self.rt.sleep.clone(),
        ))
    }

    fn zerodha(&self, way: &KiteWay, profile: &'static Profile, world: &str) -> Arc<dyn Broker> {
        let app: Arc<dyn AppSource> = match &way.keys {
            Some(keys) => Arc::new(GivenApp(App {
                api_key: keys.api_key.clone(),
                api_secret: Secret::new(keys.api_secret.clone()),
            })),
            None => Arc::new(GatewayApp {
                world: world.to_owned(),
                apps: way.apps.clone(),
            }),
        };
        Arc::new(Zerodha::new(Parts {
            profile,
            access: way.access.clone(),
            app,
            platform: Some(self.paper(profile, world)),
            test_user: Some(Arc::new(PageUser::new(self.rt.http.clone()))),
            market: way.market.clone(),
            http: self.rt.http.clone(),
            sleep: self.rt.sleep.clone(),
        }))
    }
}

/// Whether the browsers of a gateway's users get to an address: one on loopback is for those on the same machine.
fn can_be_seen(url: &PublicUrl, gateway: &str) -> bool {
    let is_local = PublicUrl::parse(gateway).is_some_and(|gateway| gateway.is_loopback());
    is_local || !url.is_loopback()
}

impl Registry for Brokers {
    fn profiles(&self, mode: Mode) -> &'static [Profile] {
        match mode {
            Mode::Sandbox => SANDBOX_PROFILES,
            Mode::Live => &[],
        }
    }

    fn broker(&self, gateway: &Gateway, key: BrokerKey) -> Option<Arc<dyn Broker>> {
        if gateway.mode != Mode::Sandbox {
            return None;
        }
        let (profile, world) = (sandbox_profile(key)?, gateway.name.as_str());
        Some(match &self.kite {
            Some(way) if key == BrokerKey::Kite => self.zerodha(way, profile, world),
            _ => self.paper(profile, world),
        })
    }
}

/// Market data in force, for adapters.
struct FeedData(MarketFeed);

impl MarketData for FeedData {
    fn calendar(&self) -> Arc<MarketCalendar> {
        Arc::clone(self.0.current().calendar())
    }

    fn master_at(&self, at: Timestamp) -> Arc<Master> {
        Arc::clone(self.0.current().master_at(at))
    }
}

/// An app whose keys are settings.
struct GivenApp(App);

impl AppSource for GivenApp {
    fn app(&self) -> BoxFuture<'static, Result<App, String>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

/// The apps through which gateways act in their worlds, each fetched once.
struct GatewayApps {
    desk: Arc<dyn AccessDesk>,
    rt: Rt,
    redirect_url: String,
    known: Mutex<BTreeMap<String, App>>,
}

impl GatewayApps {
    async fn of(&self, world: String) -> Result<App, String> {
        let known = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&world)
            .cloned();
        if let Some(app) = known {
            return Ok(app);
        }
        let request = AccessRequest::GatewayApp {
            redirect_url: self.redirect_url.clone(),
        };
        let reply = self.desk.serve(&world, self.rt.wall.now(), request).await;
        match reply.map_err(|error| error.to_string())? {
            AccessReply::AppMade { api_key, api_secret } => {
                let app = App {
                    api_key,
                    api_secret: Secret::new(api_secret),
                };
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                known.insert(world, app.clone());
                Ok(app)
            }
            _ => Err("the exchange gave no app".to_owned()),
        }
    }
}

/// One of them.
struct GatewayApp {
    world: String,
    apps: Arc<GatewayApps>,
}

impl AppSource for GatewayApp {
    fn app(&self) -> BoxFuture<'static, Result<App, String>> {
        let (world, apps) = (self.world.clone(), self.apps.clone());
        Box::pin(async move { apps.of(world).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_sent_where_their_browsers_get_to() {
        let sees = |url: &str, gateway: &str| can_be_seen(&PublicUrl::parse(url).unwrap(), gateway);
        assert!(sees("http://127.0.0.1:8082", "http://127.0.0.1:8080"));
        assert!(sees("https://kite.example.org", "https://gateway.example.org"));
        assert!(!sees("http://127.0.0.1:8082", "https://gateway.example.org"));
        assert!(!sees("http://[::1]:8082", "https://gateway.example.org"));
    }
}
