//! A closed window: believed when no page shows presence, with the code of the step; and what can be done then.

use serde_json::{Value, json};
use torana_testkit::flow::{self, Plan};
use torana_testkit::partner::basket;
use torana_testkit::{Engine, Options, Sdk, Torana, wait_until_for, walk};

on_both_engines!(closing_at_each_step_rejects_with_the_code_of_that_step);

fn closing_at_each_step_rejects_with_the_code_of_that_step(engine: Engine) {
    let (_torana, partner) = Torana::with_partner(Options::new(engine));
    partner.open_market();
    let guest = partner.guest();
    let sdk = Sdk::initialised(&partner.base, "acme", &guest);
    let order = basket(&[("INFY", 1)]);
    let import = json!({"intent": "HOLDINGS_IMPORT"});
    let steps: [(&str, &Value, u16, &str); 6] = [
        ("brokers", &order, 1010, "INITIALIZED"),
        ("notice", &order, 1010, "INITIALIZED"),
        ("login", &order, 1011, "INITIALIZED"),
        ("review", &order, 1012, "USED"),
        ("consent", &import, 1012, "USED"),
        ("login", &import, 1011, "INITIALIZED"),
    ];
    // All windows are opened first, so that the waits run side by side.
    let open: Vec<_> = steps
        .iter()
        .map(|(step, body, code, status)| {
            let id = partner.transaction(&guest, body);
            let mut browser = flow::open(&sdk, &id, &json!({}));
            // A broker whose login page is ours.
            let _ = walk(&mut browser, &Plan::approve("upstox", "DEMO01").until(step));
            assert_eq!(&browser.page().step, step);
            browser.close();
            (id, *step, *code, *status)
        })
        .collect();
    for (id, ..) in &open {
        let _ = sdk.closed(id).data();
    }
    for (id, step, code, status) in &open {
        let settlement = wait_until_for(
            std::time::Duration::from_secs(10),
            &format!("the close at {step} to be believed"),
            || {
                let settlement = sdk.state(id).data()["settlement"].clone();
                (settlement["outcome"] != "pending").then_some(settlement)
            },
        );
        assert_eq!(
            (
                &settlement["outcome"],
                &settlement["code"],
                &settlement["message"]
            ),
            (&json!("reject"), &json!(code), &json!("user_cancelled")),
            "{step}"
        );
        assert_eq!(
            &partner.raw_status(id),
            status,
            "{step}: closing is no transition"
        );
        assert_eq!(
            settlement["result"].is_null(),
            *code != 1012,
            "identity goes along after the login: {settlement}"
        );
    }
    // The same SDK session opens the window again where it was, and finishes.
    let (id, ..) = &open[3];
    let mut browser = flow::open(&sdk, id, &json!({}));
    let steps = walk(&mut browser, &Plan::approve("kite", "DEMO01"));
    assert!(
        !steps.contains(&"brokers".to_owned()),
        "the flow goes on at its step: {steps:?}"
    );
    assert_eq!(sdk.settle(id)["outcome"], "resolve");
}

#[test]
fn the_cancel_button_ends_the_transaction_at_each_step() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let guest = partner.guest();
    let sdk = Sdk::initialised(&partner.base, "acme", &guest);
    for (step, code) in [
        ("brokers", 1010),
        ("notice", 1010),
        ("login", 1011),
        ("review", 1012),
    ] {
        let id = partner.transaction(&guest, &basket(&[("INFY", 1)]));
        let mut browser = flow::open(&sdk, &id, &json!({}));
        let _ = walk(&mut browser, &Plan::approve("kite", "DEMO01").until(step));
        browser.follow("/cancel");
        assert_eq!(browser.page().step, "cancel", "{step}");
        browser.press("action", "cancel", &[]);
        assert_eq!(browser.page().step, "done", "{step}: {}", browser.page().text);
        let settlement = sdk.settle(&id);
        assert_eq!(
            (&settlement["code"], &settlement["message"]),
            (&json!(code), &json!("user_cancelled")),
            "{step}"
        );
        let details = partner.details(&guest, &id).data();
        assert_eq!(details["transactionDetails"]["rawStatus"], "CANCELLED", "{step}");
        assert_eq!(
            (&details["status"], &details["error"]["code"]),
            (&json!("ERRORED"), &json!(code)),
            "{step}"
        );
    }
}

#[test]
fn a_close_after_the_hand_over_changes_nothing() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let guest = partner.guest();
    let sdk = Sdk::initialised(&partner.base, "acme", &guest);
    let id = partner.transaction(&guest, &basket(&[("INFY", 1)]));
    let mut browser = flow::open(&sdk, &id, &json!({}));
    let _ = walk(&mut browser, &Plan::approve("kite", "SLOW01").until("review"));
    browser.press("action", "confirm", &[]);
    assert!(
        sdk.state(&id).data()["handedOver"].as_bool().unwrap(),
        "handed over"
    );
    browser.close();
    let _ = sdk.closed(&id).data();
    let settlement = sdk.settle(&id);
    assert_eq!(
        settlement["outcome"], "resolve",
        "an accepted order resolves as it is: {settlement}"
    );
    assert_eq!(settlement["result"]["orderBatches"][0]["status"], "PLACED");
    assert_eq!(partner.raw_status(&id), "PROCESSING");
    let page = browser.open("/flow/x/cancel");
    assert_ne!(page.answer.status, 200, "there is nothing to cancel");
    let _ = partner.clock(&json!({"advance": "PT2M"})).data();
    let _ = partner.wait_for_status(&id, "COMPLETED");
}
