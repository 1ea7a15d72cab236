//! A stretch of trading in one security: a bar, and what bars add up to.

use serde::{Deserialize, Serialize};
use torana_domain::money::{Price, Shares};
use torana_domain::time::Timestamp;

use super::line::Worth;

/// Prices and volume of a stretch of trading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candle {
    /// When it begins; of a whole day its midnight in India.
    pub at: Timestamp,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Shares traded.
    pub volume: Shares,
    /// What they were worth.
    pub worth: Worth,
}

impl Candle {
    /// Goes on to a price, without a trade.
    pub fn reach(&mut self, price: Price) {
        self.high = self.high.max(price);
        self.low = self.low.min(price);
        self.close = price;
    }

    /// Adds the stretch that follows.
    pub fn join(&mut self, next: &Self) {
        self.high = self.high.max(next.high);
        self.low = self.low.min(next.low);
        self.close = next.close;
        self.volume = Shares(self.volume.0.saturating_add(next.volume.0));
        self.worth = self.worth.plus(next.worth);
    }

    /// What `so_far` and the stretch that follows it add up to.
    #[must_use]
    pub fn joined(so_far: Option<Self>, next: &Self) -> Self {
        so_far.map_or(*next, |mut candle| {
            candle.join(next);
            candle
        })
    }

    /// Average price per share.
    #[must_use]
    pub fn average(&self) -> Price {
        self.worth.average(self.volume)
    }
}
