//! The way of an order through its states, as its history tells it.

use torana_domain::order::OrderState::{Cancelled, Complete, Open};
use torana_domain::order::Side::{Buy, Sell};

use super::*;

const DOOR: [&str; 3] = ["PUT ORDER REQ RECEIVED", "VALIDATION PENDING", "OPEN PENDING"];

#[track_caller]
fn expect(found: &[&str], rest: &[&str]) {
    assert_eq!(found, [&DOOR, rest].concat());
}

#[test]
fn every_state_is_in_the_history_even_if_no_time_passes() {
    let mut world = World::new();
    let session = &world.login("DEMO01");
    let filled = world.taken(session, market(Buy, "INFY", 3));
    expect(&world.history(session, &filled), &["OPEN", "COMPLETE"]);
    let (_, low, _) = world.frame("INFY");
    let resting = world.taken(session, limit(Buy, "INFY", 3, low));
    expect(&world.history(session, &resting), &["OPEN"]);
    world.cancel(session, &resting);
    expect(
        &world.history(session, &resting),
        &["OPEN", "CANCEL PENDING", "CANCELLED"],
    );
    let unmatched = world.taken(session, ioc(limit(Buy, "INFY", 3, low)));
    expect(&world.history(session, &unmatched), &["OPEN", "CANCELLED"]);
    let failing = &world.login("ORDERFAIL01");
    let rejected = world.taken(failing, market(Buy, "INFY", 3));
    expect(&world.history(failing, &rejected), &["REJECTED"]);
    let unknown = Command::OrderHistory {
        reader: session.clone().into(),
        broker_order_id: rejected,
    };
    assert_eq!(world.run(unknown), Reply::OrderNotFound, "another account's");
}

#[test]
fn a_stop_loss_sleeps_until_the_price_reaches_its_trigger() {
    let mut woken = 0;
    for (side, away) in [(Buy, 5_000), (Sell, -5_000)] {
        let mut world = World::new();
        let session = &world.login("DEMO01");
        let trigger = Price(world.last("INFY").0 + away);
        let order = OrderRequest {
            quantity: Shares(20),
            ..stop(side, trigger, None)
        };
        let id = world.taken(session, order);
        expect(&world.history(session, &id), &["TRIGGER PENDING"]);
        world.go_to("2026-01-05T09:59:59.999Z");
        let order = world.order(session, &id);
        if order.state() == Complete {
            expect(
                &world.history(session, &id),
                &["TRIGGER PENDING", "OPEN", "COMPLETE"],
            );
            let woke = order.history.iter().nth(4).unwrap().at;
            world.now = woke.plus_ms(-1);
            let reached = |price: Price| {
                if side == Buy {
                    price >= trigger
                } else {
                    price <= trigger
                }
            };
            assert!(!reached(world.last("INFY")), "not before");
            world.now = woke;
            assert!(reached(world.last("INFY")));
            woken += 1;
        } else {
            expect(&world.history(session, &id), &["TRIGGER PENDING"]);
        }
    }
    assert!(woken > 0, "this seed moves");
}

#[test]
fn an_after_market_order_is_kept_until_the_opening_auction() {
    let mut world = World::starting(7, at("2026-01-05T12:00:00.000Z"));
    let session = &world.login("DEMO01");
    let kept = ["PUT ORDER REQ RECEIVED", "AMO REQ RECEIVED"];
    let id = world.taken(session, amo(market(Buy, "INFY", 3)));
    assert_eq!(world.history(session, &id), kept);
    let gone = world.taken(session, amo(market(Buy, "ITC", 3)));
    world.cancel(session, &gone);
    assert_eq!(
        world.history(session, &gone)[2..],
        ["CANCEL AMO REQ RECEIVED", "CANCELLED"]
    );
    let change = Change {
        quantity: Some(Shares(4)),
        ..Change::default()
    };
    assert_eq!(world.modify(session, &id, change), Reply::Done);
    assert_eq!(
        world.history(session, &id)[2..],
        ["MODIFY AMO REQ RECEIVED", "AMO REQ RECEIVED"]
    );
    world.go_to("2026-01-06T03:29:59.999Z");
    let session = &world.login("DEMO01");
    assert_eq!(world.order(session, &id).exchange_order_id, None);
    world.go_to("2026-01-06T03:30:00.000Z");
    let order = world.order(session, &id);
    assert_eq!((order.state(), order.exchange_order_id.is_some()), (Open, true));
    assert_eq!(
        world.history(session, &id)[4..],
        ["VALIDATION PENDING", "OPEN PENDING", "OPEN"]
    );
    world.go_to("2026-01-06T03:45:00.000Z");
    let order = world.order(session, &id);
    assert_eq!((order.state(), order.filled), (Complete, Shares(4)));
}

#[test]
fn with_a_latency_every_state_takes_its_time() {
    let mut world = World::new();
    assert_eq!(world.run(Command::SetLatency { ms: 100 }), Reply::Done);
    let session = &world.login("DEMO01");
    let (_, low, _) = world.frame("INFY");
    let id = world.taken(session, limit(Buy, "INFY", 3, low));
    let mut states = Vec::new();
    for _ in 0..4 {
        states.push(world.order(session, &id).status.as_str());
        world.now = world.now.plus_ms(100);
    }
    expect(&states, &["OPEN"]);
    let change = Change {
        quantity: Some(Shares(2)),
        ..Change::default()
    };
    world.modify(session, &id, change);
    let refused = world.cancel(session, &id);
    assert!(matches!(refused, Reply::CancelRefused { text } if text.contains("MODIFY VALIDATION PENDING")));
    assert_eq!(world.order(session, &id).quantity, Shares(3));
    world.now = world.now.plus_ms(200);
    assert_eq!(world.order(session, &id).quantity, Shares(2));
    world.cancel(session, &id);
    assert_eq!(world.order(session, &id).state(), Open);
    world.now = world.now.plus_ms(100);
    assert_eq!(world.order(session, &id).state(), Cancelled);
    let rest = [
        "OPEN",
        "MODIFY VALIDATION PENDING",
        "MODIFY PENDING",
        "MODIFIED",
        "OPEN",
        "CANCEL PENDING",
        "CANCELLED",
    ];
    expect(&world.history(session, &id), &rest);
}

#[test]
fn minutes_are_over_when_they_are_over() {
    let mut world = World::new();
    let session = &world.login("DEMO01");
    let (_, low, _) = world.frame("INFY");
    let id = world.taken(
        session,
        OrderRequest {
            validity: Validity::Ttl(5),
            ..limit(Buy, "INFY", 3, low)
        },
    );
    world.go_to("2026-01-05T04:34:59.999Z");
    assert_eq!(world.order(session, &id).state(), Open);
    world.go_to("2026-01-05T04:35:00.000Z");
    let order = world.order(session, &id);
    assert_eq!(order.state(), Cancelled);
    assert_eq!(
        order.status_message.as_deref(),
        Some("Cancelled: its minutes are over")
    );
    assert_eq!(world.account(session).blocked, Paise(0));
}

#[test]
fn executions_can_be_read() {
    let mut world = World::new();
    let session = &world.login("DEMO01");
    let (first, second) = (
        world.taken(session, market(Buy, "INFY", 3)),
        world.taken(session, market(Sell, "ITC", 5)),
    );
    let Reply::Trades(all) = world.run(Command::Trades(session.clone().into())) else {
        panic!()
    };
    let told: Vec<_> = all
        .iter()
        .map(|view| (view.broker_order_id.as_str(), view.trade.quantity.0))
        .collect();
    assert_eq!(told, [(first.as_str(), 3), (second.as_str(), 5)]);
    let of_second = Command::OrderTrades {
        reader: session.clone().into(),
        broker_order_id: second.clone(),
    };
    assert_eq!(world.run(of_second), Reply::Trades(all[1..].to_vec()));
    let order = world.order(session, &second);
    assert_eq!(all[1].exchange_order_id, order.exchange_order_id);
    assert_eq!(all[1].trade.price, order.worth.average(Shares(5)));
}
