//! Where the demo's world starts, and where it goes on after a restart.

use torana_domain::time::{Date, Timestamp};

use super::{MarketCalendar, days_from};
use crate::ist::{ist_date, ist_instant};

impl MarketCalendar {
    /// Where a new demo world starts: the demo's time of day on the latest trading day not after today, which
    /// may lie ahead of `wall_now`. A day whose special hours leave the market closed at that time is passed
    /// over, because a demo must be able to trade.
    #[must_use]
    pub fn demo_start(&self, wall_now: Timestamp) -> Timestamp {
        let today = ist_date(wall_now);
        let start = |day: Date| ist_instant(day, self.demo_starts);
        days_from(today, -1)
            .map(start)
            .find(|at| self.is_open(*at))
            .unwrap_or_else(|| start(today))
    }

    /// Where a demo world that stood at `saved` goes on: today's start if that lies ahead of it; else, if its
    /// market is closed, the next start on a trading day of its own; else where it stood.
    #[must_use]
    pub fn demo_restart(&self, saved: Timestamp, wall_now: Timestamp) -> Timestamp {
        let today = self.demo_start(wall_now);
        if today > saved {
            return today;
        }
        if self.is_open(saved) {
            return saved;
        }
        let start = |day: Date| ist_instant(day, self.demo_starts);
        days_from(ist_date(saved), 1)
            .map(start)
            .find(|at| *at > saved && self.is_open(*at))
            .unwrap_or(saved)
    }
}
