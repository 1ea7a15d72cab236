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
use crate::figures::Section;
use crate::targets::Bound;

/// Least order events per second of the bare core, on one core.
const CORE_MIN: f64 = 400_000.0;
/// Least order events per second of a world with accounts, charges and a durable log.
const WORLD_MIN: f64 = 100_000.0;
/// Most seconds of one walk of the clock.
const WALK_MAX: f64 = 5.0;

/// Measures everything of the exchange. Without a binary the walks of the clock are left out.
pub fn measure(
    args: &RunArgs,
    binary: Option<&Path>,
    folder: &Path,
    engines: &[Engine],
    say: impl Fn(&str),
) -> Result<Section> {
    let mut section = Section::new("exchange");
    let mut databases = engines
        .iter()
        .map(|engine| Databases::start(*engine, folder))
        .collect::<Result<Vec<_>>>()?;
    for round in 0..args.rounds {
        say(&format!("exchange: round {} of {}", round + 1, args.rounds));
        let rate = core::measure(args.window())?;
        section.record(
            "bare core, one core".to_owned(),
            "events/s",
            Some((Bound::AtLeast, CORE_MIN)),
            rate,
        );
        for databases in &mut databases {
            let rate = world::measure(&databases.fresh()?, args.window())?;
            section.record(
                format!("durable world, {}", databases.engine.as_str()),
                "events/s",
                Some((Bound::AtLeast, WORLD_MIN)),
                rate,
            );
        }
        let Some(binary) = binary else { continue };
        for (name, seconds) in clock::measure(binary, folder)? {
            section.record(name.to_owned(), "s", Some((Bound::AtMost, WALK_MAX)), seconds);
        }
    }
    Ok(section)
}
