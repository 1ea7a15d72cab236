//! The words of an order: type, product, validity, protection.

use serde::{Deserialize, Serialize};
use torana_domain::money::{Price, Shares};
use torana_domain::order;

use super::charges::TradeKind;

/// How an order prices itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum OrderType {
    /// At the market, within its protection.
    #[serde(rename = "MARKET")]
    Market,
    /// At its price or better.
    #[serde(rename = "LIMIT")]
    Limit,
    /// A limit order that sleeps until the last price reaches its trigger.
    #[serde(rename = "SL")]
    Sl,
    /// A market order that sleeps until the last price reaches its trigger.
    #[serde(rename = "SL-M")]
    SlM,
}

impl OrderType {
    /// Every type.
    pub const ALL: [Self; 4] = [Self::Market, Self::Limit, Self::Sl, Self::SlM];

    /// The word that brokers use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Market => "MARKET",
            Self::Limit => "LIMIT",
            Self::Sl => "SL",
            Self::SlM => "SL-M",
        }
    }

    /// Whether the order has a limit price of its own.
    #[must_use]
    pub const fn has_price(self) -> bool {
        matches!(self, Self::Limit | Self::Sl)
    }

    /// Whether the order sleeps until a trigger.
    #[must_use]
    pub const fn has_trigger(self) -> bool {
        matches!(self, Self::Sl | Self::SlM)
    }
}

impl From<order::OrderType> for OrderType {
    fn from(order_type: order::OrderType) -> Self {
        match order_type {
            order::OrderType::Market => Self::Market,
            order::OrderType::Limit => Self::Limit,
        }
    }
}

/// What becomes of the shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Product {
    /// Delivery.
    Cnc,
    /// Intraday.
    Mis,
}

impl Product {
    /// The word that brokers use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cnc => "CNC",
            Self::Mis => "MIS",
        }
    }
}

impl From<Product> for TradeKind {
    fn from(product: Product) -> Self {
        match product {
            Product::Cnc => Self::Delivery,
            Product::Mis => Self::Intraday,
        }
    }
}

/// How long an order lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Validity {
    /// Until the close of the trading day.
    Day,
    /// Fill what is possible at once, cancel the rest.
    Ioc,
    /// So many minutes, but not beyond the close.
    Ttl(u32),
}

impl From<order::Validity> for Validity {
    fn from(validity: order::Validity) -> Self {
        match validity {
            order::Validity::Day => Self::Day,
            order::Validity::Ioc => Self::Ioc,
        }
    }
}

/// How far from the last price an order without a limit price may fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// As far as the table of the market says.
    Auto,
    /// So many hundredths of a percent, 1..=10,000.
    Bps(i64),
}

/// The part of an order that a modification may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Shares, filled ones included.
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
