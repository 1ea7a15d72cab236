//! The failures of every operation. Handlers name their own slugs as the descriptions of their responses; what
//! any route of a family may answer is added here, and each slug becomes an example made of the table of errors.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use torana_contract::envelope::{ApiError, ErrorBody};
use torana_contract::errors::ErrorCode;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{
    ContentBuilder, Header, HeaderBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder,
    Type,
};

use crate::sdk;

/// Invented, for examples.
const REQUEST_ID: &str = "req_0123456789abcdef0123";
/// Invented, for examples.
const DOCUMENTATION_BASE: &str = "https://torana.example.org/docs/errors";

/// What a route may answer because of the family that it belongs to.
const EVERYWHERE: &[ErrorCode] = &[
    ErrorCode::ValidationFailed,
    ErrorCode::GatewayDisabled,
    ErrorCode::InvalidGateway,
    ErrorCode::PayloadTooLarge,
    ErrorCode::RateLimited,
    ErrorCode::InternalError,
    ErrorCode::ServiceUnavailable,
];
const WITH_USER_TOKEN: &[ErrorCode] = &[ErrorCode::InvalidJwt, ErrorCode::UnknownUser];

/// Completes the failures of every operation that names a gateway.
pub fn document(openapi: &mut OpenApi) {
    let mut used = BTreeSet::new();
    for (path, item) in &mut openapi.paths.paths {
        let is_sdk = sdk::owns(path);
        for operation in [&mut item.get, &mut item.post, &mut item.delete]
            .into_iter()
            .flatten()
        {
            if path.contains("{gatewayName}") {
                used.extend(complete(path, operation).into_iter().map(|code| (code, is_sdk)));
            }
        }
    }
    let components = openapi.components.get_or_insert_default();
    for (code, is_sdk) in used {
        let name = example_name(code, is_sdk);
        let example = ExampleBuilder::new()
            .summary(code.slug())
            .value(Some(example(code, is_sdk)))
            .build();
        components.examples.insert(name, RefOr::T(example));
    }
}

/// Gives the codes that the operation may answer.
fn complete(path: &str, operation: &mut Operation) -> BTreeSet<ErrorCode> {
    let mut codes: BTreeSet<ErrorCode> = named_codes(operation).into_iter().collect();
    codes.extend(family_codes(path, operation));
    let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for code in &codes {
        by_status.entry(code.spec().status).or_default().push(*code);
    }
    for (status, codes) in by_status {
        let response = failure(&codes, sdk::owns(path));
        operation
            .responses
            .responses
            .insert(status.to_string(), RefOr::T(response));
    }
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            let id = header("Id of this request, for support.");
            response.headers.insert("x-request-id".to_owned(), RefOr::T(id));
        }
    }
    codes
}

/// The slugs in the descriptions of the handler's own failures.
fn named_codes(operation: &Operation) -> Vec<ErrorCode> {
    let failures = operation
        .responses
        .responses
        .iter()
        .filter(|(status, _)| !status.starts_with('2'));
    failures
        .filter_map(|(_, response)| match response {
            RefOr::T(response) => Some(response.description.as_str()),
            RefOr::Ref(_) => None,
        })
        .flat_map(|text| text.split(", "))
        .filter_map(ErrorCode::parse)
        .collect()
}

fn family_codes(path: &str, operation: &Operation) -> Vec<ErrorCode> {
    let mut codes = EVERYWHERE.to_vec();
    if sdk::owns(path) {
        codes.push(ErrorCode::OriginNotAllowed);
        return codes;
    }
    codes.push(ErrorCode::InvalidApiSecret);
    if path.contains("/sandbox/") {
        codes.push(ErrorCode::RouteNotFound);
    }
    if asks_for(operation, "userToken") {
        codes.extend_from_slice(WITH_USER_TOKEN);
    }
    codes
}

fn asks_for(operation: &Operation, scheme: &str) -> bool {
    serde_json::to_string(&operation.security).is_ok_and(|text| text.contains(scheme))
}

fn failure(codes: &[ErrorCode], is_sdk: bool) -> Response {
    let mut content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody")));
    let mut response = ResponseBuilder::new();
    for code in codes {
        let target = format!("#/components/examples/{}", example_name(*code, is_sdk));
        content = content.examples_from_iter([(code.slug(), RefOr::<Example>::Ref(Ref::new(target)))]);
        if matches!(code, ErrorCode::RateLimited | ErrorCode::ServiceUnavailable) {
            response = response.header("retry-after", header("Whole seconds to wait."));
        }
    }
    let lines: Vec<String> = codes
        .iter()
        .map(|code| format!("`{}`: {}", code.slug(), code.spec().explanation))
        .collect();
    response
        .description(lines.join("\n\n"))
        .content("application/json", content.build())
        .build()
}

fn example_name(code: ErrorCode, is_sdk: bool) -> String {
    format!("{}{}", if is_sdk { "sdk_" } else { "" }, code.slug())
}

fn example(code: ErrorCode, is_sdk: bool) -> Value {
    let error = if is_sdk {
        ApiError::new(code).for_sdk()
    } else {
        ApiError::new(code)
    };
    let body: ErrorBody = error.body(REQUEST_ID, DOCUMENTATION_BASE);
    serde_json::to_value(body).unwrap_or_default()
}

fn header(text: &str) -> Header {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    HeaderBuilder::new()
        .description(Some(text))
        .schema(Some(schema))
        .build()
}
