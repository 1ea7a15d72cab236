//! Creation: the fields that all intents share, and the intents that are not there yet.

use serde_json::{Value, json};
use torana_testkit::{Options, Partner, Torana};

const ISCID: &str = "60c72b2f9b1e8a0012345678";
pub const BAD: (u16, &str) = (400, "validation_failed");
const LATER: (u16, &str) = (403, "intent_not_enabled");
pub const GOOD: (u16, &str) = (200, "");

/// Creates with each body and tells all that were not answered as expected.
pub fn check(partner: &Partner, token: &str, cases: Vec<(&str, Value, (u16, &str))>) {
    let mut wrong = Vec::new();
    for (name, body, expected) in cases {
        let answer = partner.create(token, &body);
        if (answer.status, answer.error().as_str()) != expected {
            wrong.push(format!(
                "{name}: {expected:?} expected, got {} {}",
                answer.status, answer.text
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn common_fields_are_validated() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let connect = |member: &str, value: Value| {
        let mut body = json!({"intent": "CONNECT"});
        body[member] = value;
        body
    };
    let import = |body: Value| {
        let mut all = json!({"intent": "HOLDINGS_IMPORT"});
        all.as_object_mut()
            .unwrap()
            .extend(body.as_object().unwrap().clone());
        all
    };
    let mut cases = vec![
        ("no intent", json!({}), BAD),
        ("intent null", json!({"intent": null}), BAD),
        ("intent no text", json!({"intent": 7}), BAD),
        (
            "intent in lower case",
            json!({"intent": "connect"}),
            (400, "intent_not_supported"),
        ),
        (
            "intent unknown",
            json!({"intent": "PAY"}),
            (400, "intent_not_supported"),
        ),
        (
            "ONBOARDING",
            json!({"intent": "ONBOARDING"}),
            (400, "intent_not_supported"),
        ),
        ("unknown members", connect("colour", json!({"a": [1]})), GOOD),
        (
            "notes at their limit",
            connect("notes", json!("ü".repeat(256))),
            GOOD,
        ),
        ("notes too long", connect("notes", json!("n".repeat(257))), BAD),
        ("notes no text", connect("notes", json!(7)), BAD),
        ("v1", import(json!({"version": "v1"})), GOOD),
        ("v2", import(json!({"version": "v2"})), GOOD),
        ("v3", import(json!({"version": "v3"})), BAD),
        ("version no text", import(json!({"version": 2})), BAD),
        ("assetConfig no object", import(json!({"assetConfig": []})), BAD),
    ];
    for value in [
        json!(true),
        json!(false),
        json!("true"),
        json!("True"),
        json!("FALSE"),
    ] {
        cases.push((
            "mfHoldings",
            import(json!({"assetConfig": {"mfHoldings": value}})),
            GOOD,
        ));
    }
    for value in [json!("yes"), json!(1), json!([])] {
        cases.push((
            "mfHoldings",
            import(json!({"assetConfig": {"mfHoldings": value}})),
            BAD,
        ));
    }
    check(&partner, &partner.guest(), cases);
}

#[test]
fn intents_that_are_not_there_yet_are_validated_and_then_refused() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let smallcase = |kind: &str, rest: Value| {
        let mut config = json!({"type": kind});
        config
            .as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        json!({"intent": "TRANSACTION", "orderConfig": config})
    };
    let mf = |config: Value| json!({"intent": "MF_HOLDINGS_IMPORT", "assetConfig": config});
    let needs_user = (403, "connected_user_required");
    let guest_cases = vec![
        ("BUY", smallcase("BUY", json!({"scid": "SCXX_0001"})), LATER),
        ("BUY without scid", smallcase("BUY", json!({})), BAD),
        ("BUY with a bad scid", smallcase("BUY", json!({"scid": 7})), BAD),
        (
            "INVESTMORE",
            smallcase("INVESTMORE", json!({"iscid": ISCID})),
            needs_user,
        ),
        ("EXIT", smallcase("EXIT", json!({"iscid": ISCID})), needs_user),
        (
            "MF import",
            mf(json!({"pan": "abcde1234f", "phone": "+919800000000", "fromDate": "2015-04-01"})),
            LATER,
        ),
        ("MF import bare", json!({"intent": "MF_HOLDINGS_IMPORT"}), LATER),
        ("MF bad PAN", mf(json!({"pan": "12345"})), BAD),
        ("MF bad phone", mf(json!({"phone": "12"})), BAD),
        ("MF bad e-mail", mf(json!({"email": "nobody"})), BAD),
        ("MF bad date", mf(json!({"fromDate": "01-04-2015"})), BAD),
        ("MF impossible date", mf(json!({"fromDate": "2015-02-30"})), BAD),
        (
            "MF date in the future",
            mf(json!({"fromDate": "2999-01-01"})),
            BAD,
        ),
        (
            "MF dates swapped",
            mf(json!({"fromDate": "2020-01-02", "toDate": "2020-01-01"})),
            BAD,
        ),
        (
            "SUBSCRIPTION",
            json!({"intent": "SUBSCRIPTION", "config": {"scid": "SCXX_0002"}}),
            LATER,
        ),
        (
            "SUBSCRIPTION alias",
            json!({"intent": "SUBSCRIPTION", "orderConfig": {"scid": "SCXX_0002"}}),
            LATER,
        ),
        ("SUBSCRIPTION bare", json!({"intent": "SUBSCRIPTION"}), BAD),
        (
            "SIP_SETUP",
            json!({"intent": "SIP_SETUP", "orderConfig": {"iscid": ISCID}}),
            needs_user,
        ),
        (
            "IMR_SETUP",
            json!({"intent": "IMR_SETUP", "orderConfig": {"iscid": ISCID}}),
            needs_user,
        ),
        (
            "CANCEL_AMO",
            json!({"intent": "CANCEL_AMO", "orderConfig": {"iscid": ISCID}}),
            needs_user,
        ),
        ("FETCH_FUNDS", json!({"intent": "FETCH_FUNDS"}), needs_user),
        (
            "AUTHORISE_HOLDINGS",
            json!({"intent": "AUTHORISE_HOLDINGS"}),
            needs_user,
        ),
    ];
    check(&partner, &partner.guest(), guest_cases);
    let token = partner.connected(&partner.connect("kite", "DEMO01"));
    let mut cases = vec![
        ("RECONCILIATION", smallcase("RECONCILIATION", json!({})), LATER),
        ("REPAIR", smallcase("REPAIR", json!({"iscid": ISCID})), LATER),
        ("no investment named", smallcase("INVESTMORE", json!({})), BAD),
        ("CONNECT", json!({"intent": "CONNECT"}), GOOD),
        ("FETCH_FUNDS", json!({"intent": "FETCH_FUNDS"}), GOOD),
        (
            "AUTHORISE_HOLDINGS",
            json!({"intent": "AUTHORISE_HOLDINGS"}),
            GOOD,
        ),
        ("HOLDINGS_IMPORT", json!({"intent": "HOLDINGS_IMPORT"}), GOOD),
    ];
    for kind in [
        "INVESTMORE",
        "SIP",
        "FIX",
        "REBALANCE",
        "MANAGE",
        "EXIT",
        "PARTIALEXIT",
    ] {
        cases.push((kind, smallcase(kind, json!({"iscid": ISCID})), LATER));
        cases.push((kind, smallcase(kind, json!({"iscid": "60C72B2F"})), BAD));
    }
    for intent in ["SIP_SETUP", "IMR_SETUP", "CANCEL_AMO"] {
        cases.push((
            intent,
            json!({"intent": intent, "orderConfig": {"iscid": ISCID}}),
            LATER,
        ));
        cases.push((
            intent,
            json!({"intent": intent, "orderConfig": {"iscid": 7}}),
            BAD,
        ));
        cases.push((intent, json!({"intent": intent, "orderConfig": {}}), BAD));
        cases.push((intent, json!({"intent": intent}), BAD));
    }
    check(&partner, &token, cases);
}
