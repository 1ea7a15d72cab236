//! Replacing a gateway's secret while both sides keep working: *prepare* issues a second value, *activate*
//! switches signing to it, *finish* (or the end of the overlap) drops the old one.
//!
//! Invariant: from prepare to finish exactly two values are accepted, otherwise exactly one; at any moment
//! exactly one signs.

use torana_domain::time::Timestamp;
use torana_runtime::Entropy;

use crate::secrets::{Accepted, Secret};

/// Days for which the old value is accepted after activation, unless the operator says otherwise.
pub const OVERLAP_DAYS_DEFAULT: i64 = 7;

/// Default overlap in milliseconds.
pub const OVERLAP_MS_DEFAULT: i64 = OVERLAP_DAYS_DEFAULT * torana_domain::time::DAY_MS;

/// Longest overlap in milliseconds: a year.
pub const OVERLAP_MS_MAX: i64 = 365 * torana_domain::time::DAY_MS;

/// Which of a gateway's secrets is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretKind {
    /// `secret`: signs user JWTs.
    Secret,
    /// `apiSecret`: sent with every call, signs webhook checksums.
    ApiSecret,
    /// The Standard Webhooks signing key.
    WebhookKey,
}

/// A text that names none of a gateway's secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected secret, api-secret or webhook-key")]
pub struct UnknownSecretKind;

impl SecretKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Secret, Self::ApiSecret, Self::WebhookKey];

    /// The word of the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::ApiSecret => "api-secret",
            Self::WebhookKey => "webhook-key",
        }
    }

    /// Parses the word of the command line.
    pub fn parse(text: &str) -> Result<Self, UnknownSecretKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(UnknownSecretKind)
    }

    /// Issues a value of this kind.
    #[must_use]
    pub fn generate(self, entropy: &dyn Entropy) -> Secret {
        match self {
            Self::Secret | Self::ApiSecret => Secret::generate(entropy),
            Self::WebhookKey => Secret::generate_webhook_key(entropy),
        }
    }
}

/// A secret with its rotation. All instants are wall time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPair {
    /// One value.
    Stable {
        /// It signs and is accepted.
        current: Secret,
    },
    /// A second value is issued, for the partner to install.
    Prepared {
        /// Signs and is accepted.
        current: Secret,
        /// Is accepted.
        next: Secret,
        /// How long `current` stays accepted after the activation, in milliseconds.
        overlap_ms: i64,
    },
    /// Signing has switched.
    Activated {
        /// The new value: signs and is accepted.
        current: Secret,
        /// The old value: is accepted until `drop_at`.
        previous: Secret,
        /// End of the overlap.
        drop_at: Timestamp,
    },
}

/// Where a rotation stands, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationPhase {
    /// No rotation.
    Stable,
    /// A second value is issued.
    Prepared,
    /// The second value signs; the first is accepted until then.
    ActivatedUntil(Timestamp),
}

impl std::fmt::Display for RotationPhase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stable => f.write_str("stable"),
            Self::Prepared => f.write_str("prepared"),
            Self::ActivatedUntil(drop_at) => {
                write!(f, "activated, old value accepted until {}", drop_at.to_iso())
            }
        }
    }
}

/// Why a step of a rotation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RotationError {
    /// A rotation is under way.
    #[error("already prepared: activate and finish the running rotation first")]
    AlreadyPrepared,
    /// No rotation is under way.
    #[error("not prepared: prepare a new value first")]
    NotPrepared,
    /// The new value signs already.
    #[error("already activated: finish the rotation, or wait for the end of the overlap")]
    AlreadyActivated,
    /// The new value does not sign yet, so the old one cannot be dropped.
    #[error("not activated: activate the new value before the old one is dropped")]
    NotActivated,
    /// The new value is the old one.
    #[error("the new value equals the current one")]
    SameValue,
    /// The overlap is out of range.
    #[error("overlap out of range: allowed are 0 seconds to 365 days")]
    OverlapOutOfRange,
}

impl SecretPair {
    /// A secret without rotation.
    #[must_use]
    pub fn new(current: Secret) -> Self {
        Self::Stable { current }
    }

    /// Issues `next` beside the current value.
    pub fn prepare(self, next: Secret, overlap_ms: i64, now: Timestamp) -> Result<Self, RotationError> {
        if !(0..=OVERLAP_MS_MAX).contains(&overlap_ms) {
            return Err(RotationError::OverlapOutOfRange);
        }
        match self.settled(now) {
            Self::Stable { current } if current == next => Err(RotationError::SameValue),
            Self::Stable { current } => Ok(Self::Prepared {
                current,
                next,
                overlap_ms,
            }),
            Self::Prepared { .. } | Self::Activated { .. } => Err(RotationError::AlreadyPrepared),
        }
    }

    /// Switches signing to the prepared value; the overlap counts from `now`.
    pub fn activate(self, now: Timestamp) -> Result<Self, RotationError> {
        match self.settled(now) {
            Self::Stable { .. } => Err(RotationError::NotPrepared),
            Self::Prepared {
                current,
                next,
                overlap_ms,
            } => Ok(Self::Activated {
                current: next,
                previous: current,
                drop_at: now.plus_ms(overlap_ms),
            }),
            Self::Activated { .. } => Err(RotationError::AlreadyActivated),
        }
    }

    /// Drops the old value at once.
    pub fn finish(self, now: Timestamp) -> Result<Self, RotationError> {
        match self.settled(now) {
            Self::Stable { .. } => Err(RotationError::NotPrepared),
            Self::Prepared { .. } => Err(RotationError::NotActivated),
            Self::Activated { current, .. } => Ok(Self::Stable { current }),
        }
    }

    /// The pair as it is at `now`: without the old value once the overlap is over. Storing the result
    /// removes the old value for good.
    #[must_use]
    pub fn settled(self, now: Timestamp) -> Self {
        match self {
            Self::Activated { current, drop_at, .. } if drop_at <= now => Self::Stable { current },
            unchanged => unchanged,
        }
    }

    /// Whether [`SecretPair::settled`] would change anything.
    #[must_use]
    pub fn is_overlap_over(&self, now: Timestamp) -> bool {
        matches!(self, Self::Activated { drop_at, .. } if *drop_at <= now)
    }

    /// The values that are accepted at `now`, the signing one first. A webhook is signed by each of them;
    /// everything that has room for one signature uses the first.
    #[must_use]
    pub fn accepted(&self, now: Timestamp) -> Accepted<'_> {
        match self {
            Self::Stable { current } => Accepted::only(current),
            Self::Prepared { current, next, .. } => Accepted {
                signing: current,
                other: Some(next),
            },
            Self::Activated {
                current, previous, ..
            } => Accepted {
                signing: current,
                other: (!self.is_overlap_over(now)).then_some(previous),
            },
        }
    }

    /// The value that signs. It changes by activation only, never by the passing of time.
    #[must_use]
    pub fn signing(&self) -> &Secret {
        match self {
            Self::Stable { current } | Self::Prepared { current, .. } | Self::Activated { current, .. } => {
                current
            }
        }
    }

    /// Where the rotation stands at `now`.
    #[must_use]
    pub fn phase(&self, now: Timestamp) -> RotationPhase {
        match self {
            Self::Prepared { .. } => RotationPhase::Prepared,
            Self::Activated { drop_at, .. } if *drop_at > now => RotationPhase::ActivatedUntil(*drop_at),
            Self::Stable { .. } | Self::Activated { .. } => RotationPhase::Stable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_767_605_400_000);

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn stable() -> SecretPair {
        SecretPair::new(secret("old"))
    }

    fn prepared() -> SecretPair {
        stable().prepare(secret("new"), 1000, NOW).unwrap()
    }

    fn activated() -> SecretPair {
        prepared().activate(NOW).unwrap()
    }

    fn texts(pair: &SecretPair, now: Timestamp) -> Vec<String> {
        pair.accepted(now)
            .iter()
            .map(|value| value.reveal().to_owned())
            .collect()
    }

    #[test]
    fn the_whole_way() {
        assert_eq!(texts(&stable(), NOW), ["old"]);
        assert_eq!(texts(&prepared(), NOW), ["old", "new"]);
        assert_eq!(
            texts(&prepared(), NOW.plus_ms(OVERLAP_MS_MAX)),
            ["old", "new"],
            "the overlap counts from activation"
        );
        assert_eq!(texts(&activated(), NOW), ["new", "old"]);
        assert_eq!(texts(&activated().finish(NOW).unwrap(), NOW), ["new"]);
        assert_eq!(prepared().signing(), &secret("old"));
        assert_eq!(activated().signing(), &secret("new"));
    }

    #[test]
    fn the_overlap_ends_by_itself() {
        let (last, over) = (NOW.plus_ms(999), NOW.plus_ms(1000));
        assert_eq!(texts(&activated(), last), ["new", "old"]);
        assert!(!activated().is_overlap_over(last) && activated().is_overlap_over(over));
        assert_eq!(texts(&activated(), over), ["new"]);
        assert_eq!(activated().settled(last), activated());
        assert_eq!(activated().settled(over), SecretPair::new(secret("new")));
        assert!(activated().prepare(secret("third"), 0, over).is_ok());
    }

    #[test]
    fn every_step_in_every_phase() {
        use RotationError::{AlreadyActivated, AlreadyPrepared, NotActivated, NotPrepared};
        let prepare = |pair: SecretPair, now| pair.prepare(secret("third"), 0, now).err();
        let table = [
            (stable(), NOW, None, Some(NotPrepared), Some(NotPrepared)),
            (prepared(), NOW, Some(AlreadyPrepared), None, Some(NotActivated)),
            (
                activated(),
                NOW,
                Some(AlreadyPrepared),
                Some(AlreadyActivated),
                None,
            ),
            (
                activated(),
                NOW.plus_ms(1000),
                None,
                Some(NotPrepared),
                Some(NotPrepared),
            ),
        ];
        for (pair, now, prepare_error, activate_error, finish_error) in table {
            assert_eq!(prepare(pair.clone(), now), prepare_error, "{pair:?}");
            assert_eq!(pair.clone().activate(now).err(), activate_error, "{pair:?}");
            assert_eq!(pair.clone().finish(now).err(), finish_error, "{pair:?}");
        }
    }

    #[test]
    fn bad_values_are_refused() {
        assert_eq!(
            stable().prepare(secret("old"), 0, NOW),
            Err(RotationError::SameValue)
        );
        for overlap_ms in [-1, OVERLAP_MS_MAX + 1] {
            assert_eq!(
                stable().prepare(secret("new"), overlap_ms, NOW),
                Err(RotationError::OverlapOutOfRange)
            );
        }
    }

    #[test]
    fn phases_are_told_apart() {
        assert_eq!(stable().phase(NOW).to_string(), "stable");
        assert_eq!(prepared().phase(NOW).to_string(), "prepared");
        let until = "activated, old value accepted until 2026-01-05T09:30:01.000Z";
        assert_eq!(activated().phase(NOW).to_string(), until);
        assert_eq!(activated().phase(NOW.plus_ms(1000)), RotationPhase::Stable);
    }

    #[test]
    fn kinds_have_words_and_forms() {
        let entropy = crate::test_entropy::CountingEntropy::default();
        for kind in SecretKind::ALL {
            assert_eq!(SecretKind::parse(kind.as_str()), Ok(kind));
            let is_webhook_key = kind.generate(&entropy).reveal().starts_with("whsec_");
            assert_eq!(is_webhook_key, kind == SecretKind::WebhookKey);
        }
        assert_eq!(SecretKind::parse("apiSecret"), Err(UnknownSecretKind));
    }
}
