//! What a world asks of the market about one security: its listing, its prices, what strangers offer.

use std::sync::Arc;

use torana_domain::money::{Price, Shares};
use torana_domain::order::Side;
use torana_domain::time::Timestamp;
use torana_instruments::{Exchange, PriceBand, protected_limit};

use super::Step;
use super::book::{Instrument, Thresholds};
use super::depth::{self, Level};
use super::price::{self, Course, Frame};
use super::terms::Protection;
use crate::market::Listing;

impl Step<'_> {
    /// The security with this ticker at an exchange.
    pub(super) fn listing(&self, exchange: Exchange, ticker: &str) -> Option<Arc<Listing>> {
        self.market.listing_on(exchange, ticker)
    }

    /// The security of a book.
    pub(super) fn listing_of(&self, instrument: &Instrument) -> Option<Arc<Listing>> {
        let (nse, bse) = self.market.tickers_of(instrument.isin());
        let ticker = match instrument.exchange {
            Exchange::Nse => nse,
            Exchange::Bse => bse,
        };
        self.listing(instrument.exchange, &ticker?)
    }

    /// Tick and band that orders of this instant must keep: those of the trading day that they belong to.
    pub(super) fn frame(&self, listing: &Listing) -> Frame {
        let day = self.market.order_day(self.at);
        self.market.frame(self.state.prices(), listing, day)
    }

    /// The last traded price.
    pub(super) fn last_price(&self, listing: &Listing) -> Price {
        self.market.last_price(self.state.prices(), listing, self.at)
    }

    /// What an order of `side` meets at once, best price first.
    pub(super) fn levels(&self, listing: &Listing, side: Side) -> impl Iterator<Item = Level> {
        let (last, frame) = (self.last_price(listing), self.frame(listing));
        depth::levels(self.course(listing), frame, last, listing.lot, side, self.at)
    }

    /// Shares that strangers trade in this bar at `price`.
    pub(super) fn traded(&self, listing: &Listing, price: Price) -> Shares {
        depth::traded(&self.course(listing), price, listing.lot, self.at)
    }

    fn course(&self, listing: &Listing) -> Course {
        self.market.course(self.state.seed, listing)
    }

    /// Whether orders meet each other now.
    pub(super) fn is_matching(&self, listing: &Listing) -> bool {
        self.market
            .is_matching(self.state.prices(), listing.group, self.at)
    }

    /// The limit behind an order without one, measured from `from`: in the band, on tick, and never narrower than
    /// what is offered at once.
    pub(super) fn protected(
        &self,
        listing: &Listing,
        from: Price,
        side: Side,
        protection: Protection,
    ) -> Price {
        let frame = self.frame(listing);
        let limit = match protection {
            Protection::Auto => return self.market.protection(&frame, from, side),
            Protection::Bps(bps) => {
                let band = PriceBand {
                    low: frame.low,
                    high: frame.high,
                };
                protected_limit(side, from, bps, frame.tick, &band).unwrap_or(from)
            }
        };
        match side {
            Side::Buy => limit.max(price::ask(from, &frame)),
            Side::Sell => limit.min(price::bid(from, &frame)),
        }
    }

    /// The first bar after `after` and up to `until` in which something happens in a book.
    pub(super) fn first_bar_reaching(
        &self,
        listing: &Listing,
        thresholds: &Thresholds,
        after: Timestamp,
        until: Timestamp,
    ) -> Option<Timestamp> {
        self.market
            .first_reaching(self.state.prices(), listing, thresholds, after, until)
    }
}
