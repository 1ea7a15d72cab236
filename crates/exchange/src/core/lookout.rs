//! When the price next reaches something that waits in a book.

use std::collections::BTreeMap;

use torana_domain::time::Timestamp;

use super::Step;
use super::book::{Instrument, Thresholds};
use super::price::next_bar;

/// What is known about the books on the way to one instant. It holds nothing that the state does not say; it
/// only saves looking at the same prices twice.
pub(super) struct Lookout {
    until: Timestamp,
    known: BTreeMap<Instrument, Sight>,
}

#[derive(Clone, Copy)]
struct Sight {
    /// What the book waited for when it was looked at.
    thresholds: Thresholds,
    /// What had been set until then.
    changes: u64,
    /// The first bar that reaches it.
    next: Option<Timestamp>,
}

impl Lookout {
    /// A view of everything up to and including `until`.
    pub const fn new(until: Timestamp) -> Self {
        Self {
            until,
            known: BTreeMap::new(),
        }
    }

    /// The first bar after the world's present in which something happens in a book.
    pub fn next(&mut self, step: &Step<'_>) -> Option<Timestamp> {
        let now = step.state.now;
        if next_bar(now) > self.until {
            return None;
        }
        let changes = step.state.tape.changes;
        let mut first: Option<Timestamp> = None;
        for (instrument, book) in &step.state.books {
            let thresholds = book.thresholds();
            let holds = |sight: &&Sight| {
                let is_ahead = sight.next.is_none_or(|next| next > now);
                sight.thresholds == thresholds && sight.changes == changes && is_ahead
            };
            let known = self.known.get(instrument).filter(holds);
            let sight = known.copied().unwrap_or_else(|| Sight {
                thresholds,
                changes,
                next: step.look(instrument, thresholds, now, self.until),
            });
            self.known.insert(*instrument, sight);
            first = match (first, sight.next) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        first
    }

    /// The books in which something happens at `at`.
    pub fn due(&self, at: Timestamp) -> Vec<Instrument> {
        let due = self.known.iter().filter(|(_, sight)| sight.next == Some(at));
        due.map(|(instrument, _)| *instrument).collect()
    }
}

impl Step<'_> {
    fn look(
        &self,
        instrument: &Instrument,
        thresholds: Thresholds,
        after: Timestamp,
        until: Timestamp,
    ) -> Option<Timestamp> {
        match self.listing_of(instrument) {
            Some(listing) => self.first_bar_reaching(&listing, &thresholds, after, until),
            // What left the list is withdrawn in the next bar.
            None => Some(next_bar(after)),
        }
    }
}
