//! The securities that can be traded, and the price rules that hang on them.
//!
//! Invariant: what a security is comes from data files; code knows only how to read and apply them.
//! Invariant: bundled prices are where a sandbox world starts, never market data.

pub mod isin;
pub mod master;
pub mod rules;
pub mod security;
mod table;

pub use isin::isin_is_valid;
pub use master::{Master, SEARCH_RESULTS_MAX};
pub use rules::{PriceBand, ProtectionTable, TickTable, protected_limit};
pub use security::{Exchange, Kind, Security};
pub use table::DataError;
