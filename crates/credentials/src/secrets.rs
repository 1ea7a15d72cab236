//! A text that must not be seen, how it is made and how it is compared.

use base64::Engine;
use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq as _;
use torana_runtime::{Entropy, Stream, random_bytes};
use zeroize::{Zeroize as _, Zeroizing};

use crate::encoding::{BASE64, BASE64URL, sha256_hex};

/// Least length of a `secret` or `apiSecret` that is not issued by Torana, in bytes of its UTF-8 text.
/// Gateways with the `legacy` setting may have shorter ones.
pub const SECRET_BYTES_MIN: usize = 32;

/// Greatest length of a `secret` or `apiSecret`, in bytes; both have to fit into a header.
pub const SECRET_BYTES_MAX: usize = 512;

/// Random bytes behind every secret that Torana issues.
pub const SECRET_RANDOM_BYTES: usize = 32;

/// What a webhook signing key starts with.
pub const WEBHOOK_KEY_PREFIX: &str = "whsec_";

/// A secret text. It is wiped from memory when dropped, its `Debug` and `Display` show nothing of it, and
/// it cannot be serialised; [`Secret::reveal`] is the only way to read it.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

/// Why a chosen secret is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakSecret {
    /// The text is too short for a gateway without `legacy`, or empty.
    #[error(
        "the secret has {bytes} bytes; at least {allowed} are needed (shorter ones only with legacy = true)"
    )]
    TooShort {
        /// Length of the refused text.
        bytes: usize,
        /// Least length allowed for this gateway.
        allowed: usize,
    },
    /// The text is too long.
    #[error("the secret has {bytes} bytes; at most {SECRET_BYTES_MAX} are allowed")]
    TooLong {
        /// Length of the refused text.
        bytes: usize,
    },
    /// The text cannot be sent verbatim in a header.
    #[error("the secret has a character other than the visible ASCII ones, so it cannot be sent in a header")]
    NotVisibleAscii,
}

impl Secret {
    /// Wraps a text that is known to be good, such as one read back from storage.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// A `secret` or `apiSecret` chosen by the operator: visible ASCII of at least [`SECRET_BYTES_MIN`]
    /// bytes, of at least one when the gateway is `legacy`.
    pub fn chosen(text: String, legacy: bool) -> Result<Self, WeakSecret> {
        let secret = Self::new(text);
        let bytes = secret.as_bytes().len();
        let allowed = if legacy { 1 } else { SECRET_BYTES_MIN };
        if bytes < allowed {
            return Err(WeakSecret::TooShort { bytes, allowed });
        }
        if bytes > SECRET_BYTES_MAX {
            return Err(WeakSecret::TooLong { bytes });
        }
        if !secret.as_bytes().iter().all(u8::is_ascii_graphic) {
            return Err(WeakSecret::NotVisibleAscii);
        }
        Ok(secret)
    }

    /// Issues a `secret` or `apiSecret`: 32 random bytes as 43 characters of base64url.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self::from_random("", entropy, &BASE64URL)
    }

    /// Issues a webhook signing key: `whsec_` and the standard base64 of 32 random bytes.
    #[must_use]
    pub fn generate_webhook_key(entropy: &dyn Entropy) -> Self {
        Self::from_random(WEBHOOK_KEY_PREFIX, entropy, &BASE64)
    }

    /// `prefix` and 32 random bytes in base64url, for bearer tokens.
    pub(crate) fn generate_prefixed(prefix: &str, entropy: &dyn Entropy) -> Self {
        Self::from_random(prefix, entropy, &BASE64URL)
    }

    fn from_random(prefix: &str, entropy: &dyn Entropy, encoding: &impl Engine) -> Self {
        let mut bytes = random_bytes::<SECRET_RANDOM_BYTES>(entropy, Stream::Secrets);
        // Large enough that the text never moves and leaves a copy behind.
        let mut text = String::with_capacity(prefix.len() + SECRET_RANDOM_BYTES * 2);
        text.push_str(prefix);
        encoding.encode_string(bytes, &mut text);
        bytes.zeroize();
        Self::new(text)
    }

    /// The text itself, for the one place that has to show, send or store it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The UTF-8 bytes of the text; as an HMAC key a secret is always these, never a decoded form.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The first 8 hexadecimal digits of the text's SHA-256: enough to tell two values apart, useless to
    /// find either.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hex = sha256_hex(self.as_bytes());
        hex.truncate(8);
        hex
    }

    /// Compares with what somebody presented, in a time that depends on neither content nor on where they
    /// differ. An empty secret equals nothing.
    #[must_use]
    pub fn matches(&self, presented: &[u8]) -> bool {
        // Digests have one length, so that not even the length of the secret shows in the time.
        let (own, other) = (digest(&SHA256, self.as_bytes()), digest(&SHA256, presented));
        bool::from(own.as_ref().ct_eq(other.as_ref())) & !self.0.is_empty()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        digest(&SHA256, self.as_bytes())
            .as_ref()
            .ct_eq(digest(&SHA256, other.as_bytes()).as_ref())
            .into()
    }
}

impl Eq for Secret {}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

impl std::fmt::Display for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The one or two values of a secret that are accepted at this moment; two during a rotation.
#[derive(Debug, Clone, Copy)]
pub struct Accepted<'a> {
    /// The value that signs.
    pub signing: &'a Secret,
    /// The value that is accepted beside it.
    pub other: Option<&'a Secret>,
}

impl<'a> Accepted<'a> {
    /// One value, outside a rotation.
    #[must_use]
    pub fn only(secret: &'a Secret) -> Self {
        Self {
            signing: secret,
            other: None,
        }
    }

    /// Whether `presented` equals one of the values, in constant time: both are always compared.
    #[must_use]
    pub fn matches(&self, presented: &[u8]) -> bool {
        let signing = self.signing.matches(presented);
        let other = self.other.is_some_and(|secret| secret.matches(presented));
        signing | other
    }

    /// The values, the signing one first.
    pub fn iter(&self) -> impl Iterator<Item = &'a Secret> + use<'a> {
        std::iter::once(self.signing).chain(self.other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_entropy::CountingEntropy;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn issued_secrets_have_the_promised_forms_and_differ() {
        let entropy = CountingEntropy::default();
        let (first, second) = (Secret::generate(&entropy), Secret::generate(&entropy));
        assert_ne!(first, second);
        assert_eq!(first.reveal().len(), 43);
        assert_eq!(BASE64URL.decode(first.reveal()).unwrap().len(), 32);
        assert!(Secret::chosen(first.reveal().to_owned(), false).is_ok());

        let key = Secret::generate_webhook_key(&entropy);
        let encoded = key.reveal().strip_prefix("whsec_").unwrap();
        assert_eq!(BASE64.decode(encoded).unwrap().len(), 32);
    }

    #[test]
    fn nothing_of_a_secret_is_shown() {
        let hidden = secret("hunter2-hunter2");
        let shown = format!("{hidden} {hidden:?} {hidden:#?} {:?}", Accepted::only(&hidden));
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("redacted"));
    }

    #[test]
    fn fingerprint_is_the_start_of_sha256() {
        // SHA-256 of "abc", a published test vector.
        assert_eq!(secret("abc").fingerprint(), "ba7816bf");
    }

    #[test]
    fn length_is_checked_unless_legacy() {
        let refused = |text: &str, legacy| Secret::chosen(text.to_owned(), legacy).unwrap_err();
        assert_eq!(
            refused(&"x".repeat(31), false),
            WeakSecret::TooShort {
                bytes: 31,
                allowed: 32
            }
        );
        assert!(Secret::chosen("x".repeat(32), false).is_ok());
        assert!(Secret::chosen("gatewayDemo_secret".to_owned(), true).is_ok());
        assert_eq!(refused("", true), WeakSecret::TooShort { bytes: 0, allowed: 1 });
        assert_eq!(
            refused(&"x".repeat(513), true),
            WeakSecret::TooLong { bytes: 513 }
        );
        assert_eq!(refused("a b", true), WeakSecret::NotVisibleAscii);
        assert_eq!(refused(&"é".repeat(20), false), WeakSecret::NotVisibleAscii);
    }

    #[test]
    fn accepts_exactly_the_given_values() {
        let (one, two) = (secret("first-value"), secret("second-value"));
        let both = Accepted {
            signing: &one,
            other: Some(&two),
        };
        assert!(both.matches(b"first-value") && both.matches(b"second-value"));
        for wrong in [
            &b""[..],
            b"first-valu",
            b"first-value ",
            b"First-value",
            b"\xff\xfe",
        ] {
            assert!(!both.matches(wrong), "{wrong:?}");
        }
        assert!(!Accepted::only(&one).matches(b"second-value"));
        assert!(
            !Accepted::only(&secret("")).matches(b""),
            "an empty secret accepts nothing"
        );
    }
}
