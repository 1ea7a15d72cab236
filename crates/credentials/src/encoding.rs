//! The two text forms of bytes that credentials use.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};
use ring::hmac;

/// Base64url without padding. Decoding refuses padding, foreign characters and non-zero trailing bits, so
/// that every value has exactly one text.
pub(crate) use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;

/// Standard base64 with padding; decoding is as strict.
pub(crate) use base64::engine::general_purpose::STANDARD as BASE64;

/// Lower-case hexadecimal digits, two per byte.
pub(crate) fn lower_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// HMAC-SHA256 over several parts. The length before each part makes the join unambiguous.
pub(crate) fn hmac_of_parts(key: &[u8], parts: &[&str]) -> hmac::Tag {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut context = hmac::Context::with_key(&key);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    context.sign()
}

/// The SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    lower_hex(digest(&SHA256, bytes).as_ref())
}
