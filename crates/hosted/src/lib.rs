//! The hosted flow over HTTP: cookies, forms, presence, and the mapping from a flow to a page of
//! [`torana_ui`]. A `GET` of a step changes nothing; every change is a form with a CSRF token, answered with
//! 303 to the step that follows, or with a page that leads on to a broker. A return from there has its one-time value
//! in place of the token.
//!
//! Invariant: no handle, token or secret is ever part of an address, but that value, which counts once and only
//! together with the flow's cookie.
//! Invariant: nothing is decided in here; the engine's actions decide, this crate asks and shows.

mod after;
mod answers;
mod cookies;
mod forms;
mod frame;
mod logos;
mod origin;
mod pages;
mod presence;
mod refusals;
mod returns;
mod routes;
mod steps;
mod visit;

use std::net::IpAddr;
use std::sync::Arc;

use torana_engine::Engine;
use torana_ui::Renderer;

pub use presence::OpenStreams;
pub use routes::router;

/// Address of the client, put into each request by the process that accepted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// What the pages need.
#[derive(Clone)]
pub struct HostedState {
    /// Use cases.
    pub engine: Engine,
    /// Templates.
    pub renderer: Arc<Renderer>,
    /// Name of the demo gateway while it is seeded, for the banner.
    pub demo_gateway: Option<String>,
    /// Which flows have a page open.
    pub streams: Arc<OpenStreams>,
}

impl HostedState {
    /// Whether browsers reach us over https, which decides names and attributes of cookies.
    pub(crate) fn is_https(&self) -> bool {
        self.engine.public_url().starts_with("https://")
    }
}
