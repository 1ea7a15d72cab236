//! What the SDK protocol answers: sessions, starts, the state of a flow and its settlement.

use serde::Serialize;
use torana_domain::ids::TransactionId;
use torana_domain::transaction::{Failure, Status};
use utoipa::ToSchema;

use crate::batch::BatchBody;
use crate::number::Decimal;
use crate::transaction::{ResultData, TransactionView};

/// `data` of `init`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InitBody {
    /// Opaque bearer of the SDK session.
    pub sdk_session: String,
    /// Milliseconds of wall time that are left.
    pub session_expires_in_ms: i64,
    /// `GUEST` or `CONNECTED`.
    #[schema(value_type = String)]
    pub status: &'static str,
    /// Broker key of a connected user.
    #[schema(required, value_type = Option<String>)]
    pub broker: Option<&'static str>,
    /// The partner's name.
    pub display_name: String,
    /// `sandbox` or `live`.
    #[schema(value_type = String)]
    pub mode: &'static str,
}

/// `data` of `start`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartBody {
    /// Where the hidden form is posted.
    pub start_url: String,
    /// One-time handle.
    pub handle: String,
    /// Authenticates window messages.
    pub nonce: String,
}

/// Where the user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PagePresence {
    /// On a page of the flow.
    Present,
    /// No page shows presence.
    Gone,
    /// At a broker's own page.
    External,
}

/// `data` of `state` and `closed`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StateBody {
    /// The transaction.
    pub transaction_id: String,
    /// The real status.
    #[schema(value_type = String)]
    pub status: &'static str,
    /// Name of the hosted step; `null` before the first one.
    #[schema(required)]
    pub step: Option<String>,
    /// Where the user is.
    pub page: PagePresence,
    /// Whether an order was handed over.
    pub handed_over: bool,
    /// Wall milliseconds to expiry at the world's present rate; `null` while frozen or terminal.
    #[schema(required)]
    pub expires_in_ms: Option<i64>,
    /// Wall milliseconds until the next poll.
    pub poll_after_ms: i64,
    /// The server's decision.
    pub settlement: SettlementBody,
}

impl StateBody {
    /// A state answer; the fields are public for callers that know them by name.
    #[must_use]
    pub fn new(transaction_id: &TransactionId, status: Status, settlement: SettlementBody) -> Self {
        Self {
            transaction_id: transaction_id.to_string(),
            status: status.as_str(),
            step: None,
            page: PagePresence::Gone,
            handed_over: false,
            expires_in_ms: None,
            poll_after_ms: 0,
            settlement,
        }
    }
}

/// How a promise of the SDK settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Not yet.
    Pending,
    /// With a result.
    Resolve,
    /// With an error.
    Reject,
}

/// The server's decision about the SDK's promise.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SettlementBody {
    /// Pending, resolve or reject.
    pub outcome: Outcome,
    /// Number of a rejection.
    #[schema(required)]
    pub code: Option<u16>,
    /// Message of a rejection.
    #[schema(required, value_type = Option<String>)]
    pub message: Option<&'static str>,
    /// The result of a resolution, or the data of a rejection.
    #[schema(required)]
    pub result: Option<SettlementResult>,
}

/// What comes with a settlement.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum SettlementResult {
    /// Of a resolution.
    Result(Box<ResultBody>),
    /// Of a rejection after a verified login.
    Error(ErrorData),
}

impl SettlementBody {
    /// Nothing is decided yet.
    #[must_use]
    pub const fn pending() -> Self {
        Self {
            outcome: Outcome::Pending,
            code: None,
            message: None,
            result: None,
        }
    }

    /// The promise resolves. `None` while there is no verified login, without which no result exists.
    #[must_use]
    pub fn resolve(view: &TransactionView<'_>) -> Option<Self> {
        let result = ResultBody::of(view)?;
        let result = Some(SettlementResult::Result(Box::new(result)));
        Some(Self {
            outcome: Outcome::Resolve,
            code: None,
            message: None,
            result,
        })
    }

    /// The promise rejects with this failure; the identity goes along where the login was verified.
    #[must_use]
    pub fn reject(failure: Failure, view: &TransactionView<'_>) -> Self {
        Self {
            outcome: Outcome::Reject,
            code: Some(failure.code),
            message: Some(failure.message),
            result: ErrorData::of(view).map(SettlementResult::Error),
        }
    }
}

/// The result object of the SDK: one superset for every intent, at top level and again inside `data`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResultBody {
    /// Always `true`.
    pub success: bool,
    /// Always `null`.
    #[schema(required, value_type = Option<Vec<String>>)]
    pub errors: Option<()>,
    /// The intent.
    #[schema(value_type = String)]
    pub transaction: &'static str,
    /// The reported status.
    #[schema(value_type = String)]
    pub status: &'static str,
    /// The user's token, valid for one hour.
    pub smallcase_auth_token: String,
    /// Broker key.
    #[schema(value_type = String)]
    pub broker: &'static str,
    /// Whether the login made a new user.
    pub signup: bool,
    /// The transaction.
    pub transaction_id: String,
    /// The partner's own note.
    #[schema(required)]
    pub notes: Option<String>,
    /// Batches of an order transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_batches: Option<Vec<BatchBody>>,
    /// Available cash in rupees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub funds: Option<Decimal>,
    /// The same again, where other clients look for it.
    pub data: ResultMirror,
}

/// `data` of the result object.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResultMirror {
    /// The user's token.
    pub smallcase_auth_token: String,
    /// Broker key.
    #[schema(value_type = String)]
    pub broker: &'static str,
    /// Whether the login made a new user.
    pub signup: bool,
    /// The transaction.
    pub transaction_id: String,
    /// The partner's own note.
    #[schema(required)]
    pub notes: Option<String>,
    /// Batches, cash or authorisation.
    #[serde(flatten)]
    pub produced: ResultData,
}

impl ResultBody {
    /// The result of a transaction; `None` before the login is verified.
    #[must_use]
    pub fn of(view: &TransactionView<'_>) -> Option<Self> {
        let who = view.identity?;
        let mut produced = ResultData::of(view);
        if view.status == Status::ActionRequired {
            produced.batches = Some(Vec::new());
            produced.order_batches = Some(Vec::new());
        }
        Some(Self {
            success: true,
            errors: None,
            transaction: view.intent.kind().as_str(),
            status: view.reported_status().as_str(),
            smallcase_auth_token: who.token.to_owned(),
            broker: who.broker.as_str(),
            signup: who.signup,
            transaction_id: view.transaction_id.to_string(),
            notes: view.notes.map(str::to_owned),
            order_batches: produced.order_batches.clone(),
            funds: produced.funds,
            data: ResultMirror {
                smallcase_auth_token: who.token.to_owned(),
                broker: who.broker.as_str(),
                signup: who.signup,
                transaction_id: view.transaction_id.to_string(),
                notes: view.notes.map(str::to_owned),
                produced,
            },
        })
    }
}

/// `data` of a rejection after a verified login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ErrorData {
    /// The user's token.
    pub smallcase_auth_token: String,
    /// Broker key.
    #[schema(value_type = String)]
    pub broker: &'static str,
    /// Whether the login made a new user.
    pub signup: bool,
    /// The transaction.
    pub transaction_id: String,
}

impl ErrorData {
    /// `None` before the login is verified.
    #[must_use]
    pub fn of(view: &TransactionView<'_>) -> Option<Self> {
        view.identity.map(|who| Self {
            smallcase_auth_token: who.token.to_owned(),
            broker: who.broker.as_str(),
            signup: who.signup,
            transaction_id: view.transaction_id.to_string(),
        })
    }
}
