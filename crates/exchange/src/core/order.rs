//! One order in the exchange's book.

use serde::{Deserialize, Serialize};
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::{OrderErrorCode, OrderState, Side, Variety};
use torana_domain::time::{Date, Timestamp};
use torana_instruments::Exchange;

use super::line::Worth;
use super::price::fold;
use super::terms::{OrderType, Product, Protection, Terms, Validity};

/// What a client asks for. Build it from [`OrderRequest::delivery`], so that a new field is no news to callers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// The client's own key; shown in the book.
    pub reference: Option<String>,
    /// Refuse the order if the account has one with this reference today already.
    pub is_reference_unique: bool,
    /// Where.
    pub exchange: Exchange,
    /// The ticker there.
    pub ticker: String,
    /// Buy or sell.
    pub side: Side,
    /// Delivery or intraday.
    pub product: Product,
    /// Regular or after-market.
    pub variety: Variety,
    /// Shares.
    pub quantity: Shares,
    /// Market, limit or stop-loss.
    pub order_type: OrderType,
    /// Limit price.
    pub price: Option<Price>,
    /// Price at which a stop-loss order wakes up.
    pub trigger_price: Option<Price>,
    /// Shares that are shown to others; all of them if `None`.
    pub disclosed: Option<Shares>,
    /// How long it lives.
    pub validity: Validity,
    /// How far an order without a limit price may go.
    pub protection: Protection,
}

impl OrderRequest {
    /// A regular market order for delivery on NSE that is good for the day.
    #[must_use]
    pub fn delivery(side: Side, ticker: &str, quantity: Shares) -> Self {
        Self {
            reference: None,
            is_reference_unique: false,
            exchange: Exchange::Nse,
            ticker: ticker.to_owned(),
            side,
            product: Product::Cnc,
            variety: Variety::Regular,
            quantity,
            order_type: OrderType::Market,
            price: None,
            trigger_price: None,
            disclosed: None,
            validity: Validity::Day,
            protection: Protection::Auto,
        }
    }

    /// The part that a modification may change.
    #[must_use]
    pub const fn terms(&self) -> Terms {
        Terms {
            quantity: self.quantity,
            order_type: self.order_type,
            price: self.price,
            trigger_price: self.trigger_price,
            disclosed: self.disclosed,
            validity: self.validity,
            protection: self.protection,
        }
    }
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
    /// Where.
    pub exchange: Exchange,
    /// The ticker there.
    pub ticker: String,
    /// ISIN.
    pub isin: String,
    /// Buy or sell.
    pub side: Side,
    /// Delivery or intraday.
    pub product: Product,
    /// Regular or after-market.
    pub variety: Variety,
    /// Ordered shares.
    pub quantity: Shares,
    /// Market, limit or stop-loss.
    pub order_type: OrderType,
    /// Asked limit price.
    pub price: Option<Price>,
    /// Price at which a stop-loss order wakes up.
    pub trigger_price: Option<Price>,
    /// Shares that are shown to others; all of them if `None`.
    pub disclosed: Option<Shares>,
    /// How long it lives.
    pub validity: Validity,
    /// How far an order without a limit price may go.
    pub protection: Protection,
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
