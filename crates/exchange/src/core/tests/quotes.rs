//! What anybody can read of the market: quotes, candles and their agreement.

use torana_clock::ist::ist_date;
use torana_instruments::Exchange;

use super::*;
use crate::core::book::Instrument;
use crate::core::candle::Candle;
use crate::core::command::NewTick;
use crate::core::price::BAR_MS;

fn infy() -> Instrument {
    Instrument::new(Exchange::Nse, INFY)
}

fn quote_of(world: &mut World, session: &SessionRef, instrument: Instrument) -> MarketQuote {
    let command = Command::MarketQuotes {
        session: session.clone(),
        instruments: vec![instrument],
    };
    match world.run(command) {
        Reply::MarketQuotes(quotes) => quotes.into_iter().next().unwrap(),
        other => panic!("{other:?}"),
    }
}

fn candles(world: &mut World, session: &SessionRef, span: Span, from: &str, until: &str) -> Vec<Candle> {
    let range = CandleRange {
        instrument: infy(),
        span,
        from: at(from),
        until: at(until),
    };
    let command = Command::Candles {
        session: session.clone(),
        range,
    };
    match world.run(command) {
        Reply::Candles(candles) => candles,
        other => panic!("{other:?}"),
    }
}

fn set(world: &mut World, price: i64) {
    let tick = NewTick {
        security: SecurityName::Isin(INFY.to_owned()),
        exchange: Exchange::Nse,
        price: Price(price),
        at: None,
    };
    let reply = world.run(Command::SetPrices(vec![tick]));
    assert_eq!(reply, Reply::PricesSet { accepted: 1 });
}

fn sum(candles: &[Candle]) -> Candle {
    let mut all = candles.iter();
    let first = *all.next().unwrap();
    all.fold(first, |mut sum, next| {
        sum.join(next);
        sum
    })
}

#[test]
fn the_day_of_a_quote_is_the_sum_of_its_minutes() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    // The first question makes the totals, the later ones go on with them.
    for now in [
        "2026-01-05T04:30:10.000Z",
        "2026-01-05T04:30:50.000Z",
        "2026-01-05T06:01:59.999Z",
        "2026-01-05T09:59:59.999Z",
        "2026-01-05T10:00:00.000Z",
        "2026-01-05T23:00:00.000Z",
    ] {
        world.go_to(now);
        let quote = quote_of(&mut world, &session, infy());
        let minutes = candles(
            &mut world,
            &session,
            Span::Minutes(1),
            "2026-01-05T00:00:00.000Z",
            now,
        );
        let day = quote.day.unwrap();
        assert_eq!(day, sum(&minutes), "{now}");
        assert_eq!(quote.last_price, day.close, "{now}");
        let days = candles(&mut world, &session, Span::Day, "2026-01-05T00:00:00.000Z", now);
        let [candle] = days.as_slice() else {
            panic!("{days:?}")
        };
        assert_eq!(candle.at, at("2026-01-04T18:30:00.000Z"), "midnight in India");
        assert_eq!(
            Candle {
                at: day.at,
                ..*candle
            },
            day,
            "{now}"
        );
    }
    let all = candles(
        &mut world,
        &session,
        Span::Minutes(1),
        "2026-01-05T00:00:00.000Z",
        "2026-01-05T23:00:00.000Z",
    );
    assert_eq!(all.len(), 375);
    assert_eq!(all[0].at, at("2026-01-05T03:45:00.000Z"));
    assert!(
        all.windows(2)
            .all(|pair| pair[1].at.ms_since(pair[0].at) == BAR_MS)
    );
}

#[test]
fn a_memory_of_the_day_changes_no_answer() {
    let (mut asked, mut fresh) = (World::new(), World::new());
    let session = asked.login("DEMO01");
    assert_eq!(fresh.login("DEMO01"), session);
    for minute in 0..30 {
        asked.now = at(MONDAY_10).plus_ms(minute * 47_000);
        quote_of(&mut asked, &session, infy());
    }
    fresh.now = asked.now;
    assert_eq!(
        quote_of(&mut asked, &session, infy()),
        quote_of(&mut fresh, &session, infy())
    );
    // A price that is set changes what is remembered, and only of its security.
    set(&mut asked, 15_100_000);
    set(&mut fresh, 15_100_000);
    for world in [&mut asked, &mut fresh] {
        world.go_to("2026-01-05T05:10:00.000Z");
    }
    let itc = Instrument::new(Exchange::Bse, ITC);
    for instrument in [infy(), itc] {
        assert_eq!(
            quote_of(&mut asked, &session, instrument),
            quote_of(&mut fresh, &session, instrument)
        );
    }
}

#[test]
fn a_quote_shows_the_book_around_its_price_while_orders_match() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let quote = quote_of(&mut world, &session, infy());
    assert_eq!((quote.bids.len(), quote.asks.len()), (5, 5));
    let tick = quote.bounds.tick.0;
    assert_eq!(quote.bids[0].price.0, quote.last_price.0 - tick);
    assert_eq!(quote.asks[0].price.0, quote.last_price.0 + tick);
    assert!(quote.bids.windows(2).all(|pair| pair[0].price > pair[1].price));
    assert!(quote.asks.windows(2).all(|pair| pair[0].price < pair[1].price));
    assert_eq!(quote.last_trade_at, at(MONDAY_10));
    assert!(quote.last_quantity <= quote.day.unwrap().volume);
    // What is shown is what an order gets.
    world.place(&session, OrderRequest::delivery(Side::Buy, "INFY", Shares(1)));
    let Reply::Trades(trades) = world.run(Command::Trades(session.clone().into())) else {
        panic!("no trades")
    };
    assert_eq!(trades[0].trade.price, quote.asks[0].price);

    world.go_to("2026-01-05T12:00:00.000Z");
    let closed = quote_of(&mut world, &session, infy());
    assert!(closed.bids.is_empty() && closed.asks.is_empty());
    assert_eq!(closed.previous_close, quote.previous_close, "until the next book");
}

#[test]
fn a_new_day_begins_without_a_trade_and_with_the_close_before_it() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    world.go_to("2026-01-05T12:00:00.000Z");
    let evening = quote_of(&mut world, &session, infy());
    world.go_to("2026-01-06T02:00:00.000Z");
    let session = world.login("DEMO01");
    let morning = quote_of(&mut world, &session, infy());
    assert_eq!(morning.day, None);
    assert_eq!(morning.last_price, evening.last_price);
    assert_eq!(morning.previous_close, evening.day.unwrap().close);
    let old = candles(
        &mut world,
        &session,
        Span::Day,
        "2026-01-05T05:00:00.000Z",
        "2026-01-06T05:00:00.000Z",
    );
    assert_eq!(old.len(), 1, "no candle before the first trade");
    assert_eq!(old[0].close, evening.day.unwrap().close);
}

#[test]
fn what_was_set_stays_in_the_past() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    world.go_to("2026-01-05T06:00:30.000Z");
    let before = quote_of(&mut world, &session, infy());
    set(&mut world, 15_300_000);
    let after = quote_of(&mut world, &session, infy());
    assert_eq!(after.last_price, Price(15_300_000));
    assert_eq!(after.last_trade_at, at("2026-01-05T06:00:30.000Z"));
    assert_eq!(after.day.unwrap().open, before.day.unwrap().open);
    let minute = |world: &mut World, session: &SessionRef| {
        let one = "2026-01-05T06:00:00.000Z";
        candles(world, session, Span::Minutes(1), one, one)[0]
    };
    let bar = minute(&mut world, &session);
    assert_eq!((bar.open, bar.close), (before.last_price, Price(15_300_000)));

    world.go_to("2026-01-05T12:00:00.000Z");
    let evening = quote_of(&mut world, &session, infy());
    world.go_to("2026-01-07T05:00:00.000Z");
    set(&mut world, 15_200_000);
    world.go_to("2026-01-08T05:00:00.000Z");
    let session = world.login("DEMO01");
    assert_eq!(minute(&mut world, &session), bar);
    let days = candles(
        &mut world,
        &session,
        Span::Day,
        "2026-01-05T05:00:00.000Z",
        "2026-01-05T05:00:00.000Z",
    );
    let day = evening.day.unwrap();
    assert_eq!(
        Candle {
            at: day.at,
            ..days[0]
        },
        day
    );
}

#[test]
fn candles_reach_back_before_the_world_and_never_ahead_of_it() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let all = candles(
        &mut world,
        &session,
        Span::Day,
        "2025-12-01T04:00:00.000Z",
        "2026-02-01T04:00:00.000Z",
    );
    assert_eq!(ist_date(all[0].at).to_string(), "2025-12-01");
    assert_eq!(ist_date(all.last().unwrap().at).to_string(), "2026-01-05");
    for day in &all {
        let date = ist_date(day.at);
        assert!(
            world.market.day_before(date.plus_days(1)) == date,
            "{date} trades"
        );
        assert!(day.low <= day.open && day.open <= day.high && day.low <= day.close && day.close <= day.high);
    }
    // The days hang together, and lead to where the world starts.
    let quote = quote_of(&mut world, &session, infy());
    let friday = all[all.len() - 2];
    assert_eq!(friday.close, quote.previous_close);
    let hours = candles(
        &mut world,
        &session,
        Span::Minutes(60),
        "2026-01-02T04:00:00.000Z",
        "2026-01-05T09:00:00.000Z",
    );
    let begins: Vec<String> = hours.iter().map(|hour| hour.at.to_iso()).collect();
    assert_eq!(
        begins[0], "2026-01-02T04:45:00.000Z",
        "the first that begins in the range"
    );
    assert_eq!(begins.last().unwrap(), "2026-01-05T03:45:00.000Z");
    assert_eq!(begins.len(), 7);
}

#[test]
fn the_closing_auction_has_a_bar_of_its_own() {
    let mut world = World::starting(7, at("2026-09-08T04:30:00.000Z"));
    let session = world.login("DEMO01");
    world.go_to("2026-09-08T10:30:00.000Z");
    let quote = quote_of(&mut world, &session, infy());
    let minutes = candles(
        &mut world,
        &session,
        Span::Minutes(1),
        "2026-09-08T03:00:00.000Z",
        "2026-09-08T12:00:00.000Z",
    );
    assert_eq!(minutes.len(), 361, "09:15 to 15:15, and 15:30");
    let last = minutes.last().unwrap();
    assert_eq!(last.at, at("2026-09-08T10:00:00.000Z"));
    assert_eq!(
        (last.close, quote.day.unwrap()),
        (quote.last_price, sum(&minutes))
    );
}

#[test]
fn strangers_and_unlisted_securities_get_nothing() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let unknown = Instrument::new(Exchange::Nse, "INE000000000");
    let command = |session: &SessionRef| Command::MarketQuotes {
        session: session.clone(),
        instruments: vec![unknown, infy()],
    };
    let Reply::MarketQuotes(quotes) = world.run(command(&session)) else {
        panic!("no quotes")
    };
    assert_eq!(quotes.len(), 1);
    let stranger = SessionRef {
        token_hash: "other".to_owned(),
        ..session
    };
    assert_eq!(world.run(command(&stranger)), Reply::SessionExpired);
}

#[test]
fn news_of_orders_come_once() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let news = |world: &mut World, rows: u64, since: Timestamp| {
        let command = Command::OrderNews {
            session: session.clone(),
            rows,
            since,
        };
        match world.run(command) {
            Reply::OrderNews { rows, orders, .. } => (rows, orders.len()),
            other => panic!("{other:?}"),
        }
    };
    let start = world.now;
    assert_eq!(news(&mut world, 0, start), (0, 0));
    world.place(&session, OrderRequest::delivery(Side::Buy, "INFY", Shares(1)));
    let (rows, orders) = news(&mut world, 0, start);
    assert!(rows > 0 && orders == 1);
    assert_eq!(news(&mut world, rows, start), (rows, 0));
    world.go_to("2026-01-05T05:00:00.000Z");
    world.place(&session, OrderRequest::delivery(Side::Buy, "ITC", Shares(1)));
    let later = world.now;
    assert_eq!(news(&mut world, rows, later).1, 1, "only what is newer");
}
