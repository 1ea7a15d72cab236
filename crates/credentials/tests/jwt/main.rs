//! The user JWT from outside of the crate: published vectors, every rule, a corpus of hostile tokens, and
//! random damage.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "test code: a broken assumption has to stop the test"
)]

mod corpus;
mod hostile;
mod mutations;
mod rules;
mod signer;
mod vectors;
