//! The Kite interface of the release binary: orders of many accounts with Kite's limits on, each looked for in
//! the books after the process was killed, and quotes of as many instruments as one call may name.

mod floor;
mod orders;
mod pace;
mod quotes;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use self::floor::Floor;
use crate::args::{RunArgs, Window};
use crate::databases::{Databases, Engine};
use crate::figures::Section;
use crate::installation::{Installation, add_setting};
use crate::targets::Bound;

/// Least acknowledged orders per second.
const ORDERS_MIN: f64 = 3_000.0;
/// Most milliseconds of a quote, 99th percentile.
const QUOTE_P99_MS_MAX: f64 = 5.0;
/// Shorter, and bursts that no market sees would be measured.
const ORDERS: Window = Window {
    warm_up: Duration::from_secs(1),
    measured: Duration::from_secs(30),
};

/// Measures orders and quotes on each engine.
pub fn measure(
    args: &RunArgs,
    binary: &Path,
    folder: &Path,
    engines: &[Engine],
    say: impl Fn(&str),
) -> Result<Section> {
    let mut section = Section::new("kite");
    for engine in engines {
        let mut databases = Databases::start(*engine, folder)?;
        for round in 0..args.rounds {
            let name = engine.as_str();
            say(&format!("kite: {name}: round {} of {}", round + 1, args.rounds));
            let installation = Installation::prepare(binary, databases.fresh()?, 0)?;
            add_setting(
                &installation.place.folder,
                "exchange.kite.listen = \"127.0.0.1:0\"",
            )?;
            measure_once(&installation, *engine, &mut section, &say)?;
        }
    }
    Ok(section)
}

fn measure_once(
    installation: &Installation,
    engine: Engine,
    section: &mut Section,
    say: impl Fn(&str),
) -> Result<()> {
    let (running, kite) = installation.start_with_kite()?;
    let floor = Floor::open(installation, running.address, kite)?;
    let quotes = quotes::measure(&floor, kite)?;
    let sent = orders::measure(&floor, kite, running.id(), ORDERS)?;
    // The hard way, so that nothing is in the books but what was stored before its answer.
    drop(running);
    let (running, kite) = installation.start_with_kite()?;
    let missing = orders::missing_in_books(&floor, kite, &sent.acknowledged)?;
    running.stop()?;
    if let Some(refusal) = &sent.refusal {
        say(&format!(
            "kite: {} orders refused, the first: {refusal}",
            sent.refused
        ));
    }
    let mut record = |name: &str, unit, target, value| {
        section.record(format!("{name}, {}", engine.as_str()), unit, target, value);
    };
    // How fast it is to be is said of what a user gets without settings.
    let wanted = |target| Some(target).filter(|_| engine == Engine::Sqlite);
    let none = Some((Bound::AtMost, 0.0));
    let summary = sent.summary;
    let rate = summary.per_second;
    record(
        "acknowledged orders",
        "per s",
        wanted((Bound::AtLeast, ORDERS_MIN)),
        rate,
    );
    record("orders p50", "ms", None, summary.p50_ms);
    record("orders p99", "ms", None, summary.p99_ms);
    record(
        "server per order",
        "µs",
        None,
        summary.server_cpu_us.unwrap_or_default(),
    );
    record(
        "client per order",
        "µs",
        None,
        summary.generator_cpu_us.unwrap_or_default(),
    );
    record("refused orders", "of all", none, sent.refused as f64);
    record("acknowledged and not in the book", "orders", none, missing as f64);
    record("quote of 500 p50", "ms", None, quotes.p50_ms);
    let most = wanted((Bound::AtMost, QUOTE_P99_MS_MAX));
    record("quote of 500 p99", "ms", most, quotes.p99_ms);
    Ok(())
}
