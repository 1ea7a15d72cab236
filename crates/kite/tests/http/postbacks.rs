use serde_json::{Value, json};
use torana_credentials::sha256_hex;
use torana_domain::broker_key::BrokerKey;
use torana_exchange::core::faults::Params;
use torana_exchange::core::{Command, FaultKind, FaultScope, NewFault, Trigger};
use torana_runtime::EgressClass;

use crate::bench::{Bench, Keys, order};

const URL: &str = "https://app.example/postback";

/// What was posted by a run of the postbacks, in order.
fn posted(bench: &Bench) -> Vec<Value> {
    // One look at every world, and the end.
    let run = torana_kite::run_postbacks(bench.kite.clone());
    bench.machine.stop_at_sleep();
    bench.machine.run(run);
    bench.machine.finish_tasks();
    let sent = bench.machine.take_sent();
    sent.iter()
        .map(|request| {
            assert_eq!(request.url, URL);
            assert_eq!(
                request.egress,
                EgressClass::Foreign {
                    allow_http_if_listed: true
                }
            );
            serde_json::from_slice(&request.body).unwrap()
        })
        .collect()
}

fn is_signed(body: &Value, keys: &Keys) -> bool {
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    let expected = format!(
        "{}{}{}",
        text("order_id"),
        text("order_timestamp"),
        keys.api_secret
    );
    text("checksum") == sha256_hex(expected.as_bytes())
}

#[test]
fn an_app_hears_of_its_own_orders_signed() {
    let bench = Bench::new();
    let keys = bench.app_with("acme", Some(URL), false);
    let (login, quiet) = (bench.login(&keys, "DEMO01"), bench.user("DEMO01"));
    let id = bench.place(
        &login,
        &order(&[("order_type", "LIMIT"), ("price", "1400"), ("tag", "t")]),
    );
    bench.place(&quiet, &order(&[]));
    bench
        .put(
            &login,
            &format!("/orders/regular/{id}"),
            &[("price", "1401"), ("order_type", "LIMIT")],
        )
        .data();
    bench.delete(&login, &format!("/orders/regular/{id}")).data();
    let filled = bench.place(&login, &order(&[]));
    let posted = posted(&bench);
    let told: Vec<_> = posted
        .iter()
        .map(|body| (body["order_id"].as_str().unwrap(), &body["status"]))
        .collect();
    assert_eq!(
        told,
        [
            (id.as_str(), &json!("UPDATE")),
            (id.as_str(), &json!("CANCELLED")),
            (filled.as_str(), &json!("COMPLETE"))
        ]
    );
    for body in &posted {
        assert!(is_signed(body, &keys), "{body}");
        for name in [
            "user_id",
            "unfilled_quantity",
            "app_id",
            "placed_by",
            "exchange_timestamp",
            "guid",
            "meta",
            "tag",
        ] {
            assert!(body.get(name).is_some(), "{name}");
        }
    }
    assert_eq!(
        (&posted[1]["tag"], &posted[1]["unfilled_quantity"]),
        (&json!("t"), &json!(2))
    );
}

#[test]
fn a_forged_postback_has_a_wrong_checksum() {
    let bench = Bench::new();
    let keys = bench.app_with("acme", Some(URL), false);
    let login = bench.login(&keys, "DEMO01");
    bench.command(
        "acme",
        Command::SetFault(NewFault {
            kind: FaultKind::parse("postback_forged").unwrap(),
            scope: FaultScope {
                broker: Some(BrokerKey::Kite),
                ..FaultScope::default()
            },
            trigger: Trigger::Times(1),
            params: Params::default(),
        }),
    );
    bench.place(&login, &order(&[("order_type", "LIMIT"), ("price", "1400")]));
    let posted = posted(&bench);
    assert_eq!(posted.len(), 1, "{posted:?}");
    assert!(!is_signed(&posted[0], &keys));
}
