//! `Idempotency-Key`: which request it stands for, and what was answered before.

use axum::response::Response;
use http::Method;
use torana_contract::envelope::ApiError;
use torana_credentials::sha256_hex;
use torana_engine::create::Answer;
use torana_engine::idempotency::{Admission, KeyedRequest};
use torana_engine::{Caller, Engine};

use crate::call::Arrived;
use crate::reply;
use crate::state::ApiState;

/// Longest key.
const KEY_CHARS_MAX: usize = 255;

/// The key of a POST with the fingerprint of its request; `None` without the header.
///
/// # Errors
/// 400 `validation_failed`.
pub fn of_request(arrived: &Arrived, caller: &Caller) -> Result<Option<KeyedRequest>, ApiError> {
    let Some(value) = arrived
        .header("idempotency-key")
        .filter(|_| *arrived.method() == Method::POST)
    else {
        return Ok(None);
    };
    let key = parse_key(value)?;
    let fingerprint = fingerprint(arrived.path(), &arrived.body, caller.principal_text());
    Ok(Some(KeyedRequest { key, fingerprint }))
}

fn parse_key(value: &[u8]) -> Result<String, ApiError> {
    let is_printable = value.iter().all(|byte| (b' '..=b'~').contains(byte));
    match std::str::from_utf8(value) {
        Ok(text) if is_printable && (1..=KEY_CHARS_MAX).contains(&text.len()) => Ok(text.to_owned()),
        _ => {
            let detail =
                format!("Idempotency-Key: must have 1 to {KEY_CHARS_MAX} printable ASCII characters");
            Err(ApiError::validation([detail]))
        }
    }
}

/// Route, body and user; not the token's bytes, because a repeated request carries a fresh token.
fn fingerprint(path: &str, body: &[u8], principal: &str) -> String {
    sha256_hex(format!("{path}\n{}\n{principal}", sha256_hex(body)).as_bytes())
}

/// The answer that was stored for this very request.
///
/// # Errors
/// 422 `idempotency_key_reused`; the storage's.
pub async fn stored(
    api: &ApiState,
    caller: &Caller,
    request: Option<&KeyedRequest>,
) -> Result<Option<Response>, ApiError> {
    let Some(request) = request else { return Ok(None) };
    let stored = api.engine().stored_answer(&caller.gateway, request).await?;
    Ok(stored.map(reply::answer))
}

/// Carries out work of several commits at most once per key: equal requests wait for it, and its answer is
/// stored after its last commit.
///
/// # Errors
/// The work's own; 409 `request_in_progress`, 422 `idempotency_key_reused`.
pub async fn once(
    engine: &Engine,
    caller: &Caller,
    request: Option<KeyedRequest>,
    work: impl Future<Output = Result<String, ApiError>>,
) -> Result<Answer, ApiError> {
    let _guard = match engine.admit(&caller.gateway, request.as_ref()).await? {
        Admission::Replay(stored) => return Ok(stored),
        Admission::Run(guard) => guard,
    };
    let body = work.await?;
    if let Some(request) = &request {
        engine
            .remember_answer(&caller.gateway, request, 200, &body)
            .await?;
    }
    Ok(Answer {
        status: 200,
        body,
        is_replay: false,
    })
}

#[cfg(test)]
mod tests {
    use torana_contract::errors::ErrorCode;

    use super::*;

    #[test]
    fn keys_are_printable_ascii() {
        assert_eq!(parse_key(b"a key 1~"), Ok("a key 1~".to_owned()));
        assert!(parse_key(&[b'k'; 255]).is_ok());
        for bad in [&b""[..], &[b'k'; 256], b"a\tb", b"\x7f", "é".as_bytes(), b"\xff"] {
            let error = parse_key(bad).unwrap_err();
            assert_eq!(
                (error.code, error.details.len()),
                (ErrorCode::ValidationFailed, 1),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn a_fingerprint_covers_route_body_and_user() {
        let original = fingerprint("/gateway/a/transaction", b"{}", "guest");
        assert_eq!(original, fingerprint("/gateway/a/transaction", b"{}", "guest"));
        assert_eq!(original.len(), 64);
        for other in [
            fingerprint("/gateway/b/transaction", b"{}", "guest"),
            fingerprint("/gateway/a/transaction", b"{ }", "guest"),
            fingerprint("/gateway/a/transaction", b"{}", "507f1f77bcf86cd799439011"),
            fingerprint("/gateway/a/transaction", b"{}", "gateway"),
        ] {
            assert_ne!(original, other);
        }
    }
}
