//! The texts, by id, in one file per language.

use std::collections::BTreeMap;

/// English texts. A text may hold `{name}` placeholders; a text that depends on a number is two entries,
/// `id.one` and `id.other`.
const ENGLISH: &str = include_str!("../messages/en.json");

/// Why a text cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// The file is not a JSON object of strings.
    #[error("message file is not an object of strings")]
    Unreadable(#[source] serde_json::Error),
    /// No such id.
    #[error("no message with id {0:?}")]
    Missing(String),
    /// The text names a value that was not given.
    #[error("message {id:?} needs the value {name:?}")]
    MissingValue {
        /// Message id.
        id: String,
        /// Placeholder.
        name: String,
    },
}

/// The texts of one language.
#[derive(Debug)]
pub struct Messages(BTreeMap<String, String>);

impl Messages {
    /// The English texts.
    pub fn english() -> Result<Self, MessageError> {
        serde_json::from_str(ENGLISH)
            .map(Self)
            .map_err(MessageError::Unreadable)
    }

    /// The text `id` with its placeholders replaced.
    pub fn text(&self, id: &str, value_of: &dyn Fn(&str) -> Option<String>) -> Result<String, MessageError> {
        let mut rest = self
            .0
            .get(id)
            .ok_or_else(|| MessageError::Missing(id.to_owned()))?
            .as_str();
        let mut text = String::with_capacity(rest.len());
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}').unwrap_or((after, ""));
            let value = value_of(name).ok_or_else(|| MessageError::MissingValue {
                id: id.to_owned(),
                name: name.to_owned(),
            })?;
            text.push_str(before);
            text.push_str(&value);
            rest = tail;
        }
        text.push_str(rest);
        Ok(text)
    }

    /// All ids.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_replaced_or_named() {
        let messages = Messages(BTreeMap::from([("a".to_owned(), "{n} of {m}".to_owned())]));
        let all = messages.text("a", &|name| Some(format!("<{name}>"))).unwrap();
        assert_eq!(all, "<n> of <m>");
        let error = messages
            .text("a", &|name| (name == "n").then(String::new))
            .unwrap_err();
        assert_eq!(error.to_string(), "message \"a\" needs the value \"m\"");
        assert!(messages.text("b", &|_| None).is_err());
    }
}
