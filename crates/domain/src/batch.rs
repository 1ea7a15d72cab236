//! A batch: the group of orders that one confirmation hands over.

use serde::{Deserialize, Serialize};

use crate::money::{Paise, Value};
use crate::order::{Order, OrderState, Side};

/// The contract's batch statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum BatchStatus {
    /// Something is not final or not proven.
    Placed,
    /// Every order is filled completely.
    Completed,
    /// Everything is final, some shares are filled.
    PartiallyFilled,
    /// Everything is final, nothing is filled.
    Unfilled,
    /// Every order is proven refused or never sent.
    Unplaced,
}

impl BatchStatus {
    /// The contract's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "PLACED",
            Self::Completed => "COMPLETED",
            Self::PartiallyFilled => "PARTIALLYFILLED",
            Self::Unfilled => "UNFILLED",
            Self::Unplaced => "UNPLACED",
        }
    }

    /// The status that follows from the orders; the first rule that matches counts.
    #[must_use]
    pub fn of(orders: &[Order]) -> Self {
        if orders.iter().all(|order| order.state == OrderState::Unplaced) {
            Self::Unplaced
        } else if orders.iter().any(|order| !order.state.is_final()) {
            Self::Placed
        } else if orders.iter().all(|order| order.state == OrderState::Complete) {
            Self::Completed
        } else if orders.iter().any(|order| order.filled.0 > 0) {
            Self::PartiallyFilled
        } else {
            Self::Unfilled
        }
    }
}

/// Rupees traded on one side: Σ filled quantity × average price.
#[must_use]
pub fn traded_amount(orders: &[Order], side: Side) -> Paise {
    orders
        .iter()
        .filter(|order| order.ticket.side == side)
        .map(|order| order.average_price.times(order.filled))
        .sum::<Value>()
        .to_paise()
}

/// Number of orders that are filled completely.
#[must_use]
pub fn filled_count(orders: &[Order]) -> usize {
    orders
        .iter()
        .filter(|order| order.state == OrderState::Complete)
        .count()
}
