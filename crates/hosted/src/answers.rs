//! Answers: pages with their security headers, and redirects.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use torana_runtime::{Stream, random_bytes};
use torana_ui::csp::content_security_policy;
use torana_ui::{Body as PageBody, Frame, Page};

use crate::HostedState;

/// A fresh nonce for one answer.
pub fn nonce(state: &HostedState) -> String {
    let bytes: [u8; 16] = random_bytes(&*state.engine.rt().entropy, Stream::Secrets);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A page. `form_targets` are checked origins that a form of the page may lead to.
pub fn page(
    state: &HostedState,
    status: StatusCode,
    frame: Frame,
    body: PageBody,
    form_targets: &[&str],
) -> Response {
    let policy = content_security_policy(&frame.csp_nonce, form_targets);
    let html = match state.renderer.render(&Page::new(frame, body)) {
        Ok(html) => html,
        Err(error) => {
            tracing::error!(%error, "page could not be rendered");
            return with_headers(
                StatusCode::INTERNAL_SERVER_ERROR,
                "text/plain; charset=utf-8",
                "internal error".to_owned(),
            );
        }
    };
    let mut response = with_headers(status, "text/html; charset=utf-8", html);
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn with_headers(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(
        "permissions-policy",
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=()"),
    );
    response
}

/// 303 to an address; a value that cannot stand in a header becomes our own error.
pub fn see_other(location: &str) -> Response {
    let mut response = Response::new(Body::empty());
    match HeaderValue::from_str(location) {
        Ok(value) => {
            *response.status_mut() = StatusCode::SEE_OTHER;
            response.headers_mut().insert(header::LOCATION, value);
        }
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// 204.
pub fn no_content() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
