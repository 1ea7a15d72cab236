//! The run: per engine a few preparations, then the rounds.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::args::{BodySizes, EngineChoice, RunArgs, What};
use crate::bare_http::BareHttp;
use crate::databases::{Databases, Engine};
use crate::disk;
use crate::exchange;
use crate::installation::{Installation, Running};
use crate::kite;
use crate::load::{closed_loop, open_loop};
use crate::machine::Machine;
use crate::measures::{EngineOutcome, Load, Measure, Operation, Outcome, RATE, STORED_SMALL, Size, schedule};
use crate::process::cpu_us;
use crate::requests::{Credentials, Requests};
use crate::samples::{Samples, Summary};
use crate::session::{TYPICAL_SIZES, check_stored, learn};
use crate::startup;
use crate::storage_ceiling::{Shape, on_fresh_database, trials};

/// Longest run of the disk's probe.
const PROBE_MAX: Duration = Duration::from_secs(3);

/// Measures what the command line asks for.
pub fn run(args: &RunArgs) -> Result<Outcome> {
    disk::require_disk(&args.dir)?;
    let folder = args.dir.canonicalize().context("folder")?.join("run");
    // Left behind by a run that was killed.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).with_context(|| format!("folder {}", folder.display()))?;
    let binary = if args.ceilings_only {
        args.binary.clone()
    } else {
        find_binary(&args.binary)?
    };
    let machine = Machine::here(&folder);
    let startup = if args.wants(What::Startup) && !args.ceilings_only {
        say("startup");
        Some(startup::measure(&binary, &folder, args.rounds)?)
    } else {
        None
    };
    let mut engines = Vec::new();
    if args.wants(What::Create) || args.wants(What::Details) {
        for engine in chosen(args.engine) {
            engines.push(
                Bench {
                    args,
                    binary: &binary,
                    folder: &folder,
                }
                .measure(engine)?,
            );
        }
    }
    let mut sections = Vec::new();
    if args.wants(What::Exchange) {
        let binary = (!args.ceilings_only).then_some(binary.as_path());
        let engines = chosen(args.engine);
        sections.push(exchange::measure(args, binary, &folder, &engines, say)?);
    }
    if args.wants(What::Kite) && !args.ceilings_only {
        sections.push(kite::measure(args, &binary, &folder, &chosen(args.engine), say)?);
    }
    // Nothing of it is needed any more; what stays is removed by the next run.
    let _ = fs::remove_dir_all(&folder);
    let (rounds, seconds, stored_large) = (args.rounds, args.seconds, args.stored);
    Ok(Outcome {
        machine,
        binary,
        folder,
        rounds,
        seconds,
        stored_large,
        startup,
        engines,
        sections,
    })
}

fn find_binary(path: &Path) -> Result<PathBuf> {
    path.canonicalize().with_context(|| {
        format!(
            "there is no binary {}: run `cargo build --release`, or give one with --binary",
            path.display()
        )
    })
}

fn chosen(choice: EngineChoice) -> Vec<Engine> {
    match choice {
        EngineChoice::Sqlite => vec![Engine::Sqlite],
        EngineChoice::Postgres => vec![Engine::Postgres],
        EngineChoice::Both => vec![Engine::Sqlite, Engine::Postgres],
    }
}

/// Says on stderr what goes on, since a run takes minutes.
fn say(what: &str) {
    eprintln!("bench: {what}");
}

/// What is the same for both engines.
struct Bench<'a> {
    args: &'a RunArgs,
    binary: &'a Path,
    folder: &'a Path,
}

/// What a round's measurements need.
struct Stage<'a> {
    args: &'a RunArgs,
    folder: &'a Path,
    shape: Option<Shape>,
    bare: &'a BareHttp,
    small: Option<(&'a Installation, Running)>,
    large: Option<(&'a Installation, Running)>,
}

impl Bench<'_> {
    fn measure(&self, engine: Engine) -> Result<EngineOutcome> {
        let mut databases = Databases::start(engine, self.folder)?;
        let mut outcome = EngineOutcome::new(engine);
        let sizes = self.body_sizes(&mut databases)?;
        if self.args.wants(What::Create) {
            say(&format!(
                "{}: how to batch for the storage ceiling",
                engine.as_str()
            ));
            outcome.trials = trials(&mut databases, STORED_SMALL)?;
        }
        let shape = outcome.trials.first().map(|trial| trial.shape);
        let bare = BareHttp::start(sizes, &self.folder.join("bare-http.log"))?;
        let large = self.large(&mut databases)?;
        for round in 0..self.args.rounds {
            let small = match self.args.ceilings_only {
                true => None,
                false => Some(Installation::prepare(
                    self.binary,
                    databases.fresh()?,
                    STORED_SMALL,
                )?),
            };
            let mut stage = Stage {
                args: self.args,
                folder: self.folder,
                shape,
                bare: &bare,
                small: small.as_ref().map(start).transpose()?,
                large: large.as_ref().map(start).transpose()?,
            };
            for measure in schedule(self.args, round) {
                say(&format!(
                    "{}: round {} of {}: {}",
                    engine.as_str(),
                    round + 1,
                    self.args.rounds,
                    measure.key()
                ));
                let summary = stage
                    .measure(measure, &mut databases)
                    .with_context(|| measure.key())?;
                outcome.record(measure, summary);
            }
            for (_, running) in [stage.small.take(), stage.large.take()].into_iter().flatten() {
                running.stop()?;
            }
        }
        Ok(outcome)
    }

    fn body_sizes(&self, databases: &mut Databases) -> Result<BodySizes> {
        if self.args.ceilings_only {
            return Ok(TYPICAL_SIZES);
        }
        learn(&Installation::prepare(self.binary, databases.fresh()?, 0)?)
    }

    fn large(&self, databases: &mut Databases) -> Result<Option<Installation>> {
        let stored = self.args.stored;
        if stored == 0 || self.args.ceilings_only {
            return Ok(None);
        }
        say(&format!(
            "{}: storing {stored} transactions",
            databases.engine.as_str()
        ));
        Installation::prepare(self.binary, databases.fresh()?, stored).map(Some)
    }
}

fn start(installation: &Installation) -> Result<(&Installation, Running)> {
    let running = installation.start()?;
    check_stored(running.address, installation)?;
    Ok((installation, running))
}

impl Stage<'_> {
    fn measure(&mut self, measure: Measure, databases: &mut Databases) -> Result<Summary> {
        let window = self.args.window();
        match measure {
            Measure::Fdatasync => disk::probe(self.folder, window.measured.min(PROBE_MAX)),
            Measure::StorageCeiling => {
                let shape = self.shape.context("the storage ceiling was not prepared")?;
                let before = cpu_us("self");
                let samples = on_fresh_database(databases, shape, STORED_SMALL, window)?;
                Ok(summary(samples, window.measured, None, spent(before, "self")))
            }
            Measure::HttpCeiling(operation) => {
                let requests = requests(operation, &Credentials::placeholder(), STORED_SMALL);
                self.load(self.bare.address, self.bare.id(), &requests, Load::Closed)
            }
            Measure::Gateway(operation, load, size) => {
                let (target, stored) = match size {
                    Size::Small => (&self.small, STORED_SMALL),
                    Size::Large => (&self.large, self.args.stored),
                };
                let (installation, running) = target.as_ref().context("the gateway does not run")?;
                let requests = requests(operation, &installation.credentials, stored);
                self.load(running.address, running.id(), &requests, load)
            }
        }
    }

    /// Load on one process, with the processor time of both sides.
    fn load(
        &self,
        address: std::net::SocketAddr,
        server: u32,
        requests: &Requests,
        load: Load,
    ) -> Result<Summary> {
        let (window, server) = (self.args.window(), server.to_string());
        let (servers, ours) = (cpu_us(&server), cpu_us("self"));
        let samples = match load {
            Load::Closed => closed_loop(address, requests, window)?,
            Load::Open => open_loop(address, requests, window, RATE)?,
        };
        Ok(summary(
            samples,
            window.measured,
            spent(servers, &server),
            spent(ours, "self"),
        ))
    }
}

fn requests(operation: Operation, credentials: &Credentials, stored: u64) -> Requests {
    match operation {
        Operation::Create => Requests::create(credentials),
        Operation::Details => Requests::details(credentials, stored),
    }
}

fn spent(before: Option<u64>, process: &str) -> Option<u64> {
    Some(cpu_us(process)?.saturating_sub(before?))
}

fn summary(
    samples: Samples,
    measured: Duration,
    server_us: Option<u64>,
    generator_us: Option<u64>,
) -> Summary {
    let answered = samples.answered.max(1) as f64;
    let mut summary = samples.summary(measured);
    summary.server_cpu_us = server_us.map(|us| us as f64 / answered);
    summary.generator_cpu_us = generator_us.map(|us| us as f64 / answered);
    summary
}
