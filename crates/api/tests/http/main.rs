//! The routes over a real engine with an in-memory database, driven without sockets.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share fails like the tests themselves"
)]

mod access;
mod bench;
mod fault_scenarios;
mod faults;
mod frame;
mod idempotency;
mod kite;
mod limits;
mod machine;
mod partner;
mod sandbox;
mod sdk;
