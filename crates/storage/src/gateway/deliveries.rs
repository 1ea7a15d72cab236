//! Webhook deliveries (one event to one URL) and their attempts.

use torana_domain::ids::DeliveryId;
use torana_domain::time::Timestamp;

use super::statements;
use crate::{Row, StoreError, Tx};

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryState {
    /// More attempts are due.
    Pending,
    /// Answered with 2xx.
    Done,
    /// All attempts failed; waits for a resend by hand.
    Parked,
}

impl DeliveryState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Parked => "parked",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Done, Self::Parked]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// A delivery as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Internal key.
    pub id: i64,
    /// Sent as `webhook-id`.
    pub public_id: DeliveryId,
    /// Owner.
    pub gateway_id: i64,
    /// Event type.
    pub event_type: String,
    /// Target.
    pub url: String,
    /// The exact bytes of every attempt.
    pub body: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts made.
    pub attempts: i64,
    /// World time.
    pub first_attempt_at: Option<Timestamp>,
    /// World time.
    pub last_attempt_at: Option<Timestamp>,
}

/// A delivery before it has a key.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// Sent as `webhook-id`.
    pub public_id: DeliveryId,
    /// Owner.
    pub gateway_id: i64,
    /// Transaction that it reports about.
    pub txn_id: Option<i64>,
    /// Event type.
    pub event_type: &'static str,
    /// Number within the transaction.
    pub sequence: i64,
    /// Target.
    pub url: String,
    /// The exact bytes of every attempt.
    pub body: String,
    /// World time.
    pub created_at: Timestamp,
}

/// One HTTP try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Wall time.
    pub at: Timestamp,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// What went wrong.
    pub error: Option<String>,
    /// How long it took.
    pub duration_ms: i64,
}

statements! {
    INSERT = "INSERT INTO delivery (public_id, gateway_id, txn_id, event_type, sequence, url, body, state, attempts,
        created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', 0, $8) RETURNING id";
    LOAD = "SELECT id, public_id, gateway_id, event_type, url, body, state, attempts, first_attempt_at,
        last_attempt_at FROM delivery WHERE id = $1";
    UPDATE = "UPDATE delivery SET state = $2, attempts = $3, first_attempt_at = $4, last_attempt_at = $5 WHERE id = $1";
    INSERT_ATTEMPT = "INSERT INTO delivery_attempt (delivery_id, attempt, at, status, error, duration_ms)
        VALUES ($1, $2, $3, $4, $5, $6)";
    ATTEMPTS = "SELECT at, status, error, duration_ms FROM delivery_attempt WHERE delivery_id = $1 ORDER BY attempt";
}

fn read(row: &Row) -> Result<DeliveryRow, StoreError> {
    Ok(DeliveryRow {
        id: row.int(0)?,
        public_id: row.parsed(1, DeliveryId::parse)?,
        gateway_id: row.int(2)?,
        event_type: row.text(3)?,
        url: row.text(4)?,
        body: row.text(5)?,
        state: row.parsed(6, |text| DeliveryState::parse(text).ok_or(()))?,
        attempts: row.int(7)?,
        first_attempt_at: row.opt_time(8)?,
        last_attempt_at: row.opt_time(9)?,
    })
}

/// Stores a delivery in the commit of the event that it reports.
pub fn insert(tx: &mut dyn Tx, new: &NewDelivery) -> Result<i64, StoreError> {
    let params = [
        new.public_id.as_str().into(),
        new.gateway_id.into(),
        new.txn_id.into(),
        new.event_type.into(),
        new.sequence.into(),
        new.url.as_str().into(),
        new.body.as_str().into(),
        new.created_at.into(),
    ];
    tx.query_one(INSERT, &params)?.int(0)
}

/// By internal key; must exist.
pub fn load(tx: &mut dyn Tx, id: i64) -> Result<DeliveryRow, StoreError> {
    read(&tx.query_one(LOAD, &[id.into()])?)
}

/// Stores an attempt and where the delivery stands after it.
pub fn record_attempt(tx: &mut dyn Tx, row: &DeliveryRow, attempt: &Attempt) -> Result<(), StoreError> {
    let params = [
        row.id.into(),
        row.state.as_str().into(),
        row.attempts.into(),
        row.first_attempt_at.into(),
        row.last_attempt_at.into(),
    ];
    tx.execute_one(UPDATE, &params)?;
    let params = [
        row.id.into(),
        row.attempts.into(),
        attempt.at.into(),
        attempt.status.map(i64::from).into(),
        attempt.error.as_deref().into(),
        attempt.duration_ms.into(),
    ];
    tx.execute_one(INSERT_ATTEMPT, &params)
}

/// The attempts of a delivery, oldest first.
pub fn attempts(tx: &mut dyn Tx, delivery_id: i64) -> Result<Vec<Attempt>, StoreError> {
    tx.query(ATTEMPTS, &[delivery_id.into()])?
        .iter()
        .map(|row| {
            Ok(Attempt {
                at: row.time(0)?,
                status: row.opt_int(1)?.and_then(|status| u16::try_from(status).ok()),
                error: row.opt_text(2)?,
                duration_ms: row.int(3)?,
            })
        })
        .collect()
}
