//! `GET .../sandbox/transcript`: what happened in the world, line by line.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, header};
use torana_contract::envelope::ApiError;
use torana_contract::request::Problems;
use torana_engine::transcript::LINES_MAX;
use utoipa::ToSchema;

use crate::call::{Call, Control};
use crate::failure::Failure;
use crate::openapi::words::InstantWord;
use crate::query::Query;
use crate::state::ApiState;

/// Content type of an answer.
const NDJSON: HeaderValue = HeaderValue::from_static("application/x-ndjson");
/// Lines of an answer when the query names no number.
const LIMIT_DEFAULT: i64 = 1_000;

/// One line of a transcript.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a line; the engine writes it")]
struct TranscriptLine {
    /// World time.
    at: InstantWord,
    /// What is known of the event, by its type; of a transaction's event also its `transactionId`.
    #[schema(value_type = Object)]
    facts: serde_json::Value,
    /// 1, 2, … since the last reset.
    #[schema(minimum = 1)]
    seq: i64,
    /// Which log.
    source: TranscriptSource,
    /// What happened.
    r#type: String,
}

/// Which log an event stands in.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes a member; the engine writes it")]
enum TranscriptSource {
    /// The paper exchange's.
    Exchange,
    /// A transaction's.
    Transaction,
}

/// Read what happened in the world.
///
/// One event of the exchange or of a transaction per line, without an envelope. A line keeps its number until a
/// reset begins a new transcript.
#[utoipa::path(
    get,
    path = "/torana/v1/gateways/{gatewayName}/sandbox/transcript",
    operation_id = "sandbox_read_transcript",
    tag = "Sandbox",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("after" = Option<i64>, Query, description = "Number of the last line that is known; default 0.", minimum = 0),
        ("limit" = Option<i64>, Query, description = "Most lines of an answer; default 1000.", minimum = 1, maximum = 10_000),
    ),
    responses(
        (status = 200, description = "The lines, each a JSON object with sorted members and no blanks.", body = TranscriptLine, content_type = "application/x-ndjson"),
        (status = 400, description = "validation_failed"),
    ),
    security(("gatewaySecret" = [])),
)]
pub async fn sandbox_read_transcript(
    State(api): State<ApiState>,
    call: Call<Control>,
) -> Result<Response, Failure> {
    let (after, limit) = parse(&call.query)?;
    let lines = api
        .engine()
        .transcript(&call.caller.gateway, after, limit)
        .await?;
    Ok(([(header::CONTENT_TYPE, NDJSON)], lines).into_response())
}

fn parse(query: &Query) -> Result<(i64, i64), ApiError> {
    let mut problems = Problems::default();
    let after = query.integer("after", 0..=i64::MAX, 0, &mut problems);
    let limit = query.integer("limit", 1..=LINES_MAX, LIMIT_DEFAULT, &mut problems);
    problems.into_result()?;
    Ok((after, limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(raw: &str) -> Result<(i64, i64), ApiError> {
        parse(&Query::parse(Some(raw)).unwrap())
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        assert_eq!(parsed("").unwrap(), (0, 1000));
        assert_eq!(parsed("after=5&limit=10000").unwrap(), (5, 10_000));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = parsed("after=-1&limit=0").unwrap_err();
        let named: Vec<&str> = error
            .details
            .iter()
            .filter_map(|line| line.split(':').next())
            .collect();
        assert_eq!(named, ["after", "limit"]);
        for raw in ["limit=10001", "after=x", "limit=1.5", "after=9223372036854775808"] {
            assert!(parsed(raw).is_err(), "{raw}");
        }
    }
}
