//! What a receiver of webhooks checks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac};

/// Body checksum: lower-case hex of HMAC-SHA256 over timestamp and id, joined without a separator.
#[must_use]
pub fn checksum(api_secret: &str, timestamp: &str, id: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, api_secret.as_bytes());
    let tag = hmac::sign(&key, format!("{timestamp}{id}").as_bytes());
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Lower-case hex of SHA-256 over texts, joined without a separator.
#[must_use]
pub fn sha256_hex(parts: &[&str]) -> String {
    let hash = digest::digest(&digest::SHA256, parts.concat().as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One entry of the header `webhook-signature`.
///
/// # Panics
/// If the key is not `whsec_` and base64.
#[must_use]
pub fn webhook_signature(webhook_key: &str, id: &str, timestamp: &str, body: &str) -> String {
    let key = STANDARD
        .decode(webhook_key.strip_prefix("whsec_").expect("whsec_"))
        .expect("base64");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::{checksum, webhook_signature};

    #[test]
    fn checksums_equal_the_published_vectors() {
        let id = "507f1f77bcf86cd799439011";
        assert_eq!(
            checksum("example_api_secret", "2026-01-05T09:31:02.120Z", id),
            "542c9dcc1129f0facd7f4a61d9fb91117a4c43b623e365b7cb3fe80d9ae39f12"
        );
        assert_eq!(
            checksum("example_api_secret", "1700000000000", id),
            "694e74c824b0bb84700a649d0a0dec5add7ed1c07313e5233bb16a8a86579d5f"
        );
    }

    #[test]
    fn signatures_equal_the_published_vector() {
        let signature = webhook_signature(
            "whsec_dG9yYW5hLXdlYmhvb2stc2lnbmluZy1rZXktMDAwMDE=",
            "msg_2b7e151628aed2a6abf71589",
            "1767605462",
            r#"{"batchId":"60c72b2f9b1e8a0012345678","status":"COMPLETED"}"#,
        );
        assert_eq!(signature, "v1,LXRmuo6NoFHKTo441k0gX16Joqu/8+QRj4F8HSBvF+4=");
    }
}
