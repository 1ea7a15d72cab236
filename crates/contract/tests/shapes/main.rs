//! Every shape against the contract's samples, and every schema against the shapes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail by panicking"
)]

mod answers;
mod holdings;
mod orders;
mod samples;
mod schema;
mod sdk;
