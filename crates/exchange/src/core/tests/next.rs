//! Orders that follow others, the news of apps, and what orders would need.

use torana_domain::order::OrderState::{Complete, Open};
use torana_domain::order::Side::{Buy, Sell};

use super::*;

const APP: &str = "0123456789abcdef";

fn of_app(order: OrderRequest) -> OrderRequest {
    OrderRequest {
        app: Some(APP.to_owned()),
        ..order
    }
}

fn intraday(order: OrderRequest) -> OrderRequest {
    OrderRequest {
        product: Product::Mis,
        ..order
    }
}

/// `first`, and what comes behind it.
fn then(first: OrderRequest, when: NextWhen, order: OrderRequest) -> OrderRequest {
    let next = Some(Box::new(Next { order, when }));
    OrderRequest { next, ..first }
}

fn pushes(world: &mut World, command: Command) -> Vec<(Option<String>, PushKind)> {
    match world.run(command) {
        Reply::Pushes(pushes) => {
            let line = |push: Push| (push.to.map(|to| to.app), push.kind);
            pushes.into_iter().map(line).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_parts_of_a_large_order_come_one_after_the_other() {
    let mut world = World::new();
    let session = &world.rich("RICH01");
    let (_, low, high) = world.frame("INFY");
    let parts = then(
        limit(Buy, "INFY", 3, high),
        NextWhen::Complete,
        then(
            limit(Buy, "INFY", 2, low),
            NextWhen::Complete,
            limit(Buy, "INFY", 1, high),
        ),
    );
    let first = world.taken(session, of_app(parts));
    let book = world.book(session).orders;
    let line = |order: &PaperOrder| (order.quantity.0, order.state(), order.parent.clone());
    assert_eq!(
        book.iter().map(line).collect::<Vec<_>>(),
        [(3, Complete, None), (2, Open, Some(first.clone()))]
    );
    let second = book[1].broker_order_id.clone();
    let better = Change {
        price: Some(high),
        ..Change::default()
    };
    assert_eq!(world.modify(session, &second, better), Reply::Done);
    let book = world.book(session).orders;
    assert_eq!(
        line(&book[2]),
        (1, Complete, Some(first)),
        "all parts name the first one"
    );
    assert!(book.iter().all(|order| order.app.as_deref() == Some(APP)));
    assert!(
        book[..2].iter().all(|order| order.next.is_none()),
        "what is sent is not due again"
    );
    assert_eq!(book.len(), 3);
}

#[test]
fn nothing_follows_a_part_that_is_cancelled() {
    let mut world = World::new();
    let session = &world.rich("RICH01");
    let (_, low, high) = world.frame("INFY");
    let parts = then(
        limit(Buy, "INFY", 3, low),
        NextWhen::Complete,
        limit(Buy, "INFY", 2, high),
    );
    let first = world.taken(session, parts);
    assert_eq!(world.cancel(session, &first), Reply::Done);
    assert_eq!(world.book(session).orders.len(), 1);
    world.go_to(TUESDAY_10);
    let session = &world.login("RICH01");
    assert!(world.book(session).orders.is_empty());
}

#[test]
fn the_stop_behind_an_entry_is_for_what_was_bought() {
    let mut world = World::new();
    let session = &world.rich("RICH01");
    let (_, low, high) = world.frame("INFY");
    let stop = OrderRequest {
        order_type: OrderType::SlM,
        trigger_price: Some(low),
        ..intraday(market(Sell, "INFY", 100))
    };
    let entry = intraday(limit(Buy, "INFY", 7, high));
    let id = world.taken(session, then(entry, NextWhen::Filled, stop));
    let book = world.book(session).orders;
    assert_eq!(
        (book[1].quantity, book[1].status, book[1].parent.as_deref()),
        (Shares(7), Status::TriggerPending, Some(id.as_str()))
    );
    assert_eq!((book[1].side, book[1].trigger_price), (Sell, Some(low)));
}

#[test]
fn a_follower_that_is_refused_is_shown_as_rejected() {
    let mut world = World::new();
    let session = &world.rich("RICH01");
    let (_, _, high) = world.frame("INFY");
    let beyond = limit(Buy, "INFY", 2, Price(high.0 * 2));
    let first = then(limit(Buy, "INFY", 3, high), NextWhen::Complete, beyond);
    let first = world.taken(session, of_app(first));
    let book = world.book(session).orders;
    assert_eq!(
        (book[1].status, book[1].parent.as_deref()),
        (Status::Rejected, Some(first.as_str()))
    );
    assert!(book[1].status_message.is_some());
    assert_eq!(
        pushes(&mut world, Command::TakeAppPushes).last().unwrap().1,
        PushKind::Ended
    );
}

#[test]
fn news_about_orders_go_to_who_sent_them() {
    let mut world = World::new();
    let session = &world.login("DEMO01");
    let (_, low, _) = world.frame("INFY");
    let own = world.taken(session, of_app(limit(Buy, "INFY", 1, low)));
    world.taken(session, limit(Buy, "INFY", 2, low));
    let change = Change {
        quantity: Some(Shares(2)),
        ..Change::default()
    };
    assert_eq!(world.modify(session, &own, change), Reply::Done);
    assert_eq!(world.cancel(session, &own), Reply::Done);
    assert_eq!(
        pushes(&mut world, Command::TakePushes),
        [(None, PushKind::Accepted)]
    );
    let app = || Some(APP.to_owned());
    assert_eq!(
        pushes(&mut world, Command::TakeAppPushes),
        [
            (app(), PushKind::Accepted),
            (app(), PushKind::Modified),
            (app(), PushKind::Ended)
        ]
    );
    for command in [Command::TakePushes, Command::TakeAppPushes] {
        assert_eq!(pushes(&mut world, command), [], "each is told once");
    }
}

#[test]
fn orders_of_both_sides_need_less_together_than_each_by_itself() {
    let mut world = World::new();
    let session = &world.rich("RICH01");
    let needs = |world: &mut World, orders: Vec<OrderRequest>| {
        let command = Command::OrderNeeds {
            session: session.clone(),
            orders,
            beside_positions: true,
        };
        match world.run(command) {
            Reply::OrderNeeds { each, together } => (each, together),
            other => panic!("{other:?}"),
        }
    };
    let price = Price(10_000_000);
    let both = [Buy, Sell].map(|side| intraday(limit(side, "INFY", 10, price)));
    let (each, together) = needs(&mut world, both.to_vec());
    assert_eq!((each[0].money, each[1].money), (Paise(200_000), Paise(200_000)));
    assert_eq!((each[0].leverage, together), (5, Paise(200_000)));
    let (each, together) = needs(&mut world, vec![limit(Buy, "INFY", 10, price)]);
    assert_eq!((each[0].money, together), (Paise(1_000_000), Paise(1_000_000)));
    assert!(each[0].charges.total().0 > 0);
    let (each, together) = needs(&mut world, vec![limit(Sell, "INFY", 10, price)]);
    assert_eq!(
        (each[0].money, together),
        (Paise(0), Paise(0)),
        "shares are there"
    );
    let unknown = Command::OrderNeeds {
        session: session.clone(),
        orders: vec![market(Buy, "INFY", 1), market(Buy, "NOSUCH", 1)],
        beside_positions: false,
    };
    assert_eq!(world.run(unknown), Reply::SecurityNotFound { holding: 1 });
    assert!(world.book(session).orders.is_empty(), "asking places nothing");
}
