//! The SDK's protocol: sessions, origins, who may start and see a flow, and the numbers of refusals.

use serde_json::{Value, json};
use torana_testkit::flow::{self, Plan};
use torana_testkit::{Answer, Client, Engine, Options, Sdk, Torana, jwt, walk};

on_both_engines!(a_flow_belongs_to_the_session_that_started_it);

fn refused(answer: &Answer, status: u16, error: &str, code: u16) {
    answer.refused(status, error);
    assert_eq!(answer.json()["sdk"]["code"], code, "{}", answer.text);
    assert!(answer.json()["sdk"]["message"].is_string(), "{}", answer.text);
}

#[test]
fn init_refuses_with_the_numbers_of_the_sdk() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let guest = partner.guest();
    let mut sdk = Sdk::new(&partner.base, "nobody");
    refused(&sdk.init(&guest), 404, "invalid_gateway", 100);
    let mut sdk = Sdk::new(&partner.base, "acme");
    refused(&sdk.init("nonsense"), 401, "invalid_jwt", 90);
    refused(
        &sdk.init(&partner.connected("507f1f77bcf86cd799439011")),
        401,
        "unknown_user",
        90,
    );
    for body in [json!({}), json!({"smallcaseAuthToken": 7}), json!([])] {
        let answer = sdk.send("POST", "init", &body);
        assert!([400, 401].contains(&answer.status), "{body}: {}", answer.text);
    }
    let data = sdk.init(&guest).data();
    assert_eq!(
        (&data["status"], &data["broker"], &data["mode"]),
        (&json!("GUEST"), &Value::Null, &json!("sandbox")),
        "{data}"
    );
    assert_eq!(data["displayName"], "acme");
    assert!(
        (1..=7_200_000).contains(&data["sessionExpiresInMs"].as_i64().unwrap()),
        "{data}"
    );
}

#[test]
fn calls_need_a_session_and_the_version_header() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let mut sdk = Sdk::new(&partner.base, "acme");
    let id = partner.transaction(&partner.guest(), &json!({"intent": "CONNECT"}));
    sdk.state(&id).refused(401, "sdk_session_expired");
    "ss_made_up".clone_into(&mut sdk.session);
    sdk.state(&id).refused(401, "sdk_session_expired");
    sdk.start(&id, &json!({})).refused(401, "sdk_session_expired");
    let url = format!("{}/torana/sdk/v1/acme/init", partner.base);
    let body = json!({"smallcaseAuthToken": partner.guest(), "leprechaunEnabled": false});
    let without = Client::default().post(&url, &[("origin", "https://app.acme.example")], &body);
    assert_eq!(without.status, 400, "{}", without.text);
}

#[test]
fn an_unlisted_origin_gets_no_cors_headers_and_no_data() {
    let (torana, partner) = Torana::with_partner(Options::default());
    torana
        .cli(&[
            "gateway",
            "update",
            "acme",
            "--origin",
            "https://app.acme.example",
            "--origin",
            "https://*.wild.example",
            "--origin",
            "http://localhost:3000",
        ])
        .succeeded();
    let guest = partner.guest();
    torana_testkit::wait_until("the new origins", || {
        let mut sdk = Sdk::new(&partner.base, "acme");
        "http://localhost:3000".clone_into(&mut sdk.origin);
        (sdk.init(&guest).status == 200).then_some(())
    });
    let url = format!("{}/torana/sdk/v1/acme/init", partner.base);
    let preflight = |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type,x-torana-sdk"),
        ];
        Client::default().send("OPTIONS", &url, &headers, b"")
    };
    let cors = |answer: &Answer| {
        answer
            .headers
            .iter()
            .any(|(name, _)| name.starts_with("access-control-"))
    };
    for origin in [
        "https://app.acme.example",
        "https://one.wild.example",
        "http://localhost:3000",
    ] {
        let mut sdk = Sdk::new(&partner.base, "acme");
        origin.clone_into(&mut sdk.origin);
        let answer = sdk.init(&guest);
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (200, Some(origin)),
            "{}",
            answer.text
        );
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            None,
            "cookieless"
        );
        assert!(
            answer
                .header("vary")
                .unwrap_or_default()
                .to_lowercase()
                .contains("origin"),
            "{origin}"
        );
        let preflight = preflight(origin);
        assert!(
            preflight.status < 300 && preflight.header("access-control-allow-origin") == Some(origin),
            "{origin}: {}",
            preflight.status
        );
        let allowed = preflight
            .header("access-control-allow-headers")
            .unwrap_or_default()
            .to_lowercase();
        assert!(
            allowed.contains("x-torana-sdk") && allowed.contains("authorization"),
            "{allowed}"
        );
    }
    for origin in [
        "https://evil.example",
        "http://app.acme.example",
        "https://app.acme.example:8443",
        "https://app.acme.example.evil.example",
        "https://wild.example",
        "https://a.b.wild.example",
        "http://localhost:3001",
        "null",
        "file://",
        "https://APP.acme.example.",
    ] {
        let mut sdk = Sdk::new(&partner.base, "acme");
        origin.clone_into(&mut sdk.origin);
        let answer = sdk.init(&guest);
        refused(&answer, 403, "origin_not_allowed", 2000);
        assert!(!cors(&answer), "{origin}: {:?}", answer.headers);
        let preflight = preflight(origin);
        assert!(
            preflight.status == 403 && !cors(&preflight),
            "{origin}: {} {:?}",
            preflight.status,
            preflight.headers
        );
    }
}

fn a_flow_belongs_to_the_session_that_started_it(engine: Engine) {
    let (_torana, partner) = Torana::with_partner(Options::new(engine));
    partner.open_market();
    let guest = partner.guest();
    let (one, two) = (
        Sdk::initialised(&partner.base, "acme", &guest),
        Sdk::initialised(&partner.base, "acme", &guest),
    );
    assert_ne!(one.session, two.session);
    refused(
        &one.start("TRX_0", &json!({})),
        404,
        "invalid_transactionId",
        3002,
    );
    refused(
        &one.start(&format!("TRX_{}", "0".repeat(32)), &json!({})),
        404,
        "invalid_transactionId",
        3002,
    );
    let id = partner.transaction(&guest, &json!({"intent": "CONNECT"}));
    assert_eq!(two.state(&id).status, 404, "not started yet");
    let first = one.start(&id, &json!({})).data();
    assert_eq!(first["startUrl"], format!("{}/flow/start", partner.base));
    let again = one.start(&id, &json!({})).data();
    assert_ne!(
        first["handle"], again["handle"],
        "a fresh handle for the same flow"
    );
    refused(&two.start(&id, &json!({})), 409, "transaction_expired", 3001);
    refused(&two.state(&id), 404, "invalid_transactionId", 3002);
    refused(&two.closed(&id), 404, "invalid_transactionId", 3002);
    let state = one.state(&id).data();
    assert_eq!(
        (&state["transactionId"], &state["status"], &state["handedOver"]),
        (&json!(id), &json!("INITIALIZED"), &json!(false)),
        "{state}"
    );
    assert_eq!(
        state["settlement"],
        json!({"outcome": "pending", "code": null, "message": null, "result": null})
    );
    assert_eq!(state["pollAfterMs"], 2000);
    // An init that carries the living session keeps it, with its flows.
    let mut kept = one.clone();
    let _ = kept.init(&guest).data();
    assert_eq!(kept.state(&id).status, 200);
}

#[test]
fn mismatch_and_no_broker_leave_the_transaction_untouched() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let (first, second) = (
        partner.connect("kite", "DEMO01"),
        partner.connect("kite", "DEMO02"),
    );
    let id = partner.transaction(&partner.connected(&first), &json!({"intent": "FETCH_FUNDS"}));
    let other = Sdk::initialised(&partner.base, "acme", &partner.connected(&second));
    refused(&other.start(&id, &json!({})), 403, "user_mismatch", 1001);
    let guest = Sdk::initialised(&partner.base, "acme", &partner.guest());
    assert_eq!(
        guest.start(&id, &json!({})).status,
        200,
        "a guest on either side is allowed; the login decides"
    );
    let id = partner.transaction(&partner.guest(), &json!({"intent": "CONNECT"}));
    refused(
        &guest.start(&id, &json!({"brokers": ["nobody"]})),
        422,
        "no_broker",
        1008,
    );
    assert_eq!(partner.raw_status(&id), "INITIALIZED");
    let list = json!({"brokers": ["KITE-leprechaun", "nobody", "groww"]});
    let mut browser = flow::open(&guest, &id, &list);
    let _ = walk(&mut browser, &Plan::approve("kite", "DEMO01").until("brokers"));
    let offered: Vec<&str> = browser.page().forms[0]
        .buttons
        .iter()
        .map(|b| b.value.as_str())
        .collect();
    assert_eq!(offered.len(), 2, "{offered:?}");
    assert!(
        offered.contains(&"kite") && offered.contains(&"groww"),
        "{offered:?}"
    );
}

#[test]
fn all_twenty_brokers_are_offered_and_connect() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let keys = [
        "aliceblue",
        "angelbroking",
        "axis",
        "dhan",
        "edelweiss",
        "fisdom",
        "fivepaisa",
        "fundzbazar",
        "groww",
        "hdfc",
        "hdfcsky",
        "icici",
        "iifl",
        "kite",
        "kotak",
        "motilal",
        "paytm",
        "sbi",
        "trustline",
        "upstox",
    ];
    let sdk = Sdk::initialised(&partner.base, "acme", &partner.guest());
    let id = partner.transaction(&partner.guest(), &json!({"intent": "CONNECT"}));
    let mut browser = flow::open(&sdk, &id, &json!({}));
    let _ = walk(&mut browser, &Plan::approve("kite", "DEMO01").until("brokers"));
    let mut offered: Vec<&str> = browser.page().forms[0]
        .buttons
        .iter()
        .map(|b| b.value.as_str())
        .collect();
    offered.sort_unstable();
    assert_eq!(offered, keys);
    for key in keys {
        assert_eq!(partner.connect(key, "DEMO01").len(), 24, "{key}");
    }
}

#[test]
fn the_identity_decides_a_mismatch_at_the_login_page() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let token = partner.connected(&partner.connect("kite", "DEMO01"));
    let id = partner.transaction(&token, &json!({"intent": "FETCH_FUNDS"}));
    let sdk = Sdk::initialised(&partner.base, "acme", &token);
    let mut browser = flow::open(&sdk, &id, &json!({}));
    let steps = walk(&mut browser, &Plan::approve("kite", "DEMO02").until("mismatch"));
    assert!(
        !steps.contains(&"brokers".to_owned()),
        "only the stored broker: {steps:?}"
    );
    assert_eq!(browser.page().step, "mismatch", "{steps:?}");
    browser.close();
    let settlement = sdk.settle(&id);
    assert_eq!(
        (&settlement["code"], &settlement["message"]),
        (&json!(1001), &json!("user_mismatch")),
        "{settlement}"
    );
    assert_eq!(partner.raw_status(&id), "ERRORED");
}

#[test]
fn a_broker_session_is_offered_again_until_logout() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let guest = partner.guest();
    let mut sdk = Sdk::initialised(&partner.base, "acme", &guest);
    let connect = json!({"intent": "CONNECT"});
    let id = partner.transaction(&guest, &connect);
    let mut browser = flow::open(&sdk, &id, &json!({}));
    let _ = walk(&mut browser, &Plan::approve("kite", "DEMO01"));
    let token = sdk.settle(&id)["result"]["smallcaseAuthToken"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        browser.cookie_names().contains(&"tb-acme".to_owned()),
        "{:?}",
        browser.cookie_names()
    );
    let id = partner.transaction(&guest, &connect);
    flow::open_in(&mut browser, &sdk, &id, &json!({"brokers": ["kite"]}));
    let steps = walk(&mut browser, &Plan::approve("kite", "NOBODY"));
    assert!(
        steps.contains(&"session".to_owned()) && !steps.contains(&"login".to_owned()),
        "{steps:?}"
    );
    let user = jwt::open(&partner.keys.secret, &token)["smallcaseAuthId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        partner.details(&guest, &id).data()["smallcaseAuthId"],
        user.as_str()
    );
    refused(
        &sdk.send("POST", "logout", &json!({})),
        403,
        "connected_user_required",
        2000,
    );
    assert_eq!(sdk.init(&token).data()["status"], "CONNECTED");
    assert_eq!(sdk.send("POST", "logout", &json!({})).status, 200);
    let _ = sdk.init(&guest).data();
    let id = partner.transaction(&guest, &connect);
    flow::open_in(&mut browser, &sdk, &id, &json!({"brokers": ["kite"]}));
    let steps = walk(&mut browser, &Plan::approve("kite", "DEMO02"));
    assert!(steps.contains(&"login".to_owned()), "{steps:?}");
}
