//! Everything that proves who somebody is or that keeps a value secret: user JWTs, gateway secrets and
//! their rotation, bearer tokens, encryption at rest, webhook signatures, web origins.
//!
//! Invariant: nothing in here reads a clock or draws randomness; both come in as arguments.
//! Invariant: a value of [`secrets::Secret`] leaves the process only through an explicit `reveal`.

pub mod bearer;
mod decimal;
mod encoding;
pub mod identity;
pub mod jwt;
pub mod keyring;
pub mod naming;
pub mod origin;
pub mod rotation;
pub mod seal;
pub mod sealed_pair;
pub mod secrets;
mod strict_json;
pub mod webhook;

pub use encoding::sha256_hex;

#[cfg(test)]
mod test_entropy;
