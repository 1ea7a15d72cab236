//! Market hours in world time: status, orders while it is closed, after-market orders.

use serde_json::json;
use torana_testkit::flow::{self, Plan};
use torana_testkit::partner::{MARKET_CLOSED, MARKET_OPEN, basket};
use torana_testkit::{Engine, Options, Sdk, Torana, walk};

on_both_engines!(a_closed_market_ends_the_flow_or_takes_after_market_orders);

#[test]
fn the_status_follows_the_calendar() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.start_world_at(MARKET_OPEN, true);
    let guest = partner.guest();
    let status = |query: &str| partner.get(&partner.engine(&format!("market/status{query}")), &guest);
    let open = status("").data();
    let expected = json!({
        "exchange": "NSE", "marketOpen": true, "serverTime": MARKET_OPEN, "nextClose": "2026-01-05T10:00:00.000Z",
        "nextOpen": "2026-01-06T03:45:00.000Z", "provisional": false,
    });
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(&open[member], value, "{member} in {open}");
    }
    assert_eq!(status("?broker=kite").data()["broker"], "kite");
    status("?broker=nobody").refused(400, "validation_failed");
    let _ = partner.clock(&json!({"set": MARKET_CLOSED})).data();
    let closed = status("?broker=kite").data();
    assert_eq!(
        (&closed["marketOpen"], &closed["amoOpen"]),
        (&json!(false), &json!(true)),
        "{closed}"
    );
    assert_eq!(closed["nextOpen"], "2026-01-06T03:45:00.000Z");
    // Saturday, and Republic Day.
    for instant in ["2026-01-10T05:00:00.000Z", "2026-01-26T05:00:00.000Z"] {
        let _ = partner.clock(&json!({"set": instant})).data();
        assert_eq!(status("").data()["marketOpen"], false, "{instant}");
    }
}

fn a_closed_market_ends_the_flow_or_takes_after_market_orders(engine: Engine) {
    let (_torana, partner, receiver) = Torana::with_receiver(Options::new(engine));
    partner.start_world_at(MARKET_CLOSED, true);
    let guest = partner.guest();
    let approve =
        |amo: bool| json!({"decision": "approve", "broker": "kite", "account": "DEMO01", "amo": amo});
    let id = partner.transaction(&guest, &basket(&[("INFY", 1)]));
    let data = partner.complete(&guest, &id, &approve(false)).data();
    let settlement = &data["settlement"];
    assert_eq!(
        (&settlement["code"], &settlement["message"]),
        (&json!(4004), &json!("market_closed")),
        "{data}"
    );
    assert_eq!(partner.raw_status(&id), "ERRORED");
    let id = partner.transaction(&guest, &basket(&[("INFY", 1)]));
    let data = partner.complete(&guest, &id, &approve(true)).data();
    assert_eq!(data["status"], "PROCESSING", "{data}");
    let orders = partner
        .get(
            &partner.engine(&format!("user/orders?transactionId={id}&includeOpen=true")),
            &guest,
        )
        .data();
    assert_eq!(
        (
            &orders["orderBatches"][0]["variety"],
            &orders["orderBatches"][0]["status"]
        ),
        (&json!("amo"), &json!("PLACED"))
    );
    let _ = partner.clock(&json!({"advance": "PT1H"})).data();
    assert_eq!(
        partner.raw_status(&id),
        "PROCESSING",
        "expiry does not touch what was handed over"
    );
    let _ = partner.clock(&json!({"set": "2026-01-06T05:00:00.000Z"})).data();
    let data = partner.wait_for_status(&id, "COMPLETED");
    assert_eq!(
        data["transactionDetails"]["success"]["data"]["batches"][0]["status"], "COMPLETED",
        "{data}"
    );
    receiver.wait_for_event("order.placed", &id).verify(&partner.keys);
    receiver
        .wait_for_event("order.completed", &id)
        .verify(&partner.keys);
}

#[test]
fn the_pages_offer_after_market_orders_only_where_the_partner_asked() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.start_world_at(MARKET_CLOSED, true);
    let guest = partner.guest();
    let sdk = Sdk::initialised(&partner.base, "acme", &guest);
    let plan = Plan {
        takes_amo: true,
        ..Plan::approve("kite", "DEMO01")
    };
    let id = partner.transaction(&guest, &basket(&[("INFY", 1)]));
    let mut browser = flow::open(&sdk, &id, &json!({"amo": true}));
    let steps = walk(&mut browser, &plan);
    assert!(steps.contains(&"market".to_owned()), "{steps:?}");
    assert_eq!(partner.raw_status(&id), "PROCESSING");
    let id = partner.transaction(&guest, &basket(&[("INFY", 1)]));
    let mut browser = flow::open(&sdk, &id, &json!({"amo": false}));
    let _ = walk(&mut browser, &plan);
    assert_eq!(browser.page().step, "done", "{}", browser.page().text);
    browser.close();
    assert_eq!(sdk.settle(&id)["code"], 4004);
}
