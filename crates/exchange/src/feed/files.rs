//! The files that market data consists of, as they are stored: name and text.

use std::collections::BTreeMap;
use std::sync::Arc;

use torana_clock::MarketCalendar;
use torana_domain::time::Date;
use torana_instruments::{DataError, Master, ProtectionTable, TickTable};

use super::{List, MarketData};
use crate::corporate::CorporateActions;

/// Most files of an installation: the lists of two weeks, and one of each other kind.
pub const FILES_MAX: usize = LISTS_MAX + 4;
/// Most lists of securities that are kept.
pub(super) const LISTS_MAX: usize = 14;

/// A stored file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarketFile {
    /// The calendar.
    Calendar,
    /// Splits and bonus issues.
    CorporateActions,
    /// Slabs of ticks.
    Ticks,
    /// Slabs of the protection of market orders.
    Protection,
    /// The securities from a day on.
    Securities(Date),
}

impl MarketFile {
    /// Those of which there is one.
    pub(super) const SINGLE: [Self; 4] = [
        Self::Calendar,
        Self::CorporateActions,
        Self::Ticks,
        Self::Protection,
    ];

    /// Its name in the directory.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Calendar => "calendar.toml".to_owned(),
            Self::CorporateActions => "corporate-actions.toml".to_owned(),
            Self::Ticks => "ticks.csv".to_owned(),
            Self::Protection => "protection.csv".to_owned(),
            Self::Securities(from) => format!("securities-{from}.csv"),
        }
    }

    /// Reads a name; `None` for one that is no stored file's.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let dated = name
            .strip_prefix("securities-")
            .and_then(|rest| rest.strip_suffix(".csv"));
        match dated {
            Some(date) => Date::parse(date).ok().map(Self::Securities),
            None => Self::SINGLE.into_iter().find(|file| file.name() == name),
        }
    }
}

/// The text that ships with Torana in the place of a stored file.
#[must_use]
pub const fn bundled_file(file: &MarketFile) -> &'static str {
    match file {
        MarketFile::Calendar => MarketCalendar::NSE_FILE,
        MarketFile::CorporateActions => CorporateActions::BUNDLED_FILE,
        MarketFile::Ticks => Master::BUNDLED_TICKS,
        MarketFile::Protection => Master::BUNDLED_PROTECTION,
        MarketFile::Securities(_) => Master::BUNDLED_SECURITIES,
    }
}

/// Reads stored files; what is not stored is what ships with Torana.
///
/// # Errors
/// The file, its line and what is wrong there.
pub fn read_files(files: &BTreeMap<MarketFile, String>) -> Result<MarketData, DataError> {
    let text = |file: &MarketFile| files.get(file).map_or(bundled_file(file), String::as_str);
    let named = |file: MarketFile| (file.name(), text(&file));
    let (name, calendar) = named(MarketFile::Calendar);
    let calendar = read_calendar(&name, calendar)?;
    let (name, actions) = named(MarketFile::CorporateActions);
    let actions = read_actions(&name, actions)?;
    let (name, ticks) = named(MarketFile::Ticks);
    let ticks = TickTable::parse(&name, ticks)?;
    let (name, protection) = named(MarketFile::Protection);
    let protection = ProtectionTable::parse(&name, protection)?;
    let read_master =
        |name: &str, text: &str| Master::parse(name, text, ticks.clone(), protection.clone()).map(Arc::new);
    let mut lists = BTreeMap::new();
    for (file, text) in files {
        if let MarketFile::Securities(from) = file {
            lists.insert(*from, List::new(read_master(&file.name(), text)?));
        }
    }
    let has_own_slabs = files.contains_key(&MarketFile::Ticks) || files.contains_key(&MarketFile::Protection);
    let first = if has_own_slabs {
        read_master("securities.csv", Master::BUNDLED_SECURITIES)?
    } else {
        Arc::clone(Master::bundled())
    };
    Ok(MarketData {
        calendar: Arc::new(calendar),
        actions: Arc::new(actions),
        first: List::new(first),
        lists,
    })
}

pub(super) fn read_calendar(name: &str, text: &str) -> Result<MarketCalendar, DataError> {
    MarketCalendar::parse(text).map_err(|error| DataError {
        file: name.to_owned(),
        line: error.line,
        reason: error.reason,
    })
}

pub(super) fn read_actions(name: &str, text: &str) -> Result<CorporateActions, DataError> {
    CorporateActions::parse(text).map_err(|error| DataError {
        file: name.to_owned(),
        line: error.line,
        reason: error.reason,
    })
}
