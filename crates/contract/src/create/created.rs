//! The answer to a created transaction.

use serde::Serialize;
use torana_domain::ids::TransactionId;
use torana_domain::time::Timestamp;
use utoipa::ToSchema;

use crate::instant::Instant;

/// `data` of a created transaction.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedBody {
    /// `TRX_` and 32 lowercase hexadecimal digits.
    pub transaction_id: String,
    /// End of the interactive part (world time on a sandbox gateway).
    pub expire_at: Instant,
}

impl CreatedBody {
    /// The answer for one transaction.
    #[must_use]
    pub fn new(transaction_id: &TransactionId, expire_at: Timestamp) -> Self {
        Self {
            transaction_id: transaction_id.to_string(),
            expire_at: Instant(expire_at),
        }
    }
}
