//! One broker order: what is wanted, and what is known about it.

use serde::{Deserialize, Serialize};

use crate::ids::ClientReference;
use crate::money::{Price, Shares};
use crate::time::Timestamp;

/// Buy or sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Side {
    /// Buy.
    Buy,
    /// Sell.
    Sell,
}

/// Market or limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum OrderType {
    /// At the market.
    Market,
    /// At the given price or better.
    Limit,
}

/// How long an order lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Validity {
    /// Until the close of the trading day.
    Day,
    /// Fill what is possible at once, cancel the rest.
    Ioc,
}

/// Regular or after-market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Variety {
    /// In the session that is open.
    Regular,
    /// Queued at the broker for the next session.
    Amo,
}

macro_rules! text_of {
    ($type:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        impl $type {
            /// The contract's word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Parses the contract's exact word.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

text_of!(Side { Buy = "BUY", Sell = "SELL" });
text_of!(OrderType { Market = "MARKET", Limit = "LIMIT" });
text_of!(Validity { Day = "DAY", Ioc = "IOC" });
text_of!(Variety { Regular = "regular", Amo = "amo" });

/// The immutable instruction that is sent to a broker. Exchange is NSE, product is delivery (CNC).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderTicket {
    /// Our key of the order at the broker.
    pub reference: ClientReference,
    /// NSE ticker.
    pub ticker: String,
    /// ISIN.
    pub isin: String,
    /// Buy or sell.
    pub side: Side,
    /// Shares, > 0.
    pub quantity: Shares,
    /// Market or limit.
    pub order_type: OrderType,
    /// Limit price; `None` for market orders.
    pub price: Option<Price>,
    /// Day or immediate-or-cancel.
    pub validity: Validity,
    /// Regular or after-market.
    pub variety: Variety,
}

/// What is known about an order. Moves forward only; see [`OrderState::rank`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Committed, nothing was sent.
    Queued,
    /// Committed that it is about to be sent; after a crash that means [`OrderState::Unknown`].
    Submitting,
    /// Sent, and neither acceptance nor refusal is proven.
    Unknown,
    /// The broker took it (an order id exists), nothing final is known.
    Open,
    /// All shares are filled. Final.
    Complete,
    /// Some shares are filled, the rest will not be. Final.
    Partial,
    /// Accepted first, then rejected by broker or exchange without a fill. Final.
    Rejected,
    /// Cancelled without a fill. Final.
    Cancelled,
    /// Proven refused at the door, or never sent. Final; the order stands in `unplaced`.
    Unplaced,
}

text_of!(OrderState {
    Queued = "queued", Submitting = "submitting", Unknown = "unknown", Open = "open", Complete = "complete",
    Partial = "partial", Rejected = "rejected", Cancelled = "cancelled", Unplaced = "unplaced",
});

impl OrderState {
    /// Whether nothing more can happen.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Complete | Self::Partial | Self::Rejected | Self::Cancelled | Self::Unplaced
        )
    }

    /// Whether it is proven that the broker took the order.
    #[must_use]
    pub const fn is_accepted(self) -> bool {
        matches!(
            self,
            Self::Open | Self::Complete | Self::Partial | Self::Rejected | Self::Cancelled
        )
    }

    /// Forward order of the states: a change may only go to a higher rank.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Submitting => 1,
            Self::Unknown => 2,
            Self::Open => 3,
            Self::Complete | Self::Partial | Self::Rejected | Self::Cancelled | Self::Unplaced => 4,
        }
    }

    /// Whether `next` is a legal successor. `Open → Open` is allowed because fills may rise; `Submitting →
    /// Queued` is not: only a commit before the send proves that nothing was sent. An accepted order can
    /// never become `Unplaced`.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        if self.is_final() {
            return false;
        }
        match (self, next) {
            (Self::Open, Self::Unplaced) => false,
            (Self::Open, Self::Open) => true,
            _ => next.rank() > self.rank(),
        }
    }

    /// The word of the contract's `status` field.
    #[must_use]
    pub const fn wire_status(self) -> &'static str {
        match self {
            Self::Queued | Self::Submitting | Self::Unknown | Self::Open => "OPEN",
            Self::Complete => "COMPLETE",
            Self::Partial => "PARTIAL",
            Self::Cancelled => "CANCELLED",
            Self::Rejected | Self::Unplaced => "REJECTED",
        }
    }

    /// The word of the additive `rawStatus` field.
    #[must_use]
    pub const fn wire_raw_status(self) -> &'static str {
        match self {
            Self::Queued | Self::Submitting | Self::Unknown => "UNKNOWN",
            _ => self.wire_status(),
        }
    }
}

/// What proved an order's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Nothing yet.
    None,
    /// Our own log: it was never sent.
    NotSent,
    /// The broker's answer to the order call.
    BrokerAnswer,
    /// A look-up by reference.
    ReferenceLookup,
    /// The order book of the open day.
    OrderBook,
    /// The order book after the close.
    ClosedBook,
    /// An operator, with a note.
    Operator,
}

text_of!(Evidence {
    None = "none", NotSent = "not_sent", BrokerAnswer = "broker_answer", ReferenceLookup = "reference_lookup",
    OrderBook = "order_book", ClosedBook = "closed_book", Operator = "operator",
});

/// Standard reasons of single orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OrderErrorCode {
    /// Anything that fits no other code.
    #[serde(rename = "adapterError")]
    AdapterError,
    /// Broker or exchange does not take orders now.
    #[serde(rename = "tradingSystemNotReady")]
    TradingSystemNotReady,
    /// Not enough free or authorised holdings.
    #[serde(rename = "checkHoldings")]
    CheckHoldings,
    /// Not enough funds.
    #[serde(rename = "marginsExceeded")]
    MarginsExceeded,
    /// No counterparty within the validity.
    #[serde(rename = "orderUnmatched")]
    OrderUnmatched,
}

text_of!(OrderErrorCode {
    AdapterError = "adapterError", TradingSystemNotReady = "tradingSystemNotReady", CheckHoldings = "checkHoldings",
    MarginsExceeded = "marginsExceeded", OrderUnmatched = "orderUnmatched",
});

/// One order of a batch with everything that is known about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// What was asked for.
    pub ticket: OrderTicket,
    /// What is known.
    pub state: OrderState,
    /// Shares filled so far.
    pub filled: Shares,
    /// Average fill price; zero without a fill.
    pub average_price: Price,
    /// The broker's id, once known.
    pub broker_order_id: Option<String>,
    /// The exchange's id, once known.
    pub exchange_order_id: Option<String>,
    /// When broker or exchange took it.
    pub order_timestamp: Option<Timestamp>,
    /// Standard reason of a failure.
    pub error_code: Option<OrderErrorCode>,
    /// The broker's own words.
    pub status_message: Option<String>,
    /// What proved the state.
    pub evidence: Evidence,
    /// When that was true (world time).
    pub as_of: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::OrderState::{
        self, Cancelled, Complete, Open, Partial, Queued, Rejected, Submitting, Unknown, Unplaced,
    };

    const ALL: [OrderState; 9] = [
        Queued, Submitting, Unknown, Open, Complete, Partial, Rejected, Cancelled, Unplaced,
    ];

    #[test]
    fn states_move_forward_only() {
        let legal: &[(OrderState, &[OrderState])] = &[
            (
                Queued,
                &[
                    Submitting, Unknown, Open, Complete, Partial, Rejected, Cancelled, Unplaced,
                ],
            ),
            (
                Submitting,
                &[Unknown, Open, Complete, Partial, Rejected, Cancelled, Unplaced],
            ),
            (Unknown, &[Open, Complete, Partial, Rejected, Cancelled, Unplaced]),
            (Open, &[Open, Complete, Partial, Rejected, Cancelled]),
        ];
        for from in ALL {
            for to in ALL {
                let expected = legal
                    .iter()
                    .any(|(state, next)| *state == from && next.contains(&to));
                assert_eq!(from.may_become(to), expected, "{from:?} -> {to:?}");
            }
        }
    }

    #[test]
    fn words_round_trip() {
        for state in ALL {
            assert_eq!(OrderState::parse(state.as_str()), Some(state));
        }
    }
}
