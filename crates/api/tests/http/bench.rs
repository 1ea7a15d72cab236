//! A server in a box: engine, routes, three gateways, and requests that read well.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use serde_json::Value;
use torana_api::{ApiOptions, ApiState, router};
use torana_brokers::profile::{SANDBOX_PROFILES, sandbox_profile};
use torana_brokers::{Broker, Profile};
use torana_credentials::jwt;
use torana_credentials::keyring::Keyring;
use torana_credentials::secrets::Secret;
use torana_domain::broker_key::BrokerKey;
use torana_domain::gateway::{GatewaySettings, Mode};
use torana_domain::ids::{AuthId, GatewayName};
use torana_domain::intent::IntentKind;
use torana_drivers::InlineDriver;
use torana_engine::admin::NewSecrets;
use torana_engine::{Engine, EngineParts, Gateway, Principal, Registry};
use torana_exchange::access::{AccessBook, LocalDesk};
use torana_exchange::feed::MarketFeed;
use torana_exchange::{EmbeddedExchange, ExchangeParts, Ownership, PaperBroker, Port};
use torana_runtime::Wall as _;
use torana_storage::{Store, exchange, gateway, migrate};
use torana_webhooks::egress::AllowList;
use tower::ServiceExt as _;

use crate::machine::Machine;

pub const ORIGIN: &str = "https://app.acme.example";
pub const UNKNOWN_TRX: &str = "TRX_0123456789abcdef0123456789abcdef";

pub struct Bench {
    pub machine: Machine,
    pub engine: Engine,
    pub router: Router,
    /// Of the gateways `acme` (sandbox), `quiet` (sandbox without rate limits and with few intents) and `real` (live).
    secrets: Vec<(String, NewSecrets)>,
}

struct Paper(Arc<dyn Port>, Machine);

impl Registry for Paper {
    fn profiles(&self, mode: Mode) -> &'static [Profile] {
        if mode == Mode::Sandbox {
            SANDBOX_PROFILES
        } else {
            &[]
        }
    }

    fn broker(&self, gateway: &Gateway, key: BrokerKey) -> Option<Arc<dyn Broker>> {
        let rt = self.1.rt();
        Some(Arc::new(PaperBroker::new(
            sandbox_profile(key)?,
            gateway.name.as_str(),
            self.0.clone(),
            rt.entropy,
            rt.sleep,
        )))
    }
}

impl Bench {
    pub fn new() -> Self {
        Self::with(ApiOptions {
            is_demo_seeded: false,
            auth_failures_per_minute: 0,
        })
    }

    pub fn with(options: ApiOptions) -> Self {
        let machine = Machine::default();
        let rt = machine.rt();
        let store = || Store::new(Arc::new(InlineDriver::open_in_memory().unwrap()));
        let (own, worlds) = (store(), store());
        machine
            .run(migrate::apply(&own, gateway::MIGRATIONS, machine.now()))
            .unwrap();
        machine
            .run(migrate::apply(&worlds, exchange::MIGRATIONS, machine.now()))
            .unwrap();
        let exchange: Arc<dyn Port> = Arc::new(EmbeddedExchange::new(ExchangeParts {
            rt: rt.clone(),
            store: worlds.clone(),
            market: MarketFeed::bundled(),
            default_seed: Some(7),
            ownership: Ownership::Alone,
        }));
        let keyring = Keyring::generate(&*rt.entropy);
        let book = AccessBook::new(worlds, keyring.clone(), rt.entropy.clone());
        let engine = Engine::new(EngineParts {
            keyring,
            rt,
            store: own,
            registry: Arc::new(Paper(exchange.clone(), machine.clone())),
            desk: Arc::new(LocalDesk::new(book, exchange.clone())),
            exchange,
            market: MarketFeed::bundled(),
            public_url: "https://torana.example.org".to_owned(),
            allows_sandbox: true,
            allows_live: true,
            egress_allow: AllowList::default(),
            fetches_logos: false,
        });
        let router = router(ApiState::new(engine.clone(), options));
        let mut bench = Self {
            machine,
            engine,
            router,
            secrets: Vec::new(),
        };
        let origins = vec![ORIGIN.to_owned(), "https://*.acme.example".to_owned()];
        let acme = GatewaySettings {
            origins: origins.clone(),
            display_name: "Acme".to_owned(),
            ..GatewaySettings::default()
        };
        bench.add_gateway("acme", Mode::Sandbox, acme.clone());
        let intents = Some(vec![IntentKind::Connect, IntentKind::Transaction]);
        bench.add_gateway(
            "quiet",
            Mode::Sandbox,
            GatewaySettings {
                rate_limits: false,
                intents,
                ..acme.clone()
            },
        );
        bench.add_gateway("real", Mode::Live, acme);
        bench
    }

    pub fn add_gateway(&mut self, name: &str, mode: Mode, settings: GatewaySettings) {
        let parsed = GatewayName::parse(name).unwrap();
        let secrets = self
            .machine
            .run(self.engine.create_gateway(parsed, mode, settings, None))
            .unwrap();
        self.secrets.push((name.to_owned(), secrets));
    }

    pub fn secret(&self, gateway: &str) -> &Secret {
        &self
            .secrets
            .iter()
            .find(|(name, _)| name == gateway)
            .unwrap()
            .1
            .secret
    }

    pub fn api_secret(&self, gateway: &str) -> &str {
        self.secrets
            .iter()
            .find(|(name, _)| name == gateway)
            .unwrap()
            .1
            .api_secret
            .reveal()
    }

    pub fn guest(&self, gateway: &str) -> String {
        jwt::mint(&Principal::Guest, self.secret(gateway), self.machine.now(), 3600)
    }

    pub fn connected(&self, gateway: &str, id: &str) -> String {
        let principal = Principal::Connected(AuthId::parse(id).unwrap());
        jwt::mint(&principal, self.secret(gateway), self.machine.now(), 3600)
    }

    /// A request without any credential.
    pub fn call(&self, method: Method, path: &str) -> Call<'_> {
        Call {
            bench: self,
            request: Request::builder()
                .method(method)
                .uri(path)
                .body(Body::empty())
                .unwrap(),
        }
    }

    /// A request of a gateway's partner: API secret and a guest's token.
    pub fn partner(&self, gateway: &str, method: Method, path: &str) -> Call<'_> {
        self.call(method, path)
            .header("x-gateway-secret", self.api_secret(gateway))
            .header("x-gateway-authtoken", &self.guest(gateway))
    }

    /// Creates a transaction as a guest.
    pub fn create(&self, gateway: &str, body: &Value) -> String {
        let path = format!("/gateway/{gateway}/transaction");
        let answer = self.partner(gateway, Method::POST, &path).json(body).send();
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body["data"]["transactionId"].as_str().unwrap().to_owned()
    }
}

#[must_use]
pub struct Call<'a> {
    bench: &'a Bench,
    request: Request<Body>,
}

impl Call<'_> {
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request
            .headers_mut()
            .insert(name, HeaderValue::from_str(value).unwrap());
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.request.headers_mut().remove(name);
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    pub fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    pub fn from(mut self, address: &str) -> Self {
        self.request
            .extensions_mut()
            .insert(address.parse::<IpAddr>().unwrap());
        self
    }

    pub fn send(self) -> Answer {
        let response = self
            .bench
            .machine
            .run(self.bench.router.clone().oneshot(self.request))
            .unwrap();
        let (parts, body) = response.into_parts();
        let bytes = self
            .bench
            .machine
            .run(axum::body::to_bytes(body, 1 << 20))
            .unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// The request is sent and its caller hangs up at once.
    pub fn send_and_hang_up(self) {
        let future = self.bench.router.clone().oneshot(self.request);
        let mut future = std::pin::pin!(future);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Status and slug; checks the envelope on the way.
    pub fn failure(&self) -> (u16, &str) {
        let slug = self.body["errors"][0]
            .as_str()
            .unwrap_or_else(|| panic!("no envelope: {} {}", self.status, self.text));
        assert_eq!(
            (&self.body["success"], &self.body["data"]),
            (&Value::Bool(false), &Value::Null)
        );
        assert_eq!(
            (&self.body["message"], &self.body["errorCode"]),
            (&Value::from(slug), &Value::from(slug))
        );
        assert_eq!(self.body["requestId"].as_str(), self.header("x-request-id"));
        assert_eq!(
            self.body["documentationUrl"],
            format!("https://torana.example.org/docs/errors#{slug}")
        );
        assert_eq!(self.header("content-type"), Some("application/json"));
        (self.status.as_u16(), slug)
    }

    /// `data` of a success.
    pub fn data(&self) -> &Value {
        assert_eq!(
            (self.status, &self.body["success"], &self.body["errors"]),
            (StatusCode::OK, &Value::Bool(true), &Value::Null),
            "{}",
            self.text
        );
        &self.body["data"]
    }
}
