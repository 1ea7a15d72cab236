//! The command line: its grammar, and from a parsed command to its exit code.

pub mod args;
pub mod gateway_args;
pub mod setting_flags;

pub use args::{Cli, Command};
pub use gateway_args::GatewayCommand;
