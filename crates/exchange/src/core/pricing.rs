//! What a world asks of the market about one security: its listing, its prices, what strangers offer.

use torana_domain::money::{Price, Shares};
use torana_domain::order::Side;
use torana_domain::time::Timestamp;
use torana_instruments::{Exchange, PriceBand, protected_limit};

use super::Step;
use super::book::{Instrument, Thresholds};
use super::depth::{self, Level};
use super::price::{self, Frame, next_bar};
use super::terms::Protection;
use crate::market::Listing;

impl Step<'_> {
    /// The security with this ticker at an exchange.
    pub(super) fn listing(&self, exchange: Exchange, ticker: &str) -> Option<Listing> {
        self.market.listing_on(exchange, ticker)
    }

    /// The security of a book.
    pub(super) fn listing_of(&self, instrument: &Instrument) -> Option<Listing> {
        let (nse, bse) = self.market.tickers_of(instrument.isin());
        let ticker = match instrument.exchange {
            Exchange::Nse => nse,
            Exchange::Bse => bse,
        };
        self.listing(instrument.exchange, &ticker?)
    }

    /// Tick and band that orders of this instant must keep.
    #[expect(clippy::unused_self, reason = "the frame of a day hangs on the world")]
    pub(super) const fn frame(&self, listing: &Listing) -> Frame {
        listing.frame
    }

    /// The last traded price.
    pub(super) fn last_price(&self, listing: &Listing) -> Price {
        self.market.last_price(self.state.seed, listing, self.at)
    }

    /// What an order of `side` meets at once, best price first.
    pub(super) fn levels(&self, listing: &Listing, side: Side) -> impl Iterator<Item = Level> {
        let last = self.last_price(listing);
        depth::levels(
            self.state.seed,
            &listing.isin,
            &listing.frame,
            last,
            listing.lot,
            side,
            self.at,
        )
    }

    /// Shares that strangers trade in this bar at `price`.
    pub(super) fn traded(&self, listing: &Listing, price: Price) -> Shares {
        depth::traded(self.state.seed, &listing.isin, price, listing.lot, self.at)
    }

    /// Whether orders meet each other now.
    pub(super) fn is_matching(&self, _: &Listing) -> bool {
        self.market.is_open(self.at)
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
            Protection::Auto => return self.market.protection(listing, from, side),
            Protection::Bps(bps) => {
                let band = PriceBand {
                    low: frame.low,
                    high: frame.high,
                };
                protected_limit(side, from, bps, frame.tick, &band).unwrap_or(from)
            }
        };
        match side {
            Side::Buy => limit.max(price::ask(from, frame)),
            Side::Sell => limit.min(price::bid(from, frame)),
        }
    }

    /// The first bar after `after` and up to `until` in which something happens in a book.
    pub(super) fn first_bar_reaching(
        &self,
        listing: &Listing,
        thresholds: Thresholds,
        after: Timestamp,
        until: Timestamp,
    ) -> Option<Timestamp> {
        let mut bar = next_bar(after);
        while bar <= until {
            if !self.market.is_open(bar) {
                let open = next_bar(self.market.next_open(bar).plus_ms(-1));
                bar = open.max(next_bar(bar));
                continue;
            }
            let last = self.market.last_price(self.state.seed, listing, bar);
            let (ask, bid) = (price::ask(last, listing.frame), price::bid(last, listing.frame));
            let is_reached = thresholds.bid.is_some_and(|best| ask <= best)
                || thresholds.ask.is_some_and(|best| bid >= best)
                || thresholds.rise.is_some_and(|trigger| last >= trigger)
                || thresholds.fall.is_some_and(|trigger| last <= trigger);
            if is_reached {
                return Some(bar);
            }
            bar = next_bar(bar);
        }
        None
    }
}
