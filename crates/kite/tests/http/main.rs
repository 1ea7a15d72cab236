//! The interface from the outside: routes over an exchange in memory, whose worlds stand still unless moved.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may stop the test"
)]

mod access;
mod authorise;
mod bench;
mod faults;
mod keys;
mod large_orders;
mod machine;
mod money;
mod orders;
mod pages;
mod portfolio;
mod postbacks;
