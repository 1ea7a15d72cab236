//! What an adapter has to know of the market: the brokers' words need symbols, ISINs and trading days.

use std::sync::Arc;

use torana_clock::calendar::MarketCalendar;
use torana_domain::time::Timestamp;
use torana_instruments::Master;

/// Calendar and securities in force.
pub trait MarketData: Send + Sync {
    /// The market calendar.
    fn calendar(&self) -> Arc<MarketCalendar>;
    /// The securities at an instant.
    fn master_at(&self, at: Timestamp) -> Arc<Master>;
}
