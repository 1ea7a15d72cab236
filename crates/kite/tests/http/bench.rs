//! A Kite interface over worlds `acme` and `other`, on Monday, 5 January 2026, 10:00 in India.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use torana_credentials::keyring::Keyring;
use torana_credentials::sha256_hex;
use torana_domain::time::{Timestamp, parse_iso};
use torana_drivers::sqlite::InlineDriver;
use torana_exchange::access::{AccessBook, AppTerms, WorldTime};
use torana_exchange::core::{Command, Reply};
use torana_exchange::feed::MarketFeed;
use torana_exchange::{EmbeddedExchange, ExchangeParts, Ownership, Port};
use torana_kite::{Kite, KiteParts, router};
use torana_storage::exchange::MIGRATIONS;
use torana_storage::{Store, migrate};
use torana_ui::Renderer;
use tower::ServiceExt as _;
use url::Url;

use crate::machine::Machine;

/// 10:00 in India.
pub const START: &str = "2026-01-05T04:30:00.000Z";
pub const REDIRECT: &str = "http://127.0.0.1:9000/cb?own=1";

pub struct Bench {
    pub machine: Machine,
    pub kite: Kite,
    pub access: AccessBook,
    exchange: EmbeddedExchange,
    clock: Arc<Clock>,
    router: Router,
}

/// The worlds that are served, with their present.
struct Clock {
    now: AtomicI64,
    worlds: Mutex<Vec<&'static str>>,
}

impl WorldTime for Clock {
    fn now(&self, world: &str) -> Option<Timestamp> {
        let is_served = self.worlds.lock().unwrap().contains(&world);
        is_served.then(|| Timestamp(self.now.load(Ordering::SeqCst)))
    }
}

/// An app's keys.
#[derive(Clone)]
pub struct Keys {
    pub api_key: String,
    pub api_secret: String,
}

/// A user at an app.
#[derive(Clone)]
pub struct Login {
    pub api_key: String,
    pub token: String,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub extensions: http::Extensions,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// `data` of a success.
    pub fn data(&self) -> Value {
        let mut body = self.json();
        assert_eq!(self.status, StatusCode::OK, "{body}");
        assert_eq!(body["status"], "success");
        body["data"].take()
    }

    /// Status, class and text of a failure.
    pub fn failure(&self) -> (u16, String, String) {
        let body = self.json();
        assert_eq!(body["status"], "error", "{body}");
        let members: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(members, ["data", "error_type", "message", "status"]);
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        (self.status.as_u16(), text("error_type"), text("message"))
    }

    /// Where a redirect leads, with its parameters.
    pub fn location(&self) -> (String, BTreeMap<String, String>) {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text());
        let to = self.headers[header::LOCATION].to_str().unwrap();
        let base = Url::parse("http://kite.test").unwrap();
        let mut url = base.join(to).unwrap();
        let pairs = url.query_pairs().into_owned().collect();
        url.set_query(None);
        (url.to_string(), pairs)
    }
}

impl Bench {
    pub fn new() -> Self {
        let machine = Machine::default();
        let rt = machine.rt();
        let store = Store::new(Arc::new(InlineDriver::open_in_memory().unwrap()));
        machine
            .run(migrate::apply(&store, MIGRATIONS, Timestamp(0)))
            .unwrap();
        let exchange = EmbeddedExchange::new(ExchangeParts {
            rt: rt.clone(),
            store: store.clone(),
            market: MarketFeed::bundled(),
            default_seed: Some(7),
            ownership: Ownership::Alone,
        });
        let access = AccessBook::new(store, Keyring::generate(&*rt.entropy), rt.entropy.clone());
        let clock = Arc::new(Clock {
            now: AtomicI64::new(parse_iso(START).unwrap().0),
            worlds: Mutex::new(vec!["acme", "other"]),
        });
        let kite = Kite::new(KiteParts {
            exchange: Arc::new(exchange.clone()),
            access: access.clone(),
            time: clock.clone(),
            market: MarketFeed::bundled(),
            rt,
            renderer: Arc::new(Renderer::new().unwrap()),
            public_url: "http://kite.test".to_owned(),
        });
        Self {
            machine,
            router: router(kite.clone()),
            kite,
            access,
            exchange,
            clock,
        }
    }

    pub fn advance(&self, ms: i64) {
        self.clock.now.fetch_add(ms, Ordering::SeqCst);
    }

    /// Ends the service of a world.
    pub fn close(&self, world: &str) {
        self.clock.worlds.lock().unwrap().retain(|known| *known != world);
    }

    pub fn command(&self, world: &str, command: Command) -> Reply {
        let at = Timestamp(self.clock.now.load(Ordering::SeqCst));
        self.machine
            .run(self.exchange.execute(world, at, command))
            .unwrap()
            .reply
    }

    pub fn app_with(&self, world: &str, postback_url: Option<&str>, is_limited: bool) -> Keys {
        let terms = AppTerms {
            redirect_url: REDIRECT.to_owned(),
            postback_url: postback_url.map(str::to_owned),
            is_limited,
        };
        let (api_key, secret) = self.machine.run(self.access.make_app(world, terms)).unwrap();
        Keys {
            api_key,
            api_secret: secret.reveal().to_owned(),
        }
    }

    pub fn app(&self, world: &str) -> Keys {
        self.app_with(world, None, false)
    }

    pub fn send(&self, request: Request<Body>) -> Answer {
        let router = self.router.clone();
        self.machine.run(async move {
            let (head, body) = router.oneshot(request).await.unwrap().into_parts();
            Answer {
                status: head.status,
                headers: head.headers,
                extensions: head.extensions,
                bytes: body.collect().await.unwrap().to_bytes().to_vec(),
            }
        })
    }

    /// A form that somebody posts, without a token.
    pub fn form(&self, method: Method, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(
            Request::builder()
                .method(method)
                .uri(path)
                .body(encoded(fields))
                .unwrap(),
        )
    }

    pub fn call(&self, login: &Login, method: Method, path: &str, body: Body) -> Answer {
        let token = format!("token {}:{}", login.api_key, login.token);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-kite-version", "3")
            .header(header::AUTHORIZATION, token);
        self.send(request.body(body).unwrap())
    }

    pub fn get(&self, login: &Login, path: &str) -> Answer {
        self.call(login, Method::GET, path, Body::empty())
    }

    pub fn post(&self, login: &Login, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.call(login, Method::POST, path, encoded(fields))
    }

    pub fn put(&self, login: &Login, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.call(login, Method::PUT, path, encoded(fields))
    }

    pub fn delete(&self, login: &Login, path: &str) -> Answer {
        self.call(login, Method::DELETE, path, Body::empty())
    }

    pub fn json(&self, login: &Login, path: &str, body: &Value) -> Answer {
        self.call(login, Method::POST, path, Body::from(body.to_string()))
    }

    /// The request token of a login on the page.
    pub fn request_token(&self, keys: &Keys, account: &str) -> String {
        let fields = [("api_key", keys.api_key.as_str()), ("account", account)];
        let (_, pairs) = self.form(Method::POST, "/connect/login", &fields).location();
        pairs["request_token"].clone()
    }

    pub fn exchange_token(&self, keys: &Keys, request_token: &str) -> Answer {
        let sum = checksum(keys, request_token);
        let fields = [
            ("api_key", keys.api_key.as_str()),
            ("request_token", request_token),
            ("checksum", &sum),
        ];
        self.form(Method::POST, "/session/token", &fields)
    }

    /// The whole way from the page to the token.
    pub fn login(&self, keys: &Keys, account: &str) -> Login {
        let request_token = self.request_token(keys, account);
        let session = self.exchange_token(keys, &request_token).data();
        Login {
            api_key: keys.api_key.clone(),
            token: session["access_token"].as_str().unwrap().to_owned(),
        }
    }

    /// A user of an app without limits in `acme`.
    pub fn user(&self, account: &str) -> Login {
        self.login(&self.app("acme"), account)
    }

    /// Places a regular order on NSE and gives its id.
    pub fn place(&self, login: &Login, fields: &[(&str, &str)]) -> String {
        let answer = self.post(login, "/orders/regular", fields);
        answer.data()["order_id"].as_str().unwrap().to_owned()
    }
}

pub fn checksum(keys: &Keys, token: &str) -> String {
    sha256_hex(format!("{}{token}{}", keys.api_key, keys.api_secret).as_bytes())
}

pub fn encoded(fields: &[(&str, &str)]) -> Body {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    Body::from(form.finish())
}

/// The fields of an order, with those of `more` in place of or beside the usual ones.
pub fn order<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("exchange", "NSE"),
        ("tradingsymbol", "INFY"),
        ("transaction_type", "BUY"),
        ("order_type", "MARKET"),
        ("quantity", "2"),
        ("product", "CNC"),
    ];
    let is_kept = |(name, _): &&(&str, &str)| more.iter().all(|(other, _)| other != name);
    let kept = usual.iter().filter(is_kept).copied();
    kept.chain(more.iter().copied().filter(|(_, value)| !value.is_empty()))
        .collect()
}

/// The members of an object, sorted.
pub fn members(value: &Value) -> Vec<&str> {
    let object = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    let mut names: Vec<&str> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}
