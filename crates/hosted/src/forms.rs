//! Forms: reading them, and their CSRF token.

use std::collections::BTreeMap;

use axum::body::Body;
use http_body_util::{BodyExt as _, Limited};
use torana_brokers::{BrokerReturn, Field};
use torana_credentials::sha256_hex;
use torana_engine::flow::review::LineEdit;

/// Largest form, in bytes: a review of 100 lines fits several times.
const FORM_BYTES_MAX: usize = 128 * 1024;
/// Most fields of a form.
const FIELDS_MAX: usize = 1000;

/// A posted form; of repeated names the last one counts.
#[derive(Debug, Default)]
pub struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads a form body; `None` if it is too large or does not arrive.
    pub async fn read(body: Body) -> Option<Self> {
        let bytes = Limited::new(body, FORM_BYTES_MAX)
            .collect()
            .await
            .ok()?
            .to_bytes();
        let fields = url::form_urlencoded::parse(&bytes)
            .into_owned()
            .take(FIELDS_MAX)
            .collect();
        Some(Self(fields))
    }

    /// The value of a field, empty if it is missing.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn optional(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// Whether the form carries the token that belongs to this flow cookie.
    pub fn has_token_of(&self, cookie: &str) -> bool {
        // Both sides are hashes of secrets: a plain comparison tells an attacker nothing to build on.
        self.get("csrf") == csrf_token(cookie)
    }

    /// The answer to a broker's fields: the chosen value, or what was typed in its place.
    pub fn broker_return(&self, fields: &[Field]) -> BrokerReturn {
        let value = |field: &Field| {
            let chosen = self.get(field.name);
            let typed = self.get(&format!("{}__other", field.name));
            let value = if chosen.is_empty() { typed } else { chosen };
            (field.name.to_owned(), value.trim().to_owned())
        };
        BrokerReturn::Fields(fields.iter().map(value).collect())
    }

    /// The edits of a review with that many lines.
    pub fn line_edits(&self, lines: usize) -> Vec<LineEdit> {
        let edit = |line: usize| LineEdit {
            line,
            side: self.optional(&format!("line.{line}.type")),
            quantity: self.optional(&format!("line.{line}.quantity")),
            order_type: self.optional(&format!("line.{line}.orderType")),
            price: self.optional(&format!("line.{line}.price")),
            validity: self.optional(&format!("line.{line}.validity")),
        };
        (0..lines).map(edit).collect()
    }
}

/// The CSRF token of a flow: derived from its cookie, which a foreign page can neither read nor set.
pub fn csrf_token(cookie: &str) -> String {
    sha256_hex(format!("csrf/{cookie}").as_bytes())
}
