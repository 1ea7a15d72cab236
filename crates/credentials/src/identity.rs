//! The stored form of a broker account's identity: a keyed hash, so that the database does not tell whose
//! account a `smallcaseAuthId` stands for, and one account on two gateways cannot be recognised as one.

use torana_domain::ids::GatewayName;
use zeroize::Zeroizing;

use crate::encoding::{hmac_of_parts, lower_hex};
use crate::secrets::Secret;

/// The installation's key for these hashes. It never rotates: every stored identity would become unknown.
#[derive(Clone)]
pub struct IdentityKey(Zeroizing<[u8; 32]>);

impl IdentityKey {
    pub(crate) fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What a gateway shows to an exchange process of the same installation, and nobody else can.
    #[must_use]
    pub fn exchange_key(&self) -> Secret {
        let parts = ["torana exchange port v1"];
        Secret::new(lower_hex(hmac_of_parts(self.0.as_slice(), &parts).as_ref()))
    }

    /// The keyed hash, 64 hexadecimal digits, of the account `client_id` (the broker's stable client id,
    /// exactly as the broker writes it) at `broker_key` on `gateway`.
    #[must_use]
    pub fn hash_account(&self, gateway: &GatewayName, broker_key: &str, client_id: &str) -> String {
        let parts = [
            "torana account identity v1",
            gateway.as_str(),
            broker_key,
            client_id,
        ];
        lower_hex(hmac_of_parts(self.0.as_slice(), &parts).as_ref())
    }
}

impl std::fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_counts_and_parts_do_not_run_together() {
        let key = IdentityKey::from_bytes(Zeroizing::new([1; 32]));
        let other_key = IdentityKey::from_bytes(Zeroizing::new([2; 32]));
        let (acme, beta) = (
            GatewayName::parse("acme").unwrap(),
            GatewayName::parse("beta").unwrap(),
        );
        let hash = key.hash_account(&acme, "kite", "AB1234");
        assert_eq!(hash, key.hash_account(&acme, "kite", "AB1234"));
        assert_eq!(hash.len(), 64);
        for different in [
            key.hash_account(&beta, "kite", "AB1234"),
            key.hash_account(&acme, "groww", "AB1234"),
            key.hash_account(&acme, "kite", "AB1235"),
            key.hash_account(&acme, "kit", "eAB1234"),
            other_key.hash_account(&acme, "kite", "AB1234"),
        ] {
            assert_ne!(hash, different);
        }
    }
}
