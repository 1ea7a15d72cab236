//! Encryption at rest: ChaCha20-Poly1305 with a random nonce, under the active key of the [`Keyring`].
//!
//! A sealed value is the text `v1.<key id>.<nonce>.<ciphertext>`, the last two in base64url. Version, key
//! id and a context that the caller names (such as `gateway/acme/api-secret`) are bound to it: a value
//! that was copied into another row does not open.

use base64::Engine as _;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use torana_runtime::{Entropy, Stream, random_bytes};
use zeroize::Zeroizing;

use crate::encoding::BASE64URL;
use crate::keyring::{Keyring, StorageKey};
use crate::secrets::Secret;

/// Largest value that is sealed, in bytes.
pub const PLAINTEXT_BYTES_MAX: usize = 1024 * 1024;

const VERSION: &str = "v1";

/// Why a value cannot be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The value is too large.
    #[error("value of {bytes} bytes is too large to seal; at most {PLAINTEXT_BYTES_MAX} are allowed")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// The cipher failed, which it does for no value of an allowed size.
    #[error("the cipher failed")]
    Cipher,
}

/// Why a sealed value cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The text has not the form of a sealed value.
    #[error("not a sealed value")]
    Malformed,
    /// The keys file has not the key that sealed it.
    #[error("sealed with key {id}, which is not in the keys file; restore that key")]
    UnknownKey {
        /// The id of the key.
        id: String,
    },
    /// It was changed, or belongs to another context.
    #[error("sealed value was altered, or moved from another place")]
    Altered,
    /// The value was to be a text and is none.
    #[error("sealed value is not a text")]
    NotText,
}

impl Keyring {
    /// Encrypts `plaintext` for the place that `context` names.
    pub fn seal(&self, plaintext: &[u8], context: &str, entropy: &dyn Entropy) -> Result<String, SealError> {
        if plaintext.len() > PLAINTEXT_BYTES_MAX {
            return Err(SealError::TooLarge {
                bytes: plaintext.len(),
            });
        }
        let key = self.active();
        let nonce = random_bytes::<NONCE_LEN>(entropy, Stream::Secrets);
        // Encrypted in place, so that no second copy of the plaintext is left behind.
        let mut data = Vec::with_capacity(plaintext.len() + CHACHA20_POLY1305.tag_len());
        data.extend_from_slice(plaintext);
        cipher(key)
            .ok_or(SealError::Cipher)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                bound(&key.id, context),
                &mut data,
            )
            .map_err(|_| SealError::Cipher)?;
        Ok(format!(
            "{VERSION}.{}.{}.{}",
            key.id,
            BASE64URL.encode(nonce),
            BASE64URL.encode(data)
        ))
    }

    /// Decrypts what [`Keyring::seal`] made for the same context.
    pub fn open(&self, sealed: &str, context: &str) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (id, nonce, data) = split(sealed)?;
        let key = self
            .find(id)
            .ok_or_else(|| OpenError::UnknownKey { id: id.to_owned() })?;
        let nonce = BASE64URL
            .decode(nonce)
            .ok()
            .and_then(|bytes| Nonce::try_assume_unique_for_key(&bytes).ok());
        let mut data = Zeroizing::new(BASE64URL.decode(data).map_err(|_| OpenError::Malformed)?);
        let length = cipher(key)
            .ok_or(OpenError::Altered)?
            .open_in_place(nonce.ok_or(OpenError::Malformed)?, bound(id, context), &mut data)
            .map_err(|_| OpenError::Altered)?
            .len();
        data.truncate(length);
        Ok(data)
    }

    /// Encrypts a secret's text.
    pub fn seal_secret(
        &self,
        secret: &Secret,
        context: &str,
        entropy: &dyn Entropy,
    ) -> Result<String, SealError> {
        self.seal(secret.as_bytes(), context, entropy)
    }

    /// Decrypts a secret's text.
    pub fn open_secret(&self, sealed: &str, context: &str) -> Result<Secret, OpenError> {
        let bytes = self.open(sealed, context)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| OpenError::NotText)?;
        Ok(Secret::new(text.to_owned()))
    }

    /// Whether a sealed value should be sealed again, because another key than the active one made it.
    /// True as well for a text that is no sealed value, so that a check over all rows reports it.
    #[must_use]
    pub fn needs_rotation(&self, sealed: &str) -> bool {
        split(sealed).map_or(true, |(id, _, _)| id != self.active_id())
    }
}

fn split(sealed: &str) -> Result<(&str, &str, &str), OpenError> {
    let parts: Vec<&str> = sealed.splitn(5, '.').collect();
    match parts.as_slice() {
        [VERSION, id, nonce, data] => Ok((id, nonce, data)),
        _ => Err(OpenError::Malformed),
    }
}

fn cipher(key: &StorageKey) -> Option<LessSafeKey> {
    UnboundKey::new(&CHACHA20_POLY1305, key.bytes.as_slice())
        .ok()
        .map(LessSafeKey::new)
}

/// A key id is hexadecimal, so the points keep the parts apart.
fn bound(key_id: &str, context: &str) -> Aad<Vec<u8>> {
    Aad::from(format!("{VERSION}.{key_id}.{context}").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_entropy::CountingEntropy;
    use proptest::prelude::*;

    const CONTEXT: &str = "gateway/acme/secret";

    fn sealed_with(ring: &Keyring) -> String {
        ring.seal(b"value", CONTEXT, &CountingEntropy::default()).unwrap()
    }

    #[test]
    fn opens_at_its_own_place_only() {
        let ring = Keyring::generate(&CountingEntropy::default());
        let sealed = sealed_with(&ring);
        assert!(
            sealed.starts_with(&format!("v1.{}.", ring.active_id())),
            "{sealed}"
        );
        assert_eq!(ring.open(&sealed, CONTEXT).unwrap().as_slice(), b"value");
        assert_eq!(ring.open(&sealed, "gateway/beta/secret"), Err(OpenError::Altered));
    }

    #[test]
    fn the_same_value_never_looks_the_same_twice() {
        let entropy = CountingEntropy::default();
        let ring = Keyring::generate(&entropy);
        let seal = || ring.seal(b"value", CONTEXT, &entropy).unwrap();
        assert_ne!(seal(), seal());
    }

    #[test]
    fn rotation_keeps_old_values_readable_until_they_are_sealed_again() {
        let entropy = CountingEntropy::default();
        let mut ring = Keyring::generate(&entropy);
        let before = ring.clone();
        let sealed = sealed_with(&ring);
        assert!(!ring.needs_rotation(&sealed));
        ring.add_new_active(&entropy).unwrap();
        assert!(ring.needs_rotation(&sealed));
        let again = ring
            .seal(&ring.open(&sealed, CONTEXT).unwrap(), CONTEXT, &entropy)
            .unwrap();
        assert!(!ring.needs_rotation(&again));
        let id = ring.active_id().to_owned();
        assert_eq!(before.open(&again, CONTEXT), Err(OpenError::UnknownKey { id }));
        assert!(ring.needs_rotation("plain text"));
    }

    #[test]
    fn secrets_go_through_and_sizes_are_bounded() {
        let entropy = CountingEntropy::default();
        let ring = Keyring::generate(&entropy);
        let secret = Secret::generate(&entropy);
        let sealed = ring.seal_secret(&secret, CONTEXT, &entropy).unwrap();
        assert!(!sealed.contains(secret.reveal()));
        assert_eq!(ring.open_secret(&sealed, CONTEXT).unwrap(), secret);
        let binary = ring.seal(b"\xff", CONTEXT, &entropy).unwrap();
        assert_eq!(ring.open_secret(&binary, CONTEXT), Err(OpenError::NotText));
        let bytes = PLAINTEXT_BYTES_MAX + 1;
        assert_eq!(
            ring.seal(&vec![0; bytes], CONTEXT, &entropy),
            Err(SealError::TooLarge { bytes })
        );
    }

    #[test]
    fn malformed_texts_are_named_so() {
        let ring = Keyring::generate(&CountingEntropy::default());
        let id = ring.active_id();
        let nonce = "A".repeat(16);
        for text in [
            "".to_owned(),
            "v1".to_owned(),
            format!("v2.{id}.{nonce}.AAAA"),
            format!("v1.{id}.AAAA.AAAA"),
            format!("v1.{id}.{nonce}.A=="),
            format!("v1.{id}.{nonce}.AAAA.AAAA"),
        ] {
            assert_eq!(ring.open(&text, CONTEXT), Err(OpenError::Malformed), "{text}");
        }
        assert_eq!(
            ring.open(&format!("v1.{id}.{nonce}."), CONTEXT),
            Err(OpenError::Altered)
        );
    }

    proptest! {
        #[test]
        fn any_value_comes_back(value in prop::collection::vec(any::<u8>(), 0..200), context in ".{0,20}") {
            let entropy = CountingEntropy::default();
            let ring = Keyring::generate(&entropy);
            let sealed = ring.seal(&value, &context, &entropy).unwrap();
            let opened = ring.open(&sealed, &context).unwrap();
            prop_assert_eq!(opened.as_slice(), value.as_slice());
        }

        #[test]
        fn no_change_goes_unnoticed(at in any::<prop::sample::Index>(), byte in 0u8..128) {
            let ring = Keyring::generate(&CountingEntropy::default());
            let sealed = sealed_with(&ring);
            let mut changed = sealed.clone().into_bytes();
            let index = at.index(changed.len());
            changed[index] = byte;
            let changed = String::from_utf8(changed).unwrap();
            prop_assume!(changed != sealed);
            prop_assert!(ring.open(&changed, CONTEXT).is_err());
        }
    }
}
