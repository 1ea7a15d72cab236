//! Prices that are set from outside, and the halts that they cause.

use torana_domain::time::DAY_MS;
use torana_instruments::Exchange;

use super::*;
use crate::core::command::{NewTick, TickProblem};
use crate::market::Stage;

const MINUTE_MS: i64 = 60_000;

fn tick(ticker: &str, price: Price) -> NewTick {
    NewTick {
        security: SecurityName::Ticker(ticker.to_owned()),
        exchange: Exchange::Nse,
        price,
        at: None,
    }
}

fn later(tick: NewTick, at: Timestamp) -> NewTick {
    NewTick { at: Some(at), ..tick }
}

impl World {
    fn set(&mut self, ticks: Vec<NewTick>) -> Reply {
        self.run(Command::SetPrices(ticks))
    }

    /// A price some ticks away from the last one.
    fn near(&self, ticker: &str, ticks: i64) -> Price {
        Price(self.last(ticker).0 + ticks * self.day_frame(ticker).tick.0)
    }

    fn rebuilt(&self) -> State {
        let mut state = State::empty();
        for event in &self.events {
            state.evolve(event);
        }
        // What an advance without events does to the state.
        state.now = self.state.now;
        state
    }
}

#[test]
fn a_price_of_now_is_the_last_price_at_once() {
    let mut world = World::new();
    let wanted = world.near("INFY", 40);
    assert_eq!(
        world.set(vec![tick("INFY", wanted)]),
        Reply::PricesSet { accepted: 1 }
    );
    assert_eq!(world.last("INFY"), wanted);
    assert_eq!(world.rebuilt(), world.state);
    assert!(world.state.tape.ticks.is_empty());
    let itc = world.last("ITC");
    let other = World::new();
    assert_eq!(other.last("ITC"), itc, "others keep their course");
}

#[test]
fn a_price_of_later_is_set_at_its_own_instant() {
    let mut world = World::new();
    let (wanted, at) = (world.near("INFY", 40), world.now.plus_ms(10 * MINUTE_MS + 7));
    let before = world.last("INFY");
    assert_eq!(
        world.set(vec![later(tick("INFY", wanted), at)]),
        Reply::PricesSet { accepted: 1 }
    );
    assert_eq!(world.last("INFY"), before);
    let Reply::NextDue(due) = world.run(Command::NextDue) else {
        panic!("an instant")
    };
    assert_eq!(due, at);
    world.now = at.plus_ms(-1);
    world.run(Command::AdvanceTo);
    assert!(!world.state.tape.ticks.is_empty());
    world.now = at;
    world.run(Command::AdvanceTo);
    assert_eq!(world.last("INFY"), wanted);
    let set = world.events.last().unwrap();
    assert_eq!((set.at, set.fact.kind()), (at, "price_set"));
    assert_eq!(world.rebuilt(), world.state);
}

#[test]
fn of_two_prices_of_one_instant_the_later_one_stays() {
    let mut world = World::new();
    let (first, second) = (world.near("INFY", 40), world.near("INFY", -3));
    let both = vec![tick("INFY", first), tick("INFY", second)];
    assert_eq!(world.set(both), Reply::PricesSet { accepted: 2 });
    assert_eq!(world.last("INFY"), second);
}

#[test]
fn refusals_name_each_tick_and_nothing_is_set() {
    let mut world = World::new();
    let (good, before) = (world.near("INFY", 1), world.events.len());
    let frame = world.day_frame("INFY");
    let past = world.now.plus_ms(-1);
    let refused = |why, ticks: &[usize]| (why, ticks.to_vec());
    let cases = [
        (
            vec![tick("INFY", good), tick("NOPE", good), tick("NOPE2", good)],
            refused(TickProblem::Unknown, &[1, 2]),
        ),
        (
            vec![later(tick("INFY", good), past), tick("INFY", good)],
            refused(TickProblem::InPast, &[0]),
        ),
        (
            vec![tick("INFY", Price(good.0 + 1)), tick("INFY", good)],
            refused(TickProblem::Price, &[0]),
        ),
        (
            vec![tick("INFY", Price(frame.high.0 + frame.tick.0))],
            refused(TickProblem::Price, &[0]),
        ),
        (vec![tick("INFY", Price(0))], refused(TickProblem::Price, &[0])),
        (
            vec![tick("INFY", Price(i64::MIN)), tick("INFY", Price(i64::MAX))],
            refused(TickProblem::Price, &[0, 1]),
        ),
    ];
    for (ticks, expected) in cases {
        match world.set(ticks) {
            Reply::TicksRefused { why, ticks } => {
                assert_eq!((why, ticks.iter().map(|(index, _)| *index).collect()), expected);
                assert!(ticks.iter().all(|(_, text)| !text.is_empty()));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.events.len(), before);
}

#[test]
fn each_price_is_tried_after_those_before_it() {
    let mut world = World::new();
    let frame = world.day_frame("INFY");
    let beyond = Price(frame.high.0 + 20 * frame.tick.0);
    let minute = world.now.plus_ms(MINUTE_MS);
    // The first one reaches the edge, the band widens, the second one has room.
    let both = vec![later(tick("INFY", beyond), minute), tick("INFY", frame.high)];
    assert_eq!(world.set(both), Reply::PricesSet { accepted: 2 });
    world.now = minute;
    world.run(Command::AdvanceTo);
    assert_eq!(world.last("INFY"), beyond);
}

#[test]
fn a_price_that_is_set_fills_what_waits_for_it_at_its_own_limit() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let (low, lower) = (world.near("INFY", -600), world.near("INFY", -650));
    let waiting = world.taken(&session, limit(Side::Buy, "INFY", 3, low));
    let deeper = world.taken(&session, limit(Side::Buy, "INFY", 3, Price(lower.0 - 50_000)));
    world.now = world.now.plus_ms(7);
    world.set(vec![tick("INFY", lower)]);
    let order = world.order(&session, &waiting);
    assert_eq!(
        (order.filled, order.worth.average(order.filled)),
        (Shares(3), low)
    );
    let fill = world
        .events
        .iter()
        .find(|event| event.fact.kind() == "order_filled")
        .unwrap();
    assert_eq!(fill.at, world.now);
    assert_eq!(world.order(&session, &deeper).filled, Shares(0));
    assert_eq!(world.rebuilt(), world.state);
}

/// Moves the whole index by per cent, as far as bands allow at once.
fn move_index(world: &mut World, percent: i64) {
    let tickers: Vec<String> = torana_instruments::Master::bundled()
        .iter()
        .filter(|security| security.exchange == Exchange::Nse && world.market.is_in_index(&security.isin))
        .map(|security| security.ticker.clone())
        .collect();
    let ticks = tickers
        .iter()
        .map(|ticker| {
            let frame = world.day_frame(ticker);
            let to = frame.previous_close.0 + frame.previous_close.0 * percent / 100;
            tick(ticker, frame.snap(Price(to)))
        })
        .collect();
    assert!(matches!(world.set(ticks), Reply::PricesSet { accepted: 50 }));
}

#[test]
fn a_falling_index_stops_the_market_and_an_auction_opens_it_again() {
    let mut world = World::new();
    move_index(&mut world, -9);
    assert!(world.state.tape.halts.is_empty());
    // At the edge of the first band: the band widens, the index has fallen by not quite ten per cent.
    move_index(&mut world, -10);
    move_index(&mut world, -11);
    let halt = *world.state.tape.halts.first().unwrap();
    assert_eq!((halt.from, halt.percent), (world.now, 10));
    assert_eq!(
        (halt.until, halt.reopens),
        (
            world.now.plus_ms(45 * MINUTE_MS),
            world.now.plus_ms(60 * MINUTE_MS)
        )
    );
    move_index(&mut world, -12);
    assert_eq!(
        world.state.tape.halts.len(),
        1,
        "once a day, and not while halted"
    );
    assert_eq!(world.rebuilt(), world.state);

    let group = world.market.listing("INFY").unwrap().group;
    let stage = |world: &World| world.market.stage(world.state.prices(), group, world.now);
    assert_eq!(stage(&world), Stage::Halted);
    world.now = halt.reopens;
    world.run(Command::AdvanceTo);
    assert_eq!(stage(&world), Stage::Continuous);
    move_index(&mut world, -15);
    move_index(&mut world, -16);
    assert_eq!(world.state.tape.halts.last().unwrap().percent, 15);

    world.now = world.now.plus_ms(DAY_MS);
    world.run(Command::AdvanceTo);
    assert!(world.state.tape.halts.is_empty(), "another day");
    assert_eq!(world.rebuilt(), world.state);
}
