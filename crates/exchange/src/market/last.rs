//! The last trade: its price and its instant.

use torana_clock::calendar::SessionGroup;
use torana_clock::ist::ist_date;
use torana_domain::money::Price;
use torana_domain::time::{Date, Timestamp};

use super::prices::closing_instant;
use super::{Listing, Market};
use crate::core::price::bar_start;
use crate::core::tape::Prices;

impl Market {
    /// The last traded price: of the running bar; before the market and in its pauses that of the last trade.
    #[must_use]
    pub fn last_price(&self, prices: Prices<'_>, listing: &Listing, at: Timestamp) -> Price {
        let trade = self.last_trade(prices, listing.group, at);
        let set = prices.tape.anchors.get(&listing.isin).map(|anchor| anchor.set);
        match (set, trade.price) {
            (Some(set), _) if trade.since < set.at && set.at <= at => set.price,
            (_, PriceOf::Bar(bar)) => self.day_prices(prices, listing, ist_date(bar)).at(bar),
            (_, PriceOf::Close(day)) => self.close(prices, listing, day),
        }
    }

    /// When the last price was made: with its bar, by a trade of an auction, or when it was set.
    #[must_use]
    pub fn last_trade_at(&self, prices: Prices<'_>, listing: &Listing, at: Timestamp) -> Timestamp {
        let trade = self.last_trade(prices, listing.group, at);
        let made = match trade.price {
            PriceOf::Bar(bar) => trade.since.min(bar_start(bar)),
            PriceOf::Close(_) => trade.since,
        };
        let set = prices.tape.anchors.get(&listing.isin).map(|anchor| anchor.set.at);
        set.filter(|set| *set <= at).map_or(made, |set| made.max(set))
    }

    /// The last trade of the market at or before `at`.
    fn last_trade(&self, prices: Prices<'_>, group: SessionGroup, at: Timestamp) -> LastTrade {
        let today = ist_date(at);
        let close_of = |day: Date| LastTrade {
            since: self.times(group, day).map_or(at, |times| closing_instant(&times)),
            price: PriceOf::Close(day),
        };
        let Some(times) = self.times(group, today) else {
            return close_of(self.day_before(today));
        };
        let bar = if at < times.opens_at() {
            return close_of(self.day_before(today));
        } else if at < times.continuous_from {
            // The opening auction has made the price at which continuous trading will begin.
            return LastTrade {
                since: times.opens_at(),
                price: PriceOf::Bar(times.continuous_from),
            };
        } else if at < times.continuous_to {
            at
        } else if at < times.closes_at() {
            times.continuous_to.plus_ms(-1)
        } else {
            return close_of(today);
        };
        let bar = self.before_stop(prices, today, bar);
        LastTrade {
            since: bar,
            price: PriceOf::Bar(bar),
        }
    }
}

/// The last trade of the market.
#[derive(Clone, Copy, Debug)]
struct LastTrade {
    /// Its instant.
    since: Timestamp,
    price: PriceOf,
}

/// Which price is asked for.
#[derive(Clone, Copy, Debug)]
enum PriceOf {
    /// That of the bar with this instant.
    Bar(Timestamp),
    /// The official close of a day.
    Close(Date),
}
