//! Orders that the user confirms on the broker's own page.

use serde::Serialize;

use super::broker::BrokerView;
use super::orders::OrderLine;

/// Step 14 while the orders wait for the user. Actions: `continue`, `finish`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandOff {
    /// The broker.
    pub broker: BrokerView,
    /// The orders.
    pub lines: Vec<OrderLine>,
    /// Whether the user came back from there without a confirmation.
    pub was_left: bool,
}

/// A value that goes to the broker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Carried {
    /// Form name.
    pub name: String,
    /// What is posted.
    pub value: String,
}

/// The form that carries the orders to the broker. Its script sends it at once, without script a button does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SendOrders {
    /// The broker.
    pub broker: BrokerView,
    /// Absolute web address.
    pub url: String,
    /// What is posted there.
    pub fields: Vec<Carried>,
}
