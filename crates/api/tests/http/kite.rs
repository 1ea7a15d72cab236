//! `POST .../sandbox/kite/apps` and `.../sandbox/kite/sessions`.

use http::Method;
use serde_json::{Value, json};

use crate::bench::{Answer, Bench};

fn ask(bench: &Bench, gateway: &str, what: &str, body: &Value) -> Answer {
    let path = format!("/torana/v1/gateways/{gateway}/sandbox/kite/{what}");
    bench
        .partner(gateway, Method::POST, &path)
        .without("x-gateway-authtoken")
        .json(body)
        .send()
}

fn app(bench: &Bench, gateway: &str) -> String {
    let body = json!({ "redirectUrl": "http://127.0.0.1:9000/cb", "postbackUrl": null });
    let data = ask(bench, gateway, "apps", &body).data().clone();
    assert_eq!(data["api_secret"].as_str().unwrap().len(), 32);
    assert_eq!(data["worldTime"], "2026-01-05T04:30:00.000Z");
    data["api_key"].as_str().unwrap().to_owned()
}

#[test]
fn a_session_is_opened_at_an_app() {
    let bench = Bench::new();
    let key = app(&bench, "acme");
    let body = json!({ "apiKey": key, "account": "DEMO01" });
    let data = ask(&bench, "acme", "sessions", &body).data().clone();
    assert_eq!(
        (&data["api_key"], &data["user_id"]),
        (&json!(key), &json!("DEMO01"))
    );
    let other = ask(&bench, "acme", "sessions", &body).data().clone();
    assert_ne!(
        data["access_token"], other["access_token"],
        "each login has its own token"
    );
}

#[test]
fn apps_belong_to_their_gateway() {
    let bench = Bench::new();
    let (own, foreign) = (app(&bench, "acme"), app(&bench, "quiet"));
    let failure = |body: Value| {
        let answer = ask(&bench, "acme", "sessions", &body);
        let (status, slug) = answer.failure();
        (status, slug.to_owned())
    };
    for key in [foreign.as_str(), "0123456789abcdef", ""] {
        assert_eq!(
            failure(json!({ "apiKey": key, "account": "DEMO01" })),
            (404, "app_not_found".to_owned()),
            "{key}"
        );
    }
    for account in ["NOBODY", "demo01", "", "../DEMO01"] {
        assert_eq!(
            failure(json!({ "apiKey": own, "account": account })),
            (404, "account_not_found".to_owned()),
            "{account}"
        );
    }
    let closed = json!({ "broker": "kite", "account": "CLOSED01", "behaviour": "login_fails" });
    let path = "/torana/v1/gateways/acme/sandbox/accounts";
    let call = bench.partner("acme", Method::POST, path).json(&closed);
    let _ = call.send().data();
    assert_eq!(
        failure(json!({ "apiKey": own, "account": "CLOSED01" })),
        (400, "validation_failed".to_owned())
    );
}

#[test]
fn live_gateways_have_no_apps() {
    let bench = Bench::new();
    for (what, body) in [
        ("apps", json!({ "redirectUrl": "http://127.0.0.1/" })),
        ("sessions", json!({ "apiKey": "0", "account": "DEMO01" })),
    ] {
        assert_eq!(
            ask(&bench, "real", what, &body).failure(),
            (404, "route_not_found")
        );
    }
}

#[test]
fn a_repeated_request_makes_one_app() {
    let bench = Bench::new();
    let body = json!({ "redirectUrl": "http://127.0.0.1:9000/cb" });
    let make = || {
        let path = "/torana/v1/gateways/acme/sandbox/kite/apps";
        let call = bench.partner("acme", Method::POST, path).json(&body);
        call.header("idempotency-key", "one").send().data().clone()
    };
    assert_eq!(make(), make());
}
