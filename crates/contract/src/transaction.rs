//! The answer of transaction details: a nested object and its flat mirrors.

use serde::Serialize;
use torana_domain::broker_key::BrokerKey;
use torana_domain::ids::{AuthId, GatewayName, TransactionId};
use torana_domain::intent::{BasketLine, Intent, OrderMeta};
use torana_domain::money::Paise;
use torana_domain::time::Timestamp;
use torana_domain::transaction::{Failure, Status};
use utoipa::ToSchema;

use crate::batch::{BatchBody, BatchView};
use crate::instant::Instant;
use crate::number::Decimal;

/// A verified login, with a freshly minted token.
#[derive(Clone, Copy, Debug)]
pub struct IdentityView<'a> {
    /// The user.
    pub auth_id: &'a AuthId,
    /// User token minted for this very answer.
    pub token: &'a str,
    /// Where the account is.
    pub broker: BrokerKey,
    /// Whether the login made a new user.
    pub signup: bool,
}

/// What the answers about one transaction are made of.
#[derive(Clone, Copy, Debug)]
pub struct TransactionView<'a> {
    /// The transaction.
    pub transaction_id: &'a TransactionId,
    /// Its gateway.
    pub gateway: &'a GatewayName,
    /// What it is for.
    pub intent: &'a Intent,
    /// The real status.
    pub status: Status,
    /// The gateway's setting: whether `status` may say `CANCELLED` and `EXPIRED`.
    pub extended_statuses: bool,
    /// Why it failed, was cancelled or expired.
    pub failure: Option<Failure>,
    /// End of the interactive part (world time).
    pub expire_at: Timestamp,
    /// Creation (world time).
    pub created_at: Timestamp,
    /// Last change (world time).
    pub updated_at: Timestamp,
    /// The partner's own note.
    pub notes: Option<&'a str>,
    /// `None` until the login is verified.
    pub identity: Option<IdentityView<'a>>,
    /// Batches of an order transaction.
    pub batches: &'a [BatchView<'a>],
    /// Available cash while it may still be read.
    pub funds: Option<Paise>,
}

impl TransactionView<'_> {
    /// The status that this gateway's partner sees.
    #[must_use]
    pub const fn reported_status(&self) -> Status {
        self.status.reported(self.extended_statuses)
    }
}

/// `data` of transaction details.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransactionDetailsData {
    /// The documented object.
    pub transaction_details: TransactionDetails,
    /// Mirror.
    pub transaction_id: String,
    /// Mirror.
    #[schema(value_type = String)]
    pub intent: &'static str,
    /// Mirror.
    #[schema(value_type = String)]
    pub status: &'static str,
    /// `null` before the login.
    #[schema(required)]
    pub smallcase_auth_id: Option<String>,
    /// `null` before the login; valid for one hour.
    #[schema(required)]
    pub smallcase_auth_token: Option<String>,
    /// Equals `smallcaseAuthToken`.
    #[schema(required)]
    pub auth_token: Option<String>,
    /// Equals `smallcaseAuthId`.
    #[schema(required)]
    pub user_id: Option<String>,
    /// Broker key, `null` before the login.
    #[schema(required, value_type = Option<String>)]
    pub broker: Option<&'static str>,
    /// Mirror.
    pub expire_at: Instant,
    /// Mirror.
    #[schema(required)]
    pub error: Option<TransactionError>,
}

/// One transaction.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransactionDetails {
    /// `TRX_` and 32 hexadecimal digits.
    pub transaction_id: String,
    /// The intent.
    #[schema(value_type = String)]
    pub intent: &'static str,
    /// The reported status.
    #[schema(value_type = String)]
    pub status: &'static str,
    /// The real status.
    #[schema(value_type = String)]
    pub raw_status: &'static str,
    /// Gateway name.
    pub gateway: String,
    /// End of the interactive part.
    pub expire_at: Instant,
    /// Whether the time ran out before the transaction came to an end.
    pub expired: bool,
    /// Creation.
    pub created_at: Instant,
    /// Last change.
    pub updated_at: Instant,
    /// The partner's own note.
    #[schema(required)]
    pub notes: Option<String>,
    /// The order that was asked for; `null` for other intents.
    #[schema(required)]
    pub order_config: Option<OrderConfigBody>,
    /// `null` until the login is verified.
    #[schema(required)]
    pub success: Option<TransactionSuccess>,
    /// Why it failed.
    #[schema(required)]
    pub error: Option<TransactionError>,
}

/// Who logged in, and the result.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransactionSuccess {
    /// Minted for this answer, valid for one hour.
    pub smallcase_auth_token: String,
    /// The user.
    pub smallcase_auth_id: String,
    /// Broker key.
    #[schema(value_type = String)]
    pub broker: &'static str,
    /// The transaction.
    pub transaction_id: String,
    /// The partner's own note.
    #[schema(required)]
    pub notes: Option<String>,
    /// Whether the login made a new user.
    pub signup: bool,
    /// The result; `{}` where there is none (yet).
    pub data: ResultData,
}

/// What an intent produced. Members that the intent does not have are absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResultData {
    /// Batches, live values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batches: Option<Vec<BatchBody>>,
    /// The same batches under their other name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_batches: Option<Vec<BatchBody>>,
    /// Available cash in rupees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub funds: Option<Decimal>,
    /// `true` once shares are authorised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<bool>,
}

/// A numbered failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TransactionError {
    /// The contract's number.
    pub code: u16,
    /// The contract's message for it.
    #[schema(value_type = String)]
    pub message: &'static str,
}

impl From<Failure> for TransactionError {
    fn from(failure: Failure) -> Self {
        Self {
            code: failure.code,
            message: failure.message,
        }
    }
}

/// An order as it was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct OrderConfigBody {
    /// `SECURITIES`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub order_config_type: &'static str,
    /// The lines.
    pub securities: Vec<SecurityBody>,
    /// Texts for the review page; absent when none were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<OrderMetaBody>,
}

/// One line of an order as it was asked for. What the user is to enter is absent.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityBody {
    /// NSE ticker.
    pub ticker: String,
    /// Shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i64>,
    /// `BUY` or `SELL`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub side: Option<&'static str>,
    /// Always `NSE`.
    #[schema(value_type = String)]
    pub exchange: &'static str,
    /// `MARKET` or `LIMIT`.
    #[schema(value_type = String)]
    pub order_type: &'static str,
    /// Limit price in rupees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Decimal>,
    /// `DAY` or `IOC`.
    #[schema(value_type = String)]
    pub validity: &'static str,
}

/// Texts for the review page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderMetaBody {
    /// Name of the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_name: Option<String>,
    /// Address of a logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_logo: Option<String>,
}

impl TransactionDetailsData {
    /// The answer for this transaction.
    #[must_use]
    pub fn of(view: &TransactionView<'_>) -> Self {
        let identity = view.identity;
        let token = identity.map(|who| who.token.to_owned());
        let user = identity.map(|who| who.auth_id.to_string());
        Self {
            transaction_details: TransactionDetails::of(view),
            transaction_id: view.transaction_id.to_string(),
            intent: view.intent.kind().as_str(),
            status: view.reported_status().as_str(),
            smallcase_auth_id: user.clone(),
            smallcase_auth_token: token.clone(),
            auth_token: token,
            user_id: user,
            broker: identity.map(|who| who.broker.as_str()),
            expire_at: Instant(view.expire_at),
            error: view.failure.map(TransactionError::from),
        }
    }
}

impl TransactionDetails {
    fn of(view: &TransactionView<'_>) -> Self {
        Self {
            transaction_id: view.transaction_id.to_string(),
            intent: view.intent.kind().as_str(),
            status: view.reported_status().as_str(),
            raw_status: view.status.as_str(),
            gateway: view.gateway.to_string(),
            expire_at: Instant(view.expire_at),
            expired: view.status == Status::Expired,
            created_at: Instant(view.created_at),
            updated_at: Instant(view.updated_at),
            notes: view.notes.map(str::to_owned),
            order_config: OrderConfigBody::of(view.intent),
            success: TransactionSuccess::of(view),
            error: view.failure.map(TransactionError::from),
        }
    }
}

impl TransactionSuccess {
    fn of(view: &TransactionView<'_>) -> Option<Self> {
        view.identity.map(|who| Self {
            smallcase_auth_token: who.token.to_owned(),
            smallcase_auth_id: who.auth_id.to_string(),
            broker: who.broker.as_str(),
            transaction_id: view.transaction_id.to_string(),
            notes: view.notes.map(str::to_owned),
            signup: who.signup,
            data: ResultData::of(view),
        })
    }
}

impl ResultData {
    /// What the intent has produced so far. Batches are shown from the hand-over on, as they stand; everything
    /// else once the transaction is completed.
    #[must_use]
    pub fn of(view: &TransactionView<'_>) -> Self {
        let done = view.status == Status::Completed;
        match view.intent {
            Intent::Securities { .. } if done || !view.batches.is_empty() => {
                let batches: Vec<BatchBody> = view.batches.iter().map(BatchBody::of).collect();
                Self {
                    batches: Some(batches.clone()),
                    order_batches: Some(batches),
                    ..Self::default()
                }
            }
            Intent::FetchFunds if done => Self {
                funds: view.funds.map(Decimal::from),
                ..Self::default()
            },
            Intent::AuthoriseHoldings if done => Self {
                status: Some(true),
                ..Self::default()
            },
            _ => Self::default(),
        }
    }
}

impl OrderConfigBody {
    fn of(intent: &Intent) -> Option<Self> {
        let Intent::Securities { lines, meta } = intent else {
            return None;
        };
        Some(Self {
            order_config_type: "SECURITIES",
            securities: lines.iter().map(SecurityBody::of).collect(),
            meta: OrderMetaBody::of(meta),
        })
    }
}

impl SecurityBody {
    fn of(line: &BasketLine) -> Self {
        Self {
            ticker: line.ticker.clone(),
            quantity: line.quantity.map(|shares| shares.0),
            side: line.side.map(torana_domain::order::Side::as_str),
            exchange: "NSE",
            order_type: line.order_type.as_str(),
            price: line.price.map(Decimal::from),
            validity: line.validity.as_str(),
        }
    }
}

impl OrderMetaBody {
    fn of(meta: &OrderMeta) -> Option<Self> {
        let given = meta.order_name.is_some() || meta.order_logo.is_some();
        given.then(|| Self {
            order_name: meta.order_name.clone(),
            order_logo: meta.order_logo.clone(),
        })
    }
}
