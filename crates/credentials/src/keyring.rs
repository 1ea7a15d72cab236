//! The keys file: the keys that encrypt secrets at rest, and the key of account identities. It is kept
//! apart from the database, so that a copy of the database alone gives nothing away.
//!
//! The file has one entry per line; `#` starts a comment line:
//!
//! ```text
//! identity <base64 of 32 bytes>
//! key <id> <base64 of 32 bytes> active
//! key <id> <base64 of 32 bytes>
//! ```
//!
//! Exactly one key is active; it encrypts. The others only decrypt what was written before. The id of a
//! key is derived from it, so that a damaged line is noticed at start.

use base64::Engine as _;
use torana_runtime::{Entropy, Stream};
use zeroize::Zeroizing;

use crate::encoding::{BASE64, lower_hex};
use crate::identity::IdentityKey;

/// Largest keys file that is read, in bytes.
pub const FILE_BYTES_MAX: usize = 16 * 1024;

/// Most encryption keys in one file.
pub const KEYS_MAX: usize = 64;

/// Bytes of every key.
pub const KEY_BYTES: usize = 32;

const FILE_HEADER: &str = "\
# Keys of this Torana installation. Whoever has this file and the database can read its secrets:
# keep it readable by the server only, and keep a copy apart from the database's backups. Without
# it the secrets in the database are lost.
";

pub(crate) type KeyBytes = Zeroizing<[u8; KEY_BYTES]>;

/// One encryption key.
#[derive(Clone)]
pub(crate) struct StorageKey {
    pub(crate) id: String,
    pub(crate) bytes: KeyBytes,
}

/// The keys of an installation. Its `Debug` shows ids only.
#[derive(Clone)]
pub struct Keyring {
    identity: IdentityKey,
    active: StorageKey,
    older: Vec<StorageKey>,
}

/// Why a text is no keys file, or a key cannot be added. No message holds any part of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// The file is too large.
    #[error("the keys file is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge,
    /// A line is neither a comment nor an entry.
    #[error(
        "keys file, line {line}: expected `identity BASE64` or `key ID BASE64`, the latter with `active` \
         behind it for one key"
    )]
    Line {
        /// Number of the line, from 1.
        line: usize,
    },
    /// A key has not the right length, or is not base64.
    #[error("keys file, line {line}: the key is not the base64 of {KEY_BYTES} bytes")]
    NotAKey {
        /// Number of the line, from 1.
        line: usize,
    },
    /// The id does not belong to the key.
    #[error("keys file, line {line}: the key does not belong to the id {id}; the line is damaged")]
    WrongId {
        /// Number of the line, from 1.
        line: usize,
        /// The id that the line gives.
        id: String,
    },
    /// A key is there twice.
    #[error("the key {id} is there twice")]
    Duplicate {
        /// The id of the key.
        id: String,
    },
    /// There are too many keys.
    #[error("there are more than {KEYS_MAX} keys; remove unused ones")]
    TooMany,
    /// No key, or more than one, is marked active.
    #[error("keys file: {found} keys are marked active; exactly one has to be")]
    NotOneActive {
        /// How many are.
        found: usize,
    },
    /// No identity key, or more than one.
    #[error("keys file: {found} `identity` lines; exactly one is needed")]
    NotOneIdentity {
        /// How many there are.
        found: usize,
    },
}

impl Keyring {
    /// Makes the keys of a new installation.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let identity = IdentityKey::from_bytes(random_key(entropy));
        Self {
            identity,
            active: StorageKey::new(random_key(entropy)),
            older: Vec::new(),
        }
    }

    /// Reads the text of a keys file.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        if text.len() > FILE_BYTES_MAX {
            return Err(KeyringError::TooLarge);
        }
        let (mut identities, mut active, mut older) = (Vec::new(), Vec::new(), Vec::<StorageKey>::new());
        for (index, content) in text.lines().enumerate() {
            let line = index + 1;
            let words: Vec<&str> = content.split_ascii_whitespace().collect();
            match words.as_slice() {
                [] => {}
                [first, ..] if first.starts_with('#') => {}
                ["identity", key] => identities.push(IdentityKey::from_bytes(parse_key(key, line)?)),
                ["key", id, key] => older.push(StorageKey::parse(id, key, line)?),
                ["key", id, key, "active"] => active.push(StorageKey::parse(id, key, line)?),
                _ => return Err(KeyringError::Line { line }),
            }
        }
        let (identity_count, active_count) = (identities.len(), active.len());
        let (Some(active), 1) = (active.pop(), active_count) else {
            return Err(KeyringError::NotOneActive { found: active_count });
        };
        let (Some(identity), 1) = (identities.pop(), identity_count) else {
            return Err(KeyringError::NotOneIdentity {
                found: identity_count,
            });
        };
        let ring = Self {
            identity,
            active,
            older,
        };
        ring.check_keys()?;
        Ok(ring)
    }

    /// The text of the keys file, as [`Keyring::parse`] reads it.
    #[must_use]
    pub fn to_file_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(FILE_BYTES_MAX));
        text.push_str(FILE_HEADER);
        text.push_str("identity ");
        BASE64.encode_string(self.identity.as_bytes(), &mut text);
        text.push('\n');
        for key in self.keys() {
            text.push_str("key ");
            text.push_str(&key.id);
            text.push(' ');
            BASE64.encode_string(key.bytes.as_slice(), &mut text);
            text.push_str(if key.id == self.active.id {
                " active\n"
            } else {
                "\n"
            });
        }
        text
    }

    /// Makes a new key, which encrypts from now on, and returns its id. The keys before it stay, to
    /// decrypt what they have written.
    pub fn add_new_active(&mut self, entropy: &dyn Entropy) -> Result<String, KeyringError> {
        let new = StorageKey::new(random_key(entropy));
        if self.find(&new.id).is_some() {
            return Err(KeyringError::Duplicate { id: new.id });
        }
        if self.keys().count() >= KEYS_MAX {
            return Err(KeyringError::TooMany);
        }
        let id = new.id.clone();
        self.older.insert(0, std::mem::replace(&mut self.active, new));
        Ok(id)
    }

    /// The id of the key that encrypts.
    #[must_use]
    pub fn active_id(&self) -> &str {
        &self.active.id
    }

    /// The ids of all keys, the active one first.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.keys().map(|key| key.id.as_str())
    }

    /// The key of account identities.
    #[must_use]
    pub fn identity_key(&self) -> &IdentityKey {
        &self.identity
    }

    pub(crate) fn active(&self) -> &StorageKey {
        &self.active
    }

    pub(crate) fn find(&self, id: &str) -> Option<&StorageKey> {
        self.keys().find(|key| key.id == id)
    }

    fn keys(&self) -> impl Iterator<Item = &StorageKey> {
        std::iter::once(&self.active).chain(&self.older)
    }

    fn check_keys(&self) -> Result<(), KeyringError> {
        if self.keys().count() > KEYS_MAX {
            return Err(KeyringError::TooMany);
        }
        let mut seen = std::collections::BTreeSet::new();
        match self.key_ids().find(|id| !seen.insert(*id)) {
            Some(id) => Err(KeyringError::Duplicate { id: id.to_owned() }),
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<&str> = self.key_ids().collect();
        f.debug_struct("Keyring")
            .field("key_ids", &ids)
            .finish_non_exhaustive()
    }
}

impl StorageKey {
    fn new(bytes: KeyBytes) -> Self {
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        context.update(b"torana storage key id v1");
        context.update(bytes.as_slice());
        let mut id = lower_hex(context.finish().as_ref());
        id.truncate(12);
        Self { id, bytes }
    }

    fn parse(id: &str, key: &str, line: usize) -> Result<Self, KeyringError> {
        let key = Self::new(parse_key(key, line)?);
        if key.id == id {
            Ok(key)
        } else {
            Err(KeyringError::WrongId {
                line,
                id: id.to_owned(),
            })
        }
    }
}

fn parse_key(text: &str, line: usize) -> Result<KeyBytes, KeyringError> {
    let decoded = Zeroizing::new(BASE64.decode(text).map_err(|_| KeyringError::NotAKey { line })?);
    let bytes: &[u8; KEY_BYTES] = decoded
        .as_slice()
        .try_into()
        .map_err(|_| KeyringError::NotAKey { line })?;
    Ok(Zeroizing::new(*bytes))
}

fn random_key(entropy: &dyn Entropy) -> KeyBytes {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    entropy.fill(Stream::Secrets, bytes.as_mut_slice());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_entropy::{ConstantEntropy, CountingEntropy};

    fn ring_with(keys: usize) -> Keyring {
        let entropy = CountingEntropy::default();
        let mut ring = Keyring::generate(&entropy);
        for _ in 1..keys {
            ring.add_new_active(&entropy).unwrap();
        }
        ring
    }

    #[test]
    fn the_file_text_reads_back() {
        let ring = ring_with(3);
        let back = Keyring::parse(&ring.to_file_text()).unwrap();
        assert!(back.key_ids().eq(ring.key_ids()));
        assert_eq!(back.active_id(), ring.active_id());
        assert_eq!(*back.to_file_text(), *ring.to_file_text());
    }

    #[test]
    fn a_new_key_becomes_the_active_one() {
        let mut ring = ring_with(1);
        let first = ring.active_id().to_owned();
        let entropy = CountingEntropy::default();
        entropy.fill(Stream::Secrets, &mut [0; 96]);
        let second = ring.add_new_active(&entropy).unwrap();
        assert_eq!(
            ring.key_ids().collect::<Vec<_>>(),
            [second.as_str(), first.as_str()]
        );
        let mut stuck = Keyring::generate(&ConstantEntropy);
        assert!(matches!(
            stuck.add_new_active(&ConstantEntropy),
            Err(KeyringError::Duplicate { .. })
        ));
        let mut full = ring_with(KEYS_MAX);
        assert_eq!(
            full.add_new_active(&entropy_after(KEYS_MAX)),
            Err(KeyringError::TooMany)
        );
        assert!(Keyring::parse(&full.to_file_text()).is_ok());
    }

    fn entropy_after(draws: usize) -> CountingEntropy {
        let entropy = CountingEntropy::default();
        entropy.fill(Stream::Secrets, &mut vec![0; 32 * (draws + 2)]);
        entropy
    }

    #[test]
    fn broken_files_are_refused_by_line_and_without_showing_keys() {
        let good = ring_with(2).to_file_text().to_string();
        let lines: Vec<&str> = good.lines().collect();
        let (identity, active, older) = (lines[3], lines[4], lines[5]);
        let refused = |lines: &[&str]| Keyring::parse(&lines.join("\n")).unwrap_err();
        assert_eq!(
            refused(&[identity, "", "nonsense"]),
            KeyringError::Line { line: 3 }
        );
        assert_eq!(
            refused(&[identity, &format!("{active} please")]),
            KeyringError::Line { line: 2 }
        );
        assert_eq!(
            refused(&["identity AAAA", active]),
            KeyringError::NotAKey { line: 1 }
        );
        assert_eq!(
            refused(&[identity, "key abc ?? active"]),
            KeyringError::NotAKey { line: 2 }
        );
        assert_eq!(refused(&[identity]), KeyringError::NotOneActive { found: 0 });
        assert_eq!(
            refused(&[identity, older]),
            KeyringError::NotOneActive { found: 0 }
        );
        assert_eq!(
            refused(&[identity, active, active]),
            KeyringError::NotOneActive { found: 2 }
        );
        assert_eq!(refused(&[active]), KeyringError::NotOneIdentity { found: 0 });
        assert_eq!(
            refused(&[identity, identity, active]),
            KeyringError::NotOneIdentity { found: 2 }
        );
        assert!(matches!(
            refused(&[identity, active, older, older]),
            KeyringError::Duplicate { .. }
        ));
        let swapped = active.replace(active.split(' ').nth(1).unwrap(), "0123456789ab");
        let error = refused(&[identity, &swapped]);
        assert_eq!(
            error,
            KeyringError::WrongId {
                line: 2,
                id: "0123456789ab".to_owned()
            }
        );
        assert!(!error.to_string().contains(active.split(' ').nth(2).unwrap()));
        assert_eq!(
            Keyring::parse(&"#".repeat(FILE_BYTES_MAX + 1)).unwrap_err(),
            KeyringError::TooLarge
        );
    }

    #[test]
    fn debug_shows_ids_only() {
        let ring = ring_with(2);
        let shown = format!("{ring:?} {:?}", ring.identity_key());
        assert!(shown.contains(ring.active_id()));
        for line in ring.to_file_text().lines().skip(3) {
            let key = line.split(' ').find(|word| word.len() == 44).unwrap();
            assert!(!shown.contains(key), "{shown}");
        }
    }
}
