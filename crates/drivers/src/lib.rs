//! The engines behind [`torana_storage::Store`]: SQLite on one writer thread with group commit, PostgreSQL on
//! a pool of connections with a thread each, and SQLite on the calling task for the simulator.
//!
//! Invariant: an answer leaves only after its COMMIT has succeeded.
//! Invariant: no closure runs on a task of the async runtime, except in [`sqlite::InlineDriver`]; a look-up by key
//! may.

mod closure;
mod placeholders;
mod queue;
mod stats;

pub mod postgres;
pub mod sqlite;

pub use postgres::{PostgresDriver, PostgresOptions};
pub use sqlite::{InlineDriver, SqliteDriver, SqliteOptions};
pub use stats::DriverStats;
