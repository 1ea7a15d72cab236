use super::*;
use crate::core::price;
use crate::core::tape::Prices;
use torana_domain::order::Side;
use torana_domain::time::parse_iso;

mod days;
mod stages;

fn at(text: &str) -> Timestamp {
    parse_iso(text).unwrap()
}

/// The tape of a world that starts on Monday, 5 January 2026.
fn tape() -> Tape {
    Market::bundled().tape_from(Market::bundled().book_day(at("2026-01-05T04:30:00.000Z")))
}

fn prices(seed: u64, tape: &Tape) -> Prices<'_> {
    Prices { seed, tape }
}

#[test]
fn the_book_changes_at_six_in_the_morning_of_a_trading_day() {
    let market = Market::bundled();
    let day = |text: &str| market.book_day(at(text)).to_string();
    assert_eq!(day("2026-01-06T00:29:59.999Z"), "2026-01-05");
    assert_eq!(day("2026-01-06T00:30:00.000Z"), "2026-01-06");
    assert_eq!(day("2026-01-11T12:00:00.000Z"), "2026-01-09");
    assert_eq!(day("2026-01-12T00:00:00.000Z"), "2026-01-09");
    let monday = market.book_day(at("2026-01-05T05:00:00.000Z"));
    assert!(!market.is_day_over(monday, at("2026-01-05T09:59:59.999Z")));
    assert!(market.is_day_over(monday, at("2026-01-05T10:00:00.000Z")));
}

#[test]
fn a_closed_market_shows_the_last_price_of_the_session() {
    let (market, tape) = (Market::bundled(), tape());
    let infy = market.listing("INFY").unwrap();
    let last = market.last_price(prices(7, &tape), &infy, at("2026-01-09T09:59:59.999Z"));
    for closed in [
        "2026-01-09T10:00:00.000Z",
        "2026-01-11T12:00:00.000Z",
        "2026-01-12T03:37:59.999Z",
    ] {
        assert_eq!(
            market.last_price(prices(7, &tape), &infy, at(closed)),
            last,
            "{closed}"
        );
    }
}

#[test]
fn every_security_has_prices_that_can_be_traded() {
    let (market, tape) = (Market::bundled(), tape());
    let prices = prices(1, &tape);
    for security in Master::bundled()
        .iter()
        .filter(|security| security.exchange == Exchange::Nse)
    {
        let listing = market.listing(&security.ticker).unwrap();
        for minute in (0..375).step_by(25) {
            let now = at("2026-01-05T03:45:00.000Z").plus_ms(minute * price::BAR_MS);
            let frame = market.frame(prices, &listing, market.order_day(now));
            let last = market.last_price(prices, &listing, now);
            for side in [Side::Buy, Side::Sell] {
                let (offer, limit) = (
                    market.offer(prices, &listing, side, now),
                    market.protection(&frame, last, side),
                );
                let takes = if side == Side::Buy {
                    offer <= limit
                } else {
                    offer >= limit
                };
                assert!(
                    takes && [last, offer, limit].iter().all(|price| frame.allows(*price)),
                    "{} at {minute}: {last:?} {offer:?} {limit:?}",
                    security.ticker
                );
            }
        }
    }
}

#[test]
fn tickers_of_both_exchanges() {
    let market = Market::bundled();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(market.tickers_of("INE009A01021"), (some("INFY"), some("INFY")));
    assert_eq!(market.tickers_of("INE979B01015"), (None, some("HAWKINCOOK")));
    assert_eq!(market.tickers_of("INE000000000"), (None, None));
    assert!(market.listing("HAWKINCOOK").is_none(), "not on NSE");
}
