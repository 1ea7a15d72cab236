//! The web SDK's script, as built and checked in: at the address that partners' pages name, and at one that
//! never changes, for pages that pin its hash.

use axum::Router;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use ring::digest::{SHA256, digest};

const SCRIPT: &str = include_str!("../../../web/sdk/dist/scdk.js");
const PACKAGE: &str = include_str!("../../../web/sdk/package.json");

/// `cache-control` of the address that follows releases.
const MOVING: &str = "public, max-age=300";

/// `cache-control` of the address with a version in it.
const FIXED: &str = "public, max-age=31536000, immutable";

/// The routes.
pub fn router() -> Router {
    let etag = format!("\"{}\"", hash());
    let (moving, fixed) = (etag.clone(), etag);
    Router::new()
        .route(
            "/scdk/2.0.0/scdk.js",
            get(move |headers: HeaderMap| async move { answer(&headers, &moving, MOVING) }),
        )
        .route(
            &fixed_path(),
            get(move |headers: HeaderMap| async move { answer(&headers, &fixed, FIXED) }),
        )
}

/// The version of this binary's SDK is that of its package.
fn fixed_path() -> String {
    let package: serde_json::Value = serde_json::from_str(PACKAGE).unwrap_or_default();
    let version = package
        .get("version")
        .and_then(serde_json::Value::as_str)
        .unwrap_or("0.0.0");
    format!("/scdk/t-{version}/scdk.js")
}

fn hash() -> String {
    digest(&SHA256, SCRIPT.as_bytes())
        .as_ref()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Every page may load it, pinned or not; it holds nothing that is anybody's.
fn answer(headers: &HeaderMap, etag: &str, cache: &str) -> Response {
    let common: [(HeaderName, &str); 5] = [
        (header::ETAG, etag),
        (header::CACHE_CONTROL, cache),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "cross-origin",
        ),
    ];
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|list| {
        list.split(',')
            .any(|one| one.trim().trim_start_matches("W/") == etag)
    });
    if is_known {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (
        common,
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")],
        SCRIPT,
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    async fn ask(path: &str, known: Option<&str>) -> (StatusCode, HeaderMap, usize) {
        let mut request = axum::http::Request::get(path);
        if let Some(etag) = known {
            request = request.header("if-none-match", etag);
        }
        let answer = router()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let (head, body) = answer.into_parts();
        (
            head.status,
            head.headers,
            body.collect().await.unwrap().to_bytes().len(),
        )
    }

    #[tokio::test]
    async fn both_addresses_serve_it_and_a_known_one_is_not_sent_again() {
        let (status, headers, length) = ask("/scdk/2.0.0/scdk.js", None).await;
        assert_eq!((status, length), (StatusCode::OK, SCRIPT.len()));
        assert_eq!(headers["cache-control"], MOVING);
        assert!(headers.get("set-cookie").is_none());
        let etag = headers["etag"].to_str().unwrap();
        assert_eq!(
            ask("/scdk/2.0.0/scdk.js", Some(etag)).await.0,
            StatusCode::NOT_MODIFIED
        );
        assert_eq!(
            ask("/scdk/2.0.0/scdk.js", Some("\"other\"")).await.0,
            StatusCode::OK
        );
        let (status, headers, _) = ask(&fixed_path(), None).await;
        assert_eq!(status, StatusCode::OK);
        assert!(headers["cache-control"].to_str().unwrap().contains("immutable"));
        assert_eq!(ask("/scdk/t-0.0.1/scdk.js", None).await.0, StatusCode::NOT_FOUND);
    }
}
