//! What was looked up and computed before: orders ask for the same securities and days again and again.
//!
//! Invariant: a memo changes no answer. It belongs to one calendar and one list of securities, and the prices in it
//! to a seed and an anchor.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use torana_domain::time::{Date, Timestamp};
use torana_instruments::Security;

use super::{DayPrices, Listing};
use crate::core::book::Instrument;
use crate::core::tape::Anchor;

/// Most days of securities whose prices are kept; then it begins anew.
const DAYS_MAX: usize = 16_384;
/// Most days whose instants are kept.
const INSTANTS_MAX: usize = 512;

/// A security, a trading day and the seed of a world.
type DayKey = (Instrument, Date, u64);

/// Listings and day prices of one market.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    listings: Mutex<BTreeMap<Instrument, Arc<Listing>>>,
    days: Mutex<BTreeMap<DayKey, (Anchor, DayPrices)>>,
    instants: Mutex<BTreeMap<Date, Arc<[Timestamp]>>>,
}

impl Memo {
    /// A security as orders need it.
    pub(super) fn listing(&self, security: &Security) -> Arc<Listing> {
        let key = Instrument::new(security.exchange, &security.isin);
        let mut listings = self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        let listing = listings
            .entry(key)
            .or_insert_with(|| Arc::new(Listing::of(security)));
        Arc::clone(listing)
    }

    /// The instants of a day at which something may happen.
    pub(super) fn instants(&self, day: Date, compute: impl FnOnce() -> Arc<[Timestamp]>) -> Arc<[Timestamp]> {
        let mut instants = self.instants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = instants.get(&day) {
            return Arc::clone(known);
        }
        if instants.len() >= INSTANTS_MAX {
            instants.clear();
        }
        let computed = compute();
        instants.insert(day, Arc::clone(&computed));
        computed
    }

    /// The prices of a day in a world with this seed that go on from `anchor`.
    pub(super) fn day_prices(
        &self,
        seed: u64,
        listing: &Listing,
        day: Date,
        anchor: Anchor,
        compute: impl FnOnce() -> DayPrices,
    ) -> DayPrices {
        let key = (Instrument::new(listing.exchange, &listing.isin), day, seed);
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        match days.get(&key) {
            Some((from, prices)) if *from == anchor => *prices,
            _ => {
                let prices = compute();
                if days.len() >= DAYS_MAX {
                    days.clear();
                }
                days.insert(key, (anchor, prices));
                prices
            }
        }
    }
}
