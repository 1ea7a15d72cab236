//! Parameters of faults: which there are, what is allowed, what was chosen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One parameter of a kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamSpec {
    /// Its name on the wire, with its unit.
    pub name: &'static str,
    /// What is allowed.
    pub allowed: Allowed,
}

/// What a parameter may be, and what it is unless chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// A whole number.
    Whole {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
        /// Unless chosen.
        default: i64,
    },
    /// A word.
    Word {
        /// Most characters.
        chars_max: usize,
        /// Unless chosen.
        default: &'static str,
    },
}

impl ParamSpec {
    pub(super) const fn whole(name: &'static str, min: i64, max: i64, default: i64) -> Self {
        Self {
            name,
            allowed: Allowed::Whole { min, max, default },
        }
    }

    pub(super) const fn word(name: &'static str, chars_max: usize, default: &'static str) -> Self {
        Self {
            name,
            allowed: Allowed::Word { chars_max, default },
        }
    }

    /// What is allowed, in words that continue "must be".
    #[must_use]
    pub fn rule(&self) -> String {
        match self.allowed {
            Allowed::Whole { min, max, .. } => format!("a whole number from {min} to {max}"),
            Allowed::Word { chars_max, .. } => {
                format!("a text of 1 to {chars_max} printable ASCII characters")
            }
        }
    }

    /// Its value unless chosen.
    #[must_use]
    pub fn default_value(&self) -> ParamValue {
        match self.allowed {
            Allowed::Whole { default, .. } => ParamValue::Whole(default),
            Allowed::Word { default, .. } => ParamValue::Word(default.to_owned()),
        }
    }

    /// Whether a value is allowed.
    #[must_use]
    pub fn allows(&self, value: &ParamValue) -> bool {
        match (self.allowed, value) {
            (Allowed::Whole { min, max, .. }, ParamValue::Whole(value)) => (min..=max).contains(value),
            (Allowed::Word { chars_max, .. }, ParamValue::Word(word)) => {
                let is_printable = word.bytes().all(|byte| (b' '..=b'~').contains(&byte));
                is_printable && !word.trim().is_empty() && word.len() <= chars_max
            }
            _ => false,
        }
    }
}

/// A chosen value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParamValue {
    /// A whole number.
    Whole(i64),
    /// A word.
    Word(String),
}

/// Chosen values by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Params(pub BTreeMap<String, ParamValue>);

impl Params {
    /// A number; 0 if there is none of that name.
    pub(super) fn whole(&self, name: &str) -> i64 {
        match self.0.get(name) {
            Some(ParamValue::Whole(value)) => *value,
            _ => 0,
        }
    }

    /// A number that cannot be negative.
    pub(super) fn count(&self, name: &str) -> u32 {
        u32::try_from(self.whole(name)).unwrap_or_default()
    }

    /// A word; empty if there is none of that name.
    pub(super) fn word(&self, name: &str) -> String {
        match self.0.get(name) {
            Some(ParamValue::Word(word)) => word.clone(),
            _ => String::new(),
        }
    }
}
