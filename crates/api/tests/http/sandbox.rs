use http::Method;
use serde_json::{Value, json};
use torana_exchange::core::Command;
use torana_runtime::Wall as _;

use crate::bench::{Answer, Bench, UNKNOWN_TRX};

fn control(bench: &Bench, path: &str, body: &Value) -> Answer {
    let path = format!("/torana/v1/gateways/acme/sandbox/{path}");
    bench
        .partner("acme", Method::POST, &path)
        .without("x-gateway-authtoken")
        .json(body)
        .send()
}

fn complete(bench: &Bench, id: &str, body: &Value) -> Answer {
    let path = format!("/torana/v1/gateways/acme/sandbox/transactions/{id}/complete");
    bench.partner("acme", Method::POST, &path).json(body).send()
}

#[test]
fn accounts_come_back_with_their_defaults() {
    let bench = Bench::new();
    let body = json!({ "broker": "kite", "account": "CI0001", "fundsInr": 250_000.5,
        "holdings": [{ "ticker": "itc", "quantity": 40, "averagePrice": 402.35 }] });
    let answer = control(&bench, "accounts", &body);
    let data = answer.data();
    assert_eq!(
        (&data["fundsInr"], &data["ddpi"], &data["behaviour"]),
        (&json!(250_000.5), &json!(true), &json!("normal"))
    );
    let isin = data["holdings"][0]["isin"].as_str().unwrap();
    assert!(isin.starts_with("INE"), "{isin}");
    assert_eq!(
        data["holdings"],
        json!([{ "ticker": "ITC", "isin": isin, "quantity": 40, "t1Quantity": 0, "averagePrice": 402.35, "authorised": 0 }])
    );
    assert_eq!(data["worldTime"], "2026-01-05T04:30:00.000Z");
    assert_eq!(
        control(&bench, "accounts", &body).failure(),
        (409, "account_exists")
    );
    let unknown = json!({ "broker": "kite", "account": "CI0002", "holdings": [{ "ticker": "NOSUCH", "quantity": 1, "averagePrice": 1 }] });
    assert_eq!(
        control(&bench, "accounts", &unknown).failure(),
        (422, "ticker_not_found")
    );
}

#[test]
fn the_clock_is_read_and_moved() {
    let bench = Bench::new();
    let read = || {
        bench
            .partner("acme", Method::GET, "/torana/v1/gateways/acme/sandbox/clock")
            .send()
    };
    let following =
        json!({ "worldTime": "2026-01-05T04:30:00.000Z", "mode": "follow", "rate": 1, "provisional": false });
    assert_eq!(read().data(), &following);
    let jumped = control(&bench, "clock", &json!({ "advance": "PT36H" }));
    assert_eq!(
        (&jumped.data()["worldTime"], &jumped.data()["mode"]),
        (&json!("2026-01-06T16:30:00.000Z"), &json!("frozen"))
    );
    assert!(jumped.data()["ran"]["jobs"].is_u64());
    assert_eq!(read().data()["worldTime"], "2026-01-06T16:30:00.000Z");
    assert_eq!(
        control(&bench, "clock", &json!({ "set": "2026-01-06T00:00:00.000Z" })).failure(),
        (409, "clock_backwards")
    );
    assert_eq!(
        control(&bench, "clock", &json!({ "advance": "P401D" })).failure(),
        (422, "clock_jump_too_large")
    );
    let again = control(
        &bench,
        "reset",
        &json!({ "scope": "world", "seed": 9, "startAt": "2026-01-05T05:00:00.000Z", "freeze": true }),
    );
    assert_eq!(
        again.data(),
        &json!({ "scope": "world", "seed": 9, "mode": "frozen", "worldTime": "2026-01-05T05:00:00.000Z" })
    );
}

fn transcript(bench: &Bench, query: &str) -> Answer {
    let path = format!("/torana/v1/gateways/acme/sandbox/transcript{query}");
    bench
        .partner("acme", Method::GET, &path)
        .without("x-gateway-authtoken")
        .send()
}

#[test]
fn a_transcript_has_lines_and_no_envelope() {
    let bench = Bench::new();
    let _ = bench.create("acme", &json!({ "intent": "CONNECT" }));
    let answer = transcript(&bench, "");
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (200, Some("application/x-ndjson"))
    );
    let types: Vec<String> = answer.text.lines().map(type_of).collect();
    assert_eq!(types, ["world_started", "transaction.created"]);
    assert_eq!(transcript(&bench, "?after=2").text, "");
    assert_eq!(
        transcript(&bench, "?limit=0").failure(),
        (400, "validation_failed")
    );
}

fn type_of(line: &str) -> String {
    let line: Value = serde_json::from_str(line).unwrap();
    line["type"].as_str().unwrap().to_owned()
}

/// The process ends between the two commits of a reset: the exchange began anew, the gateway knows nothing of it.
#[test]
fn a_reset_that_was_cut_off_is_completed_by_the_same_call() {
    let bench = Bench::new();
    let id = bench.create("acme", &json!({ "intent": "CONNECT" }));
    let before = transcript(&bench, "").text;
    assert_eq!(before.lines().count(), 2, "{before}");
    let half = Command::Reset {
        seed: Some(9),
        start: None,
    };
    let asked = bench.engine.exchange().execute("acme", bench.machine.now(), half);
    bench.machine.run(asked).unwrap();
    let halfway = transcript(&bench, "").text;
    let types: Vec<String> = halfway.lines().map(type_of).collect();
    assert_eq!(types, ["world_started"], "no line of a log that is gone");

    let again = control(&bench, "reset", &json!({ "scope": "world", "seed": 9 }));
    assert_eq!(again.data()["seed"], 9);
    let path = format!("/v1/acme/engine/transactiondetails?transactionId={id}");
    let gone = bench.partner("acme", Method::GET, &path).send();
    assert_eq!(gone.failure(), (404, "invalid_transactionId"));
    assert_eq!(transcript(&bench, "").text, halfway);
}

/// The rest of a walk through time does not depend on the caller's connection.
#[test]
fn a_caller_that_hangs_up_does_not_stop_the_clock() {
    let bench = Bench::new();
    let path = "/torana/v1/gateways/acme/sandbox/clock";
    bench
        .partner("acme", Method::POST, path)
        .json(&json!({ "advance": "PT1H" }))
        .send_and_hang_up();
    bench.machine.finish_tasks();
    assert_eq!(
        control(&bench, "clock", &json!({ "freeze": true })).data()["worldTime"],
        "2026-01-05T05:30:00.000Z"
    );
}

#[test]
fn a_login_is_walked_through() {
    let bench = Bench::new();
    let id = bench.create("acme", &json!({ "intent": "CONNECT" }));
    let answer = complete(
        &bench,
        &id,
        &json!({ "decision": "approve", "broker": "kite", "account": "DEMO01" }),
    );
    let data = answer.data();
    assert_eq!(
        (&data["status"], &data["broker"]),
        (&json!("COMPLETED"), &json!("kite"))
    );
    assert_eq!(
        data["settlement"],
        json!({ "outcome": "resolve", "code": null, "message": null })
    );
    assert_eq!(data["worldTime"], "2026-01-05T04:30:00.000Z");
    let again = complete(
        &bench,
        &id,
        &json!({ "decision": "approve", "broker": "kite", "account": "DEMO01" }),
    );
    assert_eq!(again.failure(), (409, "transaction_expired"));
}

#[test]
fn walks_that_do_not_fit_are_refused_before_anything_is_done() {
    let bench = Bench::new();
    let id = bench.create("acme", &json!({ "intent": "CONNECT" }));
    let walk = |body: Value| complete(&bench, &id, &body);
    assert_eq!(walk(json!({})).failure(), (400, "validation_failed"));
    assert_eq!(
        walk(json!({ "decision": "approve" })).failure(),
        (400, "validation_failed")
    );
    let unknown = json!({ "decision": "approve", "broker": "kite", "account": "NOBODY" });
    assert_eq!(walk(unknown).failure(), (404, "account_not_found"));
    assert_eq!(
        walk(json!({ "decision": "deny_consent", "broker": "kite", "account": "DEMO01" })).failure(),
        (422, "decision_not_applicable")
    );
    assert_eq!(
        complete(&bench, UNKNOWN_TRX, &json!({ "decision": "cancel" })).failure(),
        (404, "invalid_transactionId")
    );
    assert_eq!(
        complete(&bench, "nonsense", &json!({ "decision": "cancel" })).failure(),
        (404, "invalid_transactionId")
    );
    let path = format!("/torana/v1/gateways/acme/sandbox/transactions/{id}/complete?waitMs=30001");
    assert_eq!(
        bench
            .partner("acme", Method::POST, &path)
            .json(&json!({ "decision": "cancel" }))
            .send()
            .failure()
            .0,
        400
    );
}
