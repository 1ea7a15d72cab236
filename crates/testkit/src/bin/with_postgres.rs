//! Runs a command beside a throw-away PostgreSQL cluster, so that many test processes share one:
//! `with-postgres cargo nextest run`. Exits with the command's code; 3 if there is no PostgreSQL.
#![expect(clippy::print_stderr, reason = "a command-line tool")]

use std::process::{Command, ExitCode};

use torana_pgtest::{Cluster, ClusterOptions, URL_VARIABLE};

const NO_POSTGRES: u8 = 3;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        eprintln!("usage: with-postgres COMMAND [ARGUMENT ...]");
        return ExitCode::from(2);
    };
    let cluster = match Cluster::start(&ClusterOptions::default()) {
        Ok(cluster) => cluster,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(NO_POSTGRES);
        }
    };
    let status = Command::new(&program)
        .args(arguments)
        .env(URL_VARIABLE, cluster.url("postgres"))
        .status();
    match status {
        Ok(status) => ExitCode::from(
            status
                .code()
                .and_then(|code| u8::try_from(code).ok())
                .unwrap_or(1),
        ),
        Err(error) => {
            eprintln!("{}: {error}", program.to_string_lossy());
            ExitCode::FAILURE
        }
    }
}
