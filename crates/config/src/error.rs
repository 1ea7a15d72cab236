//! Why the settings are refused. All of these stop the start with exit code 3.

/// A refused setting. `Display` is the one line that the operator sees.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// A value that is not allowed, or a key that does not exist.
    #[error("{key} = {value} ({source_name}): {reason}")]
    Refused {
        /// Dotted key.
        key: String,
        /// The value as it would stand in a TOML file; secrets are masked.
        value: String,
        /// File, environment variable or flag.
        source_name: String,
        /// What is wrong and what is allowed.
        reason: String,
    },
    /// A setting without which this command cannot run.
    #[error("{key} (not set): {reason}")]
    Missing {
        /// Dotted key.
        key: &'static str,
        /// Why it is needed and what is allowed.
        reason: String,
    },
    /// The configuration file cannot be read.
    #[error("cannot read {path}: {reason}")]
    FileUnreadable {
        /// The file.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// The configuration file is not TOML.
    #[error("{path} is not valid TOML: {reason}")]
    FileSyntax {
        /// The file.
        path: String,
        /// The parser's reason with line and column.
        reason: String,
    },
}
