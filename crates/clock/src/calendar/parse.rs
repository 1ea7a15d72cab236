//! Turns a calendar file into a calendar, or says what is wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use torana_domain::time::Date;

use super::file::{AmoEntry, CalendarFile, HaltEntry, SpecialEntry, TimetableEntry, YearEntry};
use super::rules::{DatedHalt, MarketRules};
use super::session::{Session, Timetable};
use super::{AmoWindow, CLOSED_RUN_MAX_DAYS, MarketCalendar, OwnHours, SpecialDay};
use crate::ist::{TimeOfDay, ist_instant};

/// Longest calendar file that is read, in bytes.
pub const CALENDAR_FILE_MAX: usize = 1 << 20;

/// Name of the after-market window that serves brokers without one of their own.
const AMO_DEFAULT: &str = "default";

/// Why a calendar file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Not of the file's format; the text names line and column.
    #[error("calendar file: {0}")]
    Syntax(String),
    /// Well formed, but one entry makes no sense.
    #[error("calendar file, {entry}: {reason}")]
    Entry {
        /// Which entry.
        entry: String,
        /// What is wrong with it and what is allowed.
        reason: String,
    },
}

fn refuse<T>(entry: impl Into<String>, reason: impl Into<String>) -> Result<T, CalendarError> {
    Err(CalendarError::Entry {
        entry: entry.into(),
        reason: reason.into(),
    })
}

impl MarketCalendar {
    /// Reads a calendar file of at most [`CALENDAR_FILE_MAX`] bytes.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        if text.len() > CALENDAR_FILE_MAX {
            return Err(CalendarError::Syntax(format!(
                "longer than {CALENDAR_FILE_MAX} bytes"
            )));
        }
        let file: CalendarFile = toml::from_str(text).map_err(|e| CalendarError::Syntax(e.to_string()))?;
        let published_years: BTreeSet<i32> = file.year.iter().map(|entry| entry.year).collect();
        let (amo_default, amo_by_broker) = amo_windows(&file.amo)?;
        let rules = MarketRules::new(file.auction, file.dynamic_band, file.circuit_breaker)
            .or_else(|(entry, reason)| refuse(entry, reason))?;
        let calendar = Self {
            timetables: timetables(file.timetable)?,
            holidays: holidays(file.year)?,
            specials: file.special.into_iter().map(special).collect::<Result<_, _>>()?,
            published_years,
            closed_weekdays: file.closed_weekdays.iter().map(|day| *day as i64).collect(),
            provisional_closed: provisional_closed(&file.provisional_closed)?,
            amo_default,
            amo_by_broker,
            broker_session_ends: file.broker_session_ends,
            demo_starts: file.demo_starts,
            rules,
            halts: halts(file.halt)?,
        };
        calendar.check_amo_outside_sessions()?;
        calendar.check_closed_runs()?;
        calendar.check_demo_start()?;
        Ok(calendar)
    }

    /// A regular after-market window must not reach into a session: an order is one or the other.
    fn check_amo_outside_sessions(&self) -> Result<(), CalendarError> {
        let windows = self
            .amo_by_broker
            .iter()
            .map(|(key, window)| (key.as_str(), window));
        for (key, window) in windows.chain([(AMO_DEFAULT, &self.amo_default)]) {
            for timetable in &self.timetables {
                if !window.is_outside(&timetable.session.open) {
                    let reason = format!("overlaps the market hours in force from {}", timetable.valid_from);
                    return refuse(format!("after-market window {key}"), reason);
                }
            }
        }
        Ok(())
    }

    /// Searches through the calendar are bounded by the longest run of closed days, so there is one.
    fn check_closed_runs(&self) -> Result<(), CalendarError> {
        let Some((first, last)) = self.published_years.first().zip(self.published_years.last()) else {
            return refuse("year", "at least one published year is needed");
        };
        let start = Date {
            year: first - 1,
            month: 12,
            day: 1,
        };
        let end = Date {
            year: last + 2,
            month: 1,
            day: 31,
        };
        let mut run = 0;
        for days in start.to_days()..=end.to_days() {
            let date = Date::from_days(days);
            run = if self.is_trading_day(date) { 0 } else { run + 1 };
            if run > CLOSED_RUN_MAX_DAYS {
                let reason = format!("more than {CLOSED_RUN_MAX_DAYS} closed days in a row up to here");
                return refuse(format!("holidays around {date}"), reason);
            }
        }
        Ok(())
    }

    /// A demo that starts outside market hours could not trade.
    fn check_demo_start(&self) -> Result<(), CalendarError> {
        let inside = |open: &[(TimeOfDay, TimeOfDay)]| {
            open.iter()
                .any(|(from, to)| *from <= self.demo_starts && self.demo_starts < *to)
        };
        if self
            .timetables
            .iter()
            .all(|timetable| inside(&timetable.session.open))
        {
            return Ok(());
        }
        refuse(
            "demo_starts",
            "must lie within the market hours of every timetable",
        )
    }
}

fn timetables(entries: Vec<TimetableEntry>) -> Result<Vec<Timetable>, CalendarError> {
    let mut all: Vec<Timetable> = Vec::new();
    for TimetableEntry { valid_from, windows } in entries {
        let entry = format!("timetable of {valid_from}");
        if all.last().is_some_and(|before| before.valid_from >= valid_from) {
            return refuse(entry, "timetables must be sorted by date, each date once");
        }
        match Session::new(windows) {
            Ok(session) => all.push(Timetable { valid_from, session }),
            Err(reason) => return refuse(entry, reason),
        }
    }
    if all.is_empty() {
        refuse("timetable", "at least one is needed")
    } else {
        Ok(all)
    }
}

fn holidays(years: Vec<YearEntry>) -> Result<BTreeMap<Date, String>, CalendarError> {
    let mut all = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for entry in years {
        if !seen.insert(entry.year) || !(1..=9998).contains(&entry.year) {
            return refuse(format!("year {}", entry.year), "each year once, 1 to 9998");
        }
        for holiday in entry.holidays {
            if holiday.on.year != entry.year {
                return refuse(
                    format!("holiday {}", holiday.on),
                    format!("is not in its year {}", entry.year),
                );
            }
            if all.insert(holiday.on, holiday.name).is_some() {
                return refuse(format!("holiday {}", holiday.on), "is listed twice");
            }
        }
    }
    Ok(all)
}

fn special(entry: SpecialEntry) -> Result<(Date, SpecialDay), CalendarError> {
    let label = format!("special session {}", entry.on);
    let own = match (entry.windows, entry.amo_closes, entry.amo_opens) {
        (None, None, None) => None,
        (Some(windows), Some(amo_closes), Some(amo_opens)) => {
            let session = Session::new(windows).or_else(|reason| refuse(label.as_str(), reason))?;
            if session
                .open
                .iter()
                .any(|(from, to)| *from < amo_closes || amo_opens < *to)
            {
                return refuse(
                    label,
                    "after-market orders must be closed while the market is open",
                );
            }
            Some(OwnHours {
                session,
                amo_closes,
                amo_opens,
            })
        }
        _ => {
            return refuse(
                label,
                "give windows, amo_closes and amo_opens together, or none of them",
            );
        }
    };
    Ok((
        entry.on,
        SpecialDay {
            name: entry.name,
            own,
        },
    ))
}

/// Halts of one day must not touch: each is over, its auction included, before the next begins.
fn halts(entries: Vec<HaltEntry>) -> Result<BTreeMap<Date, Vec<DatedHalt>>, CalendarError> {
    let mut all: BTreeMap<Date, Vec<DatedHalt>> = BTreeMap::new();
    for entry in entries {
        let label = format!("halt on {}", entry.on);
        let (from, to) = (ist_instant(entry.on, entry.from), ist_instant(entry.on, entry.to));
        let Some(halt) = DatedHalt::new(from, to, entry.auction_minutes, entry.reason) else {
            return refuse(
                label,
                "must end after it starts; auction_minutes is at most a day's",
            );
        };
        let of_day = all.entry(entry.on).or_default();
        if of_day.last().is_some_and(|before| before.reopens > halt.from) {
            return refuse(label, "halts of a day must be sorted and must not overlap");
        }
        of_day.push(halt);
    }
    Ok(all)
}

fn provisional_closed(days: &[String]) -> Result<BTreeSet<(u8, u8)>, CalendarError> {
    // Any leap year will do: 29 February is a possible day.
    let parse = |text: &String| match Date::parse(&format!("2024-{text}")) {
        Ok(date) => Ok((date.month, date.day)),
        Err(_) => refuse(format!("provisional_closed {text:?}"), "expected mm-dd"),
    };
    days.iter().map(parse).collect()
}

type AmoWindows = (AmoWindow, BTreeMap<String, AmoWindow>);

fn amo_windows(entries: &BTreeMap<String, AmoEntry>) -> Result<AmoWindows, CalendarError> {
    let mut all: BTreeMap<String, AmoWindow> = entries
        .iter()
        .map(|(key, entry)| {
            (
                key.clone(),
                AmoWindow {
                    from: entry.from,
                    to: entry.to,
                },
            )
        })
        .collect();
    match all.remove(AMO_DEFAULT) {
        Some(default) => Ok((default, all)),
        None => refuse("amo", "an entry named default is needed"),
    }
}
