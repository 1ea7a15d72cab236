//! The market around the accounts: securities, sessions and prices, read from the shipped data.

use torana_clock::MarketCalendar;
use torana_clock::calendar::{Accepts, Phase};
use torana_clock::ist::{TimeOfDay, ist_date, ist_instant};
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Price, Shares};
use torana_domain::order::Side;
use torana_domain::time::{Date, Timestamp};
use torana_instruments::{Exchange, Master, Security};

use crate::core::command::SecurityName;
use crate::core::price::{self, Frame};

/// A security on an exchange, as far as orders need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// ISIN.
    pub isin: String,
    /// Where.
    pub exchange: Exchange,
    /// The ticker there.
    pub ticker: String,
    /// Tick, band and centre of its prices.
    pub frame: Frame,
    /// Quantities are multiples of this.
    pub lot: Shares,
    /// Largest quantity of one order.
    pub quantity_max: Shares,
    /// Trade to trade: every trade is settled by delivery.
    pub is_delivery_only: bool,
}

/// Securities and calendar of one market. The data is the same for every world; the prices are not.
#[derive(Clone, Copy, Debug)]
pub struct Market {
    calendar: &'static MarketCalendar,
    master: &'static Master,
}

impl Market {
    /// A market of these data.
    #[must_use]
    pub const fn new(calendar: &'static MarketCalendar, master: &'static Master) -> Self {
        Self { calendar, master }
    }

    /// The market that ships with Torana.
    #[must_use]
    pub fn bundled() -> Self {
        Self::new(MarketCalendar::nse(), Master::bundled())
    }

    /// The security with this NSE ticker.
    #[must_use]
    pub fn listing(&self, ticker: &str) -> Option<Listing> {
        self.listing_on(Exchange::Nse, ticker)
    }

    /// The security with this ticker on an exchange.
    #[must_use]
    pub fn listing_on(&self, exchange: Exchange, ticker: &str) -> Option<Listing> {
        self.master.by_symbol(exchange, ticker).map(listing_of)
    }

    /// The ISIN of a security that an account may hold; BSE-only ones have no ticker here.
    #[must_use]
    pub fn isin_of(&self, name: &SecurityName) -> Option<String> {
        let security = match name {
            SecurityName::Ticker(ticker) => self.master.by_ticker(ticker),
            SecurityName::Isin(isin) => self.master.by_isin(isin),
        };
        security.map(|security| security.isin.clone())
    }

    /// NSE and BSE ticker of a security.
    #[must_use]
    pub fn tickers_of(&self, isin: &str) -> (Option<String>, Option<String>) {
        let on = |exchange| self.master.ticker_on(isin, exchange).map(str::to_owned);
        (on(Exchange::Nse), on(Exchange::Bse))
    }

    /// The last traded price at `at`: that of the running bar, else of the last bar before the close.
    #[must_use]
    pub fn last_price(&self, seed: u64, listing: &Listing, at: Timestamp) -> Price {
        price::price_at(seed, &listing.isin, listing.frame, self.last_traded_at(at))
    }

    /// What an order of `side` gets at once: one tick worse than the last price.
    #[must_use]
    pub fn offer(&self, seed: u64, listing: &Listing, side: Side, at: Timestamp) -> Price {
        let last = self.last_price(seed, listing, at);
        match side {
            Side::Buy => price::ask(last, listing.frame),
            Side::Sell => price::bid(last, listing.frame),
        }
    }

    /// The limit behind a market order, never narrower than what is offered at once.
    #[must_use]
    pub fn protection(&self, listing: &Listing, last: Price, side: Side) -> Price {
        let protected = |security| self.master.protected_limit(security, side, last);
        let limit = self
            .master
            .by_symbol(listing.exchange, &listing.ticker)
            .map_or(last, protected);
        match side {
            Side::Buy => limit.max(price::ask(last, listing.frame)),
            Side::Sell => limit.min(price::bid(last, listing.frame)),
        }
    }

    /// Whether regular orders are taken.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.calendar.is_open(at)
    }

    /// Whether a broker takes after-market orders.
    #[must_use]
    pub fn is_amo_open(&self, broker: BrokerKey, at: Timestamp) -> bool {
        self.calendar
            .amo_open(at, &self.calendar.amo_window(broker.as_str()))
    }

    /// When orders can be entered for the session that opens at `open`: the start of its opening auction, or the
    /// opening itself.
    #[must_use]
    pub fn entry_before(&self, open: Timestamp) -> Option<Timestamp> {
        let day = ist_date(open);
        let windows = self.calendar.windows_on(day).iter();
        let entry = windows
            .filter(|window| window.phase == Phase::PreOpen && window.accepts != Accepts::None)
            .map(|window| ist_instant(day, window.from));
        entry.min().filter(|at| *at < open)
    }

    /// The first opening after `at`.
    #[must_use]
    pub fn next_open(&self, at: Timestamp) -> Timestamp {
        self.calendar.next_open(at)
    }

    /// The first close after `at`.
    #[must_use]
    pub fn next_close(&self, at: Timestamp) -> Timestamp {
        self.calendar.next_close(at)
    }

    /// The calendar date in India.
    #[must_use]
    pub fn date_of(&self, at: Timestamp) -> Date {
        ist_date(at)
    }

    /// When the books of a day begin: with the end of the brokers' sessions of the day before.
    #[must_use]
    pub fn day_begins(&self, day: Date) -> Timestamp {
        let midnight = TimeOfDay::new(0, 0).map_or(day.at_utc_midnight(), |time| ist_instant(day, time));
        self.calendar.broker_session_expiry(midnight)
    }

    /// The trading day whose book is shown at `at`: the latest that has begun.
    #[must_use]
    pub fn book_day(&self, at: Timestamp) -> Date {
        let today = ist_date(at);
        let begun = if at < self.day_begins(today) {
            today.plus_days(-1)
        } else {
            today
        };
        self.calendar.latest_trading_day_not_after(begun)
    }

    /// The trading day after `day`.
    #[must_use]
    pub fn next_day(&self, day: Date) -> Date {
        self.calendar.next_trading_day(day)
    }

    /// The trading day before `day`.
    #[must_use]
    pub fn day_before(&self, day: Date) -> Date {
        self.calendar.latest_trading_day_not_after(day.plus_days(-1))
    }

    /// Whether the market of `day` is closed for good.
    #[must_use]
    pub fn is_day_over(&self, day: Date, at: Timestamp) -> bool {
        self.calendar.close_of(day).is_none_or(|close| at >= close)
    }

    fn last_traded_at(&self, at: Timestamp) -> Timestamp {
        if self.calendar.is_open(at) {
            return at;
        }
        let today = self.calendar.latest_trading_day_not_after(ist_date(at));
        let before = self.calendar.latest_trading_day_not_after(today.plus_days(-1));
        let closes = [today, before]
            .into_iter()
            .filter_map(|day| self.calendar.close_of(day));
        closes
            .filter(|close| *close <= at)
            .max()
            .map_or(at, |close| close.plus_ms(-1))
    }
}

fn listing_of(security: &Security) -> Listing {
    let band = security.price_band();
    Listing {
        isin: security.isin.clone(),
        exchange: security.exchange,
        ticker: security.ticker.clone(),
        frame: Frame {
            centre: security.previous_close,
            tick: security.tick,
            low: band.low,
            high: band.high,
        },
        lot: security.lot,
        quantity_max: security.freeze,
        is_delivery_only: security.is_delivery_only(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use torana_domain::time::parse_iso;

    fn at(text: &str) -> Timestamp {
        parse_iso(text).unwrap()
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
        let market = Market::bundled();
        let infy = market.listing("INFY").unwrap();
        let last = market.last_price(7, &infy, at("2026-01-09T09:59:59.999Z"));
        for closed in [
            "2026-01-09T10:00:00.000Z",
            "2026-01-11T12:00:00.000Z",
            "2026-01-12T03:44:59.999Z",
        ] {
            assert_eq!(market.last_price(7, &infy, at(closed)), last, "{closed}");
        }
    }

    #[test]
    fn every_security_has_prices_that_can_be_traded() {
        let market = Market::bundled();
        for security in Master::bundled()
            .iter()
            .filter(|security| security.exchange == Exchange::Nse)
        {
            let listing = market.listing(&security.ticker).unwrap();
            let (low, high) = (listing.frame.low, listing.frame.high);
            for minute in 0..375 {
                let now = at("2026-01-05T03:45:00.000Z").plus_ms(minute * price::BAR_MS);
                let last = market.last_price(1, &listing, now);
                for side in [Side::Buy, Side::Sell] {
                    let (offer, limit) = (
                        market.offer(1, &listing, side, now),
                        market.protection(&listing, last, side),
                    );
                    let takes = if side == Side::Buy {
                        offer <= limit
                    } else {
                        offer >= limit
                    };
                    let inside = [last, offer, limit]
                        .iter()
                        .all(|price| (low..=high).contains(price));
                    let on_tick = [last, offer, limit]
                        .iter()
                        .all(|price| price.is_on_tick(listing.frame.tick));
                    assert!(
                        takes && inside && on_tick,
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
}
