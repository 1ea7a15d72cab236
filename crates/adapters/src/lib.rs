//! Brokers over their own interfaces: one folder per broker, which alone knows the broker's words.
//!
//! Invariant: an adapter calls nobody but through [`torana_runtime::Http`], reads no clock and draws no randomness.
//! Invariant: it never sends an order twice, and says `Refused` only with the broker's own proof.

mod market;
pub mod zerodha;

pub use market::MarketData;
