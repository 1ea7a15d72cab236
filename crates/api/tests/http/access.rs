use http::Method;
use serde_json::json;

use crate::bench::{Bench, UNKNOWN_TRX};

const CREATE: &str = "/gateway/acme/transaction";

/// Each request fails every check from its own on; the first one is what is answered.
#[test]
fn the_first_failed_check_wins() {
    let bench = Bench::new();
    let unknown_user = bench.connected("acme", "507f1f77bcf86cd799439011");
    let create = || bench.partner("acme", Method::POST, CREATE);
    let nobody = bench
        .call(Method::POST, "/gateway/nobody/transaction")
        .header("idempotency-key", "")
        .body("[")
        .send();
    assert_eq!(nobody.failure(), (404, "invalid_gateway"));
    let no_secret = create()
        .without("x-gateway-secret")
        .without("x-gateway-authtoken")
        .body("[")
        .send();
    assert_eq!(no_secret.failure(), (401, "invalid_api_secret"));
    let foreign_secret = create()
        .header("x-gateway-secret", bench.api_secret("quiet"))
        .header("x-gateway-authtoken", "x")
        .body("[")
        .send();
    assert_eq!(foreign_secret.failure(), (401, "invalid_api_secret"));
    let no_token = create()
        .without("x-gateway-authtoken")
        .header("idempotency-key", "")
        .body("[")
        .send();
    assert_eq!(no_token.failure(), (401, "invalid_jwt"));
    let foreign_token = create()
        .header("x-gateway-authtoken", &bench.guest("quiet"))
        .body("[")
        .send();
    assert_eq!(foreign_token.failure(), (401, "invalid_jwt"));
    let stranger = create()
        .header("x-gateway-authtoken", &unknown_user)
        .body("[")
        .send();
    assert_eq!(stranger.failure(), (401, "unknown_user"));
    let bad_key = create().header("idempotency-key", "").body("[").send();
    assert_eq!(bad_key.failure(), (400, "validation_failed"));
    assert_eq!(create().body("[").send().failure(), (400, "malformed_json"));
    assert_eq!(
        create()
            .json(&json!({ "intent": "NONSENSE", "notes": 5 }))
            .send()
            .failure(),
        (400, "intent_not_supported")
    );
    let guest = create()
        .json(&json!({ "intent": "FETCH_FUNDS", "notes": 5 }))
        .send();
    assert_eq!(guest.failure(), (403, "connected_user_required"));
    let fields = create()
        .json(&json!({ "intent": "MF_HOLDINGS_IMPORT", "notes": 5 }))
        .send();
    assert_eq!(fields.failure(), (400, "validation_failed"));
    let not_built = create().json(&json!({ "intent": "MF_HOLDINGS_IMPORT" })).send();
    assert_eq!(not_built.failure(), (403, "intent_not_enabled"));
    let basket = |ticker: &str, exchange: &str| json!({ "intent": "TRANSACTION", "orderConfig": { "type": "SECURITIES", "securities": [{ "ticker": ticker, "exchange": exchange }] } });
    assert_eq!(
        create().json(&basket("NOSUCH", "BSE")).send().failure(),
        (422, "exchange_not_supported")
    );
    assert_eq!(
        create().json(&basket("NOSUCH", "NSE")).send().failure(),
        (422, "ticker_not_found")
    );
    create().json(&basket("infy", "nse")).send().data();
}

#[test]
fn switched_off_intents_are_refused_before_anything_is_looked_up() {
    let bench = Bench::new();
    let answer = bench
        .partner("quiet", Method::POST, "/gateway/quiet/transaction")
        .json(&json!({ "intent": "HOLDINGS_IMPORT" }))
        .send();
    assert_eq!(answer.failure(), (403, "intent_not_enabled"));
}

#[test]
fn sandbox_routes_do_not_exist_on_live_gateways() {
    let bench = Bench::new();
    for (method, path) in [
        (Method::GET, "clock"),
        (Method::POST, "clock"),
        (Method::POST, "reset"),
        (Method::POST, "accounts"),
        (Method::POST, &format!("transactions/{UNKNOWN_TRX}/complete")),
    ] {
        let path = format!("/torana/v1/gateways/real/sandbox/{path}");
        assert_eq!(
            bench.partner("real", method, &path).send().failure(),
            (404, "route_not_found"),
            "{path}"
        );
    }
}

#[test]
fn disabled_gateways_say_so() {
    let bench = Bench::new();
    let settings = bench.engine.gateway("acme").unwrap().settings.clone();
    bench
        .machine
        .run(bench.engine.update_gateway("acme", false, settings))
        .unwrap();
    let answer = bench
        .partner("acme", Method::GET, "/v1/acme/engine/market/status")
        .without("x-gateway-secret")
        .send();
    assert_eq!(answer.failure(), (403, "gateway_disabled"));
}

/// Another gateway's ids are answered like unknown ones.
#[test]
fn gateways_do_not_see_each_other() {
    let bench = Bench::new();
    let id = bench.create("acme", &json!({ "intent": "CONNECT" }));
    let read = |gateway: &str, id: &str| {
        let path = format!("/v1/{gateway}/engine/transactiondetails?transactionId={id}");
        bench.partner(gateway, Method::GET, &path).send()
    };
    read("acme", &id).data();
    let (foreign, unknown) = (read("quiet", &id), read("quiet", UNKNOWN_TRX));
    assert_eq!(foreign.failure(), (404, "invalid_transactionId"));
    assert_eq!(
        (foreign.failure(), &foreign.body["errors"]),
        (unknown.failure(), &unknown.body["errors"])
    );
}
