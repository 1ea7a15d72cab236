//! The request that creates a transaction: what is accepted, what every field is refused with, and what hostile
//! bodies do (nothing).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail by panicking"
)]

mod accepted;
mod hostile;
mod refused;

use torana_contract::create::{RequestedIntent, Shape, ValidatedCreate, needs_connected};
use torana_contract::envelope::ApiError;
use torana_domain::time::Date;

pub(crate) fn judge(body: &str) -> Result<ValidatedCreate, ApiError> {
    judge_bytes(body.as_bytes())
}

/// Every stage up to the enabled check, in order.
pub(crate) fn judge_bytes(body: &[u8]) -> Result<ValidatedCreate, ApiError> {
    let shape = Shape::parse(body)?;
    let intent = shape.intent()?;
    let _ = needs_connected(intent, shape.order_type().as_deref());
    shape.fields(intent, Date::parse("2026-01-05").unwrap())
}

pub(crate) fn accepted(body: &str) -> RequestedIntent {
    judge(body)
        .unwrap_or_else(|error| panic!("{body}: {error}"))
        .intent
}

pub(crate) fn order(securities: &str) -> String {
    format!(r#"{{"intent":"TRANSACTION","orderConfig":{{"type":"SECURITIES","securities":{securities}}}}}"#)
}

pub(crate) fn order_with(extra: &str) -> String {
    format!(
        r#"{{"intent":"TRANSACTION","orderConfig":{{"type":"SECURITIES","securities":[{{"ticker":"INFY"}}],{extra}}}}}"#
    )
}

/// A basket of one line with these members beside the ticker.
pub(crate) fn line(members: &str) -> String {
    order(&format!(r#"[{{"ticker":"INFY",{members}}}]"#))
}

pub(crate) fn mf(members: &str) -> String {
    format!(r#"{{"intent":"MF_HOLDINGS_IMPORT","assetConfig":{{{members}}}}}"#)
}

pub(crate) fn smallcase(kind: &str, members: &str) -> String {
    format!(r#"{{"intent":"TRANSACTION","orderConfig":{{"type":"{kind}"{members}}}}}"#)
}

pub(crate) const ISCID: &str = r#","iscid":"60c72b2f9b1e8a0012345678""#;
pub(crate) const SCID: &str = r#","scid":"SCXX_0001""#;
