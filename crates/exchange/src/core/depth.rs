//! The other side of the market: how many shares strangers offer, want and trade, from the seed.
//!
//! Sizes are drawn in money and turned into shares, so that cheap and dear securities are equally deep.

use torana_domain::money::{PRICE_SCALE, Price, Shares};
use torana_domain::order::Side;
use torana_domain::time::Timestamp;

use super::price::{BAR_MS, Frame, ask, bid, fold, mix};

/// Money of the levels in rupees, smallest and largest; the best price comes first.
const LEVEL_RUPEES: [(i64, i64); 5] = [
    (2_500_000, 7_500_000),
    (5_000_000, 15_000_000),
    (10_000_000, 20_000_000),
    (15_000_000, 30_000_000),
    (20_000_000, 40_000_000),
];
/// Money that strangers trade in one bar at one price, in rupees, smallest and largest.
const BAR_RUPEES: (i64, i64) = (200_000, 4_000_000);

/// One price of a side of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// The price.
    pub price: Price,
    /// Shares at it, a multiple of the lot, above zero.
    pub quantity: Shares,
}

/// What an order of `side` meets in the bar that holds `at`, best price first.
pub fn levels(
    seed: u64,
    isin: &str,
    frame: &Frame,
    last: Price,
    lot: Shares,
    side: Side,
    at: Timestamp,
) -> impl Iterator<Item = Level> {
    let (mut price, instrument, frame) = (last, fold(seed, isin.as_bytes()), *frame);
    LEVEL_RUPEES
        .into_iter()
        .enumerate()
        .map_while(move |(level, (low, high))| {
            let next = match side {
                Side::Buy => ask(price, frame),
                Side::Sell => bid(price, frame),
            };
            if next == price && level > 0 {
                return None;
            }
            price = next;
            let purpose = level as u64 + if side == Side::Buy { 16 } else { 32 };
            Some(Level {
                price,
                quantity: shares_for(draw(instrument, at, purpose, low, high), price, lot),
            })
        })
}

/// Shares that strangers trade in the bar that holds `at` at one price.
#[must_use]
pub fn traded(seed: u64, isin: &str, price: Price, lot: Shares, at: Timestamp) -> Shares {
    let instrument = fold(seed, isin.as_bytes());
    shares_for(draw(instrument, at, 1, BAR_RUPEES.0, BAR_RUPEES.1), price, lot)
}

fn draw(instrument: u64, at: Timestamp, purpose: u64, low: i64, high: i64) -> i64 {
    let bar = at.0.div_euclid(BAR_MS);
    let drawn = mix(instrument ^ mix(bar.cast_unsigned()) ^ mix(purpose).rotate_left(17));
    low + (drawn % high.abs_diff(low).saturating_add(1)).cast_signed()
}

fn shares_for(rupees: i64, price: Price, lot: Shares) -> Shares {
    let lot = lot.0.max(1);
    let shares = i128::from(rupees) * i128::from(PRICE_SCALE) / i128::from(price.0.max(1));
    let lots = i64::try_from(shares).unwrap_or(i64::MAX / 2) / lot;
    Shares(lots.max(1) * lot)
}
