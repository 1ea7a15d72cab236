//! What the prices of a world hang on: where they started, and the prices that were set from outside.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use torana_domain::money::Price;
use torana_domain::time::{Date, Timestamp};

use super::event::Fact;
use super::price::Mark;

/// Most replaced anchors of one security, and most halts of days that are over, that are kept to show the past.
const PAST_KEPT_MAX: usize = 64;

/// A price that was set, with what is needed to go on from it without looking further back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The trading day that it belongs to.
    pub day: Date,
    /// The price of that day that all later ones of the day go on from.
    pub set: Mark,
    /// The official close of that day, which all later days go on from.
    pub close: Mark,
    /// The official close of the day before it.
    pub previous_close: Price,
    /// The close at the end of the month before it, which decides the tick.
    pub month_close: Price,
    /// Steps by which a band that is not fixed has widened on that day.
    pub widened: usize,
}

impl Anchor {
    /// The same with every price as `restate` makes it.
    pub(super) fn restated(self, restate: impl Fn(Price) -> Price) -> Self {
        let mark = |mark: Mark| Mark {
            price: restate(mark.price),
            ..mark
        };
        Self {
            set: mark(self.set),
            close: mark(self.close),
            previous_close: restate(self.previous_close),
            month_close: restate(self.month_close),
            ..self
        }
    }
}

/// A price that will be set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tick {
    /// When.
    pub at: Timestamp,
    /// Its number in the world: of two ticks at one instant the later one stays.
    pub number: u64,
    /// Of which security.
    pub isin: String,
    /// The price.
    pub price: Price,
}

/// A stop of all trading that the circuit breaker made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halt {
    /// Trading stops.
    pub from: Timestamp,
    /// Orders are taken again: for a call auction if `reopens` is later.
    pub until: Timestamp,
    /// Continuous trading goes on.
    pub reopens: Timestamp,
    /// The move of the index that caused it, in per cent.
    pub percent: i64,
}

/// All of one world that prices depend on besides the seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tape {
    /// The trading day whose official closes are the prices of the list of securities, and the instant of them.
    pub origin: (Date, Timestamp),
    /// The latest price that was set, by ISIN.
    pub anchors: BTreeMap<String, Anchor>,
    /// Prices that will be set, in order.
    pub ticks: BTreeSet<Tick>,
    /// Ticks taken so far.
    pub tick_count: u64,
    /// Prices set and halts made so far: what was computed from the tape before another one may be wrong.
    pub changes: u64,
    /// Halts of the present day, in order.
    pub halts: Vec<Halt>,
    /// What nothing goes on from any more, for those who ask for prices of the past.
    #[serde(default, skip_serializing_if = "Past::is_empty")]
    pub past: Past,
}

/// What was set before: enough to show prices of the past as they were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Anchors that others have replaced, by ISIN, oldest first.
    anchors: BTreeMap<String, Vec<Anchor>>,
    /// Halts of days that are over, in order.
    halts: Vec<Halt>,
}

impl Past {
    const fn empty() -> Self {
        Self {
            anchors: BTreeMap::new(),
            halts: Vec::new(),
        }
    }

    fn is_empty(&self) -> bool {
        self.anchors.is_empty() && self.halts.is_empty()
    }

    fn keep<T>(kept: &mut Vec<T>, more: T) {
        if kept.len() >= PAST_KEPT_MAX {
            kept.remove(0);
        }
        kept.push(more);
    }
}

impl Tape {
    /// A tape on which nothing was set.
    #[must_use]
    pub const fn starting(day: Date, closed_at: Timestamp) -> Self {
        Self {
            origin: (day, closed_at),
            anchors: BTreeMap::new(),
            ticks: BTreeSet::new(),
            tick_count: 0,
            changes: 0,
            halts: Vec::new(),
            past: Past::empty(),
        }
    }

    /// Adds one event about prices.
    pub(super) fn evolve(&mut self, fact: &Fact) {
        match fact {
            Fact::TickTaken { tick } => {
                self.tick_count = self.tick_count.max(tick.number);
                self.ticks.insert(tick.clone());
            }
            Fact::PriceSet { tick, anchor } => {
                self.changes += 1;
                self.ticks.remove(tick);
                let replaced = anchor.and_then(|anchor| self.anchors.insert(tick.isin.clone(), anchor));
                if let Some(replaced) = replaced {
                    Past::keep(self.past.anchors.entry(tick.isin.clone()).or_default(), replaced);
                }
            }
            Fact::SharesRestated {
                isin,
                new_isin,
                anchor: Some(anchor),
                ..
            } => {
                self.changes += 1;
                let isin = new_isin.as_ref().unwrap_or(isin);
                self.anchors.insert(isin.clone(), *anchor);
            }
            Fact::TradingHalted { halt } => {
                self.changes += 1;
                self.halts.push(*halt);
            }
            _ => {}
        }
    }

    /// Begins another day: the halts of the one before are over.
    pub(super) fn start_day(&mut self) {
        for halt in std::mem::take(&mut self.halts) {
            Past::keep(&mut self.past.halts, halt);
        }
    }

    /// All halts that are known, in order.
    pub fn all_halts(&self) -> impl Iterator<Item = &Halt> {
        self.past.halts.iter().chain(&self.halts)
    }

    /// All that the prices of a security went on from so far, oldest first; never empty.
    #[must_use]
    pub fn anchors_of(&self, isin: &str, listed: Price) -> Vec<Anchor> {
        let past = self.past.anchors.get(isin).map_or(&[][..], Vec::as_slice);
        let set = past.iter().chain(self.anchors.get(isin));
        // Where the first ones are forgotten, nobody knows what the listed price led to.
        let listed = (past.len() < PAST_KEPT_MAX).then(|| self.listed_anchor(listed));
        listed.into_iter().chain(set.copied()).collect()
    }

    /// What the prices of a security go on from; one that was never set goes on from `listed`.
    #[must_use]
    pub fn anchor(&self, isin: &str, listed: Price) -> Anchor {
        let set = self.anchors.get(isin).copied();
        set.unwrap_or_else(|| self.listed_anchor(listed))
    }

    /// The anchor of a security whose price was never set.
    const fn listed_anchor(&self, listed: Price) -> Anchor {
        let (day, at) = self.origin;
        let mark = Mark { at, price: listed };
        Anchor {
            day,
            set: mark,
            close: mark,
            previous_close: listed,
            month_close: listed,
            widened: 0,
        }
    }
}

/// The seed and the tape of a world: all that a price is computed from.
#[derive(Clone, Copy, Debug)]
pub struct Prices<'a> {
    /// Decides every course.
    pub seed: u64,
    /// What was set.
    pub tape: &'a Tape,
}
