//! The sandbox control API beside its decisions: accounts, reset, and where it does not exist.

use serde_json::{Value, json};
use torana_testkit::partner::{MARKET_OPEN, basket};
use torana_testkit::{Options, Torana};

#[test]
fn accounts_are_made_as_asked() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let make = |body: &Value| partner.post_as_gateway(&partner.sandbox("accounts"), body);
    let holding =
        json!({"ticker": "ITC", "quantity": 40, "t1Quantity": 5, "averagePrice": 402.35, "authorised": 0});
    let data = make(&json!({"broker": "kite", "account": "CI0001", "fundsInr": 250_000, "holdings": [holding], "ddpi": false})).data();
    assert_eq!(
        (
            &data["broker"],
            &data["account"],
            &data["fundsInr"],
            &data["ddpi"],
            &data["behaviour"]
        ),
        (
            &json!("kite"),
            &json!("CI0001"),
            &json!(250_000),
            &json!(false),
            &json!("normal")
        ),
        "{data}"
    );
    assert_eq!(data["holdings"][0]["isin"], "INE154A01025", "{data}");
    assert!(data["worldTime"].is_string());
    let _ = make(&json!({"broker": "kite", "account": "CI0001"})).refused(409, "account_exists");
    let bad = [
        json!({}),
        json!({"broker": "kite"}),
        json!({"broker": "kite", "account": "lower"}),
        json!({"broker": "nobody", "account": "CI0002"}),
        json!({"broker": "kite", "account": "CI0002", "fundsInr": -1}),
        json!({"broker": "kite", "account": "CI0002", "fundsInr": 1.234}),
        json!({"broker": "kite", "account": "CI0002", "fundsInr": 10_000_000_001_i64}),
        json!({"broker": "kite", "account": "CI0002", "behaviour": "odd"}),
        json!({"broker": "kite", "account": "CI0002", "holdings": [{"ticker": "ITC", "isin": "INE154A01025", "quantity": 1}]}),
        json!({"broker": "kite", "account": "CI0002", "holdings": [{"ticker": "ITC", "quantity": "1"}]}),
    ];
    for body in bad {
        let answer = make(&body);
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (400, "validation_failed"),
            "{body}"
        );
    }
    let unknown = json!({"broker": "kite", "account": "CI0002", "holdings": [{"ticker": "NOSUCHSTOCK", "quantity": 1, "averagePrice": 10}]});
    let _ = make(&unknown).refused(422, "ticker_not_found");
    let user = partner.connect("kite", "CI0001");
    let token = partner.connected(&user);
    let id = partner.transaction(&token, &json!({"intent": "FETCH_FUNDS"}));
    let _ = partner
        .complete(
            &token,
            &id,
            &json!({"decision": "approve", "broker": "kite", "account": "CI0001"}),
        )
        .data();
    let details = partner.details(&token, &id).data();
    assert_eq!(
        details["transactionDetails"]["success"]["data"]["funds"], 250_000,
        "{details}"
    );
}

#[test]
fn a_reset_forgets_what_it_says_and_no_more() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let user = partner.connect("kite", "DEMO01");
    let guest = partner.guest();
    let id = partner.transaction(&guest, &json!({"intent": "CONNECT"}));
    let reset = |body: &Value| partner.post_as_gateway(&partner.sandbox("reset"), body);
    for body in [
        json!({}),
        json!({"scope": "all"}),
        json!({"scope": "world", "startAt": "soon"}),
        json!({"scope": "world", "seed": "x"}),
    ] {
        let _ = reset(&body).refused(400, "validation_failed");
    }
    let data = reset(
        &json!({"scope": "exchange", "seed": 7, "startAt": "2026-01-05T04:30:00.000Z", "freeze": true}),
    )
    .data();
    assert_eq!(
        (&data["scope"], &data["seed"], &data["worldTime"], &data["mode"]),
        (
            &json!("exchange"),
            &json!(7),
            &json!("2026-01-05T04:30:00.000Z"),
            &json!("frozen")
        ),
        "{data}"
    );
    assert_eq!(partner.details(&guest, &id).status, 200, "transactions stay");
    assert_eq!(
        partner
            .create(&partner.connected(&user), &json!({"intent": "FETCH_FUNDS"}))
            .status,
        200,
        "users stay"
    );
    let _ = reset(&json!({"scope": "world"})).data();
    let _ = partner.details(&guest, &id).refused(404, "invalid_transactionId");
    let _ = partner
        .create(&partner.connected(&user), &json!({"intent": "FETCH_FUNDS"}))
        .refused(401, "unknown_user");
}

#[test]
fn a_reset_of_the_exchange_takes_the_proof_of_open_orders() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.start_world_at(MARKET_OPEN, true);
    let guest = partner.guest();
    let id = partner.transaction(&guest, &basket(&[("INFY", 1)]));
    let decision = json!({"decision": "approve", "broker": "kite", "account": "SLOW01"});
    let path = partner.sandbox(&format!("transactions/{id}/complete"));
    let _ = partner.post(&path, &guest, &decision).data();
    let read = || partner.get_as_gateway(&partner.sandbox("transcript")).text;
    assert!(read().contains("\"order.accepted\""), "{}", read());
    let _ = partner
        .post_as_gateway(
            &partner.sandbox("reset"),
            &json!({"scope": "exchange", "freeze": true}),
        )
        .data();
    let lost: Vec<Value> = read()
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .filter(|line: &Value| line["source"] == "transaction")
        .collect();
    assert_eq!(
        lost.iter().map(|line| &line["type"]).collect::<Vec<_>>(),
        [&json!("order.unknown")]
    );
    assert_eq!(
        (&lost[0]["facts"]["transactionId"], &lost[0]["facts"]["from"]),
        (&json!(id), &json!("open"))
    );
    assert_eq!(partner.raw_status(&id), "PROCESSING", "nothing is guessed");
}

#[test]
fn the_demo_user_is_there_again_after_a_reset() {
    const DEMO_USER: &str = "631fad01d9fe7ba34b6c0a3a";
    let torana = Torana::start(Options::default().demo());
    let partner = torana.demo_partner();
    let holdings = || {
        let token = partner.connected(DEMO_USER);
        partner
            .get(&partner.engine("user/holdings?version=v2"), &token)
            .data()["securities"]
            .clone()
    };
    let before = holdings();
    let guest = partner.guest();
    let id = partner.transaction(&guest, &json!({"intent": "CONNECT"}));
    partner.start_world_at(MARKET_OPEN, true);
    let _ = partner.details(&guest, &id).refused(404, "invalid_transactionId");
    let symbols = |securities: &Value| -> Vec<String> {
        let list = securities.as_array().expect("securities");
        list.iter()
            .map(|security| security["nseTicker"].to_string())
            .collect()
    };
    assert_eq!(symbols(&holdings()), symbols(&before));
}

#[test]
fn a_live_gateway_has_no_sandbox_routes() {
    let mut torana = Torana::prepare(
        Options {
            profile: "production",
            ..Options::default()
        }
        .set("server.public_url", "\"https://gateway.example\""),
    );
    let keys = torana.create_gateway_with("livegate", &["--mode", "live"]);
    torana.run();
    let partner = torana.partner(&keys);
    for path in ["accounts", "reset", "clock"] {
        let _ = partner
            .post_as_gateway(&partner.sandbox(path), &json!({}))
            .refused(404, "route_not_found");
    }
    let _ = partner
        .get_as_gateway(&partner.sandbox("transcript"))
        .refused(404, "route_not_found");
}
