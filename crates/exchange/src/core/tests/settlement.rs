//! Short deliveries and their auctions, settlement holidays, bonus issues.

use std::sync::Arc;

use torana_domain::order::OrderState;
use torana_domain::order::Side::{Buy, Sell};

use super::*;
use crate::corporate::CorporateActions;

#[test]
fn what_is_not_delivered_is_bought_in_at_the_seller_s_cost() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    world.taken(&session, market(Buy, "SBIN", 10));
    world.go_to(TUESDAY_10);
    let session = world.login("DEMO01");
    let sbin = world.positions(&session);
    assert!(sbin.is_empty());
    let isin = world.market.listing("SBIN").unwrap().isin.clone();
    let key = session.key.clone();
    let fail = |key: AccountKey| Command::FailDelivery {
        key,
        isin: isin.clone(),
    };
    assert_eq!(
        world.run(fail(AccountKey::new(BrokerKey::Kite, "NOBODY").unwrap())),
        Reply::NoSuchAccount
    );
    assert_eq!(world.run(fail(key.clone())), Reply::Done);
    let bid = world.offer("SBIN", Sell);
    world.taken(&session, market(Sell, "SBIN", 4));
    let cash = world.account(&session).cash;

    world.go_to(WEDNESDAY_10);
    let session = world.login("DEMO01");
    let held = world.holding(&session, &isin);
    assert_eq!(
        (held.quantity, held.t1_quantity, held.short_quantity),
        (Shares(0), Shares(10), Shares(4))
    );
    let short = world.account(&session).shorts[0].clone();
    assert_eq!((short.quantity, short.sold_at), (Shares(4), bid));
    let noted: i64 = world.notes()[1].0.total().0 + world.notes()[1].1.0;
    assert_eq!(
        world.account(&session).cash,
        Paise(cash.0 - noted),
        "nothing is paid yet"
    );

    world.go_to(THURSDAY_10);
    let session = world.login("DEMO01");
    let listing = world.market.listing("SBIN").unwrap();
    let close = world
        .market
        .last_price(world.state.prices(), &listing, at("2026-01-07T12:00:00.000Z"));
    let price = (close.0 * 120 / 100).max(bid.0);
    let paid = cash.0 - noted - world.account(&session).cash.0;
    assert!((paid - price * 4 / 100).abs() <= 4, "{paid} for four at {price}");
    let held = world.holding(&session, &isin);
    assert_eq!(
        (held.quantity, held.t1_quantity, held.short_quantity),
        (Shares(10), Shares(0), Shares(0))
    );
}

#[test]
fn auctions_are_shown_to_those_who_hold_the_security() {
    let mut world = World::new();
    let seller = world.login("EMPTY01");
    let Reply::AccountMade(_) = world.run(Command::CreateAccount(NewAccount {
        key: AccountKey::new(BrokerKey::Kite, "BTST01").unwrap(),
        funds: Paise(1_000_000),
        holdings: vec![NewHolding {
            security: SecurityName::Ticker("ITC".to_owned()),
            quantity: Shares(0),
            t1_quantity: Shares(9),
            average_price: Price(4_000_000),
            authorised: Shares(0),
        }],
        ddpi: false,
        behaviour: Behaviour::Normal,
    })) else {
        panic!()
    };
    let session = world.login("BTST01");
    world.run(Command::FailDelivery {
        key: session.key.clone(),
        isin: ITC.to_owned(),
    });
    world.taken(&session, market(Sell, "ITC", 9));
    world.go_to(TUESDAY_10);
    let holder = world.login("DEMO01");
    let Reply::Auctions(seen) = world.run(Command::Auctions(holder.into())) else {
        panic!()
    };
    assert_eq!(
        (seen.len(), seen[0].quantity, seen[0].held),
        (1, Shares(9), Shares(120))
    );
    let nothing = world.run(Command::Auctions(Reader::Platform(seller.key)));
    assert_eq!(nothing, Reply::Auctions(Vec::new()));
}

#[test]
fn nothing_is_paid_out_on_a_settlement_holiday() {
    // The first of April 2026 is a trading day without settlement.
    let mut world = World::starting(7, at("2026-03-30T04:30:00.000Z"));
    let session = world.login("DEMO01");
    world.taken(&session, market(Buy, "SBIN", 3));
    let isin = world.market.listing("SBIN").unwrap().isin.clone();
    let quantities = |world: &mut World, text: &str| {
        world.go_to(text);
        let session = world.login("DEMO01");
        let held = world.holding(&session, &isin);
        (held.quantity.0, held.t1_quantity.0)
    };
    // 31 March is a holiday of the market.
    assert_eq!(quantities(&mut world, "2026-04-01T04:30:00.000Z"), (0, 3));
    let session = world.login("DEMO01");
    world.taken(&session, market(Buy, "SBIN", 2));
    assert_eq!(
        quantities(&mut world, "2026-04-02T04:30:00.000Z"),
        (0, 5),
        "both wait"
    );
    assert_eq!(
        quantities(&mut world, "2026-04-06T04:30:00.000Z"),
        (5, 0),
        "both are paid out"
    );
}

const BONUS: &str = r#"
[[action]]
isin = "INE009A01021"
ex_date = "2026-01-07"
kind = "bonus"
ratio = "1:2"
"#;

#[test]
fn a_bonus_multiplies_shares_and_keeps_their_cost() {
    let actions = Arc::new(CorporateActions::parse(BONUS).unwrap());
    let mut world = World::new();
    world.market = world.market.with_actions(actions);
    world.go_to("2026-01-06T12:00:00.000Z");
    let session = world.login("DEMO01");
    let waiting = world.taken(&session, amo(market(Sell, "INFY", 5)));
    let cash = world.account(&session).cash;
    let listing = world.market.listing("INFY").unwrap();
    let close = world.market.last_price(world.state.prices(), &listing, world.now);

    world.go_to("2026-01-07T00:30:00.000Z");
    let session = world.login("DEMO01");
    let infy = world.holding(&session, INFY);
    // 25 × 3 ÷ 2 = 37 and a half, which is paid in cash.
    assert_eq!(infy.quantity, Shares(37));
    assert_eq!(infy.average_price, Price((25 * 14_102_000 + 18) / 37));
    // Prices follow: the band lies around the restated close.
    let now = world.market.order_day(world.now);
    let frame = world.market.frame(world.state.prices(), &listing, now);
    let restated = close.0 * 2 / 3;
    assert!(
        (frame.previous_close.0 - restated).abs() <= frame.tick.0,
        "{frame:?} {restated}"
    );
    let price = world.market.last_price(world.state.prices(), &listing, world.now);
    assert!(frame.allows(price), "{price:?} in {frame:?}");
    let half = close.0 * 2 / 3 / 100 / 2;
    assert!((world.account(&session).cash.0 - cash.0 - half).abs() <= 1);
    let order = world.account(&session).orders.values().next().cloned();
    assert!(
        order.is_some_and(|order| order.broker_order_id == waiting && order.state() == OrderState::Cancelled)
    );
    assert_eq!(world.account(&session).lines[INFY].selling, Shares(0));
}
