//! The border of the exchange: plain values go in, plain values come out. The exchange runs inside the process
//! ([`crate::embedded`]) or in one of its own ([`crate::remote`]); the gateway sees this trait and nothing else.

use serde::{Deserialize, Serialize};
use torana_domain::time::Timestamp;
use torana_runtime::BoxFuture;

use crate::core::{Answer, Command};

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "why")]
pub enum PortError {
    /// The exchange or its database did not answer; a command that changes something may have done so.
    #[error("exchange unavailable: {0}")]
    Unavailable(String),
    /// Proven: the command was not carried out and will not be.
    #[error("exchange unavailable, nothing was done: {0}")]
    NotDone(String),
    /// The stored world cannot be read: another version of the program, or a damaged database. Nothing was done.
    #[error("stored world cannot be read: {0}")]
    Damaged(String),
}

/// An exchange with any number of worlds, which never touch each other.
pub trait Port: Send + Sync {
    /// Carries out one command in a world (a gateway's name) at an instant of world time. A world that does
    /// not exist begins at that instant. The answer leaves after everything that it rests on is durable.
    fn execute(
        &self,
        world: &str,
        at: Timestamp,
        command: Command,
    ) -> BoxFuture<'static, Result<Answer, PortError>>;
}
