//! The market data in force: what ships with Torana, or what an operator brought instead.
//!
//! Invariant: data that a process goes by is valid as a whole; what is not leaves the previous data in force.
//! Invariant: which securities a world has depends on its own day, never on the day of the machine.

mod files;
mod load;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use torana_clock::MarketCalendar;
use torana_domain::time::{Date, Timestamp};
use torana_instruments::Master;

use crate::corporate::CorporateActions;
use crate::market::Memo;

pub use files::{FILES_MAX, MarketFile, bundled_file, read_files};
pub use load::{Given, Loaded, load};

/// Calendar, corporate actions and the lists of securities by the day from which they are in force.
#[derive(Debug)]
pub struct MarketData {
    calendar: Arc<MarketCalendar>,
    actions: Arc<CorporateActions>,
    /// Serves the days before the first list.
    first: List,
    lists: BTreeMap<Date, List>,
}

/// A list of securities, and what was looked up in it before.
#[derive(Debug)]
pub(crate) struct List {
    pub master: Arc<Master>,
    pub memo: Arc<Memo>,
}

impl List {
    fn new(master: Arc<Master>) -> Self {
        let memo = Arc::default();
        Self { master, memo }
    }
}

impl MarketData {
    /// What ships with Torana.
    ///
    /// # Panics
    /// Never: a test reads the bundled files.
    #[must_use]
    pub fn bundled() -> Arc<Self> {
        static BUNDLED: std::sync::OnceLock<Arc<MarketData>> = std::sync::OnceLock::new();
        let read = || {
            #[expect(clippy::expect_used, reason = "the bundled files are parsed by a test")]
            read_files(&BTreeMap::new()).expect("the bundled market data is valid")
        };
        Arc::clone(BUNDLED.get_or_init(|| Arc::new(read())))
    }

    /// The calendar.
    #[must_use]
    pub const fn calendar(&self) -> &Arc<MarketCalendar> {
        &self.calendar
    }

    /// Splits and bonus issues.
    #[must_use]
    pub const fn actions(&self) -> &Arc<CorporateActions> {
        &self.actions
    }

    /// The securities of a trading day: the newest list that is in force on it.
    #[must_use]
    pub fn master_on(&self, day: Date) -> &Arc<Master> {
        &self.list_on(day).master
    }

    fn list_on(&self, day: Date) -> &List {
        let in_force = self.lists.range(..=day).next_back();
        in_force.map_or(&self.first, |(_, list)| list)
    }

    /// The list in force at an instant, as for [`Self::master_at`].
    pub(crate) fn list_at(&self, at: Timestamp) -> &List {
        self.list_on(self.calendar.book_day(at))
    }

    /// The securities at an instant: those of the trading day whose book is shown, so that a list comes into force
    /// with the start of a day and never in its middle.
    #[must_use]
    pub fn master_at(&self, at: Timestamp) -> &Arc<Master> {
        &self.list_at(at).master
    }

    /// When the next list after `at` comes into force; `None` if there is none.
    #[must_use]
    pub fn next_list(&self, at: Timestamp) -> Option<Timestamp> {
        let today = self.calendar.book_day(at);
        let later = (Bound::Excluded(today), Bound::Unbounded);
        let (from, _) = self.lists.range(later).next()?;
        let first_day = if self.calendar.is_trading_day(*from) {
            *from
        } else {
            self.calendar.next_trading_day(*from)
        };
        Some(self.calendar.book_begins(first_day))
    }
}

/// The market data of a process, which can be replaced while it runs. Clones share it.
#[derive(Clone, Debug)]
pub struct MarketFeed(Arc<RwLock<Arc<MarketData>>>);

impl MarketFeed {
    /// A feed that begins with these data.
    #[must_use]
    pub fn new(data: Arc<MarketData>) -> Self {
        Self(Arc::new(RwLock::new(data)))
    }

    /// A feed of what ships with Torana.
    #[must_use]
    pub fn bundled() -> Self {
        Self::new(MarketData::bundled())
    }

    /// The data in force. Who needs several answers that fit together asks once.
    #[must_use]
    pub fn current(&self) -> Arc<MarketData> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts other data in force.
    pub fn replace(&self, data: Arc<MarketData>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = data;
    }
}

#[cfg(test)]
mod tests;
