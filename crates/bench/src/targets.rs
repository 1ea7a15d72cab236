//! The targets, and whether they were met.

use crate::measures::{EngineOutcome, Load, Measure, Operation, Outcome, Size};
use crate::samples::Summary;

/// Least share of the lower ceiling.
const CEILING_SHARE_MIN: f64 = 0.35;
/// At [`crate::measures::RATE`]: p99 of create, as a multiple of the disk's and milliseconds on top.
const CREATE_SYNCS_MAX: f64 = 2.0;
const CREATE_EXTRA_MS: f64 = 2.0;
/// At the same rate: p99 of details in milliseconds.
const DETAILS_P99_MS_MAX: f64 = 3.0;
/// p99 with many stored transactions, as a multiple of that with few.
const GROWTH_MAX: f64 = 1.3;
/// Milliseconds from start to ready on an empty data directory.
const READY_MS_MAX: f64 = 200.0;
/// Megabytes of memory of an idle process.
const IDLE_MB_MAX: f64 = 40.0;
/// Megabytes of the binary.
const BINARY_MB_MAX: f64 = 30.0;

/// Which side of the limit is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    AtLeast,
    AtMost,
}

/// One target against what was measured.
#[derive(Debug, Clone)]
pub struct Verdict {
    pub name: String,
    pub value: f64,
    pub bound: Bound,
    pub limit: f64,
    pub is_met: bool,
}

impl Verdict {
    fn new(name: String, value: f64, bound: Bound, limit: f64) -> Self {
        let is_met = match bound {
            Bound::AtLeast => value >= limit,
            Bound::AtMost => value <= limit,
        };
        Self {
            name,
            value,
            bound,
            limit,
            is_met,
        }
    }
}

/// Every target that was measured.
pub fn judge(outcome: &Outcome) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for engine in &outcome.engines {
        let name = engine.engine.as_str();
        let of_engine = judge_engine(engine, outcome.stored_large);
        verdicts.extend(of_engine.into_iter().map(|verdict| Verdict {
            name: format!("{name}: {}", verdict.name),
            ..verdict
        }));
    }
    for section in &outcome.sections {
        for figure in &section.figures {
            if let (Some(value), Some((bound, limit))) = (figure.median(), figure.target) {
                let name = format!("{}: {}, {}", section.name, figure.name, figure.unit);
                verdicts.push(Verdict::new(name, value, bound, limit));
            }
        }
    }
    let Some(startup) = &outcome.startup else {
        return verdicts;
    };
    for (way, ready_ms, resident) in &startup.ways {
        let way = way.as_str();
        verdicts.push(Verdict::new(
            format!("{way}: ready, ms"),
            *ready_ms,
            Bound::AtMost,
            READY_MS_MAX,
        ));
        verdicts.push(Verdict::new(
            format!("{way}: idle memory, MB"),
            megabytes(*resident),
            Bound::AtMost,
            IDLE_MB_MAX,
        ));
    }
    verdicts.push(Verdict::new(
        "binary, MB".to_owned(),
        megabytes(startup.binary_bytes),
        Bound::AtMost,
        BINARY_MB_MAX,
    ));
    verdicts
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn judge_engine(outcome: &EngineOutcome, stored_large: u64) -> Vec<Verdict> {
    use Operation::{Create, Details};
    let small = |operation, load| Measure::Gateway(operation, load, Size::Small);
    let mut verdicts = Vec::new();
    let mut add = |name: String, value: Option<f64>, bound, limit: Option<f64>| {
        if let (Some(value), Some(limit)) = (value, limit) {
            verdicts.push(Verdict::new(name, value, bound, limit));
        }
    };
    let per_second = |summary: &Summary| summary.per_second;
    let p99 = |summary: &Summary| summary.p99_ms;
    let ceilings = [Measure::StorageCeiling, Measure::HttpCeiling(Create)];
    let share = outcome.ratio(small(Create, Load::Closed), &ceilings, per_second);
    add(
        "create / lower ceiling".to_owned(),
        share,
        Bound::AtLeast,
        Some(CEILING_SHARE_MIN),
    );
    let share = outcome.ratio(
        small(Details, Load::Closed),
        &[Measure::HttpCeiling(Details)],
        per_second,
    );
    add(
        "details / bare HTTP server".to_owned(),
        share,
        Bound::AtLeast,
        Some(CEILING_SHARE_MIN),
    );
    let limit = outcome
        .median(Measure::Fdatasync, p99)
        .map(|sync| CREATE_SYNCS_MAX * sync + CREATE_EXTRA_MS);
    let value = outcome.median(small(Create, Load::Open), p99);
    add("create p99 at 500/s, ms".to_owned(), value, Bound::AtMost, limit);
    let value = outcome.median(small(Details, Load::Open), p99);
    add(
        "details p99 at 500/s, ms".to_owned(),
        value,
        Bound::AtMost,
        Some(DETAILS_P99_MS_MAX),
    );
    for (operation, load) in [
        (Create, Load::Open),
        (Details, Load::Open),
        (Create, Load::Closed),
        (Details, Load::Closed),
    ] {
        let large = Measure::Gateway(operation, load, Size::Large);
        let growth = outcome.ratio(large, &[small(operation, load)], p99);
        let load = if load == Load::Open {
            "500/s"
        } else {
            "256 connections"
        };
        let name = format!(
            "{} p99 with {stored_large} stored / with few, {load}",
            operation.as_str()
        );
        add(name, growth, Bound::AtMost, Some(GROWTH_MAX));
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::databases::Engine;

    #[test]
    fn the_bound_of_create_follows_the_disk() {
        let mut outcome = EngineOutcome::new(Engine::Sqlite);
        let p99 = |p99_ms| Summary {
            p99_ms,
            ..Summary::default()
        };
        outcome.record(Measure::Fdatasync, p99(1.5));
        outcome.record(
            Measure::Gateway(Operation::Create, Load::Open, Size::Small),
            p99(5.1),
        );
        outcome.record(
            Measure::Gateway(Operation::Create, Load::Open, Size::Large),
            p99(6.0),
        );
        let verdicts = judge_engine(&outcome, 10);
        let seen: Vec<(f64, bool)> = verdicts
            .iter()
            .map(|verdict| (verdict.limit, verdict.is_met))
            .collect();
        assert_eq!(seen, vec![(5.0, false), (GROWTH_MAX, true)]);
    }
}
