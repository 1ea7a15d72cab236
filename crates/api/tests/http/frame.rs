use axum::body::Body;
use http::Method;
use serde_json::json;
use torana_api::ApiOptions;
use torana_domain::gateway::{GatewaySettings, Mode};

use crate::bench::{Bench, UNKNOWN_TRX};

#[test]
fn unknown_paths_are_answered_in_the_envelope() {
    let bench = Bench::new();
    for path in [
        "/",
        "/gateway",
        "/gateway/acme",
        "/gateway/acme/transactions",
        "/gateway//transaction",
        "//gateway/acme/transaction",
        "/gateway/acme//transaction",
        "/gateway/acme/transaction//",
        "/v1/acme/engine/user/smallcaseOrders",
        "/torana/v1/gateways/acme/sandbox/fault",
        "/torana/v1/gateways/acme/sandbox/kite",
        "/torana/v1/gateways/acme/sandbox/diary",
        "/torana/v1/gateways/acme/sandbox/kite/orders",
        "/torana/sdk/v1/acme/leads",
        "/nonsense?x=%zz",
    ] {
        let answer = bench.call(Method::POST, path).send();
        assert_eq!(answer.failure(), (404, "route_not_found"), "{path}");
    }
}

#[test]
fn wrong_methods_name_the_right_ones() {
    let bench = Bench::new();
    for (method, path, allowed) in [
        (Method::GET, "/gateway/acme/transaction", "POST"),
        (Method::DELETE, "/v1/acme/engine/user/orders", "GET,HEAD"),
        (
            Method::PUT,
            "/torana/v1/gateways/acme/sandbox/clock",
            "GET,HEAD,POST",
        ),
        (Method::OPTIONS, "/gateway/acme/transaction", "POST"),
        (Method::GET, "/torana/sdk/v1/acme/init", "POST"),
        (Method::POST, "/openapi.json", "GET,HEAD"),
    ] {
        let answer = bench.call(method, path).send();
        assert_eq!(answer.failure(), (405, "method_not_allowed"), "{path}");
        let mut names: Vec<&str> = answer
            .header("allow")
            .unwrap()
            .split(',')
            .map(str::trim)
            .collect();
        names.sort_unstable();
        assert_eq!(names.join(","), allowed, "{path}");
    }
}

#[test]
fn a_trailing_slash_is_accepted() {
    let bench = Bench::new();
    let path = format!("/v1/acme/engine/transactiondetails/?transactionId={UNKNOWN_TRX}");
    assert_eq!(
        bench.partner("acme", Method::GET, &path).send().failure(),
        (404, "invalid_transactionId")
    );
    let answer = bench
        .partner("acme", Method::POST, "/gateway/acme/transaction/")
        .json(&json!({ "intent": "CONNECT" }))
        .send();
    answer.data();
}

/// Size comes before everything that is looked up.
#[test]
fn large_bodies_are_cut_off() {
    let bench = Bench::new();
    let answer = bench
        .call(Method::POST, "/gateway/nobody/transaction")
        .body(vec![b' '; 256 * 1024 + 1])
        .send();
    assert_eq!(answer.failure(), (413, "payload_too_large"));
    let chunks = futures_util::stream::iter((0..300).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024])));
    let answer = bench
        .call(Method::POST, "/gateway/nobody/transaction")
        .body(Body::from_stream(chunks))
        .send();
    assert_eq!(answer.failure(), (413, "payload_too_large"));
    let answer = bench
        .call(Method::POST, "/gateway/nobody/transaction")
        .body(vec![b' '; 256 * 1024])
        .send();
    assert_eq!(answer.failure(), (404, "invalid_gateway"));
}

#[test]
fn every_answer_has_a_request_id_of_its_own() {
    let bench = Bench::new();
    let ids: Vec<String> = [
        "/nonsense",
        "/openapi.json",
        "/docs/errors",
        "/v1/acme/engine/user/orders",
    ]
    .map(|path| {
        bench
            .call(Method::GET, path)
            .send()
            .header("x-request-id")
            .unwrap()
            .to_owned()
    })
    .into();
    for id in &ids {
        assert!(
            id.strip_prefix("req_").is_some_and(|rest| rest.len() == 20),
            "{id}"
        );
        assert_eq!(ids.iter().filter(|other| *other == id).count(), 1);
    }
}

#[test]
fn answers_are_not_stored_by_caches() {
    let bench = Bench::new();
    let read = bench
        .partner("acme", Method::GET, "/v1/acme/engine/market/status")
        .send();
    assert_eq!(read.header("cache-control"), Some("no-store"));
    assert_eq!(read.header("x-torana-sandbox"), None);
    assert_eq!(
        bench
            .call(Method::GET, "/docs/errors")
            .send()
            .header("cache-control"),
        Some("public, max-age=300")
    );
}

#[test]
fn the_demo_gateway_is_marked() {
    for seeded in [true, false] {
        let mut bench = Bench::with(ApiOptions {
            is_demo_seeded: seeded,
            auth_failures_per_minute: 0,
        });
        bench.add_gateway("gatewaydemo", Mode::Sandbox, GatewaySettings::default());
        let marked = seeded.then_some("demo");
        for path in [
            "/v1/gatewaydemo/engine/market/status",
            "/gateway/gatewaydemo/nonsense",
        ] {
            assert_eq!(
                bench.call(Method::GET, path).send().header("x-torana-sandbox"),
                marked,
                "{path}"
            );
        }
        assert_eq!(
            bench
                .call(Method::GET, "/v1/acme/engine/market/status")
                .send()
                .header("x-torana-sandbox"),
            None
        );
    }
}

#[test]
fn the_document_and_the_page_of_errors_are_served() {
    let bench = Bench::new();
    let document = bench.call(Method::GET, "/openapi.json").send();
    assert_eq!(document.text, torana_api::openapi());
    let page = bench.call(Method::GET, "/docs/errors").send();
    assert!(page.text.contains("<section id=\"validation_failed\">"));
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
}

#[test]
fn nothing_in_a_path_is_our_fault() {
    let bench = Bench::new();
    for path in [
        "/gateway/%ff/transaction",
        "/gateway/%zz/transaction",
        "/gateway/%00/transaction",
        "/gateway/%2e%2e/transaction",
    ] {
        let answer = bench.call(Method::POST, path).json(&json!({})).send();
        assert!([400, 404].contains(&answer.failure().0), "{path}");
    }
    let answer = bench
        .partner(
            "acme",
            Method::GET,
            "/v1/acme/engine/user/orders?transactionId=%ff",
        )
        .send();
    assert_eq!(answer.failure(), (400, "validation_failed"));
}
