//! Creation: every field of every intent, what it may be and what it is refused with.

use serde_json::{Value, json};
use torana_testkit::partner::basket;
use torana_testkit::{Engine, Options, Partner, Torana};

const ISCID: &str = "60c72b2f9b1e8a0012345678";
const BAD: (u16, &str) = (400, "validation_failed");
const LATER: (u16, &str) = (403, "intent_not_enabled");
const GOOD: (u16, &str) = (200, "");

on_both_engines!(securities_are_validated_field_by_field);

fn check(partner: &Partner, token: &str, cases: Vec<(&str, Value, (u16, &str))>) {
    let mut wrong = Vec::new();
    for (name, body, expected) in cases {
        let answer = partner.create(token, &body);
        if (answer.status, answer.error().as_str()) != expected {
            wrong.push(format!(
                "{name}: {expected:?} expected, got {} {}",
                answer.status, answer.text
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

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
    let (_torana, partner) = Torana::with_partner(Options::new(Engine::Sqlite));
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

#[test]
fn common_fields_are_validated() {
    let (_torana, partner) = Torana::with_partner(Options::new(Engine::Sqlite));
    let connect = |member: &str, value: Value| {
        let mut body = json!({"intent": "CONNECT"});
        body[member] = value;
        body
    };
    let import = |body: Value| {
        let mut all = json!({"intent": "HOLDINGS_IMPORT"});
        all.as_object_mut()
            .unwrap()
            .extend(body.as_object().unwrap().clone());
        all
    };
    let mut cases = vec![
        ("no intent", json!({}), BAD),
        ("intent null", json!({"intent": null}), BAD),
        ("intent no text", json!({"intent": 7}), BAD),
        (
            "intent in lower case",
            json!({"intent": "connect"}),
            (400, "intent_not_supported"),
        ),
        (
            "intent unknown",
            json!({"intent": "PAY"}),
            (400, "intent_not_supported"),
        ),
        (
            "ONBOARDING",
            json!({"intent": "ONBOARDING"}),
            (400, "intent_not_supported"),
        ),
        ("unknown members", connect("colour", json!({"a": [1]})), GOOD),
        (
            "notes at their limit",
            connect("notes", json!("ü".repeat(256))),
            GOOD,
        ),
        ("notes too long", connect("notes", json!("n".repeat(257))), BAD),
        ("notes no text", connect("notes", json!(7)), BAD),
        ("v1", import(json!({"version": "v1"})), GOOD),
        ("v2", import(json!({"version": "v2"})), GOOD),
        ("v3", import(json!({"version": "v3"})), BAD),
        ("version no text", import(json!({"version": 2})), BAD),
        ("assetConfig no object", import(json!({"assetConfig": []})), BAD),
    ];
    for value in [
        json!(true),
        json!(false),
        json!("true"),
        json!("True"),
        json!("FALSE"),
    ] {
        cases.push((
            "mfHoldings",
            import(json!({"assetConfig": {"mfHoldings": value}})),
            GOOD,
        ));
    }
    for value in [json!("yes"), json!(1), json!([])] {
        cases.push((
            "mfHoldings",
            import(json!({"assetConfig": {"mfHoldings": value}})),
            BAD,
        ));
    }
    check(&partner, &partner.guest(), cases);
}

#[test]
fn intents_that_are_not_there_yet_are_validated_and_then_refused() {
    let (_torana, partner) = Torana::with_partner(Options::new(Engine::Sqlite));
    partner.open_market();
    let smallcase = |kind: &str, rest: Value| {
        let mut config = json!({"type": kind});
        config
            .as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        json!({"intent": "TRANSACTION", "orderConfig": config})
    };
    let mf = |config: Value| json!({"intent": "MF_HOLDINGS_IMPORT", "assetConfig": config});
    let needs_user = (403, "connected_user_required");
    let guest_cases = vec![
        ("BUY", smallcase("BUY", json!({"scid": "SCXX_0001"})), LATER),
        ("BUY without scid", smallcase("BUY", json!({})), BAD),
        ("BUY with a bad scid", smallcase("BUY", json!({"scid": 7})), BAD),
        (
            "INVESTMORE",
            smallcase("INVESTMORE", json!({"iscid": ISCID})),
            needs_user,
        ),
        ("EXIT", smallcase("EXIT", json!({"iscid": ISCID})), needs_user),
        (
            "MF import",
            mf(json!({"pan": "abcde1234f", "phone": "+919800000000", "fromDate": "2015-04-01"})),
            LATER,
        ),
        ("MF import bare", json!({"intent": "MF_HOLDINGS_IMPORT"}), LATER),
        ("MF bad PAN", mf(json!({"pan": "12345"})), BAD),
        ("MF bad phone", mf(json!({"phone": "12"})), BAD),
        ("MF bad e-mail", mf(json!({"email": "nobody"})), BAD),
        ("MF bad date", mf(json!({"fromDate": "01-04-2015"})), BAD),
        ("MF impossible date", mf(json!({"fromDate": "2015-02-30"})), BAD),
        (
            "MF date in the future",
            mf(json!({"fromDate": "2999-01-01"})),
            BAD,
        ),
        (
            "MF dates swapped",
            mf(json!({"fromDate": "2020-01-02", "toDate": "2020-01-01"})),
            BAD,
        ),
        (
            "SUBSCRIPTION",
            json!({"intent": "SUBSCRIPTION", "config": {"scid": "SCXX_0002"}}),
            LATER,
        ),
        (
            "SUBSCRIPTION alias",
            json!({"intent": "SUBSCRIPTION", "orderConfig": {"scid": "SCXX_0002"}}),
            LATER,
        ),
        ("SUBSCRIPTION bare", json!({"intent": "SUBSCRIPTION"}), BAD),
        (
            "SIP_SETUP",
            json!({"intent": "SIP_SETUP", "orderConfig": {"iscid": ISCID}}),
            needs_user,
        ),
        (
            "IMR_SETUP",
            json!({"intent": "IMR_SETUP", "orderConfig": {"iscid": ISCID}}),
            needs_user,
        ),
        (
            "CANCEL_AMO",
            json!({"intent": "CANCEL_AMO", "orderConfig": {"iscid": ISCID}}),
            needs_user,
        ),
        ("FETCH_FUNDS", json!({"intent": "FETCH_FUNDS"}), needs_user),
        (
            "AUTHORISE_HOLDINGS",
            json!({"intent": "AUTHORISE_HOLDINGS"}),
            needs_user,
        ),
    ];
    check(&partner, &partner.guest(), guest_cases);
    let token = partner.connected(&partner.connect("kite", "DEMO01"));
    let mut cases = vec![
        ("RECONCILIATION", smallcase("RECONCILIATION", json!({})), LATER),
        ("REPAIR", smallcase("REPAIR", json!({"iscid": ISCID})), LATER),
        ("no investment named", smallcase("INVESTMORE", json!({})), BAD),
        ("CONNECT", json!({"intent": "CONNECT"}), GOOD),
        ("FETCH_FUNDS", json!({"intent": "FETCH_FUNDS"}), GOOD),
        (
            "AUTHORISE_HOLDINGS",
            json!({"intent": "AUTHORISE_HOLDINGS"}),
            GOOD,
        ),
        ("HOLDINGS_IMPORT", json!({"intent": "HOLDINGS_IMPORT"}), GOOD),
    ];
    for kind in [
        "INVESTMORE",
        "SIP",
        "FIX",
        "REBALANCE",
        "MANAGE",
        "EXIT",
        "PARTIALEXIT",
    ] {
        cases.push((kind, smallcase(kind, json!({"iscid": ISCID})), LATER));
        cases.push((kind, smallcase(kind, json!({"iscid": "60C72B2F"})), BAD));
    }
    for intent in ["SIP_SETUP", "IMR_SETUP", "CANCEL_AMO"] {
        cases.push((
            intent,
            json!({"intent": intent, "orderConfig": {"iscid": ISCID}}),
            LATER,
        ));
        cases.push((
            intent,
            json!({"intent": intent, "orderConfig": {"iscid": 7}}),
            BAD,
        ));
        cases.push((intent, json!({"intent": intent, "orderConfig": {}}), BAD));
        cases.push((intent, json!({"intent": intent}), BAD));
    }
    check(&partner, &token, cases);
}

#[test]
fn bodies_that_are_no_json_object_are_refused() {
    let (_torana, partner) = Torana::with_partner(Options::new(Engine::Sqlite));
    let guest = partner.guest();
    let send = |body: &[u8], content_type: &str| {
        let mut headers = partner.credentials(&guest);
        headers.push(("content-type", content_type));
        partner.send("POST", &partner.creation(), &headers, body)
    };
    let deep = [b"{\"intent\":\"CONNECT\",\"x\":".to_vec(), vec![b'['; 100_000]].concat();
    let bodies: [&[u8]; 12] = [
        b"",
        b" ",
        b"null",
        b"[]",
        b"\"CONNECT\"",
        b"1",
        b"{",
        b"{\"intent\":}",
        b"{\"intent\":\"CONNECT\"} x",
        b"{\"intent\":\"CON\xff\"}",
        b"{'intent':'CONNECT'}",
        &deep,
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        let answer = send(body, "application/json");
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (400, "malformed_json"),
            "{shown}"
        );
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        assert_eq!(
            send(b"{\"intent\":\"CONNECT\"}", content_type).status,
            200,
            "{content_type:?}"
        );
    }
}

#[test]
fn a_body_may_have_256_kib_and_not_a_byte_more() {
    let (_torana, partner) = Torana::with_partner(Options::new(Engine::Sqlite));
    let guest = partner.guest();
    let padded = |length: usize| {
        let mut body = br#"{"intent":"CONNECT"}"#.to_vec();
        body.resize(length, b' ');
        partner.send("POST", &partner.creation(), &partner.credentials(&guest), &body)
    };
    assert_eq!(padded(256 * 1024).status, 200);
    padded(256 * 1024 + 1).refused(413, "payload_too_large");
}

#[test]
fn ids_and_expiry_have_their_form() {
    let (_torana, partner) = Torana::with_partner(Options::new(Engine::Sqlite));
    partner.start_world_at("2026-01-05T04:30:00.000Z", true);
    let guest = partner.guest();
    let first = partner.create(&guest, &json!({"intent": "CONNECT"})).data();
    let second = partner.create(&guest, &basket(&[("INFY", 1)])).data();
    for data in [&first, &second] {
        let id = data["transactionId"].as_str().unwrap();
        let hex = id.strip_prefix("TRX_").expect("TRX_");
        assert!(
            hex.len() == 32
                && hex
                    .bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)),
            "{id}"
        );
    }
    assert_ne!(first["transactionId"], second["transactionId"]);
    assert_eq!(
        first["expireAt"], "2026-01-05T04:35:00.000Z",
        "five minutes, world time"
    );
    assert_eq!(
        second["expireAt"], "2026-01-05T04:45:00.000Z",
        "fifteen minutes for orders"
    );
}
