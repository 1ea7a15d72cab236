//! The port of the exchange's Kite interface. The interface itself is not part of this version: every route
//! answers that it is not there, in Kite's own error form, so that clients say something sensible.

use axum::http::StatusCode;
use axum::{Json, Router};
use serde_json::json;

/// The routes of the port.
pub fn router() -> Router {
    Router::new().fallback(|| async {
        let body = json!({ "status": "error", "message": "Route not found", "error_type": "GeneralException", "data": null });
        (StatusCode::NOT_FOUND, Json(body))
    })
}
