//! Why an order is not taken: one variant, one text, one standard code per check.

use serde::{Deserialize, Serialize};
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::OrderErrorCode;
use torana_instruments::Exchange;

use super::gtt::GttStatus;
use super::status::Status;

/// A failed check.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No such security there.
    #[error("Unknown instrument {ticker}: it is not traded on {exchange}")]
    UnknownInstrument {
        /// Asked ticker.
        ticker: String,
        /// Where.
        exchange: Exchange,
    },
    /// A regular order outside the session.
    #[error("The market is closed; send the order as an after-market order or while the market is open")]
    MarketClosed,
    /// An order while all trading is stopped.
    #[error("Trading is halted in the whole market; orders can only be cancelled until it reopens")]
    TradingHalted,
    /// An order, a change or a cancellation in a call auction that is matching.
    #[error(
        "The call auction takes, changes and cancels no orders at this moment; wait for its entry or for trading"
    )]
    AuctionEntryClosed,
    /// A market order in the last part of the entry.
    #[error("The call auction takes only limit orders in the last part of its entry")]
    AuctionLimitOnly,
    /// An order that needs continuous trading.
    #[error("Stop-loss, IOC and disclosed-quantity orders are taken in continuous trading only")]
    NotInThisSession,
    /// An after-market order outside its window.
    #[error(
        "After-market orders are not taken now; send a regular order or wait for the after-market window"
    )]
    AmoClosed,
    /// An intraday order so late that its position would have to be closed already.
    #[error("Intraday positions are being closed: no new orders with the product MIS are taken today")]
    IntradayOver,
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
    /// A trigger off the tick.
    #[error("Trigger price {asked} is not a multiple of the tick size {tick}", asked = .asked.to_decimal(), tick = .tick.to_decimal())]
    TriggerOffTick {
        /// Trigger price.
        asked: Price,
        /// Tick.
        tick: Price,
    },
    /// A trigger outside the band of the day.
    #[error("Trigger price {asked} is outside the price band of {low} to {high}", asked = .asked.to_decimal(), low = .low.to_decimal(), high = .high.to_decimal())]
    TriggerOutsideBand {
        /// Trigger price.
        asked: Price,
        /// Lowest allowed price.
        low: Price,
        /// Highest allowed price.
        high: Price,
    },
    /// An intraday order in a security that is traded for delivery only.
    #[error(
        "This security is in the trade-to-trade segment: it is traded for delivery (CNC) only, not intraday (MIS)"
    )]
    DeliveryOnly,
    /// A stop-loss limit order without a price.
    #[error("A stop-loss limit order (SL) needs a price above 0")]
    StopPriceMissing,
    /// A stop-loss market order with a price.
    #[error("A stop-loss market order (SL-M) takes no price, only a trigger price")]
    StopPriceNotAllowed,
    /// A stop-loss order without a trigger.
    #[error("A stop-loss order needs a trigger price above 0")]
    TriggerMissing,
    /// A trigger on an order that has none.
    #[error("Market and limit orders take no trigger price; send SL or SL-M")]
    TriggerNotAllowed,
    /// A buy whose trigger lies above its limit.
    #[error("Trigger price {trigger} is above the limit price {limit}; a stop-loss buy needs a trigger at or below its price", trigger = .trigger.to_decimal(), limit = .limit.to_decimal())]
    TriggerAboveLimit {
        /// Trigger price.
        trigger: Price,
        /// Limit price.
        limit: Price,
    },
    /// A sale whose trigger lies below its limit.
    #[error("Trigger price {trigger} is below the limit price {limit}; a stop-loss sale needs a trigger at or above its price", trigger = .trigger.to_decimal(), limit = .limit.to_decimal())]
    TriggerBelowLimit {
        /// Trigger price.
        trigger: Price,
        /// Limit price.
        limit: Price,
    },
    /// A buy whose trigger is reached already.
    #[error("Trigger price {trigger} is not above the last price {last}; a stop-loss buy waits for a rise", trigger = .trigger.to_decimal(), last = .last.to_decimal())]
    TriggerNotAboveLast {
        /// Trigger price.
        trigger: Price,
        /// Last traded price.
        last: Price,
    },
    /// A sale whose trigger is reached already.
    #[error("Trigger price {trigger} is not below the last price {last}; a stop-loss sale waits for a fall", trigger = .trigger.to_decimal(), last = .last.to_decimal())]
    TriggerNotBelowLast {
        /// Trigger price.
        trigger: Price,
        /// Last traded price.
        last: Price,
    },
    /// A stop-loss order that may not wait.
    #[error("A stop-loss order waits for its trigger: it cannot be IOC")]
    StopIoc,
    /// Minutes out of range.
    #[error("An order with minutes lives 1 to {max} minutes")]
    BadTtl {
        /// Most minutes.
        max: u32,
    },
    /// A protection out of range.
    #[error("The market protection is more than 0 and at most 100 percent")]
    BadProtection,
    /// A protection of an order that has a price.
    #[error("Only orders without a price (MARKET, SL-M) take a market protection")]
    ProtectionNotAllowed,
    /// Too little of the order is shown.
    #[error("Disclosed quantity {disclosed} is less than a tenth of the order: disclose at least {least} shares", disclosed = .disclosed.0, least = .least.0)]
    DisclosedTooSmall {
        /// Shown shares.
        disclosed: Shares,
        /// Fewest that may be shown.
        least: Shares,
    },
    /// All of the order is shown, or more.
    #[error("Disclosed quantity {disclosed} must be less than the quantity {quantity}; leave it out to show all", disclosed = .disclosed.0, quantity = .quantity.0)]
    DisclosedTooLarge {
        /// Shown shares.
        disclosed: Shares,
        /// Ordered shares.
        quantity: Shares,
    },
    /// A part of an order that does not wait.
    #[error("An IOC order never waits in the book: it takes no disclosed quantity")]
    DisclosedIoc,
    /// A key of the client that is too long.
    #[error("The reference of an order has at most {max} characters")]
    ReferenceTooLong {
        /// Most characters.
        max: usize,
    },
    /// Trade-to-trade shares that are not in the demat account.
    #[error("Trade-to-trade shares can be sold after they are settled: the order sells {asked}, settled are {available} shares", asked = .asked.0, available = .available.0)]
    NotSettled {
        /// Ordered shares.
        asked: Shares,
        /// Settled, free shares.
        available: Shares,
    },
    /// The order has been modified too often.
    #[error("The order has been modified {max} times; cancel it and send a new one")]
    TooManyModifications {
        /// Most modifications.
        max: u32,
    },
    /// A modification that changes nothing.
    #[error(
        "The modification changes nothing: give another quantity, price, trigger price, type, validity or disclosed quantity"
    )]
    NothingModified,
    /// A modification below what is filled.
    #[error("Quantity {asked} is not more than the {filled} shares that are filled already", asked = .asked.0, filled = .filled.0)]
    QuantityFilled {
        /// Asked quantity.
        asked: Shares,
        /// Filled shares.
        filled: Shares,
    },
    /// An order that cannot be changed now.
    #[error("The order cannot be changed now: it is {}", .0.as_str())]
    NotChangeable(Status),
    /// A trigger at the last price.
    #[error("The trigger price is the last price {last}: it must be above or below it", last = .last.to_decimal())]
    GttAtLastPrice {
        /// Last traded price.
        last: Price,
    },
    /// Two triggers on one side of the last price.
    #[error("The first of two trigger prices must be below the last price {last}, the second above it", last = .last.to_decimal())]
    GttNotAround {
        /// Last traded price.
        last: Price,
    },
    /// Neither one leg nor two.
    #[error("A trigger has one leg, or two of which the first to be reached counts")]
    GttLegs,
    /// The account has too many triggers.
    #[error("The account has {max} active triggers; no more are taken")]
    TooManyGtts {
        /// Most active triggers.
        max: usize,
    },
    /// A trigger that is over.
    #[error("The trigger cannot be changed: it is {}", .0.as_str())]
    GttNotActive(GttStatus),
    /// A trigger that would move to another security.
    #[error("A trigger stays with its security; delete it and set up another one")]
    GttOtherInstrument,
    /// The account has too many alerts.
    #[error("The account has {max} alerts; no more are taken")]
    TooManyAlerts {
        /// Most alerts.
        max: usize,
    },
    /// An alert without a price, or with too many orders.
    #[error("An alert has a price above zero and at most {orders_max} orders")]
    BadAlert {
        /// Most orders.
        orders_max: usize,
    },
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
    /// A fault on demand: the caller's address.
    #[error("Orders are taken from registered static addresses only; this address is not registered")]
    AddressNotRegistered,
    /// A fault on demand: an order without a price.
    #[error("Market orders are not allowed here; send a limit order, or a market order with protection")]
    MarketOrderNotAllowed,
    /// A fault on demand: the money is gone.
    #[error("Insufficient funds: the margin for this order is not available any more")]
    FundsGone,
    /// A fault on demand: the shares are gone.
    #[error("Insufficient holdings: the shares for this order are not available any more")]
    SharesGone,
}

impl Refusal {
    /// The standard code.
    #[must_use]
    pub const fn code(&self) -> OrderErrorCode {
        match self {
            Self::MarketClosed
            | Self::AmoClosed
            | Self::TradingHalted
            | Self::AuctionEntryClosed
            | Self::AuctionLimitOnly
            | Self::NotInThisSession => OrderErrorCode::TradingSystemNotReady,
            Self::NotEnoughFunds { .. } | Self::FundsGone => OrderErrorCode::MarginsExceeded,
            Self::NotEnoughShares { .. } | Self::NotSettled { .. } | Self::SharesGone => {
                OrderErrorCode::CheckHoldings
            }
            _ => OrderErrorCode::AdapterError,
        }
    }
}
