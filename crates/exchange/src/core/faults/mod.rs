//! Faults on demand: what can go wrong at a broker, chosen by name, within a scope, a number of times or with a
//! probability from the world's seed.
//!
//! [`catalogue`] is the table of what there is; this file holds the faults that are set, as part of a world's
//! state; [`hooks`] lets them fire around a command; [`fate`], [`book`], [`pushes`] and [`door`] are what they do to
//! orders, to the order book, to messages and at the door. What they do to the wire is a value of the answer, a [`Disturbance`]:
//! whoever carries the answer to the client makes it true there.
//!
//! Invariant: a fault fires by an event. Equal worlds with equal commands have equal faults firing.
//! Invariant: a fault changes no order in a way that breaks the core's own rules.

mod book;
pub mod catalogue;
pub mod disturbance;
mod door;
mod fate;
mod hooks;
pub mod params;
mod pushes;
mod request;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use torana_domain::broker_key::BrokerKey;
use torana_domain::time::Timestamp;

use super::account::AccountKey;
use super::price::{fold, mix};
pub use catalogue::{CATALOGUE, FaultKind, FaultSpec, RequestClass};
pub use disturbance::Disturbance;
pub use params::{ParamSpec, ParamValue, Params};

/// Most faults of one world that can still fire.
pub const ACTIVE_FAULTS_MAX: usize = 100;
/// Most faults that are remembered after they fired for the last time.
pub const SPENT_FAULTS_KEPT: usize = 100;
/// Most times that one fault can be told to fire.
pub const TIMES_MAX: u32 = 1_000_000;
/// A probability of 1.
pub const CERTAIN_PPM: u32 = 1_000_000;

/// Which requests a fault may hit; what is not given does not matter, what is given must all match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultScope {
    /// Name of the account, at whatever broker.
    pub account: Option<String>,
    /// At which broker.
    pub broker: Option<BrokerKey>,
    /// Kind of request; one of the fault's own.
    pub request_class: Option<RequestClass>,
}

impl FaultScope {
    fn holds(&self, key: &AccountKey, class: RequestClass) -> bool {
        self.account
            .as_deref()
            .is_none_or(|account| account == key.account())
            && self.broker.is_none_or(|broker| broker == key.broker())
            && self.request_class.is_none_or(|only| only == class)
    }
}

/// How often a fault fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// At the next so many requests that it can hit, 1 or more.
    Times(u32),
    /// At each of them with this probability in millionths, 1 to [`CERTAIN_PPM`], drawn from the world's seed.
    Probability(u32),
}

/// A fault that is to be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewFault {
    /// Which.
    pub kind: FaultKind,
    /// Whom it hits.
    pub scope: FaultScope,
    /// How often.
    pub trigger: Trigger,
    /// All of the kind's parameters; see [`FaultKind::params`].
    pub params: Params,
}

/// A fault of a world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Its number in the world, from 1.
    pub number: u64,
    /// What was asked for.
    #[serde(flatten)]
    pub asked: NewFault,
    /// When it was set.
    pub set_at: Timestamp,
    /// How often it fired.
    pub fired: u64,
    /// Requests for which it drew.
    pub drawn: u64,
    /// Until when it goes on hitting everything, for a fault that lasts.
    pub open_until: Option<Timestamp>,
    /// Orders that the world had taken when it was set or fired last.
    pub orders_before: u64,
}

impl Fault {
    /// Whether it can still do something at `at`.
    #[must_use]
    pub fn is_active(&self, at: Timestamp) -> bool {
        let may_fire = match self.asked.trigger {
            Trigger::Times(times) => self.fired < u64::from(times),
            Trigger::Probability(_) => true,
        };
        may_fire || self.is_open(at)
    }

    /// Whether it fired and lasts.
    fn is_open(&self, at: Timestamp) -> bool {
        self.open_until.is_some_and(|end| at < end)
    }

    /// Whether the next request that it can hit makes it fire. Every request has a draw of its own.
    fn strikes(&self, seed: u64) -> bool {
        match self.asked.trigger {
            Trigger::Times(times) => self.fired < u64::from(times),
            Trigger::Probability(ppm) => {
                let draw = fold(seed ^ mix(self.number), &self.drawn.to_be_bytes());
                draw % u64::from(CERTAIN_PPM) < u64::from(ppm)
            }
        }
    }
}

/// The faults of a world.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults {
    /// Faults set so far.
    count: u64,
    /// By number: those that can still fire, and the latest of those that cannot.
    set: BTreeMap<u64, Fault>,
}

impl Faults {
    /// No faults.
    pub(super) const fn empty() -> Self {
        Self {
            count: 0,
            set: BTreeMap::new(),
        }
    }

    /// Those that can still fire, oldest first.
    pub fn active(&self, at: Timestamp) -> impl Iterator<Item = &Fault> {
        self.set.values().filter(move |fault| fault.is_active(at))
    }

    /// The latest of those that cannot fire any more, oldest first.
    pub fn spent(&self, at: Timestamp) -> impl Iterator<Item = &Fault> {
        self.set.values().filter(move |fault| !fault.is_active(at))
    }

    /// The fault that would be set next.
    fn next(&self, asked: NewFault, at: Timestamp, orders: u64) -> Fault {
        Fault {
            number: self.count + 1,
            asked,
            set_at: at,
            fired: 0,
            drawn: 0,
            open_until: None,
            orders_before: orders,
        }
    }

    pub(super) fn add(&mut self, fault: &Fault) {
        self.count = self.count.max(fault.number);
        self.set.insert(fault.number, fault.clone());
        let spent: Vec<u64> = self.spent(fault.set_at).map(|fault| fault.number).collect();
        for number in spent.iter().rev().skip(SPENT_FAULTS_KEPT) {
            self.set.remove(number);
        }
    }

    pub(super) fn fire(&mut self, number: u64, open_until: Option<Timestamp>, orders: u64) {
        if let Some(fault) = self.set.get_mut(&number) {
            fault.fired += 1;
            fault.drawn += 1;
            fault.open_until = open_until;
            fault.orders_before = orders;
        }
    }

    pub(super) fn pass(&mut self, number: u64) {
        if let Some(fault) = self.set.get_mut(&number) {
            fault.drawn += 1;
        }
    }

    pub(super) fn remove(&mut self, number: u64) {
        self.set.remove(&number);
    }
}
