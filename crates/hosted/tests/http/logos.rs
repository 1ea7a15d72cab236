//! The pictures of partner and order, from the database to the page and to the browser.

use http::StatusCode;
use torana_credentials::sha256_hex;
use torana_domain::intent::{Intent, OrderMeta};
use torana_engine::flow::Step;
use torana_engine::flow::state::FlowState;
use torana_storage::gateway::flows;
use torana_storage::gateway::logos::{self, LogoSource};

use crate::bench::{Bench, cookie, run};
use crate::machine::NOW;

const URL: &str = "https://partner.example/plan.png";

/// The review page of an order whose logo is at [`URL`].
fn review(bench: &Bench) -> String {
    let intent = Intent::Securities {
        lines: Vec::new(),
        meta: OrderMeta {
            order_name: None,
            order_logo: Some(URL.to_owned()),
        },
    };
    let opened = bench.opened(intent);
    let flow = opened.flow_id.clone();
    let state = FlowState {
        step: Step::Review,
        ..FlowState::default()
    };
    let state = serde_json::to_string(&state).unwrap();
    let is_saved = bench.write(move |tx| {
        let row = flows::find(tx, &flow)?.unwrap();
        flows::save_state(tx, row.id, row.version, &state)
    });
    assert!(is_saved);
    let answer = bench.get(&format!("/flow/{}/review", opened.flow_id), &cookie(&opened));
    assert_eq!(answer.status, StatusCode::OK);
    answer.html()
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
    let html = review(&bench);
    for png in [&b"partner"[..], b"order"] {
        let path = path_of(png);
        assert!(html.contains(&format!("src=\"{path}\"")), "{html}");
        let answer = bench.get(&path, "");
        assert_eq!(answer.status, StatusCode::OK);
        for (name, value) in [
            ("content-type", "image/png"),
            ("cache-control", "public, max-age=31536000, immutable"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'"),
        ] {
            assert_eq!(answer.headers[name], value);
        }
        assert_eq!(answer.body, png);
    }
}

#[test]
fn without_pictures_there_are_initials() {
    let html = review(&Bench::new());
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
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
    }
}
