//! Users who connect and buy a basket, all at once, through the partner API.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};
use torana_api::{ApiOptions, ApiState, router};
use torana_brokers::profile::{SANDBOX_PROFILES, sandbox_profile};
use torana_brokers::{Broker, Profile};
use torana_credentials::jwt;
use torana_credentials::keyring::Keyring;
use torana_credentials::secrets::Secret;
use torana_credentials::sha256_hex;
use torana_domain::broker_key::BrokerKey;
use torana_domain::gateway::{GatewaySettings, Mode};
use torana_domain::ids::GatewayName;
use torana_engine::{Engine, EngineParts, Gateway, Principal, Registry};
use torana_exchange::access::{AccessBook, LocalDesk};
use torana_exchange::feed::MarketFeed;
use torana_exchange::{EmbeddedExchange, ExchangeParts, Ownership, PaperBroker, Port};
use torana_runtime::{Rt, Sleep as _, Spawn as _, Wall as _};
use torana_storage::{exchange, gateway, migrate};
use torana_webhooks::egress::AllowList;
use tower::ServiceExt as _;

use crate::machine::{Chance, Machine};
use crate::shop::{self, Shop};

/// Broker and account of each user.
const USERS: [(&str, &str); 4] = [
    ("kite", "DEMO01"),
    ("kite", "DEMO02"),
    ("groww", "DEMO01"),
    ("upstox", "SLOW01"),
];
/// What each buys.
const TICKERS: [&str; 3] = ["INFY", "ITC", "RELIANCE"];
/// Longest pause before a user's next step.
const THINKING_US_MAX: u64 = 2_000_000;
/// How often is looked whether everything has come in, once in a second; longer than the two retries that may be needed take.
const LOOKS_MAX: usize = 900;

/// A finished run.
pub struct Run {
    pub trace: Vec<String>,
    /// Last details of each user's basket.
    baskets: Vec<Value>,
    inbox: Vec<Value>,
}

impl Run {
    pub fn of_seed(seed: u64) -> Self {
        let machine = Machine::new(seed);
        let shop = Shop::new(&machine);
        let baskets = Arc::new(Mutex::new(Vec::new()));
        let main = whole_story(machine.clone(), shop.clone(), Arc::clone(&baskets));
        machine.run(Box::pin(main));
        let baskets = baskets.lock().unwrap().clone();
        Self {
            trace: machine.trace(),
            baskets,
            inbox: shop.inbox(),
        }
    }

    pub fn trace_hash(&self) -> String {
        sha256_hex(self.trace.join("\n").as_bytes())
    }

    /// Every basket is bought, once, and the partner has heard of it.
    pub fn check(&self) {
        assert_eq!(self.baskets.len(), USERS.len());
        for data in &self.baskets {
            let id = &data["transactionId"];
            let batch = &data["transactionDetails"]["success"]["data"]["batches"][0];
            assert_eq!(data["status"], "COMPLETED", "{data}");
            assert_eq!(
                (&batch["status"], &batch["filled"]),
                (&json!("COMPLETED"), &json!(TICKERS.len()))
            );
            let heard = |event: &str| {
                let of_it = |body: &&Value| body["transactionId"] == *id && body["eventType"] == event;
                self.inbox
                    .iter()
                    .filter(of_it)
                    .map(|body| body["sequence"].clone())
                    .collect::<Vec<_>>()
            };
            assert_eq!(heard("order.placed"), [json!(1)], "{id}");
            assert_eq!(heard("order.completed"), [json!(2)], "{id}");
        }
        assert_eq!(self.inbox.len(), 2 * USERS.len(), "and of nothing else");
    }
}

async fn whole_story(machine: Machine, shop: Shop, baskets: Arc<Mutex<Vec<Value>>>) {
    let partner = Arc::new(Partner::new(&machine, &shop).await);
    for (broker, account) in USERS {
        let (partner, baskets) = (Arc::clone(&partner), Arc::clone(&baskets));
        let user = async move {
            let data = partner.serve(broker, account).await;
            baskets.lock().unwrap().push(data);
        };
        machine.spawn("user", Box::pin(user));
    }
    for _ in 0..LOOKS_MAX {
        machine.sleep(Duration::from_secs(1)).await;
        if baskets.lock().unwrap().len() == USERS.len() && shop.inbox().len() >= 2 * USERS.len() {
            return;
        }
    }
    panic!("not everything came in: {} deliveries", shop.inbox().len());
}

/// The paper exchange under every key.
struct Paper(Arc<dyn Port>, Rt);

impl Registry for Paper {
    fn profiles(&self, _: Mode) -> &'static [Profile] {
        SANDBOX_PROFILES
    }

    fn broker(&self, gateway: &Gateway, key: BrokerKey) -> Option<Arc<dyn Broker>> {
        let Self(exchange, rt) = self;
        let profile = sandbox_profile(key)?;
        Some(Arc::new(PaperBroker::new(
            profile,
            gateway.name.as_str(),
            exchange.clone(),
            rt.entropy.clone(),
            rt.sleep.clone(),
        )))
    }
}

struct Partner {
    machine: Machine,
    router: Router,
    secret: Secret,
    api_secret: Secret,
}

impl Partner {
    /// The gateway with its jobs running, and its one partner.
    async fn new(machine: &Machine, shop: &Shop) -> Self {
        let rt = machine.rt(Arc::new(shop.clone()));
        let (own, worlds) = (machine.store(), machine.store());
        migrate::apply(&own, gateway::MIGRATIONS, machine.now())
            .await
            .unwrap();
        migrate::apply(&worlds, exchange::MIGRATIONS, machine.now())
            .await
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
            desk: Arc::new(LocalDesk::new(book, exchange.clone())),
            registry: Arc::new(Paper(exchange.clone(), rt.clone())),
            rt,
            store: own,
            exchange,
            market: MarketFeed::bundled(),
            public_url: "https://torana.example.org".to_owned(),
            allows_sandbox: true,
            allows_live: false,
            egress_allow: AllowList::default(),
            fetches_logos: false,
        });
        let settings = GatewaySettings {
            webhook_urls: vec![shop::URL.to_owned()],
            ..GatewaySettings::default()
        };
        let name = GatewayName::parse("acme").unwrap();
        let secrets = engine
            .create_gateway(name, Mode::Sandbox, settings, None)
            .await
            .unwrap();
        shop.knows(&secrets);
        machine.spawn("jobs", Box::pin(engine.clone().run_jobs()));
        let options = ApiOptions {
            is_demo_seeded: false,
            auth_failures_per_minute: 0,
        };
        Self {
            machine: machine.clone(),
            router: router(ApiState::new(engine, options)),
            secret: secrets.secret,
            api_secret: secrets.api_secret,
        }
    }

    /// One user from the first login to the filled basket; gives the basket's details.
    async fn serve(&self, broker: &str, account: &str) -> Value {
        let walk = json!({"decision": "approve", "broker": broker, "account": account});
        let guest = jwt::mint(&Principal::Guest, &self.secret, self.machine.now(), 3600);
        let login = self.create(&guest, &json!({"intent": "CONNECT"})).await;
        let connected = self.complete(&guest, &login, &walk).await;
        let token = connected["smallcaseAuthToken"].as_str().unwrap();
        let line = |ticker: &str| json!({"ticker": ticker, "quantity": 2, "type": "BUY"});
        let securities: Vec<Value> = TICKERS.into_iter().map(line).collect();
        let basket =
            json!({"intent": "TRANSACTION", "orderConfig": {"type": "SECURITIES", "securities": securities}});
        let basket = self.create(token, &basket).await;
        let _ = self.complete(token, &basket, &walk).await;
        loop {
            self.machine.sleep(Duration::from_secs(5)).await;
            let path = format!("/v1/acme/engine/transactiondetails?transactionId={basket}");
            let data = self.ask(Method::GET, &path, token, &Value::Null).await;
            if data["status"] == "COMPLETED" {
                return data;
            }
        }
    }

    async fn create(&self, token: &str, body: &Value) -> String {
        let data = self
            .ask(Method::POST, "/gateway/acme/transaction", token, body)
            .await;
        data["transactionId"].as_str().unwrap().to_owned()
    }

    async fn complete(&self, token: &str, id: &str, body: &Value) -> Value {
        let path = format!("/torana/v1/gateways/acme/sandbox/transactions/{id}/complete");
        self.ask(Method::POST, &path, token, body).await
    }

    /// A request after a while; its success's `data`.
    async fn ask(&self, method: Method, path: &str, token: &str, body: &Value) -> Value {
        self.machine.pause(Chance::User, THINKING_US_MAX).await;
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-gateway-secret", self.api_secret.reveal())
            .header("x-gateway-authtoken", token)
            .body(body)
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        self.machine.note(&format!("answer {status} {text}"));
        assert_eq!(status, 200, "{path}: {text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        answer["data"].clone()
    }
}
