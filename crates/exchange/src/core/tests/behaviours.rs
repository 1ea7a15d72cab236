//! What each behaviour does.

use torana_domain::order::OrderErrorCode::{AdapterError, OrderUnmatched};
use torana_domain::order::OrderState::{Cancelled, Complete, Open, Partial, Rejected};
use torana_domain::order::Side::{Buy, Sell};

use super::*;

#[test]
fn low_funds_refuses_every_buy_and_no_sale() {
    let mut world = World::new();
    let session = world.login("LOWFUNDS01");
    assert_eq!(world.funds(&session), Paise(10_000));
    let (code, text) = world.refused(&session, market(Buy, "ITBEES", 1));
    assert_eq!(code, "marginsExceeded");
    assert!(text.starts_with("Insufficient funds"), "{text}");
    world.taken(&session, market(Sell, "ITC", 10));
    assert_eq!(
        world.funds(&session),
        Paise(10_000),
        "sales do not change what it shows"
    );
    assert_eq!(
        world.refused(&session, market(Buy, "ITBEES", 1)).0,
        "marginsExceeded"
    );
}

#[test]
fn order_failure_takes_the_order_first() {
    let mut world = World::new();
    let session = world.login("ORDERFAIL01");
    let id = world.taken(&session, market(Buy, "INFY", 1));
    let order = world.order(&session, &id);
    assert_eq!(
        (order.state(), order.error_code, order.filled),
        (Rejected, Some(AdapterError), Shares(0))
    );
    assert!(order.status_message.unwrap().contains("Rejected"));
    assert_eq!(world.funds(&session), Paise(100_000_000));
}

#[test]
fn partial_fills_half_and_cancels_the_rest_at_the_close() {
    let mut world = World::new();
    let session = world.login("PARTIAL01");
    let id = world.taken(&session, market(Buy, "INFY", 5));
    let order = world.order(&session, &id);
    assert_eq!((order.state(), order.filled), (Open, Shares(2)));
    let charges = world.held_for_charges(&session);
    assert_eq!(
        world.account(&session).blocked,
        Paise(order.limit.times(Shares(3)).to_paise().0 + charges.0)
    );
    let single = world.taken(&session, market(Sell, "ITC", 1));
    assert_eq!(world.order(&session, &single).filled, Shares(0));
    world.go_to("2026-01-05T10:00:00.000Z");
    let order = world.order(&session, &id);
    assert_eq!(
        (order.state(), order.filled, order.error_code),
        (Partial, Shares(2), Some(OrderUnmatched))
    );
    assert_eq!(world.order(&session, &single).state(), Cancelled);
    assert_eq!(world.account(&session).blocked, world.held_for_charges(&session));
}

#[test]
fn partial_ioc_ends_at_once() {
    let mut world = World::new();
    let session = world.login("PARTIAL01");
    let id = world.taken(&session, ioc(market(Sell, "ITC", 9)));
    let order = world.order(&session, &id);
    assert_eq!((order.state(), order.filled), (Partial, Shares(4)));
}

#[test]
fn slow_fills_a_minute_late_at_the_price_of_that_minute() {
    let mut world = World::new();
    let session = world.login("SLOW01");
    let id = world.taken(&session, market(Sell, "ITC", 5));
    world.go_to("2026-01-05T04:30:59.999Z");
    assert_eq!(world.order(&session, &id).state(), Open);
    world.go_to("2026-01-05T04:31:00.000Z");
    let offer = world.offer("ITC", Sell);
    let order = world.order(&session, &id);
    assert_eq!(
        (order.state(), order.worth.average(order.filled)),
        (Complete, offer)
    );
}

#[test]
fn slow_does_not_fill_after_the_close() {
    let mut world = World::new();
    world.go_to("2026-01-05T09:59:30.000Z");
    let session = world.login("SLOW01");
    let id = world.taken(&session, market(Sell, "ITC", 5));
    world.go_to("2026-01-05T10:01:00.000Z");
    let order = world.order(&session, &id);
    assert_eq!((order.state(), order.filled), (Cancelled, Shares(0)));
}

#[test]
fn slow_does_not_fill_at_the_instant_of_the_close() {
    let mut world = World::new();
    world.go_to("2026-01-05T09:59:00.000Z");
    let session = world.login("SLOW01");
    let id = world.taken(&session, market(Sell, "ITC", 5));
    world.go_to("2026-01-05T10:00:00.000Z");
    assert_eq!(world.order(&session, &id).state(), Cancelled);
}

fn made(world: &mut World, account: &str, behaviour: Behaviour) -> AccountKey {
    let key = AccountKey::new(BrokerKey::Kite, account).unwrap();
    let new = NewAccount {
        key: key.clone(),
        funds: Paise(25_000_000),
        holdings: Vec::new(),
        ddpi: true,
        behaviour,
    };
    assert!(matches!(
        world.run(Command::CreateAccount(new)),
        Reply::AccountMade(_)
    ));
    key
}

#[test]
fn low_funds_hides_the_money_of_a_rich_account() {
    let mut world = World::new();
    made(&mut world, "POOR1", Behaviour::LowFunds);
    let session = world.login("POOR1");
    assert_eq!(world.funds(&session), Paise(10_000));
    assert_eq!(
        world.refused(&session, market(Buy, "ITC", 1)).0,
        "marginsExceeded"
    );
}

#[test]
fn login_fails_never_logs_in() {
    let mut world = World::new();
    let key = made(&mut world, "NOLOGIN1", Behaviour::LoginFails);
    let session = SessionRef {
        key,
        token_hash: "h".to_owned(),
    };
    let expires_at = world.now.plus_seconds(3600);
    let reply = world.run(Command::Login {
        session: session.clone(),
        expires_at,
    });
    assert!(matches!(reply, Reply::LoginRefused { .. }), "{reply:?}");
    assert_eq!(world.run(Command::Funds(session)), Reply::SessionExpired);
}

#[test]
fn session_dies_with_its_first_order() {
    let mut world = World::new();
    made(&mut world, "DIES1", Behaviour::SessionDies);
    let session = world.login("DIES1");
    assert_eq!(world.funds(&session), Paise(25_000_000));
    let refused = world.place(&session, market(Buy, "INFY", 0));
    assert!(
        matches!(refused, Reply::OrderRefused { .. }),
        "a refused order is none"
    );
    let id = world.taken(&session, market(Buy, "ITC", 1));
    assert_eq!(
        world.place(&session, market(Buy, "ITC", 1)),
        Reply::SessionExpired
    );
    assert_eq!(
        world.run(Command::OrderBook(session.into())),
        Reply::SessionExpired
    );
    world.now = world.now.plus_seconds(1);
    let again = world.login("DIES1");
    assert_eq!(world.order(&again, &id).state(), Complete);
}
