//! The binary's content: command line, wiring, listeners, the demo.
//!
//! Invariant: only this crate reads the environment; only it and the drivers open files, sockets, threads.

mod brokers;
pub mod cli;
pub mod commands;
pub mod databases;
pub mod demo;
mod demo_gateway;
mod disk;
mod exchange_port;
mod exchange_serve;
pub mod exit;
pub mod installation;
mod kite;
mod market_files;
pub mod net;
pub mod process;
mod readiness;
pub mod rim;
pub mod routes;
mod sdk_script;
pub mod serve;
mod serving;
pub mod shop;
pub mod telemetry;
mod wiring;

use std::process::ExitCode;

use clap::Parser as _;

use cli::args::{ExchangeCommand, KeysCommand};
use cli::{Cli, Command};
use exit::Failure;
use installation::{Purpose, load_settings};

/// Threads for blocking work: name look-ups, opening databases, reading certificates.
const BLOCKING_THREADS_MAX: usize = 16;

/// Runs the command line of this process.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .thread_name("torana")
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(cli)),
        Err(error) => Err(Failure::failed(format!("the runtime cannot be started: {error}"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("torana: {failure}");
            failure.code()
        }
    }
}

async fn dispatch(cli: Cli) -> Result<(), Failure> {
    let Cli { common, command } = cli;
    let settings = match &command {
        Command::Demo(args) => demo::settings(&common, args)?,
        Command::Exchange(ExchangeCommand::Serve(args)) => exchange_serve::settings(&common, args)?,
        Command::Serve(_) => load_settings(&common, Purpose::Serve, Vec::new())?,
        _ => load_settings(&common, Purpose::Admin, Vec::new())?,
    };
    telemetry::logs::start(&settings)?;
    match command {
        Command::Demo(args) => demo::run(&settings, &args).await,
        Command::Serve(args) => serve::run(&settings, &args).await,
        Command::Exchange(ExchangeCommand::Serve(args)) => exchange_serve::run(&settings, &args).await,
        Command::Migrate(args) => commands::migrate::run(&settings, args).await,
        Command::Doctor(args) => commands::doctor::run(&settings, args).await,
        Command::Backup(args) => commands::backup::run(&settings, &args).await,
        Command::Gateway(command) => commands::gateway::run(&settings, command).await,
        Command::Keys(KeysCommand::Rotate) => commands::keys::rotate(&settings).await,
        Command::Token(command) => commands::token::run(&settings, command).await,
        Command::Sandbox(command) => commands::sandbox::run(&settings, command).await,
        Command::Market(command) => commands::market::run(&settings, &command),
        Command::Openapi(args) => commands::openapi::run(&args),
    }
}
