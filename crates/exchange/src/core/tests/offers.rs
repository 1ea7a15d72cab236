//! Offers into the auctions of missing shares.

use torana_domain::order::OrderErrorCode;
use torana_domain::order::Side::{Buy, Sell};
use torana_instruments::Exchange;

use super::*;
use crate::core::command::NewTick;

/// Tuesday, a second before the close, at it, and an hour behind it.
const BEFORE_CLOSE: &str = "2026-01-06T09:59:59.000Z";
const CLOSE: &str = "2026-01-06T10:00:00.000Z";
const EVENING: &str = "2026-01-06T11:00:00.000Z";

/// A world at ten on Tuesday in which nine ITC are missing, and two who have enough of them.
fn auction() -> (World, SessionRef, SessionRef) {
    auction_at(TUESDAY_10)
}

fn auction_at(when: &str) -> (World, SessionRef, SessionRef) {
    let mut world = World::new();
    let key = AccountKey::new(BrokerKey::Kite, "BTST01").unwrap();
    let holding = |quantity, t1| NewHolding {
        security: SecurityName::Ticker("ITC".to_owned()),
        quantity: Shares(quantity),
        t1_quantity: Shares(t1),
        average_price: Price(4_000_000),
        authorised: Shares(0),
    };
    let new = |key, holding| {
        Command::CreateAccount(NewAccount {
            key,
            funds: Paise(100_000_000),
            holdings: vec![holding],
            ddpi: true,
            behaviour: Behaviour::Normal,
        })
    };
    world.run(new(key.clone(), holding(0, 9)));
    let late = AccountKey::new(BrokerKey::Kite, "LATE01").unwrap();
    world.run(new(late, holding(2, 0)));
    let session = world.login("BTST01");
    let isin = ITC.to_owned();
    world.run(Command::FailDelivery { key, isin });
    world.taken(&session, market(Sell, "ITC", 9));
    let late = world.login("LATE01");
    world.taken(&late, market(Buy, "ITC", 5));
    for whale in ["WHALE1", "WHALE2"] {
        world.rich(whale);
    }
    world.go_to(when);
    let (one, two) = (world.login("WHALE1"), world.login("WHALE2"));
    (world, one, two)
}

fn offer(quantity: i64, price: Price) -> OrderRequest {
    OrderRequest {
        auction: Some(1),
        ..limit(Sell, "ITC", quantity, price)
    }
}

impl World {
    /// A price of ITC by per cent of yesterday's close, on tick.
    fn itc(&self, per_cent: i64) -> Price {
        let frame = self.day_frame("ITC");
        frame.snap(Price(frame.previous_close.0 * per_cent / 100))
    }

    fn set_itc(&mut self, price: Price) {
        let tick = NewTick {
            security: SecurityName::Ticker("ITC".to_owned()),
            exchange: Exchange::Nse,
            price,
            at: None,
        };
        let reply = self.run(Command::SetPrices(vec![tick]));
        assert_eq!(reply, Reply::PricesSet { accepted: 1 });
    }

    fn filled(&mut self, session: &SessionRef, id: &str) -> (i64, Status) {
        let order = self.order(session, id);
        (order.filled.0, order.status)
    }

    /// Per share, what the account that did not deliver has paid by now.
    fn paid(&self) -> Vec<Price> {
        let of = |event: &Event| match &event.fact {
            Fact::AuctionSettled { price, .. } => Some(*price),
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }
}

#[test]
fn an_offer_rests_beside_the_books_until_its_auction_ends() {
    let (mut world, seller, buyer) = auction();
    // In the book it would be filled at once, and be the best for everybody.
    let low = world.itc(95);
    let id = world.taken(&seller, offer(4, low));
    world.taken(&buyer, limit(Buy, "ITC", 5, world.itc(105)));
    assert!(world.state.books.is_empty());
    world.go_to(BEFORE_CLOSE);
    assert_eq!(world.filled(&seller, &id), (0, Status::Open));
    assert_eq!(world.account(&seller).lines[ITC].selling, Shares(4));
    let cash = world.account(&seller).cash;
    assert_eq!(world.next_due(), at(CLOSE));

    world.go_to(CLOSE);
    let order = world.order(&seller, &id);
    assert_eq!((order.status, order.filled), (Status::Complete, Shares(4)));
    assert_eq!((order.trades[0].price, order.trades[0].at), (low, at(CLOSE)));
    assert_eq!(world.account(&seller).cash.0 - cash.0, low.0 * 4 / 100);
    let note = world.notes().len();
    let waits = world.account(&seller).lines[ITC].clone();
    assert_eq!((waits.selling, waits.used()), (Shares(0), Shares(4)));

    world.go_to(WEDNESDAY_10);
    let seller = world.login("WHALE1");
    assert_eq!(world.account(&seller).lines[ITC].settled, Shares(1_000_000 - 4));
    assert!(
        world.notes().len() > note,
        "the sale is on the day's contract note"
    );
    assert_eq!(world.account(&seller).unsettled, Paise(low.0 * 4 / 100));
}

#[test]
fn the_cheapest_offers_are_filled_then_the_earliest_and_the_rest_ends() {
    let (mut world, one, two) = auction();
    let (cheap, dear) = (world.itc(96), world.itc(97));
    let last = world.taken(&one, offer(4, dear));
    let moved = world.taken(&one, offer(3, world.itc(98)));
    let first = world.taken(&two, offer(4, cheap));
    // It gets the price of another one, and its place behind it.
    let change = Change {
        price: Some(cheap),
        ..Change::default()
    };
    assert_eq!(world.modify(&one, &moved, change), Reply::Done);
    let never = world.taken(&two, offer(9, dear));
    world.go_to(EVENING);
    assert_eq!(world.filled(&two, &first), (4, Status::Complete));
    assert_eq!(world.filled(&one, &moved), (3, Status::Complete));
    assert_eq!(world.filled(&one, &last), (2, Status::Cancelled));
    assert_eq!(world.filled(&two, &never), (0, Status::Cancelled));
    let trades: Vec<_> = ([(&two, &first), (&one, &moved), (&one, &last)].iter())
        .map(|(session, id)| world.order(session, id).trades[0].number)
        .collect();
    assert!(trades.is_sorted(), "{trades:?}");
    let rest = world.order(&one, &last);
    assert_eq!(rest.error_code, Some(OrderErrorCode::OrderUnmatched));
    assert!(rest.status_message.unwrap().contains("auction is over"));
    for session in [&one, &two] {
        assert_eq!(world.account(session).lines[ITC].selling, Shares(0));
    }
}

#[test]
fn who_did_not_deliver_pays_the_price_that_the_offers_met() {
    let (mut world, one, two) = auction();
    let (low, high) = {
        let frame = world.day_frame("ITC");
        (frame.low, frame.high)
    };
    world.set_itc(low);
    let key = AccountKey::new(BrokerKey::Kite, "BTST01").unwrap();
    let sold_at = world.state.accounts[&key].shorts[0].sold_at;
    let taken = world.taken(&one, offer(2, sold_at.min(high)));
    let too_dear = world.taken(&two, offer(2, high));
    world.go_to(BEFORE_CLOSE);
    world.set_itc(low);
    world.go_to(EVENING);
    assert_eq!(world.filled(&one, &taken).0, 2);
    assert_eq!(world.filled(&two, &too_dear), (0, Status::Cancelled));
    // The next day's band begins with the close: as high as it can be set now.
    world.set_itc(world.day_frame("ITC").high);
    world.go_to(WEDNESDAY_10);
    let price = ((low.0 * 120 + 99) / 100).max(sold_at.0);
    let price = Price((price + 99) / 100 * 100);
    assert_eq!(world.paid(), [price]);
    assert!(price < high);
}

#[test]
fn what_is_no_offer_into_this_auction_is_refused_with_its_reason() {
    let (mut world, seller, _) = auction();
    let fair = world.itc(100);
    let good = offer(4, fair);
    let late = world.login("LATE01");
    let own = world.login("BTST01");
    let cases: Vec<(&SessionRef, OrderRequest, &str)> = vec![
        (
            &seller,
            OrderRequest {
                auction: Some(2),
                ..good.clone()
            },
            "number 2",
        ),
        (
            &seller,
            OrderRequest {
                auction: Some(1),
                ..limit(Sell, "INFY", 4, world.last("INFY"))
            },
            "another security",
        ),
        (
            &seller,
            OrderRequest {
                exchange: Exchange::Bse,
                ..good.clone()
            },
            "on NSE only",
        ),
        (
            &seller,
            OrderRequest {
                side: Buy,
                ..good.clone()
            },
            "SELL orders only",
        ),
        (
            &seller,
            OrderRequest {
                product: Product::Mis,
                ..good.clone()
            },
            "CNC only",
        ),
        (
            &seller,
            OrderRequest {
                auction: Some(1),
                ..market(Sell, "ITC", 4)
            },
            "LIMIT orders only",
        ),
        (
            &seller,
            OrderRequest {
                price: None,
                ..good.clone()
            },
            "needs a price",
        ),
        (&seller, ioc(good.clone()), "good for the day"),
        (
            &seller,
            OrderRequest {
                validity: Validity::Ttl(5),
                ..good.clone()
            },
            "good for the day",
        ),
        (
            &seller,
            OrderRequest {
                disclosed: Some(Shares(2)),
                ..good.clone()
            },
            "discloses all",
        ),
        (&seller, amo(good.clone()), "not after-market"),
        (&seller, offer(0, fair), "at least 1"),
        (&seller, offer(10, fair), "above the 9 shares"),
        (&seller, offer(4, Price(fair.0 + 1)), "tick size"),
        (&seller, offer(4, Price(fair.0 * 2)), "price band"),
        (&late, offer(3, fair), "settled are 2"),
        (&own, offer(1, fair), "this account itself"),
    ];
    for (session, order, named) in cases {
        let (_, text) = world.refused(session, order);
        assert!(text.contains(named), "{named}: {text}");
    }
    world.go_to(CLOSE);
    let (code, text) = world.refused(&seller, good.clone());
    assert!(
        code == "tradingSystemNotReady" && text.contains("to the close"),
        "{code} {text}"
    );
    world.go_to(WEDNESDAY_10);
    let seller = world.login("WHALE1");
    let (_, text) = world.refused(&seller, good);
    assert!(text.contains("number 1"), "{text}");
}

#[test]
fn offers_begin_with_the_opening() {
    // The entry of the opening auction: trading takes orders, the auction of missing shares none yet.
    let (mut world, seller, _) = auction_at("2026-01-06T03:31:00.000Z");
    let order = offer(4, world.itc(100));
    let (_, text) = world.refused(&seller, order.clone());
    assert!(text.contains("from the opening"), "{text}");
    world.go_to("2026-01-06T03:45:00.000Z");
    world.taken(&seller, order);
}

#[test]
fn an_offer_can_be_changed_and_cancelled() {
    let (mut world, seller, _) = auction();
    let id = world.taken(&seller, offer(4, world.itc(100)));
    let to = |quantity: i64| Change {
        quantity: Some(Shares(quantity)),
        ..Change::default()
    };
    assert_eq!(world.modify(&seller, &id, to(6)), Reply::Done);
    assert_eq!(world.account(&seller).lines[ITC].selling, Shares(6));
    let at_market = Change {
        order_type: Some(OrderType::Market),
        ..Change::default()
    };
    for (change, named) in [(to(10), "above the 9"), (at_market, "LIMIT orders only")] {
        match world.modify(&seller, &id, change) {
            Reply::OrderRefused { text, .. } => assert!(text.contains(named), "{text}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.cancel(&seller, &id), Reply::Done);
    assert_eq!(world.account(&seller).lines[ITC].selling, Shares(0));
    world.go_to(EVENING);
    assert_eq!(world.filled(&seller, &id), (0, Status::Cancelled));
    assert!(
        !world
            .events
            .iter()
            .any(|event| event.fact.kind() == "auction_priced")
    );
}

#[test]
fn an_offer_that_is_on_its_way_at_the_end_is_not_filled() {
    let (mut world, seller, _) = auction();
    world.run(Command::SetLatency { ms: 40_000 });
    let there = world.taken(&seller, offer(2, world.itc(100)));
    world.go_to("2026-01-06T09:59:00.000Z");
    assert_eq!(world.filled(&seller, &there), (0, Status::Open));
    let late = world.taken(&seller, offer(2, world.itc(95)));
    world.go_to(EVENING);
    assert_eq!(world.filled(&seller, &there), (2, Status::Complete));
    assert_eq!(world.filled(&seller, &late), (0, Status::Cancelled));
}

#[test]
fn offered_shares_must_be_cleared_first() {
    let (mut world, _, _) = auction();
    let holder = world.login("TPIN01");
    let order = offer(3, world.itc(100));
    assert!(matches!(
        world.place(&holder, order.clone()),
        Reply::OrderNeedsClearance { .. }
    ));
    world.run(Command::Authorise {
        session: holder.clone(),
        wanted: vec![Clearance {
            isin: ITC.to_owned(),
            quantity: Shares(3),
        }],
        tpin: "123456".to_owned(),
    });
    world.taken(&holder, order);
}

#[test]
fn a_world_with_offers_is_what_its_events_add_up_to() {
    let play = || {
        let (mut world, one, two) = auction();
        world.taken(&one, offer(6, world.itc(99)));
        world.taken(&two, offer(6, world.itc(98)));
        world.taken(&two, offer(1, world.itc(97)));
        world.go_to(EVENING);
        world.go_to(WEDNESDAY_10);
        world
    };
    let world = play();
    let mut rebuilt = State::empty();
    for event in &world.events {
        let text = serde_json::to_string(event).unwrap();
        rebuilt.evolve(&serde_json::from_str(&text).unwrap());
    }
    rebuilt.now = world.state.now;
    assert_eq!(rebuilt, world.state);
    assert_eq!(play().events, world.events);
    let sold = |key: &str| {
        1_000_000
            - world.state.accounts[&AccountKey::new(BrokerKey::Kite, key).unwrap()].lines[ITC]
                .settled
                .0
    };
    assert_eq!((sold("WHALE1"), sold("WHALE2")), (2, 7), "nine in all");
}
