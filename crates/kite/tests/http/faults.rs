//! What can go wrong on the way, made true at this border.

use http::header;
use serde_json::{Value, json};
use torana_exchange::core::faults::Params;
use torana_exchange::core::{Command, FaultKind, FaultScope, NewFault, Reply, RequestClass, Trigger};
use torana_kite::Cut;

use crate::bench::{Answer, Bench, Login, order};

fn set(bench: &Bench, name: &str, class: RequestClass, params: Value) {
    let kind = FaultKind::parse(name).unwrap_or_else(|| panic!("no fault {name}"));
    let fault = NewFault {
        kind,
        scope: FaultScope {
            request_class: Some(class),
            ..FaultScope::default()
        },
        trigger: Trigger::Times(1),
        params: serde_json::from_value::<Params>(params).unwrap(),
    };
    let reply = bench.command("acme", Command::SetFault(fault));
    assert!(matches!(reply, Reply::FaultSet(_)), "{name}: {reply:?}");
}

fn cut(answer: &Answer) -> Option<Cut> {
    answer.extensions.get::<Cut>().copied()
}

fn count(bench: &Bench, login: &Login) -> usize {
    bench.get(login, "/orders").data().as_array().unwrap().len()
}

#[test]
fn an_answer_is_lost_before_or_after_the_order_was_taken() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let place = || bench.post(&login, "/orders/regular", &order(&[]));
    for (name, how, orders) in [
        ("accepted_answer_lost", Cut::Closed, 1),
        ("connection_reset_before_acceptance", Cut::Reset, 1),
        ("connection_reset_after_acceptance", Cut::Reset, 2),
    ] {
        set(&bench, name, RequestClass::Place, json!({}));
        assert_eq!(cut(&place()), Some(how), "{name}");
        assert_eq!(count(&bench, &login), orders, "{name}");
    }
    for (name, orders) in [
        ("server_error_before_acceptance", 2),
        ("server_error_after_acceptance", 3),
    ] {
        set(&bench, name, RequestClass::Place, json!({}));
        let answer = place();
        assert!(answer.status.is_server_error(), "{name}: {}", answer.status);
        assert!(matches!(
            answer.failure().1.as_str(),
            "NetworkException" | "GeneralException"
        ));
        assert_eq!(count(&bench, &login), orders, "{name}");
    }
    assert!(place().status.is_success(), "once each");
}

#[test]
fn an_answer_comes_late_or_when_nobody_waits_any_more() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let waited = |bench: &Bench, answer: &dyn Fn() -> Answer| {
        use torana_runtime::Wall as _;
        let before = bench.machine.now().0;
        let answer = answer();
        (answer, bench.machine.now().0 - before)
    };
    set(
        &bench,
        "slow_then_fine",
        RequestClass::OrderBook,
        json!({ "delayMs": 1500 }),
    );
    let (answer, ms) = waited(&bench, &|| bench.get(&login, "/orders"));
    assert_eq!((answer.data(), ms), (json!([]), 1500));
    set(&bench, "answer_after_timeout", RequestClass::Place, json!({}));
    let (answer, ms) = waited(&bench, &|| bench.post(&login, "/orders/regular", &order(&[])));
    assert_eq!(cut(&answer), Some(Cut::Closed));
    assert!(ms >= 60_000, "{ms}");
    assert_eq!(count(&bench, &login), 1);
}

#[test]
fn too_many_calls_and_answers_that_are_none() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    set(
        &bench,
        "rate_limited",
        RequestClass::Place,
        json!({ "retryAfterSeconds": 7 }),
    );
    let answer = bench.post(&login, "/orders/regular", &order(&[]));
    assert_eq!(
        (answer.failure().0, answer.failure().1.as_str()),
        (429, "NetworkException")
    );
    assert_eq!(answer.headers[header::RETRY_AFTER], "7");
    set(&bench, "error_body_with_200", RequestClass::OrderBook, json!({}));
    assert_eq!(bench.get(&login, "/orders").failure().0, 200);
    set(&bench, "html_instead_of_json", RequestClass::OrderBook, json!({}));
    let page = bench.get(&login, "/orders");
    assert_eq!(page.status, 200);
    assert!(page.text().starts_with("<!doctype html>"));
    assert_eq!(count(&bench, &login), 0);
}

#[test]
fn members_come_go_and_change() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    bench.place(&login, &order(&[]));
    let book = |name: &str, params: Value| {
        set(&bench, name, RequestClass::OrderBook, params);
        bench.get(&login, "/orders").data()[0].clone()
    };
    assert_eq!(
        book("unknown_status_word", json!({ "word": "PARKED" }))["status"],
        "PARKED"
    );
    assert_eq!(book("field_added", json!({}))["unannounced"], "new");
    assert_eq!(book("field_missing", json!({})).get("order_id"), None);
    assert_eq!(book("field_null", json!({}))["order_id"], Value::Null);
    let texts = book("number_as_string", json!({}));
    assert_eq!((&texts["quantity"], &texts["price"]), (&json!("2"), &json!("0")));
    assert_eq!(bench.get(&login, "/orders").data()[0]["quantity"], 2);
}

#[test]
fn refusals_at_the_door_have_their_class() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let place = |more: &[(&'static str, &'static str)]| {
        let (status, class, _) = bench.post(&login, "/orders/regular", &order(more)).failure();
        (status, class)
    };
    let sell: &[(&str, &str)] = &[("transaction_type", "SELL")];
    for (name, more, status, class) in [
        ("static_ip_not_registered", &[][..], 403, "PermissionException"),
        ("market_order_not_allowed", &[], 400, "InputException"),
        ("insufficient_funds", &[], 400, "MarginException"),
        ("insufficient_holdings", sell, 400, "HoldingException"),
        ("needs_authorisation", sell, 428, "HoldingException"),
        ("session_expired", &[], 403, "TokenException"),
    ] {
        set(&bench, name, RequestClass::Place, json!({}));
        assert_eq!(place(more), (status, class.to_owned()), "{name}");
    }
    set(&bench, "login_refused", RequestClass::Login, json!({}));
    let keys = bench.app("acme");
    let fields = [("api_key", keys.api_key.as_str()), ("account", "DEMO01")];
    let page = bench.form(http::Method::POST, "/connect/login", &fields);
    assert!(page.text().contains("The broker refuses this login; try again"));
    assert_eq!(
        bench.login(&keys, "DEMO01").api_key,
        keys.api_key,
        "the next one succeeds"
    );
}
