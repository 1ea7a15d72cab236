//! Quotes of 500 instruments, one call after the other, each by another login.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::floor::{Floor, get};
use crate::load::{Connection, runtime};
use crate::samples::{Samples, Summary};

/// As many as a call may name.
const INSTRUMENTS: usize = 500;

/// One call of every login: Kite allows each one a second.
pub fn measure(floor: &Floor, kite: SocketAddr) -> Result<Summary> {
    runtime()?.block_on(async {
        let mut connection = Connection::open(kite).await?;
        let names = names(&mut connection).await?;
        let path = format!("/quote?{}", names.join("&"));
        let logins = floor.accounts.iter().flat_map(|account| &account.logins);
        let mut samples = Samples::default();
        let begun = Instant::now();
        // The first account has asked for a quote just now.
        for (number, login) in logins.skip(1).enumerate() {
            let request = get(&path, login);
            let sent = Instant::now();
            let (status, body) = connection.ask(&request).await?;
            samples.record(sent.elapsed(), true);
            ensure!(status == 200, "a quote was answered with {status}");
            if number == 0 {
                let answer: Value = serde_json::from_slice(body).context("a quote that is no JSON")?;
                let quoted = answer
                    .get("data")
                    .and_then(Value::as_object)
                    .map(serde_json::Map::len);
                ensure!(quoted == Some(INSTRUMENTS), "{quoted:?} instruments in a quote");
            }
        }
        Ok(samples.summary(begun.elapsed()))
    })
}

/// Instruments as parameters of a query, out of the list that everybody may read.
async fn names(connection: &mut Connection) -> Result<Vec<String>> {
    let list = b"GET /instruments/NSE HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
    let list = connection.exchange(list).await?.body;
    let symbols = list.lines().skip(1).filter_map(|line| line.split(',').nth(2));
    let names: Vec<String> = symbols
        .take(INSTRUMENTS)
        .map(|symbol| format!("i=NSE:{}", symbol.replace('&', "%26")))
        .collect();
    ensure!(names.len() == INSTRUMENTS, "only {} instruments", names.len());
    Ok(names)
}
