//! `GET /v1/{gatewayName}/engine/user/holdings` and its older path: the last imported holdings.

use axum::extract::State;
use axum::response::Response;
use torana_contract::envelope::Success;
use torana_contract::holdings::HoldingsBody;
use torana_contract::request::Problems;
use torana_domain::intent::HoldingsVersion;

use crate::call::{Call, Reading};
use crate::failure::Failure;
use crate::openapi::words::FlagParam;
use crate::reply;
use crate::state::ApiState;

/// Read a user's holdings.
///
/// The snapshot of the last import. Where the broker allows reading without a session it is refreshed in the
/// background and `updating` is true.
#[utoipa::path(
    get,
    path = "/v1/{gatewayName}/engine/user/holdings",
    operation_id = "get_user_holdings",
    tag = "Holdings",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("version" = inline(Option<HoldingsVersionWord>), Query, description = "Layout of the answer; default v1."),
        ("mfHoldings" = inline(Option<FlagParam>), Query, description = "Adds demat funds where the broker supports it."),
    ),
    responses(
        (status = 200, description = "The holdings.", body = Success<HoldingsBody>),
        (status = 400, description = "validation_failed"),
        (status = 403, description = "connected_user_required, consent_denied"),
        (status = 404, description = "holdings_not_imported"),
    ),
    security(("gatewaySecret" = [], "userToken" = [])),
)]
pub async fn get_user_holdings(
    State(api): State<ApiState>,
    call: Call<Reading>,
) -> Result<Response, Failure> {
    read(&api, &call).await
}

/// Read a user's holdings (older path).
///
/// Answers exactly as the newer path does.
#[utoipa::path(
    get,
    path = "/gateway/{gatewayName}/user/holdings",
    operation_id = "get_user_holdings_by_old_path",
    tag = "Holdings",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("version" = inline(Option<HoldingsVersionWord>), Query, description = "Layout of the answer; default v1."),
        ("mfHoldings" = inline(Option<FlagParam>), Query, description = "Adds demat funds where the broker supports it."),
    ),
    responses(
        (status = 200, description = "The holdings.", body = Success<HoldingsBody>),
        (status = 400, description = "validation_failed"),
        (status = 403, description = "connected_user_required, consent_denied"),
        (status = 404, description = "holdings_not_imported"),
    ),
    security(("gatewaySecret" = [], "userToken" = [])),
)]
pub async fn get_user_holdings_by_old_path(
    State(api): State<ApiState>,
    call: Call<Reading>,
) -> Result<Response, Failure> {
    read(&api, &call).await
}

/// Layout of the holdings.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes a parameter; values are read as text")]
enum HoldingsVersionWord {
    /// The older, flat layout.
    V1,
    /// The layout by security.
    V2,
}

async fn read(api: &ApiState, call: &Call<Reading>) -> Result<Response, Failure> {
    call.caller.connected()?;
    let mut problems = Problems::default();
    let version = call
        .query
        .word("version", "v1 or v2", &mut problems, |text| match text {
            "v1" => Some(HoldingsVersion::V1),
            "v2" => Some(HoldingsVersion::V2),
            _ => None,
        });
    let with_funds = call.query.flag("mfHoldings", &mut problems);
    problems.into_result()?;
    let version = version.value().unwrap_or(HoldingsVersion::V1);
    reply::data(
        api.engine()
            .read_holdings(&call.caller, version, with_funds)
            .await?,
    )
}
