//! What accounts can do differently on purpose.

use serde::{Deserialize, Serialize};

/// What an account does differently on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// Nothing.
    #[default]
    Normal,
    /// Every buy fails the margin check.
    LowFunds,
    /// Every order is rejected after acceptance.
    OrderFailure,
    /// Half fills, the rest is cancelled at the close.
    Partial,
    /// Fills come 60 s late.
    Slow,
    /// No login succeeds.
    LoginFails,
    /// A login ends with its first order.
    SessionDies,
}

impl Behaviour {
    /// Every behaviour.
    pub const ALL: [Self; 7] = [
        Self::Normal,
        Self::LowFunds,
        Self::OrderFailure,
        Self::Partial,
        Self::Slow,
        Self::LoginFails,
        Self::SessionDies,
    ];

    /// The word of the control API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::LowFunds => "low_funds",
            Self::OrderFailure => "order_failure",
            Self::Partial => "partial",
            Self::Slow => "slow",
            Self::LoginFails => "login_fails",
            Self::SessionDies => "session_dies",
        }
    }

    /// Parses the control API's exact word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|behaviour| behaviour.as_str() == text)
    }

    /// What a user of the account sees, in one line.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Normal => "Behaves normally.",
            Self::LowFunds => "Has hardly any money: every buy fails the margin check.",
            Self::OrderFailure => "Every order is accepted first and then rejected.",
            Self::Partial => "Half of each order fills, the rest is cancelled at the close.",
            Self::Slow => "Orders fill 60 seconds late.",
            Self::LoginFails => "The login is always refused.",
            Self::SessionDies => "The login ends with the first order; log in again after it.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviours_round_trip() {
        for behaviour in Behaviour::ALL {
            assert_eq!(Behaviour::parse(behaviour.as_str()), Some(behaviour));
            assert_eq!(
                serde_json::to_string(&behaviour).unwrap(),
                format!("\"{}\"", behaviour.as_str())
            );
        }
        assert_eq!(Behaviour::parse("Slow"), None);
    }
}
