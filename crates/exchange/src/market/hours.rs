//! The instants of a day at which something may happen to every world by itself.

use std::sync::Arc;

use torana_clock::calendar::SessionGroup;
use torana_clock::ist::ist_date;
use torana_domain::time::{Date, Timestamp};

use super::Market;

impl Market {
    /// Whether no auction, no start of a book and no midnight lies from `now` to `until`, both included. Halts that a
    /// world made by itself are not looked at; false may be too careful.
    #[must_use]
    pub(crate) fn is_plain(&self, now: Timestamp, until: Timestamp) -> bool {
        let today = ist_date(now);
        let instants = self.memo.instants(today, || self.instants_of(today));
        let next = instants.partition_point(|at| *at < now);
        instants.get(next).is_some_and(|at| *at > until)
    }

    /// In order, the midnight after `day` last. A day with a dated halt has none: then nothing is plain.
    fn instants_of(&self, day: Date) -> Arc<[Timestamp]> {
        if !self.calendar.halts_on(day).is_empty() {
            return Arc::default();
        }
        let groups = [SessionGroup::Auction, SessionGroup::Plain];
        let times = groups.into_iter().filter_map(|group| self.times(group, day));
        let auctions = times.flat_map(|times| [times.opening, times.closing]).flatten();
        let midnight = torana_clock::ist::ist_midnight(day.plus_days(1));
        let mut all: Vec<Timestamp> = auctions
            .map(|auction| auction.match_at)
            .chain([self.day_begins(day), midnight])
            .collect();
        all.sort_unstable();
        all.dedup();
        all.into()
    }
}
