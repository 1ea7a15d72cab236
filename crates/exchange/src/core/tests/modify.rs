//! Other terms for an open order.

use torana_domain::order::OrderState::{Complete, Open};
use torana_domain::order::Side::{Buy, Sell};

use super::*;

fn price(price: Price) -> Change {
    Change {
        price: Some(price),
        ..Change::default()
    }
}

fn quantity(quantity: i64) -> Change {
    Change {
        quantity: Some(Shares(quantity)),
        ..Change::default()
    }
}

#[track_caller]
fn refused(reply: Reply, text: &str) {
    match reply {
        Reply::OrderRefused { text: found, .. } => assert_eq!(found, text),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_better_price_fills_at_once_and_the_money_follows() {
    let mut world = World::new();
    let session = &world.login("DEMO01");
    let (_, low, _) = world.frame("INFY");
    let id = world.taken(session, limit(Buy, "INFY", 10, low));
    assert_eq!(world.modify(session, &id, quantity(20)), Reply::Done);
    let charges = world.held_for_charges(session);
    assert_eq!(
        world.account(session).blocked,
        Paise(low.times(Shares(20)).to_paise().0 + charges.0)
    );
    let offer = world.offer("INFY", Buy);
    assert_eq!(
        world.modify(session, &id, price(Price(offer.0 + 10_000))),
        Reply::Done
    );
    let order = world.order(session, &id);
    assert_eq!(
        (order.state(), order.worth.average(order.filled)),
        (Complete, offer)
    );
    assert_eq!(
        (world.account(session).blocked, order.modifications),
        (world.held_for_charges(session), 2)
    );
    let words = world.history(session, &id);
    assert_eq!(
        words[4..8],
        ["MODIFY VALIDATION PENDING", "MODIFY PENDING", "MODIFIED", "OPEN"]
    );
    let over = world.modify(session, &id, quantity(30));
    refused(over, "The order cannot be changed now: it is COMPLETE");
}

#[test]
fn a_limit_order_can_become_a_market_order_and_a_stop_loss() {
    let mut world = World::new();
    let session = &world.login("DEMO01");
    let (_, low, high) = world.frame("INFY");
    let id = world.taken(session, limit(Buy, "INFY", 10, low));
    let last = world.last("INFY");
    let to_stop = Change {
        order_type: Some(OrderType::SlM),
        trigger_price: Some(Price(high.0 - 100_000)),
        ..Change::default()
    };
    assert_eq!(world.modify(session, &id, to_stop), Reply::Done);
    let order = world.order(session, &id);
    assert_eq!((order.status, order.price), (Status::TriggerPending, None));
    let to_market = Change {
        order_type: Some(OrderType::Market),
        ..Change::default()
    };
    assert_eq!(world.modify(session, &id, to_market), Reply::Done);
    let order = world.order(session, &id);
    assert_eq!((order.state(), order.trigger_price), (Complete, None));
    assert!(order.worth.average(order.filled) > last);
}

#[test]
fn what_a_modification_must_pass() {
    let mut world = World::new();
    let session = &world.login("DEMO01");
    let (_, low, high) = world.frame("INFY");
    let id = world.taken(session, limit(Buy, "INFY", 10, low));
    let before = world.state.clone();
    let checks = [
        (
            price(Price(low.0 - 1_000)),
            "Price 1349.9 is outside the price band of 1350 to 1650",
        ),
        (
            price(Price(low.0 + 50)),
            "Price 1350.005 is not a multiple of the tick size 0.1",
        ),
        (quantity(0), "Quantity must be at least 1"),
        (
            quantity(800),
            "Insufficient funds: the order needs 1067764.62, available is 986483.49",
        ),
        (
            Change::default(),
            "The modification changes nothing: give another quantity, price, trigger price, type, validity or disclosed quantity",
        ),
        (
            Change {
                trigger_price: Some(high),
                ..Change::default()
            },
            "Market and limit orders take no trigger price; send SL or SL-M",
        ),
    ];
    for (change, text) in checks {
        refused(world.modify(session, &id, change), text);
    }
    assert_eq!(world.state, before, "a refusal changes nothing");
    let foreign = world.modify(session, "260105000000000", quantity(1));
    assert_eq!(foreign, Reply::OrderNotFound);
}

#[test]
fn an_order_is_modified_25_times_at_most() {
    let mut world = World::new();
    let session = &world.login("DEMO01");
    let (_, low, _) = world.frame("INFY");
    let id = world.taken(session, limit(Buy, "INFY", 1, low));
    for n in 2..27 {
        assert_eq!(world.modify(session, &id, quantity(n)), Reply::Done);
    }
    let text = "The order has been modified 25 times; cancel it and send a new one";
    refused(world.modify(session, &id, quantity(30)), text);
}

#[test]
fn nothing_below_what_is_filled() {
    let mut world = World::new();
    let session = &world.login("PARTIAL01");
    let id = world.taken(session, market(Sell, "INFY", 9));
    assert_eq!(world.order(session, &id).filled, Shares(4));
    let text = "Quantity 4 is not more than the 4 shares that are filled already";
    refused(world.modify(session, &id, quantity(4)), text);
    assert_eq!(world.modify(session, &id, quantity(5)), Reply::Done);
    let order = world.order(session, &id);
    assert_eq!((order.state(), order.filled), (Open, Shares(4)));
    assert_eq!(
        world.refused(session, market(Sell, "INFY", 21)).0,
        "checkHoldings"
    );
}
