//! Prices that are set by the control API, and what follows from them.

use serde_json::{Value, json};
use torana_testkit::partner::MARKET_OPEN;
use torana_testkit::{Answer, Engine, Options, Partner, Torana, wait_until};

on_both_engines!(a_price_that_is_set_fills_the_order_that_waits_for_it);

fn set(partner: &Partner, ticks: &Value) -> Answer {
    partner.post_as_gateway(&partner.sandbox("prices"), &json!({ "ticks": ticks }))
}

/// Buys at a limit well below the market, in the frozen world; the order waits at the exchange.
fn waiting_order(partner: &Partner) -> String {
    let guest = partner.guest();
    // ITC starts near 430 rupees; far enough below that the day does not come there by itself.
    let line = json!({"ticker": "ITC", "quantity": 5, "type": "BUY", "orderType": "LIMIT", "price": 400});
    let basket =
        json!({"intent": "TRANSACTION", "orderConfig": {"type": "SECURITIES", "securities": [line]}});
    let id = partner.transaction(&guest, &basket);
    let path = partner.sandbox(&format!("transactions/{id}/complete"));
    let approve = json!({"decision": "approve", "broker": "kite", "account": "DEMO01"});
    let data = partner.post(&path, &guest, &approve).data();
    assert_eq!(data["status"], "PROCESSING", "{data}");
    let orders = partner.engine(&format!("user/orders?transactionId={id}&includeOpen=true"));
    wait_until("the order to be at the exchange", || {
        let orders = partner.get(&orders, &guest).data();
        let order = &orders["orderBatches"][0]["orders"][0];
        // Before the broker has answered nothing is known of it.
        (order["status"] == "OPEN" && order["evidence"] != "none").then_some(())
    });
    id
}

fn a_price_that_is_set_fills_the_order_that_waits_for_it(engine: Engine) {
    let (_torana, partner, receiver) = Torana::with_receiver(Options::new(engine));
    partner.start_world_at(MARKET_OPEN, true);
    let id = waiting_order(&partner);
    let data = set(&partner, &json!([{"ticker": "itc", "price": 399.5}])).data();
    assert_eq!(
        (&data["accepted"], &data["worldTime"]),
        (&json!(1), &json!(MARKET_OPEN)),
        "{data}"
    );
    let _ = partner.clock(&json!({"advance": "PT2M"})).data();
    let data = partner.wait_for_status(&id, "COMPLETED");
    let order = &data["transactionDetails"]["success"]["data"]["batches"][0]["orders"][0];
    assert_eq!(
        (&order["filledQuantity"], &order["averagePrice"]),
        (&json!(5), &json!(400)),
        "{data}"
    );
    receiver
        .wait_for_event("order.completed", &id)
        .verify(&partner.keys);
}

#[test]
fn a_price_of_later_waits_for_its_instant() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.start_world_at(MARKET_OPEN, true);
    let at = "2026-01-05T04:45:00.000Z";
    let ticks = json!([{"ticker": "ITC", "price": 399.5, "at": at}, {"isin": "INE009A01021", "exchange": "NSE", "price": 1501}]);
    assert_eq!(set(&partner, &ticks).data()["accepted"], 2);
    let id = waiting_order(&partner);
    let _ = partner.clock(&json!({"set": "2026-01-05T04:44:59.000Z"})).data();
    assert_eq!(partner.raw_status(&id), "PROCESSING");
    let _ = partner.clock(&json!({"advance": "PT2M"})).data();
    let _ = partner.wait_for_status(&id, "COMPLETED");
}

#[test]
fn refused_prices_are_named_and_none_is_set() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.start_world_at(MARKET_OPEN, true);
    let good = json!({"ticker": "INFY", "price": 1500.5});
    let cases = [
        (
            json!([good, {"ticker": "NOSUCHSTOCK", "price": 10}]),
            422,
            "ticker_not_found",
            "ticks[1]: NOSUCHSTOCK",
        ),
        (
            json!([{"isin": "INE000000000", "price": 10}]),
            422,
            "ticker_not_found",
            "ticks[0]",
        ),
        (
            json!([good, {"ticker": "INFY", "price": 1500.5, "at": "2026-01-05T04:29:59.999Z"}]),
            422,
            "tick_in_past",
            "ticks[1]",
        ),
        (
            json!([{"ticker": "INFY", "price": 1500.51}]),
            422,
            "invalid_price",
            "tick 0.1",
        ),
        (
            json!([good, {"ticker": "INFY", "price": 9000}]),
            422,
            "invalid_price",
            "ticks[1]",
        ),
        (
            json!([{"ticker": "INFY", "price": 0}]),
            422,
            "invalid_price",
            "band",
        ),
        (json!([]), 400, "validation_failed", "ticks"),
        (
            json!([{"ticker": "INFY"}]),
            400,
            "validation_failed",
            "ticks[0].price",
        ),
        (
            json!([{"ticker": "INFY", "exchange": "MCX", "price": 1500.5}]),
            400,
            "validation_failed",
            "NSE or BSE",
        ),
    ];
    for (ticks, status, code, detail) in cases {
        let answer = set(&partner, &ticks);
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (status, code),
            "{ticks}"
        );
        let text = answer.errors();
        assert!(text.contains(detail), "{detail} in {text}");
    }
}
