//! The SDK protocol: what Torana's own SDKs call from a partner's page or app. Cookieless; a session's bearer
//! value in `Authorization`. Not for partners, hence `x-internal` in the document.

mod call;
mod closed;
mod cors;
mod init;
mod logout;
mod start;
mod state;

use axum::middleware::from_fn_with_state;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

/// What the paths of the protocol begin with.
pub const BASE: &str = "/torana/sdk/v1/";

/// Whether a path belongs to the protocol.
pub fn owns(path: &str) -> bool {
    path.starts_with(BASE)
}

/// The routes, with the rules for pages of other origins around them.
pub fn routes(api: &ApiState) -> OpenApiRouter<ApiState> {
    bare_routes().route_layer(from_fn_with_state(api.clone(), cors::around))
}

/// The routes alone, for the document.
pub fn bare_routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(init::sdk_init))
        .routes(routes!(start::sdk_start))
        .routes(routes!(state::sdk_state))
        .routes(routes!(closed::sdk_closed))
        .routes(routes!(logout::sdk_logout))
}
