//! Orders of accounts that behave normally.

use torana_domain::order::OrderErrorCode::{MarginsExceeded, OrderUnmatched};
use torana_domain::order::OrderState::{Cancelled, Complete, Open, Rejected};
use torana_domain::order::Side::{Buy, Sell};

use super::*;

#[test]
fn a_market_buy_fills_at_the_offer_and_is_paid() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let offer = world.offer("INFY", Buy);
    let id = world.taken(&session, market(Buy, "INFY", 3));
    let order = world.order(&session, &id);
    assert_eq!(
        (order.state(), order.filled, order.worth.average(order.filled)),
        (Complete, Shares(3), offer)
    );
    assert!(
        order.exchange_order_id.is_some() && id.starts_with("260105") && id.len() == 15,
        "{id}"
    );
    let paid = offer.times(Shares(3)).to_paise();
    let charges = world.held_for_charges(&session);
    assert!((500..700).contains(&charges.0), "{charges:?}");
    assert_eq!(world.funds(&session), Paise(100_000_000 - paid.0 - charges.0));
    assert_eq!(world.account(&session).blocked, charges);
    let positions = world.positions(&session);
    assert_eq!(
        (positions.len(), positions[0].quantity, positions[0].average_price),
        (1, Shares(3), offer)
    );
    assert_eq!(
        world.holding(&session, INFY).quantity,
        Shares(25),
        "not in the demat account yet"
    );
}

#[test]
fn proceeds_of_a_sale_can_be_used_at_once() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let bid = world.offer("ITC", Sell);
    world.taken(&session, market(Sell, "ITC", 100));
    let charges = world.held_for_charges(&session);
    assert_eq!(
        world.funds(&session),
        Paise(100_000_000 + bid.times(Shares(100)).to_paise().0 - charges.0)
    );
    let itc = world.holding(&session, ITC);
    assert_eq!((itc.quantity, itc.used_quantity), (Shares(120), Shares(100)));
    assert_eq!(world.positions(&session)[0].quantity, Shares(-100));
    assert_eq!(
        world.refused(&session, market(Sell, "ITC", 21)).0,
        "checkHoldings"
    );
    world.taken(&session, market(Sell, "ITC", 20));
}

#[test]
fn shares_of_today_can_be_sold_today() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    world.taken(&session, market(Buy, "SBIN", 5));
    world.taken(&session, market(Sell, "SBIN", 5));
    assert!(world.positions(&session).is_empty());
    assert_eq!(
        world.refused(&session, market(Sell, "SBIN", 1)).0,
        "checkHoldings"
    );
}

#[test]
fn a_limit_that_is_good_enough_fills_at_the_better_price() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let offer = world.offer("INFY", Buy);
    let id = world.taken(&session, limit(Buy, "INFY", 2, Price(offer.0 + 50_000)));
    let order = world.order(&session, &id);
    assert_eq!(
        (order.state(), order.worth.average(order.filled)),
        (Complete, offer)
    );
}

/// Places a buy that the price reaches later on that day; gives its id, its limit and the instant.
fn resting_buy(world: &mut World, session: &SessionRef) -> (String, Price, Timestamp) {
    for below in 1..200 {
        let price = Price(world.offer("INFY", Buy).0 - below * 1_000);
        let id = world.taken(session, limit(Buy, "INFY", 4, price));
        let (order, next) = (world.order(session, &id), world.next_due());
        if order.state() == Open && order.due.is_some_and(|due| next < due.at) {
            return (id, price, next);
        }
        world.run(Command::Cancel {
            session: session.clone(),
            broker_order_id: id,
        });
    }
    panic!("this seed has no falling price");
}

#[test]
fn a_resting_limit_fills_at_its_own_price_when_the_market_gets_there() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let (id, price, crosses_at) = resting_buy(&mut world, &session);
    let charges = world.held_for_charges(&session);
    assert_eq!(
        world.account(&session).blocked,
        Paise(price.times(Shares(4)).to_paise().0 + charges.0)
    );
    assert_eq!(world.next_due(), crosses_at);

    world.now = crosses_at.plus_ms(-1);
    assert_eq!(world.order(&session, &id).state(), Open);
    world.now = crosses_at;
    let order = world.order(&session, &id);
    assert_eq!(
        (order.state(), order.worth.average(order.filled)),
        (Complete, price)
    );
    let filled = world
        .events
        .iter()
        .find(|event| matches!(event.fact, Fact::OrderFilled { .. }))
        .unwrap();
    assert_eq!(filled.at, crosses_at);
    assert_eq!(world.account(&session).blocked, world.held_for_charges(&session));
}

#[test]
fn an_order_that_is_late_is_booked_at_its_own_instant() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let (_, _, crosses_at) = resting_buy(&mut world, &session);
    world.go_to("2026-01-05T12:00:00.000Z");
    let filled = world
        .events
        .iter()
        .find(|event| matches!(event.fact, Fact::OrderFilled { .. }))
        .unwrap();
    assert_eq!(filled.at, crosses_at);
}

#[test]
fn what_does_not_fill_is_cancelled_at_the_close() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let low = world.day_frame("INFY").low;
    let id = world.taken(&session, limit(Buy, "INFY", 4, low));
    world.go_to("2026-01-05T09:59:59.999Z");
    assert_eq!(world.order(&session, &id).state(), Open);
    assert!(!world.book(&session).closed);
    world.go_to("2026-01-05T10:00:00.000Z");
    let order = world.order(&session, &id);
    assert_eq!(
        (order.state(), order.error_code),
        (Cancelled, Some(OrderUnmatched))
    );
    assert!(world.book(&session).closed);
    assert_eq!(world.funds(&session), Paise(100_000_000));
}

#[test]
fn an_ioc_order_never_rests() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let low = world.day_frame("INFY").low;
    let id = world.taken(&session, ioc(limit(Buy, "INFY", 4, low)));
    let order = world.order(&session, &id);
    assert_eq!(
        (order.state(), order.error_code, order.due),
        (Cancelled, Some(OrderUnmatched), None)
    );
    let id = world.taken(&session, ioc(market(Buy, "INFY", 4)));
    assert_eq!(world.order(&session, &id).state(), Complete);
}

#[test]
fn open_orders_can_be_cancelled_and_only_they() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let high = world.day_frame("INFY").high;
    let id = world.taken(&session, limit(Sell, "INFY", 25, high));
    assert_eq!(
        world.refused(&session, market(Sell, "INFY", 1)).0,
        "checkHoldings"
    );
    let cancel = |id: &str| Command::Cancel {
        session: session.clone(),
        broker_order_id: id.to_owned(),
    };
    assert_eq!(world.run(cancel(&id)), Reply::Done);
    let order = world.order(&session, &id);
    assert_eq!((order.state(), order.error_code), (Cancelled, None));
    assert!(matches!(world.run(cancel(&id)), Reply::CancelRefused { .. }));
    assert_eq!(world.run(cancel("260105000000000")), Reply::OrderNotFound);
    world.taken(&session, market(Sell, "INFY", 25));
}

#[test]
fn the_same_reference_twice_is_two_orders_unless_the_broker_says_otherwise() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let order = OrderRequest {
        reference: Some("ABCDEFGHIJ".to_owned()),
        ..market(Buy, "ITC", 1)
    };
    let (first, second) = (
        world.taken(&session, order.clone()),
        world.taken(&session, order.clone()),
    );
    assert_ne!(first, second);
    let unique = OrderRequest {
        is_reference_unique: true,
        ..order
    };
    let (code, text) = world.refused(&session, unique.clone());
    assert_eq!(code, "adapterError");
    assert!(text.contains("reference"), "{text}");
    world.taken(
        &session,
        OrderRequest {
            reference: Some("BBCDEFGHIJ".to_owned()),
            ..unique
        },
    );
}

#[test]
fn after_a_reset_another_reference_gets_another_id() {
    let ids = |reference: &str| {
        let mut world = World::new();
        let session = world.login("DEMO01");
        world.taken(
            &session,
            OrderRequest {
                reference: Some(reference.to_owned()),
                ..market(Buy, "ITC", 1)
            },
        )
    };
    assert_eq!(ids("ABCDEFGHIJ"), ids("ABCDEFGHIJ"));
    assert_ne!(ids("ABCDEFGHIJ"), ids("ABCDEFGHIK"));
}

#[test]
fn after_market_orders_wait_for_the_opening_auction() {
    let mut world = World::new();
    world.go_to("2026-01-05T12:00:00.000Z");
    let session = world.login("DEMO01");
    assert_eq!(
        world.refused(&session, market(Buy, "INFY", 3)).0,
        "tradingSystemNotReady"
    );
    let buy = world.taken(&session, amo(market(Buy, "INFY", 3)));
    let sell = world.taken(&session, amo(market(Sell, "ITC", 10)));
    let order = world.order(&session, &buy);
    assert_eq!((order.state(), order.exchange_order_id.as_deref()), (Open, None));
    assert!(world.account(&session).blocked.0 > 0);

    world.go_to("2026-01-06T03:37:59.999Z");
    let session = world.login("DEMO01");
    assert_eq!(world.order(&session, &buy).state(), Open);
    world.go_to("2026-01-06T03:38:00.000Z");
    let opening = world.last("INFY");
    let order = world.order(&session, &buy);
    assert_eq!(
        (order.state(), order.worth.average(order.filled)),
        (Complete, opening)
    );
    assert!(order.exchange_order_id.is_some());
    assert_eq!(world.order(&session, &sell).state(), Complete);
    assert_eq!(world.account(&session).blocked, world.held_for_charges(&session));
}

#[test]
fn an_after_market_order_can_be_cancelled_before_the_opening() {
    let mut world = World::new();
    world.go_to("2026-01-05T12:00:00.000Z");
    let session = world.login("DEMO01");
    let id = world.taken(&session, amo(market(Buy, "INFY", 3)));
    assert_eq!(
        world.run(Command::Cancel {
            session: session.clone(),
            broker_order_id: id
        }),
        Reply::Done
    );
    assert_eq!(world.funds(&session), Paise(100_000_000));
    assert!(world.state.due.is_empty());
}

#[test]
fn an_opening_price_that_the_money_does_not_cover_rejects_the_order() {
    let mut rejected = 0;
    for seed in 0..20 {
        let mut world = World::starting(seed, at("2026-01-05T12:00:00.000Z"));
        let session = world.login("DEMO01");
        let listing = world.market.listing("INFY").unwrap();
        let last = world.market.last_price(world.state.prices(), &listing, world.now);
        let all = 99_880_000 * 100 / world.market.protection(&world.day_frame("INFY"), last, Buy).0;
        let id = world.taken(&session, amo(market(Buy, "INFY", all)));
        world.go_to("2026-01-06T03:45:00.000Z");
        let order = world.state.accounts[&session.key]
            .orders
            .values()
            .next()
            .unwrap()
            .clone();
        assert_eq!(order.broker_order_id, id);
        assert!(world.account(&session).available().0 >= 0);
        if order.state() == Rejected {
            assert_eq!(
                (order.error_code, order.filled),
                (Some(MarginsExceeded), Shares(0))
            );
            assert_eq!(world.account(&session).available(), Paise(100_000_000));
            rejected += 1;
        }
    }
    assert!(
        (1..20).contains(&rejected),
        "{rejected} of 20 openings were above the close"
    );
}

#[test]
fn what_is_listed_on_bse_only_is_sold_there() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let on_bse = OrderRequest {
        exchange: torana_instruments::Exchange::Bse,
        ..market(Sell, "HAWKINCOOK", 2)
    };
    let id = world.taken(&session, on_bse);
    let order = world.order(&session, &id);
    assert_eq!((order.state(), order.filled), (Complete, Shares(2)));
    assert_eq!(world.positions(&session)[0].ticker, "HAWKINCOOK");
}
