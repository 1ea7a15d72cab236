//! The partner API: what a partner's server calls, with the gateway's API secret.

mod create;
mod details;
mod holdings;
mod market;
mod orders;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

/// The routes of the two path families.
pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(create::create_transaction))
        .routes(routes!(details::get_transaction_details))
        .routes(routes!(orders::list_user_orders))
        .routes(routes!(holdings::get_user_holdings))
        .routes(routes!(holdings::get_user_holdings_by_old_path))
        .routes(routes!(market::get_market_status))
}
