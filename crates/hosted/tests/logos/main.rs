//! The pictures of partner and order, from the database to the page and to the browser.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]

mod machine;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use torana_credentials::keyring::Keyring;
use torana_credentials::sha256_hex;
use torana_domain::gateway::{GatewaySettings, Mode};
use torana_domain::ids::{GatewayName, TransactionId};
use torana_domain::intent::{Intent, OrderMeta};
use torana_drivers::InlineDriver;
use torana_engine::flow::state::FlowState;
use torana_engine::flow::{FlowOptions, Step};
use torana_engine::{Caller, Engine, EngineParts, Principal};
use torana_exchange::feed::MarketFeed;
use torana_hosted::HostedState;
use torana_storage::gateway::logos::{self, LogoSource};
use torana_storage::gateway::{MIGRATIONS, flows, sessions};
use torana_storage::{Store, StoreError, Tx, migrate};
use torana_ui::Renderer;
use torana_webhooks::egress::AllowList;
use tower::ServiceExt as _;

use crate::machine::{NOW, Nothing};

const URL: &str = "https://partner.example/plan.png";

fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    for _ in 0..100_000 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
    panic!("nothing happens any more");
}

struct Bench {
    engine: Engine,
    router: Router,
    store: Store,
}

impl Bench {
    /// A gateway `acme`.
    fn new() -> Self {
        let rt = machine::rt();
        let store = Store::new(Arc::new(InlineDriver::open_in_memory().unwrap()));
        run(migrate::apply(&store, MIGRATIONS, NOW)).unwrap();
        let engine = Engine::new(EngineParts {
            keyring: Keyring::generate(&*rt.entropy),
            rt,
            store: store.clone(),
            registry: Arc::new(Nothing),
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
        let state = HostedState {
            streams: Arc::default(),
            engine: engine.clone(),
            renderer: Arc::new(Renderer::new().unwrap()),
            demo_gateway: None,
        };
        let router = torana_hosted::router(state);
        Self {
            engine,
            router,
            store,
        }
    }

    fn write<T: Send + 'static>(
        &self,
        closure: impl Fn(&mut dyn Tx) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> T {
        run(self.store.write("test", closure)).unwrap()
    }

    fn get(&self, path: &str, cookie: &str) -> http::Response<Body> {
        let request = Request::get(path).header(header::COOKIE, cookie);
        run(self.router.clone().oneshot(request.body(Body::empty()).unwrap())).unwrap()
    }

    /// The review page of an order whose logo is at [`URL`].
    fn review(&self) -> String {
        let gateway = self.engine.gateway("acme").unwrap();
        let caller = Caller {
            gateway: gateway.clone(),
            principal: Some(Principal::Guest),
            investor: None,
        };
        let intent = Intent::Securities {
            lines: Vec::new(),
            meta: OrderMeta {
                order_name: None,
                order_logo: Some(URL.to_owned()),
            },
        };
        let created = run(self.engine.create_transaction(&caller, intent, None, None)).unwrap();
        let (_, id) = created.body.split_once("TRX_").unwrap();
        let id = TransactionId::parse(&format!("TRX_{}", id.split('"').next().unwrap())).unwrap();
        let session = self.write(move |tx| {
            sessions::insert_sdk(tx, "hash", gateway.id, "", None, NOW.plus_ms(1000))?;
            sessions::find_sdk(tx, "hash", gateway.id, NOW)
        });
        let gateway = self.engine.gateway("acme").unwrap();
        let options = FlowOptions::default();
        let started = run(self.engine.sdk_start(&gateway, &session.unwrap(), &id, options)).unwrap();
        let opened = run(self.engine.open_flow(&started.handle, None)).unwrap();
        let flow = opened.flow_id.clone();
        let state = FlowState {
            step: Step::Review,
            ..FlowState::default()
        };
        let state = serde_json::to_string(&state).unwrap();
        let is_saved = self.write(move |tx| {
            let row = flows::find(tx, &flow)?.unwrap();
            flows::save_state(tx, row.id, row.version, &state)
        });
        assert!(is_saved);
        let cookie = format!("tf-{}={}", opened.flow_id, opened.cookie);
        let answer = self.get(&format!("/flow/{}/review", opened.flow_id), &cookie);
        assert_eq!(answer.status(), StatusCode::OK);
        let html = run(answer.into_body().collect()).unwrap().to_bytes();
        String::from_utf8(html.to_vec()).unwrap().replace("&#x2f;", "/")
    }
}

fn path_of(png: &[u8]) -> String {
    format!("/assets/logo/{}.png", sha256_hex(png))
}

#[test]
fn the_review_shows_the_pictures_of_partner_and_order() {
    let bench = Bench::new();
    run(bench.engine.set_logo("acme", b"partner".to_vec())).unwrap();
    bench.write(|tx| {
        let source = LogoSource {
            url: URL.to_owned(),
            url_hash: sha256_hex(URL.as_bytes()),
        };
        let id = logos::want(tx, 1, &source, NOW)?;
        logos::store(tx, id, &sha256_hex(b"order"), b"order", NOW)
    });
    let html = bench.review();
    for png in [&b"partner"[..], b"order"] {
        let path = path_of(png);
        assert!(html.contains(&format!("src=\"{path}\"")), "{html}");
        let answer = bench.get(&path, "");
        assert_eq!(answer.status(), StatusCode::OK);
        for (name, value) in [
            ("content-type", "image/png"),
            ("cache-control", "public, max-age=31536000, immutable"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'"),
        ] {
            assert_eq!(answer.headers()[name], value);
        }
        assert_eq!(run(answer.into_body().collect()).unwrap().to_bytes(), png);
    }
}

#[test]
fn without_pictures_there_are_initials() {
    let html = Bench::new().review();
    assert!(!html.contains("<img"), "{html}");
    assert!(html.contains("class=\"mark mark-"), "{html}");
}

#[test]
fn unknown_pictures_are_not_there_and_not_kept() {
    let bench = Bench::new();
    let known = path_of(b"partner");
    run(bench.engine.set_logo("acme", b"partner".to_vec())).unwrap();
    for path in [
        path_of(b"other"),
        known.replace(".png", ""),
        known.replace(".png", ".svg"),
        known.to_uppercase().replace("/ASSETS/LOGO", "/assets/logo"),
        "/assets/logo/.png".to_owned(),
        "/assets/logo/..%2f..%2fetc.png".to_owned(),
    ] {
        let answer = bench.get(&path, "");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
    }
}
