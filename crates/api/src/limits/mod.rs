//! How often a gateway and an address may ask.

pub mod failures;
pub mod rate;
