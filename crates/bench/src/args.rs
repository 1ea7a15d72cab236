//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures the gateway beside the ceilings of this machine.
#[derive(Debug, Parser)]
#[command(name = "torana-bench", arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Measure and print a table and JSON
    Run(RunArgs),
    /// The bare HTTP server, which `run` starts as a process of its own
    #[command(hide = true)]
    BareHttp(BodySizes),
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Creating transactions
    Create,
    /// Reading transaction details
    Details,
    /// Time to ready, idle memory, size of the binary
    Startup,
    /// The paper exchange: order events, long walks of the clock
    Exchange,
    /// The Kite interface: orders with its limits on, quotes
    Kite,
    /// Everything
    All,
}

/// On which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineChoice {
    Sqlite,
    Postgres,
    Both,
}

/// Flags of `run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// What is measured
    #[arg(value_enum, default_value_t = What::All)]
    pub what: What,
    /// Database engine
    #[arg(long, value_enum, default_value_t = EngineChoice::Both)]
    pub engine: EngineChoice,
    /// Rounds; each measures the gateway and its ceilings, and medians over the rounds are shown
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,
    /// Seconds of each measurement, after a warm-up
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    /// Stored transactions of the large database; 0 leaves that comparison out
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(0..=100_000_000))]
    pub stored: u64,
    /// Write the JSON here instead of printing it
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Exit with 1 when a target is missed
    #[arg(long)]
    pub check: bool,
    /// Folder for data, on the disk to be measured
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    pub dir: PathBuf,
    /// The gateway's release binary
    #[arg(long, value_name = "FILE", default_value = "target/release/torana")]
    pub binary: PathBuf,
    /// Measure the ceilings only, without the gateway
    #[arg(long)]
    pub ceilings_only: bool,
}

/// Longest warm-up before a measurement.
const WARM_UP_MAX: Duration = Duration::from_secs(1);

impl RunArgs {
    /// Length of one measurement.
    pub fn window(&self) -> Window {
        let measured = Duration::from_secs(self.seconds);
        Window {
            warm_up: WARM_UP_MAX.min(measured),
            measured,
        }
    }

    /// Whether `what` is among what was asked for.
    pub fn wants(&self, what: What) -> bool {
        self.what == What::All || self.what == what
    }
}

/// Length of one measurement.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Load whose samples are thrown away.
    pub warm_up: Duration,
    /// Load whose samples are kept.
    pub measured: Duration,
}

/// Sizes of the fixed bodies.
#[derive(Debug, Clone, Copy, Args)]
pub struct BodySizes {
    /// Bytes of the answer to a creation
    #[arg(long)]
    pub create_bytes: usize,
    /// Bytes of the answer to a read
    #[arg(long)]
    pub details_bytes: usize,
}
