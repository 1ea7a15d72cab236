//! What stands between a confirmed basket and its orders.

use serde::Serialize;
use torana_domain::money::{Paise, Shares};
use torana_domain::time::Timestamp;

use super::broker::BrokerView;
use super::login::LoginField;

/// Buys cost more than there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FundsShort {
    /// Estimated cost.
    pub needed: Paise,
    /// Available cash.
    pub available: Paise,
    /// The difference.
    pub short: Paise,
}

/// A sell is larger than the holding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HoldingShort {
    /// NSE ticker.
    pub ticker: String,
    /// Company or fund.
    pub name: String,
    /// Shares to be sold.
    pub selling: Shares,
    /// Shares that can be sold.
    pub available: Shares,
}

/// Step 12: something is short. Actions: `recheck`, `proceed`, `edit`, `leave`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checks {
    /// The broker.
    pub broker: BrokerView,
    /// Cash, if short.
    pub funds: Option<FundsShort>,
    /// Holdings that are short.
    pub holdings: Vec<HoldingShort>,
    /// When this was true.
    pub as_of: Timestamp,
}

/// Shares that need clearance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuthoriseLine {
    /// NSE ticker.
    pub ticker: String,
    /// Company or fund.
    pub name: String,
    /// Shares.
    pub quantity: Shares,
}

/// How the clearance is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AuthoriseHow {
    /// On a page of broker or depository, in a window beside this one.
    Page {
        /// Absolute web address.
        url: String,
    },
    /// In a form of ours (sandbox).
    Form {
        /// Its inputs.
        fields: Vec<LoginField>,
    },
    /// In the broker's own app, then come back.
    External {
        /// What to do, in the broker's words.
        text: String,
    },
}

/// Step 12 continued, and the one step of `AUTHORISE_HOLDINGS`. Actions: `authorise`, `skip` (orders only).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Authorise {
    /// The broker.
    pub broker: BrokerView,
    /// What needs clearance.
    pub lines: Vec<AuthoriseLine>,
    /// How.
    pub how: AuthoriseHow,
    /// Whether an order can go on without it.
    pub may_skip: bool,
}

/// What can be done while the market is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketOffer {
    /// Queue the orders at the broker for the next session.
    AfterMarket,
    /// Nothing: the flow ends.
    End,
}

/// Step 13. Actions: `amo`, `leave`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Market {
    /// The broker.
    pub broker: BrokerView,
    /// Next opening, if known.
    pub opens_at: Option<Timestamp>,
    /// What can be done.
    pub offer: MarketOffer,
}
