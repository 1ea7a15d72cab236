//! Rotation of the three secrets with an overlap: prepare, activate, finish.

use serde_json::json;
use torana_testkit::{Engine, Options, Output, Partner, Torana, jwt, wait_until};

on_both_engines!(the_api_secret_rotates_with_an_overlap);

fn rotate(torana: &Torana, which: &str, flags: &[&str]) -> Output {
    let mut arguments = vec!["gateway", "rotate-secret", "acme", "--which", which];
    arguments.extend_from_slice(flags);
    torana.cli(&arguments)
}

/// The new value, whatever name stands before it.
fn new_value(output: &Output) -> String {
    output
        .succeeded()
        .stdout
        .split_whitespace()
        .last()
        .expect("the new value")
        .to_owned()
}

fn with_api_secret(partner: &Partner, secret: &str) -> u16 {
    let mut other = partner.clone();
    secret.clone_into(&mut other.keys.api_secret);
    other.get(&other.engine("market/status"), &other.guest()).status
}

fn with_secret(partner: &Partner, secret: &str) -> u16 {
    partner
        .get(&partner.engine("market/status"), &jwt::guest(secret))
        .status
}

fn the_api_secret_rotates_with_an_overlap(engine: Engine) {
    let (torana, partner) = Torana::with_partner(Options::new(engine));
    let old = partner.keys.api_secret.clone();
    rotate(&torana, "api-secret", &["--activate"]).exits(5);
    rotate(&torana, "api-secret", &["--finish"]).exits(5);
    let new = new_value(&rotate(&torana, "api-secret", &["--overlap", "7d"]));
    rotate(&torana, "api-secret", &[]).exits(5);
    wait_until("the second value", || {
        (with_api_secret(&partner, &new) == 200).then_some(())
    });
    assert_eq!(
        with_api_secret(&partner, &old),
        200,
        "both are accepted from prepare"
    );
    assert_eq!(
        rotate(&torana, "api-secret", &["--activate"])
            .succeeded()
            .stdout
            .trim(),
        "activated"
    );
    assert_eq!(
        (with_api_secret(&partner, &old), with_api_secret(&partner, &new)),
        (200, 200)
    );
    assert_eq!(
        rotate(&torana, "api-secret", &["--finish"])
            .succeeded()
            .stdout
            .trim(),
        "finished"
    );
    wait_until("the old value to be dropped", || {
        (with_api_secret(&partner, &old) == 401).then_some(())
    });
    assert_eq!(with_api_secret(&partner, &new), 200);
}

#[test]
fn the_jwt_secret_signs_with_the_new_value_from_activation() {
    let (torana, mut partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let old = partner.keys.secret.clone();
    let id = partner.transaction(&partner.guest(), &json!({"intent": "CONNECT"}));
    let approve = json!({"decision": "approve", "broker": "kite", "account": "DEMO01"});
    let _ = partner.complete(&partner.guest(), &id, &approve).data();
    let minted = |partner: &Partner| {
        partner.details(&partner.guest(), &id).data()["smallcaseAuthToken"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let new = new_value(&rotate(&torana, "secret", &[]));
    wait_until("the second value", || {
        (with_secret(&partner, &new) == 200).then_some(())
    });
    let _ = jwt::open(&old, &minted(&partner));
    rotate(&torana, "secret", &["--activate"]).succeeded();
    new.clone_into(&mut partner.keys.secret);
    let signed_with =
        |secret: &str, token: &str| std::panic::catch_unwind(|| jwt::open(secret, token)).is_ok();
    wait_until("signing to switch", || {
        signed_with(&new, &minted(&partner)).then_some(())
    });
    assert_eq!(with_secret(&partner, &old), 200);
    rotate(&torana, "secret", &["--finish"]).succeeded();
    wait_until("the old value to be dropped", || {
        (with_secret(&partner, &old) == 401).then_some(())
    });
}

#[test]
fn webhooks_carry_a_signature_by_each_key_during_the_rotation() {
    let (torana, mut partner, receiver) = Torana::with_receiver(Options::default());
    partner.open_market();
    let new = new_value(&rotate(&torana, "webhook-key", &[]));
    let status = || torana.cli(&["gateway", "show", "acme"]).stdout;
    assert!(!status().contains(&new));
    // The running process reads the change within 2 s; the import is repeated until it has.
    let guest = partner.guest();
    let webhook = wait_until("a webhook with two signatures", || {
        let id = partner.transaction(&guest, &json!({"intent": "HOLDINGS_IMPORT"}));
        let body = json!({"decision": "approve", "broker": "kite", "account": "DEMO01"});
        let _ = partner.complete(&guest, &id, &body).data();
        let webhook = receiver.wait_for_event("holdings.imported", &id);
        (webhook.header("webhook-signature").split(' ').count() == 2).then_some(webhook)
    });
    webhook.verify(&partner.keys);
    new.clone_into(&mut partner.keys.webhook_key);
    webhook.verify(&partner.keys);
}
