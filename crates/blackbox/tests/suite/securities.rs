//! Creation of stock orders: every member of a line, what it may be and what it is refused with.

use serde_json::{Value, json};
use torana_testkit::partner::basket;
use torana_testkit::{Engine, Options, Torana};

use crate::create::{BAD, GOOD, check};

on_both_engines!(securities_are_validated_field_by_field);

fn securities(items: Value) -> Value {
    json!({"intent": "TRANSACTION", "orderConfig": {"type": "SECURITIES", "securities": items}})
}

/// A good limit order with one member replaced, or removed where it is null.
fn limit_with(member: &str, value: Value) -> Value {
    let mut line = json!({"ticker": "INFY", "quantity": 3, "type": "BUY", "orderType": "LIMIT", "price": 1500.5, "validity": "DAY"});
    if value.is_null() {
        line.as_object_mut().unwrap().remove(member);
    } else {
        line[member] = value;
    }
    securities(json!([line]))
}

fn with_meta(meta: Value) -> Value {
    let mut body = basket(&[("INFY", 1)]);
    body["orderConfig"]["meta"] = meta;
    body
}

fn securities_are_validated_field_by_field(engine: Engine) {
    let (_torana, partner) = Torana::with_partner(Options::new(engine));
    let many = |count: usize| -> Value {
        // Buys and sells of as many stocks as there are names in the list; the rest is padded by unknown ones.
        let line = |index: usize| json!({"ticker": format!("T{index}"), "quantity": 1, "type": "BUY"});
        securities(Value::Array((0..count).map(line).collect()))
    };
    let mut cases = vec![
        (
            "tickers only",
            securities(json!([{"ticker": "INFY"}, {"ticker": "ITC"}])),
            GOOD,
        ),
        (
            "with quantity",
            securities(json!([{"ticker": "INFY", "quantity": 1}, {"ticker": "ITC", "quantity": 2}])),
            GOOD,
        ),
        (
            "with type",
            securities(json!([{"ticker": "INFY", "type": "BUY"}, {"ticker": "ITC", "type": "SELL"}])),
            GOOD,
        ),
        (
            "all three",
            basket(&[("INFY", 3), ("ITC", 7), ("RELIANCE", 1)]),
            GOOD,
        ),
        (
            "both sides of a stock",
            securities(
                json!([{"ticker": "INFY", "quantity": 1, "type": "BUY"}, {"ticker": "INFY", "quantity": 1, "type": "SELL"}]),
            ),
            GOOD,
        ),
        (
            "trimmed and upper-cased",
            securities(json!([{"ticker": " infy ", "quantity": 1, "type": "BUY"}])),
            GOOD,
        ),
        (
            "unknown members are ignored",
            securities(json!([{"ticker": "INFY", "quantity": 1, "type": "BUY", "colour": 7}])),
            GOOD,
        ),
        (
            "quantity on one only",
            securities(json!([{"ticker": "INFY", "quantity": 1}, {"ticker": "ITC"}])),
            BAD,
        ),
        (
            "type on one only",
            securities(json!([{"ticker": "INFY", "type": "BUY"}, {"ticker": "ITC"}])),
            BAD,
        ),
        (
            "different members",
            securities(json!([{"ticker": "INFY", "type": "BUY"}, {"ticker": "ITC", "quantity": 1}])),
            BAD,
        ),
        (
            "duplicate",
            securities(
                json!([{"ticker": "INFY", "quantity": 1, "type": "BUY"}, {"ticker": "infy", "quantity": 2, "type": "BUY"}]),
            ),
            BAD,
        ),
        ("none", securities(json!([])), BAD),
        ("too many", many(101), BAD),
        ("no list", securities(json!({"ticker": "INFY"})), BAD),
        ("item no object", securities(json!(["INFY"])), BAD),
        (
            "list missing",
            json!({"intent": "TRANSACTION", "orderConfig": {"type": "SECURITIES"}}),
            BAD,
        ),
        (
            "type missing",
            json!({"intent": "TRANSACTION", "orderConfig": {"securities": []}}),
            BAD,
        ),
        (
            "type no text",
            json!({"intent": "TRANSACTION", "orderConfig": {"type": 1}}),
            BAD,
        ),
        (
            "type unknown",
            json!({"intent": "TRANSACTION", "orderConfig": {"type": "CREATE"}}),
            (400, "invalid_order_type"),
        ),
        ("orderConfig missing", json!({"intent": "TRANSACTION"}), BAD),
        (
            "orderConfig null",
            json!({"intent": "TRANSACTION", "orderConfig": null}),
            BAD,
        ),
        (
            "orderConfig no object",
            json!({"intent": "TRANSACTION", "orderConfig": "SECURITIES"}),
            BAD,
        ),
        (
            "unknown ticker",
            basket(&[("NOSUCHSTOCK", 1)]),
            (422, "ticker_not_found"),
        ),
        ("a hundred unknown tickers", many(100), (422, "ticker_not_found")),
    ];
    for ticker in [
        json!(""),
        json!("IN FY"),
        json!("A".repeat(21)),
        json!(7),
        json!("इन्फी"),
        json!(["INFY"]),
    ] {
        cases.push(("ticker", limit_with("ticker", ticker), BAD));
    }
    cases.push(("ticker missing", limit_with("ticker", Value::Null), BAD));
    for quantity in [
        json!(0),
        json!(-1),
        json!(10_000_001),
        json!(3.5),
        json!("3"),
        json!(true),
        json!(1e30),
    ] {
        cases.push(("quantity", limit_with("quantity", quantity), BAD));
    }
    cases.push((
        "largest quantity",
        limit_with("quantity", json!(10_000_000)),
        GOOD,
    ));
    for side in [json!("buy"), json!("HOLD"), json!(1), json!("")] {
        cases.push(("side", limit_with("type", side), BAD));
    }
    cases.push((
        "exchange in lower case",
        limit_with("exchange", json!("nse")),
        GOOD,
    ));
    cases.push((
        "exchange BSE",
        limit_with("exchange", json!("BSE")),
        (422, "exchange_not_supported"),
    ));
    cases.push(("exchange no text", limit_with("exchange", json!(1)), BAD));
    for order_type in [json!("limit"), json!("SL"), json!(1)] {
        cases.push(("order type", limit_with("orderType", order_type), BAD));
    }
    cases.push((
        "price with a market order",
        limit_with("orderType", json!("MARKET")),
        BAD,
    ));
    cases.push(("limit without price", limit_with("price", Value::Null), BAD));
    cases.push(("limit without quantity", limit_with("quantity", Value::Null), BAD));
    cases.push(("limit without side", limit_with("type", Value::Null), BAD));
    for price in [json!(0), json!(-1), json!("1500"), json!(1500.123), json!(true)] {
        cases.push(("price", limit_with("price", price), BAD));
    }
    cases.push((
        "price off the tick",
        limit_with("price", json!(1500.03)),
        (422, "invalid_price"),
    ));
    cases.push(("IOC", limit_with("validity", json!("IOC")), GOOD));
    for validity in [json!("GTC"), json!("day"), json!(1)] {
        cases.push(("validity", limit_with("validity", validity), BAD));
    }
    cases.push((
        "meta",
        with_meta(json!({"orderName": "January plan", "orderLogo": "https://partner.example/l.png"})),
        GOOD,
    ));
    cases.push((
        "meta name at its limit",
        with_meta(json!({"orderName": "é".repeat(100)})),
        GOOD,
    ));
    cases.push((
        "meta name too long",
        with_meta(json!({"orderName": "é".repeat(101)})),
        BAD,
    ));
    cases.push(("meta name no text", with_meta(json!({"orderName": 1})), BAD));
    cases.push(("meta no object", with_meta(json!("x")), BAD));
    for logo in [
        json!("http://partner.example/l.png"),
        json!("no url"),
        json!("javascript:alert(1)"),
        json!(1),
    ] {
        cases.push(("meta logo", with_meta(json!({"orderLogo": logo})), BAD));
    }
    check(&partner, &partner.guest(), cases);
}

#[test]
fn refusals_name_the_field() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let body = securities(
        json!([{"ticker": "INFY", "quantity": 1, "type": "BUY"}, {"ticker": "ITC", "quantity": "3", "type": "BUY"}]),
    );
    let errors = partner.create(&partner.guest(), &body).errors();
    assert!(errors.contains("orderConfig.securities[1].quantity"), "{errors}");
    let body = basket(&[("NOSUCHA", 1), ("INFY", 1), ("NOSUCHB", 1)]);
    let errors = partner.create(&partner.guest(), &body).errors();
    assert!(
        errors.contains("NOSUCHA") && errors.contains("NOSUCHB") && !errors.contains("INFY"),
        "{errors}"
    );
}
