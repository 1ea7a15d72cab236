//! Neutral marks for brokers and partners: initials on one of a few colours. No vendor's logo is used.

use serde::Serialize;

/// How many colours the stylesheet has (`.mark-0` …).
pub const COLOUR_COUNT: u32 = 8;

/// Initials and the number of their colour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// One or two characters.
    pub initials: String,
    /// 0..[`COLOUR_COUNT`].
    pub colour: u32,
}

/// The mark of a name. The colour depends on `key` only, so that a renamed broker keeps it.
#[must_use]
pub fn mark_of(key: &str, name: &str) -> Mark {
    Mark {
        initials: initials(name),
        colour: colour(key),
    }
}

fn colour(key: &str) -> u32 {
    key.bytes()
        .fold(5381_u32, |hash, byte| hash.wrapping_mul(33) ^ u32::from(byte))
        % COLOUR_COUNT
}

/// First letters of the first two words; a single word gives one letter, or two when it begins with a digit
/// (`5paisa` → `5P`).
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first: Vec<char> = words.next().unwrap_or("?").chars().take(2).collect();
    let letters: String = match (
        first.as_slice(),
        words.next().and_then(|word| word.chars().next()),
    ) {
        ([a, ..], Some(b)) => [*a, b].iter().collect(),
        ([a, b], None) if a.is_ascii_digit() => [*a, *b].iter().collect(),
        ([a, ..], None) => a.to_string(),
        ([], _) => "?".to_owned(),
    };
    letters.to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_of_names() {
        for (name, expected) in [
            ("Zerodha", "Z"),
            ("Angel One", "AO"),
            ("5paisa", "5P"),
            ("", "?"),
            ("motilal Oswal x", "MO"),
            ("é b", "ÉB"),
        ] {
            assert_eq!(initials(name), expected, "{name:?}");
        }
    }

    #[test]
    fn every_colour_is_used_by_some_broker() {
        let used: std::collections::BTreeSet<u32> = torana_domain::broker_key::BrokerKey::ALL
            .iter()
            .map(|key| colour(key.as_str()))
            .collect();
        assert!(used.len() >= 6, "{used:?}");
        assert!(used.iter().all(|n| *n < COLOUR_COUNT));
    }
}
