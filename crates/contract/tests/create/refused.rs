//! Bodies that do not pass, and with which words.

use torana_contract::create::{MAX_SECURITIES, SMALLCASE_ORDER_TYPES};
use torana_domain::intent::IntentKind;

use super::*;

fn assert_refused(body: &str, detail: &str) {
    let error = judge(body).expect_err(body);
    assert_eq!(
        (error.status(), error.code.slug()),
        (400, "validation_failed"),
        "{body}"
    );
    assert!(
        error.details[0].starts_with(detail),
        "{body}: {:?}",
        error.details
    );
}

/// Every field of every request, from the data file.
#[test]
fn every_field_is_refused_with_its_name() {
    let rows: Vec<&str> = include_str!("refusals.txt")
        .lines()
        .filter(|row| !row.starts_with('#'))
        .collect();
    assert!(rows.len() > 100);
    for row in rows {
        let (detail, body) = row.split_once(" <= ").unwrap();
        assert_refused(body, detail);
    }
}

#[test]
fn long_values_are_refused() {
    let baskets = order(&format!(
        "[{}]",
        vec![r#"{"ticker":"A"}"#; MAX_SECURITIES + 1].join(",")
    ));
    assert_refused(
        &baskets,
        "orderConfig.securities: must have 1 to 100 items, has 101",
    );
    let notes = format!(r#"{{"intent":"CONNECT","notes":"{}"}}"#, "x".repeat(257));
    assert_refused(&notes, "notes: may have at most 256 Unicode characters");
    let name = order_with(&format!(r#""meta":{{"orderName":"{}"}}"#, "é".repeat(101)));
    assert_refused(&name, "orderConfig.meta.orderName: may have at most 100");
    let logo = order_with(&format!(
        r#""meta":{{"orderLogo":"https://p.example/{}"}}"#,
        "x".repeat(2048)
    ));
    assert_refused(&logo, "orderConfig.meta.orderLogo: must be an https address");
}

#[test]
fn unknown_words_have_their_own_slugs() {
    for word in ["ONBOARDING", "connect", "Connect", "", "BUY", "LOAN_APPLICATION"] {
        let error = judge(&format!(r#"{{"intent":"{word}"}}"#)).unwrap_err();
        assert_eq!(
            (error.status(), error.code.slug()),
            (400, "intent_not_supported"),
            "{word}"
        );
    }
    for kind in ["CREATE", "securities", "", "FIX/REPAIR"] {
        let error = judge(&smallcase(kind, SCID)).unwrap_err();
        assert_eq!(
            (error.status(), error.code.slug()),
            (400, "invalid_order_type"),
            "{kind}"
        );
        assert!(error.details[0].starts_with("orderConfig.type: must be SECURITIES or one of BUY, "));
    }
}

#[test]
fn every_problem_is_named_at_once_and_personal_data_is_not_repeated() {
    let error = judge(&order(
        r#"[{"ticker":"A B","quantity":0,"type":"HOLD"},{"ticker":"C","quantity":"1"}]"#,
    ))
    .unwrap_err();
    assert_eq!(error.details.len(), 5, "{:?}", error.details);
    let error = judge(&mf(
        r#""pan":"SECRET0000","phone":"123454321","email":"me(at)home""#,
    ))
    .unwrap_err();
    let text = format!("{error:?}");
    for value in ["SECRET0000", "123454321", "me(at)home"] {
        assert!(!text.contains(value), "{text}");
    }
}

#[test]
fn exchanges_are_a_later_look_up() {
    let judged = judge(&order(
        r#"[{"ticker":"A","exchange":"NSE"},{"ticker":"B","exchange":"BSE"}]"#,
    ))
    .unwrap();
    let error = judged.check_exchanges().unwrap_err();
    assert_eq!(
        (error.status(), error.code.slug()),
        (422, "exchange_not_supported")
    );
    assert_eq!(
        error.details,
        ["orderConfig.securities[1].exchange: must be NSE or left out"]
    );
}

#[test]
fn token_kinds_per_intent() {
    use IntentKind::{
        AuthoriseHoldings, CancelAmo, Connect, FetchFunds, HoldingsImport, ImrSetup, MfHoldingsImport,
        SipSetup, Subscription, Transaction,
    };
    for intent in [Connect, HoldingsImport, MfHoldingsImport, Subscription] {
        assert!(!needs_connected(intent, None), "{intent:?}");
    }
    for intent in [FetchFunds, SipSetup, ImrSetup, CancelAmo, AuthoriseHoldings] {
        assert!(needs_connected(intent, None), "{intent:?}");
    }
    for kind in SMALLCASE_ORDER_TYPES {
        assert_eq!(needs_connected(Transaction, Some(kind)), kind != "BUY", "{kind}");
    }
    for kind in [None, Some("SECURITIES"), Some("CREATE")] {
        assert!(!needs_connected(Transaction, kind), "{kind:?}");
    }
    let shape = |body: &str| {
        Shape::parse(body.as_bytes())
            .map(|shape| shape.order_type())
            .unwrap()
    };
    assert_eq!(shape(&smallcase("EXIT", SCID)).as_deref(), Some("EXIT"));
    assert_eq!(shape(r#"{"orderConfig":[]}"#), None);
}
