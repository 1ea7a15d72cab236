//! What the days bring: settlement, books, order of due work.

use torana_domain::order::Side::{Buy, Sell};

use super::*;

#[test]
fn a_buy_is_a_position_then_t1_then_settled() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let price = world.offer("INFY", Buy);
    world.taken(&session, market(Buy, "INFY", 15));

    world.go_to("2026-01-06T04:30:00.000Z");
    let session = world.login("DEMO01");
    assert!(world.positions(&session).is_empty());
    let infy = world.holding(&session, INFY);
    assert_eq!((infy.quantity, infy.t1_quantity), (Shares(25), Shares(15)));
    let cost = 25 * 14_102_000 + 15 * price.0;
    assert_eq!(infy.average_price, Price(cost / 40));

    world.go_to("2026-01-07T04:30:00.000Z");
    let session = world.login("DEMO01");
    let infy = world.holding(&session, INFY);
    assert_eq!((infy.quantity, infy.t1_quantity), (Shares(40), Shares(0)));
}

#[test]
fn a_sale_leaves_the_holdings_overnight() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    world.taken(&session, market(Sell, "INFY", 25));
    world.go_to("2026-01-06T04:30:00.000Z");
    let session = world.login("DEMO01");
    let Reply::Holdings(holdings) = world.run(Command::Holdings(session.into())) else {
        panic!()
    };
    assert!(holdings.iter().all(|held| held.isin != INFY));
}

#[test]
fn weekends_settle_nothing() {
    let mut world = World::starting(7, at("2026-01-09T04:30:00.000Z"));
    let session = world.login("DEMO01");
    world.taken(&session, market(Buy, "SBIN", 1));
    world.go_to("2026-01-11T12:00:00.000Z");
    let session = world.login("DEMO01");
    let book = world.book(&session);
    assert_eq!(
        (
            book.trading_day.to_string().as_str(),
            book.closed,
            book.orders.len()
        ),
        ("2026-01-09", true, 1)
    );
    assert_eq!(world.positions(&session).len(), 1);
    world.go_to("2026-01-12T00:30:00.000Z");
    let session = world.login("DEMO01");
    let book = world.book(&session);
    assert_eq!(
        (
            book.trading_day.to_string().as_str(),
            book.closed,
            book.orders.len()
        ),
        ("2026-01-12", false, 0)
    );
}

#[test]
fn one_long_jump_equals_many_short_ones() {
    let script = |world: &mut World| {
        let session = world.login("PARTIAL01");
        world.taken(&session, market(Buy, "INFY", 9));
        let low = world.day_frame("ITC").low;
        world.taken(&session, limit(Buy, "ITC", 9, low));
        let session = world.login("SLOW01");
        world.taken(&session, market(Sell, "ITC", 9));
    };
    let (mut jump, mut walk) = (World::new(), World::new());
    script(&mut jump);
    script(&mut walk);
    jump.go_to("2026-01-20T04:30:00.000Z");
    let end = jump.now;
    loop {
        let next = walk.next_due();
        if next > end {
            break;
        }
        assert!(next > walk.now, "due work is done once");
        walk.now = next;
        walk.run(Command::AdvanceTo);
    }
    walk.now = end;
    walk.run(Command::AdvanceTo);
    assert_eq!(jump.events, walk.events);
    assert_eq!(jump.state, walk.state);
    assert!(
        jump.events.is_sorted_by_key(|event| event.at),
        "due work runs in order"
    );
}

#[test]
fn due_work_is_announced() {
    let mut world = World::new();
    assert_eq!(
        world.run(Command::NextDue),
        Reply::NextDue(at("2026-01-06T00:30:00.000Z"))
    );
    let session = world.login("SLOW01");
    world.taken(&session, market(Sell, "ITC", 1));
    assert_eq!(
        world.run(Command::NextDue),
        Reply::NextDue(at("2026-01-05T04:31:00.000Z"))
    );
}

#[test]
fn a_jump_beyond_reason_does_nothing() {
    let mut world = World::new();
    let before = world.state.clone();
    let (events, answer) = apply(
        &mut world.state,
        &world.market,
        Command::AdvanceTo,
        world.now.plus_ms(20_000 * 86_400_000),
    );
    assert_eq!((events.len(), answer.reply), (0, Reply::TooFarAhead));
    assert_eq!(world.state, before);
}

#[test]
fn an_earlier_instant_counts_as_the_present() {
    let mut world = World::new();
    world.go_to("2026-01-05T05:30:00.000Z");
    let (_, answer) = apply(&mut world.state, &world.market, Command::AdvanceTo, at(MONDAY_10));
    assert_eq!(answer.at, at("2026-01-05T05:30:00.000Z"));
}
