//! `GET /assets/logo/{name}.png`: pictures of partners and orders from the database, named by their content.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use torana_ui::assets::CACHE_CONTROL;

use crate::HostedState;

/// Nothing in an answer may run or load anything, whatever a browser takes it for.
const POLICY: &str = "default-src 'none'";

/// Where a picture is served.
pub fn path(name: &str) -> String {
    format!("/assets/logo/{name}.png")
}

/// Serves one.
pub async fn show(State(state): State<HostedState>, Path(file): Path<String>) -> Response {
    match state
        .engine
        .logo(file.strip_suffix(".png").unwrap_or_default())
        .await
    {
        Ok(Some(png)) => answer(StatusCode::OK, CACHE_CONTROL, png),
        Ok(None) => answer(StatusCode::NOT_FOUND, "no-store", Vec::new()),
        Err(error) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            answer(status, "no-store", Vec::new())
        }
    }
}

fn answer(status: StatusCode, cache_control: &'static str, png: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(png));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "image/png"),
        (header::CACHE_CONTROL, cache_control),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
