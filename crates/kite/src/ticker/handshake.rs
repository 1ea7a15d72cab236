//! The first exchange of a WebSocket (RFC 6455, section 4).

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use crate::error::{ErrorType, KiteError};

/// What the protocol hangs behind the client's key before it is hashed.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The one version there is.
const VERSION: &str = "13";
/// Bytes of a client's key.
const KEY_BYTES: usize = 16;

/// A request that wants to become a WebSocket.
#[derive(Debug)]
pub struct Handshake {
    accept: String,
}

impl Handshake {
    /// Reads the headers of a request; `None` if it does not ask for a WebSocket.
    ///
    /// # Errors
    /// 400 for one that is not of the protocol.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, KiteError> {
        if !has_word(headers, &header::UPGRADE, "websocket") {
            return Ok(None);
        }
        if !has_word(headers, &header::CONNECTION, "upgrade") {
            return Err(refused("header Connection must be Upgrade"));
        }
        if !has_word(headers, &header::SEC_WEBSOCKET_VERSION, VERSION) {
            return Err(refused("header Sec-WebSocket-Version must be 13"));
        }
        let key = headers
            .get(header::SEC_WEBSOCKET_KEY)
            .and_then(|key| key.to_str().ok());
        let key = key.filter(|key| STANDARD.decode(key).is_ok_and(|key| key.len() == KEY_BYTES));
        let key = key.ok_or_else(|| refused("header Sec-WebSocket-Key must be 16 bytes in Base64"))?;
        let hashed = digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes());
        Ok(Some(Self {
            accept: STANDARD.encode(hashed),
        }))
    }

    /// The answer after which the connection is a WebSocket.
    #[must_use]
    pub fn answer(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(accept) = HeaderValue::from_str(&self.accept) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
        response
    }
}

fn refused(why: &str) -> KiteError {
    let message = format!("This is no WebSocket handshake: {why}");
    KiteError::new(ErrorType::Input, message)
}

/// Whether one of the words of a header, with commas between, is `word`.
fn has_word(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter();
    let mut words = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    words.any(|found| found.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(changed: Option<(&'static str, &'static str)>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let usual = [
            ("upgrade", "WebSocket"),
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        for (name, value) in usual.into_iter().chain(changed) {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_example_of_the_standard_is_answered_as_it_says() {
        let handshake = Handshake::of(&headers(None)).unwrap().unwrap();
        let answer = handshake.answer();
        assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(
            answer.headers()["sec-websocket-accept"],
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }

    #[test]
    fn what_is_no_handshake_is_told_apart_from_a_bad_one() {
        assert!(Handshake::of(&HeaderMap::new()).unwrap().is_none());
        assert!(
            Handshake::of(&headers(Some(("upgrade", "h2c"))))
                .unwrap()
                .is_none()
        );
        for (name, value) in [
            ("connection", "close"),
            ("sec-websocket-version", "8"),
            ("sec-websocket-key", "c2hvcnQ="),
            ("sec-websocket-key", "not base64!"),
        ] {
            let error = Handshake::of(&headers(Some((name, value)))).unwrap_err();
            assert!(error.message().to_ascii_lowercase().contains(name), "{error:?}");
        }
    }
}
