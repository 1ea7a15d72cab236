//! Opaque bearer tokens of our own: SDK sessions, one-time handles, cookies, nonces, CSRF tokens. The
//! holder has the text, the database only its hash.

use base64::Engine as _;
use subtle::ConstantTimeEq as _;
use torana_runtime::Entropy;

use crate::encoding::{BASE64URL, sha256_hex};
use crate::secrets::{SECRET_RANDOM_BYTES, Secret};

/// What a bearer token is for. The prefix keeps one kind from being taken for another and makes a leaked
/// one recognisable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BearerKind {
    /// Session of the SDK in a partner's page.
    SdkSession,
    /// One-time key that starts a flow in the browser window.
    FlowHandle,
    /// Authenticates wake-up messages between the flow's window and the partner's page.
    MessageNonce,
    /// Value of a flow's cookie.
    FlowCookie,
    /// Value of the cookie that keeps a broker session for one gateway.
    BrokerCookie,
    /// Token in the forms of the hosted pages.
    Csrf,
    /// One-time reference to what a broker posted to the return address.
    ReturnReference,
}

impl BearerKind {
    /// The text that every token of this kind starts with.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::SdkSession => "ss_",
            Self::FlowHandle => "h_",
            Self::MessageNonce => "n_",
            Self::FlowCookie => "tf_",
            Self::BrokerCookie => "tb_",
            Self::Csrf => "csrf_",
            Self::ReturnReference => "r_",
        }
    }
}

/// A text that is not a bearer token of the asked kind; it need not be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {} followed by 43 characters of base64url", .0.prefix())]
pub struct NotABearerToken(pub BearerKind);

/// A bearer token: prefix and 256 random bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BearerToken {
    kind: BearerKind,
    text: Secret,
}

impl BearerToken {
    /// Makes a new token.
    #[must_use]
    pub fn generate(kind: BearerKind, entropy: &dyn Entropy) -> Self {
        Self {
            kind,
            text: Secret::generate_prefixed(kind.prefix(), entropy),
        }
    }

    /// Takes a presented text, if it has the exact form of this kind.
    pub fn parse(kind: BearerKind, text: &str) -> Result<Self, NotABearerToken> {
        let mut bytes = [0; SECRET_RANDOM_BYTES];
        let decoded = text
            .strip_prefix(kind.prefix())
            .and_then(|encoded| BASE64URL.decode_slice(encoded, &mut bytes).ok());
        match decoded {
            Some(SECRET_RANDOM_BYTES) => Ok(Self {
                kind,
                text: Secret::new(text.to_owned()),
            }),
            _ => Err(NotABearerToken(kind)),
        }
    }

    /// What the token is for.
    #[must_use]
    pub fn kind(&self) -> BearerKind {
        self.kind
    }

    /// The text, to be handed to its holder.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.text.reveal()
    }

    /// What is stored and looked up: the SHA-256 as 64 hexadecimal digits. It needs no salt and no slow
    /// hash, because 256 random bits cannot be guessed.
    #[must_use]
    pub fn storage_hash(&self) -> String {
        sha256_hex(self.text.as_bytes())
    }

    /// Whether a stored hash is this token's, in constant time.
    #[must_use]
    pub fn matches_hash(&self, stored: &str) -> bool {
        self.storage_hash().as_bytes().ct_eq(stored.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_entropy::CountingEntropy;

    #[test]
    fn a_token_is_found_again_by_its_hash_only() {
        let entropy = CountingEntropy::default();
        let token = BearerToken::generate(BearerKind::FlowHandle, &entropy);
        assert_eq!(token.reveal().len(), "h_".len() + 43);
        let presented = BearerToken::parse(BearerKind::FlowHandle, token.reveal()).unwrap();
        assert_eq!(presented.storage_hash(), token.storage_hash());
        assert!(presented.matches_hash(&token.storage_hash()));
        let other = BearerToken::generate(BearerKind::FlowHandle, &entropy);
        assert!(!other.matches_hash(&token.storage_hash()));
        assert!(!format!("{token:?}").contains(token.reveal()));
    }

    #[test]
    fn other_kinds_and_forms_are_refused() {
        let text = BearerToken::generate(BearerKind::SdkSession, &CountingEntropy::default())
            .reveal()
            .to_owned();
        assert!(BearerToken::parse(BearerKind::FlowHandle, &text).is_err());
        let body = text.strip_prefix("ss_").unwrap();
        let cut = text.split_at(text.len() - 1).0;
        for bad in [
            "",
            "ss_",
            body,
            &format!("{text}="),
            &format!("{text}A"),
            cut,
            &format!("ss_{}", "é".repeat(43)),
        ] {
            assert!(BearerToken::parse(BearerKind::SdkSession, bad).is_err(), "{bad}");
        }
    }
}
