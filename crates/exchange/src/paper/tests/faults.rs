//! What the broker reports for every fault of the catalogue, and what the exchange has done meanwhile.

use super::*;
use crate::core::faults::CATALOGUE;
use crate::core::{FaultKind, FaultScope, NewFault, Push, PushKind, RequestClass, Trigger};
use crate::paper::wire::ANSWER_TIMEOUT;

/// What the client does.
#[derive(Clone, Copy, Debug)]
enum Act {
    Login,
    Buy,
    Sell,
    /// A second order after one that was taken.
    BuyTwice,
    /// Cancels an order that rests in the book.
    Cancel,
    /// Buys and then reads the order book, the fault being set in between.
    Book,
    Funds,
    /// Buys and listens.
    Push,
}

/// Fault, act, what the client learns, what the exchange has: the orders of the account, `state filled`.
type Row = (&'static str, Act, &'static str, &'static [&'static str]);

const COMPLETE: &[&str] = &["complete 3"];

const ROWS: &[Row] = &[
    (
        "accepted_answer_lost",
        Act::Buy,
        "unknown: the connection was closed without an answer",
        COMPLETE,
    ),
    (
        "refused_answer_lost",
        Act::Buy,
        "unknown: the connection was closed without an answer",
        &[],
    ),
    (
        "answer_after_timeout",
        Act::Buy,
        "unknown: no answer within 10 s",
        COMPLETE,
    ),
    ("slow_then_fine", Act::Buy, "accepted", COMPLETE),
    (
        "rate_limited",
        Act::Buy,
        "refused tradingSystemNotReady: the broker takes no more calls for 5 s",
        &[],
    ),
    (
        "server_error_before_acceptance",
        Act::Buy,
        "unknown: HTTP 502: Something went wrong",
        &[],
    ),
    (
        "server_error_after_acceptance",
        Act::Buy,
        "unknown: HTTP 502: Something went wrong",
        COMPLETE,
    ),
    (
        "connection_reset_before_acceptance",
        Act::Buy,
        "unknown: the connection was reset",
        &[],
    ),
    (
        "connection_reset_after_acceptance",
        Act::Buy,
        "unknown: the connection was reset",
        COMPLETE,
    ),
    (
        "error_body_with_200",
        Act::Buy,
        "unknown: HTTP 200 with an error in its body",
        &[],
    ),
    (
        "html_instead_of_json",
        Act::Buy,
        "unknown: a web page instead of JSON",
        &[],
    ),
    (
        "maintenance_window",
        Act::BuyTwice,
        "unknown: HTTP 503: The trading system is under maintenance",
        &[],
    ),
    (
        "login_refused",
        Act::Login,
        "login refused: The broker refuses this login",
        &[],
    ),
    ("session_expired", Act::Funds, "session expired", &[]),
    (
        "session_dies_mid_basket",
        Act::BuyTwice,
        "session over: The session at the broker is over",
        COMPLETE,
    ),
    (
        "static_ip_not_registered",
        Act::Buy,
        "refused adapterError: Orders are taken from registered static",
        &[],
    ),
    (
        "market_order_not_allowed",
        Act::Buy,
        "refused adapterError: Market orders are not allowed here",
        &[],
    ),
    (
        "needs_authorisation",
        Act::Sell,
        "needs authorisation: The shares must be authorised",
        &[],
    ),
    (
        "insufficient_funds",
        Act::Buy,
        "refused marginsExceeded: Insufficient funds",
        &[],
    ),
    (
        "insufficient_holdings",
        Act::Sell,
        "refused checkHoldings: Insufficient holdings",
        &[],
    ),
    ("price_band_moved", Act::Buy, "accepted", &["rejected 0"]),
    ("partial_then_cancelled", Act::Buy, "accepted", &["partial 1"]),
    ("rejected_after_partial", Act::Buy, "accepted", &["partial 1"]),
    ("rejected_after_acceptance", Act::Buy, "accepted", &["rejected 0"]),
    (
        "cancel_crosses_fill",
        Act::Cancel,
        "refused: The order cannot be cancelled: it is complete already",
        COMPLETE,
    ),
    ("order_book_lagging", Act::Book, "", COMPLETE),
    ("unknown_status_word", Act::Book, "open 3 of 3, tag yes", COMPLETE),
    (
        "duplicate_tag_in_book",
        Act::Book,
        "complete 3 of 3, tag yes; complete 3 of 3, tag yes",
        COMPLETE,
    ),
    (
        "wrong_quantity_in_book",
        Act::Book,
        "complete 3 of 4, tag yes",
        COMPLETE,
    ),
    (
        "tag_missing_in_book",
        Act::Book,
        "complete 3 of 3, tag no",
        COMPLETE,
    ),
    ("fill_event_dropped", Act::Push, "accepted", COMPLETE),
    (
        "fill_event_duplicated",
        Act::Push,
        "accepted, filled, filled",
        COMPLETE,
    ),
    (
        "fill_events_out_of_order",
        Act::Push,
        "filled, accepted",
        COMPLETE,
    ),
    (
        "postback_forged",
        Act::Push,
        "forged filled, accepted, filled",
        COMPLETE,
    ),
    ("field_added", Act::Book, "complete 3 of 3, tag yes", COMPLETE),
    (
        "field_missing",
        Act::Buy,
        "unknown: a needed member is missing",
        COMPLETE,
    ),
    (
        "field_null",
        Act::Book,
        "protocol: a needed member is null",
        COMPLETE,
    ),
    (
        "number_as_string",
        Act::Book,
        "complete 3 of 3, tag yes",
        COMPLETE,
    ),
];

fn new_fault(name: &str, scope: FaultScope, trigger: Trigger) -> NewFault {
    let kind = FaultKind::parse(name).unwrap();
    NewFault {
        kind,
        scope,
        trigger,
        params: kind.params(crate::core::faults::Params::default()).unwrap(),
    }
}

async fn set(port: &HandPort, fault: NewFault) {
    let answer = port.execute("", now(), Command::SetFault(fault)).await.unwrap();
    assert!(matches!(answer.reply, Reply::FaultSet(_)), "{answer:?}");
}

async fn set_once(port: &HandPort, name: &str) {
    set(port, new_fault(name, FaultScope::default(), Trigger::Times(1))).await;
}

fn placed(outcome: PlaceOutcome) -> String {
    match outcome {
        PlaceOutcome::Accepted { .. } => "accepted".to_owned(),
        PlaceOutcome::Refused { code, text } => format!("refused {}: {text}", code.as_str()),
        PlaceOutcome::NeedsAuthorisation { text } => format!("needs authorisation: {text}"),
        PlaceOutcome::SessionOver { text } => format!("session over: {text}"),
        PlaceOutcome::Unknown { why } => format!("unknown: {why}"),
    }
}

fn read<T>(result: Result<AsOf<T>, BrokerError>, show: impl FnOnce(T) -> String) -> String {
    match result {
        Ok(answer) => show(answer.value),
        Err(BrokerError::SessionExpired) => "session expired".to_owned(),
        Err(BrokerError::Protocol(why)) => format!("protocol: {why}"),
        Err(other) => format!("{other:?}"),
    }
}

fn shown(book: OrderBook) -> String {
    let line = |entry: BookEntry| {
        let tag = if entry.reference.is_some() { "yes" } else { "no" };
        let (state, filled, quantity) = (entry.state.as_str(), entry.filled.0, entry.quantity.0);
        format!("{state} {filled} of {quantity}, tag {tag}")
    };
    book.entries.into_iter().map(line).collect::<Vec<_>>().join("; ")
}

async fn heard(port: &HandPort) -> String {
    let Reply::Pushes(pushes) = port.execute("", now(), Command::TakePushes).await.unwrap().reply else {
        panic!("no messages")
    };
    let word = |push: &Push| {
        let forged = if push.is_genuine { "" } else { "forged " };
        let kind = match push.kind {
            PushKind::Accepted => "accepted",
            PushKind::Filled => "filled",
            PushKind::Ended => "ended",
            PushKind::Modified => "modified",
        };
        format!("{forged}{kind}")
    };
    pushes.iter().map(word).collect::<Vec<_>>().join(", ")
}

async fn perform(name: &str, act: Act) -> (String, Arc<HandPort>) {
    let (broker, port) = setup();
    if let Act::Login = act {
        set_once(&port, name).await;
        let error = broker
            .complete_login(context(), fields("account", "DEMO01"))
            .await
            .unwrap_err();
        return (format!("login refused: {error}"), port);
    }
    let call = login(&broker, "DEMO01").await;
    let buy = ticket(Side::Buy, "INFY", 3);
    let report = match act {
        Act::Login => String::new(),
        Act::Buy | Act::Sell => {
            set_once(&port, name).await;
            let side = if let Act::Buy = act { Side::Buy } else { Side::Sell };
            placed(broker.place(call, ticket(side, "INFY", 3)).await)
        }
        Act::BuyTwice => {
            set_once(&port, name).await;
            broker.place(call.clone(), buy.clone()).await;
            placed(
                broker
                    .place(
                        call,
                        OrderTicket {
                            reference: ClientReference::from_random([8; 10]),
                            ..buy
                        },
                    )
                    .await,
            )
        }
        Act::Cancel => {
            let limit = OrderTicket {
                order_type: OrderType::Limit,
                price: Some(Price(13_600_000)),
                ..buy
            };
            let PlaceOutcome::Accepted { broker_order_id } = broker.place(call.clone(), limit).await else {
                panic!("the order must rest")
            };
            set_once(&port, name).await;
            match broker.cancel(call, broker_order_id).await {
                ChangeOutcome::Refused { text } => format!("refused: {text}"),
                other => format!("{other:?}"),
            }
        }
        Act::Book => {
            broker.place(call.clone(), buy).await;
            set_once(&port, name).await;
            read(broker.order_book(call).await, shown)
        }
        Act::Push => {
            set_once(&port, name).await;
            broker.place(call, buy).await;
            heard(&port).await
        }
        Act::Funds => {
            set_once(&port, name).await;
            read(broker.funds(call).await, |funds| format!("{funds:?}"))
        }
    };
    (report, port)
}

/// The orders of DEMO01 as the exchange has them.
fn truth(port: &HandPort) -> Vec<String> {
    let state = port.state.lock().unwrap();
    let key = AccountKey::new(BrokerKey::Kite, "DEMO01").unwrap();
    let account = state.accounts.get(&key).into_iter();
    account
        .flat_map(|account| account.orders.values())
        .map(|order| format!("{} {}", order.state().as_str(), order.filled.0))
        .collect()
}

#[tokio::test]
async fn every_fault_has_its_report() {
    let told: Vec<&str> = ROWS.iter().map(|row| row.0).collect();
    let known: Vec<&str> = CATALOGUE.iter().map(|spec| spec.name).collect();
    assert_eq!(told, known, "a row for each fault, in the order of the catalogue");
    for (name, act, report, orders) in ROWS {
        let (told, port) = perform(name, *act).await;
        assert!(told.starts_with(report), "{name}: {told}");
        assert_eq!(truth(&port), *orders, "{name}");
        let state = port.state.lock().unwrap();
        let spent: Vec<u64> = state.faults.spent(now()).map(|fault| fault.fired).collect();
        let open = state
            .faults
            .active(now())
            .filter(|fault| fault.fired == 1)
            .count();
        assert_eq!(spent.len() + open, 1, "{name} fired once");
    }
}

/// A state that is rebuilt from the events is the state, faults included.
#[tokio::test]
async fn faults_are_rebuilt_from_the_log() {
    for (name, act, ..) in ROWS {
        let (_, port) = perform(name, *act).await;
        let mut rebuilt = State::empty();
        start(&mut rebuilt, &Market::bundled(), 7, now());
        for event in &*port.events.lock().unwrap() {
            let stored = serde_json::to_string(event).unwrap();
            rebuilt.evolve(&serde_json::from_str(&stored).unwrap());
        }
        assert_eq!(rebuilt, *port.state.lock().unwrap(), "{name}");
    }
}

#[tokio::test]
async fn messages_are_taken_once() {
    let (broker, port) = setup();
    let call = login(&broker, "DEMO01").await;
    broker.place(call, ticket(Side::Buy, "INFY", 3)).await;
    assert_eq!(heard(&port).await, "accepted, filled");
    assert_eq!(heard(&port).await, "");
}

#[tokio::test]
async fn waits_are_the_adapters_and_end_with_its_patience() {
    for (delay_ms, outcome, slept) in [
        (1_500, "accepted", Duration::from_millis(1_500)),
        (60_000, "unknown: no answer within 10 s", ANSWER_TIMEOUT),
    ] {
        let (broker, port) = setup();
        let call = login(&broker, "DEMO01").await;
        let mut fault = new_fault("slow_then_fine", FaultScope::default(), Trigger::Times(1));
        fault.params = serde_json::from_str(&format!("{{\"delayMs\":{delay_ms}}}")).unwrap();
        set(&port, fault).await;
        assert_eq!(
            placed(broker.place(call, ticket(Side::Buy, "INFY", 3)).await),
            outcome
        );
        assert_eq!(*port.slept.lock().unwrap(), [slept]);
        assert_eq!(truth(&port), ["complete 3"]);
    }
}

#[tokio::test]
async fn a_fault_hits_what_its_scope_says_and_nothing_else() {
    let scope = |account: Option<&str>, broker: Option<BrokerKey>, request_class| FaultScope {
        account: account.map(str::to_owned),
        broker,
        request_class,
    };
    let cases = [
        (scope(None, None, None), true),
        (
            scope(Some("DEMO01"), Some(BrokerKey::Kite), Some(RequestClass::Funds)),
            true,
        ),
        (scope(Some("DEMO02"), None, None), false),
        (scope(None, Some(BrokerKey::Groww), None), false),
        (
            scope(Some("DEMO01"), Some(BrokerKey::Kite), Some(RequestClass::Place)),
            false,
        ),
    ];
    for (scope, hits) in cases {
        let (broker, port) = setup();
        let call = login(&broker, "DEMO01").await;
        set(
            &port,
            new_fault("html_instead_of_json", scope.clone(), Trigger::Times(1)),
        )
        .await;
        assert_eq!(broker.funds(call).await.is_err(), hits, "{scope:?}");
    }
}

#[tokio::test]
async fn chance_comes_from_the_seed() {
    let run = async |ppm: u32| {
        let (broker, port) = setup();
        let call = login(&broker, "DEMO01").await;
        set(
            &port,
            new_fault(
                "html_instead_of_json",
                FaultScope::default(),
                Trigger::Probability(ppm),
            ),
        )
        .await;
        let mut failures = Vec::new();
        for _ in 0..200 {
            failures.push(broker.funds(call.clone()).await.is_err());
        }
        failures
    };
    let (first, second) = (run(300_000).await, run(300_000).await);
    assert_eq!(first, second, "equal scripts, equal faults");
    let count = first.iter().filter(|failed| **failed).count();
    assert!((30..90).contains(&count), "{count} of 200 at 30 %");
    assert!(run(1_000_000).await.into_iter().all(|failed| failed));
}

#[tokio::test]
async fn a_maintenance_window_is_world_time() {
    let (broker, port) = setup();
    let call = login(&broker, "DEMO01").await;
    set_once(&port, "maintenance_window").await;
    let after = |minutes: i64| Call {
        at: now().plus_ms(minutes * 60_000),
        ..call.clone()
    };
    for (minutes, works) in [(0, false), (1, false), (29, false), (30, true)] {
        assert_eq!(broker.funds(after(minutes)).await.is_ok(), works, "{minutes}");
    }
}

#[tokio::test]
async fn faults_are_limited_and_go_with_a_reset() {
    let (_, port) = setup();
    let ask = async |command: Command| port.execute("", now(), command).await.unwrap().reply;
    for _ in 0..crate::core::faults::ACTIVE_FAULTS_MAX {
        set_once(&port, "rate_limited").await;
    }
    let one_more = new_fault("rate_limited", FaultScope::default(), Trigger::Times(1));
    assert_eq!(ask(Command::SetFault(one_more)).await, Reply::TooManyFaults);
    assert_eq!(ask(Command::RemoveFaults(Some(7))).await, Reply::FaultsRemoved(1));
    assert_eq!(ask(Command::RemoveFaults(Some(7))).await, Reply::FaultsRemoved(0));
    assert_eq!(ask(Command::RemoveFaults(None)).await, Reply::FaultsRemoved(99));
    set_once(&port, "rate_limited").await;
    ask(Command::Reset {
        seed: None,
        start: None,
    })
    .await;
    let none = Reply::Faults {
        active: Vec::new(),
        spent: Vec::new(),
    };
    assert_eq!(ask(Command::ListFaults).await, none);
}
