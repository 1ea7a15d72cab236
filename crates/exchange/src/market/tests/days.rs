use super::*;
use crate::core::book::Thresholds;
use crate::core::price::BAR_MS;
use proptest::prelude::*;

const TICKERS: [&str; 6] = ["INFY", "ITC", "MRF", "NIFTYBEES", "LIQUIDBEES", "3MINDIA"];

fn listing(ticker: &str) -> Arc<Listing> {
    Market::bundled().listing(ticker).unwrap()
}

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

/// The trading day whose frame the last price at `at` must keep.
fn day_of_last_trade(market: &Market, listing: &Listing, at: Timestamp) -> Date {
    let today = market.calendar.latest_trading_day_not_after(market.date_of(at));
    let opens = market.times(listing.group, today).unwrap().opens_at();
    if at < opens {
        market.day_before(today)
    } else {
        today
    }
}

#[test]
fn a_world_starts_from_the_list() {
    let (market, tape) = (Market::bundled(), tape());
    for ticker in TICKERS {
        let (listing, prices) = (listing(ticker), prices(3, &tape));
        let monday = market.frame(prices, &listing, day("2026-01-05"));
        assert_eq!(
            (monday.previous_close, monday.tick),
            (listing.listed_price, listing.listed_tick)
        );
        assert_eq!(
            market.close(prices, &listing, day("2026-01-02")),
            listing.listed_price
        );
    }
}

#[test]
fn each_day_hangs_on_the_close_before() {
    let (market, tape) = (Market::bundled(), tape());
    for ticker in TICKERS {
        let (listing, prices) = (listing(ticker), prices(11, &tape));
        let mut today = day("2026-01-05");
        let mut closes = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let frame = market.frame(prices, &listing, today);
            assert_eq!(
                frame.previous_close,
                market.close(prices, &listing, market.day_before(today)),
                "{ticker} {today}"
            );
            let close = market.close(prices, &listing, today);
            assert!(frame.allows(close), "{ticker} {today}: {close:?} {frame:?}");
            closes.insert(close);
            today = market.next_day(today);
        }
        assert!(
            closes.len() > 20 || ticker == "LIQUIDBEES",
            "{ticker}: {}",
            closes.len()
        );
    }
}

#[test]
fn the_tick_follows_the_last_close_of_the_month_before() {
    let (market, tape) = (Market::bundled(), tape());
    let mut changed = 0;
    for security in Master::bundled()
        .iter()
        .filter(|security| security.exchange == Exchange::Nse)
    {
        let listing = listing(&security.ticker);
        let prices = prices(5, &tape);
        let month_end = market.close(prices, &listing, day("2026-06-30"));
        for text in ["2026-07-01", "2026-07-15", "2026-07-31"] {
            let tick = market.frame(prices, &listing, day(text)).tick;
            let expected = listing
                .fixed_tick
                .unwrap_or_else(|| Master::bundled().ticks().tick_for(day(text), month_end));
            assert_eq!(tick, expected, "{} {text}", security.ticker);
            changed += i32::from(tick != listing.listed_tick);
        }
    }
    assert!(changed > 0, "no security came into another slab in half a year");
}

#[test]
fn a_far_future_costs_no_more_than_tomorrow() {
    // Ten thousand questions about the year 2200 would not end if each walked there.
    let (market, tape) = (Market::bundled(), tape());
    let infy = listing("INFY");
    for minute in 0..2_000 {
        let now = at("2200-03-04T04:00:00.000Z").plus_ms(minute * BAR_MS);
        assert!(market.last_price(prices(1, &tape), &infy, now).0 > 0);
    }
}

#[test]
fn the_first_bar_that_reaches_a_limit_is_found() {
    let (market, tape) = (Market::bundled(), tape());
    let (from, until) = (at("2026-01-05T03:45:00.000Z"), at("2026-01-05T10:00:00.000Z"));
    let mut found = 0;
    for seed in 0..20 {
        let day = market.day_prices(prices(seed, &tape), &listing("INFY"), day("2026-01-05"));
        for (side, sign) in [(Side::Buy, -1), (Side::Sell, 1)] {
            for ticks in [1, 20, 60, 150, 400] {
                let limit = Price(day.at(from).0 + sign * ticks * day.frame.tick.0);
                let reaches = |bar: &Timestamp| match side {
                    Side::Buy => day.offer(side, *bar) <= limit,
                    Side::Sell => day.offer(side, *bar) >= limit,
                };
                let slow = (1..375).map(|i| from.plus_ms(i * BAR_MS)).find(reaches);
                let none = Thresholds::default();
                let wanted = match side {
                    Side::Buy => Thresholds {
                        bid: Some(limit),
                        ..none
                    },
                    Side::Sell => Thresholds {
                        ask: Some(limit),
                        ..none
                    },
                };
                let prices = prices(seed, &tape);
                let first = market.first_reaching(prices, &listing("INFY"), &wanted, from, until);
                assert_eq!(first, slow, "{seed} {side:?} {ticks}");
                assert_eq!(day.first_reaching(&none, from, until), None);
                found += usize::from(slow.is_some());
            }
        }
    }
    assert!((20..180).contains(&found), "{found}");
}

#[test]
fn a_price_that_is_set_goes_on_from_there() {
    let (market, mut tape) = (Market::bundled(), tape());
    let infy = listing("INFY");
    let now = at("2026-01-05T05:00:00.000Z");
    let before = market.last_price(prices(7, &tape), &infy, now);
    let wanted = Price(before.0 + 60 * infy.listed_tick.0);
    let old_close = market.close(prices(7, &tape), &infy, day("2026-01-05"));
    let anchor = market.set_price(prices(7, &tape), &infy, now, wanted).unwrap();
    tape.anchors.insert(infy.isin.clone(), anchor);
    let at_once = |at| market.last_price(prices(7, &tape), &infy, at);
    assert_eq!(at_once(now), wanted);
    assert_ne!(at_once(now.plus_ms(7 * BAR_MS)), wanted, "the process goes on");
    assert!((at_once(now.plus_ms(BAR_MS)).0 - wanted.0).abs() < wanted.0 / 500);
    let close = market.close(prices(7, &tape), &infy, day("2026-01-05"));
    assert!(close > old_close);
    let tuesday = market.frame(prices(7, &tape), &infy, day("2026-01-06"));
    assert_eq!(tuesday.previous_close, close);
    assert_eq!(
        market
            .frame(prices(7, &tape), &infy, day("2026-01-05"))
            .previous_close,
        infy.listed_price,
        "its own day keeps its centre"
    );
}

#[test]
fn a_price_off_the_tick_or_outside_the_band_cannot_be_set() {
    let (market, tape) = (Market::bundled(), tape());
    let (infy, now) = (listing("INFY"), at("2026-01-05T05:00:00.000Z"));
    let frame = market.frame(prices(7, &tape), &infy, day("2026-01-05"));
    let set = |price| market.set_price(prices(7, &tape), &infy, now, price);
    assert!(matches!(
        set(Price(frame.low.0 + 1)),
        Err(NotSettable::OffTick { .. })
    ));
    for outside in [frame.low.0 - frame.tick.0, frame.high.0 + frame.tick.0, 0, -1_000] {
        assert!(
            matches!(set(Price(outside)), Err(NotSettable::OutsideBand { .. })),
            "{outside}"
        );
    }
    assert!(set(frame.low).is_ok() && set(frame.high).is_ok());
}

#[test]
fn the_band_of_a_security_with_derivatives_widens_at_its_edge() {
    let (market, mut tape) = (Market::bundled(), tape());
    let infy = listing("INFY");
    let mut now = at("2026-01-05T05:00:00.000Z");
    let mut highs = Vec::new();
    for _ in 0..4 {
        let high = market.frame(prices(7, &tape), &infy, day("2026-01-05")).high;
        highs.push(high.0 * 100 / infy.listed_price.0 - 100);
        let anchor = market.set_price(prices(7, &tape), &infy, now, high).unwrap();
        tape.anchors.insert(infy.isin.clone(), anchor);
        now = now.plus_ms(BAR_MS);
    }
    assert_eq!(highs, [10, 15, 20, 20]);
    let tuesday = market.frame(prices(7, &tape), &infy, day("2026-01-06"));
    let percent = tuesday.high.0 * 100 / tuesday.previous_close.0 - 100;
    assert!(
        (9..=10).contains(&percent),
        "ten again, less a rounding: {percent}"
    );
    // A fixed band stays.
    let mmm = listing("3MINDIA");
    let high = market.frame(prices(7, &tape), &mmm, day("2026-01-05")).high;
    let anchor = market.set_price(prices(7, &tape), &mmm, now, high).unwrap();
    assert_eq!(anchor.widened, 0);
}

#[test]
fn the_closing_auction_stays_near_its_reference() {
    let market = Market::bundled();
    let start = market.tape_from(day("2026-08-10"));
    let infy = listing("INFY");
    for (sign, minute) in [(1, 0), (-1, 0), (1, -5), (-1, -5)] {
        let mut tape = start.clone();
        // 15:20 and 15:10 in India: after the reference is known, and in its last third.
        let now = at("2026-08-10T09:50:00.000Z").plus_ms(minute * 2 * BAR_MS);
        let before = market.last_price(prices(7, &tape), &infy, now);
        let frame = market.frame(prices(7, &tape), &infy, day("2026-08-10"));
        let far = frame.snap(Price(before.0 + sign * before.0 * 8 / 100));
        let anchor = market.set_price(prices(7, &tape), &infy, now, far).unwrap();
        tape.anchors.insert(infy.isin.clone(), anchor);
        let close = market.close(prices(7, &tape), &infy, day("2026-08-10"));
        let moved = (close.0 - before.0) * 1_000 / before.0;
        assert!(
            (20..=60).contains(&(sign * moved)),
            "{moved} per mille at {minute}"
        );
        if minute == 0 {
            assert!(
                (27..=33).contains(&(sign * moved)),
                "{moved} per mille: three per cent of the reference"
            );
        }
        let matched = at("2026-08-10T10:00:00.000Z");
        assert_eq!(
            market.auction_price(prices(7, &tape), &infy, Auction::Closing, matched),
            close
        );
        assert_eq!(market.last_price(prices(7, &tape), &infy, matched), close);
    }
}

proptest! {
    #[test]
    fn every_price_keeps_tick_and_band_of_its_day(
        seed: u64, which in 0..TICKERS.len(), ms in 0i64..800 * 86_400_000, sets in prop::collection::vec((0i64..400_000_000, -200i64..200), 0..4),
    ) {
        let (market, mut tape) = (Market::bundled(), tape());
        let listing = listing(TICKERS[which]);
        let mut now = at("2026-01-05T03:30:00.000Z");
        for (later, per_mille) in sets {
            now = now.plus_ms(later);
            let last = market.last_price(prices(seed, &tape), &listing, now);
            let anchor = market.set_nearest_price(prices(seed, &tape), &listing, now, Price(last.0 + last.0 * per_mille / 1_000));
            tape.anchors.insert(listing.isin.clone(), anchor);
            let frame = market.frame(prices(seed, &tape), &listing, anchor.day);
            prop_assert!(frame.allows(anchor.set.price) && frame.allows(anchor.close.price));
            prop_assert_eq!(market.last_price(prices(seed, &tape), &listing, now), anchor.set.price);
        }
        let asked = now.plus_ms(ms);
        let last = market.last_price(prices(seed, &tape), &listing, asked);
        let of = day_of_last_trade(&market, &listing, asked);
        let is_set = tape.anchors.get(&listing.isin).is_some_and(|anchor| anchor.set.price == last);
        let frame = market.frame(prices(seed, &tape), &listing, of);
        prop_assert!(frame.allows(last) || is_set, "{} at {asked:?}: {last:?} {frame:?}", listing.ticker);
        let offer = market.offer(prices(seed, &tape), &listing, Side::Buy, asked);
        prop_assert!(market.frame(prices(seed, &tape), &listing, market.order_day(asked)).allows(offer));
    }

    #[test]
    fn unset_closing_auctions_lie_within_three_per_cent(seed: u64, n in 0i64..400, which in 0..2usize) {
        let (market, tape) = (Market::bundled(), tape());
        let listing = listing(TICKERS[which]);
        let date = market.calendar.latest_trading_day_not_after(day("2026-08-10").plus_days(n));
        let times = market.times(listing.group, date).unwrap();
        // Muhurat trading ends without one.
        prop_assume!(times.closing.is_some());
        let day = market.day_prices(prices(seed, &tape), &listing, date);
        let close = market.close(prices(seed, &tape), &listing, date);
        prop_assert_eq!(close, day.at(times.closes_at()));
        // Wherever the average of the last quarter of an hour lies, it lies between these.
        for minute in 1..=15 {
            let price = day.at(times.continuous_to.plus_ms(-minute * BAR_MS));
            prop_assert!((close.0 - price.0).abs() * 100 <= price.0 * 3);
        }
    }
}
