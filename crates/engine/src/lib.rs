//! The use cases of the gateway: create, start, log in, review, hand over, place, reconcile, import, expire,
//! deliver. Routes call them, jobs call them; nothing else writes the gateway's tables.
//!
//! Invariant: every step that the world can see is one commit (state, event, deliveries, jobs and stored
//! answer together); what must follow a commit is a job of that commit.
//! Invariant: no broker is named in here; what differs between brokers is data of their profiles.

pub mod access;
pub mod admin;
pub mod auth;
pub mod context;
pub mod create;
pub mod deliveries;
pub mod details;
mod draws;
pub mod error;
pub mod execution;
pub mod faults;
pub mod flow;
pub mod gateways;
pub mod housekeeping;
pub mod idempotency;
pub mod imports;
pub mod jobs;
pub mod lifecycle;
mod logos;
mod reseal;
mod rest;
pub mod sandbox;
pub mod sessions;
#[cfg(test)]
mod testbed;
pub mod transcript;
pub mod worlds;

pub use auth::{Caller, Principal};
pub use context::{Engine, EngineParts, Registry};
pub use error::EngineError;
pub use gateways::Gateway;
