//! `POST /torana/sdk/v1/{gatewayName}/transactions/{transactionId}/closed`: the SDK saw the window closed.

use axum::extract::State;
use axum::response::Response;
use torana_contract::envelope::Success;
use torana_contract::request::Scope;
use torana_contract::sdk::StateBody;

use super::call::SdkCall;
use crate::failure::Failure;
use crate::reply;
use crate::state::ApiState;

/// Report a closed window.
///
/// Whether that is believed is the server's decision; the answer is the flow's state.
#[utoipa::path(
    post,
    path = "/torana/sdk/v1/{gatewayName}/transactions/{transactionId}/closed",
    operation_id = "sdk_closed",
    tag = "SDK protocol",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("transactionId" = String, Path, description = "The transaction.", example = "TRX_0123456789abcdef0123456789abcdef"),
        ("x-torana-sdk" = String, Header, description = "Name and version of the SDK.", example = "web/1.0.0"),
    ),
    request_body(content = Object, description = "An empty object.", example = json!({})),
    responses(
        (status = 200, description = "The state.", body = Success<StateBody>),
        (status = 400, description = "malformed_json, validation_failed"),
        (status = 401, description = "sdk_session_expired"),
        (status = 404, description = "invalid_transactionId"),
    ),
    security(("sdkSession" = [])),
    extensions(("x-internal" = json!(true))),
)]
pub async fn sdk_closed(State(api): State<ApiState>, call: SdkCall) -> Result<Response, Failure> {
    let engine = api.engine();
    let session = engine
        .sdk_session(&call.gateway, call.origin.as_ref(), call.bearer())
        .await?;
    let id = call.transaction_id()?;
    Scope::of_body(&call.body())?;
    reply::data(engine.sdk_closed(&call.gateway, &session, &id).await?)
}
