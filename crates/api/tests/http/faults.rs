//! The routes of the faults, and what each fault makes of a transaction.

use http::Method;
use serde_json::{Value, json};

use crate::bench::{Answer, Bench};

fn call(bench: &Bench, method: Method, path: &str) -> Answer {
    let path = format!("/torana/v1/gateways/acme/sandbox/faults{path}");
    bench
        .partner("acme", method, &path)
        .without("x-gateway-authtoken")
        .send()
}

fn set(bench: &Bench, body: &Value) -> Answer {
    let path = "/torana/v1/gateways/acme/sandbox/faults";
    bench.partner("acme", Method::POST, path).json(body).send()
}

fn list(bench: &Bench) -> Value {
    call(bench, Method::GET, "").data().clone()
}

#[test]
fn faults_are_set_listed_and_removed() {
    let bench = Bench::new();
    let scope = json!({ "broker": "kite", "account": "DEMO01", "requestClass": "place" });
    let body = json!({ "name": "accepted_answer_lost", "scope": scope, "times": 1, "params": {} });
    let fault = json!({ "faultId": "fault-1", "name": "accepted_answer_lost", "scope": scope, "times": 1,
        "params": {}, "fired": 0, "setAt": "2026-01-05T04:30:00.000Z" });
    let mut answer = set(&bench, &body).data().clone();
    assert_eq!(answer["worldTime"], "2026-01-05T04:30:00.000Z");
    answer.as_object_mut().unwrap().remove("worldTime");
    assert_eq!(answer, fault);
    let by_chance = json!({ "name": "slow_then_fine", "probability": 0.25 });
    let answer = set(&bench, &by_chance).data().clone();
    assert_eq!(
        (
            &answer["faultId"],
            &answer["probability"],
            &answer["scope"],
            &answer["params"]
        ),
        (
            &json!("fault-2"),
            &json!(0.25),
            &json!({}),
            &json!({ "delayMs": 3000 })
        )
    );
    assert!(answer.get("times").is_none());

    let listed = list(&bench);
    assert_eq!(listed["active"][0], fault);
    assert_eq!(
        (listed["active"].as_array().unwrap().len(), &listed["spent"]),
        (2, &json!([]))
    );
    let catalogue = listed["catalogue"].as_array().unwrap();
    assert!(catalogue.len() >= 30, "{}", catalogue.len());
    for kind in catalogue {
        for member in ["name", "what", "incident"] {
            assert!(
                kind[member].as_str().is_some_and(|text| !text.is_empty()),
                "{kind}"
            );
        }
        assert!(
            kind["params"].is_array() && !kind["requestClasses"].as_array().unwrap().is_empty(),
            "{kind}"
        );
    }

    assert_eq!(call(&bench, Method::DELETE, "/fault-2").data()["removed"], 1);
    for gone in ["/fault-2", "/fault-3", "/fault-x", "/2"] {
        assert_eq!(
            call(&bench, Method::DELETE, gone).failure(),
            (404, "fault_not_found"),
            "{gone}"
        );
    }
    assert_eq!(call(&bench, Method::DELETE, "").data()["removed"], 1);
    assert_eq!(call(&bench, Method::DELETE, "").data()["removed"], 0);
    assert_eq!(list(&bench)["active"], json!([]));
}

#[test]
fn what_cannot_be_set_says_why() {
    let bench = Bench::new();
    assert_eq!(
        set(&bench, &json!({ "name": "gremlins" })).failure(),
        (422, "unknown_fault")
    );
    assert_eq!(set(&bench, &json!({})).failure(), (400, "validation_failed"));
    let never = json!({ "name": "login_refused", "scope": { "requestClass": "place" } });
    assert_eq!(set(&bench, &never).failure(), (400, "validation_failed"));
    for _ in 0..100 {
        set(&bench, &json!({ "name": "rate_limited" })).data();
        bench.machine.advance(std::time::Duration::from_secs(1));
    }
    assert_eq!(
        set(&bench, &json!({ "name": "rate_limited" })).failure(),
        (400, "validation_failed")
    );
    let path = "/torana/v1/gateways/acme/sandbox/reset";
    bench
        .partner("acme", Method::POST, path)
        .json(&json!({ "scope": "exchange" }))
        .send()
        .data();
    assert_eq!(list(&bench)["active"], json!([]), "a reset removes all");
}
