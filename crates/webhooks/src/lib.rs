//! The rules by which webhooks are delivered, without any I/O: when an attempt is due, and where Torana may
//! connect to.
//!
//! Invariant: jitter and instants are arguments; nothing in here draws or reads them.
//! Invariant: an address passes [`egress::check_address`] after every resolution, and the checked address is
//! the one that is connected.

pub mod egress;
pub mod retry_after;
pub mod schedule;
