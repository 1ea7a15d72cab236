//! Expiry, in world time: what it ends, what it is called, what it does not touch.

use serde_json::json;
use torana_testkit::flow::{self, Plan};
use torana_testkit::partner::{MARKET_OPEN, basket};
use torana_testkit::{Engine, Options, Sdk, Torana, walk};

on_both_engines!(
    an_untouched_transaction_expires_at_its_instant,
    after_the_login_expiry_has_its_own_code
);

fn an_untouched_transaction_expires_at_its_instant(engine: Engine) {
    let (_torana, partner) = Torana::with_partner(Options::new(engine));
    partner.start_world_at(MARKET_OPEN, true);
    let guest = partner.guest();
    let connect = partner.transaction(&guest, &json!({"intent": "CONNECT"}));
    let order = partner.transaction(&guest, &basket(&[("INFY", 1)]));
    let _ = partner.clock(&json!({"advance": "PT4M59S"})).data();
    assert_eq!(partner.raw_status(&connect), "INITIALIZED");
    let _ = partner.clock(&json!({"advance": "PT2S"})).data();
    let data = partner.details(&guest, &connect).data();
    let nested = &data["transactionDetails"];
    assert_eq!(
        (&nested["status"], &nested["rawStatus"]),
        (&json!("ERRORED"), &json!("EXPIRED")),
        "{data}"
    );
    assert_eq!(
        nested["error"],
        json!({"code": 3001, "message": "transaction_expired"})
    );
    assert_eq!(
        (&nested["expired"], &data["status"]),
        (&json!(true), &json!("ERRORED"))
    );
    assert_eq!(data["error"], nested["error"]);
    assert_eq!(
        partner.raw_status(&order),
        "INITIALIZED",
        "orders have fifteen minutes"
    );
    let body = json!({"decision": "approve", "broker": "kite", "account": "DEMO01"});
    let _ = partner
        .complete(&guest, &connect, &body)
        .refused(409, "transaction_expired");
    let mut sdk = Sdk::new(&partner.base, "acme");
    let _ = sdk.init(&guest).data();
    let refused = sdk.start(&connect, &json!({}));
    refused.refused(409, "transaction_expired");
    assert_eq!(
        refused.json()["sdk"],
        json!({"code": 3001, "message": "transaction_expired"})
    );
    let _ = partner.clock(&json!({"advance": 600_000})).data();
    assert_eq!(partner.raw_status(&order), "EXPIRED");
}

fn after_the_login_expiry_has_its_own_code(engine: Engine) {
    let (_torana, partner) = Torana::with_partner(Options::new(engine));
    partner.start_world_at(MARKET_OPEN, true);
    let guest = partner.guest();
    let id = partner.transaction(&guest, &basket(&[("INFY", 1)]));
    let sdk = Sdk::initialised(&partner.base, "acme", &guest);
    let mut browser = flow::open(&sdk, &id, &json!({}));
    let _ = walk(&mut browser, &Plan::approve("kite", "DEMO01").until("review"));
    assert_eq!(partner.raw_status(&id), "USED");
    let _ = partner.clock(&json!({"advance": "PT15M1S"})).data();
    let data = partner.details(&guest, &id).data();
    assert_eq!(data["transactionDetails"]["rawStatus"], "EXPIRED");
    assert_eq!(
        data["error"],
        json!({"code": 1005, "message": "transaction_expired"})
    );
    assert!(
        data["smallcaseAuthId"].is_string(),
        "expiry does not erase a verified identity: {data}"
    );
    // The page that is still on the screen places nothing any more.
    let page = browser.press("action", "confirm", &[]);
    assert!(
        page.step == "error" || page.step == "done",
        "{}: {}",
        page.path,
        page.text
    );
    assert_eq!(partner.raw_status(&id), "EXPIRED");
    browser.close();
    let settlement = sdk.settle(&id);
    assert_eq!(
        (&settlement["outcome"], &settlement["code"]),
        (&json!("reject"), &json!(1005)),
        "{settlement}"
    );
}

#[test]
fn in_a_frozen_world_nothing_expires_and_the_sdk_is_told() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.start_world_at(MARKET_OPEN, true);
    let guest = partner.guest();
    let id = partner.transaction(&guest, &json!({"intent": "CONNECT"}));
    let sdk = Sdk::initialised(&partner.base, "acme", &guest);
    let _ = sdk.start(&id, &json!({})).data();
    assert_eq!(sdk.state(&id).data()["expiresInMs"], json!(null));
    let _ = partner.clock(&json!({"rate": 1})).data();
    let left = sdk.state(&id).data()["expiresInMs"]
        .as_i64()
        .expect("milliseconds while the clock runs");
    assert!((1..=300_000).contains(&left), "{left}");
    let _ = partner.clock(&json!({"rate": 60})).data();
    let left = sdk.state(&id).data()["expiresInMs"]
        .as_i64()
        .expect("milliseconds");
    assert!(
        (1..=5_000).contains(&left),
        "wall milliseconds at rate 60: {left}"
    );
}

#[test]
fn extended_statuses_show_the_real_one() {
    let (_torana, partner) =
        Torana::with_partner_and(Options::default(), &["--set", "extendedStatuses=true"]);
    partner.open_market();
    let guest = partner.guest();
    let id = partner.transaction(&guest, &json!({"intent": "CONNECT"}));
    let _ = partner
        .complete(&guest, &id, &json!({"decision": "expire"}))
        .data();
    let data = partner.details(&guest, &id).data();
    assert_eq!(
        (&data["status"], &data["transactionDetails"]["rawStatus"]),
        (&json!("EXPIRED"), &json!("EXPIRED"))
    );
}

#[test]
fn the_clock_refuses_what_it_cannot_do() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.start_world_at(MARKET_OPEN, true);
    let _ = partner
        .clock(&json!({"set": "2026-01-05T04:00:00.000Z"}))
        .refused(409, "clock_backwards");
    let _ = partner
        .clock(&json!({"advance": "P500D"}))
        .refused(422, "clock_jump_too_large");
    for body in [
        json!({}),
        json!({"set": "tomorrow"}),
        json!({"rate": 100_001}),
        json!({"freeze": true, "follow": true}),
        json!({"rate": "fast"}),
    ] {
        let _ = partner.clock(&body).refused(400, "validation_failed");
    }
    let read = partner.get_as_gateway(&partner.sandbox("clock")).data();
    assert_eq!(
        (&read["worldTime"], &read["mode"], &read["rate"]),
        (&json!(MARKET_OPEN), &json!("frozen"), &json!(0))
    );
    assert_eq!(read.get("ran"), None);
    let moved = partner.clock(&json!({"advance": "PT1H"})).data();
    assert_eq!(moved["worldTime"], "2026-01-05T05:30:00.000Z");
    assert!(moved["ran"]["jobs"].is_u64(), "{moved}");
}
