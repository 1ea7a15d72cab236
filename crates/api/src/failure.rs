//! A failure on its way out of a handler.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;

/// An error that a handler returns. It leaves as a response extension; [`crate::frame`] alone writes bodies,
/// because only there the request id is known.
#[derive(Debug)]
pub struct Failure(pub ApiError);

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self(ApiError::new(code))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = status_of(&self.0).into_response();
        response.extensions_mut().insert(self.0);
        response
    }
}

/// The HTTP status of an error.
pub fn status_of(error: &ApiError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Answers paths that no route has.
pub async fn route_not_found() -> Failure {
    ErrorCode::RouteNotFound.into()
}
