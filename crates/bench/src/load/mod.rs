//! The load generator: keep-alive HTTP/1.1 over TCP on one thread, with prepared requests, so that little of
//! the machine is taken from the server beside it.

mod closed;
mod connection;
mod open;

use std::net::SocketAddr;

use anyhow::{Context as _, Result};

pub use closed::closed_loop;
pub use connection::{Answer, Connection};
pub use open::open_loop;

use crate::requests::Requests;

/// Connections of both loops.
pub const CONNECTIONS: u64 = 256;

/// A runtime for one measurement: one thread, which is this one.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("runtime of the generator")
}

/// One request on a connection of its own.
pub fn ask(address: SocketAddr, requests: &Requests) -> Result<Answer> {
    let mut requests = requests.clone();
    runtime()?.block_on(async move { Connection::open(address).await?.exchange(requests.next()).await })
}
