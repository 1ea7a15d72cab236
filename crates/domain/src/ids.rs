//! Public identifiers. Formats are part of the contract; randomness is handed in as bytes.

use serde::{Deserialize, Serialize};

/// Why a text is not an identifier of the asked kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct BadId {
    /// The allowed form, in words.
    pub expected: &'static str,
}

fn is_lower_hex(text: &str, len: usize) -> bool {
    text.len() == len
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident, $bytes:literal, $prefix:literal, $expected:literal) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Random bytes that one id takes.
            pub const BYTES: usize = $bytes;

            /// The id made of these random bytes.
            #[must_use]
            pub fn from_random(bytes: [u8; $bytes]) -> Self {
                Self(format!("{}{}", $prefix, to_hex(&bytes)))
            }

            /// Parses the exact public form.
            pub fn parse(text: &str) -> Result<Self, BadId> {
                match text.strip_prefix($prefix) {
                    Some(rest) if is_lower_hex(rest, $bytes * 2) => Ok(Self(text.to_owned())),
                    _ => Err(BadId { expected: $expected }),
                }
            }

            /// The public text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

text_id!(
    /// A transaction: `TRX_` and 32 lowercase hex digits (128 random bits).
    TransactionId, 16, "TRX_", "TRX_ followed by 32 lowercase hexadecimal digits");
text_id!(
    /// A `smallcaseAuthId`: one (gateway, broker account) pair, 24 lowercase hex digits.
    AuthId, 12, "", "24 lowercase hexadecimal digits");
text_id!(
    /// A batch of orders: 24 lowercase hex digits.
    BatchId, 12, "", "24 lowercase hexadecimal digits");
text_id!(
    /// One order of ours: 24 lowercase hex digits.
    OrderId, 12, "", "24 lowercase hexadecimal digits");
text_id!(
    /// A webhook delivery, sent as `webhook-id`.
    DeliveryId, 12, "msg_", "msg_ followed by 24 lowercase hexadecimal digits");
text_id!(
    /// A hosted flow's public name; no secret.
    FlowId, 12, "", "24 lowercase hexadecimal digits");
text_id!(
    /// One HTTP request, for support and logs.
    RequestId, 10, "req_", "req_ followed by 20 lowercase hexadecimal digits");

/// The key by which an order of ours is found again at the broker: 10 upper-case base32 characters
/// (50 random bits), unique per broker account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientReference(String);

impl ClientReference {
    /// Random bytes that one reference takes.
    pub const BYTES: usize = 10;

    /// The reference made of these random bytes (5 bits of each).
    #[must_use]
    pub fn from_random(bytes: [u8; 10]) -> Self {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        Self(
            bytes
                .iter()
                .map(|b| char::from(*ALPHABET.get(usize::from(b & 31)).unwrap_or(&b'A')))
                .collect(),
        )
    }

    /// A reference read back from storage or a broker's book.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        let good = text.len() == 10
            && text
                .bytes()
                .all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b));
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadId {
                expected: "10 base32 characters A-Z, 2-7",
            })
        }
    }

    /// The text that travels in the broker's reference field.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A gateway's name: a partner's tenant, the path segment that identifies it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GatewayName(String);

/// First path segments and words that no gateway may be called.
pub const RESERVED_GATEWAY_NAMES: [&str; 13] = [
    "mf", "v1", "gateway", "flow", "scdk", "torana", "docs", "assets", "return", "health", "healthz",
    "readyz", "openapi",
];

impl GatewayName {
    /// Parses `^[a-z0-9][a-z0-9-]{1,39}$`, refusing the reserved words.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        let bytes = text.as_bytes();
        let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let good = (2..=40).contains(&bytes.len())
            && bytes.first().is_some_and(plain)
            && bytes.iter().all(|b| plain(b) || *b == b'-')
            && !RESERVED_GATEWAY_NAMES.contains(&text);
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadId {
                expected: "2 to 40 of a-z, 0-9 and -, not starting with -, and not a reserved word",
            })
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for GatewayName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_exact() {
        let id = TransactionId::from_random([0xab; 16]);
        assert_eq!(id.as_str(), format!("TRX_{}", "ab".repeat(16)));
        assert!(TransactionId::parse(id.as_str()).is_ok());
        for bad in [
            "TRX_ab",
            "trx_abababababababababababababababab",
            "TRX_ABABABABABABABABABABABABABABABAB",
            "",
        ] {
            assert!(TransactionId::parse(bad).is_err(), "{bad}");
        }
        assert!(AuthId::parse("507f1f77bcf86cd799439011").is_ok());
        assert!(AuthId::parse("507F1f77bcf86cd799439011").is_err());
        let reference = ClientReference::from_random([0, 1, 2, 31, 32, 255, 26, 27, 30, 5]);
        assert_eq!(reference.as_str(), "ABC7A723 6F".replace(' ', ""));
        assert!(ClientReference::parse(reference.as_str()).is_ok());
    }

    #[test]
    fn gateway_names() {
        for good in ["gatewaydemo", "a1", "acme-2"] {
            assert!(GatewayName::parse(good).is_ok(), "{good}");
        }
        for bad in ["a", "-a", "Acme", "a_b", "flow", "openapi", &"x".repeat(41), "é1"] {
            assert!(GatewayName::parse(bad).is_err(), "{bad}");
        }
    }
}
