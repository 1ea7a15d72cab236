//! What is said where there is no page of a flow to show.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use torana_contract::errors::ErrorCode;
use torana_engine::EngineError;
use torana_ui::pages::{ErrorKind, ErrorPage};

use crate::{HostedState, answers, frame};

/// The page about a failure of a use case.
pub fn failed(state: &HostedState, error: &EngineError) -> Response {
    let kind = match error.code {
        ErrorCode::GatewayDisabled | ErrorCode::ServiceUnavailable => ErrorKind::Unavailable,
        ErrorCode::BrokerUnavailable | ErrorCode::BrokerTimeout => ErrorKind::BrokerUnavailable,
        ErrorCode::TransactionExpired => ErrorKind::Expired,
        _ => ErrorKind::Internal,
    };
    refused(state, kind)
}

/// The page about a refusal.
pub fn refused(state: &HostedState, kind: ErrorKind) -> Response {
    let status = match kind {
        ErrorKind::Expired | ErrorKind::StartUsed => StatusCode::GONE,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::FormRefused => StatusCode::FORBIDDEN,
        ErrorKind::BrokerUnavailable => StatusCode::BAD_GATEWAY,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let body = ErrorPage {
        kind,
        retry: None,
        return_url: None,
    }
    .into();
    answers::page(state, status, frame::bare(state), body, &[])
}

/// An answer that nobody looks at.
pub fn status_only(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
