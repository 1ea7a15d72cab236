//! Exit codes, and the failure that carries one together with what the operator reads.

use std::process::ExitCode;

/// Why a command ends. Clap itself answers wrong usage with 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It failed, or a check found something.
    Failed = 1,
    /// Wrong usage that the command line's grammar cannot express.
    Usage = 2,
    /// Refused setting, pending migration, address in use, missing key.
    Refused = 3,
    /// No such gateway, account, order or transaction.
    NotFound = 4,
    /// Refused by state: exists already, immutable, not prepared.
    State = 5,
}

/// A command that did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Exit code.
    pub exit: Exit,
    /// What happened and what to do, for stderr.
    pub message: String,
}

impl Failure {
    /// A failure with its exit code.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
        }
    }

    /// Exit code 1.
    #[must_use]
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// Exit code 3.
    #[must_use]
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message)
    }

    /// The process's exit code.
    #[must_use]
    pub fn code(&self) -> ExitCode {
        ExitCode::from(self.exit as u8)
    }
}

impl From<torana_config::SettingError> for Failure {
    fn from(error: torana_config::SettingError) -> Self {
        Self::refused(error.to_string())
    }
}
