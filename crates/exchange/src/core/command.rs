//! What can be asked of a world, and the answers. Plain values: they can cross a process border.

use serde::{Deserialize, Serialize};
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Paise, Price, PriceBounds, Shares, Units};
use torana_domain::order::{OrderErrorCode, Side};
use torana_domain::time::{Date, Timestamp};
use torana_instruments::Exchange;

use super::account::AccountKey;
use super::alerts::{Alert, AlertRequest};
use super::behaviour::Behaviour;
use super::book::Instrument;
use super::candle::Candle;
use super::charges::Charges;
use super::convert::Conversion;
use super::faults::{Disturbance, Fault, NewFault};
use super::gtt::{Gtt, GttRequest};
use super::modify::Change;
use super::needs::OrderNeed;
use super::order::{OrderRequest, PaperOrder, Trade};
use super::portfolio::{AuctionView, DayPosition, Hypothetical, MarginView};
use super::push::Push;
use super::quotes::{CandleRange, MarketQuote};
use super::refusal::Refusal;
use super::terms::Product;
use super::transcript::{EventPage, Place};

/// Most holdings that a new account may have.
pub const HOLDINGS_PER_ACCOUNT_MAX: usize = 500;
/// Most accounts of one world, the seeded ones included.
pub const ACCOUNTS_PER_WORLD_MAX: usize = 10_000;

/// A login of an account, as its calls prove it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRef {
    /// Whose.
    pub key: AccountKey,
    /// SHA-256 of the token in hexadecimal digits.
    pub token_hash: String,
}

/// Who reads an account. That the platform can only read is a matter of types: everything else takes a
/// [`SessionRef`], and no token proves to be the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    /// A user who is logged in.
    User(SessionRef),
    /// The platform itself, without a login of the account's user.
    Platform(AccountKey),
}

impl From<SessionRef> for Reader {
    fn from(session: SessionRef) -> Self {
        Self::User(session)
    }
}

/// How a security is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityName {
    /// NSE ticker.
    Ticker(String),
    /// ISIN.
    Isin(String),
}

impl SecurityName {
    /// The ticker or the ISIN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Ticker(text) | Self::Isin(text) => text,
        }
    }
}

/// A price that is to be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTick {
    /// Of which security.
    pub security: SecurityName,
    /// Where its ticker and its tick are looked up; the price is that of both exchanges.
    pub exchange: Exchange,
    /// The price.
    pub price: Price,
    /// When; now if `None`.
    pub at: Option<Timestamp>,
}

/// Why prices are not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TickProblem {
    /// Nobody knows the security.
    Unknown,
    /// Its instant is over.
    InPast,
    /// The price is off the tick or outside the band.
    Price,
}

/// A holding of an account that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewHolding {
    /// Which security.
    pub security: SecurityName,
    /// Settled shares, 0 or more.
    pub quantity: Shares,
    /// Shares bought on the day before, 0 or more.
    pub t1_quantity: Shares,
    /// Cost per share.
    pub average_price: Price,
    /// Shares cleared for sale, 0..=`quantity`.
    pub authorised: Shares,
}

/// An account that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAccount {
    /// Its identity.
    pub key: AccountKey,
    /// Its money, 0 or more.
    pub funds: Paise,
    /// Its shares; a security that is named twice is refused.
    pub holdings: Vec<NewHolding>,
    /// Whether sales need no clearance.
    pub ddpi: bool,
    /// What it does differently.
    pub behaviour: Behaviour,
}

/// Shares that should be cleared for sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clearance {
    /// ISIN.
    pub isin: String,
    /// Shares, > 0.
    pub quantity: Shares,
}

/// What can be asked. Each is answered after everything due up to its instant has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Makes the world if there is none; `start` counts only then. Answer: [`Reply::World`].
    EnsureWorld {
        /// Decides all prices.
        seed: u64,
        /// First instant.
        start: Timestamp,
    },
    /// Throws everything away and starts again. Answer: [`Reply::World`].
    Reset {
        /// Another seed; the present one if `None`.
        seed: Option<u64>,
        /// Another start; the present one if `None`.
        start: Option<Timestamp>,
    },
    /// Lets everything due happen. Answer: [`Reply::World`].
    AdvanceTo,
    /// Asks when something happens by itself. Answer: [`Reply::NextDue`].
    NextDue,
    /// Makes an account. Answer: [`Reply::AccountMade`], `AccountExists`, `SecurityNotFound` or `BadAccount`.
    CreateAccount(NewAccount),
    /// Lists a broker's accounts. Answer: [`Reply::Accounts`].
    ListAccounts(BrokerKey),
    /// Reads one account as a whole. Answer: [`Reply::Account`], `SessionExpired` or `NoSuchAccount`.
    Account(Reader),
    /// Logs in. Answer: [`Reply::LoggedIn`] or `LoginRefused`.
    Login {
        /// Where.
        session: SessionRef,
        /// When the broker will end the session.
        expires_at: Timestamp,
    },
    /// Logs out; an unknown session is ended already. Answer: [`Reply::Done`].
    Logout(SessionRef),
    /// Reads the shares. Answer: [`Reply::Holdings`] or `SessionExpired`, as for all commands below; `NoSuchAccount`
    /// for the platform, as for all that take a [`Reader`].
    Holdings(Reader),
    /// Reads today's positions. Answer: [`Reply::Positions`].
    Positions(Reader),
    /// Reads the fund units. Answer: [`Reply::DematFunds`].
    DematFunds(Reader),
    /// Reads the money. Answer: [`Reply::Funds`].
    Funds(SessionRef),
    /// Reads last prices; unknown tickers are left out. Answer: [`Reply::Quotes`].
    Quotes {
        /// Who asks.
        session: SessionRef,
        /// NSE tickers.
        tickers: Vec<String>,
    },
    /// Reads the market of securities; unknown ones are left out. Answer: [`Reply::MarketQuotes`].
    MarketQuotes {
        /// Who asks.
        session: SessionRef,
        /// Which securities.
        instruments: Vec<Instrument>,
    },
    /// Reads what prices of securities must keep; unknown ones are left out. Answer: [`Reply::PriceBounds`].
    PriceBounds {
        /// Who asks.
        session: SessionRef,
        /// Which securities.
        instruments: Vec<Instrument>,
    },
    /// Reads the past of a security. Answer: [`Reply::Candles`], empty for an unknown one.
    Candles {
        /// Who asks.
        session: SessionRef,
        /// What of it.
        range: CandleRange,
    },
    /// Asks whether anything happened that a live feed tells. Answer: [`Reply::OrderNews`].
    OrderNews {
        /// Who asks.
        session: SessionRef,
        /// Lines of all orders' histories that the caller knows of.
        rows: u64,
        /// When the caller asked last.
        since: Timestamp,
    },
    /// Asks whether shares have to be cleared before they can be sold. Answer: [`Reply::ClearanceNeeded`].
    IsClearanceNeeded {
        /// Who asks.
        session: SessionRef,
        /// Shares.
        wanted: Vec<Clearance>,
    },
    /// Clears shares for sale, as far as they are there. Answer: [`Reply::Done`] or `WrongTpin`.
    Authorise {
        /// Who asks.
        session: SessionRef,
        /// Shares.
        wanted: Vec<Clearance>,
        /// The depository's PIN.
        tpin: String,
    },
    /// Begins a clearance that the user confirms at the depository; no shares named means all settled ones. Answer:
    /// [`Reply::ClearanceRequested`] or `ClearanceRefused`.
    RequestClearance {
        /// Who asks.
        session: SessionRef,
        /// Shares.
        wanted: Vec<Clearance>,
    },
    /// Looks at a clearance that was begun, for the depository's page. Answer: [`Reply::Clearance`] or
    /// `NoSuchClearance`.
    ClearanceRequest {
        /// Whose.
        key: AccountKey,
        /// Which.
        id: String,
    },
    /// Confirms it. The user's browser brings no session, only the id. Answer: [`Reply::Done`], `WrongTpin` or
    /// `NoSuchClearance`.
    ConfirmClearance {
        /// Whose.
        key: AccountKey,
        /// Which.
        id: String,
        /// The depository's PIN.
        tpin: String,
    },
    /// Turns a position of today into the other product. Answer: [`Reply::Done`] or `ConversionRefused`.
    Convert {
        /// Who asks.
        session: SessionRef,
        /// Which position.
        conversion: Conversion,
    },
    /// Reads the money in full. Answer: [`Reply::Margins`].
    Margins(Reader),
    /// Reads today's trading by exchange and product. Answer: [`Reply::DayPositions`].
    DayPositions(Reader),
    /// Reads today's auctions of missing shares. Answer: [`Reply::Auctions`].
    Auctions(Reader),
    /// Asks what trades would cost. Answer: [`Reply::Charges`], one for each.
    Charges {
        /// Who asks.
        session: SessionRef,
        /// The trades.
        trades: Vec<Hypothetical>,
    },
    /// Asks what orders would need, without placing them. Answer: [`Reply::OrderNeeds`], or `SecurityNotFound` with the
    /// index of the order.
    OrderNeeds {
        /// Who asks.
        session: SessionRef,
        /// The orders.
        orders: Vec<OrderRequest>,
        /// Whether what the account has today counts.
        beside_positions: bool,
    },
    /// Lets the other side of purchases that wait to be paid out fail to deliver them. Answer: [`Reply::Done`] or
    /// `NoSuchAccount`.
    FailDelivery {
        /// Whose purchases.
        key: AccountKey,
        /// ISIN.
        isin: String,
    },
    /// Sends an order. Answer: [`Reply::OrderTaken`], `OrderRefused` or `OrderNeedsClearance`.
    Place {
        /// Who asks.
        session: SessionRef,
        /// The order.
        order: OrderRequest,
    },
    /// Cancels an order. Answer: [`Reply::Done`], `CancelRefused` or `OrderNotFound`.
    Cancel {
        /// Who asks.
        session: SessionRef,
        /// Which.
        broker_order_id: String,
    },
    /// Gives an open order other terms. Answer: [`Reply::Done`], `OrderRefused`, `OrderNeedsClearance` or
    /// `OrderNotFound`.
    Modify {
        /// Who asks.
        session: SessionRef,
        /// Which.
        broker_order_id: String,
        /// What is new.
        change: Change,
    },
    /// Sets prices, all or none. Answer: [`Reply::PricesSet`] or `TicksRefused`.
    SetPrices(Vec<NewTick>),
    /// Reads the book of the day. Answer: [`Reply::Book`].
    OrderBook(Reader),
    /// Reads one order of the day with its history. Answer: [`Reply::OrderHistory`] or `OrderNotFound`.
    OrderHistory {
        /// Who asks.
        reader: Reader,
        /// Which.
        broker_order_id: String,
    },
    /// Reads the executions of the day. Answer: [`Reply::Trades`].
    Trades(Reader),
    /// Reads the executions of one order of the day. Answer: [`Reply::Trades`] or `OrderNotFound`.
    OrderTrades {
        /// Who asks.
        reader: Reader,
        /// Which.
        broker_order_id: String,
    },
    /// Sets a trigger up. Answer: [`Reply::GttTaken`] or `GttRefused`.
    PlaceGtt {
        /// Who asks.
        session: SessionRef,
        /// The trigger.
        gtt: GttRequest,
    },
    /// Sets an active trigger up anew. Answer: [`Reply::GttTaken`], `GttRefused` or `GttNotFound`.
    ModifyGtt {
        /// Who asks.
        session: SessionRef,
        /// Which.
        trigger_id: u64,
        /// The trigger.
        gtt: GttRequest,
    },
    /// Withdraws an active trigger. Answer: [`Reply::GttTaken`], `GttRefused` or `GttNotFound`.
    DeleteGtt {
        /// Who asks.
        session: SessionRef,
        /// Which.
        trigger_id: u64,
    },
    /// Reads the triggers: active ones, and those that ended within a week. Answer: [`Reply::Gtts`].
    Gtts(Reader),
    /// Sets an alert; the one with this id anew, if there is an id. Answer: [`Reply::AlertSet`], `AlertRefused` or
    /// `AlertNotFound`.
    SetAlert {
        /// Who asks.
        session: SessionRef,
        /// Which; a new one if `None`.
        id: Option<String>,
        /// The alert.
        alert: AlertRequest,
    },
    /// Deletes alerts, all or none. Answer: [`Reply::Done`] or `AlertNotFound`.
    DeleteAlerts {
        /// Who asks.
        session: SessionRef,
        /// Which.
        ids: Vec<String>,
    },
    /// Reads the alerts. Answer: [`Reply::Alerts`].
    Alerts(Reader),
    /// Sets how long each step of an order on its way takes in this world, 0 to a minute. Answer: [`Reply::Done`].
    SetLatency {
        /// Milliseconds per step.
        ms: i64,
    },
    /// Reads what happened. Answer: [`Reply::Events`], filled in by who keeps the log.
    Events {
        /// The last event that the caller has; of an earlier epoch, or of none: from the beginning of this one.
        after: Place,
        /// Most events of the answer, > 0.
        count_max: u32,
    },
    /// Takes the messages that brokers push to the platform. Answer: [`Reply::Pushes`].
    TakePushes,
    /// Takes the messages that brokers push to apps. Answer: [`Reply::Pushes`].
    TakeAppPushes,
    /// Sets a fault. Answer: [`Reply::FaultSet`] or `TooManyFaults`.
    SetFault(NewFault),
    /// Lists the faults. Answer: [`Reply::Faults`].
    ListFaults,
    /// Removes the active fault of this number, or all. Answer: [`Reply::FaultsRemoved`].
    RemoveFaults(Option<u64>),
}

/// A world in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorldView {
    /// Decides all prices.
    pub seed: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// The instant up to which everything due has happened.
    pub now: Timestamp,
    /// Events that this command caused, the due ones included.
    pub events: usize,
    /// Messages that wait to be taken.
    #[serde(default)]
    pub pushes: usize,
}

/// A holding as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldingView {
    /// ISIN.
    pub isin: String,
    /// NSE ticker.
    pub nse_ticker: Option<String>,
    /// BSE ticker.
    pub bse_ticker: Option<String>,
    /// Settled shares at the start of the day.
    pub quantity: Shares,
    /// Bought on a trading day before, not paid out yet.
    pub t1_quantity: Shares,
    /// Settled and T1 shares at the start of the day.
    pub opening_quantity: Shares,
    /// Cost per share.
    pub average_price: Price,
    /// Last traded price; none where the security cannot be traded.
    pub last_price: Option<Price>,
    /// Official close of the trading day before.
    #[serde(default)]
    pub close_price: Option<Price>,
    /// Pledged shares.
    pub collateral_quantity: Shares,
    /// Shares sold today out of the demat account.
    pub used_quantity: Shares,
    /// Shares that were sold and are being bought in.
    pub short_quantity: Shares,
    /// Cleared shares that no sale has used yet; all settled ones where no clearance is needed.
    pub authorised_quantity: Shares,
    /// The trading day with which the clearance ends.
    pub authorised_for: Option<Date>,
}

/// A clearance that was begun, as the depository's page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClearanceView {
    /// Shares by ISIN.
    pub wanted: Vec<Clearance>,
    /// Whether the PIN was given.
    pub is_confirmed: bool,
    /// Whether its day is over.
    pub is_over: bool,
}

/// Today's trading in one security.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionView {
    /// ISIN.
    pub isin: String,
    /// NSE ticker, or the BSE one where there is none.
    pub ticker: String,
    /// Bought − sold, not 0.
    pub quantity: Shares,
    /// Average price of the side that is ahead.
    pub average_price: Price,
}

/// Fund units as their owner sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundView {
    /// Folio number.
    pub folio: String,
    /// Scheme name.
    pub name: String,
    /// ISIN.
    pub isin: String,
    /// Units.
    pub units: Units,
    /// Cost per unit.
    pub average_price: Price,
    /// Net asset value per unit.
    pub last_price: Price,
    /// Day of that value.
    pub last_price_date: Date,
    /// Profit or loss at that value.
    pub pnl: Paise,
}

/// An account as the control side sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// Its identity.
    pub key: AccountKey,
    /// Its money.
    pub cash: Paise,
    /// Money that open orders may need.
    pub blocked: Paise,
    /// Its shares.
    pub holdings: Vec<HoldingView>,
    /// Whether sales need no clearance.
    pub ddpi: bool,
    /// What it does differently.
    pub behaviour: Behaviour,
}

/// The order book of a trading day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookView {
    /// Which day.
    pub trading_day: Date,
    /// Whether its market is closed for good.
    pub closed: bool,
    /// Its orders in order of arrival, after-market orders for the next day included.
    pub orders: Vec<PaperOrder>,
}

/// An execution as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeView {
    /// Number, shares, price, instant.
    pub trade: Trade,
    /// The broker's id of its order.
    pub broker_order_id: String,
    /// The exchange's id of its order.
    pub exchange_order_id: Option<String>,
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
    /// When the broker took the order.
    pub placed_at: Timestamp,
}

/// A last price, and what the next order must keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteView {
    /// NSE ticker.
    pub ticker: String,
    /// Last traded price.
    pub last_price: Price,
    /// Tick and band of the trading day that an order of now belongs to.
    pub bounds: PriceBounds,
}

/// An answer with the instant at which it was true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// World time.
    pub at: Timestamp,
    /// The answer.
    pub reply: Reply,
    /// What happens to it on its way to the client; `None` for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disturbance: Option<Disturbance>,
}

/// The answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Done, nothing to say.
    Done,
    /// Nothing was done: the instant lies further ahead of the world than one command may go.
    TooFarAhead,
    /// The world.
    World(WorldView),
    /// When something happens by itself.
    NextDue(Timestamp),
    /// The account was made.
    AccountMade(AccountView),
    /// An account of that name exists at that broker.
    AccountExists,
    /// The holding at this index names a security that nobody knows.
    SecurityNotFound {
        /// Index in the request.
        holding: usize,
    },
    /// The account cannot be made as asked.
    BadAccount {
        /// Why.
        text: String,
    },
    /// A broker's accounts.
    Accounts(Vec<AccountView>),
    /// An account.
    Account(Box<AccountView>),
    /// The login is valid.
    LoggedIn,
    /// The login was refused.
    LoginRefused {
        /// Why, fit for the user.
        text: String,
    },
    /// Prices are taken.
    PricesSet {
        /// How many.
        accepted: usize,
    },
    /// No price is taken.
    TicksRefused {
        /// The first kind of problem that was found.
        why: TickProblem,
        /// All that have it, by their index in the request, with the name, instant or reason.
        ticks: Vec<(usize, String)>,
    },
    /// The session is unknown or over.
    SessionExpired,
    /// The platform asked for an account that is not there, or no longer.
    NoSuchAccount,
    /// Shares.
    Holdings(Vec<HoldingView>),
    /// Today's positions.
    Positions(Vec<PositionView>),
    /// Fund units.
    DematFunds(Vec<FundView>),
    /// Money for another buy.
    Funds(Paise),
    /// Last prices.
    Quotes(Vec<QuoteView>),
    /// The market of securities.
    MarketQuotes(Vec<MarketQuote>),
    /// What prices of the trading day that an order of now belongs to must keep.
    PriceBounds(Vec<(Instrument, PriceBounds)>),
    /// Candles, oldest first.
    Candles(Vec<Candle>),
    /// What a live feed tells.
    OrderNews {
        /// Lines of the histories of all orders of the day.
        rows: u64,
        /// Prices set and halts made in the world so far.
        price_changes: u64,
        /// If there are other lines than the caller knows of: the orders that got one since, oldest first. Some
        /// of them may be known, because one instant can hold many lines.
        orders: Vec<PaperOrder>,
    },
    /// Whether a clearance is needed.
    ClearanceNeeded(bool),
    /// The depository refused the PIN.
    WrongTpin,
    /// A clearance was begun.
    ClearanceRequested {
        /// Its id, which cannot be guessed from outside.
        id: String,
    },
    /// A clearance cannot be begun as asked.
    ClearanceRefused {
        /// Why.
        text: String,
    },
    /// A clearance that was begun.
    Clearance(ClearanceView),
    /// No such clearance can be confirmed.
    NoSuchClearance,
    /// The position stays as it is.
    ConversionRefused {
        /// Why.
        text: String,
    },
    /// The money in full.
    Margins(MarginView),
    /// Today's trading by exchange and product.
    DayPositions(Vec<DayPosition>),
    /// Today's auctions.
    Auctions(Vec<AuctionView>),
    /// What trades would cost.
    Charges(Vec<Charges>),
    /// What orders would need.
    OrderNeeds {
        /// Each by itself.
        each: Vec<OrderNeed>,
        /// Money for all of them together, charges left out.
        together: Paise,
    },
    /// The order was taken.
    OrderTaken {
        /// The broker's id.
        broker_order_id: String,
    },
    /// The order was not taken.
    OrderRefused {
        /// Standard reason.
        code: OrderErrorCode,
        /// Reason in words.
        text: String,
        /// The check that failed.
        why: Box<Refusal>,
    },
    /// The order was not taken: shares must be cleared first.
    OrderNeedsClearance {
        /// Reason in words.
        text: String,
    },
    /// The order cannot be cancelled any more.
    CancelRefused {
        /// Why.
        text: String,
    },
    /// Today's book has no such order.
    OrderNotFound,
    /// The book.
    Book(BookView),
    /// What happened after the place that was asked for.
    Events(EventPage),
    /// One order with its history, the present last.
    OrderHistory(Box<PaperOrder>),
    /// Executions, oldest first.
    Trades(Vec<TradeView>),
    /// The trigger was set up, set up anew or withdrawn.
    GttTaken {
        /// Its number.
        trigger_id: u64,
    },
    /// Nothing was done about the trigger.
    GttRefused {
        /// Why.
        text: String,
    },
    /// There is no such trigger, or no longer.
    GttNotFound,
    /// Triggers.
    Gtts(Vec<Gtt>),
    /// The alert as it is set.
    AlertSet(Box<Alert>),
    /// No alert is set.
    AlertRefused {
        /// Why.
        text: String,
    },
    /// There is no such alert, or no longer.
    AlertNotFound,
    /// Alerts, oldest first.
    Alerts(Vec<Alert>),
    /// What brokers push, in the order in which it arrives.
    Pushes(Vec<Push>),
    /// Nothing was done: the request got nowhere, and the disturbance is all that comes back.
    Unreached,
    /// The fault as it is set.
    FaultSet(Box<Fault>),
    /// The world has as many active faults as it may have.
    TooManyFaults,
    /// The faults, oldest first.
    Faults {
        /// Those that can still fire.
        active: Vec<Fault>,
        /// The latest of those that cannot fire any more.
        spent: Vec<Fault>,
    },
    /// So many active faults were removed.
    FaultsRemoved(usize),
}
