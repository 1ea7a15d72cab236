//! The orders route, open quantities, limit orders, and accounts that behave badly.

use serde_json::{Value, json};
use torana_testkit::flow::{self, Plan};
use torana_testkit::partner::basket;
use torana_testkit::{Engine, Options, Partner, Sdk, Torana, walk};

on_both_engines!(
    open_quantities_and_sides_are_entered_on_the_review_page,
    accounts_behave_as_documented
);

fn batch_of(data: &Value) -> Value {
    data["transactionDetails"]["success"]["data"]["batches"][0].clone()
}

fn order(partner: &Partner, account: &str, body: &Value, more: &Value) -> (String, Value) {
    let guest = partner.guest();
    let id = partner.transaction(&guest, body);
    let mut decision = json!({"decision": "approve", "broker": "kite", "account": account});
    decision
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let data = partner.complete(&guest, &id, &decision).data();
    (id, data)
}

fn open_quantities_and_sides_are_entered_on_the_review_page(engine: Engine) {
    let (_torana, partner) = Torana::with_partner(Options::new(engine));
    partner.open_market();
    let guest = partner.guest();
    let open = json!({"intent": "TRANSACTION", "orderConfig": {"type": "SECURITIES", "securities": [{"ticker": "INFY"}, {"ticker": "ITC"}]}});
    let id = partner.transaction(&guest, &open);
    let sdk = Sdk::initialised(&partner.base, "acme", &guest);
    let mut browser = flow::open(&sdk, &id, &json!({}));
    let plan = Plan::approve("kite", "DEMO01");
    let _ = walk(&mut browser, &plan.clone().until("review"));
    let page = browser.press("action", "confirm", &[]);
    assert_eq!(
        page.step, "review",
        "nothing is placed without quantities: {}",
        page.text
    );
    let page = browser.press(
        "action",
        "confirm",
        &[
            ("line.0.type", "BUY"),
            ("line.0.quantity", "1.5"),
            ("line.1.type", "BUY"),
            ("line.1.quantity", "0"),
        ],
    );
    assert_eq!(page.step, "review", "{}", page.text);
    assert_eq!(partner.raw_status(&id), "USED");
    let typed = [
        ("line.0.type", "BUY"),
        ("line.0.quantity", "2"),
        ("line.1.type", "SELL"),
        ("line.1.quantity", "4"),
    ];
    browser.press("action", "confirm", &typed);
    let _ = walk(&mut browser, &plan.typing(&typed));
    let batch = batch_of(&partner.wait_for_status(&id, "COMPLETED"));
    let lines: Vec<(&str, &str, i64)> = batch["orders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| {
            (
                o["tradingsymbol"].as_str().unwrap(),
                o["transactionType"].as_str().unwrap(),
                o["quantity"].as_i64().unwrap(),
            )
        })
        .collect();
    assert!(
        lines.contains(&("INFY", "BUY", 2)) && lines.contains(&("ITC", "SELL", 4)),
        "{lines:?}"
    );
    // The same by the control API, and what is missing there.
    let (_, data) = order(
        &partner,
        "DEMO01",
        &open,
        &json!({"edits": [{"ticker": "INFY", "type": "BUY", "quantity": 1}, {"ticker": "ITC", "type": "BUY", "quantity": 1}]}),
    );
    assert_eq!(data["settlement"]["outcome"], "resolve", "{data}");
    let id = partner.transaction(&guest, &open);
    let body = json!({"decision": "approve", "broker": "kite", "account": "DEMO01", "edits": [{"ticker": "INFY", "type": "BUY", "quantity": 1}]});
    let _ = partner
        .complete(&guest, &id, &body)
        .refused(422, "edits_incomplete");
}

fn accounts_behave_as_documented(engine: Engine) {
    let (_torana, partner, receiver) = Torana::with_receiver(Options::new(engine));
    partner.open_market();
    // No money: the check says so; going on anyway is refused by the broker, and the partner sees why.
    let (id, data) = order(&partner, "LOWFUNDS01", &basket(&[("INFY", 3)]), &json!({}));
    assert_eq!(data["settlement"]["code"], 1012, "{data}");
    assert_eq!(partner.raw_status(&id), "CANCELLED");
    let (id, _) = order(
        &partner,
        "LOWFUNDS01",
        &basket(&[("INFY", 3)]),
        &json!({"proceedIfShort": true}),
    );
    let batch = batch_of(&partner.wait_for_status(&id, "COMPLETED"));
    assert_eq!(
        (&batch["status"], &batch["filled"]),
        (&json!("UNPLACED"), &json!(0)),
        "{batch}"
    );
    assert_eq!(batch["unplaced"][0]["errorCode"], "marginsExceeded", "{batch}");
    assert!(batch["unplaced"][0]["statusMessage"].is_string(), "{batch}");
    let completed = receiver.wait_for_event("order.completed", &id);
    assert_eq!(
        (&completed.json()["status"], &completed.json()["sequence"]),
        (&json!("UNPLACED"), &json!(1))
    );
    // Accepted, then rejected.
    let (id, _) = order(&partner, "ORDERFAIL01", &basket(&[("INFY", 3)]), &json!({}));
    let batch = batch_of(&partner.wait_for_status(&id, "COMPLETED"));
    let all = [
        batch["orders"].as_array().unwrap().clone(),
        batch["unplaced"].as_array().unwrap().clone(),
    ]
    .concat();
    assert_eq!(
        (all.len(), &all[0]["status"], &all[0]["filledQuantity"]),
        (1, &json!("REJECTED"), &json!(0)),
        "{batch}"
    );
    let _ = receiver.wait_for_event("order.placed", &id);
    let _ = receiver.wait_for_event("order.completed", &id);
    // Nothing to sell.
    let mut sell = basket(&[("INFY", 3)]);
    sell["orderConfig"]["securities"][0]["type"] = json!("SELL");
    let (id, data) = order(&partner, "EMPTY01", &sell, &json!({}));
    assert_eq!(
        (&data["settlement"]["code"], &data["settlement"]["message"]),
        (&json!(1004), &json!("insufficient_holdings")),
        "{data}"
    );
    assert_eq!(partner.raw_status(&id), "ERRORED");
    // A minute late, and half.
    let (slow, data) = order(&partner, "SLOW01", &basket(&[("INFY", 3)]), &json!({}));
    assert_eq!(data["status"], "PROCESSING", "{data}");
    let (partial, _) = order(&partner, "PARTIAL01", &basket(&[("INFY", 4)]), &json!({}));
    let _ = partner.clock(&json!({"advance": "PT2M"})).data();
    assert_eq!(
        batch_of(&partner.wait_for_status(&slow, "COMPLETED"))["status"],
        "COMPLETED"
    );
    assert_eq!(partner.raw_status(&partial), "PROCESSING");
    let _ = partner.clock(&json!({"set": "2026-01-05T12:00:00.000Z"})).data();
    let batch = batch_of(&partner.wait_for_status(&partial, "COMPLETED"));
    assert_eq!(
        (&batch["status"], &batch["filled"]),
        (&json!("PARTIALLYFILLED"), &json!(0)),
        "{batch}"
    );
    assert_eq!(
        (
            &batch["orders"][0]["filledQuantity"],
            &batch["orders"][0]["quantity"]
        ),
        (&json!(2), &json!(4)),
        "{batch}"
    );
}

#[test]
fn the_orders_route_follows_its_rules() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let (guest, user) = (partner.guest(), partner.connect("kite", "DEMO01"));
    let (token, stranger) = (
        partner.connected(&user),
        partner.connected(&partner.connect("kite", "DEMO02")),
    );
    let path = |query: &str| partner.engine(&format!("user/orders{query}"));
    let _ = partner.get(&path(""), &guest).refused(400, "validation_failed");
    let ids: Vec<String> = (0..51).map(|n| format!("TRX_{n:032x}")).collect();
    let _ = partner
        .get(&path(&format!("?transactionId={}", ids.join(","))), &token)
        .refused(400, "validation_failed");
    for query in ["?count=0", "?count=101", "?count=x", "?offset=-1"] {
        let _ = partner
            .get(&path(query), &token)
            .refused(400, "validation_failed");
    }
    assert_eq!(partner.get(&path(""), &token).data()["orderBatches"], json!([]));
    assert_eq!(
        partner.get(&path("?transactionId=nonsense"), &guest).data()["orderBatches"],
        json!([])
    );
    let (first, _) = order(&partner, "DEMO01", &basket(&[("INFY", 1)]), &json!({}));
    let (second, _) = order(&partner, "DEMO01", &basket(&[("ITC", 1)]), &json!({}));
    for id in [&first, &second] {
        let _ = partner.wait_for_status(id, "COMPLETED");
    }
    let found = |query: &str, token: &str| -> Vec<String> {
        let data = partner.get(&path(query), token).data();
        data["orderBatches"]
            .as_array()
            .unwrap()
            .iter()
            .map(|b| b["transactionId"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(found("", &token), [second.clone(), first.clone()], "newest first");
    assert_eq!(found("?count=1&offset=1", &token), [first.clone()]);
    assert_eq!(found(&format!("?transactionId={first}"), &guest), [first.clone()]);
    assert_eq!(
        found(&format!("?transactionId={first}"), &stranger),
        Vec::<String>::new()
    );
    let batch = partner
        .get(&path(&format!("?transactionId={first}")), &guest)
        .data()["orderBatches"][0]["batchId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        found(&format!("?batchId={batch}&transactionId={second}"), &guest).len(),
        2
    );
    let (open, _) = order(&partner, "SLOW01", &basket(&[("INFY", 1)]), &json!({}));
    assert_eq!(
        found(&format!("?transactionId={open}"), &guest),
        Vec::<String>::new()
    );
    assert_eq!(
        found(&format!("?transactionId={open}&includeOpen=true"), &guest),
        [open.clone()]
    );
}

#[test]
fn a_limit_order_waits_at_its_price() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let (id, _) = order(&partner, "DEMO01", &basket(&[("INFY", 1)]), &json!({}));
    let price = batch_of(&partner.wait_for_status(&id, "COMPLETED"))["orders"][0]["averagePrice"]
        .as_f64()
        .unwrap();
    // Well below the market, inside the day's band, on every tick size.
    let low = (price * 0.95).floor();
    let line = json!({"ticker": "INFY", "quantity": 1, "type": "BUY", "orderType": "LIMIT", "price": low});
    let limit = json!({"intent": "TRANSACTION", "orderConfig": {"type": "SECURITIES", "securities": [line]}});
    let (id, data) = order(&partner, "DEMO01", &limit, &json!({}));
    assert_eq!(data["status"], "PROCESSING", "{data}");
    let orders = partner.get(
        &partner.engine(&format!("user/orders?transactionId={id}&includeOpen=true")),
        &partner.guest(),
    );
    let batch = orders.data()["orderBatches"][0].clone();
    let first = &batch["orders"][0];
    assert_eq!(
        (&batch["status"], &first["status"], &first["orderType"]),
        (&json!("PLACED"), &json!("OPEN"), &json!("LIMIT")),
        "{batch}"
    );
    assert!((first["price"].as_f64().unwrap() - low).abs() < 0.001, "{batch}");
    let _ = partner.clock(&json!({"set": "2026-01-05T12:00:00.000Z"})).data();
    let batch = batch_of(&partner.wait_for_status(&id, "COMPLETED"));
    let first = &batch["orders"][0];
    if first["filledQuantity"] == 0 {
        assert_eq!(
            (&batch["status"], &first["status"], &first["errorCode"]),
            (&json!("UNFILLED"), &json!("CANCELLED"), &json!("orderUnmatched")),
            "{batch}"
        );
    }
}

#[test]
fn limits_of_the_gateway_are_checked_at_confirmation() {
    // The setting, a basket that it forbids and one that it allows, and how page and control API say it.
    let cases = [
        (
            "orderValueMax=1000",
            vec![("ITC", 1), ("INFY", 1)],
            vec![("ITC", 1), ("ITCHOTELS", 1)],
            "A single order may be worth at most",
            "INFY: order_value 1000",
        ),
        (
            "basketValueMax=1000",
            vec![("ITC", 2), ("ITCHOTELS", 2)],
            vec![("ITC", 1)],
            "The basket may be worth at most",
            "basket: basket_value 1000",
        ),
        (
            "legsMax=1",
            vec![("ITC", 1), ("INFY", 1)],
            vec![("INFY", 1)],
            "A basket may hold at most 1 orders",
            "basket: legs 1",
        ),
    ];
    let mut torana = Torana::prepare(Options::default());
    let names = ["order-value", "basket-value", "legs"];
    let keys: Vec<_> = std::iter::zip(names, &cases)
        .map(|(name, case)| torana.create_gateway(name, &["--set", case.0]))
        .collect();
    torana.run();
    for (keys, (setting, forbidden, allowed, on_the_page, in_the_answer)) in std::iter::zip(&keys, cases) {
        let partner = torana.partner(keys);
        partner.open_market();
        let guest = partner.guest();
        let sdk = Sdk::initialised(&partner.base, &keys.name, &guest);
        let id = partner.transaction(&guest, &basket(&forbidden));
        let mut browser = flow::open(&sdk, &id, &json!({}));
        let _ = walk(&mut browser, &Plan::approve("kite", "DEMO01").until("review"));
        let page = browser.press("action", "confirm", &[]);
        assert_eq!(page.step, "review", "{setting}");
        assert!(page.text.contains(on_the_page), "{setting}: {}", page.text);
        assert_eq!(partner.raw_status(&id), "USED", "{setting}");

        let approve = json!({"decision": "approve", "broker": "kite", "account": "DEMO01"});
        let id = partner.transaction(&guest, &basket(&forbidden));
        let answer = partner.complete(&guest, &id, &approve);
        let _ = answer.refused(422, "edits_incomplete");
        assert!(answer.text.contains(in_the_answer), "{setting}: {}", answer.text);

        let id = partner.transaction(&guest, &basket(&allowed));
        let data = partner.complete(&guest, &id, &approve).data();
        assert_eq!(data["status"], "COMPLETED", "{setting}: {data}");
    }
}
