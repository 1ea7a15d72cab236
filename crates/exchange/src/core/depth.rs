//! The other side of the market: how many shares strangers offer, want and trade, from the seed.
//!
//! Sizes are drawn in money and turned into shares, so that cheap and dear securities are equally deep: the
//! first level is good for some ten lakh rupees, all five for about ten crore.

use serde::{Deserialize, Serialize};
use torana_domain::money::{Price, Shares};
use torana_domain::order::Side;
use torana_domain::time::Timestamp;

use super::price::{Course, Frame, ask, bar_of, bid, mix};

/// Levels of each side.
pub const LEVELS: usize = 5;

/// Money of the levels in rupees, smallest and largest; the best price comes first.
const LEVEL_RUPEES: [(i64, i64); LEVELS] = [
    (2_500_000, 7_500_000),
    (5_000_000, 15_000_000),
    (10_000_000, 20_000_000),
    (15_000_000, 30_000_000),
    (20_000_000, 40_000_000),
];
/// Money that strangers trade in one bar at one price, in rupees, smallest and largest.
const BAR_RUPEES: (i64, i64) = (200_000, 4_000_000);
/// Money of the last trade of a bar in rupees, smallest and largest; less than strangers trade in the bar.
const LAST_RUPEES: (i64, i64) = (2_000, 200_000);
/// Most orders behind one level.
const LEVEL_ORDERS_MAX: i64 = 60;
/// `Price` units of one rupee.
const PER_RUPEE: i64 = torana_domain::money::PRICE_SCALE;

/// One price of a side of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// The price.
    pub price: Price,
    /// Shares at it, a multiple of the lot, above zero.
    pub quantity: Shares,
    /// Orders behind them, above zero.
    pub orders: i64,
}

/// What an order of `side` meets in the bar that holds `at`, best price first: the offers for a buy, the bids for
/// a sell. Prices are one tick apart; where the band ends the levels are fewer.
pub fn levels(
    course: Course,
    frame: Frame,
    last: Price,
    lot: Shares,
    side: Side,
    at: Timestamp,
) -> impl Iterator<Item = Level> {
    let mut price = last;
    LEVEL_RUPEES
        .into_iter()
        .enumerate()
        .map_while(move |(level, (low, high))| {
            let next = match side {
                Side::Buy => ask(price, &frame),
                Side::Sell => bid(price, &frame),
            };
            // At the edge of the band the best level is the edge itself.
            if next == price && level > 0 {
                return None;
            }
            price = next;
            let level = level as u64;
            let rupees = draw(course.instrument(), at, Draw::Level(side, level), low, high);
            let quantity = shares_for(rupees, price, lot);
            let what = Draw::Orders(side, level);
            // No order is smaller than a lot.
            let orders_max = (quantity.0 / lot.0.max(1)).min(LEVEL_ORDERS_MAX);
            let orders = draw(course.instrument(), at, what, 1, orders_max);
            Some(Level {
                price,
                quantity,
                orders,
            })
        })
}

/// Shares that strangers trade in the bar that holds `at`, at one price; a resting order at that price gets at
/// most this.
#[must_use]
pub fn traded(course: &Course, price: Price, lot: Shares, at: Timestamp) -> Shares {
    let rupees = draw(course.instrument(), at, Draw::Volume, BAR_RUPEES.0, BAR_RUPEES.1);
    shares_for(rupees, price, lot)
}

/// Shares of the last trade in the bar that holds `at`.
#[must_use]
pub fn last_traded(course: &Course, price: Price, lot: Shares, at: Timestamp) -> Shares {
    let (low, high) = LAST_RUPEES;
    let rupees = draw(course.instrument(), at, Draw::LastTrade, low, high);
    shares_for(rupees, price, lot)
}

/// What a number is drawn for; each gives another number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Draw {
    /// The size of a level.
    Level(Side, u64),
    /// How many orders are behind a level.
    Orders(Side, u64),
    /// What is traded in a bar.
    Volume,
    /// The last trade of a bar.
    LastTrade,
}

/// A number from `low` to `high` that belongs to an instrument, a bar and a purpose.
pub(crate) fn draw(instrument: u64, at: Timestamp, what: Draw, low: i64, high: i64) -> i64 {
    let purpose = match what {
        Draw::Volume => 1,
        Draw::LastTrade => 2,
        Draw::Level(Side::Buy, level) => 16 + level,
        Draw::Level(Side::Sell, level) => 32 + level,
        Draw::Orders(Side::Buy, level) => 48 + level,
        Draw::Orders(Side::Sell, level) => 64 + level,
    };
    let drawn = mix(instrument ^ mix(bar_of(at).cast_unsigned()) ^ mix(purpose).rotate_left(17));
    let span = high.abs_diff(low).saturating_add(1);
    low + (drawn % span).cast_signed()
}

/// Whole lots for an amount of money, at least one.
fn shares_for(rupees: i64, price: Price, lot: Shares) -> Shares {
    let lot = lot.0.max(1);
    let lots = rupees.saturating_mul(PER_RUPEE) / price.0.max(1) / lot;
    Shares(lots.max(1) * lot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FRAME: Frame = Frame {
        previous_close: Price(15_000_000),
        tick: Price(1_000),
        low: Price(13_500_000),
        high: Price(16_500_000),
    };

    fn course(seed: u64) -> Course {
        Course::new(seed, "INE009A01021", Price(15_000_000), Price(1_000), 10)
    }

    fn side(course: &Course, last: i64, side: Side, at: i64) -> Vec<Level> {
        levels(*course, FRAME, Price(last), Shares(1), side, Timestamp(at)).collect()
    }

    #[test]
    fn the_best_level_takes_what_a_test_account_can_pay() {
        for bar in 0..1_000 {
            let best = side(&course(7), 15_000_000, Side::Buy, bar * 60_000)[0];
            assert_eq!(best.price, Price(15_001_000));
            assert!(best.price.0 / PER_RUPEE * best.quantity.0 > 2_000_000, "{best:?}");
        }
    }

    #[test]
    fn the_book_ends_with_the_band() {
        let at_the_top = side(&course(7), FRAME.high.0, Side::Buy, 0);
        assert_eq!(at_the_top.len(), 1, "only the edge itself");
        assert_eq!(at_the_top[0].price, FRAME.high);
        assert_eq!(side(&course(7), FRAME.high.0 - 2_000, Side::Buy, 0).len(), 2);
        assert_eq!(side(&course(7), FRAME.high.0, Side::Sell, 0).len(), LEVELS);
    }

    proptest! {
        #[test]
        fn levels_get_worse_and_hold_whole_lots(seed: u64, at in 0i64..4_000_000_000_000, last in 13_500i64..16_500, lot in 1i64..5_000, buy: bool) {
            let wanted = if buy { Side::Buy } else { Side::Sell };
            let all: Vec<Level> = levels(course(seed), FRAME, Price(last * 1_000), Shares(lot), wanted, Timestamp(at)).collect();
            prop_assert!(!all.is_empty() && all.len() <= LEVELS);
            for level in &all {
                prop_assert!(FRAME.allows(level.price));
                prop_assert!(level.quantity.0 > 0 && level.quantity.0 % lot == 0);
                prop_assert!((1..=level.quantity.0 / lot).contains(&level.orders));
            }
            let worsens = |pair: &[Level]| (pair[0].price < pair[1].price) == buy && pair[0].price != pair[1].price;
            prop_assert!(all.windows(2).all(worsens));
            let traded = traded(&course(seed), Price(last * 1_000), Shares(lot), Timestamp(at));
            prop_assert!(traded.0 >= lot && traded.0 % lot == 0);
        }
    }
}
