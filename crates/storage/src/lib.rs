//! Storage: what a database is to us ([`Store`], [`Tx`]), the schemas, and every SQL statement.
//!
//! Invariant: only this crate contains SQL; statements are constants in the portable subset.
//! Invariant: the modules of the two schemas, [`gateway`] and [`exchange`], do not import each other.

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod exchange;
pub mod gateway;
pub mod health;
pub mod migrate;
pub mod schema;
pub mod store;
pub mod time;
pub mod value;

pub use schema::{SCHEMAS, Schema};
pub use store::{Dialect, Driver, Store, StoreError, Tx};
pub use value::{Row, Value};
