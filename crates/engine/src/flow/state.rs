//! What is stored of a flow between two requests.

use serde::{Deserialize, Serialize};
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Price, PriceBounds, Shares};
use torana_domain::order::{OrderType, Side, Validity};
use torana_domain::time::Timestamp;

/// How the hosted pages are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// In a window of its own.
    #[default]
    Popup,
    /// In place of the partner's page, which is returned to at the end.
    Redirect,
}

/// What the SDK asked for at the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowOptions {
    /// Restriction of the chooser; empty is all.
    pub brokers: Vec<BrokerKey>,
    /// Whether after-market orders may be offered.
    pub amo: bool,
    /// Whether the pages are labelled as test mode.
    pub leprechaun: bool,
    /// Popup or redirect.
    pub mode: Mode,
    /// Where redirect mode returns to.
    pub return_url: Option<String>,
    /// Web origin of the partner's page; empty for mobile apps and the control API.
    pub origin: String,
}

/// The page that the user is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Broker chooser.
    #[default]
    Chooser,
    /// What will happen and what the partner receives.
    Notice,
    /// A session of the chosen broker is alive in this browser.
    ExistingSession,
    /// The broker's login.
    Login,
    /// Consent to share holdings.
    Consent,
    /// The orders.
    Review,
    /// Something is short.
    Checks,
    /// Depository authorisation.
    Authorise,
    /// The market is closed.
    MarketClosed,
    /// Work goes on without the user.
    Progress,
    /// The end, good or bad.
    Done,
}

impl Step {
    /// The step's name in the SDK's state answer and in page addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chooser => "brokers",
            Self::Notice => "notice",
            Self::ExistingSession => "session",
            Self::Login => "login",
            Self::Consent => "consent",
            Self::Review => "review",
            Self::Checks => "checks",
            Self::Authorise => "authorise",
            Self::MarketClosed => "market",
            Self::Progress => "progress",
            Self::Done => "done",
        }
    }

    /// Number of a cancellation or believed close at this step of a transaction whose login is not verified.
    #[must_use]
    pub const fn cancel_code_before_login(self) -> u16 {
        match self {
            Self::Login | Self::ExistingSession => 1011,
            _ => 1010,
        }
    }
}

/// One line of the review, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewLine {
    /// NSE ticker.
    pub ticker: String,
    /// ISIN.
    pub isin: String,
    /// Name for people.
    pub name: String,
    /// Buy or sell; may be missing until the user enters it.
    pub side: Option<Side>,
    /// Whether the partner fixed the side.
    pub side_fixed: bool,
    /// Shares; may be missing until the user enters them.
    pub quantity: Option<Shares>,
    /// Whether the partner fixed the quantity.
    pub quantity_fixed: bool,
    /// Market or limit.
    pub order_type: OrderType,
    /// Limit price.
    pub price: Option<Price>,
    /// Day or immediate-or-cancel.
    pub validity: Validity,
    /// Last price that the user was shown.
    pub shown_price: Option<Price>,
    /// What the broker says that a limit must keep today.
    #[serde(default)]
    pub bounds: Option<PriceBounds>,
}

/// What is wrong with a field of the review. `detail` of [`LineProblem`] says what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// Neither buy nor sell.
    SideMissing,
    /// No quantity.
    QuantityMissing,
    /// Not a whole number in range. Detail: the largest.
    QuantityRange,
    /// Not a multiple of the lot. Detail: the lot.
    QuantityLot,
    /// A limit order without a price.
    PriceMissing,
    /// Not a price.
    PriceNumber,
    /// Off the tick. Detail: the tick.
    PriceTick,
    /// Outside today's band. Detail: the band.
    PriceBand,
    /// There is no price now, and without one a bound cannot be checked.
    PriceUnknown,
    /// One order is worth too much. Detail: the most.
    OrderValue,
    /// The basket is worth too much. Detail: the most.
    BasketValue,
    /// Too many orders. Detail: the most.
    Legs,
}

impl Problem {
    /// Name of the problem's text.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::SideMissing => "side_missing",
            Self::QuantityMissing => "quantity_missing",
            Self::QuantityRange => "quantity_range",
            Self::QuantityLot => "quantity_lot",
            Self::PriceMissing => "price_missing",
            Self::PriceNumber => "price_number",
            Self::PriceTick => "price_tick",
            Self::PriceBand => "price_band",
            Self::PriceUnknown => "price_unknown",
            Self::OrderValue => "order_value",
            Self::BasketValue => "basket_value",
            Self::Legs => "legs",
        }
    }

    /// The field of the line that it belongs to; `None` for the line or basket as a whole.
    #[must_use]
    pub const fn field(self) -> Option<&'static str> {
        match self {
            Self::SideMissing => Some("type"),
            Self::QuantityMissing | Self::QuantityRange | Self::QuantityLot => Some("quantity"),
            Self::PriceMissing | Self::PriceNumber | Self::PriceTick | Self::PriceBand => Some("price"),
            Self::PriceUnknown | Self::OrderValue | Self::BasketValue | Self::Legs => None,
        }
    }

    /// Whether it is about the basket, not about one line.
    #[must_use]
    pub const fn is_of_basket(self) -> bool {
        matches!(self, Self::BasketValue | Self::Legs)
    }
}

/// A problem of one line of the review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineProblem {
    /// Index of the line; 0 for problems of the basket.
    pub line: usize,
    /// What is wrong.
    pub problem: Problem,
    /// What is allowed: numbers in plain decimals, rupees where it is money; a band as `low to high`.
    pub detail: String,
}

/// The review page's data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The lines.
    pub lines: Vec<ReviewLine>,
    /// When the shown prices were true (world time).
    pub prices_as_of: Option<Timestamp>,
    /// What the user has to mend.
    pub problems: Vec<LineProblem>,
    /// Tickers whose price moved by more than the tolerance since they were shown, with the old price.
    pub moved: Vec<(String, Price)>,
    /// Whether the user confirmed these very lines.
    pub is_confirmed: bool,
}

/// Something that is short for the confirmed orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Shortfall {
    /// Cash for the buys.
    Funds {
        /// Paise that the buys are estimated to need.
        needed: i64,
        /// Paise that are there.
        available: i64,
    },
    /// Shares for a sell.
    Holdings {
        /// Which.
        ticker: String,
        /// Shares to sell.
        needed: Shares,
        /// Shares that are there.
        available: Shares,
    },
}

/// Shares to clear at the depository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// ISIN.
    pub isin: String,
    /// NSE ticker.
    pub ticker: String,
    /// Shares.
    pub quantity: Shares,
}

/// Orders that the user confirms on the broker's own page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HandOffState {
    /// When the user came back and had confirmed them (wall time).
    pub returned_at: Option<Timestamp>,
    /// Whether the user came back without.
    pub was_left: bool,
}

/// Where the user is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FlowState {
    /// The page.
    pub step: Step,
    /// The chosen broker.
    pub broker: Option<BrokerKey>,
    /// Hash of the round-trip value of the login or hand-off under way.
    pub login_state: Option<String>,
    /// Whether the broker was given that value and brings it back.
    pub is_state_echoed: bool,
    /// What the broker's page posted, sealed, until the browser comes for it.
    pub posted: Option<String>,
    /// Whether the login is on the broker's own pages.
    pub is_login_elsewhere: bool,
    /// Whether the user was sent to a broker's own page and is not back.
    pub is_external: bool,
    /// The broker session of this flow.
    pub broker_session: Option<i64>,
    /// What may be shown of the account.
    pub account_masked: Option<String>,
    /// A message for the next page (a refused login, a wrong TPIN).
    pub message: Option<String>,
    /// The orders.
    pub review: Review,
    /// What is short.
    pub shortfalls: Vec<Shortfall>,
    /// Whether the user goes on although something is short.
    pub accepts_shortfall: bool,
    /// Shares to clear.
    pub wanted: Vec<Wanted>,
    /// The page of broker or depository on which they are cleared. A request was made there for it, so it is kept.
    pub authorise_at: Option<String>,
    /// Whether clearing was done or declined.
    pub is_authorisation_settled: bool,
    /// The orders' way over the broker's own page; `None` where we send them.
    pub hand_off: Option<HandOffState>,
    /// Whether the user takes after-market orders.
    pub accepts_amo: bool,
    /// Whether the user said on a last page that it is read.
    pub is_read: bool,
}

impl FlowState {
    /// Whether the orders wait for the user to confirm them at the broker.
    #[must_use]
    pub fn is_in_user_s_hands(&self) -> bool {
        self.hand_off
            .as_ref()
            .is_some_and(|hand_off| hand_off.returned_at.is_none())
    }
}
