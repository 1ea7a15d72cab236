//! What brokers push when an order changes: a hint that is worth a look at the book, and never a proof.
//!
//! Messages wait in the world until somebody takes them. They are made from the events that there are anyway,
//! so that a world without listeners has no more to store.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use torana_domain::time::Timestamp;

use super::Step;
use super::account::AccountKey;
use super::command::Reply;
use super::event::{Event, Fact};

/// Most messages that wait in one world; the oldest is dropped for another.
pub const PUSHES_WAITING_MAX: usize = 1_000;

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushKind {
    /// The broker took the order.
    Accepted,
    /// The order filled, in part or to its end.
    Filled,
    /// The order ended without a complete fill.
    Ended,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// Whose order.
    pub key: AccountKey,
    /// The broker's id of the order.
    pub broker_order_id: String,
    /// The client's own key of the order.
    pub reference: Option<String>,
    /// What it says.
    pub kind: PushKind,
    /// When that happened.
    pub at: Timestamp,
    /// Whether its checksum is the broker's.
    pub is_genuine: bool,
}

/// A message that waits: the order is looked up when it is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    key: AccountKey,
    number: u64,
    kind: PushKind,
    at: Timestamp,
}

/// The messages that wait, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Outbox(VecDeque<Waiting>);

impl Outbox {
    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts in what an event is worth.
    pub(super) fn note(&mut self, event: &Event) {
        let (key, number, kind) = match &event.fact {
            Fact::OrderAccepted { key, order } => (key, order.number, PushKind::Accepted),
            Fact::OrderFilled { key, number, .. } => (key, *number, PushKind::Filled),
            Fact::OrderEnded { key, number, .. } => (key, *number, PushKind::Ended),
            _ => return,
        };
        if self.0.len() >= PUSHES_WAITING_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Waiting {
            key: key.clone(),
            number,
            kind,
            at: event.at,
        });
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Step<'_> {
    /// Hands out what waits. A message about an order that is in no book any more is worth nothing.
    pub(super) fn take_pushes(&mut self) -> Reply {
        let pushes: Vec<Push> = self
            .state
            .outbox
            .0
            .iter()
            .filter_map(|waiting| self.push_of(waiting))
            .collect();
        if !self.state.outbox.is_empty() {
            self.emit(Fact::PushesTaken);
        }
        Reply::Pushes(self.pushes_under_faults(pushes))
    }

    fn push_of(&self, waiting: &Waiting) -> Option<Push> {
        let order = self
            .state
            .accounts
            .get(&waiting.key)?
            .orders
            .get(&waiting.number)?;
        Some(Push {
            key: waiting.key.clone(),
            broker_order_id: order.broker_order_id.clone(),
            reference: order.reference.clone(),
            kind: waiting.kind,
            at: waiting.at,
            is_genuine: true,
        })
    }
}
