use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::{Answer, Bench, Call, ORIGIN, UNKNOWN_TRX};

fn sdk<'a>(bench: &'a Bench, method: Method, path: &str) -> Call<'a> {
    bench
        .call(method, &format!("/torana/sdk/v1/{path}"))
        .header("x-torana-sdk", "web/1.0.0")
        .header("origin", ORIGIN)
}

fn init(bench: &Bench) -> String {
    let token = bench.guest("acme");
    let answer = sdk(bench, Method::POST, "acme/init")
        .json(&json!({ "smallcaseAuthToken": token }))
        .send();
    assert_eq!(
        (&answer.data()["status"], &answer.data()["displayName"]),
        (&json!("GUEST"), &json!("Acme"))
    );
    answer.data()["sdkSession"].as_str().unwrap().to_owned()
}

fn with_session<'a>(bench: &'a Bench, session: &str, method: Method, path: &str) -> Call<'a> {
    sdk(bench, method, path).header("authorization", &format!("Bearer {session}"))
}

fn start(bench: &Bench, session: &str, id: &str, body: &Value) -> Answer {
    with_session(
        bench,
        session,
        Method::POST,
        &format!("acme/transactions/{id}/start"),
    )
    .json(body)
    .send()
}

#[test]
fn preflights_are_answered_for_listed_origins_only() {
    let bench = Bench::new();
    let preflight = |gateway: &str, origin: &str| {
        bench
            .call(Method::OPTIONS, &format!("/torana/sdk/v1/{gateway}/init"))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type,x-torana-sdk")
            .send()
    };
    let allowed = preflight("acme", ORIGIN);
    assert_eq!(allowed.status, StatusCode::NO_CONTENT);
    assert_eq!(allowed.header("access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(allowed.header("access-control-allow-methods"), Some("GET, POST"));
    assert_eq!(
        allowed.header("access-control-allow-headers"),
        Some("authorization, content-type, x-torana-sdk")
    );
    assert!(allowed.header("access-control-max-age").is_some());
    assert_eq!(allowed.header("access-control-allow-credentials"), None);
    assert_eq!(allowed.header("vary"), Some("origin"));
    assert_eq!(
        preflight("acme", "https://eu.acme.example").status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        preflight("nobody", "https://other.example").status,
        StatusCode::NO_CONTENT
    );
    for origin in [
        "https://other.example",
        "http://app.acme.example",
        "https://a.b.acme.example",
        "https://app.acme.example:8443",
        "null",
        "file://",
    ] {
        let refused = preflight("acme", origin);
        assert_eq!(refused.failure(), (403, "origin_not_allowed"), "{origin}");
        assert!(
            !refused
                .headers
                .keys()
                .any(|name| name.as_str().starts_with("access-control-")),
            "{origin}"
        );
    }
}

#[test]
fn failures_can_be_read_by_listed_pages() {
    let bench = Bench::new();
    let answer = sdk(&bench, Method::POST, "acme/init")
        .json(&json!({ "smallcaseAuthToken": "x" }))
        .send();
    assert_eq!(
        (answer.failure(), &answer.body["sdk"]),
        (
            (401, "invalid_jwt"),
            &json!({ "code": 90, "message": "invalid_jwt" })
        )
    );
    assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(
        answer.header("access-control-expose-headers"),
        Some("retry-after")
    );
    let unknown = sdk(&bench, Method::POST, "nobody/init")
        .json(&json!({ "smallcaseAuthToken": "x" }))
        .send();
    assert_eq!(
        (unknown.failure(), &unknown.body["sdk"]["code"]),
        ((404, "invalid_gateway"), &json!(100))
    );
    assert_eq!(unknown.header("access-control-allow-origin"), Some(ORIGIN));
    let foreign = sdk(&bench, Method::POST, "acme/init")
        .header("origin", "https://other.example")
        .send();
    assert_eq!(
        (foreign.failure(), &foreign.body["sdk"]["code"]),
        ((403, "origin_not_allowed"), &json!(2000))
    );
    assert_eq!(foreign.header("access-control-allow-origin"), None);
}

#[test]
fn sdks_have_to_say_who_they_are() {
    let bench = Bench::new();
    let answer = sdk(&bench, Method::POST, "acme/init")
        .without("x-torana-sdk")
        .json(&json!({}))
        .send();
    assert_eq!(
        (answer.failure(), &answer.body["sdk"]["code"]),
        ((400, "validation_failed"), &json!(2000))
    );
    assert_eq!(
        sdk(&bench, Method::POST, "acme/init")
            .json(&json!({ "smallcaseAuthToken": 5 }))
            .send()
            .failure()
            .0,
        400
    );
    assert_eq!(
        sdk(&bench, Method::POST, "acme/init").body("x").send().failure(),
        (400, "malformed_json")
    );
}

#[test]
fn mobile_apps_send_no_origin() {
    let bench = Bench::new();
    let token = bench.guest("acme");
    let answer = sdk(&bench, Method::POST, "acme/init")
        .without("origin")
        .json(&json!({ "smallcaseAuthToken": token }))
        .send();
    assert_eq!(
        (
            answer.data()["status"].as_str(),
            answer.header("access-control-allow-origin")
        ),
        (Some("GUEST"), None)
    );
    // Its session is not a page's.
    let session = answer.data()["sdkSession"].as_str().unwrap();
    let id = bench.create("acme", &json!({ "intent": "CONNECT" }));
    assert_eq!(
        start(&bench, session, &id, &json!({})).failure(),
        (401, "sdk_session_expired")
    );
}

#[test]
fn a_living_session_is_kept() {
    let bench = Bench::new();
    let session = init(&bench);
    let token = bench.guest("acme");
    let again = with_session(&bench, &session, Method::POST, "acme/init")
        .json(&json!({ "smallcaseAuthToken": token }))
        .send();
    assert_eq!(again.data()["sdkSession"], session.as_str());
}

#[test]
fn test_mode_does_not_exist_on_live_gateways() {
    let bench = Bench::new();
    let body = json!({ "smallcaseAuthToken": bench.guest("real"), "leprechaunEnabled": true });
    let answer = sdk(&bench, Method::POST, "real/init").json(&body).send();
    assert_eq!(
        (answer.failure(), &answer.body["sdk"]),
        ((409, "init_sdk"), &json!({ "code": 3004, "message": "init_sdk" }))
    );
}

#[test]
fn a_flow_is_started_and_watched() {
    let bench = Bench::new();
    let session = init(&bench);
    let id = bench.create("acme", &json!({ "intent": "CONNECT" }));
    let begun = start(
        &bench,
        &session,
        &id,
        &json!({ "brokers": ["kite-leprechaun", 5], "flowMode": "popup", "returnUrl": null }),
    );
    assert_eq!(begun.data()["startUrl"], "https://torana.example.org/flow/start");
    assert!(begun.data()["handle"].as_str().unwrap().starts_with("h_"));
    let state = with_session(
        &bench,
        &session,
        Method::GET,
        &format!("acme/transactions/{id}/state"),
    )
    .send();
    assert_eq!(
        (&state.data()["status"], &state.data()["settlement"]["outcome"]),
        (&json!("INITIALIZED"), &json!("pending"))
    );
    let closed = with_session(
        &bench,
        &session,
        Method::POST,
        &format!("acme/transactions/{id}/closed"),
    )
    .send();
    assert_eq!(closed.data()["pollAfterMs"], 500);
    // Another session sees nothing of it.
    let other = init(&bench);
    let foreign = with_session(
        &bench,
        &other,
        Method::GET,
        &format!("acme/transactions/{id}/state"),
    )
    .send();
    assert_eq!(
        (foreign.failure(), &foreign.body["sdk"]["code"]),
        ((404, "invalid_transactionId"), &json!(3002))
    );
    assert_eq!(
        start(&bench, &other, &id, &json!({})).failure(),
        (409, "transaction_expired")
    );
}

#[test]
fn starts_fail_in_the_contracts_order() {
    let bench = Bench::new();
    let session = init(&bench);
    let id = bench.create("acme", &json!({ "intent": "CONNECT" }));
    let nobody = json!({ "brokers": ["nobody"] });
    assert_eq!(
        start(&bench, "ss_x", &id, &nobody).failure(),
        (401, "sdk_session_expired")
    );
    assert_eq!(
        start(&bench, &session, "nonsense", &nobody).failure(),
        (404, "invalid_transactionId")
    );
    assert_eq!(
        start(&bench, &session, UNKNOWN_TRX, &nobody).failure(),
        (404, "invalid_transactionId")
    );
    let refused = start(&bench, &session, &id, &nobody);
    assert_eq!(
        (refused.failure(), &refused.body["sdk"]),
        (
            (422, "no_broker"),
            &json!({ "code": 1008, "message": "no_broker" })
        )
    );
    let elsewhere = json!({ "flowMode": "redirect", "returnUrl": "https://eu.acme.example/shop" });
    assert_eq!(
        start(&bench, &session, &id, &elsewhere).failure(),
        (400, "validation_failed")
    );
    start(
        &bench,
        &session,
        &id,
        &json!({ "flowMode": "redirect", "returnUrl": format!("{ORIGIN}/shop?a=1#top") }),
    )
    .data();
}

#[test]
fn guests_have_nothing_to_log_out_of() {
    let bench = Bench::new();
    let session = init(&bench);
    let answer = with_session(&bench, &session, Method::POST, "acme/logout")
        .json(&json!({}))
        .send();
    assert_eq!(
        (answer.failure(), &answer.body["sdk"]["code"]),
        ((403, "connected_user_required"), &json!(2000))
    );
}

#[test]
fn every_wrong_field_is_named() {
    let bench = Bench::new();
    let session = init(&bench);
    let id = bench.create("acme", &json!({ "intent": "CONNECT" }));
    let check = |answer: &Answer, field: &str| {
        assert_eq!(
            answer.failure(),
            (400, "validation_failed"),
            "{field}: {}",
            answer.text
        );
        let details = answer.body["errors"].as_array().unwrap();
        let names_it = |detail: &Value| detail.as_str().unwrap().starts_with(&format!("{field}: "));
        assert!(details[1..].iter().any(names_it), "{field}: {details:?}");
    };
    let token = bench.guest("acme");
    for (field, body) in [
        ("smallcaseAuthToken", json!({})),
        ("smallcaseAuthToken", json!({ "smallcaseAuthToken": null })),
        ("smallcaseAuthToken", json!({ "smallcaseAuthToken": 7 })),
        (
            "leprechaunEnabled",
            json!({ "smallcaseAuthToken": token, "leprechaunEnabled": 7 }),
        ),
    ] {
        check(&sdk(&bench, Method::POST, "acme/init").json(&body).send(), field);
    }
    for (field, body) in [
        ("brokers", json!({ "brokers": "kite" })),
        ("amo", json!({ "amo": "yes" })),
        ("leprechaunEnabled", json!({ "leprechaunEnabled": [] })),
        ("flowMode", json!({ "flowMode": "tab" })),
        ("returnUrl", json!({ "flowMode": "redirect" })),
        ("returnUrl", json!({ "returnUrl": 7 })),
        ("returnUrl", json!({ "returnUrl": "https://elsewhere.example/" })),
    ] {
        check(&start(&bench, &session, &id, &body), field);
    }
    for body in ["", "[]", "nonsense"] {
        let answer = sdk(&bench, Method::POST, "acme/init").body(body).send();
        assert_eq!(answer.failure(), (400, "malformed_json"), "{body:?}");
    }
}
