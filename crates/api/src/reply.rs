//! Successful answers.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use torana_contract::envelope::{ApiError, Success};
use torana_contract::errors::ErrorCode;
use torana_engine::create::Answer;

use crate::failure::Failure;

/// Content type of every answer of the API.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json");

static REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// 200 with `data` in the envelope.
pub fn data<T: Serialize>(data: T) -> Result<Response, Failure> {
    Ok(json(StatusCode::OK, envelope(data)?))
}

/// The body of a success.
pub fn envelope<T: Serialize>(data: T) -> Result<String, ApiError> {
    serde_json::to_string(&Success::new(data)).map_err(|error| {
        tracing::error!(%error, "answer could not be serialised");
        ApiError::new(ErrorCode::InternalError)
    })
}

/// A finished JSON body.
pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Response {
    (status, [(header::CONTENT_TYPE, JSON)], body.into()).into_response()
}

/// An answer of the engine, marked when it comes from store.
pub fn answer(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = json(status, answer.body);
    if answer.is_replay {
        response
            .headers_mut()
            .insert(&REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
