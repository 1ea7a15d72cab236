//! The paper exchange: what the sandbox brokers trade on.
//!
//! [`core`] is a pure function over the state of one world; [`port`] is the border that commands and answers
//! cross; [`embedded`] keeps worlds in a database of their own and serves the port inside the process, [`remote`]
//! reaches one that runs in a process of its own;
//! [`paper`] is a broker of the gateway that talks to the port and to nothing else; [`access`] says which programs may
//! act in a world from outside, and for whom.
//!
//! Invariant: the exchange knows no gateway table; a world's name is all it knows of a gateway.
//! Invariant: an answer leaves only after the events that it rests on are committed.

pub mod access;
pub mod core;
pub mod corporate;
pub mod embedded;
pub mod feed;
pub mod market;
pub mod paper;
pub mod port;
pub mod remote;
pub mod seeds;

pub use embedded::{EmbeddedExchange, ExchangeParts, Ownership};
pub use market::Market;
pub use paper::PaperBroker;
pub use port::{Port, PortError};
pub use remote::RemoteExchange;
pub use seeds::{TEST_ACCOUNTS, TPIN, TestAccount};
