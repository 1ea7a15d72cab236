//! Prices out of nothing but a seed: any instant's price can be computed without walking there, so that
//! time may jump and every process sees the same market.
//!
//! The course of an instrument is a sum of value noises of different lengths (minutes to months), all in
//! integer arithmetic, and it stands still for one minute. A price is a known price carried along the course:
//! the first one comes from the list of securities, later ones may be set from outside (see [`super::tape`]).
//!
//! Invariant: from one close to any instant of the trading day after it a course moves by less than its band,
//! even over the longest holidays, so that no day needs to know how the day before was kept inside its band.

mod walk;

use torana_domain::money::{Price, PriceBounds};
use torana_domain::time::Timestamp;
use torana_instruments::PriceBand;

pub use walk::Walk;

/// Milliseconds of one price bar.
pub const BAR_MS: i64 = 60_000;
/// Bars of one day.
const DAY_BARS: i64 = 1_440;
/// Millionths of one.
pub(crate) const PPM: i64 = 1_000_000;

/// What holds for the prices of one instrument on one trading day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Official close of the trading day before, the centre of the band.
    pub previous_close: Price,
    /// Tick.
    pub tick: Price,
    /// Lowest allowed price, on tick.
    pub low: Price,
    /// Highest allowed price, on tick.
    pub high: Price,
}

impl Frame {
    /// The frame of a day with a band of `percent`.
    #[must_use]
    pub fn new(previous_close: Price, tick: Price, percent: i64) -> Self {
        // The close is on the tick of its own month, which the tick of this one need not divide.
        let centre = round_to_tick(previous_close, tick);
        let band = PriceBand::around(centre, percent, tick);
        Self {
            previous_close,
            tick,
            low: band.low,
            high: band.high,
        }
    }

    /// What a price must keep.
    #[must_use]
    pub const fn bounds(&self) -> PriceBounds {
        PriceBounds {
            tick: self.tick,
            low: self.low,
            high: self.high,
        }
    }

    /// Whether `price` may be traded.
    #[must_use]
    pub fn allows(&self, price: Price) -> bool {
        self.low <= price && price <= self.high && price.is_on_tick(self.tick)
    }

    /// Down to the tick, then into the band.
    #[must_use]
    pub fn snap(&self, price: Price) -> Price {
        round_to_tick(price, self.tick).min(self.high).max(self.low)
    }
}

/// Down to the tick, at least one tick.
pub(crate) fn round_to_tick(price: Price, tick: Price) -> Price {
    let tick = tick.0.max(1);
    Price((price.0.div_euclid(tick) * tick).max(tick))
}

/// Length of one noise in bars and its largest move in millionths.
const NOISES: [(i64, i64); 8] = [
    (1, 400),
    (7, 1_200),
    (31, 3_000),
    (127, 5_000),
    (DAY_BARS, 7_000),
    (5 * DAY_BARS, 8_000),
    (23 * DAY_BARS, 18_000),
    (127 * DAY_BARS, 40_000),
];

/// What a full course moves at most between a close and the end of the trading day after it, in millionths of
/// the price at that close: see the test `no_day_leaves_its_band`.
const DAY_MOVE_MAX_PPM: i64 = 90_000;
/// Ticks of the band that rounding may need.
const ROUNDING_TICKS: i64 = 4;

/// A price at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mark {
    /// World time.
    pub at: Timestamp,
    /// The price.
    pub price: Price,
}

/// How the price of one instrument moves in one world, without a level of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    instrument: u64,
    /// Part of the full noises, in millionths: narrow bands and coarse ticks leave less room.
    scale: i64,
}

impl Course {
    /// The course of a security that costs about `level` and has at least a band of `percent` every day.
    #[must_use]
    pub fn new(seed: u64, isin: &str, level: Price, tick: Price, percent: i64) -> Self {
        let rounding = i128::from(tick.0) * i128::from(ROUNDING_TICKS * PPM) / i128::from(level.0.max(1));
        let room = i128::from(percent) * i128::from(PPM / 100) - rounding;
        let scale = room.max(0) * i128::from(PPM) / i128::from(DAY_MOVE_MAX_PPM);
        Self {
            instrument: fold(seed, isin.as_bytes()),
            scale: i64::try_from(scale).map_or(PPM, |scale| scale.min(PPM)),
        }
    }

    /// A number that is this instrument's own, for draws that belong to it.
    #[must_use]
    pub const fn instrument(&self) -> u64 {
        self.instrument
    }

    /// The relative level in the bar that holds `at`, in millionths; about one million, above 900,000.
    #[must_use]
    pub fn level(&self, at: Timestamp) -> i64 {
        let bar = bar_of(at);
        let noise: i64 = NOISES
            .iter()
            .map(|&(length, size)| noise(self.instrument, length, size, bar))
            .sum();
        PPM + noise * self.scale / PPM
    }

    /// `mark` carried along the course to `at`, on no tick and in no band.
    #[must_use]
    pub fn carry(&self, mark: Mark, at: Timestamp) -> Price {
        carried(mark.price, self.level(mark.at), self.level(at))
    }
}

/// `price` at level `from` moved to level `to`.
pub(crate) fn carried(price: Price, from: i64, to: i64) -> Price {
    // Nearly every product fits, and a division of 64 bits is several times faster.
    if let Some(product) = price.0.checked_mul(to) {
        return Price(product / from.max(1));
    }
    let moved = i128::from(price.0) * i128::from(to) / i128::from(from.max(1));
    i64::try_from(moved).map_or(price, Price)
}

/// Most that a level moves from one bar to the next, in millionths: the slopes of all noises, and two per noise
/// for its rounding. A test holds it to [`NOISES`].
pub(crate) const LEVEL_STEP_MAX: i64 = 1_441;

/// The number of the bar that holds `at`.
pub(crate) const fn bar_of(at: Timestamp) -> i64 {
    at.0.div_euclid(BAR_MS)
}

/// Start of the bar that holds `at`.
#[must_use]
pub const fn bar_start(at: Timestamp) -> Timestamp {
    Timestamp(bar_of(at) * BAR_MS)
}

/// Start of the bar after the one that holds `at`.
#[must_use]
pub const fn next_bar(at: Timestamp) -> Timestamp {
    Timestamp((bar_of(at) + 1) * BAR_MS)
}

/// What a buyer pays at once: one tick above the last price, inside the band.
#[must_use]
pub fn ask(last: Price, frame: &Frame) -> Price {
    frame.snap(Price(last.0.saturating_add(frame.tick.0)))
}

/// What a seller gets at once: one tick below the last price, inside the band.
#[must_use]
pub fn bid(last: Price, frame: &Frame) -> Price {
    frame.snap(Price(last.0.saturating_sub(frame.tick.0)))
}

/// Value noise: random values at multiples of `length`, straight lines between them.
fn noise(instrument: u64, length: i64, size: i64, bar: i64) -> i64 {
    let (knot, offset) = (bar.div_euclid(length), bar.rem_euclid(length));
    let from = knot_value(instrument, length, size, knot);
    if offset == 0 {
        return from;
    }
    let to = knot_value(instrument, length, size, knot + 1);
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
mod tests;
