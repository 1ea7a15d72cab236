//! A Kite interface over an exchange of its own, whose world stands still unless it is moved.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::task::JoinHandle;
use torana_credentials::keyring::Keyring;
use torana_domain::broker_key::BrokerKey;
use torana_domain::time::{Timestamp, parse_iso};
use torana_drivers::sqlite::Durability;
use torana_drivers::{SqliteDriver, SqliteOptions};
use torana_exchange::access::{AccessBook, App, AppTerms, TokenKind, WorldTime, open_session};
use torana_exchange::core::{AccountKey, Answer, Command};
use torana_exchange::feed::MarketFeed;
use torana_exchange::{EmbeddedExchange, ExchangeParts, Ownership, Port};
use torana_kite::{Kite, KiteParts, router};
use torana_runtime::{
    BoxFuture, Entropy, Http, HttpError, HttpRequest, HttpResponse, Rt, Sleep, Spawn, Stream, Ticks, Wall,
};
use torana_storage::exchange::MIGRATIONS;
use torana_storage::{Store, migrate};
use torana_ui::Renderer;
use tower::ServiceExt as _;

/// Monday, 10:00 in India.
pub const START: &str = "2026-01-05T04:30:00.000Z";
const WORLD: &str = "gatewaydemo";
const SEED: u64 = 7;

pub struct Bench {
    pub router: Router,
    pub clock: Clock,
    exchange: EmbeddedExchange,
    access: AccessBook,
    app: App,
    folder: PathBuf,
}

/// A token of an account, with the key of its app.
#[derive(Clone)]
pub struct Login {
    pub api_key: String,
    pub token: String,
}

impl Bench {
    pub async fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("kite-market-{}-{number}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let options = SqliteOptions {
            durability: Durability::ProcessCrash,
            ..SqliteOptions::default()
        };
        let driver = SqliteDriver::open(folder.join("exchange.db"), options).unwrap();
        let store = Store::new(Arc::new(driver));
        migrate::apply(&store, MIGRATIONS, Timestamp(0)).await.unwrap();
        let machine = Arc::new(Machine::default());
        let rt = Rt {
            wall: machine.clone(),
            sleep: machine.clone(),
            spawn: machine.clone(),
            entropy: machine.clone(),
            http: machine,
        };
        let exchange = EmbeddedExchange::new(ExchangeParts {
            rt: rt.clone(),
            store: store.clone(),
            market: MarketFeed::bundled(),
            default_seed: Some(SEED),
            ownership: Ownership::Alone,
        });
        let access = AccessBook::new(store, Keyring::generate(&*rt.entropy), rt.entropy.clone());
        let terms = AppTerms {
            redirect_url: "http://127.0.0.1/".to_owned(),
            postback_url: None,
            is_limited: false,
        };
        let (api_key, _) = access.make_app(WORLD, terms).await.unwrap();
        let app = access.find_app(&api_key).await.unwrap().unwrap();
        let clock = Clock(Arc::new(AtomicI64::new(parse_iso(START).unwrap().0)));
        let kite = Kite::new(KiteParts {
            exchange: Arc::new(exchange.clone()),
            access: access.clone(),
            time: Arc::new(clock.clone()),
            market: MarketFeed::bundled(),
            rt,
            renderer: Arc::new(Renderer::new().unwrap()),
            public_url: "http://127.0.0.1:8082".to_owned(),
        });
        Self {
            router: router(kite),
            clock,
            exchange,
            access,
            app,
            folder,
        }
    }

    /// Logs an account in for a day.
    pub async fn login(&self, account: &str) -> Login {
        let key = AccountKey::new(BrokerKey::Kite, account).unwrap();
        let at = self.clock.now();
        let end = at.plus_seconds(20 * 3600);
        let (book, port) = (&self.access, &self.exchange);
        let opened = open_session(book, port, TokenKind::Access, &self.app, &key, at, end).await;
        Login {
            api_key: self.app.api_key.clone(),
            token: opened.unwrap().token.reveal().to_owned(),
        }
    }

    pub async fn command(&self, command: Command) -> Answer {
        self.exchange
            .execute(WORLD, self.clock.now(), command)
            .await
            .unwrap()
    }

    pub async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Status and JSON of the answer to a form.
    pub async fn form(&self, login: &Login, method: Method, path: &str, form: &str) -> (u16, Value) {
        let authorization = format!("token {}:{}", login.api_key, login.token);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, authorization);
        let response = self
            .send(request.body(Body::from(form.to_owned())).unwrap())
            .await;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    /// Status and text of an answer.
    pub async fn text(&self, login: Option<&Login>, path: &str) -> (StatusCode, String) {
        let mut request = Request::get(path);
        if let Some(Login { api_key, token }) = login {
            request = request.header(header::AUTHORIZATION, format!("token {api_key}:{token}"));
        }
        let response = self.send(request.body(Body::empty()).unwrap()).await;
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// The `data` of a success.
    pub async fn data(&self, login: &Login, path: &str) -> Value {
        let (status, text) = self.text(Some(login), path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        let mut body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["status"], "success");
        body["data"].take()
    }

    /// Status, class and text of a failure.
    pub async fn failure(&self, login: Option<&Login>, path: &str) -> (u16, String, String) {
        let (status, text) = self.text(login, path).await;
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["status"], "error", "{path}: {text}");
        let word = |name: &str| body[name].as_str().unwrap().to_owned();
        (status.as_u16(), word("error_type"), word("message"))
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// World time, moved by hand.
#[derive(Clone)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    pub fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    pub fn set(&self, text: &str) {
        self.0.store(parse_iso(text).unwrap().0, Ordering::SeqCst);
    }
}

impl WorldTime for Clock {
    fn now(&self, world: &str) -> Option<Timestamp> {
        (world == WORLD).then(|| Self::now(self))
    }
}

#[derive(Default)]
struct Machine {
    draws: AtomicU64,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Wall for Machine {
    fn now(&self) -> Timestamp {
        parse_iso(START).unwrap()
    }

    fn ticks(&self) -> Ticks {
        Ticks(0)
    }
}

impl Sleep for Machine {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

impl Spawn for Machine {
    fn spawn(&self, _: &'static str, task: BoxFuture<'static, ()>) {
        self.tasks.lock().unwrap().push(tokio::spawn(task));
    }

    fn is_stopping(&self) -> bool {
        false
    }
}

impl Entropy for Machine {
    fn fill(&self, _: Stream, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let drawn = self.draws.fetch_add(1, Ordering::Relaxed) + 1;
            let bytes = drawn.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

impl Http for Machine {
    fn send(&self, _: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
        Box::pin(async { Err(HttpError::NotSent("there is no network".to_owned())) })
    }
}
