//! Idempotency keys: the stored answer, whose it is, and what does not count as the same request.

use serde_json::json;
use torana_testkit::{Answer, Engine, Options, Partner, Torana, jwt};

on_both_engines!(
    a_repeated_request_gets_the_stored_answer,
    concurrent_equal_requests_make_one_transaction,
    the_stored_answer_survives_a_crash,
);

fn create_with_key(partner: &Partner, token: &str, key: &str, body: &str) -> Answer {
    let mut headers = partner.credentials(token);
    headers.push(("content-type", "application/json"));
    headers.push(("idempotency-key", key));
    partner.send("POST", &partner.creation(), &headers, body.as_bytes())
}

const CONNECT: &str = r#"{"intent":"CONNECT"}"#;

fn a_repeated_request_gets_the_stored_answer(engine: Engine) {
    let (torana, partner) = Torana::with_partner(Options::new(engine));
    let guest = partner.guest();
    let first = create_with_key(&partner, &guest, "key-1", CONNECT);
    assert_eq!(first.header("idempotent-replayed"), None);
    // Another token of the same principal is the same request.
    let later = jwt::sign(
        &partner.keys.secret,
        &json!({"guest": true, "exp": jwt::now_seconds() + 999}),
    );
    let again = create_with_key(&partner, &later, "key-1", CONNECT);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!((again.status, again.data()), (200, first.data()));
    create_with_key(&partner, &guest, "key-1", r#"{"intent": "CONNECT"}"#)
        .refused(422, "idempotency_key_reused");
    assert_ne!(
        create_with_key(&partner, &guest, "key-2", CONNECT).data(),
        first.data()
    );
    assert_ne!(
        partner.transaction(&guest, &json!({"intent": "CONNECT"})),
        first.data()["transactionId"]
    );
    // Keys belong to one gateway.
    let other = torana.create_gateway("other", &[]);
    torana.wait_for_gateway("other");
    let other = torana.partner(&other);
    assert_eq!(
        create_with_key(&other, &other.guest(), "key-1", CONNECT).header("idempotent-replayed"),
        None
    );
}

#[test]
fn another_user_with_the_same_key_is_another_request() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let id = partner.connect("kite", "DEMO01");
    assert_eq!(
        create_with_key(&partner, &partner.guest(), "k", CONNECT).status,
        200
    );
    create_with_key(&partner, &partner.connected(&id), "k", CONNECT).refused(422, "idempotency_key_reused");
}

#[test]
fn refusals_are_not_stored() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let guest = partner.guest();
    create_with_key(&partner, &guest, "k", r#"{"intent":"PAY"}"#).refused(400, "intent_not_supported");
    let good = create_with_key(&partner, &guest, "k", CONNECT);
    assert_eq!((good.status, good.header("idempotent-replayed")), (200, None));
}

#[test]
fn a_malformed_key_is_refused() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let guest = partner.guest();
    for key in ["", &"k".repeat(256)] {
        create_with_key(&partner, &guest, key, CONNECT).refused(400, "validation_failed");
    }
    assert_eq!(
        create_with_key(&partner, &guest, &"k".repeat(255), CONNECT).status,
        200
    );
}

fn concurrent_equal_requests_make_one_transaction(engine: Engine) {
    let (_torana, partner) = Torana::with_partner(Options::new(engine));
    let guest = partner.guest();
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let call = || scope.spawn(|| create_with_key(&partner, &guest, "same", CONNECT));
        let calls: Vec<_> = (0..12).map(|_| call()).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let mut ids = Vec::new();
    for answer in &answers {
        match answer.status {
            200 => ids.push(answer.data()["transactionId"].as_str().unwrap().to_owned()),
            _ => drop(answer.refused(409, "request_in_progress")),
        }
    }
    let fresh = answers
        .iter()
        .filter(|a| a.status == 200 && a.header("idempotent-replayed").is_none())
        .count();
    assert_eq!(fresh, 1, "one request did it, the others heard of it");
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
}

fn the_stored_answer_survives_a_crash(engine: Engine) {
    let (mut torana, partner) = Torana::with_partner(Options::new(engine));
    let guest = partner.guest();
    let first = create_with_key(&partner, &guest, "k", CONNECT);
    torana.crash_and_restart();
    let again = create_with_key(&partner, &guest, "k", CONNECT);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.data(), first.data());
}

#[test]
fn the_control_api_keeps_its_answers_too() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let body = json!({"broker": "kite", "account": "CI0001", "fundsInr": 250_000}).to_string();
    let make = || {
        let headers = [
            ("x-gateway-secret", partner.keys.api_secret.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", "account-1"),
        ];
        partner.send("POST", &partner.sandbox("accounts"), &headers, body.as_bytes())
    };
    let first = make();
    let second = make();
    assert_eq!(
        (second.header("idempotent-replayed"), second.data()),
        (Some("true"), first.data())
    );
    let _ = partner
        .post_as_gateway(
            &partner.sandbox("accounts"),
            &serde_json::from_str(&body).unwrap(),
        )
        .refused(409, "account_exists");
}
