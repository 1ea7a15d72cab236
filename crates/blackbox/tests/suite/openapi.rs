//! The OpenAPI document: it lists what is there, and what it lists is there.

use serde_json::Value;
use torana_testkit::{Client, Options, Torana};

const CHECKED_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/openapi.json");

/// Every route of the contract that exists now.
const ROUTES: [(&str, &str); 20] = [
    ("post", "/gateway/{gatewayName}/transaction"),
    ("get", "/gateway/{gatewayName}/user/holdings"),
    ("get", "/v1/{gatewayName}/engine/transactiondetails"),
    ("get", "/v1/{gatewayName}/engine/user/orders"),
    ("get", "/v1/{gatewayName}/engine/user/holdings"),
    ("get", "/v1/{gatewayName}/engine/market/status"),
    (
        "post",
        "/torana/v1/gateways/{gatewayName}/sandbox/transactions/{transactionId}/complete",
    ),
    ("post", "/torana/v1/gateways/{gatewayName}/sandbox/accounts"),
    ("post", "/torana/v1/gateways/{gatewayName}/sandbox/reset"),
    ("get", "/torana/v1/gateways/{gatewayName}/sandbox/clock"),
    ("post", "/torana/v1/gateways/{gatewayName}/sandbox/clock"),
    ("post", "/torana/sdk/v1/{gatewayName}/init"),
    ("post", "/torana/sdk/v1/{gatewayName}/transactions/{id}/start"),
    ("get", "/torana/sdk/v1/{gatewayName}/transactions/{id}/state"),
    ("post", "/torana/sdk/v1/{gatewayName}/transactions/{id}/closed"),
    ("post", "/torana/sdk/v1/{gatewayName}/logout"),
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/openapi.json"),
    ("post", "/flow/start"),
];

/// Named in the document or not; the pages are no interface for programs.
const OPTIONAL: [&str; 2] = ["/openapi.json", "/flow/start"];

fn shape(path: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn the_document_lists_every_route() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let document = Client::default()
        .get(&format!("{}/openapi.json", partner.base), &[])
        .json();
    assert!(
        document["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3.1")),
        "{}",
        document["openapi"]
    );
    let paths = document["paths"].as_object().expect("paths");
    let listed: Vec<(String, &str)> = paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .keys()
                .map(move |method| (shape(path), method.as_str()))
        })
        .collect();
    for (method, path) in ROUTES.iter().filter(|(_, path)| !OPTIONAL.contains(path)) {
        assert!(
            listed.contains(&(shape(path), *method)),
            "{method} {path} is not in the document"
        );
    }
    for (path, item) in paths {
        let is_internal = path.starts_with("/torana/sdk/");
        for operation in item
            .as_object()
            .unwrap()
            .values()
            .filter(|value| value.get("responses").is_some())
        {
            assert_eq!(
                operation["x-internal"] == true,
                is_internal,
                "x-internal of {path}"
            );
            assert!(
                operation["summary"].is_string() || operation["description"].is_string(),
                "{path} says nothing"
            );
            assert!(operation["operationId"].is_string(), "{path} has no operationId");
        }
    }
}

#[test]
fn what_the_document_lists_is_there_and_needs_its_credentials() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let document = Client::default()
        .get(&format!("{}/openapi.json", partner.base), &[])
        .json();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in item
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| ["get", "post", "put", "delete", "patch"].contains(&key.as_str()))
        {
            let address = path.replace("{gatewayName}", "acme").replace(['{', '}'], "");
            let answer = partner.send(&method.to_uppercase(), &address, &[], b"{}");
            assert_ne!(
                (answer.status, answer.error().as_str()),
                (404, "route_not_found"),
                "{method} {path}"
            );
            assert_ne!(answer.status, 405, "{method} {path}");
            if path.contains("{gatewayName}") {
                assert!(
                    [400, 401, 403].contains(&answer.status),
                    "{method} {path} without credentials: {}",
                    answer.status
                );
            }
            let listed = &item[method]["responses"];
            assert!(
                listed.get(answer.status.to_string()).is_some()
                    || listed.get("default").is_some()
                    || listed.get("4XX").is_some(),
                "{method} {path}: {} is not among its answers",
                answer.status
            );
        }
    }
}

#[test]
fn the_checked_in_document_is_the_present_one() {
    let printed = torana_testkit::cli::bare(&["openapi"]);
    let printed: Value = serde_json::from_str(&printed.succeeded().stdout).unwrap();
    let text = std::fs::read_to_string(CHECKED_IN).expect("openapi/openapi.json");
    let checked_in: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        printed, checked_in,
        "run `cargo run -- openapi --out openapi/openapi.json`"
    );
}
