//! What a transaction is for.

use serde::{Deserialize, Serialize};

use crate::money::{Price, Shares};
use crate::order::{OrderType, Side, Validity};

/// The intents of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IntentKind {
    /// Broker login only.
    Connect,
    /// Orders.
    Transaction,
    /// Import of demat holdings.
    HoldingsImport,
    /// Import of mutual-fund holdings.
    MfHoldingsImport,
    /// Available cash.
    FetchFunds,
    /// Start, change or end a SIP.
    SipSetup,
    /// Invest-more reminder.
    ImrSetup,
    /// Cancel an open after-market order.
    CancelAmo,
    /// Depository authorisation of sells.
    AuthoriseHoldings,
    /// Access to a fee-based smallcase.
    Subscription,
}

impl IntentKind {
    /// Every intent.
    pub const ALL: [Self; 10] = [
        Self::Connect,
        Self::Transaction,
        Self::HoldingsImport,
        Self::MfHoldingsImport,
        Self::FetchFunds,
        Self::SipSetup,
        Self::ImrSetup,
        Self::CancelAmo,
        Self::AuthoriseHoldings,
        Self::Subscription,
    ];

    /// The contract's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Transaction => "TRANSACTION",
            Self::HoldingsImport => "HOLDINGS_IMPORT",
            Self::MfHoldingsImport => "MF_HOLDINGS_IMPORT",
            Self::FetchFunds => "FETCH_FUNDS",
            Self::SipSetup => "SIP_SETUP",
            Self::ImrSetup => "IMR_SETUP",
            Self::CancelAmo => "CANCEL_AMO",
            Self::AuthoriseHoldings => "AUTHORISE_HOLDINGS",
            Self::Subscription => "SUBSCRIPTION",
        }
    }

    /// Parses the contract's exact word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|intent| intent.as_str() == text)
    }

    /// How long the interactive part may take, in milliseconds of world time.
    #[must_use]
    pub const fn lifetime_ms(self) -> i64 {
        const MINUTE: i64 = 60_000;
        match self {
            Self::Transaction => 15 * MINUTE,
            Self::Subscription => 45 * MINUTE,
            _ => 5 * MINUTE,
        }
    }
}

/// Version of a holdings payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldingsVersion {
    /// The older, flat layout.
    V1,
    /// The layout by security.
    V2,
}

/// One wished line of a basket. What is missing is entered by the user on the review page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasketLine {
    /// NSE ticker, upper case.
    pub ticker: String,
    /// Shares, 1..=10,000,000.
    pub quantity: Option<Shares>,
    /// Buy or sell.
    pub side: Option<Side>,
    /// Market or limit.
    pub order_type: OrderType,
    /// Limit price.
    pub price: Option<Price>,
    /// Day or immediate-or-cancel.
    pub validity: Validity,
}

/// Texts for the review page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderMeta {
    /// Name of the order, at most 100 characters.
    pub order_name: Option<String>,
    /// https address of a logo.
    pub order_logo: Option<String>,
}

/// A validated intent that runs to completion, as stored with its transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
// Kind first, the rest beside it: read back without a copy of the whole in between.
#[serde(tag = "kind", content = "asks", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Intent {
    /// Broker login only.
    Connect,
    /// Stock and ETF orders.
    Securities {
        /// 1..=100 lines.
        lines: Vec<BasketLine>,
        /// Texts for the review page.
        meta: OrderMeta,
    },
    /// Import of demat holdings.
    HoldingsImport {
        /// Which payload the webhook carries.
        version: HoldingsVersion,
        /// Whether demat funds are asked for too.
        mf_holdings: bool,
    },
    /// Available cash.
    FetchFunds,
    /// Depository authorisation of sells.
    AuthoriseHoldings,
}

impl Intent {
    /// The contract's intent.
    #[must_use]
    pub const fn kind(&self) -> IntentKind {
        match self {
            Self::Connect => IntentKind::Connect,
            Self::Securities { .. } => IntentKind::Transaction,
            Self::HoldingsImport { .. } => IntentKind::HoldingsImport,
            Self::FetchFunds => IntentKind::FetchFunds,
            Self::AuthoriseHoldings => IntentKind::AuthoriseHoldings,
        }
    }

    /// Whether any line is a limit order.
    #[must_use]
    pub fn has_limit_order(&self) -> bool {
        matches!(self, Self::Securities { lines, .. } if lines.iter().any(|line| line.order_type == OrderType::Limit))
    }
}
