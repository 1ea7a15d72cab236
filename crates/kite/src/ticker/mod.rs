//! The ticker: a WebSocket that tells prices as they move and orders as they change.
//!
//! [`handshake`] makes a request one, [`frames`] are its protocol, [`socket`] is one connection; [`control`] is what
//! clients say, [`packet`] the form of prices, [`watched`] what a connection wants to hear, and [`feed`] tells it.

mod control;
mod feed;
mod frames;
mod handshake;
mod packet;
mod slots;
mod socket;
mod watched;

use axum::extract::{Request, State};
use axum::routing::get;
use axum::{Extension, Router};
use hyper::upgrade::OnUpgrade;

use crate::answer::Answered;
use crate::auth::Caller;
use crate::error::{ErrorType, KiteError};
use crate::input::Params;
use crate::state::Kite;
use feed::Feed;
use handshake::Handshake;
use slots::Slots;
use socket::Socket;

/// The routes.
pub fn routes() -> Router<Kite> {
    Router::new()
        .route("/", get(connect))
        .layer(Extension(Slots::default()))
}

async fn connect(
    State(kite): State<Kite>,
    Extension(slots): Extension<Slots>,
    mut request: Request,
) -> Answered {
    let Some(handshake) = Handshake::of(request.headers())? else {
        return Err(KiteError::not_found("Route not found"));
    };
    let params = Params::of(b"", request.uri().query().unwrap_or_default().as_bytes());
    let (Some(api_key), Some(token)) = (params.text("api_key"), params.text("access_token")) else {
        return Err(KiteError::token());
    };
    let caller = Caller::with_token(&kite, api_key, token).await?;
    let slot = slots.take(&caller.session.token_hash)?;
    let feed = Feed::begin(caller).await?;
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return Err(KiteError::new(
            ErrorType::General,
            "This connection cannot become a WebSocket",
        ));
    };
    let serve = async move {
        let _slot = slot;
        match upgrade.await {
            Ok(stream) => feed.run(Socket::new(stream)).await,
            Err(error) => tracing::debug!(%error, "connection did not become a WebSocket"),
        }
    };
    kite.rt().spawn.spawn("kite.ticker", Box::pin(serve));
    Ok(handshake.answer())
}
