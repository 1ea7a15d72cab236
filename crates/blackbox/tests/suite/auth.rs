//! Credentials over HTTP: which check comes first, and which answer it gives.

use serde_json::json;
use torana_testkit::{Engine, Options, Partner, Torana, jwt};

const UNKNOWN_ID: &str = "507f1f77bcf86cd799439011";

on_both_engines!(the_first_failed_check_answers);

/// A request to create a transaction with these credentials.
fn create(
    partner: &Partner,
    gateway: &str,
    api_secret: Option<&str>,
    token: Option<&str>,
    body: &str,
) -> (u16, String) {
    let mut headers = Vec::new();
    headers.extend(api_secret.map(|secret| ("x-gateway-secret", secret)));
    headers.extend(token.map(|token| ("x-gateway-authtoken", token)));
    let answer = partner.send(
        "POST",
        &format!("/gateway/{gateway}/transaction"),
        &headers,
        body.as_bytes(),
    );
    (answer.status, answer.error())
}

fn the_first_failed_check_answers(engine: Engine) {
    let (torana, partner) = Torana::with_partner(Options::new(engine));
    let other = torana.create_gateway("other", &[]);
    torana.wait_for_gateway("other");
    let (good, guest) = (partner.keys.api_secret.as_str(), partner.guest());
    let foreign = jwt::guest(&other.secret);
    let unknown = partner.connected(UNKNOWN_ID);
    let connect = r#"{"intent":"CONNECT"}"#;
    let sip_without_fields = r#"{"intent":"SIP_SETUP"}"#;
    let cases = [
        (
            "gateway before secret",
            "nobody",
            None,
            None,
            "{",
            (404, "invalid_gateway"),
        ),
        (
            "gateway names match exactly",
            "ACME",
            Some(good),
            Some(guest.as_str()),
            connect,
            (404, "invalid_gateway"),
        ),
        (
            "secret missing",
            "acme",
            None,
            Some(&guest),
            connect,
            (401, "invalid_api_secret"),
        ),
        (
            "secret empty",
            "acme",
            Some(""),
            Some(&guest),
            connect,
            (401, "invalid_api_secret"),
        ),
        (
            "secret wrong, before the token",
            "acme",
            Some("wrong"),
            Some("x"),
            "{",
            (401, "invalid_api_secret"),
        ),
        (
            "secret of another gateway",
            "acme",
            Some(&other.api_secret),
            Some(&guest),
            connect,
            (401, "invalid_api_secret"),
        ),
        (
            "the user's secret is no api secret",
            "acme",
            Some(&partner.keys.secret),
            Some(&guest),
            connect,
            (401, "invalid_api_secret"),
        ),
        (
            "token missing",
            "acme",
            Some(good),
            None,
            connect,
            (401, "invalid_jwt"),
        ),
        (
            "token wrong, before the body",
            "acme",
            Some(good),
            Some("x"),
            "{",
            (401, "invalid_jwt"),
        ),
        (
            "token of another gateway",
            "acme",
            Some(good),
            Some(&foreign),
            connect,
            (401, "invalid_jwt"),
        ),
        (
            "user unknown, before the body",
            "acme",
            Some(good),
            Some(&unknown),
            "{",
            (401, "unknown_user"),
        ),
        (
            "body before the intent",
            "acme",
            Some(good),
            Some(&guest),
            "[]",
            (400, "malformed_json"),
        ),
        (
            "intent before the token's kind",
            "acme",
            Some(good),
            Some(&guest),
            r#"{"intent":"NONE"}"#,
            (400, "intent_not_supported"),
        ),
        (
            "token's kind before the fields",
            "acme",
            Some(good),
            Some(&guest),
            sip_without_fields,
            (403, "connected_user_required"),
        ),
        ("all good", "acme", Some(good), Some(&guest), connect, (200, "")),
    ];
    for (name, gateway, api_secret, token, body, (status, error)) in cases {
        let answer = create(&partner, gateway, api_secret, token, body);
        assert_eq!((answer.0, answer.1.as_str()), (status, error), "{name}");
    }
}

#[test]
fn route_method_and_size_come_before_the_credentials() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let large = vec![b' '; 256 * 1024 + 1];
    partner
        .send("POST", "/gateway/nobody/nothing", &[], b"{}")
        .refused(404, "route_not_found");
    partner
        .send("DELETE", "/gateway/nobody/transaction", &[], b"")
        .refused(405, "method_not_allowed");
    partner
        .send("POST", "/gateway/nobody/transaction", &[], &large)
        .refused(413, "payload_too_large");
}

#[test]
fn a_connected_user_is_checked_before_the_fields_and_fields_before_enabled_intents() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let token = partner.connected(&partner.connect("kite", "DEMO01"));
    partner
        .create(&token, &json!({"intent": "SIP_SETUP"}))
        .refused(400, "validation_failed");
    // Nothing is looked up for an intent that is not there yet.
    let body = json!({"intent": "SIP_SETUP", "orderConfig": {"iscid": "60c72b2f9b1e8a0012345678"}});
    partner.create(&token, &body).refused(403, "intent_not_enabled");
}

#[test]
fn an_intent_or_broker_that_the_operator_switched_off_is_refused() {
    let (_torana, partner) = Torana::with_partner_and(
        Options::default(),
        &["--set", "intents=CONNECT,TRANSACTION", "--set", "brokers=kite"],
    );
    partner.open_market();
    let guest = partner.guest();
    partner
        .create(&guest, &json!({"intent": "HOLDINGS_IMPORT"}))
        .refused(403, "intent_not_enabled");
    let id = partner.transaction(&guest, &json!({"intent": "CONNECT"}));
    let body = json!({"decision": "approve", "broker": "groww", "account": "DEMO01"});
    partner
        .complete(&guest, &id, &body)
        .refused(422, "broker_not_available");
}

#[test]
fn an_ignored_gateway_header_changes_nothing() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let answer = partner.post_with(
        &partner.creation(),
        &partner.guest(),
        &json!({"intent": "CONNECT"}),
        &[("x-gateway-name", "somebody-else")],
    );
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[test]
fn failed_checks_from_one_address_are_limited_where_the_operator_says_so() {
    let options = Options::default().set("ratelimit.auth_failures_per_minute", "5");
    let (_torana, partner) = Torana::with_partner(options);
    let wrong = || {
        partner.send(
            "GET",
            &partner.engine("market/status"),
            &[("x-gateway-secret", "no")],
            b"",
        )
    };
    for _ in 0..5 {
        wrong().refused(401, "invalid_api_secret");
    }
    let limited = wrong();
    limited.refused(429, "rate_limited");
    let wait: u64 = limited
        .header("retry-after")
        .expect("Retry-After")
        .parse()
        .expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    let good = partner.get(&partner.engine("market/status"), &partner.guest());
    good.refused(429, "rate_limited");
}
