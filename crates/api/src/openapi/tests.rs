use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use torana_contract::errors::ErrorCode;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Operation, PathItem};

use super::*;

/// Set to write the checked-in document instead of comparing it.
const UPDATE: &str = "TORANA_UPDATE_OPENAPI";

fn document() -> Value {
    serde_json::from_str(&openapi()).unwrap()
}

/// (path, method, operation) of every operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let item = item.as_object().unwrap().clone();
        let path = path.clone();
        item.into_iter()
            .map(move |(method, operation)| (path.clone(), method, operation))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

/// `routes!` mounts a handler together with its description and nothing else mounts; and every description
/// that exists is mounted.
#[test]
fn every_route_is_in_the_document() {
    let mut described = 0;
    for (path, text) in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        if path.ends_with("openapi/tests.rs") {
            continue;
        }
        for other in [".route(", ".route_service(", ".nest(", ".nest_service("] {
            assert!(!text.contains(other), "{} mounts by {other}", path.display());
        }
        described += text.matches("#[utoipa::path(").count();
    }
    assert_eq!(operations(&document()).len(), described);
}

#[test]
fn every_operation_says_what_a_reader_needs() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let name = format!("{method} {path}");
        assert!(
            ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
            "{name}"
        );
        assert!(
            operation["summary"]
                .as_str()
                .is_some_and(|text| text.ends_with('.')),
            "{name}"
        );
        assert!(
            operation["description"]
                .as_str()
                .is_some_and(|text| text.len() > 20),
            "{name}"
        );
        assert!(operation["responses"]["200"]["content"].is_object(), "{name}");
        assert_eq!(operation["x-internal"] == true, sdk::owns(&path), "{name}");
        assert_eq!(operation["requestBody"].is_object(), method == "post", "{name}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(
                parameter["description"]
                    .as_str()
                    .is_some_and(|text| text.len() > 5),
                "{name}: {parameter}"
            );
        }
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let has_key = parameters
            .iter()
            .any(|parameter| parameter["name"] == "Idempotency-Key");
        assert_eq!(has_key, method == "post" && !sdk::owns(&path), "{name}");
    }
}

#[test]
fn every_failure_has_the_error_schema_and_examples() {
    let document = document();
    for (path, method, operation) in operations(&document)
        .into_iter()
        .filter(|(path, ..)| path.contains("{gatewayName}"))
    {
        for (status, response) in operation["responses"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(status, _)| *status != "200")
        {
            let content = &response["content"]["application/json"];
            assert_eq!(
                content["schema"]["$ref"], "#/components/schemas/ErrorBody",
                "{method} {path} {status}"
            );
            let examples = content["examples"].as_object().unwrap();
            assert!(!examples.is_empty(), "{method} {path} {status}");
            for (slug, reference) in examples {
                let pointer = reference["$ref"]
                    .as_str()
                    .and_then(|target| target.strip_prefix('#'))
                    .unwrap();
                let example = document.pointer(pointer).unwrap();
                let spec = ErrorCode::parse(slug).unwrap().spec();
                assert_eq!(spec.status.to_string(), *status, "{slug}");
                assert_eq!(example["value"]["errors"][0], slug.as_str());
                assert_eq!(example["value"]["sdk"].is_object(), sdk::owns(&path), "{slug}");
            }
        }
    }
}

/// A misspelt slug in a handler's list would vanish silently.
#[test]
fn handlers_name_only_slugs_of_the_table() {
    let raw = with_sdk(sdk::bare_routes()).into_openapi();
    let operations = |item: &PathItem| -> Vec<Operation> {
        [&item.get, &item.post, &item.delete]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    };
    // The probes of the process answer in their own form.
    let ours = raw.paths.paths.iter().filter(|(path, _)| *path != "/readyz");
    for (path, item) in ours {
        for operation in operations(item) {
            for (status, response) in operation
                .responses
                .responses
                .iter()
                .filter(|(status, _)| *status != "200")
            {
                let RefOr::T(response) = response else { continue };
                for slug in response.description.split(", ") {
                    let code = ErrorCode::parse(slug).unwrap_or_else(|| panic!("{path} {status}: {slug}"));
                    assert_eq!(code.spec().status.to_string(), *status, "{path}: {slug}");
                }
            }
        }
    }
}

/// Every `$ref` leads somewhere.
#[test]
fn every_reference_is_defined() {
    fn collect(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(target)) = members.get("$ref") {
                    found.insert(target.clone());
                }
                members.values().for_each(|member| collect(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    collect(&document, &mut found);
    assert!(found.len() > 10);
    for target in found {
        let pointer = target.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{target}");
    }
}

#[test]
fn the_checked_in_document_is_this_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/openapi.json");
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch for whoever runs the tests, no setting of the program"
    )]
    if std::env::var(UPDATE).is_ok() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, openapi()).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == openapi(),
        "openapi/openapi.json is stale; run: {UPDATE}=1 cargo test -p torana-api"
    );
}

#[test]
fn the_routes_are_these() {
    let mut by_path: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, method, _) in operations(&document()) {
        by_path.entry(path).or_default().push(method);
    }
    let expected = [
        ("/docs/errors", "get"),
        ("/gateway/{gatewayName}/transaction", "post"),
        ("/gateway/{gatewayName}/user/holdings", "get"),
        ("/healthz", "get"),
        ("/openapi.json", "get"),
        ("/readyz", "get"),
        ("/torana/sdk/v1/{gatewayName}/init", "post"),
        ("/torana/sdk/v1/{gatewayName}/logout", "post"),
        (
            "/torana/sdk/v1/{gatewayName}/transactions/{transactionId}/closed",
            "post",
        ),
        (
            "/torana/sdk/v1/{gatewayName}/transactions/{transactionId}/start",
            "post",
        ),
        (
            "/torana/sdk/v1/{gatewayName}/transactions/{transactionId}/state",
            "get",
        ),
        ("/torana/v1/gateways/{gatewayName}/sandbox/accounts", "post"),
        ("/torana/v1/gateways/{gatewayName}/sandbox/clock", "get,post"),
        (
            "/torana/v1/gateways/{gatewayName}/sandbox/faults",
            "delete,get,post",
        ),
        (
            "/torana/v1/gateways/{gatewayName}/sandbox/faults/{faultId}",
            "delete",
        ),
        ("/torana/v1/gateways/{gatewayName}/sandbox/kite/apps", "post"),
        ("/torana/v1/gateways/{gatewayName}/sandbox/kite/sessions", "post"),
        ("/torana/v1/gateways/{gatewayName}/sandbox/prices", "post"),
        ("/torana/v1/gateways/{gatewayName}/sandbox/reset", "post"),
        (
            "/torana/v1/gateways/{gatewayName}/sandbox/transactions/{transactionId}/complete",
            "post",
        ),
        ("/torana/v1/gateways/{gatewayName}/sandbox/transcript", "get"),
        ("/v1/{gatewayName}/engine/market/status", "get"),
        ("/v1/{gatewayName}/engine/transactiondetails", "get"),
        ("/v1/{gatewayName}/engine/user/holdings", "get"),
        ("/v1/{gatewayName}/engine/user/orders", "get"),
    ];
    let found: Vec<(String, String)> = by_path
        .into_iter()
        .map(|(path, methods)| (path, methods.join(",")))
        .collect();
    assert_eq!(
        found,
        expected.map(|(path, methods)| (path.to_owned(), methods.to_owned()))
    );
}
