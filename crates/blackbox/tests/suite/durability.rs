//! What was acknowledged is there after `kill -9`, at any step, and the work goes on by itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use torana_testkit::flow::{self, Plan};
use torana_testkit::partner::{MARKET_OPEN, basket};
use torana_testkit::{Client, Engine, Options, Sdk, Torana, walk};

on_both_engines!(
    a_kill_between_any_two_steps_loses_nothing,
    a_kill_right_after_the_hand_over_still_ends_in_orders,
    no_acknowledged_creation_is_lost,
    deliveries_survive,
);

fn a_kill_between_any_two_steps_loses_nothing(engine: Engine) {
    let (mut torana, partner, receiver) = Torana::with_receiver(Options::new(engine));
    partner.open_market();
    let guest = partner.guest();
    let id = partner.transaction(&guest, &basket(&[("INFY", 2), ("ITC", 3)]));
    torana.crash_and_restart();
    assert_eq!(partner.raw_status(&id), "INITIALIZED");
    let sdk = Sdk::initialised(&partner.base, "acme", &guest);
    torana.crash_and_restart();
    let mut browser = flow::open(&sdk, &id, &json!({}));
    let plan = Plan::approve("kite", "DEMO01");
    // While the user is on the broker's own page, the server knows that this is the login.
    for (shown, step) in [
        ("brokers", "brokers"),
        ("notice", "notice"),
        ("kite", "login"),
        ("review", "review"),
    ] {
        let _ = walk(&mut browser, &plan.clone().until(shown));
        assert_eq!(browser.page().step, shown);
        torana.crash_and_restart();
        assert_eq!(
            sdk.state(&id).data()["step"],
            step,
            "the server knows where the user is"
        );
        browser.refresh();
        assert_eq!(browser.page().step, shown, "and so does the page");
    }
    let _ = walk(&mut browser, &plan);
    let data = partner.wait_for_status(&id, "COMPLETED");
    torana.crash_and_restart();
    let after = partner.details(&guest, &id).data();
    let batches = |data: &serde_json::Value| data["transactionDetails"]["success"]["data"].clone();
    assert_eq!(batches(&after), batches(&data));
    for event in ["order.placed", "order.completed"] {
        receiver.wait_for_event(event, &id).verify(&partner.keys);
    }
    assert_eq!(sdk.settle(&id)["outcome"], "resolve");
}

fn a_kill_right_after_the_hand_over_still_ends_in_orders(engine: Engine) {
    let (mut torana, partner, receiver) = Torana::with_receiver(Options::new(engine));
    partner.open_market();
    let guest = partner.guest();
    let sdk = Sdk::initialised(&partner.base, "acme", &guest);
    let id = partner.transaction(&guest, &basket(&[("INFY", 2), ("ITC", 3), ("RELIANCE", 1)]));
    let mut browser = flow::open(&sdk, &id, &json!({}));
    let _ = walk(&mut browser, &Plan::approve("kite", "DEMO01").until("review"));
    browser.press("action", "confirm", &[]);
    torana.crash_and_restart();
    let data = partner.final_state_after_a_crash(&id);
    let batch = &data["transactionDetails"]["success"]["data"]["batches"][0];
    let _ = receiver.wait_for_event("order.completed", &id);
    // Nothing was bought twice, and nothing that is shown as never placed was bought.
    let token = partner.connected(data["smallcaseAuthId"].as_str().unwrap());
    let import = partner.transaction(&token, &json!({"intent": "HOLDINGS_IMPORT", "version": "v2"}));
    let decision = json!({"decision": "approve", "broker": "kite", "account": "DEMO01"});
    let _ = partner.complete(&token, &import, &decision).data();
    let holdings = partner
        .get(&partner.engine("user/holdings?version=v2"), &token)
        .data();
    let orders = [
        batch["orders"].as_array().unwrap().clone(),
        batch["unplaced"].as_array().unwrap().clone(),
    ]
    .concat();
    assert_eq!(orders.len(), 3, "{batch}");
    for order in &orders {
        let ticker = order["tradingsymbol"].as_str().unwrap();
        let security = holdings["securities"]
            .as_array()
            .unwrap()
            .iter()
            .find(|s| s["nseTicker"] == ticker);
        let position = security.map_or(json!(0), |security| {
            security["positions"]["nse"]["quantity"].clone()
        });
        assert_eq!(position, order["filledQuantity"], "{order} and {security:?}");
        let is_done = order["status"] == "COMPLETE" && order["filledQuantity"] == order["quantity"];
        assert!(
            is_done || order["evidence"] == "closed_book" || order["evidence"] == "not_sent",
            "{order}"
        );
    }
}

fn no_acknowledged_creation_is_lost(engine: Engine) {
    let (mut torana, partner) = Torana::with_partner(Options::new(engine));
    let guest = partner.guest();
    let stop = AtomicBool::new(false);
    let acknowledged: Vec<String> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut ids = Vec::new();
                    let url = format!("{}{}", partner.base, partner.creation());
                    let headers = partner.credentials(&guest);
                    while !stop.load(Ordering::SeqCst) {
                        let answer =
                            Client::default().try_send("POST", &url, &headers, br#"{"intent":"CONNECT"}"#);
                        match answer {
                            Ok(answer) if answer.status == 200 => {
                                ids.push(answer.data()["transactionId"].as_str().unwrap().to_owned());
                            }
                            Ok(answer) => assert!(answer.status == 503, "{}", answer.text),
                            Err(_) => break,
                        }
                    }
                    ids
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(400));
        torana.kill9();
        stop.store(true, Ordering::SeqCst);
        writers
            .into_iter()
            .flat_map(|writer| writer.join().unwrap())
            .collect()
    });
    torana.run();
    assert!(!acknowledged.is_empty());
    for id in &acknowledged {
        assert_eq!(
            partner.details(&guest, id).status,
            200,
            "{id} of {} was acknowledged and is gone",
            acknowledged.len()
        );
    }
}

fn deliveries_survive(engine: Engine) {
    let (mut torana, partner, receiver) = Torana::with_receiver(Options::new(engine));
    receiver.answer(vec![
        torana_testkit::receiver::Reply::status(500),
        torana_testkit::receiver::Reply::status(200),
    ]);
    partner.start_world_at(MARKET_OPEN, true);
    let guest = partner.guest();
    let id = partner.transaction(&guest, &json!({"intent": "HOLDINGS_IMPORT"}));
    let _ = partner
        .complete(
            &guest,
            &id,
            &json!({"decision": "approve", "broker": "kite", "account": "DEMO01"}),
        )
        .data();
    let _ = receiver.wait_for(1);
    torana.crash_and_restart();
    let read = partner.get_as_gateway(&partner.sandbox("clock")).data();
    assert_eq!(
        (&read["mode"], &read["worldTime"]),
        (&json!("frozen"), &json!(MARKET_OPEN)),
        "the clock survives too"
    );
    let _ = partner.clock(&json!({"advance": "PT1M"})).data();
    let attempts = receiver.wait_for(2);
    assert_eq!(attempts[0].body, attempts[1].body);
}
