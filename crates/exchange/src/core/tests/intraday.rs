//! Positions that are opened and closed on one day, and those that change their product.

use torana_domain::order::OrderState;
use torana_domain::order::Side::{Buy, Sell};
use torana_instruments::Exchange;

use super::*;
use crate::core::convert::Conversion;
use crate::core::terms::Product;

fn mis(order: OrderRequest) -> OrderRequest {
    OrderRequest {
        product: Product::Mis,
        ..order
    }
}

impl World {
    fn convert(&mut self, session: &SessionRef, side: Side, quantity: i64, from: Product) -> Reply {
        self.run(Command::Convert {
            session: session.clone(),
            conversion: Conversion {
                exchange: Exchange::Nse,
                ticker: "INFY".to_owned(),
                side,
                quantity: Shares(quantity),
                from,
            },
        })
    }
}

#[test]
fn an_intraday_position_costs_a_fifth_and_moves_cash_by_its_gain() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let offer = world.offer("INFY", Buy);
    world.taken(&session, mis(market(Buy, "INFY", 100)));
    let view = world.margins(&session);
    assert_eq!(
        (view.cash, view.intraday),
        (Paise(100_000_000), Paise((offer.0 * 100 / 100 + 4) / 5))
    );
    assert!(world.positions(&session).is_empty(), "nothing for delivery");

    world.go_to("2026-01-05T05:30:00.000Z");
    let bid = world.offer("INFY", Sell);
    world.taken(&session, mis(market(Sell, "INFY", 100)));
    let gain = Paise(bid.0 - offer.0);
    let view = world.margins(&session);
    assert_eq!((view.realised, view.intraday), (gain, Paise(0)));
    assert_eq!(view.cash, Paise(100_000_000 + gain.0));
    let position = world.day_positions(&session).remove(0);
    assert_eq!(
        (
            position.product,
            position.quantity,
            position.traded.bought,
            position.realised
        ),
        (Product::Mis, Shares(0), Shares(100), gain)
    );
    world.go_to(TUESDAY_10);
    let session = world.login("DEMO01");
    assert!(world.day_positions(&session).is_empty());
}

#[test]
fn a_short_position_needs_no_shares_and_is_closed_in_time() {
    let mut world = World::new();
    let session = world.login("EMPTY01");
    assert_eq!(
        world.refused(&session, mis(market(Sell, "INFY", 1))).0,
        "marginsExceeded"
    );
    let session = world.login("DEMO01");
    world.taken(&session, mis(market(Sell, "INFY", 40)));
    let (_, low, _) = world.frame("ITC");
    let resting = world.taken(&session, mis(limit(Buy, "ITC", 10, low)));
    assert!(world.margins(&session).intraday.0 > 0);

    assert_eq!(world.next_due(), at("2026-01-05T09:50:00.000Z"));
    world.go_to("2026-01-05T09:50:00.000Z");
    assert_eq!(world.order(&session, &resting).state(), OrderState::Cancelled);
    let position = world.day_positions(&session).remove(0);
    assert_eq!(
        (position.quantity, position.traded.bought),
        (Shares(0), Shares(40))
    );
    assert_eq!(world.margins(&session).intraday, Paise(0));
    let (_, text) = world.refused(&session, mis(market(Buy, "INFY", 1)));
    assert!(text.contains("being closed"), "{text}");
    world.taken(&session, market(Buy, "INFY", 1));
}

#[test]
fn positions_change_their_product_at_cost() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let offer = world.offer("INFY", Buy);
    world.taken(&session, mis(market(Buy, "INFY", 10)));
    let refused = |reply: &Reply| matches!(reply, Reply::ConversionRefused { .. });
    assert!(refused(&world.convert(&session, Buy, 11, Product::Mis)));
    assert!(refused(&world.convert(&session, Sell, 1, Product::Mis)));
    assert_eq!(world.convert(&session, Buy, 6, Product::Mis), Reply::Done);
    let view = world.margins(&session);
    assert_eq!(
        (view.cash, view.bought),
        (Paise(100_000_000 - offer.0 * 6 / 100), Paise(offer.0 * 6 / 100))
    );
    assert_eq!(world.positions(&session)[0].quantity, Shares(6));
    assert_eq!(world.convert(&session, Buy, 6, Product::Cnc), Reply::Done);
    assert_eq!(world.margins(&session).cash, Paise(100_000_000));
    assert_eq!(world.convert(&session, Buy, 10, Product::Mis), Reply::Done);
    world.go_to(TUESDAY_10);
    let session = world.login("DEMO01");
    assert_eq!(world.holding(&session, INFY).t1_quantity, Shares(10));
}

#[test]
fn what_cannot_be_closed_is_delivered_or_bought_in() {
    let mut world = World::new();
    // Half of each of its orders fills, so that half of each position is left when it should be closed.
    let session = world.login("PARTIAL01");
    for ticker in ["INFY", "SBIN"] {
        world.taken(&session, mis(market(Sell, ticker, 8)));
    }
    world.taken(&session, mis(market(Buy, "TCS", 8)));
    world.go_to("2026-01-05T10:30:00.000Z");
    let left: Vec<_> = world
        .day_positions(&session)
        .iter()
        .map(|position| position.quantity.0)
        .collect();
    assert_eq!(left, [-2, -2, 2], "in the order of the ISINs");

    world.go_to(TUESDAY_10);
    let session = world.login("PARTIAL01");
    assert_eq!(
        world.holding(&session, INFY).quantity,
        Shares(23),
        "delivered out of 25"
    );
    let tcs = world.holding(&session, "INE467B01029");
    assert_eq!((tcs.quantity, tcs.t1_quantity), (Shares(8), Shares(2)), "kept");
    let account = world.account(&session);
    let shorts: Vec<_> = account.shorts.iter().map(|short| short.quantity).collect();
    assert_eq!(
        (shorts, account.blocked),
        (vec![Shares(2)], Paise(0)),
        "SBIN was not there"
    );
    let cash = account.cash;
    world.go_to(WEDNESDAY_10);
    let session = world.login("PARTIAL01");
    assert!(world.account(&session).shorts.is_empty() && world.account(&session).cash < cash);
}

#[test]
fn a_debt_allows_no_further_buy() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    world.state.accounts.get_mut(&session.key).unwrap().cash = Paise(-1);
    assert_eq!(
        world.refused(&session, market(Buy, "ITC", 1)).0,
        "marginsExceeded"
    );
    world.taken(&session, market(Sell, "ITC", 1));
    assert!(world.margins(&session).available.0 > 0);
}
