//! Why an order is not taken: one variant, one text, one standard code per check.

use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::OrderErrorCode;

/// A failed check.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such security on NSE.
    #[error("Unknown instrument {0}: it is not traded on NSE")]
    UnknownInstrument(String),
    /// A regular order outside the session.
    #[error("The market is closed; send the order as an after-market order or while the market is open")]
    MarketClosed,
    /// An after-market order outside its window.
    #[error(
        "After-market orders are not taken now; send a regular order or wait for the after-market window"
    )]
    AmoClosed,
    /// No shares.
    #[error("Quantity must be at least 1")]
    NoQuantity,
    /// Not a multiple of the lot.
    #[error("Quantity {asked} is not a multiple of the lot size {lot}", asked = .asked.0, lot = .lot.0)]
    OddLot {
        /// Ordered shares.
        asked: Shares,
        /// Shares per lot.
        lot: Shares,
    },
    /// More shares than one order may have.
    #[error("Quantity {asked} is above the freeze quantity: one order may have {max} shares", asked = .asked.0, max = .max.0)]
    AboveFreeze {
        /// Ordered shares.
        asked: Shares,
        /// Most of one order.
        max: Shares,
    },
    /// A limit order without a price.
    #[error("A limit order needs a price above 0")]
    PriceMissing,
    /// A market order with a price.
    #[error("A market order takes no price")]
    PriceNotAllowed,
    /// Off the tick.
    #[error("Price {asked} is not a multiple of the tick size {tick}", asked = .asked.to_decimal(), tick = .tick.to_decimal())]
    OffTick {
        /// Limit price.
        asked: Price,
        /// Tick.
        tick: Price,
    },
    /// Outside the band of the day.
    #[error("Price {asked} is outside the price band of {low} to {high}", asked = .asked.to_decimal(), low = .low.to_decimal(), high = .high.to_decimal())]
    OutsideBand {
        /// Limit price.
        asked: Price,
        /// Lowest allowed price.
        low: Price,
        /// Highest allowed price.
        high: Price,
    },
    /// A kind of order that the exchange does not take.
    #[error("This kind of order is not taken: send a market or limit order for delivery, for the day or IOC")]
    NotOffered,
    /// Too much money in one order.
    #[error("Order value {asked} is above the limit of {max} for one order", asked = .asked.to_decimal(), max = .max.to_decimal())]
    ValueTooLarge {
        /// Value of the order.
        asked: Paise,
        /// Most of one order.
        max: Paise,
    },
    /// A second order with a reference that must be unique.
    #[error("An order with this reference exists already")]
    DuplicateReference,
    /// The account has sent too many orders today.
    #[error("The account has sent {max} orders today; no more are taken")]
    TooManyOrders {
        /// Most of one day.
        max: usize,
    },
    /// Too little money.
    #[error("Insufficient funds: the order needs {needed}, available is {available}", needed = .needed.to_decimal(), available = .available.to_decimal())]
    NotEnoughFunds {
        /// What the order would block.
        needed: Paise,
        /// What is free.
        available: Paise,
    },
    /// Too few shares.
    #[error("Insufficient holdings: the order sells {asked}, available are {available} shares", asked = .asked.0, available = .available.0)]
    NotEnoughShares {
        /// Ordered shares.
        asked: Shares,
        /// Free shares.
        available: Shares,
    },
}

impl Refusal {
    /// The standard code.
    #[must_use]
    pub const fn code(&self) -> OrderErrorCode {
        match self {
            Self::MarketClosed | Self::AmoClosed => OrderErrorCode::TradingSystemNotReady,
            Self::NotEnoughFunds { .. } => OrderErrorCode::MarginsExceeded,
            Self::NotEnoughShares { .. } => OrderErrorCode::CheckHoldings,
            _ => OrderErrorCode::AdapterError,
        }
    }
}
