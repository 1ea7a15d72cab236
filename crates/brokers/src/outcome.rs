//! Plain values that go to and come from a broker.

use torana_credentials::secrets::Secret;
use torana_domain::ids::ClientReference;
use torana_domain::money::{Paise, Price, PriceBounds, Shares, Units};
use torana_domain::order::{OrderErrorCode, OrderState, Side};
use torana_domain::time::{Date, Timestamp};

/// A datum with the instant at which it was true (world time).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsOf<T> {
    /// The datum.
    pub value: T,
    /// When it was true.
    pub as_of: Timestamp,
}

/// What the user has to do to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginStep {
    /// Go to the broker's own page.
    Redirect {
        /// Absolute address.
        url: String,
    },
    /// Fill in a form that Torana shows. Sandbox brokers and brokers without a redirect only; never asks a
    /// live broker's password.
    CollectFields(Vec<Field>),
}

/// How orders reach a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Execution {
    /// We send them.
    Direct,
    /// The user confirms them on the broker's own page, which sends them.
    HandOff,
}

/// A form that the user's browser posts to another site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserForm {
    /// Absolute address.
    pub url: String,
    /// Names and values, in order.
    pub fields: Vec<(String, String)>,
}

/// How a user came back from the broker's page with the orders.
#[derive(Debug, Clone)]
pub enum HandOff {
    /// Confirmed there, with this login: the order book shows which orders exist.
    Confirmed(BrokerSession),
    /// Left there. Proves nothing by itself.
    Left,
}

/// One input of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name of the form field.
    pub name: &'static str,
    /// What the user reads.
    pub label: &'static str,
    /// Offered values (value, explanation); empty for free text.
    pub choices: Vec<(String, String)>,
    /// Whether the typed text is hidden.
    pub secret: bool,
}

/// What came back from the login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerReturn {
    /// Parameters of the return address, in order.
    Parameters(Vec<(String, String)>),
    /// Fields of our own form.
    Fields(Vec<(String, String)>),
}

/// A login at a broker.
#[derive(Debug, Clone)]
pub struct BrokerSession {
    /// The broker's stable client id; the identity that is compared.
    pub account_id: String,
    /// The broker's token for further calls.
    pub token: Secret,
    /// When the broker ends the session (world time).
    pub expires_at: Timestamp,
}

/// What the platform itself may read of an account, without a session of its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlatformScope {
    /// The order book: what brokers push to a platform's address when an order changes.
    Orders,
    /// Holdings, positions and demat funds, after the user's consent.
    Holdings,
}

/// Why a login did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The broker or user refused; the user may try again.
    #[error("{text}")]
    Refused {
        /// The broker's words, fit for the user.
        text: String,
    },
    /// No answer, or none that can be read.
    #[error("broker unavailable: {0}")]
    Unavailable(String),
}

/// Why a read failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    /// The session is over: the user must log in again.
    #[error("broker session expired")]
    SessionExpired,
    /// Too many calls.
    #[error("rate limited by the broker")]
    RateLimited {
        /// Seconds to wait, if the broker said so.
        retry_after_seconds: Option<u32>,
    },
    /// No answer in time, or a failure at the broker.
    #[error("broker unavailable: {0}")]
    Unavailable(String),
    /// An answer that cannot be read.
    #[error("unreadable broker answer: {0}")]
    Protocol(String),
    /// The broker has no such call.
    #[error("not offered by this broker")]
    Unsupported,
}

/// What became of an order call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceOutcome {
    /// The broker took the order.
    Accepted {
        /// Its id there.
        broker_order_id: String,
    },
    /// Proven: the broker did not take it.
    Refused {
        /// Standard reason.
        code: OrderErrorCode,
        /// The broker's words.
        text: String,
    },
    /// Proven not placed: shares must be authorised at the depository first.
    NeedsAuthorisation {
        /// The broker's words.
        text: String,
    },
    /// Proven not placed: the session is over, and no other order can be sent with it.
    SessionOver {
        /// The broker's words.
        text: String,
    },
    /// Neither is proven.
    Unknown {
        /// What went wrong, for the log.
        why: String,
    },
}

/// What became of a modification or cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// Taken.
    Accepted,
    /// Proven refused.
    Refused {
        /// The broker's words.
        text: String,
    },
    /// The broker does not know it: it may be filled already, read the order before believing anything.
    NotFound,
    /// Neither is proven.
    Unknown {
        /// What went wrong, for the log.
        why: String,
    },
}

/// One order as the broker's book shows it, already in our words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookEntry {
    /// The broker's id.
    pub broker_order_id: String,
    /// The exchange's id.
    pub exchange_order_id: Option<String>,
    /// Our reference, if the book shows one.
    pub reference: Option<ClientReference>,
    /// NSE ticker.
    pub ticker: String,
    /// Buy or sell.
    pub side: Side,
    /// Ordered shares.
    pub quantity: Shares,
    /// `Open`, or a final state; never one that is ours alone (`Queued`, `Submitting`, `Unknown`, `Unplaced`).
    pub state: OrderState,
    /// Filled shares.
    pub filled: Shares,
    /// Average fill price.
    pub average_price: Price,
    /// Standard reason of a failure.
    pub error_code: Option<OrderErrorCode>,
    /// The broker's words.
    pub status_message: Option<String>,
    /// When broker or exchange took it.
    pub order_timestamp: Option<Timestamp>,
}

/// The order book of one trading day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBook {
    /// Which day it shows.
    pub trading_day: Date,
    /// Whether that day is over, so that absence proves something.
    pub closed: bool,
    /// Its orders.
    pub entries: Vec<BookEntry>,
}

/// Shares in the demat account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// ISIN.
    pub isin: String,
    /// The broker's symbol on NSE, if listed there.
    pub nse_ticker: Option<String>,
    /// The broker's symbol on BSE, if listed there.
    pub bse_ticker: Option<String>,
    /// Settled shares.
    pub quantity: Shares,
    /// Bought and not yet settled.
    pub t1_quantity: Shares,
    /// Average cost.
    pub average_price: Price,
    /// Pledged shares.
    pub collateral_quantity: Shares,
    /// Shares cleared for sale today; all of them where no clearance is needed.
    pub authorised_quantity: Shares,
}

/// Units of one mutual fund in the demat account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DematFund {
    /// Folio number.
    pub folio: String,
    /// Scheme name.
    pub fund: String,
    /// The broker's symbol, usually the ISIN.
    pub tradingsymbol: String,
    /// ISIN.
    pub isin: String,
    /// Units.
    pub units: Units,
    /// Average cost per unit.
    pub average_price: Price,
    /// Last net asset value per unit.
    pub last_price: Price,
    /// Day of that value, if the broker says it.
    pub last_price_date: Option<Date>,
    /// Profit or loss at that value.
    pub pnl: Paise,
}

/// Today's net position of one instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetPosition {
    /// ISIN.
    pub isin: String,
    /// Symbol.
    pub ticker: String,
    /// Whether on BSE instead of NSE.
    pub on_bse: bool,
    /// Bought − sold today.
    pub quantity: Shares,
    /// Average price.
    pub average_price: Price,
}

/// Cash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Funds {
    /// What can be used for a buy now.
    pub available: Paise,
}

/// A last traded price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// NSE ticker.
    pub ticker: String,
    /// Last traded price.
    pub last_price: Price,
    /// What a limit must keep on the day of the next order; `None` where the broker does not say, then the list of
    /// securities counts.
    pub bounds: Option<PriceBounds>,
}

/// Shares that should be cleared for sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedAuthorisation {
    /// ISIN.
    pub isin: String,
    /// NSE ticker.
    pub ticker: String,
    /// Shares.
    pub quantity: Shares,
}

/// What the user has to do to clear shares for sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorisationStep {
    /// Nothing: a standing instruction covers it, or it is done already.
    NotNeeded,
    /// Go to a page of broker or depository.
    Redirect {
        /// Absolute address.
        url: String,
    },
    /// Fill in a form that Torana shows (sandbox brokers only).
    CollectFields(Vec<Field>),
    /// Once, in the broker's own app; the text says how.
    External {
        /// What to do.
        text: String,
    },
}
