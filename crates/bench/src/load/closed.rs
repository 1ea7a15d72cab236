//! Closed loop: every connection sends its next request when it has the answer to the last one.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;

use super::{CONNECTIONS, Connection, runtime};
use crate::args::Window;
use crate::requests::Requests;
use crate::samples::Samples;

/// Load of [`CONNECTIONS`] connections. Kept are the answers that came within the measured part.
pub fn closed_loop(address: SocketAddr, requests: &Requests, window: Window) -> Result<Samples> {
    runtime()?.block_on(async {
        let mut connections = Vec::new();
        for number in 0..CONNECTIONS {
            connections.push((Connection::open(address).await?, requests.for_connection(number)));
        }
        let measured_from = Instant::now() + window.warm_up;
        let until = measured_from + window.measured;
        let mut clients = JoinSet::new();
        for (connection, requests) in connections {
            clients.spawn(client(connection, requests, measured_from, until));
        }
        let mut all = Samples::default();
        while let Some(samples) = clients.join_next().await {
            all.merge(samples.context("a client of the generator")??);
        }
        Ok(all)
    })
}

async fn client(
    mut connection: Connection,
    mut requests: Requests,
    measured_from: Instant,
    until: Instant,
) -> Result<Samples> {
    let mut samples = Samples::default();
    let mut sent = Instant::now();
    while sent < until {
        connection.send(requests.next()).await?;
        let answered = Instant::now();
        samples.record(answered - sent, answered >= measured_from && answered < until);
        sent = answered;
    }
    Ok(samples)
}
