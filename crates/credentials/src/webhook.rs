//! The two signatures of a webhook: the checksum inside the body, and the Standard Webhooks headers, which
//! cover the whole body. Also how a receiver checks them, for the demo shop and the tests.

use base64::Engine as _;
use ring::hmac;
use subtle::ConstantTimeEq as _;
use torana_domain::time::Timestamp;
use zeroize::Zeroizing;

use crate::encoding::{BASE64, lower_hex};
use crate::secrets::{Secret, WEBHOOK_KEY_PREFIX};

/// Fewest bytes of a webhook signing key, by the Standard Webhooks rules.
pub const WEBHOOK_KEY_BYTES_MIN: usize = 24;

/// Most bytes of a webhook signing key, by the same rules.
pub const WEBHOOK_KEY_BYTES_MAX: usize = 64;

/// How far a receiver lets `webhook-timestamp` differ from its own clock, in seconds.
pub const TIMESTAMP_TOLERANCE_SECONDS: i64 = 300;

/// Most signatures that a receiver looks at in one header.
pub const SIGNATURES_MAX: usize = 8;

/// The checksum in a payload: lower-case hexadecimal HMAC-SHA256, under the bytes of the `apiSecret`'s
/// text, of the payload's `timestamp` as it is written, followed by `id` (the `smallcaseAuthId`, or the
/// `transactionId` for a mutual-fund import).
#[must_use]
pub fn checksum(api_secret: &Secret, timestamp_text: &str, id: &str) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, api_secret.as_bytes()));
    context.update(timestamp_text.as_bytes());
    context.update(id.as_bytes());
    lower_hex(context.sign().as_ref())
}

/// Whether a payload's checksum is right, in constant time.
#[must_use]
pub fn verify_checksum(api_secret: &Secret, timestamp_text: &str, id: &str, presented: &str) -> bool {
    checksum(api_secret, timestamp_text, id)
        .as_bytes()
        .ct_eq(presented.as_bytes())
        .into()
}

/// A decoded `whsec_` key.
#[derive(Clone)]
pub struct WebhookKey(Zeroizing<Vec<u8>>);

/// A text that is not a webhook signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected {WEBHOOK_KEY_PREFIX} followed by the standard base64 of {WEBHOOK_KEY_BYTES_MIN} to \
     {WEBHOOK_KEY_BYTES_MAX} bytes"
)]
pub struct NotAWebhookKey;

impl WebhookKey {
    /// Decodes the text of a key.
    pub fn parse(text: &Secret) -> Result<Self, NotAWebhookKey> {
        let encoded = text
            .reveal()
            .strip_prefix(WEBHOOK_KEY_PREFIX)
            .ok_or(NotAWebhookKey)?;
        let bytes = Zeroizing::new(BASE64.decode(encoded).map_err(|_| NotAWebhookKey)?);
        let allowed = WEBHOOK_KEY_BYTES_MIN..=WEBHOOK_KEY_BYTES_MAX;
        if allowed.contains(&bytes.len()) {
            Ok(Self(bytes))
        } else {
            Err(NotAWebhookKey)
        }
    }
}

impl std::fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookKey([redacted])")
    }
}

/// One signature, `v1,` and base64: over delivery id, Unix seconds of this attempt and the body's bytes,
/// joined by points.
#[must_use]
pub fn standard_signature(key: &WebhookKey, id: &str, unix_seconds: i64, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key.0));
    context.update(format!("{id}.{unix_seconds}.").as_bytes());
    context.update(body);
    format!("v1,{}", BASE64.encode(context.sign()))
}

/// The value of the `webhook-signature` header: one signature by each key, separated by spaces.
#[must_use]
pub fn signature_header<'a>(
    keys: impl IntoIterator<Item = &'a WebhookKey>,
    id: &str,
    unix_seconds: i64,
    body: &[u8],
) -> String {
    let signatures: Vec<_> = keys
        .into_iter()
        .map(|key| standard_signature(key, id, unix_seconds, body))
        .collect();
    signatures.join(" ")
}

/// Why a receiver refuses a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRejection {
    /// `webhook-timestamp` is no whole number of seconds.
    #[error("webhook-timestamp is not a number of seconds")]
    TimestampNotNumeric,
    /// `webhook-timestamp` is too old or too far ahead.
    #[error("webhook-timestamp differs from now by more than {TIMESTAMP_TOLERANCE_SECONDS} seconds")]
    TimestampOutOfRange,
    /// None of the first [`SIGNATURES_MAX`] signatures was made with the key.
    #[error("no matching signature")]
    NoMatchingSignature,
}

/// Checks the three headers of a webhook as a receiver does, with the one key that it has.
pub fn verify_signature(
    key: &WebhookKey,
    id: &str,
    timestamp: &str,
    signatures: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<(), WebhookRejection> {
    let seconds: i64 = timestamp
        .parse()
        .map_err(|_| WebhookRejection::TimestampNotNumeric)?;
    if seconds.abs_diff(now.unix_seconds()) > TIMESTAMP_TOLERANCE_SECONDS.unsigned_abs() {
        return Err(WebhookRejection::TimestampOutOfRange);
    }
    let expected = standard_signature(key, id, seconds, body);
    let found = signatures
        .split(' ')
        .take(SIGNATURES_MAX)
        .fold(false, |found, presented| {
            found | bool::from(expected.as_bytes().ct_eq(presented.as_bytes()))
        });
    if found {
        Ok(())
    } else {
        Err(WebhookRejection::NoMatchingSignature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rotation::SecretPair;
    use crate::test_entropy::CountingEntropy;

    const ID: &str = "msg_2b7e151628aed2a6abf71589";
    const SECONDS: i64 = 1_767_605_462;
    const BODY: &[u8] = br#"{"batchId":"60c72b2f9b1e8a0012345678","status":"COMPLETED"}"#;
    const SIGNATURE: &str = "v1,LXRmuo6NoFHKTo441k0gX16Joqu/8+QRj4F8HSBvF+4=";

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn key(text: &str) -> WebhookKey {
        WebhookKey::parse(&secret(text)).unwrap()
    }

    fn vector_key() -> WebhookKey {
        key("whsec_dG9yYW5hLXdlYmhvb2stc2lnbmluZy1rZXktMDAwMDE=")
    }

    #[test]
    fn checksum_vectors() {
        let key = secret("example_api_secret");
        let (user, transaction) = ("507f1f77bcf86cd799439011", "TRX_0123456789abcdef0123456789abcdef");
        let vectors = [
            (
                "2026-01-05T09:31:02.120Z",
                user,
                "542c9dcc1129f0facd7f4a61d9fb91117a4c43b623e365b7cb3fe80d9ae39f12",
            ),
            (
                "2026-01-05T09:31:12.000Z",
                transaction,
                "e186ad3f0279df7cf0691d31e5713e52e88be18b15df36576d1894536c8777f2",
            ),
            (
                "1700000000000",
                user,
                "694e74c824b0bb84700a649d0a0dec5add7ed1c07313e5233bb16a8a86579d5f",
            ),
            (
                "1700000000000",
                transaction,
                "5bce1f51bf12a50c10846aa5d405482b545d4262193571528bb5549c220d9304",
            ),
            // The samples of the holdings and pending-action payloads.
            (
                "2026-01-05T09:31:12.000Z",
                user,
                "5ff7c71883a6cf6e0bbc6cba207c2f839746ef03a79bffa0bed40d78cf7dc695",
            ),
            (
                "2026-01-05T12:00:00.000Z",
                user,
                "bcf134acfddbfbf888dfe0f3a0a47a95e55b16934c98c0649da350c8cbe63c5a",
            ),
        ];
        for (timestamp, id, expected) in vectors {
            assert_eq!(checksum(&key, timestamp, id), expected, "{timestamp} {id}");
            assert!(verify_checksum(&key, timestamp, id, expected));
            assert!(!verify_checksum(&secret("other"), timestamp, id, expected));
            assert!(!verify_checksum(&key, timestamp, id, &expected.to_uppercase()));
            assert!(!verify_checksum(&key, timestamp, id, ""));
        }
    }

    #[test]
    fn standard_webhooks_vector() {
        assert_eq!(vector_key().0.as_slice(), b"torana-webhook-signing-key-00001");
        assert_eq!(standard_signature(&vector_key(), ID, SECONDS, BODY), SIGNATURE);
    }

    #[test]
    fn a_rotating_key_signs_with_both_values_and_each_receiver_accepts() {
        let entropy = CountingEntropy::default();
        let now = Timestamp(SECONDS * 1000);
        let (old, new) = (
            Secret::generate_webhook_key(&entropy),
            Secret::generate_webhook_key(&entropy),
        );
        let pair = SecretPair::new(old.clone()).prepare(new.clone(), 1, now).unwrap();
        let keys: Vec<_> = pair
            .accepted(now)
            .iter()
            .map(|text| WebhookKey::parse(text).unwrap())
            .collect();
        let header = signature_header(&keys, ID, SECONDS, BODY);
        assert_eq!(header.split(' ').count(), 2);
        for receiver in [old, new] {
            let key = WebhookKey::parse(&receiver).unwrap();
            assert_eq!(
                verify_signature(&key, ID, &SECONDS.to_string(), &header, BODY, now),
                Ok(())
            );
        }
        let refused = verify_signature(&vector_key(), ID, &SECONDS.to_string(), &header, BODY, now);
        assert_eq!(refused, Err(WebhookRejection::NoMatchingSignature));
    }

    #[test]
    fn a_receiver_refuses_what_was_changed_or_is_old() {
        use WebhookRejection::{NoMatchingSignature, TimestampNotNumeric, TimestampOutOfRange};
        let check = |id: &str, timestamp: &str, signatures: &str, body: &[u8], now_seconds: i64| {
            verify_signature(
                &vector_key(),
                id,
                timestamp,
                signatures,
                body,
                Timestamp(now_seconds * 1000),
            )
        };
        let seconds = SECONDS.to_string();
        assert_eq!(check(ID, &seconds, SIGNATURE, BODY, SECONDS), Ok(()));
        assert_eq!(check(ID, &seconds, SIGNATURE, BODY, SECONDS + 300), Ok(()));
        assert_eq!(
            check(ID, &seconds, SIGNATURE, BODY, SECONDS + 301),
            Err(TimestampOutOfRange)
        );
        assert_eq!(
            check(ID, &seconds, SIGNATURE, BODY, SECONDS - 301),
            Err(TimestampOutOfRange)
        );
        assert_eq!(
            check(ID, "9223372036854775807", SIGNATURE, BODY, -1),
            Err(TimestampOutOfRange)
        );
        assert_eq!(
            check(ID, "soon", SIGNATURE, BODY, SECONDS),
            Err(TimestampNotNumeric)
        );
        assert_eq!(
            check("msg_0", &seconds, SIGNATURE, BODY, SECONDS),
            Err(NoMatchingSignature)
        );
        assert_eq!(
            check(ID, &seconds, SIGNATURE, b"{}", SECONDS),
            Err(NoMatchingSignature)
        );
        assert_eq!(
            check(ID, &seconds, &SIGNATURE.replace("v1", "v2"), BODY, SECONDS),
            Err(NoMatchingSignature)
        );
        assert_eq!(check(ID, &seconds, "", BODY, SECONDS), Err(NoMatchingSignature));
        let late = format!("{}{SIGNATURE}", "v1,x ".repeat(SIGNATURES_MAX));
        assert_eq!(
            check(ID, &seconds, &late, BODY, SECONDS),
            Err(NoMatchingSignature)
        );
    }

    #[test]
    fn keys_of_other_forms_are_refused() {
        let entropy = CountingEntropy::default();
        assert!(WebhookKey::parse(&Secret::generate_webhook_key(&entropy)).is_ok());
        for bad in [
            "",
            "whsec_",
            "whsec_AAAA",
            "dG9yYW5hLXdlYmhvb2stc2lnbmluZy1rZXktMDAwMDE=",
            "whsec_%%%",
        ] {
            assert!(WebhookKey::parse(&secret(bad)).is_err(), "{bad}");
        }
        let long = format!("whsec_{}", BASE64.encode([0; WEBHOOK_KEY_BYTES_MAX + 1]));
        assert!(WebhookKey::parse(&secret(&long)).is_err());
        assert_eq!(format!("{:?}", vector_key()), "WebhookKey([redacted])");
    }
}
