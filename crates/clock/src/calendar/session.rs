//! The windows of one trading day.

use serde::Deserialize;
use torana_domain::time::Date;

use crate::ist::TimeOfDay;

/// What the market does at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Opening call auction: entry, matching and buffer.
    PreOpen,
    /// Continuous trading.
    Continuous,
    /// Closing auction: reference price, entry and matching.
    ClosingAuction,
    /// Trading at the closing price.
    PostClose,
    /// None of these.
    #[serde(skip)]
    Closed,
}

/// Which new orders a window takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Accepts {
    /// Market and limit orders.
    All,
    /// Limit orders only.
    Limit,
    /// No new orders.
    None,
}

/// Securities that share session hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionGroup {
    /// With a closing auction: securities that have derivatives.
    Auction,
    /// All others.
    Plain,
}

/// One window of a trading day, from its first millisecond up to, not including, its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionWindow {
    /// The session that it belongs to.
    pub phase: Phase,
    /// Start, IST.
    pub from: TimeOfDay,
    /// End, IST, exclusive.
    pub to: TimeOfDay,
    /// Which new orders may be entered.
    pub accepts: Accepts,
    #[serde(default)]
    applies: Applies,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Applies {
    #[default]
    All,
    Auction,
    Plain,
}

impl SessionWindow {
    /// Whether securities of `group` have this window.
    #[must_use]
    pub fn applies_to(&self, group: SessionGroup) -> bool {
        match self.applies {
            Applies::All => true,
            Applies::Auction => group == SessionGroup::Auction,
            Applies::Plain => group == SessionGroup::Plain,
        }
    }

    pub(super) fn covers(&self, time: TimeOfDay, group: SessionGroup) -> bool {
        self.from <= time && time < self.to && self.applies_to(group)
    }

    /// Whether the market counts as open in this window.
    fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Continuous | Phase::ClosingAuction) && self.accepts != Accepts::None
    }
}

/// Sessions in force from a date until the next timetable.
#[derive(Debug)]
pub(super) struct Timetable {
    pub valid_from: Date,
    pub session: Session,
}

/// A checked set of windows.
#[derive(Debug)]
pub(super) struct Session {
    /// Sorted by start; windows of one group do not overlap.
    pub windows: Vec<SessionWindow>,
    /// When the market is open for at least some securities: sorted, apart, never empty.
    pub open: Vec<(TimeOfDay, TimeOfDay)>,
}

impl Session {
    /// Checks the windows and derives the open intervals; the error is the reason in one line.
    pub fn new(mut windows: Vec<SessionWindow>) -> Result<Self, String> {
        windows.sort_by_key(|window| (window.from, window.to));
        if let Some(window) = windows.iter().find(|window| window.from >= window.to) {
            return Err(format!("a {:?} window ends before it starts", window.phase));
        }
        for group in [SessionGroup::Auction, SessionGroup::Plain] {
            let of_group: Vec<_> = windows.iter().filter(|window| window.applies_to(group)).collect();
            if of_group
                .windows(2)
                .any(|pair| matches!(pair, [a, b] if b.from < a.to))
            {
                return Err(format!("windows of group {group:?} overlap"));
            }
        }
        let open = merge(
            windows
                .iter()
                .filter(|window| window.is_open())
                .map(|window| (window.from, window.to)),
        );
        if open.is_empty() {
            return Err("no window in which the market is open".to_owned());
        }
        Ok(Self { windows, open })
    }
}

/// Joins intervals that touch or overlap; the input is sorted by start.
fn merge(sorted: impl Iterator<Item = (TimeOfDay, TimeOfDay)>) -> Vec<(TimeOfDay, TimeOfDay)> {
    let mut merged: Vec<(TimeOfDay, TimeOfDay)> = Vec::new();
    for (from, to) in sorted {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}
