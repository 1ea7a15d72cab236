//! The table for people, the JSON for programs.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::databases::now;
use crate::figures::Section;
use crate::measures::{EngineOutcome, Measure, Outcome};
use crate::samples::Summary;
use crate::targets::{Bound, Verdict};

/// Medians over the rounds, then the targets.
pub fn table(outcome: &Outcome, verdicts: &[Verdict]) -> String {
    let machine = &outcome.machine;
    let mut text = format!(
        "{} x {}, Linux {}, {}, load {} at the start\n{} round(s) of {} s, medians\n",
        machine.cpus,
        machine.cpu_model,
        machine.kernel,
        machine.disk,
        machine.load,
        outcome.rounds,
        outcome.seconds
    );
    for engine in &outcome.engines {
        engine_table(&mut text, engine, outcome.stored_large);
    }
    for section in &outcome.sections {
        section_table(&mut text, section);
    }
    // Writing to a text cannot fail.
    let _ = writeln!(text, "\n{:<64} {:>9}   wanted", "target", "measured");
    for verdict in verdicts {
        let (mark, word) = match (verdict.is_met, verdict.bound) {
            (true, Bound::AtLeast) => ("met   ", ">="),
            (true, Bound::AtMost) => ("met   ", "<="),
            (false, Bound::AtLeast) => ("MISSED", ">="),
            (false, Bound::AtMost) => ("MISSED", "<="),
        };
        let _ = writeln!(
            text,
            "{mark} {:<57} {:>9.2}   {word} {:.2}",
            verdict.name, verdict.value, verdict.limit
        );
    }
    text
}

fn engine_table(text: &mut String, outcome: &EngineOutcome, stored_large: u64) {
    let _ = writeln!(
        text,
        "\n{:<52} {:>9} {:>9} {:>9} {:>11} {:>11}",
        outcome.engine.as_str(),
        "per s",
        "p50 ms",
        "p99 ms",
        "server µs",
        "client µs"
    );
    for measure in outcome.rounds.keys().copied() {
        let number = |of: fn(&Summary) -> f64| outcome.median(measure, of).unwrap_or_default();
        let cpu = |of: fn(&Summary) -> Option<f64>| {
            let known = outcome
                .rounds
                .get(&measure)
                .is_some_and(|rounds| rounds.iter().all(|round| of(round).is_some()));
            let median = outcome.median(measure, |summary| of(summary).unwrap_or_default());
            median
                .filter(|_| known)
                .map_or_else(|| "-".to_owned(), |us| format!("{us:.1}"))
        };
        let _ = writeln!(
            text,
            "{:<52} {:>9.0} {:>9.2} {:>9.2} {:>11} {:>11}",
            measure.label(stored_large),
            number(|summary| summary.per_second),
            number(|summary| summary.p50_ms),
            number(|summary| summary.p99_ms),
            cpu(|summary| summary.server_cpu_us),
            cpu(|summary| summary.generator_cpu_us),
        );
    }
    if let Some(best) = outcome.trials.first() {
        let shape = best.shape;
        let _ = writeln!(
            text,
            "  best batching of the storage driver: {} per closure, {} connection(s), of {} shapes tried",
            shape.per_closure,
            shape.writers,
            outcome.trials.len()
        );
    }
}

fn section_table(text: &mut String, section: &Section) {
    let _ = writeln!(text, "\n{:<52} {:>9}", section.name, "median");
    for figure in &section.figures {
        let (name, median) = (&figure.name, figure.median().unwrap_or_default());
        let _ = writeln!(text, "{name:<52} {median:>9.2} {}", figure.unit);
    }
}

/// Everything, each round included.
pub fn json(outcome: &Outcome, verdicts: &[Verdict]) -> Value {
    let machine = &outcome.machine;
    let engines: Map<String, Value> = outcome
        .engines
        .iter()
        .map(|engine| (engine.engine.as_str().to_owned(), engine_json(engine)))
        .collect();
    let startup = outcome.startup.as_ref().map(|startup| {
        let ways: Map<String, Value> = startup
            .ways
            .iter()
            .map(|(way, ready_ms, resident)| {
                (
                    way.as_str().to_owned(),
                    json!({"readyMs": rounded(*ready_ms), "idleBytes": resident}),
                )
            })
            .collect();
        json!({"ways": ways, "binaryBytes": startup.binary_bytes})
    });
    let mut json = json!({
        "at": now().to_iso(),
        "machine": {"cpus": machine.cpus, "cpuModel": machine.cpu_model, "kernel": machine.kernel, "disk": machine.disk,
            "loadAtStart": machine.load},
        "binary": outcome.binary.display().to_string(),
        "folder": outcome.folder.display().to_string(),
        "rounds": outcome.rounds,
        "seconds": outcome.seconds,
        "storedLarge": outcome.stored_large,
        "engines": engines,
        "startup": startup,
        "targets": verdicts.iter().map(verdict_json).collect::<Vec<_>>(),
    });
    if let Value::Object(members) = &mut json {
        let sections = outcome.sections.iter();
        members.extend(sections.map(|section| (section.name.to_owned(), section_json(section))));
    }
    json
}

fn section_json(section: &Section) -> Value {
    let figures = section.figures.iter().map(|figure| {
        let rounds: Vec<f64> = figure.rounds.iter().copied().map(rounded).collect();
        let median = figure.median().map(rounded);
        (
            figure.name.clone(),
            json!({"unit": figure.unit, "median": median, "rounds": rounds}),
        )
    });
    Value::Object(figures.collect())
}

fn engine_json(outcome: &EngineOutcome) -> Value {
    let measures: Map<String, Value> = outcome
        .rounds
        .iter()
        .map(|(measure, rounds)| {
            let rounds: Vec<Value> = rounds.iter().map(summary_json).collect();
            (
                measure.key(),
                json!({"median": median_json(outcome, *measure), "rounds": rounds}),
            )
        })
        .collect();
    let trials: Vec<Value> = outcome.trials.iter().map(|trial| {
        let shape = trial.shape;
        json!({"perClosure": shape.per_closure, "connections": shape.writers, "perSecond": rounded(trial.per_second)})
    }).collect();
    json!({"measures": measures, "storageShapes": trials})
}

fn median_json(outcome: &EngineOutcome, measure: Measure) -> Value {
    let median = |of: fn(&Summary) -> f64| outcome.median(measure, of).map(rounded);
    json!({
        "perSecond": median(|summary| summary.per_second),
        "p50Ms": median(|summary| summary.p50_ms),
        "p99Ms": median(|summary| summary.p99_ms),
    })
}

fn summary_json(summary: &Summary) -> Value {
    json!({
        "count": summary.count,
        "perSecond": rounded(summary.per_second),
        "p50Ms": rounded(summary.p50_ms),
        "p99Ms": rounded(summary.p99_ms),
        "maxMs": rounded(summary.max_ms),
        "serverCpuUs": summary.server_cpu_us.map(rounded),
        "generatorCpuUs": summary.generator_cpu_us.map(rounded),
    })
}

fn verdict_json(verdict: &Verdict) -> Value {
    let bound = if verdict.bound == Bound::AtLeast {
        "atLeast"
    } else {
        "atMost"
    };
    json!({"name": verdict.name, "value": rounded(verdict.value), bound: rounded(verdict.limit), "met": verdict.is_met})
}

/// Three decimals are enough, and readable.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
