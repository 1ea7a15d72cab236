use super::*;
use crate::core::tape::Halt;
use proptest::prelude::*;

const GROUPS: [SessionGroup; 2] = [SessionGroup::Auction, SessionGroup::Plain];

/// An instant given in Indian time, `2026-01-05 09:15:00.000`.
fn ist(text: &str) -> Timestamp {
    at(&format!("{}Z", text.replace(' ', "T"))).plus_ms(-torana_clock::ist::IST_OFFSET_MS)
}

fn sorted(matches: impl Iterator<Item = (Timestamp, Auction)>) -> Vec<(Timestamp, Auction)> {
    let mut all: Vec<_> = matches.collect();
    all.sort_unstable();
    all
}

#[test]
fn the_stages_of_a_day_with_a_closing_auction() {
    let (market, tape) = (Market::bundled(), tape());
    use AuctionStage::{Entry, LimitEntry, Matching, Reference};
    use Stage::{Auction as InAuction, Closed, Continuous, PostClose};
    let cases = [
        ("08:59:59.999", Closed, Closed),
        (
            "09:00:00.000",
            InAuction(Auction::Opening, Entry),
            InAuction(Auction::Opening, Entry),
        ),
        (
            "09:05:00.000",
            InAuction(Auction::Opening, LimitEntry),
            InAuction(Auction::Opening, LimitEntry),
        ),
        (
            "09:10:00.000",
            InAuction(Auction::Opening, Matching),
            InAuction(Auction::Opening, Matching),
        ),
        (
            "09:14:59.999",
            InAuction(Auction::Opening, Matching),
            InAuction(Auction::Opening, Matching),
        ),
        ("09:15:00.000", Continuous, Continuous),
        ("15:14:59.999", Continuous, Continuous),
        ("15:15:00.000", InAuction(Auction::Closing, Reference), Continuous),
        ("15:20:00.000", InAuction(Auction::Closing, Entry), Continuous),
        (
            "15:25:00.000",
            InAuction(Auction::Closing, LimitEntry),
            Continuous,
        ),
        ("15:30:00.000", InAuction(Auction::Closing, Matching), Closed),
        ("15:35:00.000", Closed, Closed),
        ("15:50:00.000", PostClose, PostClose),
        ("16:00:00.000", Closed, Closed),
    ];
    for (time, auction, plain) in cases {
        let now = ist(&format!("2026-09-08 {time}"));
        for (group, expected) in GROUPS.into_iter().zip([auction, plain]) {
            assert_eq!(
                market.stage(prices(7, &tape), group, now),
                expected,
                "{time} {group:?}"
            );
        }
    }
}

#[test]
fn entry_ends_at_a_random_instant_of_the_last_two_minutes() {
    let (market, tape) = (Market::bundled(), tape());
    let mut ends = std::collections::BTreeSet::new();
    for n in 0..30 {
        let date = Date::parse("2026-09-08").unwrap().plus_days(n);
        let Some(times) = market.times(SessionGroup::Auction, date) else {
            continue;
        };
        for (which, auction) in [
            (Auction::Opening, times.opening.unwrap()),
            (Auction::Closing, times.closing.unwrap()),
        ] {
            let end = market.entry_until(7, which, &auction, date);
            let early = auction.match_at.ms_since(end);
            assert!((0..120_000).contains(&early), "{early}");
            let stage = |at| market.stage(prices(7, &tape), SessionGroup::Auction, at);
            assert_eq!(
                stage(end.plus_ms(-1)),
                Stage::Auction(which, AuctionStage::LimitEntry)
            );
            assert_eq!(stage(end), Stage::Auction(which, AuctionStage::Matching));
            ends.insert(early);
            assert_ne!(end, market.entry_until(8, which, &auction, date));
        }
    }
    assert!(ends.len() > 30);
}

#[test]
fn each_stage_takes_its_orders() {
    let entry = |stage: Stage| {
        let e = stage.entry();
        (e.market, e.limit, e.conditional, e.cancel)
    };
    let auction = |stage| Stage::Auction(Auction::Closing, stage);
    assert_eq!(entry(Stage::Closed), (false, false, false, true));
    assert_eq!(entry(Stage::Continuous), (true, true, true, true));
    assert_eq!(entry(Stage::PostClose), (true, true, false, true));
    assert_eq!(entry(Stage::Halted), (false, false, false, true));
    assert_eq!(
        entry(auction(AuctionStage::Reference)),
        (false, false, false, true)
    );
    assert_eq!(entry(auction(AuctionStage::Entry)), (true, true, false, true));
    assert_eq!(
        entry(auction(AuctionStage::LimitEntry)),
        (false, true, false, true)
    );
    assert_eq!(
        entry(auction(AuctionStage::Matching)),
        (false, false, false, false)
    );
}

#[test]
fn a_halt_stops_everything_and_reopens_with_an_auction() {
    let (market, mut tape) = (Market::bundled(), tape());
    let from = ist("2026-09-08 11:00:00.000");
    tape.halts.push(Halt {
        from,
        until: from.plus_ms(45 * 60_000),
        reopens: from.plus_ms(60 * 60_000),
        percent: 10,
    });
    let day = market.date_of(from);
    let infy = market.listing("INFY").unwrap();
    let stage = |text: &str| market.stage(prices(7, &tape), infy.group, ist(&format!("2026-09-08 {text}")));
    let reopening = Stage::Auction(Auction::Reopening, AuctionStage::Entry);
    assert_eq!(stage("10:59:59.999"), Stage::Continuous);
    assert_eq!(stage("11:00:00.000"), Stage::Halted);
    assert_eq!(stage("11:44:59.999"), Stage::Halted);
    assert_eq!(stage("11:45:00.000"), reopening);
    assert_eq!(stage("12:00:00.000"), Stage::Continuous);
    assert_eq!(
        sorted(market.matches_on(prices(7, &tape), infy.group, day)),
        [
            (ist("2026-09-08 09:10:00.000"), Auction::Opening),
            (ist("2026-09-08 12:00:00.000"), Auction::Reopening),
            (ist("2026-09-08 15:30:00.000"), Auction::Closing),
        ]
    );
    let ten = ist("2026-09-08 10:00:00.000");
    let stretch = |at| market.continuous_after(prices(7, &tape), infy.group, at).unwrap();
    let (noon, end) = (ist("2026-09-08 12:00:00.000"), ist("2026-09-08 15:15:00.000"));
    assert_eq!(stretch(ten), (ten, from));
    assert_eq!(stretch(from), (noon, end));
    assert_eq!(stretch(noon), (noon, end));
    assert_eq!(stretch(end).0, ist("2026-09-09 09:15:00.000"));
    // The price stands still from the last trade before the halt on.
    let last = |at| market.last_price(prices(7, &tape), &infy, at);
    let frozen = last(from);
    for minute in 0..60 {
        assert_eq!(last(from.plus_ms(minute * 60_000)), frozen, "{minute}");
    }
    assert_ne!(last(from.plus_ms(60 * 60_000)), frozen);
    // One that outlasts the day leaves no auction behind.
    tape.halts[0].until = ist("2026-09-09 00:00:00.000");
    tape.halts[0].reopens = tape.halts[0].until;
    assert_eq!(
        sorted(market.matches_on(prices(7, &tape), infy.group, day)),
        [(ist("2026-09-08 09:10:00.000"), Auction::Opening)]
    );
    for time in ["11:00:00.000", "15:22:00.000", "15:55:00.000"] {
        let now = ist(&format!("2026-09-08 {time}"));
        assert_eq!(
            market.stage(prices(7, &tape), infy.group, now),
            Stage::Halted,
            "{time}"
        );
    }
    let evening = ist("2026-09-08 17:00:00.000");
    assert_eq!(market.stage(prices(7, &tape), infy.group, evening), Stage::Closed);
}

#[test]
fn muhurat_trading_has_the_stages_of_a_day() {
    let (market, tape) = (Market::bundled(), tape());
    let stage = |text: &str| {
        market.stage(
            prices(7, &tape),
            SessionGroup::Plain,
            ist(&format!("2026-11-08 {text}")),
        )
    };
    assert_eq!(stage("10:00:00.000"), Stage::Closed);
    assert_eq!(
        stage("17:45:00.000"),
        Stage::Auction(Auction::Opening, AuctionStage::Entry)
    );
    assert_eq!(stage("18:30:00.000"), Stage::Continuous);
    assert_eq!(stage("19:15:00.000"), Stage::PostClose);
}

proptest! {
    #[test]
    fn stages_partition_the_day(seed: u64, n in 0i64..1_200, ms in 0i64..86_400_000) {
        let (market, tape) = (Market::bundled(), tape());
        let now = at("2025-01-01T00:00:00.000Z").plus_ms(n * 86_400_000 + ms);
        for group in GROUPS {
            let stage = market.stage(prices(seed, &tape), group, now);
            let day = market.date_of(now);
            let Some(times) = market.times(group, day) else {
                prop_assert_eq!(stage, Stage::Closed);
                continue;
            };
            // Each part of the timetable has the stages that belong to it, and no other part has them.
            let within = |from: Timestamp, to: Timestamp| from <= now && now < to;
            let of_auction = |auction: Option<torana_clock::AuctionTimes>| auction.is_some_and(|a| within(a.from, a.to));
            prop_assert_eq!(matches!(stage, Stage::Auction(Auction::Opening, _)), of_auction(times.opening));
            prop_assert_eq!(matches!(stage, Stage::Auction(Auction::Closing, _)), of_auction(times.closing));
            prop_assert_eq!(stage == Stage::Continuous, within(times.continuous_from, times.continuous_to));
            prop_assert_eq!(stage == Stage::PostClose, times.post_close.is_some_and(|(from, to)| within(from, to)));
            // Trading never goes on where the gateway takes the market for closed.
            if stage == Stage::Continuous {
                prop_assert!(market.is_open(now));
            }
        }
    }
}

#[test]
fn a_halt_that_the_calendar_dates_stops_the_market_too() {
    let halt = "[[halt]]\non = \"2026-09-08\"\nfrom = \"11:00\"\nto = \"11:30\"\nauction_minutes = 15\nreason = \"a fault\"\n[amo.default]";
    let file = include_str!("../../../../clock/data/nse.toml").replacen("[amo.default]", halt, 1);
    let calendar = Arc::new(MarketCalendar::parse(&file).unwrap());
    let market = Market::new(calendar, Arc::clone(Master::bundled()), Arc::default());
    let tape = tape();
    let stage = |text: &str| {
        let now = ist(&format!("2026-09-08 {text}"));
        market.stage(prices(7, &tape), SessionGroup::Plain, now)
    };
    assert_eq!(stage("10:59:59.999"), Stage::Continuous);
    assert_eq!(stage("11:00:00.000"), Stage::Halted);
    assert_eq!(
        stage("11:30:00.000"),
        Stage::Auction(Auction::Reopening, AuctionStage::Entry)
    );
    assert_eq!(stage("11:45:00.000"), Stage::Continuous);
}
