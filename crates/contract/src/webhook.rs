//! Webhook bodies. The checksum is computed elsewhere and passed in.

use serde::Serialize;
use torana_domain::batch::BatchStatus;
use torana_domain::ids::{AuthId, GatewayName, TransactionId};
use torana_domain::intent::IntentKind;
use torana_domain::time::Timestamp;

use crate::batch::{BatchBody, BatchView};
use crate::holdings::{HoldingsBody, HoldingsView};
use crate::instant::Instant;

/// Events that are delivered as webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventType {
    /// The first order of a batch is proven accepted.
    OrderPlaced,
    /// Every order of a batch is final.
    OrderCompleted,
    /// Imported holdings are stored.
    HoldingsImported,
}

impl EventType {
    /// Every event.
    pub const ALL: [Self; 3] = [Self::OrderPlaced, Self::OrderCompleted, Self::HoldingsImported];

    /// The word of `eventType`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrderPlaced => "order.placed",
            Self::OrderCompleted => "order.completed",
            Self::HoldingsImported => "holdings.imported",
        }
    }

    /// Parses the exact word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == text)
    }
}

/// What every webhook body carries beside its subject.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// The gateway.
    pub gateway: &'a GatewayName,
    /// 1, 2, … within the transaction.
    pub sequence: u32,
    /// When the event happened (world time); always 24 characters in the body.
    pub timestamp: Timestamp,
    /// Lowercase hexadecimal HMAC over timestamp and user id.
    pub checksum: &'a str,
}

/// Which of the two order events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderEvent {
    /// `order.placed`.
    Placed,
    /// `order.completed`.
    Completed,
}

/// Body of an order webhook: one batch, flat.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderPayload {
    #[serde(flatten)]
    batch: BatchBody,
    smallcase_auth_id: String,
    intent: &'static str,
    event_type: &'static str,
    sequence: u32,
    gateway: String,
    notes: Option<String>,
    timestamp: Instant,
    checksum: String,
}

impl OrderPayload {
    /// The body of `event`. An `order.placed` says `PLACED` without a completion date even when the batch is
    /// final already.
    #[must_use]
    pub fn of(
        event: OrderEvent,
        batch: &BatchView<'_>,
        auth_id: &AuthId,
        notes: Option<&str>,
        stamp: &Stamp<'_>,
    ) -> Self {
        let mut batch = BatchBody::of(batch);
        let event_type = match event {
            OrderEvent::Placed => {
                batch.status = BatchStatus::Placed.as_str();
                batch.completed_date = None;
                EventType::OrderPlaced
            }
            OrderEvent::Completed => EventType::OrderCompleted,
        };
        Self {
            batch,
            smallcase_auth_id: auth_id.to_string(),
            intent: IntentKind::Transaction.as_str(),
            event_type: event_type.as_str(),
            sequence: stamp.sequence,
            gateway: stamp.gateway.to_string(),
            notes: notes.map(str::to_owned),
            timestamp: Instant(stamp.timestamp),
            checksum: stamp.checksum.to_owned(),
        }
    }
}

/// Body of a holdings webhook: the holdings payload, flat.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HoldingsPayload {
    #[serde(flatten)]
    holdings: HoldingsBody,
    transaction_id: String,
    intent: &'static str,
    event_type: &'static str,
    sequence: u32,
    gateway: String,
    timestamp: Instant,
    checksum: String,
}

impl HoldingsPayload {
    /// The body of `holdings.imported`.
    #[must_use]
    pub fn of(holdings: &HoldingsView<'_>, transaction_id: &TransactionId, stamp: &Stamp<'_>) -> Self {
        Self {
            holdings: HoldingsBody::of(holdings),
            transaction_id: transaction_id.to_string(),
            intent: IntentKind::HoldingsImport.as_str(),
            event_type: EventType::HoldingsImported.as_str(),
            sequence: stamp.sequence,
            gateway: stamp.gateway.to_string(),
            timestamp: Instant(stamp.timestamp),
            checksum: stamp.checksum.to_owned(),
        }
    }
}
