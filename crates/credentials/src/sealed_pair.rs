//! The stored form of a [`SecretPair`]: the phase of the rotation in the open, the values sealed.

use serde::{Deserialize, Serialize};
use torana_domain::time::Timestamp;
use torana_runtime::Entropy;

use crate::keyring::Keyring;
use crate::rotation::SecretPair;
use crate::seal::{OpenError, SealError};

/// A sealed [`SecretPair`], to be stored as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case", deny_unknown_fields)]
pub enum SealedPair {
    /// See [`SecretPair::Stable`].
    Stable {
        /// Sealed value.
        current: String,
    },
    /// See [`SecretPair::Prepared`].
    Prepared {
        /// Sealed value.
        current: String,
        /// Sealed value.
        next: String,
        /// Milliseconds.
        overlap_ms: i64,
    },
    /// See [`SecretPair::Activated`].
    Activated {
        /// Sealed value.
        current: String,
        /// Sealed value.
        previous: String,
        /// Wall time.
        drop_at: Timestamp,
    },
}

impl SealedPair {
    /// Seals a pair for the place that `context` names. Each value is bound to its role as well, so that
    /// an old value cannot be put back in the place of the current one.
    pub fn seal(
        pair: &SecretPair,
        keyring: &Keyring,
        context: &str,
        entropy: &dyn Entropy,
    ) -> Result<Self, SealError> {
        let seal = |secret, role| keyring.seal_secret(secret, &place(context, role), entropy);
        Ok(match pair {
            SecretPair::Stable { current } => Self::Stable {
                current: seal(current, "current")?,
            },
            SecretPair::Prepared {
                current,
                next,
                overlap_ms,
            } => Self::Prepared {
                current: seal(current, "current")?,
                next: seal(next, "next")?,
                overlap_ms: *overlap_ms,
            },
            SecretPair::Activated {
                current,
                previous,
                drop_at,
            } => Self::Activated {
                current: seal(current, "current")?,
                previous: seal(previous, "previous")?,
                drop_at: *drop_at,
            },
        })
    }

    /// Opens the pair.
    pub fn open(&self, keyring: &Keyring, context: &str) -> Result<SecretPair, OpenError> {
        let open = |sealed: &str, role| keyring.open_secret(sealed, &place(context, role));
        Ok(match self {
            Self::Stable { current } => SecretPair::Stable {
                current: open(current, "current")?,
            },
            Self::Prepared {
                current,
                next,
                overlap_ms,
            } => SecretPair::Prepared {
                current: open(current, "current")?,
                next: open(next, "next")?,
                overlap_ms: *overlap_ms,
            },
            Self::Activated {
                current,
                previous,
                drop_at,
            } => SecretPair::Activated {
                current: open(current, "current")?,
                previous: open(previous, "previous")?,
                drop_at: *drop_at,
            },
        })
    }

    /// Whether any of its values should be sealed again with the active key.
    #[must_use]
    pub fn needs_rotation(&self, keyring: &Keyring) -> bool {
        let (current, other) = match self {
            Self::Stable { current } => (current, None),
            Self::Prepared {
                current, next: other, ..
            }
            | Self::Activated {
                current,
                previous: other,
                ..
            } => (current, Some(other)),
        };
        keyring.needs_rotation(current) || other.is_some_and(|sealed| keyring.needs_rotation(sealed))
    }
}

fn place(context: &str, role: &str) -> String {
    format!("{context}#{role}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::Secret;
    use crate::test_entropy::CountingEntropy;

    #[test]
    fn every_phase_is_stored_and_read_back() {
        let entropy = CountingEntropy::default();
        let mut keyring = Keyring::generate(&entropy);
        let now = Timestamp(1_767_605_400_000);
        let stable = SecretPair::new(Secret::generate(&entropy));
        let prepared = stable
            .clone()
            .prepare(Secret::generate(&entropy), 1000, now)
            .unwrap();
        let activated = prepared.clone().activate(now).unwrap();
        for pair in [stable, prepared, activated] {
            let sealed = SealedPair::seal(&pair, &keyring, "gateway/acme/secret", &entropy).unwrap();
            let json = serde_json::to_string(&sealed).unwrap();
            for value in pair.accepted(now).iter() {
                assert!(!json.contains(value.reveal()), "{json}");
            }
            let back: SealedPair = serde_json::from_str(&json).unwrap();
            assert_eq!(back.open(&keyring, "gateway/acme/secret").unwrap(), pair);
            assert_eq!(
                back.open(&keyring, "gateway/beta/secret"),
                Err(OpenError::Altered)
            );
            assert!(!back.needs_rotation(&keyring));
            keyring.add_new_active(&entropy).unwrap();
            assert!(back.needs_rotation(&keyring));
        }
    }

    #[test]
    fn values_cannot_change_places() {
        let entropy = CountingEntropy::default();
        let keyring = Keyring::generate(&entropy);
        let pair =
            SecretPair::new(Secret::generate(&entropy)).prepare(Secret::generate(&entropy), 1, Timestamp(0));
        let sealed = SealedPair::seal(&pair.unwrap(), &keyring, "c", &entropy).unwrap();
        let SealedPair::Prepared {
            current,
            next,
            overlap_ms,
        } = sealed
        else {
            panic!("prepared")
        };
        let swapped = SealedPair::Prepared {
            current: next,
            next: current,
            overlap_ms,
        };
        assert_eq!(swapped.open(&keyring, "c"), Err(OpenError::Altered));
    }
}
