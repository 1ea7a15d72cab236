//! What securities traded so far today, remembered between two questions.
//!
//! It can be thrown away at any time and is made again from seed and tape: it is no part of a world's state, is not
//! stored, and makes no two states differ.

use std::collections::BTreeMap;

use std::sync::Arc;

use torana_clock::calendar::SessionGroup;
use torana_domain::order::Side;
use torana_domain::time::{Date, Timestamp};

use super::book::Instrument;
use super::candle::Candle;
use super::command::SecurityName;
use super::depth;
use super::price::{bar_of, next_bar};
use super::quotes::MarketQuote;
use super::tape::{Anchor, Prices};
use crate::market::{DayBars, Listing, Market, Stage};

/// Totals by security.
#[derive(Clone, Debug, Default)]
pub struct Tallies {
    /// What all of them rest on.
    basis: Option<Basis>,
    by: BTreeMap<Instrument, Tally>,
}

impl PartialEq for Tallies {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Tallies {}

#[derive(Clone, Debug)]
struct Basis {
    market: Market,
    day: Date,
    halts: usize,
}

/// Totals of one security.
#[derive(Clone, Debug)]
struct Tally {
    listing: Arc<Listing>,
    /// The price that was set last when this was made.
    anchor: Option<Anchor>,
    bars: DayBars,
    /// The first bar that is not counted yet.
    next: Timestamp,
    day: Option<Candle>,
    /// What was shown last. It holds for its bar, as long as the market does the same.
    shown: Option<(i64, Stage, MarketQuote)>,
}

/// An instant of a world, as far as prices go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment<'a> {
    pub market: &'a Market,
    pub prices: Prices<'a>,
    /// The trading day whose book is shown.
    pub day: Date,
    pub at: Timestamp,
}

impl Tallies {
    /// Forgets what rests on other securities, another day or fewer halts.
    pub(super) fn renew(&mut self, moment: Moment<'_>) {
        let halts = moment.prices.tape.halts.len();
        let holds = self.basis.as_ref().is_some_and(|basis| {
            basis.market.is_same(moment.market) && basis.day == moment.day && basis.halts == halts
        });
        if !holds {
            self.by.clear();
            self.basis = Some(Basis {
                market: moment.market.clone(),
                day: moment.day,
                halts,
            });
        }
    }

    /// Everything about a security now; `stage` is what the market does with its group. `None` of what is not
    /// listed, and on a day on which it only trades in auctions.
    pub(super) fn quote(
        &mut self,
        moment: Moment<'_>,
        stage: impl Fn(SessionGroup) -> Stage,
        instrument: Instrument,
    ) -> Option<MarketQuote> {
        let anchor = moment.prices.tape.anchors.get(instrument.isin());
        let is_stale = |tally: &Tally| tally.anchor.as_ref() != anchor;
        if self.by.get(&instrument).is_none_or(is_stale) {
            self.by.insert(instrument, Tally::new(moment, instrument)?);
        }
        let tally = self.by.get_mut(&instrument)?;
        let stage = stage(tally.listing.group);
        Some(tally.show(moment, stage, instrument))
    }
}

impl Tally {
    fn new(moment: Moment<'_>, instrument: Instrument) -> Option<Self> {
        let Moment {
            market,
            prices,
            day,
            at,
        } = moment;
        let name = SecurityName::Isin(instrument.isin().to_owned());
        let listing = market.listing_named(instrument.exchange, &name)?;
        let bars = market.day_bars(prices, &listing, day, at)?;
        Some(Self {
            anchor: prices.tape.anchors.get(&listing.isin).copied(),
            listing,
            next: bars.begins(),
            bars,
            day: None,
            shown: None,
        })
    }

    fn show(&mut self, moment: Moment<'_>, stage: Stage, instrument: Instrument) -> MarketQuote {
        let bar = bar_of(moment.at);
        if let Some((shown_bar, shown_stage, quote)) = &self.shown
            && (*shown_bar, *shown_stage) == (bar, stage)
        {
            return quote.clone();
        }
        self.count(moment.at);
        let quote = self.quote(moment, stage, instrument);
        self.shown = Some((bar, stage, quote.clone()));
        quote
    }

    /// Adds the bars that have begun.
    fn count(&mut self, at: Timestamp) {
        let day = &mut self.day;
        self.bars
            .each(self.next, at, |bar| *day = Some(Candle::joined(*day, &bar)));
        self.next = self.next.max(next_bar(at));
    }

    fn quote(&self, moment: Moment<'_>, stage: Stage, instrument: Instrument) -> MarketQuote {
        let Moment {
            market, prices, at, ..
        } = moment;
        let (listing, lot) = (&self.listing, self.listing.lot);
        let course = market.course(prices.seed, listing);
        let frame = market.frame(prices, listing, market.order_day(at));
        let last_price = market.last_price(prices, listing, at);
        let last_trade_at = market.last_trade_at(prices, listing, at);
        let offers = |side: Side| match stage {
            Stage::Continuous => depth::levels(course, frame, last_price, lot, side, at).collect(),
            _ => Vec::new(),
        };
        MarketQuote {
            instrument,
            last_price,
            last_quantity: depth::last_traded(&course, last_price, lot, last_trade_at),
            last_trade_at,
            previous_close: self.bars.previous_close(),
            day: self.day,
            bounds: frame.bounds(),
            bids: offers(Side::Sell),
            asks: offers(Side::Buy),
        }
    }
}
