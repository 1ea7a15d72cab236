//! Delivery of webhooks: retries, both ladders, same bytes, egress rules.

use std::time::Duration;

use serde_json::{Value, json};
use torana_testkit::partner::MARKET_OPEN;
use torana_testkit::receiver::Reply;
use torana_testkit::{Engine, Options, Partner, Receiver, Torana, Webhook, wait_until};

on_both_engines!(a_failed_delivery_is_repeated_with_the_same_bytes);

/// One holdings import, whose event is one webhook.
fn import(partner: &Partner) -> String {
    let guest = partner.guest();
    let id = partner.transaction(&guest, &json!({"intent": "HOLDINGS_IMPORT", "version": "v2"}));
    let _ = partner
        .complete(
            &guest,
            &id,
            &json!({"decision": "approve", "broker": "kite", "account": "DEMO01"}),
        )
        .data();
    assert_eq!(partner.raw_status(&id), "COMPLETED");
    id
}

fn check_same_bytes(attempts: &[Webhook], partner: &Partner) {
    for attempt in attempts {
        attempt.verify(&partner.keys);
        assert_eq!(
            attempt.body, attempts[0].body,
            "each attempt sends the same bytes"
        );
        assert_eq!(attempt.header("webhook-id"), attempts[0].header("webhook-id"));
    }
}

fn a_failed_delivery_is_repeated_with_the_same_bytes(engine: Engine) {
    let (_torana, partner, receiver) = Torana::with_receiver(Options::new(engine));
    receiver.answer(vec![Reply::status(500), Reply::status(302), Reply::status(200)]);
    partner.start_world_at(MARKET_OPEN, true);
    let _ = import(&partner);
    let _ = receiver.wait_for(1);
    let _ = partner.clock(&json!({"advance": "PT7S"})).data();
    assert_eq!(receiver.wait_for(2).len(), 2, "after 5 s, ±20 %");
    let _ = partner.clock(&json!({"advance": "PT45S"})).data();
    assert_eq!(receiver.received().len(), 2, "not before 48 s");
    let _ = partner.clock(&json!({"advance": "PT28S"})).data();
    let attempts = receiver.wait_for(3);
    let _ = partner.clock(&json!({"advance": "P5D"})).data();
    assert_eq!(
        receiver.received().len(),
        3,
        "nothing more after a success, and a redirect is none"
    );
    check_same_bytes(&attempts, &partner);
}

#[test]
fn the_standard_ladder_has_eleven_attempts_at_its_instants() {
    let (_torana, partner, receiver) = Torana::with_receiver(Options::default());
    receiver.answer(vec![Reply::status(500)]);
    partner.start_world_at(MARKET_OPEN, true);
    let _ = import(&partner);
    let _ = receiver.wait_for(1);
    // Seconds between attempts; every gap may be a fifth shorter or longer.
    let gaps: [i64; 10] = [5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
    for (index, gap) in gaps.into_iter().enumerate() {
        let before = receiver.received().len();
        assert_eq!(before, index + 1);
        // In steps small enough to see when the attempt comes.
        let step = (gap * 1000 / 20).max(1);
        let mut passed = 0;
        while receiver.received().len() == before && passed <= gap * 1500 {
            let _ = partner.clock(&json!({"advance": step})).data();
            passed += step;
        }
        assert_eq!(
            receiver.received().len(),
            before + 1,
            "attempt {} came",
            index + 2
        );
        let (low, high) = (gap * 800 - 2 * step, gap * 1200 + 2 * step);
        assert!(
            (low..=high).contains(&passed),
            "attempt {}: after {passed} ms, not {low}..{high}",
            index + 2
        );
    }
    let _ = partner.clock(&json!({"advance": "P10D"})).data();
    let attempts = receiver.received();
    assert_eq!(attempts.len(), 11);
    check_same_bytes(&attempts, &partner);
}

#[test]
fn the_legacy_ladder_counts_from_the_first_attempt() {
    let receiver = Receiver::new();
    let flags = ["--webhook-url", &receiver.url(), "--set", "legacy=true"];
    let (_torana, partner) = Torana::with_partner_and(Options::default().allow(&receiver), &flags);
    receiver.answer(vec![Reply::status(500)]);
    partner.start_world_at(MARKET_OPEN, true);
    let _ = import(&partner);
    let _ = receiver.wait_for(1);
    for (advance, total) in [
        ("PT14M58S", 1),
        ("PT4S", 2),
        ("PT23H44M50S", 2),
        ("PT20S", 3),
        ("PT23H59M40S", 3),
        ("PT40S", 4),
        ("P30D", 4),
    ] {
        let _ = partner.clock(&json!({"advance": advance})).data();
        assert_eq!(receiver.received().len(), total, "after another {advance}");
    }
}

#[test]
fn a_gone_endpoint_gets_no_more_events() {
    let (_torana, partner, receiver) = Torana::with_receiver(Options::default());
    receiver.answer(vec![Reply::status(410)]);
    partner.start_world_at(MARKET_OPEN, true);
    let _ = import(&partner);
    let _ = receiver.wait_for(1);
    let _ = partner.clock(&json!({"advance": "P5D"})).data();
    assert_eq!(receiver.received().len(), 1);
}

#[test]
fn retry_after_slows_the_ladder_down() {
    let (_torana, partner, receiver) = Torana::with_receiver(Options::default());
    let slow = Reply {
        headers: vec![("retry-after".to_owned(), "600".to_owned())],
        ..Reply::status(429)
    };
    receiver.answer(vec![slow, Reply::status(200)]);
    partner.start_world_at(MARKET_OPEN, true);
    let _ = import(&partner);
    let _ = receiver.wait_for(1);
    let _ = partner.clock(&json!({"advance": "PT9M"})).data();
    assert_eq!(receiver.received().len(), 1);
    let _ = partner.clock(&json!({"advance": "PT4M"})).data();
    assert_eq!(receiver.received().len(), 2);
}

#[test]
fn a_slow_receiver_is_a_failed_attempt() {
    let (_torana, partner, receiver) = Torana::with_receiver(Options::default());
    receiver.answer(vec![
        Reply {
            delay: Duration::from_secs(12),
            ..Reply::status(200)
        },
        Reply::status(200),
    ]);
    partner.start_world_at(MARKET_OPEN, true);
    let _ = import(&partner);
    let _ = receiver.wait_for(1);
    wait_until("the second attempt", || {
        let _ = partner.clock(&json!({"advance": "PT7S"}));
        (receiver.received().len() == 2).then_some(())
    });
}

#[test]
fn private_targets_that_are_not_listed_get_nothing() {
    let (listed, unlisted) = (Receiver::new(), Receiver::new());
    let flags = ["--webhook-url", &unlisted.url(), "--webhook-url", &listed.url()];
    let (_torana, partner) = Torana::with_partner_and(Options::default().allow(&listed), &flags);
    partner.start_world_at(MARKET_OPEN, true);
    let _ = import(&partner);
    let _ = listed.wait_for(1);
    let _ = partner.clock(&json!({"advance": "P5D"})).data();
    assert_eq!(unlisted.received().len(), 0);
}

#[test]
fn every_url_gets_every_event_and_sequences_rise() {
    let (first, second) = (Receiver::new(), Receiver::new());
    let flags = ["--webhook-url", &first.url(), "--webhook-url", &second.url()];
    let options = Options::default().allow(&first).allow(&second);
    let (_torana, partner) = Torana::with_partner_and(options, &flags);
    partner.open_market();
    let guest = partner.guest();
    let id = partner.transaction(
        &guest,
        &torana_testkit::partner::basket(&[("INFY", 1), ("ITC", 1)]),
    );
    let _ = partner
        .complete(
            &guest,
            &id,
            &json!({"decision": "approve", "broker": "kite", "account": "DEMO01"}),
        )
        .data();
    for receiver in [&first, &second] {
        let events = receiver.wait_for(2);
        let mut seen: Vec<(i64, String)> = events
            .iter()
            .map(Webhook::json)
            .map(|body: Value| {
                (
                    body["sequence"].as_i64().unwrap(),
                    body["eventType"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        seen.sort();
        assert_eq!(
            seen,
            [(1, "order.placed".to_owned()), (2, "order.completed".to_owned())]
        );
    }
}

#[test]
fn silent_intents_send_nothing() {
    let (_torana, partner, receiver) = Torana::with_receiver(Options::default());
    partner.open_market();
    let token = partner.connected(&partner.connect("kite", "DEMO01"));
    for intent in ["FETCH_FUNDS", "AUTHORISE_HOLDINGS", "CONNECT"] {
        let id = partner.transaction(&token, &json!({"intent": intent}));
        let _ = partner
            .complete(
                &token,
                &id,
                &json!({"decision": "approve", "broker": "kite", "account": "DEMO01"}),
            )
            .data();
    }
    let _ = partner.clock(&json!({"advance": "PT1H"})).data();
    assert_eq!(receiver.received().len(), 0);
}
