//! The brokers by their public keys.

use serde::{Deserialize, Serialize};

macro_rules! broker_keys {
    ($($variant:ident = $key:literal),+ $(,)?) => {
        /// A broker's public key. The order is that of the contract's table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum BrokerKey {
            $(#[doc = $key] #[serde(rename = $key)] $variant),+
        }

        impl BrokerKey {
            /// Every broker.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The key as partners write it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $key),+ }
            }
        }
    };
}

broker_keys! {
    AliceBlue = "aliceblue", AngelBroking = "angelbroking", Axis = "axis", Dhan = "dhan", Edelweiss = "edelweiss",
    Fisdom = "fisdom", FivePaisa = "fivepaisa", FundzBazar = "fundzbazar", Groww = "groww", Hdfc = "hdfc",
    HdfcSky = "hdfcsky", Icici = "icici", Iifl = "iifl", Kite = "kite", Kotak = "kotak", Motilal = "motilal",
    Paytm = "paytm", Sbi = "sbi", Trustline = "trustline", Upstox = "upstox",
}

impl BrokerKey {
    /// Parses a partner's spelling: any case, the alias `edel`, and the test-mode suffix `-leprechaun`, which is
    /// dropped. `None` for a key that nobody knows.
    #[must_use]
    pub fn parse_lenient(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let plain = lower.strip_suffix("-leprechaun").unwrap_or(&lower);
        let plain = if plain == "edel" { "edelweiss" } else { plain };
        Self::parse(plain)
    }

    /// Parses the exact key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.as_str() == text)
    }
}

impl std::fmt::Display for BrokerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lenient_spellings() {
        assert_eq!(
            BrokerKey::parse_lenient(" KITE-leprechaun"),
            Some(BrokerKey::Kite)
        );
        assert_eq!(BrokerKey::parse_lenient("edel"), Some(BrokerKey::Edelweiss));
        assert_eq!(BrokerKey::parse_lenient("robinhood"), None);
        assert_eq!(BrokerKey::ALL.len(), 20);
    }
}
