//! When brokers take after-market orders.

use torana_domain::time::Timestamp;

use super::{MarketCalendar, SpecialDay};
use crate::ist::{TimeOfDay, ist_date};

/// A broker's after-market window on trading days: from `from` over midnight until `to`, IST. Days without a
/// session are inside it from end to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmoWindow {
    /// Orders are taken from here on.
    pub from: TimeOfDay,
    /// Up to, not including, here on the next trading day.
    pub to: TimeOfDay,
}

impl AmoWindow {
    fn contains(&self, time: TimeOfDay) -> bool {
        time >= self.from || time < self.to
    }

    /// Whether no open interval touches the window.
    pub(super) fn is_outside(&self, open: &[(TimeOfDay, TimeOfDay)]) -> bool {
        open.iter().all(|(from, to)| self.to <= *from && *to <= self.from)
    }
}

impl MarketCalendar {
    /// The after-market window of a broker, by its key; the common one where the broker has none of its own.
    #[must_use]
    pub fn amo_window(&self, broker_key: &str) -> AmoWindow {
        self.amo_by_broker
            .get(broker_key)
            .copied()
            .unwrap_or(self.amo_default)
    }

    /// Whether after-market orders are taken at `ts`; never while the market is open.
    #[must_use]
    pub fn amo_open(&self, ts: Timestamp, window: &AmoWindow) -> bool {
        let (date, time) = (ist_date(ts), TimeOfDay::of(ts));
        match self.specials.get(&date) {
            Some(SpecialDay { own: Some(own), .. }) => time < own.amo_closes || time >= own.amo_opens,
            _ => !self.is_trading_day(date) || window.contains(time),
        }
    }
}
