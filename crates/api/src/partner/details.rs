//! `GET /v1/{gatewayName}/engine/transactiondetails`: a transaction as it stands.

use axum::extract::State;
use axum::response::Response;
use torana_contract::envelope::{ApiError, Success};
use torana_contract::transaction::TransactionDetailsData;
use torana_domain::ids::TransactionId;

use crate::call::{Call, Reading};
use crate::failure::Failure;
use crate::reply;
use crate::state::ApiState;

/// Read a transaction.
///
/// A guest token reads by id, a connected one its own transactions only. Tokens in the answer are fresh.
#[utoipa::path(
    get,
    path = "/v1/{gatewayName}/engine/transactiondetails",
    operation_id = "get_transaction_details",
    tag = "Transactions",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("transactionId" = String, Query, description = "The transaction.", pattern = "^TRX_[0-9a-f]{32}$", example = "TRX_0123456789abcdef0123456789abcdef"),
    ),
    responses(
        (status = 200, description = "The transaction.", body = Success<TransactionDetailsData>),
        (status = 400, description = "validation_failed"),
        (status = 404, description = "invalid_transactionId"),
    ),
    security(("gatewaySecret" = [], "userToken" = [])),
)]
pub async fn get_transaction_details(
    State(api): State<ApiState>,
    call: Call<Reading>,
) -> Result<Response, Failure> {
    let id = match call.query.text("transactionId").map(TransactionId::parse) {
        Some(Ok(id)) => id,
        Some(Err(bad)) => return Err(ApiError::validation([format!("transactionId: {bad}")]).into()),
        None => return Err(ApiError::validation(["transactionId: is required".to_owned()]).into()),
    };
    reply::data(api.engine().transaction_details(&call.caller, &id).await?)
}
