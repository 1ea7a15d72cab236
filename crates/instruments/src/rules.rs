//! Ticks, price bands and the protection of market orders.

use std::collections::BTreeMap;

use torana_domain::money::{PRICE_PER_PAISA, Price};
use torana_domain::order::Side;
use torana_domain::time::Date;

use crate::csv::{DataError, positive, read_records};

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

/// A row of a file of slabs: upper end, value.
type Row = (Option<Price>, i64);

impl Slabs {
    /// The slabs of sorted rows; the reason of a refusal without file and line.
    fn from_rows(mut rows: Vec<Row>) -> Result<Self, &'static str> {
        let Some((None, rest)) = rows.pop() else {
            return Err("the last row must have no upper end");
        };
        let bounded: Option<Vec<_>> = rows
            .into_iter()
            .map(|(up_to, value)| Some((up_to?, value)))
            .collect();
        match bounded {
            Some(bounded) if bounded.is_sorted_by(|a, b| a.0 < b.0) => Ok(Self { bounded, rest }),
            _ => Err("rows must be sorted by their upper end, only the last has none"),
        }
    }

    fn value_at(&self, price: Price) -> i64 {
        self.bounded
            .iter()
            .find(|(up_to, _)| price <= *up_to)
            .map_or(self.rest, |(_, value)| *value)
    }
}

fn upper_end(text: &str) -> Result<Option<Price>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    positive("up_to_paise", text, PAISE_MAX).map(|paise| Some(Price::from_paise(paise)))
}

/// First line of a tick file.
pub const TICKS_HEADER: [&str; 3] = ["valid_from", "up_to_paise", "tick_paise"];
/// First line of a protection file.
pub const PROTECTION_HEADER: [&str; 2] = ["up_to_paise", "protection_bps"];

/// The smallest price step by the previous close, as slabs that are in force from their dates.
#[derive(Clone, Debug)]
pub struct TickTable {
    /// All but the newest, sorted by the date from which they are in force; the first also serves earlier days.
    older: Vec<(Date, Slabs)>,
    newest: (Date, Slabs),
}

impl TickTable {
    /// Reads a tick file: header `valid_from,up_to_paise,tick_paise`, sorted by date and then by price; of the rows
    /// of one date the last is without an upper end.
    ///
    /// # Errors
    /// `file`, the line and what is wrong there.
    pub fn parse(file: &str, text: &str) -> Result<Self, DataError> {
        let mut dated: BTreeMap<Date, (usize, Vec<Row>)> = BTreeMap::new();
        let mut newest = None;
        read_records(file, text, TICKS_HEADER, |line, [from, up_to, tick]| {
            let from = Date::parse(from).map_err(|error| format!("valid_from {from:?}: {error}"))?;
            if newest.is_some_and(|newest| from < newest) {
                return Err(format!("valid_from {from}: rows must be sorted by their date"));
            }
            newest = Some(from);
            let row = (upper_end(up_to)?, positive("tick_paise", tick, PAISE_MAX)?);
            let (last, rows) = dated.entry(from).or_default();
            *last = line;
            rows.push(row);
            Ok(())
        })?;
        let mut all = Vec::new();
        for (from, (line, rows)) in dated {
            let slabs = Slabs::from_rows(rows).map_err(|reason| DataError::new(file, line, reason))?;
            all.push((from, slabs));
        }
        match all.pop() {
            Some(newest) => Ok(Self { older: all, newest }),
            None => Err(DataError::new(file, 1, "at least one row is needed")),
        }
    }

    /// The tick on `date` of a security whose close is `reference`; above zero.
    #[must_use]
    pub fn tick_for(&self, date: Date, reference: Price) -> Price {
        let (from, newest) = &self.newest;
        let slabs = if *from <= date {
            newest
        } else {
            let in_force = self.older.iter().rev().find(|(from, _)| *from <= date);
            in_force.or(self.older.first()).map_or(newest, |(_, slabs)| slabs)
        };
        Price::from_paise(slabs.value_at(reference))
    }

    /// The tick by the newest slabs; above zero.
    #[must_use]
    pub fn newest_for(&self, reference: Price) -> Price {
        Price::from_paise(self.newest.1.value_at(reference))
    }
}

/// How far a market order may move from the last price.
#[derive(Clone, Debug)]
pub struct ProtectionTable(Slabs);

impl ProtectionTable {
    /// Reads a protection file: header `up_to_paise,protection_bps`, sorted, the last row without an upper end.
    ///
    /// # Errors
    /// `file`, the line and what is wrong there.
    pub fn parse(file: &str, text: &str) -> Result<Self, DataError> {
        let mut last = 1;
        let rows = read_records(file, text, PROTECTION_HEADER, |line, [up_to, bps]| {
            last = line;
            Ok((upper_end(up_to)?, positive("protection_bps", bps, 9_999)?))
        })?;
        Slabs::from_rows(rows)
            .map(Self)
            .map_err(|reason| DataError::new(file, last, reason))
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
