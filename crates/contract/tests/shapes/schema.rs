//! The OpenAPI schemas say what the shapes really are: samples are checked against them.

use serde_json::{Value, json};
use torana_contract::create::schema::CreateTransactionBody;
use torana_contract::envelope::{ApiError, ErrorBody};
use torana_contract::errors::ErrorCode;
use torana_contract::holdings::HoldingsBody;
use torana_contract::market::MarketBody;
use torana_contract::sdk::{InitBody, SettlementBody, StartBody, StateBody};
use torana_contract::transaction::{TransactionDetailsData, TransactionView};
use torana_domain::intent::{HoldingsVersion, Intent};
use torana_domain::money::Paise;
use torana_domain::transaction::{Failure, Status};
use utoipa::OpenApi;

use crate::samples::*;

#[derive(OpenApi)]
#[openapi(components(schemas(
    CreateTransactionBody,
    ErrorBody,
    HoldingsBody,
    InitBody,
    MarketBody,
    StartBody,
    StateBody,
    TransactionDetailsData,
)))]
struct Shapes;

fn schemas() -> Value {
    serde_json::to_value(Shapes::openapi()).unwrap()["components"]["schemas"].clone()
}

/// The keywords that our schemas use, and no others.
fn fits(all: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return fits(all, &all[name], value).map_err(|why| format!("{name}: {why}"));
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        fits(all, part, value)?;
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let matching = choices
            .iter()
            .filter(|choice| fits(all, choice, value).is_ok())
            .count();
        if matching != 1 {
            return Err(format!("{matching} of {} choices fit {value}", choices.len()));
        }
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is = |kind: &&str| match *kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("unknown type {other}"),
    };
    if !types.is_empty() && !types.iter().any(is) {
        return Err(format!("{value} is none of {types:?}"));
    }
    if let Some(allowed) = schema["enum"]
        .as_array()
        .filter(|allowed| !allowed.contains(value))
    {
        return Err(format!("{value} is none of {allowed:?}"));
    }
    for item in value.as_array().into_iter().flatten() {
        fits(all, &schema["items"], item)?;
    }
    let Some(members) = value.as_object() else {
        return Ok(());
    };
    for key in schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        if !members.contains_key(key) {
            return Err(format!("{key} is missing"));
        }
    }
    for (key, member) in members {
        match schema["properties"].get(key) {
            Some(property) => fits(all, property, member).map_err(|why| format!("{key}: {why}"))?,
            None if schema["additionalProperties"] == json!(false) => {
                return Err(format!("{key} is unknown"));
            }
            None => {}
        }
    }
    Ok(())
}

fn assert_fits(name: &str, value: &Value) {
    let all = schemas();
    assert!(all.get(name).is_some(), "{name}");
    assert_eq!(fits(&all, &all[name], value), Ok(()), "{name}: {value}");
}

#[test]
fn transactions_fit() {
    let ids = ids();
    let orders = [filled_infy()];
    let batches = [batch(&ids, &orders)];
    let basket = securities();
    let funds = TransactionView {
        funds: Some(Paise(1)),
        ..transaction(&ids, &Intent::FetchFunds, &[])
    };
    let views = [
        transaction(&ids, &basket, &batches),
        funds,
        transaction(&ids, &Intent::AuthoriseHoldings, &[]),
        TransactionView {
            status: Status::Expired,
            failure: Some(Failure::EXPIRED_BEFORE_LOGIN),
            identity: None,
            notes: None,
            ..transaction(&ids, &HOLDINGS, &[])
        },
    ];
    for view in views {
        assert_fits(
            "TransactionDetailsData",
            &wire(&TransactionDetailsData::of(&view)),
        );
        let settlements = [
            Some(SettlementBody::pending()),
            SettlementBody::resolve(&view),
            Some(SettlementBody::reject(Failure::ORDER_PENDING, &view)),
        ];
        for settlement in settlements.into_iter().flatten() {
            assert_fits(
                "StateBody",
                &wire(&StateBody::new(&ids.transaction, view.status, settlement)),
            );
        }
    }
}

#[test]
fn holdings_and_errors_fit() {
    let (ids, snapshot) = (ids(), snapshot());
    for version in [HoldingsVersion::V1, HoldingsVersion::V2] {
        assert_fits(
            "HoldingsBody",
            &wire(&HoldingsBody::of(&holdings(&ids, &snapshot, version))),
        );
    }
    for code in ErrorCode::ALL {
        assert_fits(
            "ErrorBody",
            &wire(
                &ApiError::new(*code)
                    .for_sdk()
                    .body("req", "https://t.example/docs/errors"),
            ),
        );
        assert_fits(
            "ErrorBody",
            &wire(&ApiError::new(*code).body("req", "https://t.example/docs/errors")),
        );
    }
}

#[test]
fn the_checker_can_fail() {
    let all = schemas();
    let mut body = wire(&ApiError::new(ErrorCode::InvalidJwt).body("req", "d"));
    body["errorType"] = json!("Nonsense");
    assert!(fits(&all, &all["ErrorBody"], &body).is_err());
    assert!(fits(&all, &all["ErrorBody"], &json!({})).is_err());
    assert!(fits(&all, &all["CreateTransactionBody"], &json!({ "intent": 5 })).is_err());
    assert!(
        fits(
            &all,
            &all["CreateTransactionBody"],
            &json!({ "intent": "CONNECT" })
        )
        .is_ok()
    );
}
