//! User tokens as a partner's server makes them: HS256 over one of the two payloads.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::json;
use torana_credentials::secrets::Secret;

/// Life of the shop's tokens.
const TOKEN_SECONDS: i64 = 3600;

/// A token for a connected user, or for a guest.
pub(super) fn user_token(secret: &Secret, auth_id: Option<&str>, now_seconds: i64) -> String {
    let (iat, exp) = (now_seconds, now_seconds + TOKEN_SECONDS);
    let payload = match auth_id {
        Some(id) => json!({ "smallcaseAuthId": id, "iat": iat, "exp": exp }),
        None => json!({ "guest": true, "iat": iat, "exp": exp }),
    };
    sign(secret, &payload)
}

fn sign(secret: &Secret, payload: &serde_json::Value) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload.to_string()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_a_token_made_elsewhere() {
        // A published vector of the contract: guest, key and payload known.
        let secret = Secret::new("gatewayDemo_secret".to_owned());
        let token = sign(
            &secret,
            &serde_json::from_str(r#"{"guest":true,"iat":1700000000}"#).unwrap(),
        );
        assert_eq!(
            token,
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJndWVzdCI6dHJ1ZSwiaWF0IjoxNzAwMDAwMDAwfQ.\
             bVvLT5HkOLn0SN2Af-hoMYnTuTxn38FI1tSQ9Mgcwj0"
        );
    }
}
