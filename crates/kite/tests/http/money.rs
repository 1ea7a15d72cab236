//! Triggers, margins, charges.

use serde_json::{Value, json};
use torana_domain::exchange::Exchange;
use torana_domain::money::Price;
use torana_exchange::core::command::{NewTick, SecurityName};
use torana_exchange::core::{Command, Reply};

use crate::bench::{Bench, Login, order};

fn condition(triggers: &str) -> String {
    format!(r#"{{"exchange":"NSE","tradingsymbol":"ITC","trigger_values":{triggers},"last_price":430.0}}"#)
}

fn leg(side: &str, price: &str) -> String {
    format!(
        r#"{{"exchange":"NSE","tradingsymbol":"ITC","transaction_type":"{side}","quantity":2,"order_type":"LIMIT","product":"CNC","price":{price}}}"#
    )
}

fn set(bench: &Bench, login: &Login, kind: &str, triggers: &str, legs: &str) -> crate::bench::Answer {
    let condition = condition(triggers);
    bench.post(
        login,
        "/gtt/triggers",
        &[("type", kind), ("condition", &condition), ("orders", legs)],
    )
}

#[test]
fn a_trigger_is_set_changed_reached_and_its_order_is_in_the_book() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let legs = format!("[{}]", leg("BUY", "421.0"));
    let id = set(&bench, &login, "single", "[420.0]", &legs).data()["trigger_id"].clone();
    let path = format!("/gtt/triggers/{id}");
    let (legs, condition) = (format!("[{}]", leg("BUY", "426")), condition("[425]"));
    let fields = [
        ("type", "single"),
        ("condition", condition.as_str()),
        ("orders", legs.as_str()),
    ];
    assert_eq!(bench.put(&login, &path, &fields).data()["trigger_id"], id);
    assert_eq!(
        bench.get(&login, &path).data()["condition"]["trigger_values"],
        json!([425])
    );
    let tick = NewTick {
        security: SecurityName::Ticker("ITC".to_owned()),
        exchange: Exchange::Nse,
        price: Price::from_paise(42_400),
        at: None,
    };
    assert_eq!(
        bench.command("acme", Command::SetPrices(vec![tick])),
        Reply::PricesSet { accepted: 1 }
    );
    bench.advance(61_000);
    let gtt = bench.get(&login, &path).data();
    assert_eq!(gtt["status"], "triggered", "{gtt}");
    let result = &gtt["orders"][0]["result"];
    assert_eq!(result["order_result"]["status"], "success");
    assert_eq!(
        bench.get(&login, "/orders").data()[0]["order_id"],
        result["order_result"]["order_id"]
    );
    assert_eq!(
        bench.delete(&login, &path).failure().1,
        "OrderException",
        "it is over"
    );
}

#[test]
fn two_legs_lie_around_the_last_price_and_are_deleted() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let legs = format!("[{},{}]", leg("SELL", "400"), leg("SELL", "460"));
    let id = set(&bench, &login, "two-leg", "[400.0, 460.0]", &legs).data()["trigger_id"].clone();
    assert_eq!(
        bench.get(&login, &format!("/gtt/triggers/{id}")).data()["type"],
        "two-leg"
    );
    assert_eq!(
        bench.delete(&login, &format!("/gtt/triggers/{id}")).data()["trigger_id"],
        id
    );
    assert_eq!(bench.get(&login, "/gtt/triggers").data()[0]["status"], "deleted");
    let other = bench.user("DEMO02");
    let foreign = bench.get(&other, &format!("/gtt/triggers/{id}"));
    assert_eq!(
        (foreign.failure().0, foreign.failure().1.as_str()),
        (404, "GeneralException")
    );
}

#[test]
fn bad_triggers_are_refused() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let (one, two) = (
        format!("[{}]", leg("BUY", "421")),
        format!("[{0},{0}]", leg("BUY", "421")),
    );
    let market = one.replace("LIMIT", "MARKET");
    let elsewhere = one.replace("ITC", "INFY");
    for (kind, triggers, legs) in [
        ("", "[420]", one.as_str()),
        ("trailing-single", "[420]", one.as_str()),
        ("single", "[420", one.as_str()),
        ("single", "420", one.as_str()),
        ("single", "[]", one.as_str()),
        ("single", "[420]", "{"),
        ("single", "[420]", "[]"),
        ("single", "[420]", two.as_str()),
        ("two-leg", "[420, 440]", one.as_str()),
        ("single", "[420]", market.as_str()),
        ("single", "[420]", elsewhere.as_str()),
        ("single", "[\"x\"]", one.as_str()),
        ("single", "[0]", one.as_str()),
        ("single", "[420]", "[{\"exchange\":\"NSE\"}]"),
    ] {
        let (status, class, text) = set(&bench, &login, kind, triggers, legs).failure();
        assert_eq!(
            (status, class.as_str()),
            (400, "InputException"),
            "{kind} {triggers} {legs}: {text}"
        );
    }
    let above = set(&bench, &login, "two-leg", "[440, 460]", &two).failure();
    assert_eq!(
        (above.0, above.1.as_str()),
        (400, "OrderException"),
        "the exchange refuses it"
    );
    assert_eq!(bench.get(&login, "/gtt/triggers/x").failure().0, 404);
    assert_eq!(bench.get(&login, "/gtt/triggers").data(), json!([]));
}

fn margin_order(more: &Value) -> Value {
    let mut order = json!({ "exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "BUY", "variety": "regular",
        "product": "MIS", "order_type": "LIMIT", "quantity": 10, "price": 1500 });
    for (name, value) in more.as_object().unwrap() {
        order[name] = value.clone();
    }
    order
}

#[test]
fn margins_are_what_the_exchange_would_block() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let of = |order: Value| bench.json(&login, "/margins/orders", &json!([order])).data()[0].clone();
    let delivery = of(margin_order(&json!({ "product": "CNC" })));
    assert_eq!(
        (&delivery["total"], &delivery["leverage"]),
        (&json!(15_000), &json!(1))
    );
    let intraday = of(margin_order(&json!({})));
    assert_eq!(
        (&intraday["total"], &intraday["leverage"]),
        (&json!(3_000), &json!(5))
    );
    let sale = of(margin_order(
        &json!({ "product": "CNC", "transaction_type": "SELL" }),
    ));
    assert_eq!(sale["total"], 0);
    let market = of(margin_order(
        &json!({ "order_type": "MARKET", "price": 0, "product": "CNC" }),
    ));
    assert!(
        market["total"].as_f64().unwrap() > 14_000.0,
        "at the last price: {market}"
    );
    // A buy and a sale of the same shares need the money of one.
    let both = json!([
        margin_order(&json!({})),
        margin_order(&json!({ "transaction_type": "SELL" }))
    ]);
    let basket = bench.json(&login, "/margins/basket", &both).data();
    assert_eq!(
        (&basket["initial"]["total"], &basket["final"]["total"]),
        (&json!(6_000), &json!(3_000))
    );
    let held = order(&[
        ("product", "MIS"),
        ("quantity", "10"),
        ("transaction_type", "BUY"),
    ]);
    bench.place(&login, &held);
    let sell = json!([margin_order(&json!({ "transaction_type": "SELL" }))]);
    let alone = bench
        .json(&login, "/margins/basket?consider_positions=false", &sell)
        .data();
    let beside = bench
        .json(&login, "/margins/basket?consider_positions=true", &sell)
        .data();
    assert_eq!(
        (&alone["final"]["total"], &beside["final"]["total"]),
        (&json!(3_000), &json!(0))
    );
}

#[test]
fn charges_are_the_tariffs() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let trade = |side: &str, product: &str| {
        json!({ "order_id": 111, "exchange": "NSE", "tradingsymbol": "ITC",
        "transaction_type": side, "variety": "regular", "product": product, "order_type": "LIMIT", "quantity": "100",
        "average_price": "400.0" })
    };
    let body = json!([trade("BUY", "CNC"), trade("SELL", "MIS")]);
    let notes = bench.json(&login, "/charges/orders", &body).data();
    let buy = &notes[0]["charges"];
    assert_eq!(
        (
            &buy["transaction_tax"],
            &buy["transaction_tax_type"],
            &buy["brokerage"],
            &buy["stamp_duty"]
        ),
        (&json!(40), &json!("stt"), &json!(0), &json!(6))
    );
    let sell = &notes[1]["charges"];
    assert_eq!(
        (&sell["transaction_tax"], &sell["brokerage"], &sell["stamp_duty"]),
        (&json!(10), &json!(12), &json!(0))
    );
    assert_eq!(
        bench.json(&login, "/charges/orders", &json!([])).data(),
        json!([])
    );
}

#[test]
fn bodies_that_are_no_orders_are_refused() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    for path in ["/margins/orders", "/margins/basket", "/charges/orders"] {
        for body in ["", "{", "{}", "[1]", "[{}]", "\u{0}", "[{\"exchange\":\"MCX\"}]"] {
            let answer = bench.call(&login, http::Method::POST, path, axum::body::Body::from(body));
            let (status, class, text) = answer.failure();
            assert_eq!(
                (status, class.as_str()),
                (400, "InputException"),
                "{path} {body}: {text}"
            );
        }
        let many = Value::Array(vec![margin_order(&json!({})); 501]);
        assert_eq!(bench.json(&login, path, &many).failure().0, 400);
    }
    let second = json!([margin_order(&json!({})), margin_order(&json!({ "quantity": 0 }))]);
    let (_, _, text) = bench.json(&login, "/margins/orders", &second).failure();
    assert!(
        text.starts_with("order 2: ") && text.contains("`quantity`"),
        "{text}"
    );
}
