//! `GET /torana/sdk/v1/{gatewayName}/transactions/{transactionId}/state`: the authoritative channel.

use axum::extract::State;
use axum::response::Response;
use torana_contract::envelope::Success;
use torana_contract::sdk::StateBody;

use super::call::SdkCall;
use crate::failure::Failure;
use crate::reply;
use crate::state::ApiState;

/// Read a flow's state.
///
/// For the session that started the flow only. The settlement is the server's decision about the SDK's promise.
#[utoipa::path(
    get,
    path = "/torana/sdk/v1/{gatewayName}/transactions/{transactionId}/state",
    operation_id = "sdk_state",
    tag = "SDK protocol",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("transactionId" = String, Path, description = "The transaction.", example = "TRX_0123456789abcdef0123456789abcdef"),
        ("x-torana-sdk" = String, Header, description = "Name and version of the SDK.", example = "web/1.0.0"),
    ),
    responses(
        (status = 200, description = "The state.", body = Success<StateBody>, example = json!({ "success": true, "errors": null, "data": { "transactionId": "TRX_0123456789abcdef0123456789abcdef", "status": "USED", "step": "review", "page": "present", "handedOver": false, "expiresInMs": 541_200, "pollAfterMs": 2000, "settlement": { "outcome": "pending", "code": null, "message": null, "result": null } } })),
        (status = 400, description = "validation_failed"),
        (status = 401, description = "sdk_session_expired"),
        (status = 404, description = "invalid_transactionId"),
    ),
    security(("sdkSession" = [])),
    extensions(("x-internal" = json!(true))),
)]
pub async fn sdk_state(State(api): State<ApiState>, call: SdkCall) -> Result<Response, Failure> {
    let engine = api.engine();
    let session = engine
        .sdk_session(&call.gateway, call.origin.as_ref(), call.bearer())
        .await?;
    let id = call.transaction_id()?;
    reply::data(engine.sdk_state(&call.gateway, &session, &id).await?)
}
