//! The envelope around every answer, and the error that becomes one.

use serde::Serialize;
use utoipa::ToSchema;

use crate::errors::{ErrorClass, ErrorCode, ErrorSpec};

/// Detail lines that one error carries at most.
pub const MAX_DETAILS: usize = 20;

/// A successful answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Success<T> {
    /// Always `true`.
    pub success: bool,
    /// Always `null`.
    #[schema(required, value_type = Option<Vec<String>>)]
    pub errors: Option<()>,
    /// The answer.
    pub data: T,
}

impl<T> Success<T> {
    /// Wraps `data`.
    #[must_use]
    pub const fn new(data: T) -> Self {
        Self {
            success: true,
            errors: None,
            data,
        }
    }
}

/// An error on its way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}", .code.slug(), .details.first().map(|line| format!(": {line}")).unwrap_or_default())]
pub struct ApiError {
    /// Which row of the table.
    pub code: ErrorCode,
    /// `errors[1..]`: which field, what is wrong, what is allowed. Never holds secrets or personal data.
    pub details: Vec<String>,
    /// Header `Retry-After`, seconds.
    pub retry_after: Option<u32>,
    /// Header `Allow` of 405.
    pub allow: Option<String>,
    /// Number and message for the SDK; set on routes of the SDK protocol only.
    pub sdk: Option<(u16, &'static str)>,
}

impl ApiError {
    /// An error without details.
    #[must_use]
    pub const fn new(code: ErrorCode) -> Self {
        Self {
            code,
            details: Vec::new(),
            retry_after: None,
            allow: None,
            sdk: None,
        }
    }

    /// `validation_failed` with these details.
    #[must_use]
    pub fn validation(details: impl IntoIterator<Item = String>) -> Self {
        Self::new(ErrorCode::ValidationFailed).with_details(details)
    }

    /// Adds one detail line.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        self.with_details([detail.into()])
    }

    /// Adds detail lines; beyond [`MAX_DETAILS`] only their number is said.
    #[must_use]
    pub fn with_details(mut self, details: impl IntoIterator<Item = String>) -> Self {
        let mut left_out = 0_usize;
        for detail in details {
            if self.details.len() < MAX_DETAILS {
                self.details.push(detail);
            } else {
                left_out += 1;
            }
        }
        if left_out > 0 {
            self.details.push(format!("and {left_out} more"));
        }
        self
    }

    /// Sets `Retry-After`.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Sets `Allow`.
    #[must_use]
    pub fn allow(mut self, methods: impl Into<String>) -> Self {
        self.allow = Some(methods.into());
        self
    }

    /// Makes it an error of the SDK protocol, with the number of the table unless one was set already.
    #[must_use]
    pub fn for_sdk(mut self) -> Self {
        self.sdk = self.sdk.or(Some(self.code.sdk()));
        self
    }

    /// The row of the table.
    #[must_use]
    pub const fn spec(&self) -> ErrorSpec {
        self.code.spec()
    }

    /// HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.code.spec().status
    }

    /// The JSON body. `documentation_base` is the address of the error page without its anchor, e.g.
    /// `https://torana.example.org/docs/errors`.
    #[must_use]
    pub fn body(&self, request_id: &str, documentation_base: &str) -> ErrorBody {
        let slug = self.code.slug();
        let errors = std::iter::once(slug.to_owned())
            .chain(self.details.iter().cloned())
            .collect();
        ErrorBody {
            success: false,
            errors,
            data: None,
            message: slug,
            error_type: self.spec().class,
            error_code: slug,
            request_id: request_id.to_owned(),
            documentation_url: format!("{documentation_base}#{slug}"),
            sdk: self.sdk.map(|(code, message)| SdkError { code, message }),
        }
    }
}

impl From<ErrorCode> for ApiError {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// Always `false`.
    pub success: bool,
    /// The slug, then details.
    pub errors: Vec<String>,
    /// Always `null`.
    #[schema(required, value_type = Option<Object>)]
    pub data: Option<()>,
    /// Copy of `errors[0]`.
    #[schema(value_type = String)]
    pub message: &'static str,
    /// Class of the error.
    pub error_type: ErrorClass,
    /// The slug.
    #[schema(value_type = String)]
    pub error_code: &'static str,
    /// For support.
    pub request_id: String,
    /// Page of the slug.
    pub documentation_url: String,
    /// For the SDK; absent elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk: Option<SdkError>,
}

/// Number and message that an SDK passes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SdkError {
    /// The contract's number.
    pub code: u16,
    /// The contract's message.
    #[schema(value_type = String)]
    pub message: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn error_body_is_the_contracts() {
        let detail = "orderConfig.securities[1].quantity: must be present on all securities or on none";
        let error = ApiError::validation([detail.to_owned()]);
        let body = error.body(
            "req_01hq3v9k2m8x7c5d4e6f",
            "https://torana.example.org/docs/errors",
        );
        assert_eq!(
            serde_json::to_value(&body).unwrap(),
            json!({ "success": false, "errors": ["validation_failed", detail], "data": null,
                "message": "validation_failed", "errorType": "InputException", "errorCode": "validation_failed",
                "requestId": "req_01hq3v9k2m8x7c5d4e6f",
                "documentationUrl": "https://torana.example.org/docs/errors#validation_failed" })
        );
        assert_eq!(error.status(), 400);
        assert_eq!(error.to_string(), format!("validation_failed: {detail}"));
    }

    #[test]
    fn sdk_errors_carry_a_number() {
        let number = |code: ErrorCode| {
            serde_json::to_value(ApiError::new(code).for_sdk().body("r", "d")).unwrap()["sdk"].clone()
        };
        assert_eq!(
            number(ErrorCode::InvalidGateway),
            json!({ "code": 100, "message": "invalid_gateway" })
        );
        assert_eq!(
            number(ErrorCode::UnknownUser),
            json!({ "code": 90, "message": "invalid_jwt" })
        );
        assert_eq!(
            number(ErrorCode::OriginNotAllowed),
            json!({ "code": 2000, "message": "internal_error" })
        );
        let mut chosen = ApiError::new(ErrorCode::ConnectedUserRequired);
        chosen.sdk = Some((3004, "init_sdk"));
        assert_eq!(chosen.for_sdk().sdk, Some((3004, "init_sdk")));
    }

    #[test]
    fn details_are_bounded() {
        let error = ApiError::validation((0..50).map(|n| n.to_string()));
        assert_eq!(error.details.len(), MAX_DETAILS + 1);
        assert_eq!(error.details.last().map(String::as_str), Some("and 30 more"));
    }

    #[test]
    fn success_envelope() {
        assert_eq!(
            serde_json::to_value(Success::new(json!({}))).unwrap(),
            json!({ "success": true, "errors": null, "data": {} })
        );
    }
}
