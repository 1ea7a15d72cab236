//! The market around the accounts: securities, sessions and prices, read from the shipped data.

mod bars;
mod hours;
mod index;
mod last;
mod ledger;
mod memo;
mod prices;
mod stage;

use std::sync::Arc;

use torana_clock::calendar::{Accepts, Phase, SessionGroup};
use torana_clock::ist::{IST_OFFSET_MS, ist_date, ist_instant};
use torana_clock::{MarketCalendar, MarketRules};
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Price, Shares};
use torana_domain::time::{Date, Timestamp};
use torana_instruments::{Exchange, Kind, Master, Security};

use crate::core::command::SecurityName;
use crate::core::tape::Tape;
use crate::corporate::CorporateActions;
use crate::feed::MarketData;

pub use bars::DayBars;
pub(crate) use memo::Memo;
pub use prices::{DayPrices, NotSettable};
pub use stage::{Auction, AuctionStage, Entry, Stage};

/// Widest fixed band of a fund, in per cent.
const LIQUID_FUND_PERCENT_MAX: i64 = 5;

/// A security on an exchange, as far as orders need it. What changes from day to day is its
/// [`Frame`](crate::core::price::Frame).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// ISIN.
    pub isin: String,
    /// Where.
    pub exchange: Exchange,
    /// The ticker there.
    pub ticker: String,
    /// Its price in the list of securities, where its prices start in a new world.
    pub listed_price: Price,
    /// The tick of that price.
    pub listed_tick: Price,
    /// Its tick where that does not hang on the price.
    pub fixed_tick: Option<Price>,
    /// Whose hours it keeps.
    pub group: SessionGroup,
    /// How its price band is made.
    pub band: Band,
    /// Quantities are multiples of this.
    pub lot: Shares,
    /// Largest quantity of one order.
    pub quantity_max: Shares,
    /// Trade to trade: every trade is settled by delivery.
    pub is_delivery_only: bool,
}

/// How the price band of a security is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// Always this many per cent of the previous close.
    Fixed(i64),
    /// It widens by the steps for securities with derivatives.
    OfDerivatives,
    /// It widens by the steps for exchange-traded funds.
    OfFunds,
}

/// Securities and calendar of one market. The data is the same for every world; the prices are not.
#[derive(Clone, Debug)]
pub struct Market {
    calendar: Arc<MarketCalendar>,
    master: Arc<Master>,
    actions: Arc<CorporateActions>,
    memo: Arc<Memo>,
}

impl Market {
    /// A market of these data.
    #[must_use]
    pub fn new(calendar: Arc<MarketCalendar>, master: Arc<Master>, actions: Arc<CorporateActions>) -> Self {
        Self {
            calendar,
            master,
            actions,
            memo: Arc::default(),
        }
    }

    /// The market of a world that stands at `at`: the securities are those of its book day, so that a list comes
    /// into force with the start of a day and never in its middle.
    #[must_use]
    pub fn at(data: &MarketData, at: Timestamp) -> Self {
        let list = data.list_at(at);
        Self {
            calendar: Arc::clone(data.calendar()),
            master: Arc::clone(&list.master),
            actions: Arc::clone(data.actions()),
            memo: Arc::clone(&list.memo),
        }
    }

    /// Whether both have the same securities and the same calendar.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.calendar, &other.calendar) && Arc::ptr_eq(&self.master, &other.master)
    }

    /// The market that ships with Torana.
    #[must_use]
    pub fn bundled() -> Self {
        Self::at(&MarketData::bundled(), Timestamp(0))
    }

    /// The security with this NSE ticker.
    #[must_use]
    pub fn listing(&self, ticker: &str) -> Option<Arc<Listing>> {
        self.listing_on(Exchange::Nse, ticker)
    }

    /// The security with this ticker on an exchange.
    #[must_use]
    pub fn listing_on(&self, exchange: Exchange, ticker: &str) -> Option<Arc<Listing>> {
        self.master
            .by_symbol(exchange, ticker)
            .map(|security| self.listing_of(security))
    }

    /// The security with this ISIN: its NSE listing where there is one, else its BSE listing.
    #[must_use]
    pub fn listing_by_isin(&self, isin: &str) -> Option<Arc<Listing>> {
        self.master
            .by_isin(isin)
            .map(|security| self.listing_of(security))
    }

    /// The security that has this name at an exchange, as it is listed there.
    #[must_use]
    pub fn listing_named(&self, exchange: Exchange, name: &SecurityName) -> Option<Arc<Listing>> {
        let security = match name {
            SecurityName::Isin(isin) => self.master.listing(isin, exchange),
            SecurityName::Ticker(ticker) => self.master.by_symbol(exchange, ticker),
        };
        security.map(|security| self.listing_of(security))
    }

    /// Rules of auctions, bands and the circuit breaker.
    #[must_use]
    pub fn rules(&self) -> &MarketRules {
        self.calendar.rules()
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

    /// The tape of a world whose book begins with `day`: prices start from the list at the close before it.
    #[must_use]
    pub fn tape_from(&self, day: Date) -> Tape {
        let before = self.day_before(day);
        let closed_at = self.calendar.close_of(before);
        Tape::starting(before, closed_at.unwrap_or_else(|| self.day_begins(day)))
    }

    /// Per cent of the previous close that the band of a security has after `steps` widenings.
    pub(crate) fn band_percent(&self, listing: &Listing, steps: usize) -> i64 {
        let of = |all: &[i64]| all.get(steps).or(all.last()).copied().unwrap_or(1);
        match listing.band {
            Band::Fixed(percent) => percent,
            Band::OfDerivatives | Band::OfFunds => of(self.band_steps(listing)),
        }
    }

    /// The steps by which a band widens; none of a fixed one.
    fn band_steps(&self, listing: &Listing) -> &[i64] {
        let steps = &self.calendar.rules().dynamic_band;
        match listing.band {
            Band::Fixed(_) => &[],
            Band::OfDerivatives => &steps.derivatives,
            Band::OfFunds => &steps.etf,
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

    /// The start of a calendar date in India.
    #[must_use]
    pub const fn midnight_of(&self, day: Date) -> Timestamp {
        day.at_utc_midnight().plus_ms(-IST_OFFSET_MS)
    }

    /// When the books of a day begin: with the end of the brokers' sessions of the day before.
    #[must_use]
    pub fn day_begins(&self, day: Date) -> Timestamp {
        self.calendar.book_begins(day)
    }

    /// The trading day whose book is shown at `at`: the latest that has begun.
    #[must_use]
    pub fn book_day(&self, at: Timestamp) -> Date {
        self.calendar.book_day(at)
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

    /// The trading day that an order entered at `at` belongs to: today until its close, else the next one.
    #[must_use]
    pub fn order_day(&self, at: Timestamp) -> Date {
        self.calendar.trading_day_of(at)
    }

    /// Whether the market of `day` is closed for good.
    #[must_use]
    pub fn is_day_over(&self, day: Date, at: Timestamp) -> bool {
        self.calendar.close_of(day).is_none_or(|close| at >= close)
    }

    fn listing_of(&self, security: &Security) -> Arc<Listing> {
        self.memo.listing(security)
    }
}

impl Listing {
    fn of(security: &Security) -> Self {
        let band = match security.kind {
            _ if security.has_derivatives => Band::OfDerivatives,
            // A liquid fund has a narrow band that stays.
            Kind::Etf if security.band_percent > LIQUID_FUND_PERCENT_MAX => Band::OfFunds,
            _ => Band::Fixed(security.band_percent),
        };
        Self {
            isin: security.isin.clone(),
            exchange: security.exchange,
            ticker: security.ticker.clone(),
            listed_price: security.previous_close,
            listed_tick: security.tick,
            fixed_tick: security.fixed_tick,
            group: if security.has_derivatives {
                SessionGroup::Auction
            } else {
                SessionGroup::Plain
            },
            band,
            lot: security.lot,
            quantity_max: security.freeze,
            is_delivery_only: security.is_delivery_only(),
        }
    }
}

#[cfg(test)]
mod tests;
