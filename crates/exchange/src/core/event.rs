//! What happened in a world. The events alone rebuild the state; they are what is stored.

use serde::{Deserialize, Serialize};
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::{OrderErrorCode, Side};
use torana_domain::time::{Date, Timestamp};
use torana_instruments::Exchange;

use super::account::{Account, AccountKey, Short};
use super::alerts::{Alert, Firing};
use super::charges::Charges;
use super::command::Clearance;
use super::faults::{Fault, RequestClass};
use super::gtt::{Gtt, GttResult, GttStatus};
use super::order::{Ask, Due, PaperOrder};
use super::status::Status;
use super::tape::{Anchor, Halt, Tape, Tick};
use super::terms::{Product, Terms};

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
        /// The prices that it starts from.
        tape: Tape,
    },
    /// The next trading day began: settlement, a new book, no clearances.
    DayStarted {
        /// Which.
        day: Date,
        /// Whether the day that ended paid out what was due.
        settles: bool,
    },
    /// A price will be set, at its own instant.
    TickTaken {
        /// Which, of what, when.
        tick: Tick,
    },
    /// A price was set.
    PriceSet {
        /// As it was taken.
        tick: Tick,
        /// What the prices of the security go on from; none if it has left the list.
        anchor: Option<Anchor>,
    },
    /// The circuit breaker stopped all trading.
    TradingHalted {
        /// From when until when, and why.
        halt: Halt,
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
        /// Cleared shares, used ones included.
        authorised: Shares,
        /// The trading day with which the clearance ends.
        until: Date,
    },
    /// Clearances of an account ended with the hour of its broker, but for what sales need.
    ClearancesEnded {
        /// Where.
        key: AccountKey,
    },
    /// A user wants to clear shares at the depository.
    ClearanceRequested {
        /// Where.
        key: AccountKey,
        /// Its id.
        id: String,
        /// Shares by ISIN.
        wanted: Vec<Clearance>,
        /// The trading day with which the clearance will end.
        day: Date,
    },
    /// The depository got the right PIN; the clearances follow.
    ClearanceConfirmed {
        /// Where.
        key: AccountKey,
        /// Which request.
        id: String,
    },
    /// A position of the day became one of the other product.
    PositionConverted {
        /// Where.
        key: AccountKey,
        /// Which security.
        isin: String,
        /// On which exchange.
        exchange: Exchange,
        /// `Buy` for a long position, `Sell` for a short one.
        side: Side,
        /// Shares.
        quantity: Shares,
        /// Its product until now.
        from: Product,
    },
    /// Open intraday positions are being closed.
    IntradayClosing,
    /// What the day's trading cost: booked against cash.
    ContractNote {
        /// Where.
        key: AccountKey,
        /// The trading day.
        day: Date,
        /// The note.
        charges: Charges,
        /// The depository's fees, with GST.
        depository: Paise,
    },
    /// Purchases that wait to be paid out come a settlement later: the other side did not deliver.
    PayOutFailed {
        /// Where.
        key: AccountKey,
        /// Which security.
        isin: String,
        /// All that fail now.
        quantity: Shares,
    },
    /// Shares were sold and cannot be delivered: the exchange buys them in.
    DeliveryShort {
        /// Where.
        key: AccountKey,
        /// What is missing.
        short: Short,
    },
    /// Missing shares were bought in; the account pays.
    AuctionSettled {
        /// Where.
        key: AccountKey,
        /// Which auction.
        number: u64,
        /// Shares.
        quantity: Shares,
        /// At which price.
        price: Price,
    },
    /// A split or bonus issue counts from today on, for every account.
    SharesRestated {
        /// Which security.
        isin: String,
        /// Its ISIN from now on, where it changes.
        new_isin: Option<String>,
        /// Shares after it ...
        after: i64,
        /// ... for so many before it.
        before: i64,
        /// What a whole share is paid with where less than one is left over.
        price: Price,
        /// What its prices go on from, at the restated level. None if nobody lists it.
        anchor: Option<Anchor>,
    },
    /// The broker took an order. It came to its status through all that lead there.
    OrderAccepted {
        /// Where.
        key: AccountKey,
        /// The order as it enters the book, without its history.
        order: Box<PaperOrder>,
    },
    /// An open order came further, or waits for something else.
    OrderMoved {
        /// Where.
        key: AccountKey,
        /// Which.
        number: u64,
        /// Where it is now, by way of all that leads there.
        status: Status,
        /// Worst price.
        limit: Price,
        /// Its turn in the book.
        turn: Option<u64>,
        /// When it ends.
        ends: Option<Due>,
        /// What happens next.
        due: Due,
    },
    /// The user wants something of an open order.
    OrderAsked {
        /// Where.
        key: AccountKey,
        /// Which.
        number: u64,
        /// What.
        ask: Ask,
        /// What happens next.
        due: Due,
    },
    /// An open order got the terms that its user asked for.
    OrderModified {
        /// Where.
        key: AccountKey,
        /// Which.
        number: u64,
        /// The terms.
        terms: Terms,
        /// Worst price.
        limit: Price,
        /// Its turn in the book.
        turn: Option<u64>,
        /// When it ends.
        ends: Option<Due>,
        /// What happens next.
        due: Due,
    },
    /// An order filled, in part or to its end.
    OrderFilled {
        /// Where.
        key: AccountKey,
        /// Which.
        number: u64,
        /// Number of the trade; both sides of one have the same.
        trade: u64,
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
        /// `Cancelled` or `Rejected`.
        status: Status,
        /// Standard reason.
        code: Option<OrderErrorCode>,
        /// Reason in words.
        text: String,
    },
    /// What was due behind an order that is done was sent, or is refused next.
    NextSent {
        /// Where.
        key: AccountKey,
        /// Behind which.
        number: u64,
    },
    /// A trigger was set up, or set up anew under its old number.
    GttSet {
        /// The trigger.
        gtt: Box<Gtt>,
    },
    /// A trigger is no longer active.
    GttEnded {
        /// Where.
        key: AccountKey,
        /// Which.
        number: u64,
        /// Why.
        status: GttStatus,
        /// What became of its order, if it placed one.
        result: Option<GttResult>,
    },
    /// An alert was set, or set anew under its old number.
    AlertSet {
        /// Where.
        key: AccountKey,
        /// The alert.
        alert: Box<Alert>,
    },
    /// The price reached an alert.
    AlertFired {
        /// Where.
        key: AccountKey,
        /// Which.
        number: u64,
        /// The market then, and what came of its orders.
        firing: Box<Firing>,
    },
    /// An alert can fire no more.
    AlertDisabled {
        /// Where.
        key: AccountKey,
        /// Which.
        number: u64,
        /// Why.
        why: String,
    },
    /// Its user deleted an alert.
    AlertDeleted {
        /// Where.
        key: AccountKey,
        /// Which.
        number: u64,
    },
    /// Orders, modifications and cancellations take another time per step.
    LatencySet {
        /// Milliseconds per step.
        ms: i64,
    },
    /// The messages that waited for the platform were taken.
    PushesTaken,
    /// The messages that waited for apps were taken.
    AppPushesTaken,
    /// A fault waits for its request.
    FaultSet {
        /// It.
        fault: Fault,
    },
    /// A fault hit a request.
    FaultFired {
        /// Which.
        number: u64,
        /// Whose request.
        key: AccountKey,
        /// Of which kind.
        request: RequestClass,
        /// Until when it hits everything else within its scope, if it lasts.
        open_until: Option<Timestamp>,
    },
    /// A fault drew for a request and spared it.
    FaultPassed {
        /// Which.
        number: u64,
    },
    /// A fault was taken back.
    FaultRemoved {
        /// Which.
        number: u64,
    },
}

impl Fact {
    /// The stored word of the kind of fact.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::WorldStarted { .. } => "world_started",
            Self::TickTaken { .. } => "tick_taken",
            Self::PriceSet { .. } => "price_set",
            Self::TradingHalted { .. } => "trading_halted",
            Self::DayStarted { .. } => "day_started",
            Self::BrokerOpened { .. } => "broker_opened",
            Self::AccountMade { .. } => "account_made",
            Self::SessionOpened { .. } => "session_opened",
            Self::SessionEnded { .. } => "session_ended",
            Self::SharesAuthorised { .. } => "shares_authorised",
            Self::ClearancesEnded { .. } => "clearances_ended",
            Self::ClearanceRequested { .. } => "clearance_requested",
            Self::ClearanceConfirmed { .. } => "clearance_confirmed",
            Self::PositionConverted { .. } => "position_converted",
            Self::IntradayClosing => "intraday_closing",
            Self::ContractNote { .. } => "contract_note",
            Self::PayOutFailed { .. } => "pay_out_failed",
            Self::DeliveryShort { .. } => "delivery_short",
            Self::AuctionSettled { .. } => "auction_settled",
            Self::SharesRestated { .. } => "shares_restated",
            Self::OrderAccepted { .. } => "order_accepted",
            Self::OrderMoved { .. } => "order_moved",
            Self::OrderAsked { .. } => "order_asked",
            Self::OrderModified { .. } => "order_modified",
            Self::OrderFilled { .. } => "order_filled",
            Self::OrderEnded { .. } => "order_ended",
            Self::NextSent { .. } => "next_sent",
            Self::GttSet { .. } => "gtt_set",
            Self::GttEnded { .. } => "gtt_ended",
            Self::AlertSet { .. } => "alert_set",
            Self::AlertFired { .. } => "alert_fired",
            Self::AlertDisabled { .. } => "alert_disabled",
            Self::AlertDeleted { .. } => "alert_deleted",
            Self::LatencySet { .. } => "latency_set",
            Self::PushesTaken => "pushes_taken",
            Self::AppPushesTaken => "app_pushes_taken",
            Self::FaultSet { .. } => "fault_set",
            Self::FaultFired { .. } => "fault_fired",
            Self::FaultPassed { .. } => "fault_passed",
            Self::FaultRemoved { .. } => "fault_removed",
        }
    }
}
