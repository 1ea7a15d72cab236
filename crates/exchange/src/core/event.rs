//! What happened in a world. The events alone rebuild the state; they are what is stored.

use serde::{Deserialize, Serialize};
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Price, Shares};
use torana_domain::order::{OrderErrorCode, OrderState};
use torana_domain::time::{Date, Timestamp};

use super::account::{Account, AccountKey};
use super::order::{Due, PaperOrder};

/// One fact with its instant in world time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub fact: Fact,
}

/// The facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum Fact {
    /// The world began, empty.
    WorldStarted {
        /// Decides all prices.
        seed: u64,
        /// The trading day whose book is shown first.
        day: Date,
    },
    /// The next trading day began: settlement, a new book, no clearances.
    DayStarted {
        /// Which.
        day: Date,
    },
    /// A broker was used for the first time; its seeded accounts follow.
    BrokerOpened {
        /// Which.
        broker: BrokerKey,
    },
    /// An account exists.
    AccountMade {
        /// Its identity.
        key: AccountKey,
        /// What it starts with.
        account: Account,
    },
    /// A user logged in.
    SessionOpened {
        /// Where.
        key: AccountKey,
        /// SHA-256 of the token in hexadecimal digits.
        token_hash: String,
        /// When the broker ends the session.
        expires_at: Timestamp,
    },
    /// A login ended before its time.
    SessionEnded {
        /// Where.
        key: AccountKey,
        /// Which.
        token_hash: String,
    },
    /// Shares were cleared for sale.
    SharesAuthorised {
        /// Where.
        key: AccountKey,
        /// Which security.
        isin: String,
        /// Cleared shares of today, used ones included.
        authorised: Shares,
    },
    /// An order was taken.
    OrderAccepted {
        /// Where.
        key: AccountKey,
        /// The order as it enters the book.
        order: PaperOrder,
    },
    /// An open order waits for something else, or under another limit.
    OrderScheduled {
        /// Where.
        key: AccountKey,
        /// Which.
        number: u64,
        /// Worst price.
        limit: Price,
        /// The exchange's id, from the instant at which the exchange has it.
        exchange_order_id: Option<String>,
        /// What happens next.
        due: Due,
    },
    /// An order filled, in part or to its end.
    OrderFilled {
        /// Where.
        key: AccountKey,
        /// Which.
        number: u64,
        /// Shares.
        quantity: Shares,
        /// At which price.
        price: Price,
    },
    /// An open order ended without a complete fill.
    OrderEnded {
        /// Where.
        key: AccountKey,
        /// Which.
        number: u64,
        /// `Cancelled`, `Rejected`, or `Partial` if shares were filled before.
        state: OrderState,
        /// Standard reason.
        code: Option<OrderErrorCode>,
        /// Reason in words.
        text: String,
    },
}

impl Fact {
    /// The stored word of the kind of fact.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::WorldStarted { .. } => "world_started",
            Self::DayStarted { .. } => "day_started",
            Self::BrokerOpened { .. } => "broker_opened",
            Self::AccountMade { .. } => "account_made",
            Self::SessionOpened { .. } => "session_opened",
            Self::SessionEnded { .. } => "session_ended",
            Self::SharesAuthorised { .. } => "shares_authorised",
            Self::OrderAccepted { .. } => "order_accepted",
            Self::OrderScheduled { .. } => "order_scheduled",
            Self::OrderFilled { .. } => "order_filled",
            Self::OrderEnded { .. } => "order_ended",
        }
    }
}
