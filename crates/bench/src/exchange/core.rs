//! The bare core: `apply` in memory, on one thread, with nothing stored.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use torana_domain::time::Timestamp;
use torana_exchange::Market;
use torana_exchange::core::{self, Command, Event, Reply, State};

use super::trader::{Trader, start};
use crate::args::Window;

/// Seed of the world.
const SEED: u64 = 7;
/// Accounts that trade.
const TRADERS: usize = 400;
/// Commands of one day: each trader sends 90 orders, changes 30 of them and takes 30 back.
const COMMANDS_PER_DAY: usize = TRADERS * 150;
/// Commands of one millisecond of the world.
const COMMANDS_PER_MS: usize = 64;

#[derive(Clone)]
struct Floor {
    state: State,
    market: Market,
    at: Timestamp,
    traders: Vec<Trader>,
}

impl Floor {
    fn open() -> Result<Self> {
        let mut floor = Self {
            state: State::empty(),
            market: Market::bundled(),
            at: start()?,
            traders: Vec::new(),
        };
        core::start(&mut floor.state, &floor.market, SEED, floor.at);
        for number in 0..TRADERS {
            let mut trader = Trader::new(number)?;
            for command in trader.beginnings(floor.at) {
                let (_, reply) = floor.execute(command);
                if let Reply::Quotes(_) = reply {
                    trader.learn(&reply)?;
                }
            }
            floor.traders.push(trader);
        }
        Ok(floor)
    }

    fn execute(&mut self, command: Command) -> (Vec<Event>, Reply) {
        let (events, answer) = core::apply(&mut self.state, &self.market, command, self.at);
        (events, answer.reply)
    }

    /// Trades a day; gives the order events.
    fn trade(&mut self) -> Result<u64> {
        let (mut made, mut expected) = (0_u64, 0);
        for number in 0..COMMANDS_PER_DAY {
            let Some(trader) = self.traders.get_mut(number % TRADERS) else {
                continue;
            };
            let command = trader.command();
            let (events, answer) = core::apply(&mut self.state, &self.market, command, self.at);
            let of_orders = |event: &&Event| event.fact.kind().starts_with("order_");
            made += events.iter().filter(of_orders).count() as u64;
            expected += trader.hear(answer.reply)?;
            if number % COMMANDS_PER_MS == 0 {
                self.at = self.at.plus_ms(1);
            }
        }
        ensure!(made == expected, "{made} order events instead of {expected}");
        Ok(made)
    }
}

/// Order events per second, of the same day again and again.
pub fn measure(window: Window) -> Result<f64> {
    let morning = Floor::open()?;
    let begun = Instant::now();
    let (mut made, mut spent) = (0, Duration::ZERO);
    while spent < window.measured {
        let mut floor = morning.clone();
        let opened = Instant::now();
        let events = floor.trade()?;
        if begun.elapsed() > window.warm_up {
            made += events;
            spent += opened.elapsed();
        }
    }
    Ok(made as f64 / spent.as_secs_f64())
}
