//! Tokens that Torana signs itself: the one that a finished transaction returns, and those of the CLI.

use base64::Engine as _;
use ring::hmac;
use torana_domain::time::Timestamp;

use super::Principal;
use crate::encoding::BASE64URL;
use crate::secrets::Secret;

/// The header of every minted token.
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// Signs a token for `principal` that is valid for `ttl_seconds` from `iat` (wall time, cut to seconds)
/// with the value of the gateway's `secret` that signs at the moment.
#[must_use]
pub fn mint(principal: &Principal, key: &Secret, iat: Timestamp, ttl_seconds: i64) -> String {
    let (iat, shape) = (iat.unix_seconds(), shape(principal));
    let exp = iat.saturating_add(ttl_seconds);
    sign(HEADER, &format!(r#"{{{shape},"iat":{iat},"exp":{exp}}}"#), key)
}

fn shape(principal: &Principal) -> String {
    match principal {
        Principal::Guest => r#""guest":true"#.to_owned(),
        // An id is hexadecimal, so it needs no escaping.
        Principal::Connected(id) => format!(r#""smallcaseAuthId":"{id}""#),
    }
}

fn sign(header: &str, payload: &str, key: &Secret) -> String {
    let mut token = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(payload));
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let signature = hmac::sign(&key, token.as_bytes());
    token.push('.');
    BASE64URL.encode_string(signature, &mut token);
    token
}
