//! The securities that can be traded, and the price rules that hang on them.
//!
//! Invariant: what a security is comes from data files; code knows only how to read and apply them.
//! Invariant: bundled prices are where a sandbox world starts, never market data.
//! Invariant: no file, whatever is in it, makes a reader panic; a refusal names file and line.

pub mod csv;
pub mod isin;
pub mod lists;
pub mod master;
pub mod rules;
pub mod security;
pub mod token;

pub use csv::DataError;
pub use isin::isin_is_valid;
pub use master::{Master, SEARCH_RESULTS_MAX};
pub use rules::{PriceBand, ProtectionTable, TickTable, protected_limit};
pub use security::{Assumed, Kind, Security};
pub use torana_domain::exchange::Exchange;
