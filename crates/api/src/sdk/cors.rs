//! Which pages may read the answers: those of whitelisted origins, and everybody an unknown gateway's 404.

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use torana_contract::errors::ErrorCode;
use torana_credentials::origin::{Origin, find_allowed};
use torana_engine::Gateway;

use crate::failure::Failure;
use crate::state::ApiState;

const ALLOWED_METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
const ALLOWED_HEADERS: HeaderValue = HeaderValue::from_static("authorization, content-type, x-torana-sdk");
const EXPOSED_HEADERS: HeaderValue = HeaderValue::from_static("retry-after");
/// Seconds for which a browser may remember a preflight answer; a removed origin is locked out that late at most.
const MAX_AGE_SECONDS: HeaderValue = HeaderValue::from_static("600");
const VARY: HeaderValue = HeaderValue::from_static("origin");

static REQUEST_METHOD: HeaderName = header::ACCESS_CONTROL_REQUEST_METHOD;

/// What the `Origin` header of a request means.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// No page is calling: a mobile app, or no browser.
    NoPage,
    /// This page may read the answer. The origin is echoed.
    Allowed(Origin),
    /// It may not.
    Refused,
}

/// The origin of an allowed page, for handlers.
#[derive(Debug, Clone)]
pub struct PageOrigin(pub Origin);

/// The middleware around the protocol's routes.
pub async fn around(
    State(api): State<ApiState>,
    params: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    // A path that is no text names no gateway; the handler says so in the envelope.
    let gateway = params.ok().and_then(|params| {
        let (_, name) = params.iter().find(|(name, _)| *name == "gatewayName")?;
        api.engine().gateway(name)
    });
    let mut response = match judge(gateway.as_deref(), request.headers()) {
        Verdict::NoPage => next.run(request).await,
        Verdict::Refused => Failure::from(ErrorCode::OriginNotAllowed).into_response(),
        Verdict::Allowed(origin) => {
            let is_preflight =
                request.method() == Method::OPTIONS && request.headers().contains_key(&REQUEST_METHOD);
            let allow_origin = HeaderValue::from_str(origin.as_str());
            request.extensions_mut().insert(PageOrigin(origin));
            let mut response = if is_preflight {
                preflight()
            } else {
                next.run(request).await
            };
            let headers = response.headers_mut();
            if let Ok(value) = allow_origin {
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
            }
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
            response
        }
    };
    response.headers_mut().append(header::VARY, VARY);
    response
}

fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS);
    response
}

/// A page of an unknown gateway may read the refusal, so that the SDK can say `invalid_gateway`; there is no
/// list to check it against, and nothing else to read.
fn judge(gateway: Option<&Gateway>, headers: &HeaderMap) -> Verdict {
    let Some(header) = headers.get(header::ORIGIN) else {
        return Verdict::NoPage;
    };
    let Ok(text) = header.to_str() else {
        return Verdict::Refused;
    };
    let allowed = match gateway {
        None => Origin::parse(text).ok(),
        Some(gateway) => find_allowed(&gateway.origins, text),
    };
    allowed.map_or(Verdict::Refused, Verdict::Allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(origin: Option<&str>) -> HeaderMap {
        origin
            .map(|origin| (header::ORIGIN, HeaderValue::from_str(origin).unwrap()))
            .into_iter()
            .collect()
    }

    #[test]
    fn unknown_gateways_answer_every_page() {
        assert_eq!(judge(None, &headers(None)), Verdict::NoPage);
        let origin = Origin::parse("https://app.example.org").unwrap();
        assert_eq!(
            judge(None, &headers(Some("https://app.example.org"))),
            Verdict::Allowed(origin)
        );
        for refused in ["null", "file://", "https://app.example.org/", "nonsense", ""] {
            assert_eq!(
                judge(None, &headers(Some(refused))),
                Verdict::Refused,
                "{refused}"
            );
        }
    }
}
