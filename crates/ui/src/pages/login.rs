//! Login, identity and consent.

use serde::Serialize;

use super::broker::BrokerView;

/// One offered value of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoginChoice {
    /// What is posted and shown.
    pub value: String,
    /// What it does, in a few words.
    pub explanation: String,
}

/// One input of a form that a broker asks for. Posted under `name`; a field with choices also offers a free
/// entry, posted under `{name}__other` and meant when `name` is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoginField {
    /// Form name.
    pub name: String,
    /// What the user reads.
    pub label: String,
    /// Offered values; empty for free text.
    pub choices: Vec<LoginChoice>,
    /// Whether the typed text is hidden.
    pub is_secret: bool,
    /// What the user entered before; never filled in for a secret.
    pub value: String,
}

/// Step 6: the form of sandbox brokers and brokers without a page of their own, or the way to the broker's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Login {
    /// The broker.
    pub broker: BrokerView,
    /// Its inputs.
    pub fields: Vec<LoginField>,
    /// Whether the login is on the broker's own pages; there are no inputs then.
    pub is_elsewhere: bool,
    /// Whether these are paper accounts.
    pub is_sandbox: bool,
    /// Whether another broker can be chosen.
    pub may_choose_other: bool,
}

/// Between steps 5 and 6: shown for a moment, leads on to the broker's own pages by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leave {
    /// The broker.
    pub broker: BrokerView,
    /// Absolute web address.
    pub url: String,
}

/// Step 7.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// The broker of the living session.
    pub broker: BrokerView,
    /// Masked account id.
    pub account_hint: String,
}

/// Step 8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// The broker that was logged in to.
    pub broker: BrokerView,
    /// The broker that the partner's user is linked to.
    pub expected: BrokerView,
}

/// Step 9.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consent {
    /// The broker.
    pub broker: BrokerView,
    /// Whether demat mutual funds are included.
    pub includes_funds: bool,
}
