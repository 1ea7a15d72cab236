//! What surrounds every request.

use std::io::Write as _;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt as _;

use crate::error::KiteError;
use crate::state::Kite;
use crate::wire::{self, Slip};

/// Smallest body that is worth compressing, in bytes.
const GZIP_BYTES_MIN: u64 = 1024;

/// Runs a request, lets happen to its answer what the exchange's faults say, and compresses what is large.
pub async fn around(State(kite): State<Kite>, mut request: Request, next: Next) -> Response {
    let takes_gzip = takes_gzip(request.headers());
    let slip = Slip::default();
    request.extensions_mut().insert(slip.clone());
    let response = in_our_words(next.run(request).await);
    let response = match slip.take() {
        Some(disturbance) => wire::disturbed(kite.rt(), response, disturbance).await,
        None => response,
    };
    if takes_gzip {
        compressed(response).await
    } else {
        response
    }
}

/// What the framework refuses by itself, such as a path that is no text, becomes an error of ours.
fn in_our_words(response: Response) -> Response {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let is_plain = content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/plain"));
    if !is_plain || !response.status().is_client_error() {
        return response;
    }
    KiteError::input("The request cannot be read")
        .with_status(response.status())
        .into_response()
}

/// Whether a client takes gzip; a quality of 0 says no.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let words = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','));
    let is_gzip = |word: &str| {
        let (name, quality) = word.split_once(';').unwrap_or((word, ""));
        let quality = quality.trim().strip_prefix("q=").unwrap_or("1");
        let is_off = quality.trim_start_matches(['0', '.']).is_empty();
        matches!(name.trim(), "gzip" | "x-gzip" | "*") && !is_off
    };
    words.into_iter().any(is_gzip)
}

async fn compressed(response: Response) -> Response {
    let is_large = response
        .body()
        .size_hint()
        .exact()
        .is_some_and(|size| size >= GZIP_BYTES_MIN);
    let is_plain = !response.headers().contains_key(header::CONTENT_ENCODING);
    if !is_large || !is_plain || response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return response;
    }
    let (mut head, body) = response.into_parts();
    // The body is one of ours, of known length: it is there.
    let Ok(collected) = body.collect().await else {
        return Response::from_parts(head, Body::empty());
    };
    let bytes = collected.to_bytes();
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    let packed = encoder.write_all(&bytes).and_then(|()| encoder.finish());
    let Ok(packed) = packed else {
        return Response::from_parts(head, Body::from(bytes));
    };
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers
        .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    head.headers
        .insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    Response::from_parts(head, Body::from(packed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_those_who_take_it() {
        let takes = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_str(text).unwrap());
            takes_gzip(&headers)
        };
        assert!(takes("gzip") && takes("deflate, gzip;q=0.5") && takes("*") && takes("br, gzip ; q=1"));
        assert!(!takes("identity") && !takes("gzip;q=0") && !takes("gzip;q=0.00") && !takes("br"));
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
