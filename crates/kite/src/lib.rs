//! The paper exchange behind the wire of Kite Connect v3, so that programs written for it trade in a sandbox. axum
//! without a runtime: the server brings sockets and time.
//!
//! A request passes [`frame`] (limits, troubles of the wire, compression), is routed, and reaches its handler with a
//! [`Caller`](auth::Caller): whose token it is and in which world it acts. A handler reads its parameters, puts one
//! command or a few to the exchange and writes the answer with Kite's names. One file per resource holds its routes,
//! its decoding and its shapes.
//!
//! Invariant: only this crate knows Kite's words.
//! Invariant: it holds no state of its own but counters of calls; everything else is the exchange's.

mod alert_rows;
mod alerts;
mod answer;
mod auth;
mod authorise;
mod basket;
mod charges;
mod error;
mod frame;
mod gtt;
mod historical;
mod input;
mod instant;
mod instruments;
mod json;
mod limits;
mod login;
mod margins;
mod mf;
mod note;
mod order_form;
mod order_rows;
mod orders;
mod pages;
mod portfolio;
mod positions;
mod postback;
mod quotes;
mod refused;
mod session;
mod state;
mod symbols;
mod ticker;
mod user;
mod wire;
mod words;
mod written;

use axum::Router;

pub use error::{ErrorType, KiteError};
pub use postback::run as run_postbacks;
pub use state::{Kite, KiteParts};
pub use wire::Cut;

/// Every route at the root of its listener. Unknown paths are answered too, so that a server can mount it as its
/// fallback.
///
/// An answer may carry the extension [`Cut`]: then the connection is to be cut instead of answering.
pub fn router(kite: Kite) -> Router {
    let routes = Router::new()
        .merge(alerts::routes())
        .merge(authorise::routes())
        .merge(basket::routes())
        .merge(charges::routes())
        .merge(gtt::routes())
        .merge(historical::routes())
        .merge(instruments::routes())
        .merge(login::routes())
        .merge(margins::routes())
        .merge(mf::routes())
        .merge(orders::routes())
        .merge(pages::routes())
        .merge(portfolio::routes())
        .merge(positions::routes())
        .merge(quotes::routes())
        .merge(session::routes())
        .merge(ticker::routes())
        .merge(user::routes())
        .fallback(error::no_such_route)
        .method_not_allowed_fallback(error::no_such_method)
        .with_state(kite.clone());
    // The frame must see what no route answers as well, so the routes are the fallback of a router around them.
    Router::new()
        .fallback_service(routes)
        .layer(axum::middleware::from_fn_with_state(kite, frame::around))
}
