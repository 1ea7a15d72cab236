//! What brokers push when an order changes: a hint that is worth a look at the book, and never a proof.
//!
//! Messages wait in the world until somebody takes them. They are made from the events that there are anyway,
//! so that a world without listeners has no more to store.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use torana_domain::time::Timestamp;

use super::account::AccountKey;
use super::command::Reply;
use super::event::{Event, Fact};
use super::order::PaperOrder;
use super::{State, Step};

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
    /// The order got other terms.
    Modified,
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
    /// The app that sent the order, and the order as it stands; none for the platform, which reads the book.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Box<Addressee>>,
}

/// An app that is told about an order of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addressee {
    /// Its public key.
    pub app: String,
    /// The order as it stands.
    pub order: PaperOrder,
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

    /// Puts a message in.
    pub(super) fn put(&mut self, key: AccountKey, number: u64, kind: PushKind, at: Timestamp) {
        if self.0.len() >= PUSHES_WAITING_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Waiting {
            key,
            number,
            kind,
            at,
        });
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// What an event is worth telling: about which order, and what.
fn news_of(event: &Event) -> Option<(&AccountKey, u64, PushKind)> {
    match &event.fact {
        Fact::OrderAccepted { key, order } => Some((key, order.number, PushKind::Accepted)),
        Fact::OrderFilled { key, number, .. } => Some((key, *number, PushKind::Filled)),
        Fact::OrderModified { key, number, .. } => Some((key, *number, PushKind::Modified)),
        Fact::OrderEnded { key, number, .. } => Some((key, *number, PushKind::Ended)),
        _ => None,
    }
}

impl State {
    /// Has those told whom an event concerns: the app that sent the order, or the platform.
    pub(super) fn note_push(&mut self, event: &Event) {
        let Some((key, number, kind)) = news_of(event) else {
            return;
        };
        let is_of_app = match &event.fact {
            Fact::OrderAccepted { order, .. } => order.app.is_some(),
            _ => self
                .order_of(key, number)
                .is_some_and(|order| order.app.is_some()),
        };
        let outbox = if is_of_app {
            &mut self.app_outbox
        } else {
            &mut self.outbox
        };
        outbox.put(key.clone(), number, kind, event.at);
    }

    fn order_of(&self, key: &AccountKey, number: u64) -> Option<&PaperOrder> {
        self.accounts.get(key)?.orders.get(&number)
    }
}

impl Step<'_> {
    /// Hands out what waits for the platform. A message about an order that is in no book any more is worth nothing.
    pub(super) fn take_pushes(&mut self) -> Reply {
        let pushes = self.pushes_in(&self.state.outbox);
        if !self.state.outbox.is_empty() {
            self.emit(Fact::PushesTaken);
        }
        Reply::Pushes(self.pushes_under_faults(pushes))
    }

    /// Hands out what waits for apps.
    pub(super) fn take_app_pushes(&mut self) -> Reply {
        let pushes = self.pushes_in(&self.state.app_outbox);
        if !self.state.app_outbox.is_empty() {
            self.emit(Fact::AppPushesTaken);
        }
        Reply::Pushes(self.pushes_under_faults(pushes))
    }

    fn pushes_in(&self, outbox: &Outbox) -> Vec<Push> {
        outbox
            .0
            .iter()
            .filter_map(|waiting| self.push_of(waiting))
            .collect()
    }

    fn push_of(&self, waiting: &Waiting) -> Option<Push> {
        let order = self.state.order_of(&waiting.key, waiting.number)?;
        let to = order.app.clone().map(|app| {
            Box::new(Addressee {
                app,
                order: order.clone(),
            })
        });
        Some(Push {
            key: waiting.key.clone(),
            broker_order_id: order.broker_order_id.clone(),
            reference: order.reference.clone(),
            kind: waiting.kind,
            at: waiting.at,
            is_genuine: true,
            to,
        })
    }
}
