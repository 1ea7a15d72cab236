//! `GET /v1/{gatewayName}/engine/market/status`: whether orders are taken now.

use axum::extract::State;
use axum::response::Response;
use torana_contract::envelope::Success;
use torana_contract::market::{MarketBody, MarketView};
use torana_contract::request::Problems;
use torana_domain::broker_key::BrokerKey;

use crate::call::{Call, Reading};
use crate::failure::Failure;
use crate::openapi::words::BrokerWord;
use crate::reply;
use crate::state::ApiState;

/// Read the market's status.
///
/// By the dated calendar of the exchange, special sessions included; world time on a sandbox gateway.
#[utoipa::path(
    get,
    path = "/v1/{gatewayName}/engine/market/status",
    operation_id = "get_market_status",
    tag = "Market",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("broker" = inline(Option<BrokerWord>), Query, description = "Broker whose after-market window counts; default: the connected user's.", example = "kite"),
    ),
    responses(
        (status = 200, description = "The status.", body = Success<MarketBody>, example = json!({ "success": true, "errors": null, "data": { "exchange": "NSE", "broker": "kite", "marketOpen": true, "amoOpen": false, "serverTime": "2026-01-05T05:30:00.000Z", "nextOpen": "2026-01-06T03:45:00.000Z", "nextClose": "2026-01-05T10:00:00.000Z", "provisional": false } })),
        (status = 400, description = "validation_failed"),
    ),
    security(("gatewaySecret" = [], "userToken" = [])),
)]
pub async fn get_market_status(
    State(api): State<ApiState>,
    call: Call<Reading>,
) -> Result<Response, Failure> {
    let mut problems = Problems::default();
    let asked = call.query.word(
        "broker",
        "a broker key, such as kite",
        &mut problems,
        BrokerKey::parse_lenient,
    );
    problems.into_result()?;
    let (engine, gateway) = (api.engine(), &call.caller.gateway);
    let broker = asked
        .value()
        .or(call.caller.investor.as_ref().map(|investor| investor.broker));
    let now = engine.world_now(gateway);
    let (calendar, status) = (engine.calendar(), engine.calendar().status_at(now));
    let window = calendar.amo_window(broker.map_or("", BrokerKey::as_str));
    let profile = broker.and_then(|key| engine.profile(gateway, key));
    let takes_amo = profile.is_none_or(|profile| profile.capabilities.amo);
    reply::data(MarketBody::from(MarketView {
        broker,
        market_open: status.open,
        amo_open: takes_amo && calendar.amo_open(now, &window),
        server_time: now,
        next_open: status.next_open,
        next_close: status.next_close,
        provisional: status.provisional,
    }))
}
