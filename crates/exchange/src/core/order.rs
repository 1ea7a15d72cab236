//! One order in the exchange's book.

use serde::{Deserialize, Serialize};
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::{OrderErrorCode, OrderState, OrderType, Side, Validity, Variety};
use torana_domain::time::{Date, Timestamp};

use super::line::Worth;
use super::price::fold;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// The client's own key; shown in the book.
    pub reference: Option<String>,
    /// Refuse the order if the account has one with this reference today already.
    pub is_reference_unique: bool,
    /// NSE ticker.
    pub ticker: String,
    /// Buy or sell.
    pub side: Side,
    /// Shares.
    pub quantity: Shares,
    /// Market or limit.
    pub order_type: OrderType,
    /// Limit price.
    pub price: Option<Price>,
    /// Day or immediate-or-cancel.
    pub validity: Validity,
    /// Regular or after-market.
    pub variety: Variety,
}

/// What happens next to an open order, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// World time.
    pub at: Timestamp,
    /// What.
    pub action: DueAction,
}

/// What happens to an open order by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DueAction {
    /// An after-market order enters the market.
    Release,
    /// The order meets the market for the first time and takes what is offered.
    Match,
    /// The market reaches the resting order, which fills at its own limit.
    Cross,
    /// The market closes.
    Close,
}

/// One order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperOrder {
    /// Its number in the world: the order of arrival.
    pub number: u64,
    /// The broker's id.
    pub broker_order_id: String,
    /// The exchange's id; none before the exchange has seen it.
    pub exchange_order_id: Option<String>,
    /// The client's own key.
    pub reference: Option<String>,
    /// NSE ticker.
    pub ticker: String,
    /// ISIN.
    pub isin: String,
    /// Buy or sell.
    pub side: Side,
    /// Ordered shares.
    pub quantity: Shares,
    /// Market or limit.
    pub order_type: OrderType,
    /// Asked limit price.
    pub price: Option<Price>,
    /// Day or immediate-or-cancel.
    pub validity: Validity,
    /// Regular or after-market.
    pub variety: Variety,
    /// The worst price at which it may fill: its limit, or the protection of a market order.
    pub limit: Price,
    /// Filled shares.
    pub filled: Shares,
    /// What they were worth.
    pub worth: Worth,
    /// `Open` or final.
    pub state: OrderState,
    /// Standard reason of an end without a complete fill.
    pub error_code: Option<OrderErrorCode>,
    /// The same in words.
    pub status_message: Option<String>,
    /// When the broker took it.
    pub placed_at: Timestamp,
    /// What happens next; none when final.
    pub due: Option<Due>,
}

impl PaperOrder {
    /// Shares that are not filled.
    #[must_use]
    pub const fn remaining(&self) -> Shares {
        Shares(self.quantity.0 - self.filled.0)
    }

    /// Shares that may still fill.
    #[must_use]
    pub const fn reserved(&self) -> Shares {
        if self.state.is_final() {
            Shares(0)
        } else {
            self.remaining()
        }
    }

    /// Money that it may still need.
    #[must_use]
    pub fn blocked(&self) -> Paise {
        match self.side {
            Side::Buy => Worth::of(self.limit, self.reserved()).to_paise(),
            Side::Sell => Paise(0),
        }
    }

    /// Whether it may fill at `price`.
    #[must_use]
    pub fn takes(&self, price: Price) -> bool {
        match self.side {
            Side::Buy => price <= self.limit,
            Side::Sell => price >= self.limit,
        }
    }
}

/// Digits of an order id after its date.
const ID_SPACE: u64 = 1_000_000_000;

/// The broker's id of an order: the day as yymmdd and nine digits. They hang on the reference too, so that
/// after a reset of the world a new order does not get the id of another client's old one.
#[must_use]
pub fn broker_order_id(seed: u64, day: Date, number: u64, reference: Option<&str>) -> String {
    let draw = fold(seed ^ number, reference.unwrap_or_default().as_bytes()) % ID_SPACE;
    format!(
        "{:02}{:02}{:02}{draw:09}",
        day.year.rem_euclid(100),
        day.month,
        day.day
    )
}

/// The exchange's id of an order, made from the broker's.
#[must_use]
pub fn exchange_order_id(seed: u64, broker_order_id: &str) -> String {
    format!("1100000{:09}", fold(seed, broker_order_id.as_bytes()) % ID_SPACE)
}
