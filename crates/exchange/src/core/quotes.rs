//! What anybody can read of the market: prices, depth, the day so far, candles of the past.

use serde::{Deserialize, Serialize};
use torana_clock::calendar::SessionGroup;
use torana_domain::money::{Price, PriceBounds, Shares};
use torana_domain::time::Timestamp;

use super::Step;
use super::book::Instrument;
use super::candle::Candle;
use super::command::{Reply, SecurityName};
use super::depth::Level;
use super::tally::Moment;

/// Most securities of one question about the market; the rest is left out.
pub const MARKET_QUOTES_MAX: usize = 3_000;
/// Most days that one question about the past may reach over; later ones are left out.
pub const CANDLE_DAYS_MAX: i64 = 2_100;
/// Most candles of one answer; later ones are left out.
pub const CANDLES_MAX: usize = 20_000;

/// A security as its market shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketQuote {
    /// Which.
    pub instrument: Instrument,
    /// Last traded price.
    pub last_price: Price,
    /// Shares of that trade.
    pub last_quantity: Shares,
    /// When it was.
    pub last_trade_at: Timestamp,
    /// Official close of the trading day before.
    pub previous_close: Price,
    /// The trading day whose book is shown, so far; `None` before its first trade.
    pub day: Option<Candle>,
    /// Tick and band of the trading day that an order of now belongs to.
    pub bounds: PriceBounds,
    /// What is wanted, dearest first; nothing while orders do not match as they come.
    pub bids: Vec<Level>,
    /// What is offered, cheapest first; nothing while orders do not match as they come.
    pub asks: Vec<Level>,
}

/// How much time a candle covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// So many minutes from the start of continuous trading, 1 or more.
    Minutes(u16),
    /// A trading day.
    Day,
}

/// A question about the past of a security.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandleRange {
    /// Which security.
    pub instrument: Instrument,
    /// How much time each candle covers.
    pub span: Span,
    /// Candles that begin from here; of whole days, those of this date in India.
    pub from: Timestamp,
    /// And not after this. What lies after the world's present is left out.
    pub until: Timestamp,
}

impl Step<'_> {
    pub(super) fn market_quotes(&mut self, instruments: &[Instrument]) -> Reply {
        Reply::MarketQuotes(self.quotes_of(instruments))
    }

    /// The market of securities; unknown ones are left out.
    pub(super) fn quotes_of(&mut self, instruments: &[Instrument]) -> Vec<MarketQuote> {
        let mut tallies = std::mem::take(&mut self.state.tallies);
        let moment = self.moment();
        let stage = |group| moment.market.stage(moment.prices, group, moment.at);
        let (auction, plain) = (stage(SessionGroup::Auction), stage(SessionGroup::Plain));
        let stage_of = |group| match group {
            SessionGroup::Auction => auction,
            SessionGroup::Plain => plain,
        };
        tallies.renew(moment);
        let quotes = instruments
            .iter()
            .take(MARKET_QUOTES_MAX)
            .filter_map(|instrument| tallies.quote(moment, stage_of, *instrument))
            .collect();
        self.state.tallies = tallies;
        quotes
    }

    pub(super) fn price_bounds(&self, instruments: &[Instrument]) -> Reply {
        let bounds = |instrument: &Instrument| {
            let name = SecurityName::Isin(instrument.isin().to_owned());
            let listing = self.market.listing_named(instrument.exchange, &name)?;
            Some((*instrument, self.frame(&listing).bounds()))
        };
        let asked = instruments.iter().take(MARKET_QUOTES_MAX);
        Reply::PriceBounds(asked.filter_map(bounds).collect())
    }

    pub(super) fn candles(&self, range: &CandleRange) -> Reply {
        let name = SecurityName::Isin(range.instrument.isin().to_owned());
        let Some(listing) = self.market.listing_named(range.instrument.exchange, &name) else {
            return Reply::Candles(Vec::new());
        };
        let Moment { market, prices, .. } = self.moment();
        let until = range.until.min(self.at);
        let (first, last) = (market.date_of(range.from), market.date_of(until));
        let mut candles = Candles::new(range.span, range.from, until);
        let mut day = first.max(last.plus_days(-CANDLE_DAYS_MAX));
        while day <= last && candles.has_room() {
            if let Some(bars) = market.day_bars(prices, &listing, day, self.at) {
                let midnight = market.midnight_of(day);
                bars.each(bars.begins(), self.at, |bar| {
                    candles.add(midnight, bars.begins(), bar);
                });
            }
            day = day.plus_days(1);
        }
        Reply::Candles(candles.all)
    }

    fn moment(&self) -> Moment<'_> {
        Moment {
            market: self.market,
            prices: self.state.prices(),
            day: self.state.day,
            at: self.at,
        }
    }
}

/// Candles in the making.
struct Candles {
    span: Span,
    from: Timestamp,
    until: Timestamp,
    all: Vec<Candle>,
}

impl Candles {
    const fn new(span: Span, from: Timestamp, until: Timestamp) -> Self {
        Self {
            span,
            from,
            until,
            all: Vec::new(),
        }
    }

    fn has_room(&self) -> bool {
        self.all.len() < CANDLES_MAX
    }

    /// Puts a bar into the candle that it belongs to.
    fn add(&mut self, midnight: Timestamp, begins: Timestamp, bar: Candle) {
        let at = match self.span {
            Span::Day => midnight,
            Span::Minutes(minutes) => {
                let span_ms = i64::from(minutes.max(1)) * 60_000;
                let at = begins.plus_ms(bar.at.ms_since(begins).div_euclid(span_ms) * span_ms);
                if at < self.from || at > self.until {
                    return;
                }
                at
            }
        };
        let has_room = self.has_room();
        match self.all.last_mut() {
            Some(last) if last.at == at => last.join(&bar),
            _ if has_room => self.all.push(Candle { at, ..bar }),
            _ => {}
        }
    }
}
