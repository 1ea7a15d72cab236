//! Prices out of nothing but a seed: any instant's price can be computed without walking there, so that
//! time may jump and every process sees the same market.
//!
//! A price is the previous close moved by a sum of value noises of different lengths (minutes to days), all
//! in integer arithmetic. It stands still for one minute, lies on the tick and stays inside the band.

use torana_domain::money::Price;
use torana_domain::time::Timestamp;

/// Milliseconds of one price bar.
pub const BAR_MS: i64 = 60_000;
const PPM: i64 = 1_000_000;

/// What the generator has to know about one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Previous close, the centre of the day.
    pub centre: Price,
    /// Tick.
    pub tick: Price,
    /// Lowest allowed price.
    pub low: Price,
    /// Highest allowed price.
    pub high: Price,
}

/// Length of one noise in bars and its largest move in millionths.
const NOISES: [(i64, i64); 5] = [(1, 400), (7, 1_200), (31, 3_000), (127, 5_000), (1_440, 7_000)];

/// The last traded price of the bar that holds `at`.
#[must_use]
pub fn price_at(seed: u64, isin: &str, frame: Frame, at: Timestamp) -> Price {
    let bar = at.0.div_euclid(BAR_MS);
    let instrument = fold(seed, isin.as_bytes());
    let wanted: i64 = NOISES
        .iter()
        .map(|&(length, size)| noise(instrument, length, size, bar))
        .sum();
    let moved = i128::from(frame.centre.0) * i128::from(PPM + wanted) / i128::from(PPM);
    snap(Price(i64::try_from(moved).unwrap_or(frame.centre.0)), frame)
}

/// Start of the bar after the one that holds `at`.
#[must_use]
pub const fn next_bar(at: Timestamp) -> Timestamp {
    Timestamp((at.0.div_euclid(BAR_MS) + 1) * BAR_MS)
}

/// What a buyer pays at once: one tick above the last price, inside the band.
#[must_use]
pub fn ask(last: Price, frame: Frame) -> Price {
    snap(Price(last.0 + frame.tick.0), frame)
}

/// What a seller gets at once: one tick below the last price, inside the band.
#[must_use]
pub fn bid(last: Price, frame: Frame) -> Price {
    snap(Price(last.0 - frame.tick.0), frame)
}

/// Down to the tick, then into the band, whose edges are moved inwards to the tick.
fn snap(price: Price, frame: Frame) -> Price {
    let tick = frame.tick.0.max(1);
    let low = (frame.low.0 + tick - 1).div_euclid(tick) * tick;
    let high = frame.high.0.div_euclid(tick) * tick;
    Price((price.0.div_euclid(tick) * tick).min(high).max(low))
}

/// Value noise: random values at multiples of `length`, straight lines between them.
fn noise(instrument: u64, length: i64, size: i64, bar: i64) -> i64 {
    let (knot, offset) = (bar.div_euclid(length), bar.rem_euclid(length));
    let (from, to) = (
        knot_value(instrument, length, size, knot),
        knot_value(instrument, length, size, knot + 1),
    );
    from + (to - from) * offset / length
}

fn knot_value(instrument: u64, length: i64, size: i64, knot: i64) -> i64 {
    let draw = mix(instrument
        ^ mix(length.cast_unsigned())
        ^ mix(knot.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let span = size.cast_unsigned() * 2 + 1;
    (draw % span).cast_signed() - size
}

/// The finaliser of splitmix64: every input bit changes about half of the output bits.
#[must_use]
pub const fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number from a start value and bytes (FNV-1a, then mixed).
#[must_use]
pub fn fold(start: u64, bytes: &[u8]) -> u64 {
    let folded = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325 ^ mix(start), |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
    mix(folded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INFY: Frame = Frame {
        centre: Price(15_000_000),
        tick: Price(1_000),
        low: Price(13_500_000),
        high: Price(16_500_000),
    };

    #[test]
    fn the_path_is_pinned() {
        // A changed generator changes every stored world: this test makes that a decision.
        let prices: Vec<i64> = (0..4)
            .map(|i| price_at(7, "INE009A01021", INFY, Timestamp(1_767_585_600_000 + i * BAR_MS)).0)
            .collect();
        assert_eq!(prices, PINNED);
    }

    const PINNED: [i64; 4] = [14_975_000, 14_978_000, 14_981_000, 14_969_000];

    #[test]
    fn prices_move_and_seeds_differ() {
        let path = |seed: u64| -> Vec<Price> {
            (0..375)
                .map(|i| price_at(seed, "INE009A01021", INFY, Timestamp(i * BAR_MS)))
                .collect()
        };
        let (a, b) = (path(1), path(2));
        assert_ne!(a, b);
        let distinct: std::collections::BTreeSet<_> = a.iter().collect();
        assert!(distinct.len() > 30, "{}", distinct.len());
        // Neighbours are never further apart than the shortest noises allow.
        assert!(a.windows(2).all(|w| (w[0].0 - w[1].0).abs() < 15_000_000 / 500));
    }

    #[test]
    fn one_bar_has_one_price() {
        let at = Timestamp(1_767_585_600_000);
        let first = price_at(7, "X", INFY, at);
        assert_eq!(first, price_at(7, "X", INFY, at.plus_ms(BAR_MS - 1)));
        assert_eq!(next_bar(at), at.plus_ms(BAR_MS));
        assert_eq!(next_bar(at.plus_ms(1)), at.plus_ms(BAR_MS));
    }

    proptest! {
        #[test]
        fn always_on_tick_and_in_band(seed: u64, at in -4_000_000_000_000i64..8_000_000_000_000, centre in 1_000i64..400_000_000, band in 1i64..20, tick in prop::sample::select(vec![100i64, 500, 1_000, 5_000])) {
            let centre = (centre / tick).max(10) * tick;
            let frame = Frame { centre: Price(centre), tick: Price(tick), low: Price(centre - centre * band / 100), high: Price(centre + centre * band / 100) };
            for price in [price_at(seed, "INE0", frame, Timestamp(at)), ask(price_at(seed, "INE0", frame, Timestamp(at)), frame), bid(frame.low, frame), ask(frame.high, frame)] {
                prop_assert_eq!(price.0 % tick, 0);
                prop_assert!(price >= frame.low && price <= frame.high);
            }
        }
    }
}
