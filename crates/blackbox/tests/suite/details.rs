//! Transaction details: shape, mirrors, and whose transactions a token sees.

use serde_json::{Value, json};
use torana_testkit::{Engine, Options, Torana, jwt};

on_both_engines!(details_before_and_after_a_login, a_token_sees_what_it_may_see);

fn details_before_and_after_a_login(engine: Engine) {
    let (_torana, partner) = Torana::with_partner(Options::new(engine));
    partner.open_market();
    let guest = partner.guest();
    let created = partner
        .create(&guest, &json!({"intent": "CONNECT", "notes": "u-17"}))
        .data();
    let id = created["transactionId"].as_str().unwrap();
    let data = partner.details(&guest, id).data();
    let nested = &data["transactionDetails"];
    let expected = json!({
        "transactionId": id, "intent": "CONNECT", "status": "INITIALIZED", "rawStatus": "INITIALIZED", "gateway": "acme",
        "expireAt": created["expireAt"], "expired": false, "notes": "u-17", "orderConfig": null, "success": null, "error": null,
    });
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(&nested[member], value, "{member} in {data}");
    }
    for member in ["createdAt", "updatedAt"] {
        assert_eq!(
            nested[member].as_str().map(str::len),
            Some(24),
            "{member} in {data}"
        );
    }
    for member in [
        "smallcaseAuthId",
        "smallcaseAuthToken",
        "authToken",
        "userId",
        "broker",
        "error",
    ] {
        assert_eq!(data.get(member), Some(&Value::Null), "{member} in {data}");
    }
    let approve = json!({"decision": "approve", "broker": "groww", "account": "DEMO01"});
    let _ = partner.complete(&guest, id, &approve).data();
    let data = partner.details(&guest, id).data();
    let user = data["smallcaseAuthId"]
        .as_str()
        .expect("smallcaseAuthId")
        .to_owned();
    assert!(
        user.len() == 24
            && user
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)),
        "{user}"
    );
    assert_eq!(
        (&data["status"], &data["broker"], &data["userId"]),
        (&json!("COMPLETED"), &json!("groww"), &json!(user))
    );
    let token = data["smallcaseAuthToken"].as_str().unwrap();
    assert_eq!(data["authToken"], token);
    let claims = jwt::open(&partner.keys.secret, token);
    assert_eq!(claims["smallcaseAuthId"], user.as_str());
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        3600
    );
    assert!(
        (claims["iat"].as_i64().unwrap() - jwt::now_seconds()).abs() < 60,
        "minted tokens live in wall time"
    );
    let success = &data["transactionDetails"]["success"];
    assert_eq!(success["smallcaseAuthId"], user.as_str());
    assert_eq!(
        (&success["broker"], &success["notes"]),
        (&json!("groww"), &json!("u-17"))
    );
    assert_eq!(
        (&success["signup"], &success["data"]),
        (&json!(true), &json!({})),
        "{success}"
    );
    assert_eq!(
        partner.details(token, id).status,
        200,
        "the minted token is a good user token"
    );
}

fn a_token_sees_what_it_may_see(engine: Engine) {
    let (torana, partner) = Torana::with_partner(Options::new(engine));
    let other = torana.create_gateway("other", &[]);
    torana.wait_for_gateway("other");
    let other = torana.partner(&other);
    partner.open_market();
    let guest = partner.guest();
    let (first, second) = (
        partner.connect("kite", "DEMO01"),
        partner.connect("kite", "DEMO02"),
    );
    assert_ne!(first, second);
    assert_eq!(
        partner.connect("kite", "DEMO01"),
        first,
        "a known account keeps its id"
    );
    assert_ne!(
        partner.connect("groww", "DEMO01"),
        first,
        "another broker is another id"
    );
    let (first, second) = (partner.connected(&first), partner.connected(&second));
    let own = partner.transaction(&first, &json!({"intent": "FETCH_FUNDS"}));
    assert_eq!(partner.details(&first, &own).status, 200);
    assert_eq!(
        partner.details(&guest, &own).status,
        200,
        "a guest token sees by id"
    );
    let _ = partner
        .details(&second, &own)
        .refused(404, "invalid_transactionId");
    let _ = other
        .details(&other.guest(), &own)
        .refused(404, "invalid_transactionId");
    let unknown = format!("TRX_{}", "0".repeat(32));
    let _ = partner
        .details(&first, &unknown)
        .refused(404, "invalid_transactionId");
    let of_guest = partner.transaction(&guest, &json!({"intent": "CONNECT"}));
    let _ = partner
        .details(&first, &of_guest)
        .refused(404, "invalid_transactionId");
}

#[test]
fn a_malformed_id_says_so() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let guest = partner.guest();
    let upper = format!("TRX_{}", "A".repeat(32));
    let long = format!("TRX_{}", "0".repeat(33));
    for query in [
        "",
        "?transactionId=",
        "?transactionId=x",
        &format!("?transactionId={upper}"),
        &format!("?transactionId={long}"),
        "?transactionid=TRX_0",
    ] {
        let answer = partner.get(&partner.engine(&format!("transactiondetails{query}")), &guest);
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (400, "validation_failed"),
            "{query}"
        );
        assert!(answer.errors().contains("transactionId"), "{}", answer.text);
    }
}

#[test]
fn the_same_account_on_two_gateways_is_two_users() {
    let (torana, partner) = Torana::with_partner(Options::default());
    let other = torana.create_gateway("other", &[]);
    torana.wait_for_gateway("other");
    let other = torana.partner(&other);
    partner.open_market();
    other.open_market();
    assert_ne!(partner.connect("kite", "DEMO01"), other.connect("kite", "DEMO01"));
}
