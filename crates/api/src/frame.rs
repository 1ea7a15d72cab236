//! What stands around every answer: the path as routes know it, the request id, the envelope of failures, and
//! the headers that all answers share.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_domain::ids::RequestId;
use torana_runtime::{Stream, random_bytes};

use crate::failure::{route_not_found, status_of};
use crate::limits::rate::RateReading;
use crate::reply::JSON;
use crate::sdk;
use crate::state::ApiState;

/// For support: the same id as in the body and in the log.
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Marks answers of the demo gateway.
static SANDBOX: HeaderName = HeaderName::from_static("x-torana-sandbox");
static RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
static RATE_REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
static RATE_RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// What a handler's checks leave for the headers of whatever answer follows.
#[derive(Debug, Clone, Default)]
pub struct Notes(Arc<Mutex<Option<RateReading>>>);

impl Notes {
    /// Notes how much of the rate limit is left.
    pub fn note_rate(&self, reading: RateReading) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reading);
    }

    fn rate(&self) -> Option<RateReading> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The middleware around the routes.
pub async fn around(State(api): State<ApiState>, mut request: Request, next: Next) -> Response {
    let id = request
        .extensions()
        .get::<RequestId>()
        .cloned()
        .unwrap_or_else(|| {
            RequestId::from_random(random_bytes(&*api.engine().rt().entropy, Stream::Secrets))
        });
    accept_trailing_slash(request.uri_mut());
    let path = request.uri().path();
    let (is_sdk, is_demo) = (sdk::owns(path), api.marks_demo(gateway_of(path)));
    let notes = Notes::default();
    request.extensions_mut().insert(notes.clone());
    // The routers would take the nothing between two slashes for a name.
    let has_double_slash = request.uri().path().contains("//");
    let mut response = if has_double_slash {
        route_not_found().await.into_response()
    } else {
        next.run(request).await
    };
    if let Some(error) = failure_of(&mut response) {
        let error = if is_sdk { error.for_sdk() } else { error };
        write_failure(&mut response, &error, &id, api.documentation_base());
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(&REQUEST_ID, value);
    }
    if let Some(rate) = notes.rate() {
        headers.insert(&RATE_LIMIT, rate.limit.into());
        headers.insert(&RATE_REMAINING, rate.remaining.into());
        headers.insert(&RATE_RESET, rate.reset_seconds.into());
    }
    if is_demo {
        headers.insert(&SANDBOX, HeaderValue::from_static("demo"));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Takes one slash off the end, so that routes are written once. A double slash stays and matches no route.
fn accept_trailing_slash(uri: &mut Uri) {
    let Some(shorter) = uri
        .path()
        .strip_suffix('/')
        .filter(|path| !path.is_empty() && !path.ends_with('/'))
    else {
        return;
    };
    let text = uri
        .query()
        .map_or_else(|| shorter.to_owned(), |query| format!("{shorter}?{query}"));
    let mut parts = uri.clone().into_parts();
    if let Ok(path) = PathAndQuery::try_from(text) {
        parts.path_and_query = Some(path);
        if let Ok(changed) = Uri::from_parts(parts) {
            *uri = changed;
        }
    }
}

/// The path segment that names a gateway, in each of the path families.
fn gateway_of(path: &str) -> Option<&str> {
    let rest = ["/torana/v1/gateways/", sdk::BASE, "/gateway/", "/v1/"]
        .into_iter()
        .find_map(|family| path.strip_prefix(family))?;
    rest.split('/').next()
}

/// The error that a response stands for; routers answer a wrong method without one.
fn failure_of(response: &mut Response) -> Option<ApiError> {
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        return Some(error);
    }
    (response.status() == StatusCode::METHOD_NOT_ALLOWED).then(|| {
        let allowed = response
            .headers()
            .get(header::ALLOW)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("");
        ApiError::new(ErrorCode::MethodNotAllowed).with_detail(format!("allowed are: {allowed}"))
    })
}

fn write_failure(response: &mut Response, error: &ApiError, id: &RequestId, documentation_base: &str) {
    let body = serde_json::to_vec(&error.body(id.as_str(), documentation_base)).unwrap_or_default();
    *response.status_mut() = status_of(error);
    *response.body_mut() = Body::from(body);
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, JSON);
    if let Some(seconds) = error.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    if let Some(Ok(value)) = error.allow.as_deref().map(HeaderValue::from_str) {
        headers.insert(header::ALLOW, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shortened(uri: &str) -> String {
        let mut uri: Uri = uri.parse().unwrap();
        accept_trailing_slash(&mut uri);
        uri.to_string()
    }

    #[test]
    fn one_trailing_slash_is_accepted() {
        assert_eq!(
            shortened("/gateway/acme/transaction/"),
            "/gateway/acme/transaction"
        );
        assert_eq!(
            shortened("/v1/acme/engine/user/orders/?count=1"),
            "/v1/acme/engine/user/orders?count=1"
        );
        assert_eq!(
            shortened("http://h.example/v1/acme/?x=%2F"),
            "http://h.example/v1/acme?x=%2F"
        );
        for unchanged in ["/", "/a", "/a//", "//", "/a?b=/"] {
            assert_eq!(shortened(unchanged), unchanged);
        }
    }

    #[test]
    fn gateways_are_found_in_every_family() {
        for path in [
            "/gateway/acme/transaction",
            "/v1/acme/engine/user/orders",
            "/torana/v1/gateways/acme/sandbox/clock",
            "/torana/sdk/v1/acme/init",
        ] {
            assert_eq!(gateway_of(path), Some("acme"), "{path}");
        }
        assert_eq!(gateway_of("/openapi.json"), None);
    }
}
