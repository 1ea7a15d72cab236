//! Prices that are set from outside: taken together, set each at its own instant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use torana_domain::exchange::Exchange;
use torana_domain::money::Price;
use torana_domain::time::Timestamp;

use super::Step;
use super::book::Instrument;
use super::command::{NewTick, Reply, TickProblem};
use super::event::Fact;
use super::tape::{Prices, Tick};
use crate::market::Listing;

/// Most prices of one command; the rest is left out.
pub const TICKS_MAX: usize = 10_000;

/// What a command refuses, by index.
type Refused = (TickProblem, Vec<(usize, String)>);

/// A price that is asked for, of a security that is known.
struct Asked {
    index: usize,
    listing: Arc<Listing>,
    at: Timestamp,
    price: Price,
}

impl Step<'_> {
    /// Takes prices, all or none. Those of this instant are set at once.
    pub(super) fn set_prices(&mut self, ticks: &[NewTick]) -> Reply {
        let asked = match self.asked(ticks) {
            Ok(asked) => asked,
            Err((why, ticks)) => return Reply::TicksRefused { why, ticks },
        };
        let off = self.not_settable(&asked);
        if !off.is_empty() {
            return Reply::TicksRefused {
                why: TickProblem::Price,
                ticks: off,
            };
        }
        let accepted = asked.len();
        for Asked {
            listing, at, price, ..
        } in asked
        {
            let tick = Tick {
                at,
                number: self.state.tape.tick_count + 1,
                isin: listing.isin.clone(),
                price,
            };
            self.emit(Fact::TickTaken { tick });
        }
        self.run_ticks();
        Reply::PricesSet { accepted }
    }

    fn asked(&self, ticks: &[NewTick]) -> Result<Vec<Asked>, Refused> {
        let (mut asked, mut unknown, mut past) = (Vec::new(), Vec::new(), Vec::new());
        for (index, tick) in ticks.iter().take(TICKS_MAX).enumerate() {
            let at = tick.at.unwrap_or(self.at);
            match self.market.listing_named(tick.exchange, &tick.security) {
                None => unknown.push((index, tick.security.as_str().to_owned())),
                Some(_) if at < self.at => past.push((index, at.to_iso())),
                Some(listing) => asked.push(Asked {
                    index,
                    listing,
                    at,
                    price: tick.price,
                }),
            }
        }
        match (unknown.is_empty(), past.is_empty()) {
            (false, _) => Err((TickProblem::Unknown, unknown)),
            (_, false) => Err((TickProblem::InPast, past)),
            _ => Ok(asked),
        }
    }

    /// The prices that cannot be set, with the reason: each is tried in order of time, after those that are
    /// waiting already.
    fn not_settable(&self, asked: &[Asked]) -> Vec<(usize, String)> {
        let listings: BTreeMap<&str, &Listing> = asked
            .iter()
            .map(|asked| (asked.listing.isin.as_str(), asked.listing.as_ref()))
            .collect();
        let waiting = self.state.tape.ticks.iter().filter_map(|tick| {
            let listing = listings.get(tick.isin.as_str())?;
            Some((tick.at, *listing, tick.price, None))
        });
        let new = asked
            .iter()
            .map(|asked| (asked.at, asked.listing.as_ref(), asked.price, Some(asked.index)));
        let mut all: Vec<_> = waiting.chain(new).collect();
        all.sort_by_key(|(at, ..)| *at);

        let (mut tape, seed) = (self.state.tape.clone(), self.state.seed);
        let mut refused = Vec::new();
        for (at, listing, price, index) in all {
            let prices = Prices { seed, tape: &tape };
            let anchor = match (self.market.set_price(prices, listing, at, price), index) {
                (Ok(anchor), _) => anchor,
                (Err(why), Some(index)) => {
                    refused.push((index, why.to_string()));
                    continue;
                }
                (Err(_), None) => self.market.set_nearest_price(prices, listing, at, price),
            };
            tape.anchors.insert(listing.isin.clone(), anchor);
        }
        refused
    }

    /// When the next price is set.
    pub(super) fn next_tick(&self) -> Option<Timestamp> {
        self.state.tape.ticks.first().map(|tick| tick.at)
    }

    /// Sets the prices whose instant has come. One that its day does not allow any more, because other prices
    /// were set in between, is moved to the nearest that it does.
    pub(super) fn run_ticks(&mut self) {
        let mut moved = BTreeSet::new();
        while let Some(tick) = self
            .state
            .tape
            .ticks
            .first()
            .filter(|tick| tick.at <= self.at)
            .cloned()
        {
            let listing = self.market.listing_by_isin(&tick.isin);
            let anchor = listing.map(|listing| {
                self.market
                    .set_nearest_price(self.state.prices(), &listing, tick.at, tick.price)
            });
            moved.insert(tick.isin.clone());
            self.emit(Fact::PriceSet { tick, anchor });
        }
        self.meet_moved(&moved);
        if moved.iter().any(|isin| self.market.is_in_index(isin)) {
            self.watch_index();
        }
    }

    /// What waits in the books meets the prices that were set.
    fn meet_moved(&mut self, moved: &BTreeSet<String>) {
        for isin in moved {
            for exchange in Exchange::ALL {
                let instrument = Instrument::new(exchange, isin);
                if self.state.books.contains_key(&instrument) {
                    self.meet_book(&instrument);
                }
            }
        }
    }
}
