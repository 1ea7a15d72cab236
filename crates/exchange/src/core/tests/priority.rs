//! Who gets what: price first, then time, among the orders of all accounts and the strangers of the market.

use torana_domain::order::OrderState::{Complete, Open, Partial};
use torana_domain::order::Side::{Buy, Sell};

use super::*;

#[test]
fn a_large_order_walks_through_the_levels_and_no_further_than_its_limit() {
    let mut world = World::new();
    let session = &world.rich("WHALE1");
    let offer = world.offer("INFY", Buy);
    let id = world.taken(session, ioc(limit(Buy, "INFY", 60_000, Price(offer.0 + 2_000))));
    let order = world.order(session, &id);
    assert_eq!(order.state(), Partial, "the rest of an IOC order ends");
    let prices: Vec<i64> = order.trades.iter().map(|trade| trade.price.0 - offer.0).collect();
    assert_eq!(prices, [0, 1_000, 2_000], "one fill per level");
    let average = order.worth.average(order.filled);
    assert!(average > offer && average < order.limit);

    let id = world.taken(session, market(Buy, "INFY", 60_000));
    let order = world.order(session, &id);
    assert_eq!(
        (order.state(), order.trades.len()),
        (Open, 5),
        "five levels, then it waits"
    );
    assert!(order.trades.iter().all(|trade| order.takes(trade.price)));
}

#[test]
fn an_order_that_waits_fills_in_parts_minute_by_minute() {
    let mut world = World::new();
    let session = &world.rich("WHALE1");
    let offer = world.offer("INFY", Buy);
    let id = world.taken(session, limit(Buy, "INFY", 60_000, Price(offer.0 + 100_000)));
    let at_once = world.order(session, &id).filled;
    world.go_to("2026-01-05T04:31:00.000Z");
    let order = world.order(session, &id);
    let (first, second) = (at_once.0, order.filled.0 - at_once.0);
    assert!(
        first > 0 && second > 0 && order.filled < order.quantity,
        "{first} {second}"
    );
    assert_eq!(
        order.trades.last().unwrap().price,
        order.limit,
        "it waits at its own price"
    );
    world.go_to("2026-01-05T09:59:59.000Z");
    assert_eq!(world.order(session, &id).state(), Complete);
}

#[test]
fn nobody_gets_past_a_better_or_earlier_order() {
    let mut world = World::new();
    let whale = &world.rich("WHALE1");
    let session = &world.login("DEMO01");
    let offer = world.offer("INFY", Buy);
    let high = Price(offer.0 + 20_000);
    let first = world.taken(whale, limit(Buy, "INFY", 60_000, high));
    // The strangers of this minute owe the whale: equal prices wait behind it, so do market orders.
    let equal = world.taken(session, limit(Buy, "INFY", 1, high));
    assert_eq!(world.order(session, &equal).filled, Shares(0));
    let better = world.taken(session, limit(Buy, "INFY", 1, Price(high.0 + 1_000)));
    assert_eq!(
        world.order(session, &better).state(),
        Complete,
        "a better price goes first"
    );
    while world.order(whale, &first).state() == Open {
        assert_eq!(
            world.order(session, &equal).filled,
            Shares(0),
            "not before the first is done"
        );
        world.now = next_minute(world.now);
    }
    assert_eq!(world.order(whale, &first).state(), Complete);
    world.now = next_minute(world.now);
    assert_eq!(world.order(session, &equal).state(), Complete);
}

fn next_minute(at: Timestamp) -> Timestamp {
    crate::core::price::next_bar(at)
}

#[test]
fn a_modification_for_more_goes_to_the_end_of_the_queue() {
    for (quantity, is_first) in [(70_000, true), (70_500, false)] {
        let mut world = World::new();
        let (one, two) = (&world.rich("WHALE1"), &world.rich("WHALE2"));
        let (_, low, _) = world.frame("INFY");
        let first = world.taken(one, limit(Buy, "INFY", 70_100, low));
        let second = world.taken(two, limit(Buy, "INFY", 10, low));
        let change = Change {
            quantity: Some(Shares(quantity)),
            ..Change::default()
        };
        world.modify(one, &first, change);
        let turn = |world: &mut World, session: &SessionRef, id: &str| world.order(session, id).turn.unwrap();
        let (a, b) = (turn(&mut world, one, &first), turn(&mut world, two, &second));
        assert_eq!(a < b, is_first);
    }
}

#[test]
fn two_accounts_meet_at_the_price_of_the_one_that_waited() {
    let mut world = World::new();
    let seller = &world.rich("SELLER1");
    let buyer = &world.login("DEMO01");
    let last = world.last("INFY");
    // Between the strangers' bid and offer.
    let waiting = world.taken(seller, limit(Sell, "INFY", 10, last));
    assert_eq!(world.order(seller, &waiting).state(), Open);
    let id = world.taken(buyer, market(Buy, "INFY", 4));
    let order = world.order(buyer, &id);
    assert_eq!(
        (order.state(), order.worth.average(order.filled)),
        (Complete, last)
    );
    let other = world.order(seller, &waiting);
    assert_eq!((other.state(), other.filled), (Open, Shares(4)));
    assert_eq!(
        other.trades[0].number, order.trades[0].number,
        "one trade, two sides"
    );
    let more = world.taken(buyer, market(Buy, "INFY", 10));
    let order = world.order(buyer, &more);
    let parts: Vec<_> = order
        .trades
        .iter()
        .map(|trade| (trade.quantity.0, trade.price))
        .collect();
    assert_eq!(parts, [(6, last), (4, world.offer("INFY", Buy))]);
}
