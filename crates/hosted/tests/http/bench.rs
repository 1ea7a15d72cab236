//! A gateway `acme` behind the real routes.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use torana_credentials::keyring::Keyring;
use torana_domain::gateway::{GatewaySettings, Mode};
use torana_domain::ids::{GatewayName, TransactionId};
use torana_domain::intent::Intent;
use torana_drivers::InlineDriver;
use torana_engine::flow::{FlowOptions, OpenedFlow};
use torana_engine::{Caller, Engine, EngineParts, Principal};
use torana_exchange::feed::MarketFeed;
use torana_hosted::HostedState;
use torana_storage::gateway::{MIGRATIONS, sessions};
use torana_storage::{Store, StoreError, Tx, migrate};
use torana_ui::Renderer;
use torana_webhooks::egress::AllowList;
use tower::ServiceExt as _;

use crate::broker::{Elsewhere, OneBroker};
use crate::machine::{NOW, Nothing, rt};

pub fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    for _ in 0..100_000 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
    panic!("nothing happens any more");
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// The page as its reader gets it, as far as addresses go.
    pub fn html(&self) -> String {
        String::from_utf8(self.body.clone())
            .unwrap()
            .replace("&#x2f;", "/")
            .replace("&amp;", "&")
    }

    pub fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        self.header(header::LOCATION)
    }
}

pub struct Bench {
    pub engine: Engine,
    pub broker: Arc<Elsewhere>,
    router: Router,
    store: Store,
}

impl Bench {
    pub fn new() -> Self {
        let rt = rt();
        let store = Store::new(Arc::new(InlineDriver::open_in_memory().unwrap()));
        run(migrate::apply(&store, MIGRATIONS, NOW)).unwrap();
        let broker = Arc::new(Elsewhere::default());
        let engine = Engine::new(EngineParts {
            keyring: Keyring::generate(&*rt.entropy),
            rt,
            store: store.clone(),
            registry: Arc::new(OneBroker(Arc::clone(&broker))),
            exchange: Arc::new(Nothing),
            desk: Arc::new(Nothing),
            market: MarketFeed::bundled(),
            public_url: "http://127.0.0.1:8080".to_owned(),
            allows_sandbox: true,
            allows_live: false,
            egress_allow: AllowList::default(),
            fetches_logos: true,
        });
        let name = GatewayName::parse("acme").unwrap();
        run(engine.create_gateway(name, Mode::Sandbox, GatewaySettings::default(), None)).unwrap();
        let router = torana_hosted::router(HostedState {
            streams: Arc::default(),
            engine: engine.clone(),
            renderer: Arc::new(Renderer::new().unwrap()),
            demo_gateway: None,
        });
        Self {
            engine,
            broker,
            router,
            store,
        }
    }

    pub fn write<T: Send + 'static>(
        &self,
        closure: impl Fn(&mut dyn Tx) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> T {
        run(self.store.write("test", closure)).unwrap()
    }

    pub fn send(&self, method: Method, path: &str, cookie: &str, body: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::COOKIE, cookie)
            .body(Body::from(body.to_owned()))
            .unwrap();
        let (head, body) = run(self.router.clone().oneshot(request)).unwrap().into_parts();
        Answer {
            status: head.status,
            headers: head.headers,
            body: run(body.collect()).unwrap().to_bytes().to_vec(),
        }
    }

    pub fn get(&self, path: &str, cookie: &str) -> Answer {
        self.send(Method::GET, path, cookie, "")
    }

    /// A new transaction of a guest, opened in a browser.
    pub fn opened(&self, intent: Intent) -> OpenedFlow {
        let gateway = self.engine.gateway("acme").unwrap();
        let caller = Caller {
            gateway: Arc::clone(&gateway),
            principal: Some(Principal::Guest),
            investor: None,
        };
        let created = run(self.engine.create_transaction(&caller, intent, None, None)).unwrap();
        let (_, id) = created.body.split_once("TRX_").unwrap();
        let hash = id.split('"').next().unwrap().to_owned();
        let id = TransactionId::parse(&format!("TRX_{hash}")).unwrap();
        let gateway_id = gateway.id;
        let session = self.write(move |tx| {
            sessions::insert_sdk(tx, &hash, gateway_id, "", None, NOW.plus_ms(1000))?;
            sessions::find_sdk(tx, &hash, gateway_id, NOW)
        });
        let options = FlowOptions::default();
        let started = run(self.engine.sdk_start(&gateway, &session.unwrap(), &id, options)).unwrap();
        run(self.engine.open_flow(&started.handle, None)).unwrap()
    }
}

/// The cookie of a flow as a browser sends it.
pub fn cookie(opened: &OpenedFlow) -> String {
    format!("tf-{}={}", opened.flow_id, opened.cookie)
}
