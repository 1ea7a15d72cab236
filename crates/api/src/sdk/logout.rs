//! `POST /torana/sdk/v1/{gatewayName}/logout`: ends the user's broker session on this gateway.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use torana_contract::envelope::Success;
use torana_contract::request::Scope;
use utoipa::ToSchema;

use super::call::SdkCall;
use crate::failure::Failure;
use crate::reply;
use crate::state::ApiState;

/// Nothing to say.
#[derive(Serialize, ToSchema)]
struct EmptyBody {}

/// Log the user out at the broker.
///
/// The user token stays valid; only broker sessions of this user on this gateway end.
#[utoipa::path(
    post,
    path = "/torana/sdk/v1/{gatewayName}/logout",
    operation_id = "sdk_logout",
    tag = "SDK protocol",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("x-torana-sdk" = String, Header, description = "Name and version of the SDK.", example = "web/1.0.0"),
    ),
    request_body(content = Object, description = "An empty object.", example = json!({})),
    responses(
        (status = 200, description = "Done.", body = Success<EmptyBody>, example = json!({ "success": true, "errors": null, "data": {} })),
        (status = 400, description = "malformed_json, validation_failed"),
        (status = 401, description = "sdk_session_expired"),
        (status = 403, description = "connected_user_required"),
    ),
    security(("sdkSession" = [])),
    extensions(("x-internal" = json!(true))),
)]
pub async fn sdk_logout(State(api): State<ApiState>, call: SdkCall) -> Result<Response, Failure> {
    let engine = api.engine();
    let session = engine
        .sdk_session(&call.gateway, call.origin.as_ref(), call.bearer())
        .await?;
    Scope::of_body(&call.body())?;
    engine.sdk_logout(&call.gateway, &session).await?;
    reply::data(EmptyBody {})
}
