//! Successful answers.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::KiteError;

/// What a handler gives.
pub type Answered = Result<Response, KiteError>;

#[derive(Serialize)]
struct Success<T> {
    status: &'static str,
    data: T,
}

/// 200 with `data` in the envelope of successes.
pub fn success<T: Serialize>(data: T) -> Response {
    Json(Success {
        status: "success",
        data,
    })
    .into_response()
}
