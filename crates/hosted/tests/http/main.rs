//! The routes of the hosted flow over HTTP, without a network: a gateway, a browser's requests, a broker.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]

mod bench;
mod broker;
mod logos;
mod machine;
mod returns;
