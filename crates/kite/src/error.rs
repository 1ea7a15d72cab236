//! Failures in Kite's form.

use std::borrow::Cow;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use torana_exchange::PortError;
use torana_exchange::access::AccessError;

/// Kite's classes of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorType {
    /// The session is over or was none; log in again.
    Token,
    /// The app may not do this.
    Permission,
    /// The user's account.
    User,
    /// The order cannot be placed, changed or found.
    Order,
    /// A parameter is missing or wrong.
    Input,
    /// Too little money.
    Margin,
    /// Too few shares.
    Holding,
    /// The order system cannot be reached, or takes no more calls.
    Network,
    /// The order system gave an answer that cannot be used.
    Data,
    /// Anything else.
    General,
}

impl ErrorType {
    /// The word of `error_type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "TokenException",
            Self::Permission => "PermissionException",
            Self::User => "UserException",
            Self::Order => "OrderException",
            Self::Input => "InputException",
            Self::Margin => "MarginException",
            Self::Holding => "HoldingException",
            Self::Network => "NetworkException",
            Self::Data => "DataException",
            Self::General => "GeneralException",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Token | Self::Permission | Self::User => StatusCode::FORBIDDEN,
            Self::Order | Self::Input | Self::Margin | Self::Holding => StatusCode::BAD_REQUEST,
            Self::Network => StatusCode::SERVICE_UNAVAILABLE,
            Self::Data => StatusCode::BAD_GATEWAY,
            Self::General => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// One failure: class, HTTP status, text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KiteError {
    kind: ErrorType,
    status: StatusCode,
    message: Cow<'static, str>,
    retry_after_seconds: Option<u32>,
}

/// The body of a failure.
#[derive(Serialize)]
struct Body<'a> {
    status: &'static str,
    message: &'a str,
    data: Option<()>,
    error_type: &'static str,
}

impl KiteError {
    /// A failure of a class with its usual status.
    #[must_use]
    pub fn new(kind: ErrorType, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            status: kind.status(),
            message: message.into(),
            retry_after_seconds: None,
        }
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// A parameter is missing or wrong: 400.
    #[must_use]
    pub fn input(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorType::Input, message)
    }

    /// The key or the token is wrong, over, or somebody else's: 403.
    #[must_use]
    pub fn token() -> Self {
        Self::new(ErrorType::Token, "Incorrect `api_key` or `access_token`.")
    }

    /// The exchange cannot be reached: 503.
    #[must_use]
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorType::Network, message)
    }

    /// The exchange gave an answer that does not belong to the question: 502.
    #[must_use]
    pub fn odd_answer() -> Self {
        Self::new(
            ErrorType::Data,
            "The order system gave an answer that cannot be used",
        )
    }

    /// Too many calls: 429.
    #[must_use]
    pub fn too_many(retry_after_seconds: u32) -> Self {
        let mut error = Self::new(ErrorType::Network, "Too many requests");
        error.status = StatusCode::TOO_MANY_REQUESTS;
        error.retry_after_seconds = Some(retry_after_seconds);
        error
    }

    /// There is no such thing: 404.
    #[must_use]
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorType::General, message).with_status(StatusCode::NOT_FOUND)
    }

    /// Its class.
    #[must_use]
    pub const fn kind(&self) -> ErrorType {
        self.kind
    }

    /// Its HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Its text.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl IntoResponse for KiteError {
    fn into_response(self) -> Response {
        let body = Body {
            status: "error",
            message: &self.message,
            data: None,
            error_type: self.kind.as_str(),
        };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<PortError> for KiteError {
    fn from(error: PortError) -> Self {
        tracing::warn!(%error, "exchange did not answer");
        Self::unavailable("The order system cannot be reached")
    }
}

impl From<AccessError> for KiteError {
    fn from(error: AccessError) -> Self {
        tracing::warn!(%error, "access could not be decided");
        Self::unavailable("The login system cannot be reached")
    }
}

/// What no route answers.
pub async fn no_such_route() -> KiteError {
    KiteError::not_found("Route not found")
}

/// A path that exists, with a method that it does not take.
pub async fn no_such_method() -> KiteError {
    KiteError::new(ErrorType::General, "Method not allowed").with_status(StatusCode::METHOD_NOT_ALLOWED)
}
