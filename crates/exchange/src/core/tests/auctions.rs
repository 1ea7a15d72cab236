//! Call auctions, the session behind the close, and halts, as orders meet them.

use torana_domain::order::Side::{Buy, Sell};
use torana_instruments::Exchange;

use super::*;
use crate::core::command::NewTick;
use crate::market::Auction;

const MINUTE_MS: i64 = 60_000;
/// A Monday with a closing auction for securities that have derivatives.
const AUGUST: &str = "2026-08-10";

/// A world at a time of day in India on a Monday in August 2026, with a user.
fn world_at(hour: i64, minute: i64) -> (World, SessionRef) {
    let midnight = at(&format!("{AUGUST}T00:00:00.000Z")).plus_ms(-torana_clock::ist::IST_OFFSET_MS);
    let mut world = World::starting(7, midnight.plus_ms((hour * 60 + minute) * MINUTE_MS));
    let session = world.login("DEMO01");
    (world, session)
}

impl World {
    fn minutes_later(&mut self, minutes: i64) {
        self.now = self.now.plus_ms(minutes * MINUTE_MS);
        self.run(Command::AdvanceTo);
    }

    /// A price by per mille of the last one, on tick.
    fn away(&self, ticker: &str, per_mille: i64) -> Price {
        let last = self.last(ticker);
        self.day_frame(ticker)
            .snap(Price(last.0 + last.0 * per_mille / 1_000))
    }

    fn auction_price(&self, ticker: &str, which: Auction, at: Timestamp) -> Price {
        let listing = self.market.listing(ticker).unwrap();
        self.market
            .auction_price(self.state.prices(), &listing, which, at)
    }

    fn set_price(&mut self, ticker: &str, price: Price) {
        let tick = NewTick {
            security: SecurityName::Ticker(ticker.to_owned()),
            exchange: Exchange::Nse,
            price,
            at: None,
        };
        assert_eq!(
            self.run(Command::SetPrices(vec![tick])),
            Reply::PricesSet { accepted: 1 }
        );
    }

    fn average(&mut self, session: &SessionRef, id: &str) -> (Shares, Price) {
        let order = self.order(session, id);
        (order.filled, order.worth.average(order.filled))
    }
}

#[test]
fn the_opening_auction_fills_what_its_price_suits_and_leaves_the_rest_to_the_day() {
    let (mut world, session) = world_at(9, 2);
    let (high, low) = (world.away("INFY", 60), world.away("INFY", -60));
    let suits = world.taken(&session, limit(Buy, "INFY", 10, high));
    let waits = world.taken(&session, limit(Buy, "INFY", 10, low));
    let any = world.taken(&session, market(Sell, "INFY", 2));
    let opens_at = at("2026-08-10T03:38:00.000Z");
    let price = world.auction_price("INFY", Auction::Opening, opens_at);
    assert_eq!(world.next_due(), opens_at);
    world.now = opens_at.plus_ms(-1);
    world.run(Command::AdvanceTo);
    assert_eq!(world.order(&session, &suits).filled, Shares(0));
    world.now = opens_at;
    world.run(Command::AdvanceTo);
    assert_eq!(world.average(&session, &suits), (Shares(10), price));
    assert_eq!(world.average(&session, &any), (Shares(2), price));
    let waiting = world.order(&session, &waits);
    assert_eq!((waiting.status, waiting.filled), (Status::Open, Shares(0)));
    world.minutes_later(60);
    world.set_price("INFY", Price(low.0 - 2_000));
    let filled = world.order(&session, &waits).filled;
    assert_eq!(filled, Shares(10), "it went on into the day");
}

#[test]
fn market_orders_of_an_auction_follow_its_price() {
    let (mut world, session) = world_at(9, 2);
    let id = world.taken(&session, market(Buy, "INFY", 3));
    let protected = world.order(&session, &id).limit;
    // Far beyond the protection, still inside the band.
    let far = world.away("INFY", 70);
    world.set_price("INFY", far);
    assert!(far > protected);
    world.minutes_later(10);
    let opens_at = at("2026-08-10T03:38:00.000Z");
    let price = world.auction_price("INFY", Auction::Opening, opens_at);
    assert!(price > protected);
    assert_eq!(world.average(&session, &id), (Shares(3), price));
}

#[test]
fn the_closing_auction_makes_the_close_and_ends_what_it_leaves() {
    let (mut world, session) = world_at(14, 0);
    // It waits all day, comes into the auction and fills there.
    let carried = world.taken(&session, limit(Buy, "INFY", 4, world.away("INFY", -20)));
    // After the reference is known, so that the auction's price is three per cent below it.
    world.minutes_later(77);
    world.set_price("INFY", world.away("INFY", -60));
    assert_eq!(
        world.order(&session, &carried).filled,
        Shares(0),
        "nothing matches yet"
    );
    world.minutes_later(4);
    let suits = world.taken(&session, limit(Sell, "INFY", 1, world.away("INFY", -30)));
    let waits = world.taken(&session, limit(Buy, "INFY", 1, world.away("INFY", -30)));
    world.minutes_later(9);
    let price = world.auction_price("INFY", Auction::Closing, world.now);
    assert_eq!(world.last("INFY"), price);
    assert_eq!(world.average(&session, &carried), (Shares(4), price));
    assert_eq!(world.average(&session, &suits), (Shares(1), price));
    let ended = world.order(&session, &waits);
    assert_eq!((ended.status, ended.filled), (Status::Cancelled, Shares(0)));
}

#[test]
fn auctions_take_what_they_know_and_fix_their_book_before_they_match() {
    let (mut world, session) = world_at(15, 21);
    let plain = limit(Buy, "INFY", 10, world.away("INFY", -5));
    let conditional = "Stop-loss, IOC and disclosed-quantity orders are taken in continuous trading only";
    let not_ready = "tradingSystemNotReady";
    for order in [
        ioc(plain.clone()),
        OrderRequest {
            disclosed: Some(Shares(5)),
            ..plain.clone()
        },
    ] {
        assert_eq!(
            world.refused(&session, order),
            (not_ready, conditional.to_owned())
        );
    }
    let id = world.taken(&session, plain.clone());
    world.minutes_later(5);
    assert_eq!(
        world.refused(&session, market(Buy, "INFY", 1)).1,
        "The call auction takes only limit orders in the last part of its entry"
    );
    let later = world.taken(&session, plain.clone());
    assert_eq!(world.cancel(&session, &later), Reply::Done);
    // A millisecond before the auction its book is fixed, wherever the random close lies.
    world.now = at("2026-08-10T09:59:59.999Z");
    let fixed = "The call auction takes, changes and cancels no orders at this moment; wait for its entry or for trading";
    assert_eq!(world.refused(&session, plain), (not_ready, fixed.to_owned()));
    assert_eq!(
        world.cancel(&session, &id),
        Reply::CancelRefused {
            text: fixed.to_owned()
        }
    );
}

#[test]
fn behind_the_close_orders_match_at_the_closing_price() {
    let (mut world, session) = world_at(15, 52);
    let close = world.last("INFY");
    let buy = world.taken(&session, market(Buy, "INFY", 3));
    assert_eq!(world.average(&session, &buy), (Shares(3), close));
    let below = Price(close.0 - 1_000);
    let waits = world.taken(&session, limit(Buy, "INFY", 3, below));
    world.minutes_later(8);
    let ended = world.order(&session, &waits);
    assert_eq!((ended.status, ended.filled), (Status::Cancelled, Shares(0)));
}

#[test]
fn a_halt_keeps_every_order_and_its_auction_serves_them() {
    let (mut world, session) = world_at(11, 0);
    let waits = world.taken(&session, limit(Buy, "ITC", 5, world.away("ITC", -10)));
    let cancelled = world.taken(&session, limit(Buy, "ITC", 5, world.away("ITC", -10)));
    let halt = tape::Halt {
        from: world.now,
        until: world.now.plus_ms(45 * MINUTE_MS),
        reopens: world.now.plus_ms(60 * MINUTE_MS),
        percent: 10,
    };
    let event = Event {
        at: world.now,
        fact: Fact::TradingHalted { halt },
    };
    world.state.evolve(&event);
    world.events.push(event);
    let text = "Trading is halted in the whole market; orders can only be cancelled until it reopens";
    assert_eq!(
        world.refused(&session, market(Buy, "ITC", 1)),
        ("tradingSystemNotReady", text.to_owned())
    );
    assert_eq!(world.cancel(&session, &cancelled), Reply::Done);
    world.minutes_later(10);
    world.set_price("ITC", world.away("ITC", -20));
    world.minutes_later(40);
    let joined = world.taken(&session, market(Buy, "ITC", 2));
    assert_eq!(world.order(&session, &waits).filled, Shares(0));
    world.minutes_later(10);
    let price = world.auction_price("ITC", Auction::Reopening, halt.reopens);
    assert_eq!(world.average(&session, &waits), (Shares(5), price));
    assert_eq!(world.average(&session, &joined), (Shares(2), price));
}
