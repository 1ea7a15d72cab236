use http::Method;
use serde_json::json;

use crate::bench::{Answer, Bench};

const CREATE: &str = "/gateway/acme/transaction";

fn create(bench: &Bench, key: &str, body: &str) -> Answer {
    bench
        .partner("acme", Method::POST, CREATE)
        .header("idempotency-key", key)
        .body(body.to_owned())
        .send()
}

#[test]
fn an_equal_request_gets_the_first_answer() {
    let bench = Bench::new();
    let first = create(&bench, "k1", r#"{"intent":"CONNECT"}"#);
    first.data();
    assert_eq!(first.header("idempotent-replayed"), None);
    bench.machine.advance(std::time::Duration::from_secs(5));
    let second = create(&bench, "k1", r#"{"intent":"CONNECT"}"#);
    assert_eq!(
        (&second.text, second.header("idempotent-replayed")),
        (&first.text, Some("true"))
    );
    let other = create(&bench, "k2", r#"{"intent":"CONNECT"}"#);
    assert_ne!(other.text, first.text);
}

/// Another body under a used key is told apart before anybody looks into it.
#[test]
fn a_key_stands_for_one_request() {
    let bench = Bench::new();
    create(&bench, "k1", r#"{"intent":"CONNECT"}"#).data();
    for body in [r#"{"intent":"CONNECT" }"#, "[", r#"{"intent":"NONSENSE"}"#] {
        assert_eq!(
            create(&bench, "k1", body).failure(),
            (422, "idempotency_key_reused"),
            "{body}"
        );
    }
}

#[test]
fn failures_are_not_stored() {
    let bench = Bench::new();
    assert_eq!(create(&bench, "k1", "[").failure(), (400, "malformed_json"));
    create(&bench, "k1", r#"{"intent":"CONNECT"}"#).data();
}

#[test]
fn sandbox_routes_keep_their_answers_too() {
    let bench = Bench::new();
    let make = |key: &str, account: &str| {
        bench
            .partner("acme", Method::POST, "/torana/v1/gateways/acme/sandbox/accounts")
            .header("idempotency-key", key)
            .json(&json!({ "broker": "kite", "account": account }))
            .send()
    };
    let first = make("k1", "CI0001");
    first.data();
    let second = make("k1", "CI0001");
    assert_eq!(
        (&second.text, second.header("idempotent-replayed")),
        (&first.text, Some("true"))
    );
    assert_eq!(make("k2", "CI0001").failure(), (409, "account_exists"));
    assert_eq!(make("k1", "CI0002").failure(), (422, "idempotency_key_reused"));
}
