//! Orders in a closed loop, and whether the books hold what was acknowledged.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context as _, Result};
use serde_json::Value;
use tokio::task::JoinSet;

use super::floor::{Account, Floor, get};
use super::pace::Pace;
use crate::args::Window;
use crate::load::{CONNECTIONS, Connection, runtime};
use crate::process::cpu_us;
use crate::samples::{Samples, Summary};

/// What came of the orders.
pub struct Sent {
    pub summary: Summary,
    /// Orders that were not taken, for whatever reason.
    pub refused: u64,
    /// The first of these answers.
    pub refusal: Option<String>,
    /// Number of the account and id of every order that was taken.
    pub acknowledged: Vec<(usize, String)>,
}

/// A login that sends orders: one that rests, a buy and a sale at the market, and again.
struct Trader {
    number: usize,
    account: Account,
    login: String,
    pace: Pace,
    sent: u64,
}

impl Trader {
    fn next(&mut self) -> Vec<u8> {
        let (ticker, low) = (self.account.ticker, &self.account.low);
        let terms = match self.sent % 3 {
            0 => format!("transaction_type=BUY&order_type=LIMIT&price={low}"),
            1 => "transaction_type=BUY&order_type=MARKET&market_protection=-1".to_owned(),
            _ => "transaction_type=SELL&order_type=MARKET&market_protection=-1".to_owned(),
        };
        let tag = self.sent;
        self.sent += 1;
        let body = format!(
            "exchange=NSE&tradingsymbol={ticker}&{terms}&quantity=1&product=CNC&validity=DAY&tag=b{tag}"
        );
        format!(
            "POST /orders/regular HTTP/1.1\r\nhost: 127.0.0.1\r\nx-kite-version: 3\r\nauthorization: {}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            self.login,
            body.len()
        )
        .into_bytes()
    }
}

/// What one connection saw.
#[derive(Default)]
struct Seen {
    samples: Samples,
    refused: u64,
    refusal: Option<String>,
    acknowledged: Vec<(usize, String)>,
}

/// Sends orders over all connections as fast as they are answered and Kite's limits allow. Kept are the latencies of
/// answers that came within the measured part.
pub fn measure(floor: &Floor, kite: SocketAddr, server: u32, window: Window) -> Result<Sent> {
    let server = server.to_string();
    let (servers, ours) = (cpu_us(&server), cpu_us("self"));
    let seen = runtime()?.block_on(load(floor, kite, window))?;
    let answered = (seen.acknowledged.len() as f64).max(1.0);
    let spent =
        |before: Option<u64>, process: &str| Some(cpu_us(process)?.saturating_sub(before?) as f64 / answered);
    let mut summary = seen.samples.summary(window.measured);
    summary.server_cpu_us = spent(servers, &server);
    summary.generator_cpu_us = spent(ours, "self");
    Ok(Sent {
        summary,
        refused: seen.refused,
        refusal: seen.refusal,
        acknowledged: seen.acknowledged,
    })
}

async fn load(floor: &Floor, kite: SocketAddr, window: Window) -> Result<Seen> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push((Connection::open(kite).await?, Vec::new()));
    }
    // Neighbours on a connection are different accounts.
    let logins = floor
        .accounts
        .iter()
        .enumerate()
        .flat_map(|(number, account)| account.logins.iter().map(move |login| (number, account, login)));
    let places = connections.len();
    for (place, (number, account, login)) in logins.enumerate() {
        if let Some((_, traders)) = connections.get_mut(place % places) {
            traders.push(Trader {
                number,
                account: account.clone(),
                login: login.clone(),
                pace: Pace::default(),
                sent: 0,
            });
        }
    }
    let measured_from = Instant::now() + window.warm_up;
    let until = measured_from + window.measured;
    let mut clients = JoinSet::new();
    for (connection, traders) in connections {
        clients.spawn(client(connection, traders, measured_from, until));
    }
    let mut all = Seen::default();
    while let Some(seen) = clients.join_next().await {
        let seen = seen.context("a client of the generator")??;
        all.samples.merge(seen.samples);
        all.refused += seen.refused;
        all.refusal = all.refusal.or(seen.refusal);
        all.acknowledged.extend(seen.acknowledged);
    }
    Ok(all)
}

/// The traders of one connection, in turn.
async fn client(
    mut connection: Connection,
    mut traders: Vec<Trader>,
    measured_from: Instant,
    until: Instant,
) -> Result<Seen> {
    let mut seen = Seen::default();
    loop {
        for trader in &mut traders {
            if let Some(free_at) = trader.pace.free_at() {
                tokio::time::sleep_until(free_at.min(until).into()).await;
            }
            let sent = Instant::now();
            if sent >= until {
                return Ok(seen);
            }
            let request = trader.next();
            let (status, body) = connection.ask(&request).await?;
            let answered = Instant::now();
            trader.pace.count(answered);
            let body = std::str::from_utf8(body).context("an answer that is no text")?;
            match order_id(body).filter(|_| status == 200) {
                Some(id) => {
                    let is_measured = answered >= measured_from && answered < until;
                    seen.samples.record(answered - sent, is_measured);
                    seen.acknowledged.push((trader.number, id.to_owned()));
                }
                None => {
                    seen.refused += 1;
                    seen.refusal.get_or_insert_with(|| format!("{status} {body}"));
                }
            }
        }
    }
}

/// The id in the answer to an order; without a parser, because that runs beside the server.
fn order_id(body: &str) -> Option<&str> {
    let (_, rest) = body.split_once("\"order_id\":\"")?;
    Some(rest.split_once('"')?.0)
}

/// How many of these orders the books of their accounts do not show.
pub fn missing_in_books(floor: &Floor, kite: SocketAddr, acknowledged: &[(usize, String)]) -> Result<u64> {
    let mut wanted: Vec<BTreeSet<&str>> = floor.accounts.iter().map(|_| BTreeSet::new()).collect();
    for (number, id) in acknowledged {
        if let Some(ids) = wanted.get_mut(*number) {
            ids.insert(id);
        }
    }
    runtime()?.block_on(async {
        let mut connection = Connection::open(kite).await?;
        let mut missing = 0;
        for (account, mut ids) in floor.accounts.iter().zip(wanted) {
            let request = get("/orders", account.logins.first().context("no login")?);
            let book: Value = serde_json::from_str(&connection.exchange(&request).await?.body)?;
            let orders = book.get("data").and_then(Value::as_array).context("no book")?;
            for id in orders.iter().filter_map(|order| order.get("order_id")?.as_str()) {
                ids.remove(id);
            }
            missing += ids.len() as u64;
        }
        Ok(missing)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledged_order_has_an_id() {
        let taken = r#"{"status":"success","data":{"order_id":"260105000000001","children":[]}}"#;
        assert_eq!(order_id(taken), Some("260105000000001"));
        assert_eq!(order_id(r#"{"status":"error","data":null}"#), None);
    }
}
