//! What becomes of orders at Zerodha under every fault of the catalogue: the gateway goes over the Kite interface with
//! the adapter for live accounts, and what is seen must be what `docs/sandbox.md` says.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};
use torana_testkit::partner::basket;
use torana_testkit::{Options, Partner, Torana};

const PAGE: &str = include_str!("../../../../docs/sandbox.md");
const BEGIN: &str = "<!-- begin: outcomes -->";
const END: &str = "<!-- end: outcomes -->";

const MONDAY_MORNING: &str = "2026-01-05T04:30:00.000Z";
const MONDAY_EVENING: &str = "2026-01-05T10:30:00.000Z";
/// How long a transaction may take to settle in a world that stands still: longer than an adapter waits for an answer
/// would be too long for those that never settle there.
const WAIT_MS: u32 = 2_000;

/// Fault, what the user does, right away, after the close.
fn documented() -> Vec<[String; 4]> {
    let (_, rest) = PAGE.split_once(BEGIN).expect("the page has the table");
    let (table, _) = rest.split_once(END).expect("the table ends");
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let cells = |line: &str| {
        let cells: Vec<String> = line
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect();
        <[String; 4]>::try_from(cells).unwrap_or_else(|cells| panic!("four cells: {cells:?}"))
    };
    rows.map(cells).collect()
}

fn sale(lines: &[(&str, i64)]) -> Value {
    let mut body = basket(lines);
    for line in body["orderConfig"]["securities"].as_array_mut().unwrap() {
        line["type"] = json!("SELL");
    }
    body
}

/// The transaction, and the class of requests that the fault is to hit where one must be named.
fn deed(what: &str) -> (Value, Option<&'static str>) {
    match what {
        "buys" => (basket(&[("INFY", 3)]), Some("place")),
        "buys two" => (basket(&[("INFY", 3), ("ITC", 2)]), Some("place")),
        "sells" => (sale(&[("ITC", 3)]), Some("place")),
        "buys, the book goes wrong" => (basket(&[("INFY", 3)]), Some("orderBook")),
        "buys, messages go wrong" => (basket(&[("INFY", 3)]), Some("event")),
        "buys; nobody cancels" => (basket(&[("INFY", 3)]), Some("cancel")),
        "logs in" => (basket(&[("INFY", 3)]), Some("login")),
        other => panic!("{other}: no such deed"),
    }
}

/// What can be seen of a transaction.
fn shown(details: &Value) -> String {
    let details = &details["transactionDetails"];
    let batch = &details["success"]["data"]["batches"][0];
    let mut out = String::new();
    for (list, placed) in [("orders", true), ("unplaced", false)] {
        for order in batch[list].as_array().into_iter().flatten() {
            let text = |name: &str| order[name].as_str().unwrap_or_default().to_owned();
            let _ = write!(
                out,
                "{} ",
                if placed {
                    text("rawStatus")
                } else {
                    "not placed".to_owned()
                }
            );
            if placed {
                let _ = write!(out, "{}/{} ", order["filledQuantity"], order["quantity"]);
            }
            let _ = write!(out, "{} {}", text("evidence"), text("errorCode"));
            out = out.trim_end().to_owned();
            out.push_str(", ");
        }
    }
    if out.is_empty() {
        return format!(
            "{} {}",
            details["rawStatus"].as_str().unwrap(),
            details["error"]["code"]
        )
        .replace(" null", "");
    }
    out.trim_end_matches(", ").to_owned()
}

/// What is seen right away and after the close.
fn observed(partner: &Partner, fault: &str, what: &str) -> (String, String) {
    partner.start_world_at(MONDAY_MORNING, true);
    let (body, class) = deed(what);
    let scope = json!({ "broker": "kite", "account": "DEMO01", "requestClass": class });
    let set = json!({ "name": fault, "scope": scope });
    let answer = partner.post_as_gateway(&partner.sandbox("faults"), &set);
    assert_eq!(answer.status, 200, "{fault}: {}", answer.text);
    let guest = partner.guest();
    let id = partner.transaction(&guest, &body);
    let walk = json!({ "decision": "approve", "broker": "kite", "account": "DEMO01" });
    let path = partner.sandbox(&format!("transactions/{id}/complete?waitMs={WAIT_MS}"));
    let _ = partner.post(&path, &guest, &walk).data();
    let first = shown(&partner.details(&guest, &id).data());
    let clock = json!({ "set": MONDAY_EVENING });
    let _ = partner.post_as_gateway(&partner.sandbox("clock"), &clock).data();
    (first, shown(&partner.details(&guest, &id).data()))
}

#[test]
fn every_fault_ends_as_documented() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let rows = documented();
    let listed: BTreeSet<&str> = rows.iter().map(|row| row[0].trim_matches('`')).collect();
    let faults = partner.get_as_gateway(&partner.sandbox("faults")).data();
    let catalogue = faults["catalogue"].as_array().unwrap().iter();
    let catalogue: BTreeSet<&str> = catalogue.map(|kind| kind["name"].as_str().unwrap()).collect();
    assert_eq!(listed, catalogue, "every fault once");
    let mut table = String::new();
    for [fault, what, _, _] in &rows {
        let (first, last) = observed(&partner, fault.trim_matches('`'), what);
        let _ = writeln!(table, "| {fault} | {what} | {first} | {last} |");
    }
    let promised: String = rows
        .iter()
        .fold(String::new(), |mut all, [fault, what, first, last]| {
            let _ = writeln!(all, "| {fault} | {what} | {first} | {last} |");
            all
        });
    assert_eq!(table, promised, "what is seen and what the page says");
}
