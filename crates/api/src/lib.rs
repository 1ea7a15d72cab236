//! The HTTP interfaces that programs use: the partner API, the SDK protocol, the sandbox control API, and the
//! OpenAPI document that describes them. axum without a runtime: the server brings sockets and time.
//!
//! A request passes [`frame`] (trailing slash, request id, envelope of failures, common headers), is routed,
//! and reaches its handler through an extractor of [`call`] that has done the checks of the contract in the
//! contract's order. A handler only validates its own fields and calls the engine.
//!
//! To add a route: one file with DTOs and handler, one line in the `routes` function of its folder.
//!
//! Invariant: a route cannot be mounted without being documented; there is one way to mount, `routes!`.
//! Invariant: no storage, no broker and no exchange is called from here, only the engine.

mod call;
mod detached;
mod docs;
mod failure;
mod frame;
mod keyed;
mod limits;
mod openapi;
mod partner;
mod query;
mod reply;
mod sandbox;
mod sdk;
mod state;

use axum::Router;

pub use openapi::openapi;
pub use state::{ApiOptions, ApiState};

/// Everything under `/gateway`, `/v1` and `/torana`, with `/openapi.json` and `/docs/errors`. Unknown paths are
/// answered too, so that a server can mount it as its fallback.
///
/// Reads two request extensions where they are present: `torana_domain::ids::RequestId` (else a new id is
/// drawn) and `std::net::IpAddr`, the client's address (else failed checks are not counted).
pub fn router(api: ApiState) -> Router {
    let (routes, _) = openapi::routes(&api).split_for_parts();
    let routed = routes.fallback(failure::route_not_found).with_state(api.clone());
    // Routing must see the path as `frame` leaves it, so the routes are the fallback of a router around them.
    Router::new()
        .fallback_service(routed)
        .layer(axum::middleware::from_fn_with_state(api, frame::around))
}
