//! Logging in and out.

use axum::Router;

use crate::state::Kite;

/// The routes.
pub fn routes() -> Router<Kite> {
    Router::new()
}
