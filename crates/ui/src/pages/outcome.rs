//! How a flow ends, and pages outside of any step.

use serde::Serialize;

use super::broker::{BrokerView, Purpose};

/// How the flow ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// Everything that was asked for is done, or goes on without the user.
    Success {
        /// What the user came for.
        purpose: Purpose,
        /// The broker.
        broker: BrokerView,
    },
    /// The contract's failure; the text is `failure.{message}`.
    Failure {
        /// The contract's message, such as `user_mismatch`.
        message: &'static str,
        /// The contract's number, shown small for support.
        code: u16,
    },
}

/// Step 19: closes by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Done {
    /// How it ended.
    pub outcome: Outcome,
    /// Where the flow returns in redirect mode, parameters included; checked against the partner's origins.
    pub return_url: Option<String>,
}

/// "Really cancel?" Action: `cancel`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cancel {
    /// Path of the page to go back to.
    pub back: String,
}

/// Why there is no page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The flow ran out of time.
    Expired,
    /// The one-time start was used or is too old.
    StartUsed,
    /// No such page.
    NotFound,
    /// The form was not one of this page, or too old.
    FormRefused,
    /// The broker does not answer.
    BrokerUnavailable,
    /// The gateway is paused or cannot store anything now.
    Unavailable,
    /// Too many requests.
    TooMany,
    /// An error of ours.
    Internal,
}

/// An error page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorPage {
    /// Why.
    pub kind: ErrorKind,
    /// Path to try again, where that helps.
    pub retry: Option<String>,
    /// Where the partner is, in redirect mode; checked against the partner's origins.
    pub return_url: Option<String>,
}

/// The flow's cookie is missing: says only how to return to the partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherBrowser {}
