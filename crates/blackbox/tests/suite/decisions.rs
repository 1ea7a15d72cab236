//! Every decision of the sandbox control API: where the transaction ends and how the SDK's promise settles.

use serde_json::{Value, json};
use torana_testkit::partner::basket;
use torana_testkit::{Engine, Options, Partner, Torana};

on_both_engines!(
    each_decision_ends_where_it_should,
    what_does_not_fit_is_refused_before_anything_is_done
);

fn intent(name: &str) -> Value {
    if name == "TRANSACTION" {
        basket(&[("INFY", 1)])
    } else {
        json!({"intent": name})
    }
}

/// Runs a decision on a fresh transaction; returns real status, code of the error and the settlement's code.
fn decide(partner: &Partner, token: &str, kind: &str, decision: Value) -> (String, Value, Value, String) {
    let id = partner.transaction(token, &intent(kind));
    let data = partner.complete(token, &id, &decision).data();
    let details = partner.details(token, &id).data();
    let nested = &details["transactionDetails"];
    assert_eq!(
        data["transactionDetails"]["rawStatus"], nested["rawStatus"],
        "{data}"
    );
    assert_eq!(data["worldTime"].as_str().map(str::len), Some(24), "{data}");
    (
        nested["rawStatus"].as_str().unwrap().to_owned(),
        details["error"].clone(),
        data["settlement"].clone(),
        id,
    )
}

fn each_decision_ends_where_it_should(engine: Engine) {
    let (_torana, partner) = Torana::with_partner(Options::new(engine));
    partner.open_market();
    let guest = partner.guest();
    let user = partner.connected(&partner.connect("kite", "DEMO01"));
    let login = |decision: &str| json!({"decision": decision, "broker": "kite", "account": "DEMO01"});
    // Consent is asked once per user, so these log in where nobody has agreed yet.
    let fresh =
        |decision: &str, account: &str| json!({"decision": decision, "broker": "upstox", "account": account});
    let error = |code: u16, message: &str| json!({"code": code, "message": message});
    let none = Value::Null;
    let cases = [
        (
            &guest,
            "CONNECT",
            login("approve"),
            "COMPLETED",
            none.clone(),
            "resolve",
            none.clone(),
        ),
        (
            &guest,
            "TRANSACTION",
            login("approve"),
            "COMPLETED",
            none.clone(),
            "resolve",
            none.clone(),
        ),
        (
            &guest,
            "HOLDINGS_IMPORT",
            login("approve"),
            "COMPLETED",
            none.clone(),
            "resolve",
            none.clone(),
        ),
        (
            &user,
            "FETCH_FUNDS",
            login("approve"),
            "COMPLETED",
            none.clone(),
            "resolve",
            none.clone(),
        ),
        (
            &user,
            "AUTHORISE_HOLDINGS",
            login("approve"),
            "COMPLETED",
            none.clone(),
            "resolve",
            none.clone(),
        ),
        (
            &guest,
            "CONNECT",
            login("cancel"),
            "CANCELLED",
            error(1011, "user_cancelled"),
            "reject",
            json!(1011),
        ),
        (
            &guest,
            "TRANSACTION",
            login("cancel"),
            "CANCELLED",
            error(1012, "user_cancelled"),
            "reject",
            json!(1012),
        ),
        (
            &guest,
            "HOLDINGS_IMPORT",
            fresh("cancel", "DEMO02"),
            "CANCELLED",
            error(1012, "user_cancelled"),
            "reject",
            json!(1012),
        ),
        (
            &guest,
            "HOLDINGS_IMPORT",
            fresh("deny_consent", "EMPTY01"),
            "ERRORED",
            error(1003, "consent_denied"),
            "reject",
            json!(1003),
        ),
        (
            &user,
            "CONNECT",
            login("wrong_account"),
            "ERRORED",
            error(1001, "user_mismatch"),
            "reject",
            json!(1001),
        ),
        (
            &user,
            "TRANSACTION",
            login("wrong_account"),
            "ERRORED",
            error(1001, "user_mismatch"),
            "reject",
            json!(1001),
        ),
        (
            &guest,
            "CONNECT",
            json!({"decision": "no_broker"}),
            "ERRORED",
            error(1006, "no_broker"),
            "reject",
            json!(1006),
        ),
        (
            &guest,
            "TRANSACTION",
            json!({"decision": "open_account"}),
            "ERRORED",
            error(1007, "no_broker"),
            "reject",
            json!(1007),
        ),
        (
            &guest,
            "TRANSACTION",
            json!({"decision": "close_before_login"}),
            "INITIALIZED",
            none.clone(),
            "reject",
            json!(1010),
        ),
        (
            &guest,
            "TRANSACTION",
            login("close_after_login"),
            "USED",
            none.clone(),
            "reject",
            json!(1012),
        ),
        (
            &guest,
            "CONNECT",
            json!({"decision": "expire"}),
            "EXPIRED",
            error(3001, "transaction_expired"),
            "reject",
            json!(3001),
        ),
        (
            &guest,
            "TRANSACTION",
            login("expire"),
            "EXPIRED",
            error(1005, "transaction_expired"),
            "reject",
            json!(1005),
        ),
    ];
    let mut wrong = Vec::new();
    for (token, kind, decision, status, error, outcome, code) in cases {
        let name = format!("{kind} {decision}");
        let (seen, seen_error, settlement, id) = decide(&partner, token, kind, decision);
        let got = (
            seen.as_str(),
            &seen_error,
            settlement["outcome"].as_str().unwrap(),
            &settlement["code"],
        );
        if got != (status, &error, outcome, &code) {
            wrong.push(format!(
                "{name} ({id}): expected {:?}, got {got:?}",
                (status, &error, outcome, &code)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_mismatch_touches_nothing_of_the_second_account() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let user = partner.connect("kite", "DEMO01");
    let token = partner.connected(&user);
    let id = partner.transaction(&token, &basket(&[("INFY", 1)]));
    let body = json!({"decision": "approve", "broker": "kite", "account": "DEMO02"});
    let data = partner.complete(&token, &id, &body).data();
    assert_eq!(data["settlement"]["code"], 1001, "{data}");
    let details = partner.details(&token, &id).data();
    assert_eq!(details["transactionDetails"]["rawStatus"], "ERRORED");
    // The second account is still unknown: its first login is a sign-up.
    let guest = partner.guest();
    let id = partner.transaction(&guest, &json!({"intent": "CONNECT"}));
    let _ = partner.complete(&guest, &id, &body).data();
    let success = partner.details(&guest, &id).data()["transactionDetails"]["success"].clone();
    assert_eq!(success["signup"], true, "{success}");
    assert_ne!(success["smallcaseAuthId"], user.as_str());
}

#[test]
fn a_flow_that_was_left_open_may_be_completed_later() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let guest = partner.guest();
    let login = json!({"decision": "close_after_login", "broker": "kite", "account": "DEMO01"});
    let (status, _, _, id) = decide(&partner, &guest, "TRANSACTION", login);
    assert_eq!(status, "USED");
    let approve = json!({"decision": "approve", "broker": "kite", "account": "DEMO01"});
    let data = partner.complete(&guest, &id, &approve).data();
    assert_eq!(data["settlement"]["outcome"], "resolve", "{data}");
    let _ = partner
        .complete(&guest, &id, &approve)
        .refused(409, "transaction_expired");
}

fn what_does_not_fit_is_refused_before_anything_is_done(engine: Engine) {
    let (_torana, partner) = Torana::with_partner(Options::new(engine));
    partner.open_market();
    let guest = partner.guest();
    let first = partner.connect("kite", "DEMO01");
    let user = partner.connected(&first);
    let other = partner.connected(&partner.connect("kite", "DEMO02"));
    let login = |decision: &str| json!({"decision": decision, "broker": "kite", "account": "DEMO01"});
    let (bad, unfit) = ((400, "validation_failed"), (422, "decision_not_applicable"));
    let cases = [
        (&guest, "CONNECT", json!({}), bad),
        (&guest, "CONNECT", json!({"decision": 1}), bad),
        (&guest, "CONNECT", json!({"decision": "agree"}), bad),
        (&guest, "CONNECT", json!({"decision": "approve"}), bad),
        (
            &guest,
            "CONNECT",
            json!({"decision": "approve", "broker": "kite"}),
            bad,
        ),
        (
            &guest,
            "CONNECT",
            json!({"decision": "approve", "broker": "kite", "account": 7}),
            bad,
        ),
        (
            &guest,
            "CONNECT",
            json!({"decision": "approve", "broker": "kite", "account": "DEMO01", "amo": "yes"}),
            bad,
        ),
        (
            &guest,
            "TRANSACTION",
            json!({"decision": "approve", "broker": "kite", "account": "DEMO01", "edits": {}}),
            bad,
        ),
        (
            &guest,
            "TRANSACTION",
            json!({"decision": "approve", "broker": "kite", "account": "DEMO01", "edits": [{"quantity": 1}]}),
            bad,
        ),
        (
            &guest,
            "CONNECT",
            json!({"decision": "approve", "broker": "kite", "account": "NOBODY1"}),
            (404, "account_not_found"),
        ),
        (&guest, "CONNECT", login("deny_consent"), unfit),
        (&guest, "TRANSACTION", login("deny_consent"), unfit),
        (&guest, "CONNECT", login("close_after_login"), unfit),
        (&guest, "CONNECT", login("wrong_account"), unfit),
    ];
    for (token, kind, decision, (status, error)) in cases {
        let id = partner.transaction(token, &intent(kind));
        let name = format!("{kind} {decision}");
        let answer = partner.complete(token, &id, &decision);
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (status, error),
            "{name}: {}",
            answer.text
        );
        assert_eq!(partner.raw_status(&id), "INITIALIZED", "{name}");
    }
    let of_user = partner.transaction(&user, &json!({"intent": "FETCH_FUNDS"}));
    for token in [&guest, &other] {
        let _ = partner
            .complete(token, &of_user, &login("approve"))
            .refused(404, "invalid_transactionId");
    }
    let of_guest = partner.transaction(&guest, &json!({"intent": "CONNECT"}));
    let _ = partner
        .complete(&user, &of_guest, &login("approve"))
        .refused(404, "invalid_transactionId");
    let unknown = format!("TRX_{}", "0".repeat(32));
    let _ = partner
        .complete(&guest, &unknown, &login("approve"))
        .refused(404, "invalid_transactionId");
}
