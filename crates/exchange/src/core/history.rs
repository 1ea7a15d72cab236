//! What an order went through. Brokers show a line for each status, and most lines come several at one instant
//! without anything else changing, so that they are kept together.

use serde::{Deserialize, Serialize};
use torana_domain::money::{Price, Shares};
use torana_domain::time::Timestamp;

use super::line::Worth;
use super::status::Status;

/// One line of an order's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    /// Where the order was from then on.
    pub status: Status,
    /// When it came there.
    pub at: Timestamp,
    /// Ordered shares at that time.
    pub quantity: Shares,
    /// Filled shares at that time.
    pub filled: Shares,
    /// What they were worth.
    pub worth: Worth,
    /// Asked limit price at that time.
    pub price: Option<Price>,
    /// Trigger at that time.
    pub trigger_price: Option<Price>,
}

/// Every status that an order had, the present one last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History(Vec<Chapter>);

/// Statuses of one instant with equal terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Chapter {
    at: Timestamp,
    quantity: Shares,
    filled: Shares,
    worth: Worth,
    price: Option<Price>,
    trigger_price: Option<Price>,
    statuses: Vec<Status>,
}

impl Chapter {
    const fn row(&self, status: Status) -> HistoryRow {
        HistoryRow {
            status,
            at: self.at,
            quantity: self.quantity,
            filled: self.filled,
            worth: self.worth,
            price: self.price,
            trigger_price: self.trigger_price,
        }
    }

    /// The row as a chapter of its own.
    fn beginning(row: &HistoryRow) -> Self {
        // Most walks have so many steps.
        let mut statuses = Vec::with_capacity(8);
        statuses.push(row.status);
        Self {
            at: row.at,
            quantity: row.quantity,
            filled: row.filled,
            worth: row.worth,
            price: row.price,
            trigger_price: row.trigger_price,
            statuses,
        }
    }
}

impl History {
    /// Adds what is true from now on.
    pub(super) fn push(&mut self, row: &HistoryRow) {
        match self.0.last_mut() {
            Some(chapter) if chapter.row(row.status) == *row => chapter.statuses.push(row.status),
            _ => self.0.push(Chapter::beginning(row)),
        }
    }

    /// Forgets everything after an instant.
    pub(super) fn forget_after(&mut self, then: Timestamp) {
        self.0.retain(|chapter| chapter.at <= then);
    }

    /// The rows, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = HistoryRow> + '_ {
        self.0
            .iter()
            .flat_map(|chapter| chapter.statuses.iter().map(|status| chapter.row(*status)))
    }

    /// The present.
    #[must_use]
    pub fn last(&self) -> Option<HistoryRow> {
        let chapter = self.0.last()?;
        chapter.statuses.last().map(|status| chapter.row(*status))
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(|chapter| chapter.statuses.len()).sum()
    }

    /// Whether nothing was written down.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
