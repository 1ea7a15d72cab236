//! Whole batches through the real jobs, against a broker that misbehaves on command.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use torana_brokers::{BrokerError, PlatformScope};
use torana_credentials::webhook::verify_checksum;
use torana_domain::batch::BatchStatus;
use torana_domain::order::OrderState::{Complete, Open, Queued, Submitting, Unknown, Unplaced};
use torana_domain::order::{Evidence, OrderErrorCode, OrderState, Side, Variety};
use torana_domain::transaction::Status;

use super::wake_open_batches;
use crate::context::lock;
use crate::testbed::{Bed, Leg, MORNING, Play, Seen, at, run_until_stuck};

const BASKET: [Leg; 3] = [
    (Side::Buy, "INFY", 3),
    (Side::Sell, "ITC", 5),
    (Side::Buy, "RELIANCE", 2),
];

/// A bed with one basket handed over; gives the transaction's key too.
fn basket(legs: &[Leg], plays: &[Play]) -> (Bed, i64) {
    let bed = Bed::new();
    bed.plays(plays);
    let investor = bed.investor();
    let txn = bed.hand_over(&investor, 1, legs, Variety::Regular);
    (bed, txn)
}

fn states(seen: &Seen) -> Vec<OrderState> {
    seen.orders.iter().map(|order| order.state).collect()
}

/// The newest event of each line says what the row says: the log alone rebuilds it.
fn assert_log_rebuilds(seen: &Seen) {
    for (line, order) in seen.orders.iter().enumerate() {
        let newest = seen
            .events
            .iter()
            .map(|event| serde_json::from_str::<Value>(&event.data).unwrap())
            .rfind(|data| data["line"] == json!(line));
        let Some(newest) = newest else {
            assert_eq!(order.state, Queued);
            continue;
        };
        assert_eq!(newest["state"], json!(order.state));
        assert_eq!(newest["filled"], json!(order.filled));
        assert_eq!(newest["evidence"], json!(order.evidence));
        assert_eq!(newest["asOf"], json!(order.as_of));
        assert_eq!(newest["brokerOrderId"], json!(order.broker_order_id));
        assert_eq!(newest["errorCode"], json!(order.error_code));
    }
}

#[test]
fn a_basket_is_sent_sells_first_and_reported() {
    let (bed, txn) = basket(&BASKET, &[Play::Fill, Play::Fill, Play::Fill]);
    bed.run_due();
    let sent: Vec<_> = lock(&bed.broker.sent)
        .iter()
        .map(|(_, ticket)| ticket.ticker.clone())
        .collect();
    assert_eq!(sent, ["ITC", "INFY", "RELIANCE"]);
    let seen = bed.seen(txn);
    assert_eq!(
        (seen.txn.status, states(&seen)),
        (Status::Completed, vec![Complete; 3])
    );
    assert!(
        seen.orders
            .iter()
            .all(|order| order.evidence == Evidence::OrderBook)
    );
    assert_eq!(
        (
            seen.count("order.submitting"),
            seen.count("order.accepted"),
            seen.count("order.complete")
        ),
        (3, 3, 3)
    );
    assert_eq!(
        (seen.count("order.placed"), seen.count("order.completed")),
        (1, 1)
    );
    assert_log_rebuilds(&seen);
    assert_eq!(bed.sent_once(), 3);
}

#[test]
fn each_batch_has_its_two_webhooks_once() {
    let (bed, txn) = basket(&BASKET, &[Play::Refuse, Play::Take, Play::Fill]);
    bed.run_until(at("2026-01-05T04:30:30.000Z"));
    assert_eq!(bed.bodies().len(), 1, "one order is open");
    bed.broker.fill_all();
    bed.run_until(at("2026-01-05T04:31:30.000Z"));
    let bodies = bed.bodies();
    let facts: Vec<_> = bodies
        .iter()
        .map(|body| {
            (
                body["eventType"].as_str().unwrap(),
                body["status"].as_str().unwrap(),
                body["sequence"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        facts,
        [
            ("order.placed", "PLACED", 1),
            ("order.completed", "PARTIALLYFILLED", 2)
        ]
    );
    assert_eq!(bodies[0]["completedDate"], Value::Null);
    assert_eq!(bodies[1]["unplaced"][0]["tradingsymbol"], "ITC");
    assert_eq!(
        (&bodies[1]["notes"], &bodies[1]["intent"]),
        (&json!("plan-42"), &json!("TRANSACTION"))
    );
    for body in &bodies {
        let (stamp, owner) = (
            body["timestamp"].as_str().unwrap(),
            body["smallcaseAuthId"].as_str().unwrap(),
        );
        assert!(verify_checksum(
            bed.gateway.api_secret.signing(),
            stamp,
            owner,
            body["checksum"].as_str().unwrap()
        ));
    }
    assert_eq!(bed.seen(txn).txn.status, Status::Completed);
}

#[test]
fn a_lost_answer_is_unknown_until_the_book_proves_it() {
    let (bed, txn) = basket(&BASKET[..1], &[Play::FillSilently]);
    lock(&bed.broker.read_failures).push_back(BrokerError::Unavailable("maintenance".to_owned()));
    bed.run_due();
    let seen = bed.seen(txn);
    assert_eq!(
        (seen.txn.status, states(&seen)),
        (Status::Processing, vec![Unknown])
    );
    assert_eq!(
        (seen.orders[0].evidence, seen.orders[0].as_of),
        (Evidence::None, at(MORNING))
    );
    assert!(bed.bodies().is_empty(), "nothing is proven yet");
    bed.run_until(at("2026-01-05T04:30:10.000Z"));
    let seen = bed.seen(txn);
    assert_eq!(
        (seen.txn.status, states(&seen)),
        (Status::Completed, vec![Complete])
    );
    assert_eq!(seen.orders[0].evidence, Evidence::OrderBook);
    // Both events, in this order, although acceptance and end became known at once.
    assert_eq!(
        (
            seen.count("order.placed"),
            seen.count("order.completed"),
            bed.bodies().len()
        ),
        (1, 1, 2)
    );
    assert_log_rebuilds(&seen);
    assert_eq!(bed.sent_once(), 1);
}

#[test]
fn a_lost_refusal_is_proven_by_the_closed_book_only() {
    let (bed, txn) = basket(&BASKET[..1], &[Play::RefuseSilently]);
    bed.run_until(at("2026-01-05T09:59:00.000Z"));
    assert_eq!(states(&bed.seen(txn)), [Unknown], "an open book proves nothing");
    bed.run_until(at("2026-01-05T12:00:00.000Z"));
    let seen = bed.seen(txn);
    assert_eq!((seen.txn.status, seen.txn.error_code), (Status::Completed, None));
    assert_eq!(
        (states(&seen), seen.orders[0].evidence),
        (vec![Unplaced], Evidence::ClosedBook)
    );
    assert_eq!(BatchStatus::of(&seen.orders), BatchStatus::Unplaced);
    assert_eq!(
        (
            seen.count("order.placed"),
            seen.count("order.completed"),
            bed.bodies().len()
        ),
        (0, 1, 1)
    );
    assert_eq!(bed.sent_once(), 1);
}

#[test]
fn a_crash_after_the_write_ahead_step_never_sends_again() {
    for play in [Play::FillAndHang, Play::Hang] {
        let (mut bed, txn) = basket(&BASKET[..2], &[play, Play::Fill]);
        bed.machine.is_hanging.store(true, Ordering::SeqCst);
        run_until_stuck(bed.engine.run_due_jobs(&bed.gateway, None, at(MORNING)));
        assert_eq!(states(&bed.seen(txn)), [Queued, Submitting]);
        bed.restart();
        bed.run_until(at("2026-01-05T04:33:00.000Z"));
        let seen = bed.seen(txn);
        assert_eq!(seen.count("order.unknown"), 1);
        // The queued order proves that it was not sent, so it goes on.
        assert_eq!(
            states(&seen),
            [
                Complete,
                if play == Play::FillAndHang {
                    Complete
                } else {
                    Unknown
                }
            ]
        );
        assert_eq!(bed.sent_once(), 2);
        bed.run_until(at("2026-01-05T12:00:00.000Z"));
        let seen = bed.seen(txn);
        assert_eq!(seen.txn.status, Status::Completed);
        assert_eq!(
            states(&seen),
            [
                Complete,
                if play == Play::FillAndHang {
                    Complete
                } else {
                    Unplaced
                }
            ]
        );
        assert_log_rebuilds(&seen);
    }
}

#[test]
fn a_broker_that_never_answers_does_not_hold_up_the_basket() {
    let (bed, txn) = basket(&BASKET[..2], &[Play::Hang, Play::Fill]);
    bed.run_until(at("2026-01-05T04:31:00.000Z"));
    assert_eq!(states(&bed.seen(txn)), [Complete, Unknown]);
    assert_eq!(bed.sent_once(), 2);
}

#[test]
fn nothing_is_sent_after_its_time_and_that_is_our_failure() {
    let (bed, txn) = basket(&BASKET, &[]);
    bed.machine.set(at("2026-01-05T05:00:00.000Z"));
    bed.run_due();
    let seen = bed.seen(txn);
    assert_eq!(
        (seen.txn.status, seen.txn.error_code),
        (Status::Errored, Some(2000))
    );
    assert!(
        seen.orders
            .iter()
            .all(|order| order.evidence == Evidence::NotSent)
    );
    assert_eq!(
        (
            bed.sent_once(),
            seen.count("order.placed"),
            seen.count("order.completed")
        ),
        (0, 0, 1)
    );
    assert_eq!(bed.bodies()[0]["status"], "UNPLACED");
}

#[test]
fn a_broker_that_is_gone_is_our_failure_too() {
    let (bed, txn) = basket(&BASKET, &[]);
    bed.lose_broker();
    bed.run_due();
    assert_eq!(bed.seen(txn).txn.error_code, Some(2000));
}

#[test]
fn a_session_that_dies_on_the_way_takes_the_rest_with_it() {
    let (bed, txn) = basket(&BASKET, &[Play::Fill, Play::EndSession]);
    bed.run_until(at("2026-01-05T04:31:00.000Z"));
    assert_eq!(bed.sent_once(), 2, "nothing is sent with a dead session");
    bed.login(bed.investor_again().id);
    bed.run_until(at("2026-01-05T12:00:00.000Z"));
    let seen = bed.seen(txn);
    let evidence: Vec<_> = seen
        .orders
        .iter()
        .map(|order| (order.state, order.evidence))
        .collect();
    assert_eq!(
        (evidence, seen.txn.status, seen.txn.error_code),
        (
            vec![
                (Unplaced, Evidence::BrokerAnswer),
                (Complete, Evidence::OrderBook),
                (Unplaced, Evidence::NotSent)
            ],
            Status::Completed,
            None
        )
    );
}

#[test]
fn a_session_that_ended_first_is_the_brokers_refusal() {
    let bed = Bed::new();
    let investor = bed.investor();
    // 05:55 IST, five minutes before the broker ends its sessions.
    bed.machine.set(at("2026-01-06T00:25:00.000Z"));
    let session = bed.login(investor.id);
    let txn = bed.hand_over(&investor, session, &BASKET, Variety::Amo);
    bed.machine.set(at("2026-01-06T00:30:00.000Z"));
    bed.run_due();
    let seen = bed.seen(txn);
    assert_eq!(
        (seen.txn.status, seen.txn.error_code, bed.sent_once()),
        (Status::Completed, None, 0)
    );
    assert!(
        seen.orders
            .iter()
            .all(|order| order.state == Unplaced && order.evidence == Evidence::NotSent)
    );
}

#[test]
fn refusals_are_final_and_told_once() {
    let (bed, txn) = basket(&BASKET, &[Play::WantClearance, Play::Refuse, Play::Refuse]);
    bed.run_due();
    let seen = bed.seen(txn);
    assert_eq!(
        (seen.txn.status, states(&seen)),
        (Status::Completed, vec![Unplaced; 3])
    );
    let codes: Vec<_> = seen
        .orders
        .iter()
        .map(|order| order.error_code.unwrap())
        .collect();
    assert_eq!(
        codes,
        [
            OrderErrorCode::MarginsExceeded,
            OrderErrorCode::CheckHoldings,
            OrderErrorCode::MarginsExceeded
        ]
    );
    assert_eq!(
        (bed.bodies().len(), bed.broker.reads.load(Ordering::SeqCst)),
        (1, 0)
    );
}

#[test]
fn sends_keep_to_the_limit_of_the_account() {
    let legs: Vec<Leg> = (0..35).map(|_| (Side::Buy, "INFY", 1)).collect();
    let (bed, txn) = basket(&legs, &[]);
    bed.run_due();
    let sent: Vec<_> = lock(&bed.broker.sent)
        .iter()
        .map(|(sent_at, _)| *sent_at)
        .collect();
    for (index, from) in sent.iter().enumerate() {
        let within = sent
            .iter()
            .skip(index)
            .filter(|other| other.ms_since(*from) < 1000)
            .count();
        assert!(within <= 10, "{within} sends in one second");
    }
    let took = sent.last().unwrap().ms_since(sent[0]);
    assert!(
        (3000..3300).contains(&took),
        "{took} ms: at the limit's pace, not slower"
    );
    assert_eq!(bed.seen(txn).txn.status, Status::Completed);
}

#[test]
fn a_stopping_process_leaves_the_rest_for_the_next_start() {
    let (bed, txn) = basket(&BASKET, &[]);
    bed.machine.is_stopping.store(true, Ordering::SeqCst);
    let ran = crate::testbed::run(bed.engine.run_due_jobs(&bed.gateway, None, at(MORNING))).unwrap();
    assert_eq!((ran.jobs, states(&bed.seen(txn))), (1, vec![Queued; 3]));
    bed.machine.is_stopping.store(false, Ordering::SeqCst);
    bed.run_due();
    assert_eq!(states(&bed.seen(txn)), [Complete; 3]);
}

#[test]
fn a_dead_session_is_not_hammered_and_a_new_login_goes_on() {
    let (bed, txn) = basket(&BASKET[..1], &[Play::Take]);
    lock(&bed.broker.read_failures).push_back(BrokerError::SessionExpired);
    bed.run_until(at("2026-01-05T06:00:00.000Z"));
    assert_eq!(
        bed.broker.reads.load(Ordering::SeqCst),
        1,
        "one read found the session dead"
    );
    assert_eq!(states(&bed.seen(txn)), [Open]);
    bed.broker.fill_all();
    let investor = bed.seen(txn).txn.investor_id.unwrap();
    bed.login(investor);
    let (gateway, now) = (bed.gateway.id, bed.now());
    bed.write(move |tx| wake_open_batches(tx, gateway, investor, now));
    bed.run_due();
    assert_eq!(
        (bed.seen(txn).txn.status, states(&bed.seen(txn))),
        (Status::Completed, vec![Complete])
    );
}

#[test]
fn orders_are_followed_without_a_session_where_the_broker_pushes_them() {
    let (bed, txn) = basket(&BASKET[..1], &[Play::Take]);
    lock(&bed.broker.grants).push(PlatformScope::Orders);
    lock(&bed.broker.read_failures).push_back(BrokerError::SessionExpired);
    bed.run_until(at("2026-01-05T04:31:00.000Z"));
    assert_eq!(states(&bed.seen(txn)), [Open]);
    assert!(
        lock(&bed.broker.granted)
            .iter()
            .all(|account| account == "CI0001")
    );
    bed.broker.fill_all();
    bed.run_until(at("2026-01-05T04:33:00.000Z"));
    let seen = bed.seen(txn);
    assert_eq!(
        (seen.txn.status, states(&seen)),
        (Status::Completed, vec![Complete])
    );
    assert_eq!(seen.orders[0].evidence, Evidence::OrderBook);
}

#[test]
fn an_account_that_cannot_be_read_is_asked_for_in_the_usual_rhythm_or_less() {
    let gone = || BrokerError::Protocol("there is no such account".to_owned());
    for (failure, reads_max) in [
        (gone as fn() -> BrokerError, 100),
        (|| BrokerError::SessionExpired, 6),
    ] {
        let (bed, txn) = basket(&BASKET[..1], &[Play::Take]);
        lock(&bed.broker.grants).push(PlatformScope::Orders);
        lock(&bed.broker.read_failures).push_back(BrokerError::SessionExpired);
        lock(&bed.broker.read_failures).extend((0..10_000).map(|_| failure()));
        bed.run_until(at("2026-01-05T09:00:00.000Z"));
        let reads = bed.broker.reads.load(Ordering::SeqCst);
        assert!(
            (2..=reads_max).contains(&reads),
            "{reads} reads in four and a half hours"
        );
        assert_eq!(states(&bed.seen(txn)), [Open]);
    }
}

#[test]
fn what_cannot_be_proven_stays_unknown_for_ever() {
    let (bed, txn) = basket(&BASKET[..1], &[Play::RefuseSilently]);
    lock(&bed.broker.read_failures).push_back(BrokerError::SessionExpired);
    bed.run_until(at("2026-02-20T12:00:00.000Z"));
    bed.login(bed.seen(txn).txn.investor_id.unwrap());
    bed.run_until(at("2026-02-23T12:00:00.000Z"));
    let seen = bed.seen(txn);
    assert_eq!(
        (seen.txn.status, states(&seen)),
        (Status::Processing, vec![Unknown])
    );
    assert_eq!(bed.sent_once(), 1);
}

#[test]
fn lies_in_the_book_are_not_believed() {
    let (bed, txn) = basket(&BASKET[..1], &[Play::Take]);
    bed.run_due();
    {
        let mut book = lock(&bed.broker.book);
        book[0].filled = torana_domain::money::Shares(99);
        book[0].state = Complete;
    }
    bed.run_until(at("2026-01-05T04:40:00.000Z"));
    let seen = bed.seen(txn);
    assert_eq!((states(&seen), seen.orders[0].filled.0), (vec![Open], 0));
    let double = lock(&bed.broker.book)[0].clone();
    lock(&bed.broker.book)[0].filled = torana_domain::money::Shares(3);
    lock(&bed.broker.book).push(double);
    bed.run_until(at("2026-01-05T04:50:00.000Z"));
    assert_eq!(states(&bed.seen(txn)), [Open], "two entries with one id");
    lock(&bed.broker.book).pop();
    bed.run_until(at("2026-01-05T05:00:00.000Z"));
    assert_eq!(states(&bed.seen(txn)), [Complete]);
}

#[test]
fn an_after_market_order_waits_for_its_session_without_polls() {
    let bed = Bed::new();
    let investor = bed.investor();
    bed.machine.set(at("2026-01-05T14:00:00.000Z"));
    let session = bed.login(investor.id);
    bed.plays(&[Play::Take]);
    let txn = bed.hand_over(&investor, session, &BASKET[..1], Variety::Amo);
    bed.run_until(at("2026-01-06T00:29:00.000Z"));
    assert_eq!(
        (states(&bed.seen(txn)), bed.broker.reads.load(Ordering::SeqCst)),
        (vec![Open], 1)
    );
    bed.broker.fill_all();
    bed.machine.set(at("2026-01-06T03:00:00.000Z"));
    bed.login(investor.id);
    bed.run_until(at("2026-01-06T03:46:00.000Z"));
    assert_eq!(bed.seen(txn).txn.status, Status::Completed);
}

#[test]
fn orders_of_a_broker_that_now_leaves_them_to_the_user_are_not_sent() {
    let (bed, txn) = basket(&BASKET, &[]);
    bed.broker.pages.take_orders.store(true, Ordering::SeqCst);
    bed.run_due();
    let seen = bed.seen(txn);
    assert_eq!((states(&seen), bed.sent_once()), (vec![Unplaced; 3], 0));
    assert!(
        seen.orders
            .iter()
            .all(|order| order.evidence == Evidence::NotSent)
    );
    assert_eq!(seen.txn.status, Status::Errored);
}
