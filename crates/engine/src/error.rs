//! How failures of storage and brokers become answers.

use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_storage::StoreError;

/// What a use case fails with: the contract's own error, ready to be rendered.
pub type EngineError = ApiError;

/// Maps a storage failure: overload and lost connections are worth a retry, anything else is a bug of ours
/// that is logged here, once, and told to nobody.
#[must_use]
pub fn from_store(error: StoreError) -> EngineError {
    match error {
        StoreError::Unavailable(_) | StoreError::Conflict => {
            tracing::warn!(error = %error, "database unavailable, the caller is asked to come back");
            ApiError::new(ErrorCode::ServiceUnavailable).retry_after(1)
        }
        other => {
            tracing::error!(error = %other, "unexpected storage failure");
            ApiError::new(ErrorCode::InternalError)
        }
    }
}
