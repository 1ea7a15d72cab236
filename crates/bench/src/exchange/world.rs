//! A world as the gateway has it: commands through the port, each answered after its events are on the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use torana_domain::time::Timestamp;
use torana_exchange::core::{Command, Reply};
use torana_exchange::feed::MarketFeed;
use torana_exchange::{EmbeddedExchange, ExchangeParts, Ownership, Port};

use super::seams::seams;
use super::trader::{Trader, start};
use crate::args::Window;
use crate::databases::Place;

const WORLD: &str = "bench";
/// Accounts that trade, each with one command after the other. One may send 5,000 orders a day.
const TRADERS: usize = 1_200;
/// Commands of one millisecond of the world.
const COMMANDS_PER_MS: i64 = 64;

/// The exchange and the world's clock, which runs by commands.
struct Floor {
    exchange: EmbeddedExchange,
    started_at: Timestamp,
    commands: AtomicI64,
}

impl Floor {
    async fn execute(&self, command: Command) -> Result<Reply> {
        let number = self.commands.fetch_add(1, Ordering::Relaxed);
        let at = self.started_at.plus_ms(number / COMMANDS_PER_MS);
        let answer = self.exchange.execute(WORLD, at, command).await;
        Ok(answer.context("a command")?.reply)
    }
}

/// Order events per second, all traders at once.
pub fn measure(place: &Place, window: Window) -> Result<f64> {
    // Opened here, because connecting to PostgreSQL may block.
    let store = place.open_exchange()?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("runtime")?;
    let rate = runtime.block_on(async {
        let floor = Arc::new(Floor {
            exchange: EmbeddedExchange::new(ExchangeParts {
                rt: seams(),
                store,
                market: MarketFeed::bundled(),
                default_seed: Some(7),
                ownership: Ownership::Alone,
            }),
            started_at: start()?,
            commands: AtomicI64::new(0),
        });
        let mut traders = Vec::new();
        for number in 0..TRADERS {
            let mut trader = Trader::new(number)?;
            for command in trader.beginnings(floor.started_at) {
                let reply = floor.execute(command).await?;
                if let Reply::Quotes(_) = reply {
                    trader.learn(&reply)?;
                }
            }
            traders.push(trader);
        }
        let measured_from = Instant::now() + window.warm_up;
        let until = measured_from + window.measured;
        let mut tasks = JoinSet::new();
        for trader in traders {
            tasks.spawn(trade(Arc::clone(&floor), trader, measured_from, until));
        }
        let mut events = 0;
        while let Some(made) = tasks.join_next().await {
            events += made.context("a trader")??;
        }
        anyhow::Ok(events as f64 / window.measured.as_secs_f64())
    });
    runtime.shutdown_background();
    rate
}

/// Trades until `until`; gives the order events since `measured_from`.
async fn trade(floor: Arc<Floor>, mut trader: Trader, measured_from: Instant, until: Instant) -> Result<u64> {
    let mut made = 0;
    loop {
        let reply = floor.execute(trader.command()).await?;
        let now = Instant::now();
        if now >= until {
            return Ok(made);
        }
        let events = trader.hear(reply)?;
        if now >= measured_from {
            made += events;
        }
    }
}
