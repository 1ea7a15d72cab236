//! Makes tokens of any content, good or not, independently of the code under test.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use torana_credentials::jwt::{JwtPolicy, JwtRejection, Principal, VerifyKeys, verify};
use torana_credentials::secrets::{Accepted, Secret};
use torana_domain::time::Timestamp;

/// 2026-01-05T09:30:00Z in Unix seconds, the present of all these tests.
pub const NOW: i64 = 1_767_605_400;

pub const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn hmac_with(algorithm: hmac::Algorithm, key: &[u8], message: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, key), message.as_bytes())
        .as_ref()
        .to_vec()
}

/// Appends the HS256 signature of `message`, whatever that is.
pub fn sign_text(message: &str, key: &[u8]) -> String {
    format!("{message}.{}", encode(hmac_with(hmac::HMAC_SHA256, key, message)))
}

/// A token of these parts with a right HS256 signature.
pub fn sign(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>, key: &str) -> String {
    sign_text(&format!("{}.{}", encode(header), encode(payload)), key.as_bytes())
}

pub fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

/// Verifies with one key at `now_seconds`.
pub fn check(token: &str, key: &str, policy: JwtPolicy, now_seconds: i64) -> Result<Principal, JwtRejection> {
    let secret = secret(key);
    let keys = VerifyKeys::new(&Accepted::only(&secret));
    verify(token.as_bytes(), &keys, &policy, Timestamp(now_seconds * 1000))
}
