//! `POST /torana/sdk/v1/{gatewayName}/init`: a session for a user token.

use axum::extract::State;
use axum::response::Response;
use torana_contract::envelope::Success;
use torana_contract::request::{Problems, Scope};
use torana_contract::sdk::InitBody;

use super::call::SdkCall;
use crate::failure::Failure;
use crate::reply;
use crate::state::ApiState;

/// Body of `init`.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; values are read member by member")]
struct InitRequest {
    /// User token, guest or connected.
    smallcase_auth_token: String,
    /// Test mode: labels on a sandbox gateway, refused on a live one.
    leprechaun_enabled: Option<bool>,
}

/// Begin or renew an SDK session.
///
/// A living session that is sent along is kept, with its flows, when its user is the same or was a guest.
#[utoipa::path(
    post,
    path = "/torana/sdk/v1/{gatewayName}/init",
    operation_id = "sdk_init",
    tag = "SDK protocol",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("x-torana-sdk" = String, Header, description = "Name and version of the SDK.", example = "web/1.0.0"),
    ),
    request_body(content = InitRequest, example = json!({ "smallcaseAuthToken": "eyJhbGciOi...", "leprechaunEnabled": false })),
    responses(
        (status = 200, description = "The session.", body = Success<InitBody>, example = json!({ "success": true, "errors": null, "data": { "sdkSession": "ss_9fJ2...", "sessionExpiresInMs": 7_200_000, "status": "GUEST", "broker": null, "displayName": "Acme", "mode": "sandbox" } })),
        (status = 400, description = "malformed_json, validation_failed"),
        (status = 401, description = "invalid_jwt, unknown_user"),
        (status = 409, description = "init_sdk"),
    ),
    security((), ("sdkSession" = [])),
    extensions(("x-internal" = json!(true))),
)]
pub async fn sdk_init(State(api): State<ApiState>, call: SdkCall) -> Result<Response, Failure> {
    let body = Scope::of_body(&call.arrived.body)?;
    let mut problems = Problems::default();
    let token = body.text("smallcaseAuthToken", &mut problems);
    let token = token.required(&mut problems, "smallcaseAuthToken", "a user token");
    let leprechaun = body
        .boolean_or_text("leprechaunEnabled", &mut problems)
        .value()
        .unwrap_or(false);
    problems.into_result()?;
    let token = token.unwrap_or_default();
    let session = api
        .engine()
        .sdk_init(
            &call.gateway,
            call.origin.as_ref(),
            &token,
            leprechaun,
            call.bearer(),
        )
        .await;
    if let Err(error) = &session {
        call.arrived.count_failure(&api, error);
    }
    reply::data(session?)
}
