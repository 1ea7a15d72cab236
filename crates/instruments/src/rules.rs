//! Ticks, price bands and the protection of market orders.

use torana_domain::money::{PRICE_PER_PAISA, Price};
use torana_domain::order::Side;

use crate::table::{DataError, positive, read_records};

/// Highest price in a data file, in paise: ten million rupees.
pub(crate) const PAISE_MAX: i64 = 1_000_000_000;
const BPS_PER_ONE: i128 = 10_000;

/// Values by price: a price has the value of the first row whose end it does not exceed.
#[derive(Clone, Debug)]
struct Slabs {
    /// (last price of the slab, value), sorted.
    bounded: Vec<(Price, i64)>,
    /// Value above the last bound.
    rest: i64,
}

impl Slabs {
    fn parse(file: &'static str, text: &str, column: &str, value_max: i64) -> Result<Self, DataError> {
        let mut rows = read_records(file, text, ["up_to_paise", column], |[up_to, value]| {
            let value = positive(column, value, value_max)?;
            if up_to.is_empty() {
                return Ok((None, value));
            }
            Ok((
                Some(Price::from_paise(positive("up_to_paise", up_to, PAISE_MAX)?)),
                value,
            ))
        })?;
        let line = rows.len() + 1;
        let refuse = |reason: &str| DataError {
            file,
            line,
            reason: reason.to_owned(),
        };
        let Some((None, rest)) = rows.pop() else {
            return Err(refuse("the last row must have no upper end"));
        };
        let bounded: Option<Vec<_>> = rows
            .into_iter()
            .map(|(up_to, value)| Some((up_to?, value)))
            .collect();
        match bounded {
            Some(bounded) if bounded.is_sorted_by(|a, b| a.0 < b.0) => Ok(Self { bounded, rest }),
            _ => Err(refuse(
                "rows must be sorted by their upper end, only the last has none",
            )),
        }
    }

    fn value_at(&self, price: Price) -> i64 {
        self.bounded
            .iter()
            .find(|(up_to, _)| price <= *up_to)
            .map_or(self.rest, |(_, value)| *value)
    }
}

/// The smallest price step by the previous close.
#[derive(Clone, Debug)]
pub struct TickTable(Slabs);

impl TickTable {
    /// Reads a tick file: header `up_to_paise,tick_paise`, sorted, the last row without an upper end.
    pub fn parse(text: &str) -> Result<Self, DataError> {
        Slabs::parse("ticks.csv", text, "tick_paise", PAISE_MAX).map(Self)
    }

    /// The tick of a security whose previous close is `reference`; above zero.
    #[must_use]
    pub fn tick_for(&self, reference: Price) -> Price {
        Price::from_paise(self.0.value_at(reference))
    }
}

/// How far a market order may move from the last price.
#[derive(Clone, Debug)]
pub struct ProtectionTable(Slabs);

impl ProtectionTable {
    /// Reads a protection file: header `up_to_paise,protection_bps`, sorted, the last row without an upper end.
    pub fn parse(text: &str) -> Result<Self, DataError> {
        Slabs::parse("protection.csv", text, "protection_bps", 9_999).map(Self)
    }

    /// Allowed distance from the last price in 1/100 %.
    #[must_use]
    pub fn bps_at(&self, last_price: Price) -> i64 {
        self.0.value_at(last_price)
    }
}

/// Lowest and highest allowed price, both on tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceBand {
    /// Lowest allowed price.
    pub low: Price,
    /// Highest allowed price, not below `low`.
    pub high: Price,
}

impl PriceBand {
    /// The band of `percent` around `reference`, rounded inwards to `tick`; at least the reference itself, and
    /// never below one tick. `reference` is on tick.
    #[must_use]
    pub fn around(reference: Price, percent: i64, tick: Price) -> Self {
        let distance = i128::from(reference.0) * i128::from(percent);
        let base = i128::from(reference.0) * 100;
        let low = ceil_to_tick(base - distance, 100, tick).max(tick);
        let high = floor_to_tick(base + distance, 100, tick);
        Self {
            low: low.min(reference),
            high: high.max(reference),
        }
    }

    /// Whether `price` lies in the band, its ends included.
    #[must_use]
    pub fn contains(&self, price: Price) -> bool {
        self.low <= price && price <= self.high
    }

    fn clamp(&self, price: Price) -> Price {
        price.max(self.low).min(self.high)
    }
}

/// The limit that a market order is sent with: `bps` 1/100 % beyond `last_price`, up for a buy and down for a
/// sell, rounded to `tick` away from the last price so that rounding never keeps an order from filling, and kept
/// inside `band`. `None` when the tick is unknown (zero or less).
#[must_use]
pub fn protected_limit(
    side: Side,
    last_price: Price,
    bps: i64,
    tick: Price,
    band: &PriceBand,
) -> Option<Price> {
    if tick.0 <= 0 {
        return None;
    }
    let last = i128::from(last_price.0.max(0));
    let snapped = match side {
        Side::Buy => ceil_to_tick(last * (BPS_PER_ONE + i128::from(bps)), BPS_PER_ONE, tick),
        Side::Sell => floor_to_tick(last * (BPS_PER_ONE - i128::from(bps)), BPS_PER_ONE, tick),
    };
    Some(band.clamp(snapped))
}

/// `scaled / scale` rounded down to a multiple of `tick`, which is above zero.
fn floor_to_tick(scaled: i128, scale: i128, tick: Price) -> Price {
    let tick = i128::from(tick.0);
    to_price(scaled.div_euclid(scale * tick) * tick)
}

/// `scaled / scale` rounded up to a multiple of `tick`, which is above zero.
fn ceil_to_tick(scaled: i128, scale: i128, tick: Price) -> Price {
    let tick = i128::from(tick.0);
    to_price(-(-scaled).div_euclid(scale * tick) * tick)
}

fn to_price(value: i128) -> Price {
    // Whole paise even at the end of the range, so that nothing leaves it off tick by saturating.
    Price(i64::try_from(value).unwrap_or(i64::MAX / PRICE_PER_PAISA * PRICE_PER_PAISA))
}

#[cfg(test)]
mod tests;
