//! The shop's page and its files.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use std::sync::Arc;

use crate::shop::Shop;

const INDEX: &str = include_str!("assets/index.html");
const STYLE: &str = include_str!("assets/shop.css");
const SCRIPT: &str = include_str!("assets/shop.js");

/// The page. Origins compare exactly, so a browser that came by another name of this machine is sent to the
/// whitelisted one.
pub(super) async fn index(
    State(shop): State<Arc<Shop>>,
    headers: HeaderMap,
    uri: axum::http::Uri,
) -> Response {
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let own = shop
        .config
        .own_origin
        .split_once("://")
        .map_or("", |(_, host)| host);
    if host != own {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        return Redirect::temporary(&format!("{}{path}", shop.config.own_origin)).into_response();
    }
    let gateway = &shop.config.gateway_origin;
    let page = INDEX
        .replace("{{gateway}}", gateway)
        .replace("{{name}}", &shop.config.gateway_name);
    let policy = format!(
        "default-src 'none'; script-src 'self' {gateway}; style-src 'self'; img-src 'self' data:; \
         connect-src 'self' {gateway}; form-action 'self' {gateway}; base-uri 'none'; frame-ancestors 'none'"
    );
    let mut answer = text(page.into(), "text/html; charset=utf-8");
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        answer
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

pub(super) async fn style() -> Response {
    text(STYLE.into(), "text/css; charset=utf-8")
}

pub(super) async fn script() -> Response {
    text(SCRIPT.into(), "text/javascript; charset=utf-8")
}

pub(super) async fn icon() -> StatusCode {
    StatusCode::NO_CONTENT
}

fn text(body: std::borrow::Cow<'static, str>, kind: &'static str) -> Response {
    let fixed: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    (fixed, body).into_response()
}
