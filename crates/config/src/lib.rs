//! Settings: which exist, where their values come from, what is allowed.
//!
//! Precedence, low to high: defaults of the command, file, environment, flags. Every refusal names the key,
//! the value, where it came from and what is allowed.
//!
//! Invariant: this crate reads neither environment nor files; texts and a file reader are handed in.

pub mod brokers;
pub mod error;
pub mod keys;
mod layers;
mod parse;
pub mod settings;
pub mod types;

pub use brokers::{AppKeys, KiteBroker, KiteMode};
pub use error::SettingError;
pub use keys::{KEYS, Key};
pub use layers::{ConfigFile, Inputs, Source};
pub use settings::{Command, Settings, Sourced};
pub use types::{Database, HostPort, IpBlock, KeySource, LogFormat, Profile, PublicUrl};
