use super::*;
use proptest::prelude::*;

const INFY: &str = "INE009A01021";
const MONDAY: Timestamp = Timestamp(1_767_585_600_000);

fn course(seed: u64) -> Course {
    Course::new(seed, INFY, Price(15_000_000), Price(1_000), 10)
}

#[test]
fn the_path_is_pinned() {
    // A changed generator changes every stored world: this test makes that a decision.
    let mark = Mark {
        at: MONDAY.plus_ms(-3 * 86_400_000),
        price: Price(15_000_000),
    };
    let path = |seed: u64| -> Vec<i64> {
        (0..4)
            .map(|i| course(seed).carry(mark, MONDAY.plus_ms(i * BAR_MS)).0)
            .collect()
    };
    assert_eq!(path(7), PINNED);
    assert_ne!(path(8), PINNED);
}

const PINNED: [i64; 4] = [14_865_299, 14_867_760, 14_870_962, 14_859_296];

#[test]
fn a_level_moves_and_neighbours_are_close() {
    let levels: Vec<i64> = (0..2_000)
        .map(|i| course(1).level(Timestamp(i * BAR_MS)))
        .collect();
    let distinct: std::collections::BTreeSet<_> = levels.iter().collect();
    assert!(distinct.len() > 1_000, "{}", distinct.len());
    let slopes: i64 = NOISES.iter().map(|(length, size)| 2 * size / length + 2).sum();
    assert_eq!(slopes, LEVEL_STEP_MAX);
    let steps = || levels.windows(2).map(|pair| (pair[0] - pair[1]).abs());
    assert!(steps().all(|step| step <= LEVEL_STEP_MAX));
    assert!(
        steps().max() > Some(LEVEL_STEP_MAX / 4),
        "a bound that is far too wide"
    );
}

#[test]
fn one_bar_has_one_level() {
    let first = course(7).level(MONDAY);
    assert_eq!(first, course(7).level(MONDAY.plus_ms(BAR_MS - 1)));
    assert_ne!(first, course(7).level(MONDAY.plus_ms(BAR_MS)));
    assert_eq!(next_bar(MONDAY), MONDAY.plus_ms(BAR_MS));
    assert_eq!(next_bar(MONDAY.plus_ms(1)), MONDAY.plus_ms(BAR_MS));
}

#[test]
fn no_day_leaves_its_band() {
    // The worst that two instants of a full course can differ by, when the earlier one is a close and the later
    // one lies in the next session after the longest run of closed days.
    let bars = (torana_clock::calendar::CLOSED_RUN_MAX_DAYS + 1) * DAY_BARS;
    let worst: i64 = NOISES
        .iter()
        .map(|&(length, size)| 2 * size * bars.min(length) / length)
        .sum();
    let lowest = PPM - NOISES.iter().map(|(_, size)| size).sum::<i64>();
    assert!(
        worst * PPM / lowest < DAY_MOVE_MAX_PPM,
        "{}",
        worst * PPM / lowest
    );
}

#[test]
fn narrow_bands_and_coarse_ticks_leave_less_room() {
    let scale = |level, tick, percent| Course::new(1, INFY, Price(level), Price(tick), percent).scale;
    assert_eq!(scale(15_000_000, 1_000, 20), PPM);
    assert_eq!(scale(15_000_000, 1_000, 10), PPM);
    assert!(scale(15_000_000, 1_000, 2) < PPM / 4);
    assert_eq!(
        scale(1_000, 100, 5),
        0,
        "a band of less than a tick: the price stands still"
    );
}

proptest! {
    #[test]
    fn a_frame_keeps_prices_on_tick_and_in_band(
        centre in 1_000i64..400_000_000, price in 1i64..1_000_000_000, percent in 1i64..=20,
        tick in prop::sample::select(vec![100i64, 500, 1_000, 5_000, 10_000, 50_000]),
    ) {
        let frame = Frame::new(Price(centre), Price(tick), percent);
        prop_assert!(frame.low <= frame.high && frame.low.0 > 0);
        for price in [frame.snap(Price(price)), ask(Price(price), &frame), bid(Price(price), &frame), frame.low, frame.high] {
            prop_assert!(frame.allows(price), "{price:?} in {frame:?}");
        }
    }

    #[test]
    fn carrying_there_and_back_is_the_same_price(seed: u64, from in 0i64..4_000_000_000_000, by in -8_000_000_000i64..8_000_000_000) {
        let (a, b) = (Timestamp(from), Timestamp(from + by));
        let mark = Mark { at: a, price: Price(15_000_000) };
        let there = Mark { at: b, price: course(seed).carry(mark, b) };
        prop_assert!((course(seed).carry(there, a).0 - mark.price.0).abs() <= 2);
    }
}
