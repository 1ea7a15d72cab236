//! The table of all faults: one row each, nothing about a fault stands anywhere else.

use serde::{Deserialize, Serialize};

use super::disturbance::Disturbance;
use super::door::Door;
use super::fate::Fate;
use super::params::{ParamSpec, Params};

/// The kinds of requests that a fault can hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RequestClass {
    /// Logging in.
    Login,
    /// Sending an order.
    Place,
    /// Changing an order.
    Modify,
    /// Cancelling an order.
    Cancel,
    /// Reading the order book.
    OrderBook,
    /// Reading executions.
    Trades,
    /// Reading shares or fund units.
    Holdings,
    /// Reading today's positions.
    Positions,
    /// Reading the money.
    Funds,
    /// Clearing shares for sale.
    Authorise,
    /// What the broker pushes when an order changes.
    Event,
}

use RequestClass::{
    Authorise, Cancel, Event, Funds, Holdings, Login, Modify, OrderBook, Place, Positions, Trades,
};

impl RequestClass {
    /// Every class.
    pub const ALL: [Self; 11] = [
        Login, Place, Modify, Cancel, OrderBook, Trades, Holdings, Positions, Funds, Authorise, Event,
    ];

    /// The word of the control API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Login => "login",
            Place => "place",
            Modify => "modify",
            Cancel => "cancel",
            OrderBook => "orderBook",
            Trades => "trades",
            Holdings => "holdings",
            Positions => "positions",
            Funds => "funds",
            Authorise => "authorise",
            Event => "event",
        }
    }

    /// Parses the control API's exact word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == text)
    }
}

/// What a fault does, by the moment at which it does it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Effect {
    /// The request gets nowhere; this is all that comes back.
    Unreached(fn(&Params) -> Disturbance),
    /// The same for everything that follows within so many minutes of world time.
    UnreachedFor(&'static str, fn(&Params) -> Disturbance),
    /// The broker refuses.
    Refused(Door),
    /// The session ends with the request, which is refused for it.
    SessionExpires,
    /// The session ends with the order that is the so-many-th since the fault was set or fired.
    SessionDies(&'static str),
    /// Something happens to the order that is placed or cancelled.
    Fate(Fate),
    /// The order book shows something that is not so.
    Book(BookError),
    /// The request is accepted; this happens to the acceptance.
    Acceptance(fn(&Params) -> Disturbance),
    /// The request is carried out; this happens to its answer.
    Answer(fn(&Params) -> Disturbance),
    /// Something happens to what is pushed.
    Push(PushError),
}

/// What an order book can get wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BookError {
    /// It shows the orders as they were so many seconds ago.
    Lags(&'static str),
    /// The newest order stands in it a second time under another id.
    DuplicateTag,
    /// Every order has one share more.
    WrongQuantity,
    /// No order has its tag.
    TagMissing,
}

/// What can happen to what is pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PushError {
    /// It is not sent.
    Dropped,
    /// It is sent twice.
    Duplicated,
    /// Those that wait together are sent in reverse order.
    OutOfOrder,
    /// Somebody else sends one, which says that an order is filled, under a checksum that is wrong.
    Forged,
}

/// One row.
#[derive(Debug)]
pub struct FaultSpec {
    /// Its name.
    pub name: &'static str,
    /// What it can hit; never empty.
    pub classes: &'static [RequestClass],
    /// Its parameters.
    pub params: &'static [ParamSpec],
    /// What it does, in one sentence.
    pub what: &'static str,
    /// The kind of real incident that it stands for, in one sentence.
    pub incident: &'static str,
    pub(super) effect: Effect,
}

/// One of the catalogue's faults, stored by its name.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub struct FaultKind(&'static FaultSpec);

impl PartialEq for FaultKind {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for FaultKind {}

impl From<FaultKind> for &'static str {
    fn from(kind: FaultKind) -> Self {
        kind.0.name
    }
}

/// The catalogue has no fault of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the catalogue has no fault {0}")]
pub struct UnknownFault(pub String);

impl TryFrom<String> for FaultKind {
    type Error = UnknownFault;
    fn try_from(name: String) -> Result<Self, UnknownFault> {
        Self::parse(&name).ok_or(UnknownFault(name))
    }
}

impl FaultKind {
    /// The fault of this exact name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        CATALOGUE.iter().find(|spec| spec.name == name).map(Self)
    }

    /// Its row.
    #[must_use]
    pub const fn spec(self) -> &'static FaultSpec {
        self.0
    }

    /// All parameters, those that are not chosen with their defaults.
    ///
    /// # Errors
    /// The parameter's name and what is wrong, for one that the fault does not have or a value that is not
    /// allowed.
    pub fn params(self, mut chosen: Params) -> Result<Params, Vec<(String, String)>> {
        let mut params = Params::default();
        let mut problems = Vec::new();
        for spec in self.0.params {
            let value = chosen.0.remove(spec.name).unwrap_or_else(|| spec.default_value());
            if !spec.allows(&value) {
                problems.push((spec.name.to_owned(), format!("must be {}", spec.rule())));
            }
            params.0.insert(spec.name.to_owned(), value);
        }
        let known = self
            .0
            .params
            .iter()
            .map(|spec| spec.name)
            .collect::<Vec<_>>()
            .join(", ");
        for name in chosen.0.into_keys() {
            let what = if known.is_empty() {
                "the fault has no parameters".to_owned()
            } else {
                format!("the fault has no such parameter; it has {known}")
            };
            problems.push((name, what));
        }
        if problems.is_empty() {
            Ok(params)
        } else {
            Err(problems)
        }
    }
}

/// Everything that a client asks for.
const REQUESTS: &[RequestClass] = &[
    Login, Place, Modify, Cancel, OrderBook, Trades, Holdings, Positions, Funds, Authorise,
];
/// The same with a session.
const WITH_SESSION: &[RequestClass] = &[
    Place, Modify, Cancel, OrderBook, Trades, Holdings, Positions, Funds, Authorise,
];
const ORDER_CALLS: &[RequestClass] = &[Place, Modify, Cancel];
/// What is answered with the members of an object.
const OBJECTS: &[RequestClass] = &[Place, OrderBook, Trades, Holdings, Positions, Funds];

const DELAY_MS: ParamSpec = ParamSpec::whole("delayMs", 1, 60_000, 3_000);
const RETRY_AFTER_SECONDS: ParamSpec = ParamSpec::whole("retryAfterSeconds", 1, 3_600, 5);
const MINUTES: ParamSpec = ParamSpec::whole("minutes", 1, 1_440, 30);
const AFTER_ORDERS: ParamSpec = ParamSpec::whole("afterOrders", 1, 1_000, 1);
const SECONDS: ParamSpec = ParamSpec::whole("seconds", 1, 600, 60);
const WORD: ParamSpec = ParamSpec::word("word", 40, "UNDER REVIEW");

const UNAVAILABLE: &str = "Something went wrong, please try again after some time";
const MAINTENANCE: &str = "The trading system is under maintenance";

fn bad_gateway(_: &Params) -> Disturbance {
    Disturbance::ServerError {
        status: 502,
        text: UNAVAILABLE.to_owned(),
    }
}

macro_rules! faults {
    ($($name:ident: $classes:expr, $params:expr, $effect:expr, $what:literal, $incident:literal;)+) => {
        /// All faults, in the order of the documentation.
        pub static CATALOGUE: &[FaultSpec] = &[$(FaultSpec {
            name: stringify!($name),
            classes: $classes,
            params: $params,
            what: $what,
            incident: $incident,
            effect: $effect,
        }),+];
    };
}

faults! {
    // Answers.
    accepted_answer_lost: ORDER_CALLS, &[], Effect::Acceptance(|_| Disturbance::NoAnswer),
        "The request is accepted; the connection closes without an answer.",
        "A broker's gateway takes the order and the answer is lost on the way back, so that the client sees a failure while the order works.";
    refused_answer_lost: ORDER_CALLS, &[], Effect::Unreached(|_| Disturbance::NoAnswer),
        "The request is not accepted; the connection closes without an answer.",
        "An order is turned down and the answer is lost, which looks to the client exactly like a lost acceptance.";
    answer_after_timeout: REQUESTS, &[], Effect::Answer(|_| Disturbance::AfterTimeout),
        "The request is carried out; the answer comes when the client has given up.",
        "Order systems that answer within milliseconds take tens of seconds at the opening, and still accept what clients gave up on.";
    slow_then_fine: REQUESTS, &[DELAY_MS], Effect::Answer(|params| Disturbance::Late { delay_ms: params.count(DELAY_MS.name) }),
        "The answer is right and late, by so much wall time.",
        "Latency spikes at market open and on days of large moves, without any failure.";
    rate_limited: REQUESTS, &[RETRY_AFTER_SECONDS], Effect::Unreached(|params| Disturbance::RateLimited { retry_after_seconds: params.count(RETRY_AFTER_SECONDS.name) }),
        "429 with Retry-After; the request is not looked at.",
        "Brokers limit calls per second, minute and day, and clients that do not expect a 429 lose orders to it.";
    server_error_before_acceptance: ORDER_CALLS, &[], Effect::Unreached(bad_gateway),
        "502, and the request was not accepted.",
        "The broker's front answers 502 because the order system behind it is down.";
    server_error_after_acceptance: ORDER_CALLS, &[], Effect::Acceptance(bad_gateway),
        "502, although the request was accepted.",
        "The broker's front gives up on the order system with a 502 while the order system goes on and accepts.";
    connection_reset_before_acceptance: ORDER_CALLS, &[], Effect::Unreached(|_| Disturbance::Reset),
        "The connection is reset before the request is accepted.",
        "A load balancer restarts and resets connections with requests in flight.";
    connection_reset_after_acceptance: ORDER_CALLS, &[], Effect::Acceptance(|_| Disturbance::Reset),
        "The connection is reset after the request was accepted.",
        "A load balancer restarts and resets connections whose requests have reached the order system.";
    error_body_with_200: REQUESTS, &[], Effect::Unreached(|_| Disturbance::ErrorBody { text: UNAVAILABLE.to_owned() }),
        "Status 200 with a body that reports an error; the request is not carried out.",
        "Several broker interfaces report errors in the body of a 200, where clients that look at the status alone see a success.";
    html_instead_of_json: REQUESTS, &[], Effect::Unreached(|_| Disturbance::Html),
        "Status 200 with a web page instead of JSON; the request is not carried out.",
        "A content network or firewall in front of the broker answers with its own page.";
    maintenance_window: REQUESTS, &[MINUTES], Effect::UnreachedFor(MINUTES.name, |_| Disturbance::ServerError { status: 503, text: MAINTENANCE.to_owned() }),
        "From the first request on, everything within the scope gets 503 for so many minutes of world time; fires once per window.",
        "Brokers take their systems down at night and on weekends, some without notice.";

    // Session and access.
    login_refused: &[Login], &[], Effect::Refused(Door::Login),
        "The login is refused.",
        "A wrong second factor, a blocked account or an outage of the login service.";
    session_expired: WITH_SESSION, &[], Effect::SessionExpires,
        "The session ends and the request is refused for it; the user must log in again.",
        "A second login at the same broker ends the first one's token without notice.";
    session_dies_mid_basket: &[Place], &[AFTER_ORDERS], Effect::SessionDies(AFTER_ORDERS.name),
        "The session ends right after the so-many-th order was accepted.",
        "Brokers flush all tokens at an hour of their own, in the middle of whatever is being sent.";
    static_ip_not_registered: ORDER_CALLS, &[], Effect::Refused(Door::StaticIp),
        "Refused because the address is not registered.",
        "Since April 2026 brokers take order calls only from a registered address, and an outgoing address can change with a deployment.";
    market_order_not_allowed: &[Place], &[], Effect::Refused(Door::MarketOrder),
        "Market orders are refused.",
        "Since April 2026 brokers refuse or rewrite market orders that come through their interfaces.";
    needs_authorisation: &[Place], &[], Effect::Refused(Door::Clearance),
        "A sale is refused until the shares are cleared at the depository.",
        "A depository authorisation lapses or covers fewer shares than the client believes.";

    // Orders.
    insufficient_funds: &[Place], &[], Effect::Refused(Door::Funds),
        "A buy is refused for lack of funds, whatever the account has.",
        "Margin is taken by another application of the user between the check and the order.";
    insufficient_holdings: &[Place], &[], Effect::Refused(Door::Shares),
        "A sale is refused for lack of shares, whatever the account has.",
        "Shares are sold or pledged in the broker's own app between the check and the order.";
    price_band_moved: &[Place], &[], Effect::Fate(Fate::BandMoved),
        "The order is accepted and then rejected by the exchange, because the price band moved.",
        "Exchanges shift price bands during the day; orders that were inside are rejected.";
    partial_then_cancelled: &[Place], &[], Effect::Fate(Fate::PartialThenCancelled),
        "Half of the order fills (rounded down), the rest is cancelled by the exchange.",
        "A thin book, and a remainder that the exchange or the broker cancels by itself.";
    rejected_after_partial: &[Place], &[], Effect::Fate(Fate::PartialThenRejected),
        "Half of the order fills (rounded down), the rest is rejected.",
        "A risk system stops an order that is filled in part, and the broker's book says REJECTED above fills.";
    rejected_after_acceptance: &[Place], &[], Effect::Fate(Fate::Rejected),
        "The order is accepted and then rejected.",
        "The broker answers with an order id at once and its risk system rejects a moment later.";
    cancel_crosses_fill: &[Cancel], &[], Effect::Fate(Fate::FillFirst),
        "The order fills completely just before its cancellation arrives, which is refused.",
        "A cancellation races with a fill at the exchange and loses.";

    // Order book.
    order_book_lagging: &[OrderBook, Trades], &[SECONDS], Effect::Book(BookError::Lags(SECONDS.name)),
        "The book shows the orders as they were so many seconds of world time ago.",
        "Order books are served from a replica or cache that is behind.";
    unknown_status_word: &[OrderBook], &[WORD], Effect::Answer(|params| Disturbance::UnknownStatus { word: params.word(WORD.name) }),
        "Every order in the book has a status that no documentation has.",
        "Brokers add status words, or spell them differently for some segments, without notice.";
    duplicate_tag_in_book: &[OrderBook], &[], Effect::Book(BookError::DuplicateTag),
        "The newest order stands in the book twice, with one tag and two ids.",
        "A broker splits or re-sends an order internally and copies the client's tag.";
    wrong_quantity_in_book: &[OrderBook], &[], Effect::Book(BookError::WrongQuantity),
        "Every order in the book has one share more than was sent.",
        "Books that mix up ordered, pending and disclosed quantities, or lots and shares.";
    tag_missing_in_book: &[OrderBook], &[], Effect::Book(BookError::TagMissing),
        "No order in the book has its tag.",
        "Tags are cut off or left out in the book of some order types and after the end of the day.";

    // Events.
    fill_event_dropped: &[Event], &[], Effect::Push(PushError::Dropped),
        "A message about a fill is not sent.",
        "Order streams that lose fills while their connection looks healthy.";
    fill_event_duplicated: &[Event], &[], Effect::Push(PushError::Duplicated),
        "A message about a fill is sent twice.",
        "Streams that repeat their messages after a reconnection.";
    fill_events_out_of_order: &[Event], &[], Effect::Push(PushError::OutOfOrder),
        "The messages that wait together are sent in reverse order.",
        "Messages that are delivered by several workers overtake each other.";
    postback_forged: &[Event], &[], Effect::Push(PushError::Forged),
        "A message with a wrong checksum says that an order is filled which is not.",
        "Postback addresses are public, and some brokers do not sign what they send there.";

    // Schema.
    field_added: OBJECTS, &[], Effect::Answer(|_| Disturbance::FieldAdded),
        "Every object has a member that nobody announced.",
        "Brokers extend their answers without a new version.";
    field_missing: OBJECTS, &[], Effect::Answer(|_| Disturbance::FieldMissing),
        "A member that is needed is gone from every object.",
        "A release of the broker drops or renames a documented member.";
    field_null: OBJECTS, &[], Effect::Answer(|_| Disturbance::FieldNull),
        "A member that is needed is null in every object.",
        "Documented members are null for some instruments or order types.";
    number_as_string: OBJECTS, &[], Effect::Answer(|_| Disturbance::NumberAsString),
        "Numbers come as strings.",
        "The same broker writes a price as a number in one answer and as a string in another.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn rows_are_complete_and_names_unique() {
        let names: BTreeSet<&str> = CATALOGUE.iter().map(|spec| spec.name).collect();
        assert_eq!((names.len(), CATALOGUE.len()), (38, 38));
        for spec in CATALOGUE {
            assert!(!spec.classes.is_empty(), "{}", spec.name);
            for text in [spec.what, spec.incident] {
                assert!(text.len() > 20 && text.ends_with('.'), "{}", spec.name);
            }
            for param in spec.params {
                assert!(
                    param.allows(&param.default_value()),
                    "{} {}",
                    spec.name,
                    param.name
                );
            }
        }
    }

    #[test]
    fn parameters_have_defaults_and_bounds() {
        let params = |name: &str, json: &str| {
            FaultKind::parse(name)
                .unwrap()
                .params(serde_json::from_str(json).unwrap())
        };
        let defaults = params("slow_then_fine", "{}").unwrap();
        assert_eq!(defaults.count("delayMs"), 3_000);
        assert_eq!(
            params("slow_then_fine", r#"{"delayMs":1}"#)
                .unwrap()
                .count("delayMs"),
            1
        );
        assert_eq!(
            params("unknown_status_word", r#"{"word":"X Y"}"#)
                .unwrap()
                .word("word"),
            "X Y"
        );
        let wrong = |name: &str, json: &str| {
            params(name, json)
                .unwrap_err()
                .into_iter()
                .map(|(at, _)| at)
                .collect::<Vec<_>>()
        };
        assert_eq!(wrong("slow_then_fine", r#"{"delayMs":0}"#), ["delayMs"]);
        assert_eq!(
            wrong("slow_then_fine", r#"{"delayMs":"3","other":1}"#),
            ["delayMs", "other"]
        );
        assert_eq!(wrong("unknown_status_word", r#"{"word":" "}"#), ["word"]);
        assert_eq!(wrong("html_instead_of_json", r#"{"word":"x"}"#), ["word"]);
    }

    #[test]
    fn classes_and_kinds_round_trip() {
        for class in RequestClass::ALL {
            assert_eq!(RequestClass::parse(class.as_str()), Some(class));
            assert_eq!(
                serde_json::to_string(&class).unwrap(),
                format!("\"{}\"", class.as_str())
            );
        }
        for spec in CATALOGUE {
            let text = serde_json::to_string(&FaultKind(spec)).unwrap();
            assert_eq!(serde_json::from_str::<FaultKind>(&text).unwrap(), FaultKind(spec));
        }
        assert!(serde_json::from_str::<FaultKind>("\"nothing\"").is_err());
    }
}
