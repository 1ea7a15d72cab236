//! What accounts need to know of the market: costs and terms, hours of the ledger, corporate actions.

use std::sync::Arc;

use torana_clock::calendar::{Phase, SessionGroup};
use torana_clock::ist::ist_instant;
use torana_domain::broker_key::BrokerKey;
use torana_domain::time::{Date, Timestamp};
use torana_instruments::Exchange;

use super::Market;
use crate::core::charges::Tariff;
use crate::corporate::CorporateActions;

/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60_000;

impl Market {
    /// What trading costs, and the terms of the brokers.
    #[must_use]
    pub fn tariff(&self) -> &'static Tariff {
        Tariff::bundled()
    }

    /// The same market with other splits and bonus issues.
    #[must_use]
    pub fn with_actions(self, actions: Arc<CorporateActions>) -> Self {
        Self { actions, ..self }
    }

    /// Splits and bonus issues.
    #[must_use]
    pub const fn actions(&self) -> &Arc<CorporateActions> {
        &self.actions
    }

    /// Whether shares and money are paid out on a trading day.
    #[must_use]
    pub fn settles(&self, day: Date) -> bool {
        self.tariff().settles(day)
    }

    /// When a broker ends clearances for sale on a day.
    #[must_use]
    pub fn clearances_end(&self, broker: BrokerKey, day: Date) -> Timestamp {
        ist_instant(day, self.tariff().terms(broker).authorisation_ends)
    }

    /// When a broker closes intraday positions in a security on a trading day: so many minutes before its
    /// continuous trading ends. None on a day without.
    #[must_use]
    pub fn square_off_at(&self, broker: BrokerKey, isin: &str, day: Date) -> Option<Timestamp> {
        let has_auction = self
            .master
            .by_isin(isin)
            .is_some_and(|security| security.has_derivatives);
        let group = if has_auction {
            SessionGroup::Auction
        } else {
            SessionGroup::Plain
        };
        self.square_off_of(broker, group, day)
    }

    /// Every instant of a trading day at which a broker closes intraday positions.
    pub fn square_offs(&self, broker: BrokerKey, day: Date) -> impl Iterator<Item = Timestamp> {
        let groups = [SessionGroup::Auction, SessionGroup::Plain];
        let instants = groups.map(|group| self.square_off_of(broker, group, day));
        instants.into_iter().flatten()
    }

    fn square_off_of(&self, broker: BrokerKey, group: SessionGroup, day: Date) -> Option<Timestamp> {
        let minutes = self.tariff().terms(broker).square_off_minutes;
        let windows = self.calendar.windows_on(day).iter();
        let ends = windows
            .filter(|window| window.phase == Phase::Continuous && window.applies_to(group))
            .map(|window| window.to);
        ends.max()
            .map(|end| ist_instant(day, end).plus_ms(-minutes * MINUTE_MS))
    }

    /// Whether a security may be traded intraday.
    #[must_use]
    pub fn is_intraday_allowed(&self, isin: &str) -> bool {
        let security = self.master.by_isin(isin);
        security.is_some_and(|security| !security.is_delivery_only())
    }

    /// The ISIN behind a ticker of an exchange.
    #[must_use]
    pub fn isin_on(&self, exchange: Exchange, ticker: &str) -> Option<String> {
        let security = self.master.by_symbol(exchange, ticker)?;
        Some(security.isin.clone())
    }

    /// The ticker of a security on an exchange.
    #[must_use]
    pub fn ticker_on(&self, exchange: Exchange, isin: &str) -> Option<String> {
        self.master.ticker_on(isin, exchange).map(str::to_owned)
    }
}
