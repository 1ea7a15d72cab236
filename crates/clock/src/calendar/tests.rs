use super::*;
use torana_domain::time::parse_iso;

mod demo;
mod files;
mod properties;

fn nse() -> &'static MarketCalendar {
    MarketCalendar::nse()
}

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

/// Midnight in India at the start of `date`.
fn midnight(date: Date) -> Timestamp {
    date.at_utc_midnight().plus_ms(-crate::ist::IST_OFFSET_MS)
}

/// An instant given in Indian time, `2026-01-05 09:15:00.000`.
fn ist(text: &str) -> Timestamp {
    let (date, time) = text.split_once(' ').unwrap();
    parse_iso(&format!("{date}T{time}Z"))
        .unwrap()
        .plus_ms(-crate::ist::IST_OFFSET_MS)
}

fn days_of(year: i32) -> impl Iterator<Item = Date> {
    let first = Date {
        year,
        month: 1,
        day: 1,
    };
    days_from_to(
        first,
        Date {
            year: year + 1,
            month: 1,
            day: 1,
        },
    )
}

fn days_from_to(from: Date, to: Date) -> impl Iterator<Item = Date> {
    (from.to_days()..to.to_days()).map(Date::from_days)
}

const HOLIDAYS_2026: [&str; 16] = [
    "2026-01-15",
    "2026-01-26",
    "2026-03-03",
    "2026-03-26",
    "2026-03-31",
    "2026-04-03",
    "2026-04-14",
    "2026-05-01",
    "2026-05-28",
    "2026-06-26",
    "2026-09-14",
    "2026-10-02",
    "2026-10-20",
    "2026-11-10",
    "2026-11-24",
    "2026-12-25",
];

#[test]
fn every_day_of_2026_is_what_the_published_list_says() {
    let holidays: BTreeSet<Date> = HOLIDAYS_2026.iter().map(|text| day(text)).collect();
    let special = [day("2026-02-01"), day("2026-11-08")];
    let mut trading = 0;
    for date in days_of(2026) {
        let weekend = date.weekday() >= 5;
        let expected = special.contains(&date) || !(weekend || holidays.contains(&date));
        assert_eq!(nse().is_trading_day(date), expected, "{date}");
        assert_eq!(nse().open_of(date).is_some(), expected, "{date}");
        assert_eq!(nse().close_of(date).is_some(), expected, "{date}");
        assert!(!nse().is_provisional(date), "{date}");
        trading += i32::from(expected);
    }
    assert_eq!(trading, 261 - 16 + 2);
}

#[test]
fn the_market_is_shut_all_through_every_holiday() {
    for text in HOLIDAYS_2026 {
        let date = day(text);
        assert!(nse().name_of(date).is_some(), "{text}");
        for minute in 0..24 * 60 {
            let ts = midnight(date).plus_ms(minute * 60_000);
            assert!(!nse().is_open(ts), "{text} minute {minute}");
            assert_eq!(nse().phase_at(ts), Phase::Closed);
            assert!(nse().next_open(ts) >= midnight(date.plus_days(1)), "{text}");
            assert_ne!(nse().trading_day_of(ts), date);
        }
        let (before, after) = (
            nse().latest_trading_day_not_after(date),
            nse().next_trading_day(date),
        );
        assert!(before < date && after > date);
        let close = nse().close_of(before).unwrap();
        assert!(nse().is_open(close.plus_ms(-1)) && !nse().is_open(close));
        assert_eq!(nse().next_open(close), nse().open_of(after).unwrap());
    }
}

#[test]
fn edges_of_an_ordinary_day_to_the_millisecond() {
    let c = nse();
    let cases = [
        ("08:59:59.999", Phase::Closed, false),
        ("09:00:00.000", Phase::PreOpen, false),
        ("09:14:59.999", Phase::PreOpen, false),
        ("09:15:00.000", Phase::Continuous, true),
        ("15:29:59.999", Phase::Continuous, true),
        ("15:30:00.000", Phase::Closed, false),
        ("15:39:59.999", Phase::Closed, false),
        ("15:40:00.000", Phase::PostClose, false),
        ("15:59:59.999", Phase::PostClose, false),
        ("16:00:00.000", Phase::Closed, false),
    ];
    for (time, phase, open) in cases {
        let ts = ist(&format!("2026-01-05 {time}"));
        assert_eq!((c.phase_at(ts), c.is_open(ts)), (phase, open), "{time}");
        assert_eq!(c.phase_for(ts, SessionGroup::Plain), phase, "{time}");
    }
}

#[test]
fn the_pre_open_stops_taking_orders_before_it_ends() {
    let accepts = |text: &str| {
        nse()
            .window_at(ist(text), SessionGroup::Auction)
            .map(|window| window.accepts)
    };
    assert_eq!(accepts("2026-01-05 09:07:59.999"), Some(Accepts::All));
    assert_eq!(accepts("2026-01-05 09:08:00.000"), Some(Accepts::None));
    assert_eq!(accepts("2026-09-08 09:04:59.999"), Some(Accepts::All));
    assert_eq!(accepts("2026-09-08 09:05:00.000"), Some(Accepts::Limit));
    assert_eq!(accepts("2026-09-08 09:10:00.000"), Some(Accepts::None));
    assert_eq!(accepts("2026-09-08 08:59:59.999"), None);
}

#[test]
fn the_closing_auction_starts_on_3_august_2026() {
    let c = nse();
    let last_friday = ist("2026-07-31 15:20:00.000");
    assert_eq!(c.phase_at(last_friday), Phase::Continuous);
    let cases = [
        ("15:14:59.999", Phase::Continuous, Some(Accepts::All)),
        ("15:15:00.000", Phase::ClosingAuction, Some(Accepts::None)),
        ("15:19:59.999", Phase::ClosingAuction, Some(Accepts::None)),
        ("15:20:00.000", Phase::ClosingAuction, Some(Accepts::All)),
        ("15:25:00.000", Phase::ClosingAuction, Some(Accepts::Limit)),
        ("15:29:59.999", Phase::ClosingAuction, Some(Accepts::Limit)),
        ("15:30:00.000", Phase::ClosingAuction, Some(Accepts::None)),
        ("15:34:59.999", Phase::ClosingAuction, Some(Accepts::None)),
        ("15:35:00.000", Phase::Closed, None),
        ("15:50:00.000", Phase::PostClose, Some(Accepts::All)),
    ];
    for date in ["2026-08-03", "2026-09-04", "2026-09-07", "2026-11-23"] {
        for (time, phase, accepts) in cases {
            let ts = ist(&format!("{date} {time}"));
            assert_eq!(c.phase_at(ts), phase, "{date} {time}");
            assert_eq!(
                c.window_at(ts, SessionGroup::Auction).map(|w| w.accepts),
                accepts,
                "{date} {time}"
            );
        }
        // Securities without an auction go on to 15:30, so the market as a whole is open until then.
        let last = ist(&format!("{date} 15:29:59.999"));
        assert_eq!(c.phase_for(last, SessionGroup::Plain), Phase::Continuous);
        assert_eq!(c.phase_for(last.plus_ms(1), SessionGroup::Plain), Phase::Closed);
        assert!(c.is_open(ist(&format!("{date} 15:17:00.000"))));
        assert!(c.is_open(last) && !c.is_open(last.plus_ms(1)));
        assert_eq!(
            c.next_close(ist(&format!("{date} 10:00:00.000"))),
            last.plus_ms(1)
        );
    }
}

#[test]
fn next_edges_are_strictly_later() {
    let c = nse();
    let open = ist("2026-01-05 09:15:00.000");
    let close = ist("2026-01-05 15:30:00.000");
    let next_open = ist("2026-01-06 09:15:00.000");
    assert_eq!(c.next_open(open.plus_ms(-1)), open);
    assert_eq!(c.next_open(open), next_open);
    assert_eq!(c.next_close(open), close);
    assert_eq!(c.next_close(close.plus_ms(-1)), close);
    assert_eq!(c.next_close(close), ist("2026-01-06 15:30:00.000"));
    assert_eq!(
        c.next_open(parse_iso("2026-01-05T05:30:00.000Z").unwrap())
            .to_iso(),
        "2026-01-06T03:45:00.000Z"
    );
    assert_eq!(
        c.next_close(parse_iso("2026-01-05T05:30:00.000Z").unwrap())
            .to_iso(),
        "2026-01-05T10:00:00.000Z"
    );
    assert_eq!(
        c.next_open(ist("2026-01-09 16:00:00.000")),
        ist("2026-01-12 09:15:00.000"),
        "over a weekend"
    );
    assert_eq!(
        c.next_open(ist("2026-01-23 16:00:00.000")),
        ist("2026-01-27 09:15:00.000"),
        "weekend and holiday"
    );
}

#[test]
fn muhurat_trading_is_a_sunday_evening() {
    let c = nse();
    let sunday = day("2026-11-08");
    assert_eq!(sunday.weekday(), 6);
    assert_eq!(c.name_of(sunday), Some("Muhurat trading"));
    let open = ist("2026-11-08 18:00:00.000");
    let close = ist("2026-11-08 19:00:00.000");
    assert_eq!(c.next_open(ist("2026-11-06 16:00:00.000")), open);
    assert_eq!((c.open_of(sunday), c.close_of(sunday)), (Some(open), Some(close)));
    assert!(!c.is_open(open.plus_ms(-1)) && c.is_open(open));
    assert!(c.is_open(close.plus_ms(-1)) && !c.is_open(close));
    assert!(
        !c.is_open(ist("2026-11-08 10:00:00.000")),
        "the regular hours stay closed"
    );
    assert_eq!(c.phase_at(ist("2026-11-08 17:45:00.000")), Phase::PreOpen);
    assert_eq!(c.next_open(close), ist("2026-11-09 09:15:00.000"));
    assert_eq!(c.trading_day_of(ist("2026-11-07 12:00:00.000")), sunday);
    assert_eq!(c.trading_day_of(close), day("2026-11-09"));
}

#[test]
fn budget_sunday_keeps_the_regular_hours() {
    assert!(nse().is_open(ist("2026-02-01 09:15:00.000")));
    assert_eq!(
        nse().close_of(day("2026-02-01")),
        Some(ist("2026-02-01 15:30:00.000"))
    );
}

#[test]
fn years_without_a_list_are_provisional() {
    let c = nse();
    let fixed = [(1, 26), (8, 15), (10, 2)];
    for year in [2024, 2027, 2028, 2040] {
        for date in days_of(year) {
            let closed = date.weekday() >= 5 || fixed.contains(&(date.month, date.day));
            assert_eq!(c.is_trading_day(date), !closed, "{date}");
            assert!(c.is_provisional(date));
        }
    }
    assert!(!c.provisional(ist("2026-12-31 23:59:59.999")));
    assert!(c.provisional(ist("2027-01-01 00:00:00.000")));
}

#[test]
fn a_status_is_provisional_as_soon_as_its_next_opening_is() {
    let before = nse().status_at(ist("2026-12-30 10:00:00.000"));
    assert_eq!((before.open, before.provisional), (true, false));
    let last_day = nse().status_at(ist("2026-12-31 10:00:00.000"));
    assert_eq!((last_day.open, last_day.provisional), (true, true));
    assert_eq!(last_day.next_open, ist("2027-01-01 09:15:00.000"));
}

#[test]
fn after_market_orders_wait_for_the_evening() {
    let c = nse();
    let window = c.amo_window("kite");
    let cases = [
        ("2026-01-05 08:57:59.999", true),
        ("2026-01-05 08:58:00.000", false),
        ("2026-01-05 12:00:00.000", false),
        ("2026-01-05 15:59:59.999", false),
        ("2026-01-05 16:00:00.000", true),
        ("2026-01-06 00:00:00.000", true),
        ("2026-01-10 12:00:00.000", true),
        ("2026-01-26 12:00:00.000", true),
        ("2026-11-08 12:00:00.000", true),
        ("2026-11-08 17:42:59.999", true),
        ("2026-11-08 17:43:00.000", false),
        ("2026-11-08 18:30:00.000", false),
        ("2026-11-08 19:20:00.000", true),
    ];
    for (text, open) in cases {
        assert_eq!(c.amo_open(ist(text), &window), open, "{text}");
    }
    assert_eq!(c.amo_window("groww"), c.amo_window("a broker nobody knows"));
}

#[test]
fn broker_sessions_end_at_six_in_the_morning() {
    let expected = ist("2026-01-06 06:00:00.000");
    assert_eq!(
        nse().broker_session_expiry(ist("2026-01-05 09:00:00.000")),
        expected
    );
    assert_eq!(
        nse().broker_session_expiry(ist("2026-01-06 05:59:59.999")),
        expected
    );
    assert_eq!(
        nse().broker_session_expiry(expected),
        ist("2026-01-07 06:00:00.000")
    );
}

#[test]
fn the_ends_of_time_are_survived() {
    for ms in [i64::MIN, i64::MAX, 253_402_300_799_999] {
        let ts = Timestamp(ms);
        let _ = (
            nse().status_at(ts),
            nse().trading_day_of(ts),
            nse().demo_start(ts),
            nse().broker_session_expiry(ts),
        );
    }
}
