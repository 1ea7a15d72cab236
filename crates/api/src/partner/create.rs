//! `POST /gateway/{gatewayName}/transaction`: one endpoint for every intent.

use axum::extract::State;
use axum::response::Response;
use torana_clock::ist_date;
use torana_contract::create::schema::CreateTransactionBody;
use torana_contract::create::{CreatedBody, Shape, needs_connected};
use torana_contract::envelope::{ApiError, Success};
use torana_contract::errors::ErrorCode;

use crate::call::{Call, Creation};
use crate::failure::Failure;
use crate::reply;
use crate::state::ApiState;

/// Create a transaction.
///
/// Makes a short-lived, single-use id for the SDK. The transaction belongs to the user of the token.
#[utoipa::path(
    post,
    path = "/gateway/{gatewayName}/transaction",
    operation_id = "create_transaction",
    tag = "Transactions",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless: the first answer is given again.", min_length = 1, max_length = 255, pattern = "^[ -~]+$"),
    ),
    request_body(
        content = CreateTransactionBody,
        examples(
            ("basket" = (summary = "A basket of stocks", value = json!({ "intent": "TRANSACTION", "notes": "plan-42", "orderConfig": { "type": "SECURITIES", "securities": [{ "ticker": "INFY", "quantity": 3, "type": "BUY" }, { "ticker": "ITC", "quantity": 7, "type": "SELL", "orderType": "LIMIT", "price": 431.5 }] } }))),
            ("connect" = (summary = "A broker login", value = json!({ "intent": "CONNECT" }))),
            ("holdings" = (summary = "An import of holdings", value = json!({ "intent": "HOLDINGS_IMPORT", "version": "v2", "notes": "u-17" }))),
        ),
    ),
    responses(
        (status = 200, description = "Created.", body = Success<CreatedBody>, example = json!({ "success": true, "errors": null, "data": { "transactionId": "TRX_0123456789abcdef0123456789abcdef", "expireAt": "2026-01-05T09:35:00.000Z" } })),
        (status = 400, description = "intent_not_supported, invalid_order_type, malformed_json, validation_failed"),
        (status = 403, description = "connected_user_required, intent_not_enabled"),
        (status = 404, description = "smallcase_not_found, investment_not_found"),
        (status = 409, description = "request_in_progress, no_amo_pending"),
        (status = 422, description = "idempotency_key_reused, ticker_not_found, exchange_not_supported, limit_order_not_supported, invalid_price, iscid_required, iscid_scid_mismatch, smallcase_archived"),
    ),
    security(("gatewaySecret" = [], "userToken" = [])),
)]
pub async fn create_transaction(
    State(api): State<ApiState>,
    call: Call<Creation>,
) -> Result<Response, Failure> {
    let (engine, gateway) = (api.engine(), &call.caller.gateway);
    let shape = Shape::parse(&call.body)?;
    let kind = shape.intent()?;
    if needs_connected(kind, shape.order_type().as_deref()) {
        call.caller.connected()?;
    }
    let request = shape.fields(kind, ist_date(engine.world_now(gateway)))?;
    if !gateway.settings.allows_intent(kind) {
        let detail = format!("intent: {} is switched off for this gateway", kind.as_str());
        return Err(ApiError::new(ErrorCode::IntentNotEnabled)
            .with_detail(detail)
            .into());
    }
    let intent = request.intent.clone().enabled()?;
    request.check_exchanges()?;
    let answer = engine
        .create_transaction(&call.caller, intent, request.notes, call.keyed)
        .await?;
    Ok(reply::answer(answer))
}
