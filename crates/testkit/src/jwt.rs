//! User tokens as a partner's backend signs them.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

/// Seconds since 1970.
///
/// # Panics
/// If the clock stands before 1970.
#[must_use]
pub fn now_seconds() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock after 1970");
    i64::try_from(since.as_secs()).expect("seconds that fit")
}

/// Signs header and payload as they are given, HS256.
#[must_use]
pub fn sign_text(secret: &str, header: &str, payload: &str) -> String {
    let body = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, body.as_bytes());
    format!("{body}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
}

/// Signs a payload under the usual header.
#[must_use]
pub fn sign(secret: &str, payload: &Value) -> String {
    sign_text(secret, r#"{"alg":"HS256","typ":"JWT"}"#, &payload.to_string())
}

/// A guest token for one hour.
#[must_use]
pub fn guest(secret: &str) -> String {
    let now = now_seconds();
    sign(secret, &json!({"guest": true, "iat": now, "exp": now + 3600}))
}

/// A connected token for one hour.
#[must_use]
pub fn connected(secret: &str, smallcase_auth_id: &str) -> String {
    let now = now_seconds();
    sign(
        secret,
        &json!({"smallcaseAuthId": smallcase_auth_id, "iat": now, "exp": now + 3600}),
    )
}

/// Payload of a token, after checking its signature.
///
/// # Panics
/// If the token is malformed or not signed with `secret`.
#[must_use]
pub fn open(secret: &str, token: &str) -> Value {
    let (body, tag) = token.rsplit_once('.').expect("three parts");
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = URL_SAFE_NO_PAD.decode(tag).expect("a base64url signature");
    hmac::verify(&key, body.as_bytes(), &tag).expect("a good signature");
    let payload = body.split('.').nth(1).expect("a payload");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("a JSON payload")
}

/// How a secret is shown after it was issued: 8 hex digits of its SHA-256.
#[must_use]
pub fn fingerprint(secret: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, secret.as_bytes());
    digest
        .as_ref()
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
