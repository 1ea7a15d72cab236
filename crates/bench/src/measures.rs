//! What is measured: its names, its order within a round, and everything that a run collects.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::args::{RunArgs, What};
use crate::databases::Engine;
use crate::figures::Section;
use crate::machine::Machine;
use crate::samples::{Summary, median};
use crate::startup::Startup;
use crate::storage_ceiling::Trial;

/// Transactions that the small database holds.
pub const STORED_SMALL: u64 = 1_000;
/// Requests per second of the open loop.
pub const RATE: u32 = 500;

/// One of the two requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    Create,
    Details,
}

/// How load arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Load {
    /// 256 connections, each with one request after the other.
    Closed,
    /// [`RATE`] per second at fixed instants.
    Open,
}

/// How much is stored before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// [`STORED_SMALL`].
    Small,
    /// As many as the command line says.
    Large,
}

/// One thing that is measured once per round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    Gateway(Operation, Load, Size),
    StorageCeiling,
    HttpCeiling(Operation),
    Fdatasync,
}

impl Operation {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Details => "details",
        }
    }
}

impl Measure {
    /// Name in the JSON.
    pub fn key(self) -> String {
        match self {
            Self::Gateway(operation, load, size) => {
                let load = if load == Load::Closed { "closed" } else { "open" };
                let size = if size == Size::Small { "" } else { "_large" };
                format!("{}_{load}{size}", operation.as_str())
            }
            Self::StorageCeiling => "ceiling_storage".to_owned(),
            Self::HttpCeiling(operation) => format!("ceiling_http_{}", operation.as_str()),
            Self::Fdatasync => "fdatasync".to_owned(),
        }
    }

    /// Name in the table.
    pub fn label(self, stored_large: u64) -> String {
        match self {
            Self::Gateway(operation, load, size) => {
                let load = match load {
                    Load::Closed => "256 connections".to_owned(),
                    Load::Open => format!("{RATE} per second"),
                };
                let stored = if size == Size::Small {
                    STORED_SMALL
                } else {
                    stored_large
                };
                format!("{}, {load}, {stored} stored", operation.as_str())
            }
            Self::StorageCeiling => "  ceiling of create: bare storage driver".to_owned(),
            Self::HttpCeiling(operation) => format!("  ceiling of {}: bare HTTP server", operation.as_str()),
            Self::Fdatasync => "disk: 4 KiB write and fdatasync".to_owned(),
        }
    }
}

/// The order of one round. What is compared stands side by side, and every other round the other way round,
/// so that a machine that gets slower or faster favours neither.
pub fn schedule(args: &RunArgs, round: u32) -> Vec<Measure> {
    let (create, details) = (args.wants(What::Create), args.wants(What::Details));
    let gateway = |operation, load| {
        let sizes = [(Size::Small, true), (Size::Large, args.stored > 0)];
        sizes
            .into_iter()
            .filter(|(_, is_wanted)| *is_wanted)
            .map(move |(size, _)| Measure::Gateway(operation, load, size))
    };
    let mut measures = Vec::new();
    if create {
        measures.push(Measure::Fdatasync);
        measures.extend(gateway(Operation::Create, Load::Open));
    }
    if details {
        measures.extend(gateway(Operation::Details, Load::Open));
        measures.extend(gateway(Operation::Details, Load::Closed));
        measures.push(Measure::HttpCeiling(Operation::Details));
    }
    if create {
        measures.push(Measure::HttpCeiling(Operation::Create));
        measures.extend(gateway(Operation::Create, Load::Closed));
        measures.push(Measure::StorageCeiling);
    }
    if args.ceilings_only {
        measures.retain(|measure| !matches!(measure, Measure::Gateway(..)));
    }
    if round % 2 == 1 {
        measures.reverse();
    }
    measures
}

/// Everything that was measured on one engine.
#[derive(Debug)]
pub struct EngineOutcome {
    pub engine: Engine,
    /// Per measure one summary per round.
    pub rounds: BTreeMap<Measure, Vec<Summary>>,
    /// Ways to hand rows to the driver, the best first; the ceiling is measured with that one.
    pub trials: Vec<Trial>,
}

impl EngineOutcome {
    /// Nothing yet.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            rounds: BTreeMap::new(),
            trials: Vec::new(),
        }
    }

    /// Keeps a summary as that of the current round.
    pub fn record(&mut self, measure: Measure, summary: Summary) {
        self.rounds.entry(measure).or_default().push(summary);
    }

    /// The median over the rounds of one number.
    pub fn median(&self, measure: Measure, of: impl Fn(&Summary) -> f64) -> Option<f64> {
        median(self.rounds.get(&measure)?.iter().map(of).collect())
    }

    /// The median over the rounds of one number of `measure` divided by the smallest of the same number of
    /// `others` in the same round.
    pub fn ratio(&self, measure: Measure, others: &[Measure], of: impl Fn(&Summary) -> f64) -> Option<f64> {
        let others: Option<Vec<&Vec<Summary>>> = others.iter().map(|other| self.rounds.get(other)).collect();
        let others = others?;
        let ratios = self
            .rounds
            .get(&measure)?
            .iter()
            .enumerate()
            .map(|(round, summary)| {
                let same_round = others.iter().filter_map(|other| other.get(round)).map(&of);
                of(summary) / same_round.fold(f64::INFINITY, f64::min)
            });
        median(ratios.collect())
    }
}

/// Everything that a run collected.
#[derive(Debug)]
pub struct Outcome {
    pub machine: Machine,
    pub binary: PathBuf,
    pub folder: PathBuf,
    pub rounds: u32,
    pub seconds: u64,
    pub stored_large: u64,
    pub startup: Option<Startup>,
    pub engines: Vec<EngineOutcome>,
    /// What is measured by name.
    pub sections: Vec<Section>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(per_second: f64) -> Summary {
        Summary {
            per_second,
            ..Summary::default()
        }
    }

    #[test]
    fn a_ratio_is_taken_within_a_round_and_against_the_lower_ceiling() {
        let mut outcome = EngineOutcome::new(Engine::Sqlite);
        let create = Measure::Gateway(Operation::Create, Load::Closed, Size::Small);
        let http = Measure::HttpCeiling(Operation::Create);
        for (own, storage, bare) in [(50.0, 100.0, 200.0), (30.0, 300.0, 100.0), (40.0, 100.0, 90.0)] {
            outcome.record(create, summary(own));
            outcome.record(Measure::StorageCeiling, summary(storage));
            outcome.record(http, summary(bare));
        }
        let ratio = outcome.ratio(create, &[Measure::StorageCeiling, http], |summary| {
            summary.per_second
        });
        assert_eq!(ratio, Some(40.0 / 90.0));
        assert_eq!(
            outcome.ratio(create, &[Measure::Fdatasync], |summary| summary.per_second),
            None
        );
    }
}
