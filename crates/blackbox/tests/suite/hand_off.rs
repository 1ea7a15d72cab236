//! Orders that the user confirms on Zerodha's own page: nothing is sent by us, the book says what became of them.

use serde_json::{Value, json};
use torana_testkit::flow::{self, Plan};
use torana_testkit::partner::basket;
use torana_testkit::{Options, Partner, Sdk, Torana, walk};

const MONDAY_MORNING: &str = "2026-01-05T04:30:00.000Z";
const MONDAY_EVENING: &str = "2026-01-05T10:30:00.000Z";

fn started() -> (Torana, Partner) {
    let options = Options::default().set("brokers.kite.mode", "\"hand-off\"");
    let (torana, partner) = Torana::with_partner(options);
    partner.start_world_at(MONDAY_MORNING, true);
    (torana, partner)
}

fn batch(partner: &Partner, id: &str) -> Value {
    let details = partner.details(&partner.guest(), id).data();
    details["transactionDetails"]["success"]["data"]["batches"][0].clone()
}

/// `rawStatus` and evidence of each order.
fn orders(batch: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let orders = batch["orders"].as_array().into_iter().flatten();
    orders
        .map(|order| (text(&order["rawStatus"]), text(&order["evidence"])))
        .collect()
}

fn pair(status: &str, evidence: &str) -> (String, String) {
    (status.to_owned(), evidence.to_owned())
}

#[test]
fn the_control_api_confirms_them_as_a_user_does() {
    let (_torana, partner) = started();
    let guest = partner.guest();
    let id = partner.transaction(&guest, &basket(&[("INFY", 3), ("ITC", 2)]));
    let walk = json!({"decision": "approve", "broker": "kite", "account": "DEMO01"});
    let data = partner.complete(&guest, &id, &walk).data();
    assert_eq!(data["settlement"]["outcome"], "resolve", "{data}");
    let batch = batch(&partner, &id);
    assert_eq!(
        orders(&batch),
        [pair("COMPLETE", "order_book"), pair("COMPLETE", "order_book")],
        "{batch}"
    );
    // The broker's other accounts are reached directly, whatever the mode of Zerodha.
    let id = partner.transaction(&guest, &basket(&[("INFY", 1)]));
    let walk = json!({"decision": "approve", "broker": "upstox", "account": "DEMO01"});
    let data = partner.complete(&guest, &id, &walk).data();
    assert_eq!(data["settlement"]["outcome"], "resolve", "{data}");
}

#[test]
fn a_browser_carries_them_there_and_comes_back() {
    let (_torana, partner) = started();
    let guest = partner.guest();
    let id = partner.transaction(&guest, &basket(&[("INFY", 3)]));
    let sdk = Sdk::initialised(&partner.base, "acme", &guest);
    let (browser, settlement) = flow::run(&sdk, &id, &Plan::approve("kite", "DEMO01"));
    assert_eq!(settlement["outcome"], "resolve", "{settlement}");
    assert_eq!(orders(&batch(&partner, &id)), [pair("COMPLETE", "order_book")]);
    // The orders travel in a form that leaves no trace in an address.
    assert!(
        browser
            .visited
            .iter()
            .any(|path| path.ends_with("/connect/basket"))
    );
    assert!(
        !browser.visited.iter().any(|path| path.contains("INFY")),
        "{:?}",
        browser.visited
    );
}

#[test]
fn orders_that_the_user_leaves_are_no_refusal_until_the_book_is_closed() {
    let (_torana, partner) = started();
    let guest = partner.guest();
    let id = partner.transaction(&guest, &basket(&[("INFY", 3)]));
    let sdk = Sdk::initialised(&partner.base, "acme", &guest);
    let mut browser = flow::open(&sdk, &id, &json!({}));
    let plan = Plan::approve("kite", "DEMO01");
    let _ = walk(&mut browser, &plan.clone().until("hand-off"));
    assert_eq!(
        partner.raw_status(&id),
        "PROCESSING",
        "committed before the browser leaves"
    );
    assert_eq!(orders(&batch(&partner, &id)), [pair("UNKNOWN", "none")]);
    browser.press("", "", &[]);
    assert_eq!(browser.page().step, "kite");
    let page = browser.press("action", "cancel", &[]);
    assert_eq!(
        (page.answer.status, page.step.as_str()),
        (200, "hand-off"),
        "{}",
        page.text
    );
    assert_eq!(orders(&batch(&partner, &id)), [pair("UNKNOWN", "none")]);
    // The user may change his mind.
    let _ = walk(&mut browser, &plan);
    let _ = partner.wait_for_status(&id, "COMPLETED");
    assert_eq!(orders(&batch(&partner, &id)), [pair("COMPLETE", "order_book")]);

    let left = partner.transaction(&guest, &basket(&[("ITC", 3)]));
    let mut browser = flow::open(&sdk, &left, &json!({}));
    let _ = walk(&mut browser, &Plan::approve("kite", "DEMO01").until("hand-off"));
    let clock = json!({"set": MONDAY_EVENING});
    let _ = partner.post_as_gateway(&partner.sandbox("clock"), &clock).data();
    let batch = batch(&partner, &left);
    assert_eq!(batch["unplaced"][0]["evidence"], "closed_book", "{batch}");
    assert_eq!(partner.raw_status(&left), "COMPLETED");
}

#[test]
fn orders_that_are_confirmed_in_another_account_prove_nothing_about_this_one() {
    let (_torana, partner) = started();
    let guest = partner.guest();
    let id = partner.transaction(&guest, &basket(&[("INFY", 3)]));
    let sdk = Sdk::initialised(&partner.base, "acme", &guest);
    let mut browser = flow::open(&sdk, &id, &json!({}));
    let _ = walk(&mut browser, &Plan::approve("kite", "DEMO01").until("hand-off"));
    browser.press("", "", &[]);
    let page = browser.press("action", "confirm", &[("account", "DEMO02")]);
    assert!(page.text.contains("another account"), "{}", page.text);
    assert_eq!(orders(&batch(&partner, &id)), [pair("UNKNOWN", "none")]);
}
