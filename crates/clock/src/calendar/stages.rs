//! The parts of one trading day for one group of securities, as instants.

use torana_domain::time::{Date, Timestamp};

use super::MarketCalendar;
use super::rules::{DatedHalt, MarketRules};
use super::session::{Accepts, Phase, Session, SessionGroup, SessionWindow};
use crate::ist::{TimeOfDay, ist_instant};

/// A call auction: entry, then matching at one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuctionTimes {
    /// Its first window begins; before `entry_from` the reference is being computed.
    pub from: Timestamp,
    /// Orders are taken from here on.
    pub entry_from: Timestamp,
    /// All orders match at this instant; entry ends at a random instant shortly before.
    pub match_at: Timestamp,
    /// Its last window ends.
    pub to: Timestamp,
}

/// A trading day of one group of securities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayTimes {
    /// The day.
    pub date: Date,
    /// The auction that opens it.
    pub opening: Option<AuctionTimes>,
    /// Continuous trading begins.
    pub continuous_from: Timestamp,
    /// Continuous trading ends.
    pub continuous_to: Timestamp,
    /// The auction that closes it.
    pub closing: Option<AuctionTimes>,
    /// Trading at the closing price, start and end.
    pub post_close: Option<(Timestamp, Timestamp)>,
}

impl DayTimes {
    /// When the official close is made: the closing auction matches, or continuous trading ends.
    #[must_use]
    pub fn closes_at(&self) -> Timestamp {
        self.closing
            .map_or(self.continuous_to, |auction| auction.match_at)
    }

    /// When the first price of the day is made: the opening auction matches, or continuous trading begins.
    #[must_use]
    pub fn opens_at(&self) -> Timestamp {
        self.opening
            .map_or(self.continuous_from, |auction| auction.match_at)
    }
}

/// The parts of `date`, which has this session, for `group`.
pub(super) fn times_of(session: &Session, date: Date, group: SessionGroup) -> Option<DayTimes> {
    let windows = session.windows.as_slice();
    let (from, to) = span(windows, group, Phase::Continuous, |_| true)?;
    let at = |time: TimeOfDay| ist_instant(date, time);
    let auction = |phase: Phase| {
        let (first, last) = span(windows, group, phase, |_| true)?;
        let takes = |window: &SessionWindow| window.accepts != Accepts::None;
        let (entry_from, entry_to) = span(windows, group, phase, takes)?;
        Some(AuctionTimes {
            from: at(first),
            entry_from: at(entry_from),
            match_at: at(entry_to),
            to: at(last),
        })
    };
    Some(DayTimes {
        date,
        opening: auction(Phase::PreOpen),
        continuous_from: at(from),
        continuous_to: at(to),
        closing: auction(Phase::ClosingAuction),
        post_close: span(windows, group, Phase::PostClose, |_| true).map(|(from, to)| (at(from), at(to))),
    })
}

impl MarketCalendar {
    /// The halts that the file dates on `date`, in order of their start.
    #[must_use]
    pub fn halts_on(&self, date: Date) -> &[DatedHalt] {
        self.halts.get(&date).map_or(&[], Vec::as_slice)
    }

    /// Rules of auctions, bands and the circuit breaker.
    #[must_use]
    pub const fn rules(&self) -> &MarketRules {
        &self.rules
    }
}

/// First start and last end of the windows of one phase.
fn span(
    windows: &[SessionWindow],
    group: SessionGroup,
    phase: Phase,
    counts: impl Fn(&SessionWindow) -> bool,
) -> Option<(TimeOfDay, TimeOfDay)> {
    let of_phase =
        |window: &&SessionWindow| window.phase == phase && window.applies_to(group) && counts(window);
    let first = windows.iter().find(of_phase)?;
    let last = windows.iter().rev().find(of_phase)?;
    Some((first.from, last.to))
}
