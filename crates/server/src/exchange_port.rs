//! The internal routes of an exchange process: they take the commands of gateways that hold its key, and what their
//! control sides ask about access.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use torana_credentials::secrets::Secret;
use torana_domain::ids::GatewayName;
use torana_exchange::Port;
use torana_exchange::access::AccessDesk;
use torana_exchange::remote::{DESK_PATH, DeskReply, DeskRequest, PORT_PATH, PortReply, PortRequest};

/// Most bytes of a command; the largest makes an account with all the holdings that it may have.
const COMMAND_BYTES_MAX: usize = 1024 * 1024;

#[derive(Clone)]
struct Doors {
    exchange: Arc<dyn Port>,
    desk: Arc<dyn AccessDesk>,
    key: Arc<Secret>,
}

/// The routes. Nothing is carried out for anybody without the key.
pub fn router(exchange: Arc<dyn Port>, desk: Arc<dyn AccessDesk>, key: Secret) -> Router {
    let doors = Doors {
        exchange,
        desk,
        key: Arc::new(key),
    };
    Router::new()
        .route(PORT_PATH, post(execute))
        .route(DESK_PATH, post(serve))
        .layer(DefaultBodyLimit::max(COMMAND_BYTES_MAX))
        .with_state(doors)
}

async fn execute(State(doors): State<Doors>, headers: HeaderMap, body: Bytes) -> Response {
    let PortRequest { world, at, command } = match admitted(&doors, &headers, &body) {
        Ok(request) => request,
        Err(refused) => return *refused,
    };
    if let Err(refused) = check_world(&world) {
        return *refused;
    }
    Json(match doors.exchange.execute(&world, at, command).await {
        Ok(answer) => PortReply::Answer(answer),
        Err(error) => PortReply::Error(error),
    })
    .into_response()
}

async fn serve(State(doors): State<Doors>, headers: HeaderMap, body: Bytes) -> Response {
    let DeskRequest { world, at, request } = match admitted(&doors, &headers, &body) {
        Ok(request) => request,
        Err(refused) => return *refused,
    };
    if let Err(refused) = check_world(&world) {
        return *refused;
    }
    Json(match doors.desk.serve(&world, at, request).await {
        Ok(reply) => DeskReply::Answer(reply),
        Err(error) => DeskReply::Error(error),
    })
    .into_response()
}

/// The request of somebody who holds the key.
fn admitted<T: DeserializeOwned>(
    doors: &Doors,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<T, Box<Response>> {
    let presented = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    if !presented.is_some_and(|presented| doors.key.matches(presented)) {
        return Err(refused(
            StatusCode::UNAUTHORIZED,
            "the key is missing or another one",
        ));
    }
    serde_json::from_slice(body).map_err(|error| refused(StatusCode::BAD_REQUEST, &error.to_string()))
}

fn check_world(world: &str) -> Result<(), Box<Response>> {
    match GatewayName::parse(world) {
        Ok(_) => Ok(()),
        Err(error) => Err(refused(StatusCode::BAD_REQUEST, &format!("world: {error}"))),
    }
}

fn refused(status: StatusCode, why: &str) -> Box<Response> {
    Box::new((status, Json(serde_json::json!({ "error": why }))).into_response())
}
