//! The paper exchange: order events of the bare core and of a durable world, and how long long walks of the
//! clock take.

mod clock;
mod core;
mod seams;
mod trader;
mod world;

use std::path::Path;

use anyhow::Result;

use crate::args::RunArgs;
use crate::databases::{Databases, Engine};
use crate::samples::median;
use crate::targets::Bound;

/// Least order events per second of the bare core, on one core.
const CORE_MIN: f64 = 400_000.0;
/// Least order events per second of a world with accounts, charges and a durable log.
const WORLD_MIN: f64 = 100_000.0;
/// Most seconds of one walk of the clock.
const WALK_MAX: f64 = 5.0;

/// One thing that was measured once per round.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Name in table and JSON.
    pub name: String,
    /// What its numbers count.
    pub unit: &'static str,
    /// One number per round.
    pub rounds: Vec<f64>,
    /// The target, if it has one.
    pub target: Option<(Bound, f64)>,
}

impl Figure {
    /// The median over the rounds.
    pub fn median(&self) -> Option<f64> {
        median(self.rounds.clone())
    }
}

/// Measures everything of the exchange. Without a binary the walks of the clock are left out.
pub fn measure(
    args: &RunArgs,
    binary: Option<&Path>,
    folder: &Path,
    engines: &[Engine],
    say: impl Fn(&str),
) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut databases = engines
        .iter()
        .map(|engine| Databases::start(*engine, folder))
        .collect::<Result<Vec<_>>>()?;
    let mut record = |name: String, unit, target, value: f64| {
        let known = figures
            .iter_mut()
            .find(|figure: &&mut Figure| figure.name == name);
        match known {
            Some(figure) => figure.rounds.push(value),
            None => figures.push(Figure {
                name,
                unit,
                rounds: vec![value],
                target,
            }),
        }
    };
    for round in 0..args.rounds {
        say(&format!("exchange: round {} of {}", round + 1, args.rounds));
        let rate = core::measure(args.window())?;
        record(
            "bare core, one core".to_owned(),
            "events/s",
            Some((Bound::AtLeast, CORE_MIN)),
            rate,
        );
        for databases in &mut databases {
            let rate = world::measure(&databases.fresh()?, args.window())?;
            record(
                format!("durable world, {}", databases.engine.as_str()),
                "events/s",
                Some((Bound::AtLeast, WORLD_MIN)),
                rate,
            );
        }
        let Some(binary) = binary else { continue };
        for (name, seconds) in clock::measure(binary, folder)? {
            record(name.to_owned(), "s", Some((Bound::AtMost, WALK_MAX)), seconds);
        }
    }
    Ok(figures)
}
