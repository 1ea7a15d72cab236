//! Logs on stderr and metrics on a listener of their own.

pub mod logs;
pub mod metrics;
