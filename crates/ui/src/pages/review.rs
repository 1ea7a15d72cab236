//! The review of a basket.

use serde::Serialize;
use torana_domain::money::{Paise, Price};
use torana_domain::order::{OrderType, Side, Validity, Variety};
use torana_domain::time::Timestamp;

use super::broker::BrokerView;

/// What is wrong with one field; the text is `field_error.{key}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Message id below `field_error.`.
    pub key: &'static str,
    /// The value that the text names, e.g. the tick size as text; empty where it names none.
    pub detail: String,
}

/// What is wrong with one line.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LineErrors {
    /// Buy or sell.
    pub side: Option<FieldError>,
    /// Shares.
    pub quantity: Option<FieldError>,
    /// Market or limit.
    pub order_type: Option<FieldError>,
    /// Limit price.
    pub price: Option<FieldError>,
    /// The line as a whole: unknown here, not tradable.
    pub line: Option<FieldError>,
}

/// One line of the basket. Inputs are named `line.{index}.type`, `.quantity`, `.orderType`, `.price`,
/// `.validity`; what is not editable is not posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewLine {
    /// Position in the basket.
    pub index: usize,
    /// NSE ticker.
    pub ticker: String,
    /// Company or fund.
    pub name: String,
    /// Last traded price.
    pub last_price: Option<Price>,
    /// Smallest step of a limit price.
    pub tick: Price,
    /// Buy or sell, if known.
    pub side: Option<Side>,
    /// Whether the user chooses the side.
    pub is_side_open: bool,
    /// Shares as entered.
    pub quantity: String,
    /// Whether the user enters the quantity.
    pub is_quantity_open: bool,
    /// Market or limit.
    pub order_type: OrderType,
    /// Limit price as entered.
    pub price: String,
    /// Day or immediate.
    pub validity: Validity,
    /// Whether order type, price and validity can be changed.
    pub are_terms_open: bool,
    /// Quantity × limit or last price.
    pub estimate: Option<Paise>,
    /// What is wrong.
    pub errors: LineErrors,
}

/// A price that moved by more than the allowed share since the review was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MovedPrice {
    /// NSE ticker.
    pub ticker: String,
    /// What the user saw.
    pub old: Price,
    /// What it is now.
    pub new: Price,
    /// Change in 1/100 of a percent.
    pub change: i64,
}

/// Step 11.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Review {
    /// The broker.
    pub broker: BrokerView,
    /// The partner's name of the order.
    pub order_name: Option<String>,
    /// Path of the partner's picture as Torana serves it.
    pub order_logo: Option<String>,
    /// The basket.
    pub lines: Vec<ReviewLine>,
    /// When the prices were true.
    pub as_of: Option<Timestamp>,
    /// Opaque name of this priced state; posted back, so that what the user saw is known.
    pub shown: String,
    /// Prices that moved since the user pressed "place".
    pub moved: Vec<MovedPrice>,
    /// Regular or after-market.
    pub variety: Variety,
    /// Estimate of all buys; `None` while a buy has no estimate.
    pub buy_total: Option<Paise>,
    /// Estimate of all sells; `None` while a sell has no estimate.
    pub sell_total: Option<Paise>,
    /// What is wrong with the basket as a whole, such as an operator's limit.
    pub error: Option<FieldError>,
}
