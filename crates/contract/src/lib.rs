//! The partner contract's wire shapes, in one place: what requests may say and what answers, webhooks and SDK
//! results look like. Domain values go in, serialisable structs come out; the same struct serves the API
//! answer, the webhook body and the SDK result, so that the three can never disagree.
//!
//! Invariant: no I/O, no clock, no randomness in here.
//! Invariant: no amount passes through binary floating point, neither in nor out.

pub mod batch;
pub mod create;
pub mod envelope;
pub mod errors;
pub mod holdings;
pub mod instant;
pub mod market;
pub mod number;
pub mod request;
pub mod sdk;
pub mod transaction;
pub mod webhook;
