//! The exchanges that securities are listed on.

use serde::{Deserialize, Serialize};

/// Where a security is listed and an order goes; on the wire `NSE` and `BSE`. NSE comes first where both would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Exchange {
    /// National Stock Exchange of India.
    #[default]
    Nse,
    /// BSE.
    Bse,
}

impl Exchange {
    /// Both, in order of preference.
    pub const ALL: [Self; 2] = [Self::Nse, Self::Bse];

    /// `NSE` or `BSE`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nse => "NSE",
            Self::Bse => "BSE",
        }
    }

    /// Reads `NSE` or `BSE` and nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|exchange| exchange.as_str() == text)
    }
}

impl std::fmt::Display for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_wire() {
        for exchange in Exchange::ALL {
            assert_eq!(Exchange::parse(exchange.as_str()), Some(exchange));
            assert_eq!(
                serde_json::to_string(&exchange).ok(),
                Some(format!("\"{exchange}\""))
            );
        }
        assert_eq!(Exchange::parse("nse"), None);
    }
}
