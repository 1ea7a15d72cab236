//! The internal route of an exchange process: takes the commands of gateways that hold its key.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use torana_credentials::secrets::Secret;
use torana_domain::ids::GatewayName;
use torana_exchange::Port;
use torana_exchange::remote::{PORT_PATH, PortReply, PortRequest};

/// Most bytes of a command; the largest makes an account with all the holdings that it may have.
const COMMAND_BYTES_MAX: usize = 1024 * 1024;

#[derive(Clone)]
struct Doors {
    exchange: Arc<dyn Port>,
    key: Arc<Secret>,
}

/// The route. Nothing is carried out for anybody without the key.
pub fn router(exchange: Arc<dyn Port>, key: Secret) -> Router {
    let doors = Doors {
        exchange,
        key: Arc::new(key),
    };
    Router::new()
        .route(PORT_PATH, post(execute))
        .layer(DefaultBodyLimit::max(COMMAND_BYTES_MAX))
        .with_state(doors)
}

async fn execute(State(doors): State<Doors>, headers: HeaderMap, body: Bytes) -> Response {
    let presented = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    if !presented.is_some_and(|presented| doors.key.matches(presented)) {
        return refused(StatusCode::UNAUTHORIZED, "the key is missing or another one");
    }
    let request: PortRequest = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return refused(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    if let Err(error) = GatewayName::parse(&request.world) {
        return refused(StatusCode::BAD_REQUEST, &format!("world: {error}"));
    }
    let PortRequest { world, at, command } = request;
    Json(match doors.exchange.execute(&world, at, command).await {
        Ok(answer) => PortReply::Answer(answer),
        Err(error) => PortReply::Error(error),
    })
    .into_response()
}

fn refused(status: StatusCode, why: &str) -> Response {
    (status, Json(serde_json::json!({ "error": why }))).into_response()
}
