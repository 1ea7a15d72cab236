//! What the calendar file says about prices and halts: call auctions, widening bands, circuit breaker.

use serde::Deserialize;
use torana_domain::time::Timestamp;

use crate::ist::TimeOfDay;

/// Milliseconds of one minute.
const MINUTE_MS: i64 = 60_000;
/// Most minutes that a rule may name: one day.
const MINUTES_MAX: i64 = 1_440;

/// How call auctions work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuctionRules {
    /// Entry ends at a random instant of this many last minutes.
    pub random_close_minutes: i64,
    /// The closing auction's reference is the average of this many last minutes of continuous trading.
    pub reference_minutes: i64,
    /// How far the closing auction's price may lie from its reference, in per cent.
    pub band_percent: i64,
}

/// Bands of securities that have no fixed one, in per cent of the previous close; each step is wider than the
/// one before.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DynamicBands {
    /// Securities that have derivatives.
    pub derivatives: Vec<i64>,
    /// Exchange-traded funds.
    pub etf: Vec<i64>,
}

/// One row of the circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakerRow {
    /// Move of the index since the close before, in per cent.
    pub percent: i64,
    /// The row serves moves before this time of day; all later ones if it has none.
    pub before: Option<TimeOfDay>,
    /// How long trading stops; the rest of the day if it has none.
    pub halt_minutes: Option<i64>,
    /// How long the call auction lasts that opens the market again.
    #[serde(default)]
    pub auction_minutes: i64,
}

/// A halt of all trading, from its first millisecond up to, not including, its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatedHalt {
    /// Trading stops.
    pub from: Timestamp,
    /// It goes on, with a call auction if `reopens` is later.
    pub until: Timestamp,
    /// Continuous trading goes on.
    pub reopens: Timestamp,
    /// Why, for people.
    pub reason: String,
}

/// Rules of the market that are not hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketRules {
    /// Call auctions.
    pub auction: AuctionRules,
    /// Widening bands.
    pub dynamic_band: DynamicBands,
    /// Sorted by percentage; of each, rows in the order of their time.
    breaker: Vec<BreakerRow>,
}

/// How long a halt of the circuit breaker lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HaltLength {
    /// Trading stops for `halt_ms`, then a call auction of `auction_ms` opens it again.
    Ms {
        /// Milliseconds without trading.
        halt_ms: i64,
        /// Milliseconds of the call auction.
        auction_ms: i64,
    },
    /// No trading any more on that day.
    RestOfDay,
}

impl MarketRules {
    /// Checks the rules; the error is the entry and the reason in one line each.
    pub(super) fn new(
        auction: AuctionRules,
        dynamic_band: DynamicBands,
        breaker: Vec<BreakerRow>,
    ) -> Result<Self, (String, String)> {
        let refuse = |entry: &str, reason: String| Err((entry.to_owned(), reason));
        let minutes = [auction.random_close_minutes, auction.reference_minutes];
        if minutes.iter().any(|value| !is_minutes(*value)) || !(1..=100).contains(&auction.band_percent) {
            return refuse(
                "auction",
                format!("minutes must be 0 to {MINUTES_MAX}, band_percent 1 to 100"),
            );
        }
        for steps in [&dynamic_band.derivatives, &dynamic_band.etf] {
            let is_rising = steps.is_sorted_by(|a, b| a < b);
            if steps.is_empty() || !is_rising || !steps.iter().all(|step| (1..=100).contains(step)) {
                return refuse(
                    "dynamic_band",
                    "steps must be 1 to 100, at least one, each above the one before".to_owned(),
                );
            }
        }
        if let Some(row) = breaker.iter().find(|row| !row.is_sound()) {
            return refuse(
                "circuit_breaker",
                format!(
                    "row of {} %: percent must be 1 to 99, minutes 0 to {MINUTES_MAX}",
                    row.percent
                ),
            );
        }
        if !breaker.is_sorted_by(|a, b| a.percent < b.percent || a.percent == b.percent && a.is_before(b)) {
            return refuse(
                "circuit_breaker",
                "rows must be sorted by percent, then by `before`, only the last of a percentage has none"
                    .to_owned(),
            );
        }
        Ok(Self {
            auction,
            dynamic_band,
            breaker,
        })
    }

    /// The moves of the index that stop the market, in per cent, rising.
    pub fn breaker_levels(&self) -> impl Iterator<Item = i64> {
        let mut last = 0;
        self.breaker.iter().filter_map(move |row| {
            let is_new = row.percent > last;
            last = row.percent;
            is_new.then_some(row.percent)
        })
    }

    /// How long the market stops when the index has moved by `percent`, one of the levels, at `time`; `None` if
    /// it does not.
    #[must_use]
    pub fn breaker_halt(&self, percent: i64, time: TimeOfDay) -> Option<HaltLength> {
        let serves =
            |row: &&BreakerRow| row.percent == percent && row.before.is_none_or(|before| time < before);
        let row = self.breaker.iter().find(serves)?;
        Some(
            row.halt_minutes
                .map_or(HaltLength::RestOfDay, |minutes| HaltLength::Ms {
                    halt_ms: minutes * MINUTE_MS,
                    auction_ms: row.auction_minutes * MINUTE_MS,
                }),
        )
    }
}

impl AuctionRules {
    /// [`Self::random_close_minutes`] in milliseconds.
    #[must_use]
    pub const fn random_close_ms(&self) -> i64 {
        self.random_close_minutes * MINUTE_MS
    }

    /// [`Self::reference_minutes`] in milliseconds.
    #[must_use]
    pub const fn reference_ms(&self) -> i64 {
        self.reference_minutes * MINUTE_MS
    }
}

impl BreakerRow {
    fn is_sound(&self) -> bool {
        (1..100).contains(&self.percent)
            && is_minutes(self.halt_minutes.unwrap_or(0))
            && is_minutes(self.auction_minutes)
    }

    fn is_before(&self, other: &Self) -> bool {
        match (self.before, other.before) {
            (Some(own), Some(others)) => own < others,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }
}

impl DatedHalt {
    /// A halt between two times of one day; `None` unless it ends after it starts and `auction_minutes` are few.
    pub(super) fn new(
        from: Timestamp,
        until: Timestamp,
        auction_minutes: i64,
        reason: String,
    ) -> Option<Self> {
        (from < until && is_minutes(auction_minutes)).then(|| Self {
            from,
            until,
            reopens: until.plus_ms(auction_minutes * MINUTE_MS),
            reason,
        })
    }
}

fn is_minutes(value: i64) -> bool {
    (0..=MINUTES_MAX).contains(&value)
}
