//! Sandbox control: what a partner's own tests drive instead of a browser. It runs the application code of the
//! hosted pages; no check is skipped. On live gateways these routes do not exist.

mod accounts;
mod clock;
mod complete;
mod faults;
mod kite;
mod prices;
mod reset;
mod security;
mod transcript;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

/// The routes below `/torana/v1/gateways/{gatewayName}/sandbox/`.
pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(complete::sandbox_complete_transaction))
        .routes(routes!(accounts::sandbox_create_account))
        .routes(routes!(prices::sandbox_set_prices))
        .routes(routes!(reset::sandbox_reset))
        .routes(routes!(transcript::sandbox_read_transcript))
        .routes(routes!(
            faults::sandbox_list_faults,
            faults::sandbox_set_fault,
            faults::sandbox_remove_faults
        ))
        .routes(routes!(faults::sandbox_remove_fault))
        .routes(routes!(clock::sandbox_get_clock, clock::sandbox_move_clock))
        .routes(routes!(kite::sandbox_make_kite_app))
        .routes(routes!(kite::sandbox_open_kite_session))
}
