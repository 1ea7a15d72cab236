//! Measures the release binary of the gateway beside the ceilings of the same machine: the bare storage
//! driver, the bare HTTP server, the disk's sync. `scripts/bench` builds and calls it; `bench/README.md` says
//! what the numbers mean.
#![expect(
    clippy::float_arithmetic,
    reason = "statistics of measurements; no money passes through here"
)]

mod args;
mod bare_http;
mod databases;
mod disk;
mod exchange;
mod figures;
mod installation;
mod kite;
mod load;
mod machine;
mod measures;
mod process;
mod report;
mod requests;
mod rounds;
mod rows;
mod samples;
mod session;
mod startup;
mod storage_ceiling;
mod targets;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;

use crate::args::{Cli, Command, RunArgs};

/// The same as that of the gateway, so that what runs in this process costs what it costs there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run(&args),
        Command::BareHttp(sizes) => bare_http::serve(sizes).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        eprintln!("bench: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(args: &RunArgs) -> Result<ExitCode> {
    let outcome = rounds::run(args)?;
    let verdicts = targets::judge(&outcome);
    println!("{}", report::table(&outcome, &verdicts));
    let json = report::json(&outcome, &verdicts);
    match &args.json {
        Some(path) => disk::write_text(path, &format!("{json:#}\n"))?,
        None => println!("{json:#}"),
    }
    let missed = verdicts.iter().any(|verdict| !verdict.is_met);
    Ok(if args.check && missed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
