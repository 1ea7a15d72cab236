//! What each fault makes of a transaction: the whole catalogue through the control API, on the real exchange.
//!
//! Two things hold whatever goes wrong: the exchange has at most one order for each line, and a line that is
//! reported as refused has none there.

use http::Method;
use serde_json::{Value, json};
use torana_domain::broker_key::BrokerKey;
use torana_domain::time::{Timestamp, parse_iso};
use torana_exchange::core::faults::CATALOGUE;
use torana_exchange::core::{AccountKey, Command, PaperOrder, Reader, Reply};

use crate::bench::Bench;

/// Half past five in the afternoon in India: the closed book was read.
const EVENING: &str = "2026-01-05T12:00:00.000Z";

/// A fault with the class that it is scoped to and how often it fires.
type Set = (&'static str, &'static str, u32);

/// Faults, the sale and the purchase a minute later, and in the evening: `rawStatus filled evidence`, or
/// `refused code evidence` for what stands in `unplaced`.
type Row = (&'static [Set], [&'static str; 2], [&'static str; 2]);

const SOLD: &str = "COMPLETE 5 order_book";
const BOUGHT: &str = "COMPLETE 3 order_book";
const OPEN_QUESTION: &str = "UNKNOWN 0 none";
const PROVEN_ABSENT: &str = "refused adapterError closed_book";
const LOST: Set = ("accepted_answer_lost", "place", 1);
/// As good as always.
const ALWAYS: u32 = 1_000_000;

const ROWS: &[Row] = &[
    // Answers to orders.
    (&[LOST], [SOLD, BOUGHT], [SOLD, BOUGHT]),
    (
        &[("refused_answer_lost", "place", 1)],
        [OPEN_QUESTION, BOUGHT],
        [PROVEN_ABSENT, BOUGHT],
    ),
    (
        &[("answer_after_timeout", "place", 2)],
        [SOLD, BOUGHT],
        [SOLD, BOUGHT],
    ),
    (&[("slow_then_fine", "place", 2)], [SOLD, BOUGHT], [SOLD, BOUGHT]),
    (
        &[("rate_limited", "place", 1)],
        ["refused tradingSystemNotReady broker_answer", BOUGHT],
        ["refused tradingSystemNotReady broker_answer", BOUGHT],
    ),
    (
        &[("server_error_before_acceptance", "place", 1)],
        [OPEN_QUESTION, BOUGHT],
        [PROVEN_ABSENT, BOUGHT],
    ),
    (
        &[("server_error_after_acceptance", "place", 1)],
        [SOLD, BOUGHT],
        [SOLD, BOUGHT],
    ),
    (
        &[("connection_reset_before_acceptance", "place", 1)],
        [OPEN_QUESTION, BOUGHT],
        [PROVEN_ABSENT, BOUGHT],
    ),
    (
        &[("connection_reset_after_acceptance", "place", 1)],
        [SOLD, BOUGHT],
        [SOLD, BOUGHT],
    ),
    (
        &[("error_body_with_200", "place", 1)],
        [OPEN_QUESTION, BOUGHT],
        [PROVEN_ABSENT, BOUGHT],
    ),
    (
        &[("html_instead_of_json", "place", 1)],
        [OPEN_QUESTION, BOUGHT],
        [PROVEN_ABSENT, BOUGHT],
    ),
    (
        &[("maintenance_window", "place", 1)],
        [OPEN_QUESTION, OPEN_QUESTION],
        [PROVEN_ABSENT, PROVEN_ABSENT],
    ),
    // Session and access.
    (
        &[("login_refused", "login", 1)],
        ["nothing", "nothing"],
        ["nothing", "nothing"],
    ),
    (&[("session_expired", "funds", 1)], [SOLD, BOUGHT], [SOLD, BOUGHT]),
    (
        &[("session_dies_mid_basket", "place", 1)],
        [SOLD, "refused adapterError broker_answer"],
        [SOLD, "refused adapterError broker_answer"],
    ),
    (
        &[("static_ip_not_registered", "place", 2)],
        ["refused adapterError broker_answer"; 2],
        ["refused adapterError broker_answer"; 2],
    ),
    (
        &[("market_order_not_allowed", "place", 1)],
        ["refused adapterError broker_answer", BOUGHT],
        ["refused adapterError broker_answer", BOUGHT],
    ),
    (
        &[("needs_authorisation", "place", 1)],
        ["refused checkHoldings broker_answer", BOUGHT],
        ["refused checkHoldings broker_answer", BOUGHT],
    ),
    // Orders.
    (
        &[("insufficient_funds", "place", 1)],
        [SOLD, "refused marginsExceeded broker_answer"],
        [SOLD, "refused marginsExceeded broker_answer"],
    ),
    (
        &[("insufficient_holdings", "place", 1)],
        ["refused checkHoldings broker_answer", BOUGHT],
        ["refused checkHoldings broker_answer", BOUGHT],
    ),
    (
        &[("price_band_moved", "place", 1)],
        ["REJECTED 0 order_book", BOUGHT],
        ["REJECTED 0 order_book", BOUGHT],
    ),
    (
        &[("partial_then_cancelled", "place", 1)],
        ["PARTIAL 2 order_book", BOUGHT],
        ["PARTIAL 2 order_book", BOUGHT],
    ),
    (
        &[("rejected_after_partial", "place", 1)],
        ["PARTIAL 2 order_book", BOUGHT],
        ["PARTIAL 2 order_book", BOUGHT],
    ),
    (
        &[("rejected_after_acceptance", "place", 1)],
        ["REJECTED 0 order_book", BOUGHT],
        ["REJECTED 0 order_book", BOUGHT],
    ),
    // No stock order is ever cancelled by the gateway: the fault waits.
    (
        &[("cancel_crosses_fill", "cancel", 1)],
        [SOLD, BOUGHT],
        [SOLD, BOUGHT],
    ),
    // The order book, and what follows when an answer was lost besides.
    (
        &[("order_book_lagging", "orderBook", ALWAYS), LOST],
        [OPEN_QUESTION, "OPEN 0 broker_answer"],
        [SOLD, BOUGHT],
    ),
    (
        &[
            ("order_book_lagging", "orderBook", ALWAYS),
            ("refused_answer_lost", "place", 1),
        ],
        [OPEN_QUESTION, "OPEN 0 broker_answer"],
        [PROVEN_ABSENT, BOUGHT],
    ),
    (
        &[("unknown_status_word", "orderBook", 2)],
        [SOLD, BOUGHT],
        [SOLD, BOUGHT],
    ),
    (
        &[("unknown_status_word", "orderBook", ALWAYS), LOST],
        ["OPEN 5 order_book", "OPEN 3 order_book"],
        ["OPEN 5 order_book", "OPEN 3 order_book"],
    ),
    (
        &[("duplicate_tag_in_book", "orderBook", ALWAYS)],
        [SOLD, BOUGHT],
        [SOLD, BOUGHT],
    ),
    (
        &[
            ("duplicate_tag_in_book", "orderBook", ALWAYS),
            ("accepted_answer_lost", "place", 2),
        ],
        [SOLD, OPEN_QUESTION],
        [SOLD, OPEN_QUESTION],
    ),
    (
        &[("wrong_quantity_in_book", "orderBook", ALWAYS), LOST],
        [OPEN_QUESTION, "OPEN 0 broker_answer"],
        [OPEN_QUESTION, "OPEN 0 broker_answer"],
    ),
    (
        &[("wrong_quantity_in_book", "orderBook", 3), LOST],
        [SOLD, BOUGHT],
        [SOLD, BOUGHT],
    ),
    (
        &[("tag_missing_in_book", "orderBook", ALWAYS), LOST],
        [OPEN_QUESTION, BOUGHT],
        [OPEN_QUESTION, BOUGHT],
    ),
    (
        &[("tag_missing_in_book", "orderBook", 3), LOST],
        [SOLD, BOUGHT],
        [SOLD, BOUGHT],
    ),
    // Messages are hints: without, with too many or with false ones the book says the same.
    (
        &[("fill_event_dropped", "event", ALWAYS)],
        [SOLD, BOUGHT],
        [SOLD, BOUGHT],
    ),
    (
        &[("fill_event_duplicated", "event", ALWAYS)],
        [SOLD, BOUGHT],
        [SOLD, BOUGHT],
    ),
    (
        &[("fill_events_out_of_order", "event", ALWAYS)],
        [SOLD, BOUGHT],
        [SOLD, BOUGHT],
    ),
    (
        &[
            ("postback_forged", "event", ALWAYS),
            ("refused_answer_lost", "place", 1),
        ],
        [OPEN_QUESTION, BOUGHT],
        [PROVEN_ABSENT, BOUGHT],
    ),
    // Schema.
    (
        &[("field_added", "orderBook", ALWAYS), ("field_added", "place", 2)],
        [SOLD, BOUGHT],
        [SOLD, BOUGHT],
    ),
    (&[("field_missing", "place", 2)], [SOLD, BOUGHT], [SOLD, BOUGHT]),
    (
        &[("field_missing", "orderBook", 3), LOST],
        [SOLD, BOUGHT],
        [SOLD, BOUGHT],
    ),
    (&[("field_null", "place", 2)], [SOLD, BOUGHT], [SOLD, BOUGHT]),
    (
        &[("field_null", "orderBook", ALWAYS), LOST],
        [OPEN_QUESTION, "OPEN 0 broker_answer"],
        [OPEN_QUESTION, "OPEN 0 broker_answer"],
    ),
    (
        &[
            ("number_as_string", "orderBook", ALWAYS),
            ("number_as_string", "place", 2),
        ],
        [SOLD, BOUGHT],
        [SOLD, BOUGHT],
    ),
    // Reads of the book in trouble.
    (
        &[("rate_limited", "orderBook", 2), LOST],
        [SOLD, BOUGHT],
        [SOLD, BOUGHT],
    ),
    (
        &[("session_expired", "orderBook", 1), LOST],
        [SOLD, BOUGHT],
        [SOLD, BOUGHT],
    ),
    (
        &[("maintenance_window", "orderBook", 1), LOST],
        [OPEN_QUESTION, "OPEN 0 broker_answer"],
        [SOLD, BOUGHT],
    ),
    // Reads of the checks in trouble: the broker decides itself.
    (
        &[
            ("html_instead_of_json", "funds", ALWAYS),
            ("field_missing", "holdings", ALWAYS),
        ],
        [SOLD, BOUGHT],
        [SOLD, BOUGHT],
    ),
];

fn at(text: &str) -> Timestamp {
    parse_iso(text).unwrap()
}

fn control(bench: &Bench, method: Method, path: &str, body: &Value) -> Value {
    let path = format!("/torana/v1/gateways/acme/sandbox/{path}");
    let call = bench.partner("acme", method, &path).json(body);
    call.send().data().clone()
}

/// A sale and a purchase by `DEMO01`, handed over under faults.
fn hand_over(bench: &Bench, faults: &[Set]) -> String {
    hand_over_of(bench, "DEMO01", faults)
}

fn hand_over_of(bench: &Bench, account: &str, faults: &[Set]) -> String {
    for (name, class, times) in faults {
        let scope = json!({ "broker": "kite", "account": account, "requestClass": class });
        let body = json!({ "name": name, "scope": scope, "times": times });
        control(bench, Method::POST, "faults", &body);
    }
    let securities = json!([
        { "ticker": "INFY", "quantity": 3, "type": "BUY" },
        { "ticker": "ITC", "quantity": 5, "type": "SELL" },
    ]);
    let order = json!({ "type": "SECURITIES", "securities": securities });
    let id = bench.create("acme", &json!({ "intent": "TRANSACTION", "orderConfig": order }));
    let walk = json!({ "decision": "approve", "broker": "kite", "account": account });
    control(bench, Method::POST, &format!("transactions/{id}/complete"), &walk);
    id
}

/// What the partner is told of the line with this ticker.
fn told(bench: &Bench, id: &str, ticker: &str) -> String {
    let path = format!("/v1/acme/engine/transactiondetails?transactionId={id}");
    let answer = bench.partner("acme", Method::GET, &path).send();
    let batch = &answer.data()["transactionDetails"]["success"]["data"]["batches"][0];
    let line = |list: &str| {
        let mut orders = batch[list].as_array().into_iter().flatten();
        orders.find(|order| order["tradingsymbol"] == ticker).cloned()
    };
    let word = |order: &Value, member: &str| order[member].as_str().unwrap_or_default().to_owned();
    if let Some(order) = line("orders") {
        let filled = order["filledQuantity"].as_i64().unwrap();
        return format!(
            "{} {filled} {}",
            word(&order, "rawStatus"),
            word(&order, "evidence")
        );
    }
    line("unplaced").map_or_else(
        || "nothing".to_owned(),
        |order| {
            assert!(!word(&order, "statusMessage").is_empty(), "a refusal says why");
            format!(
                "refused {} {}",
                word(&order, "errorCode"),
                word(&order, "evidence")
            )
        },
    )
}

/// The orders of `DEMO01` as the exchange has them.
fn truth(bench: &Bench) -> Vec<PaperOrder> {
    let key = AccountKey::new(BrokerKey::Kite, "DEMO01").unwrap();
    let ask = |command| {
        bench
            .machine
            .run(bench.engine.exchange().execute("acme", at(EVENING), command))
    };
    ask(Command::RemoveFaults(None)).unwrap();
    match ask(Command::OrderBook(Reader::Platform(key))).unwrap().reply {
        Reply::Book(book) => book.orders,
        Reply::NoSuchAccount => Vec::new(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_fault_ends_in_what_is_true_or_in_an_open_question() {
    for (faults, after_a_minute, in_the_evening) in ROWS {
        let bench = Bench::new();
        let id = hand_over(&bench, faults);
        let lines = || ["ITC", "INFY"].map(|ticker| told(&bench, &id, ticker));
        control(&bench, Method::POST, "clock", &json!({ "advance": "PT1M" }));
        assert_eq!(lines(), *after_a_minute, "{faults:?} after a minute");
        control(&bench, Method::POST, "clock", &json!({ "set": EVENING }));
        assert_eq!(lines(), *in_the_evening, "{faults:?} in the evening");

        let orders = truth(&bench);
        for ticker in ["ITC", "INFY"] {
            let sent: Vec<_> = orders.iter().filter(|order| order.ticker == ticker).collect();
            assert!(
                sent.len() <= 1,
                "{faults:?}: {ticker} was placed {} times",
                sent.len()
            );
            let told = told(&bench, &id, ticker);
            let has_order = !sent.is_empty();
            assert!(
                !(told.starts_with("refused") && has_order),
                "{faults:?}: {ticker} was guessed refused"
            );
            assert!(
                !told.starts_with("COMPLETE") || has_order,
                "{faults:?}: {ticker} was made up"
            );
        }
    }
}

#[test]
fn every_fault_of_the_catalogue_has_its_scenario() {
    for spec in CATALOGUE {
        let has_row = ROWS
            .iter()
            .any(|(faults, ..)| faults.iter().any(|(name, ..)| *name == spec.name));
        assert!(has_row, "{}", spec.name);
    }
}

/// Orders of `SLOW01` fill a minute late, when no read of the book is due.
#[test]
fn a_message_about_a_fill_has_the_book_read_at_once() {
    for (fault, is_known) in [
        (None, true),
        (Some("fill_event_dropped"), false),
        (Some("fill_event_duplicated"), true),
        (Some("fill_events_out_of_order"), true),
        (Some("postback_forged"), true),
    ] {
        let bench = Bench::new();
        let faults: Vec<Set> = fault.map(|name| (name, "event", ALWAYS)).into_iter().collect();
        let id = hand_over_of(&bench, "SLOW01", &faults);
        let after = |duration: &str| {
            control(&bench, Method::POST, "clock", &json!({ "advance": duration }));
            ["ITC", "INFY"].map(|ticker| told(&bench, &id, ticker))
        };
        let (open, done) = (["OPEN 0 order_book"; 2], [SOLD, BOUGHT]);
        assert_eq!(after("PT59S"), open, "{fault:?}");
        assert_eq!(after("PT1S"), if is_known { done } else { open }, "{fault:?}");
        assert_eq!(after("PT5S"), done, "{fault:?}");
    }
}

/// Faults that come by chance come alike in equal worlds.
#[test]
fn equal_scripts_meet_equal_faults() {
    let run = || {
        let bench = Bench::new();
        let reset =
            json!({ "scope": "world", "seed": 11, "startAt": "2026-01-05T04:30:00.000Z", "freeze": true });
        control(&bench, Method::POST, "reset", &reset);
        for name in [
            "accepted_answer_lost",
            "rejected_after_acceptance",
            "html_instead_of_json",
        ] {
            let class = if name == "html_instead_of_json" {
                "orderBook"
            } else {
                "place"
            };
            let body = json!({ "name": name, "scope": { "requestClass": class }, "probability": 0.5 });
            control(&bench, Method::POST, "faults", &body);
        }
        let mut seen = Vec::new();
        for _ in 0..4 {
            let id = hand_over(&bench, &[]);
            control(&bench, Method::POST, "clock", &json!({ "advance": "PT2M" }));
            seen.push(["ITC", "INFY"].map(|ticker| told(&bench, &id, ticker)));
        }
        (
            seen,
            control(&bench, Method::GET, "faults", &json!({}))["active"].clone(),
        )
    };
    assert_eq!(run(), run());
}
