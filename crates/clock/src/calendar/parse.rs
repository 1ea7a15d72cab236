//! Turns a calendar file into a calendar, or says what is wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use toml::Spanned;
use torana_domain::time::Date;

use super::days::Days;
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
#[error("calendar file line {line}: {reason}")]
pub struct CalendarError {
    /// Which line, from 1.
    pub line: usize,
    /// Which entry, what is wrong with it and what is allowed.
    pub reason: String,
}

/// A refusal before its place in the text is made a line.
#[derive(Debug)]
struct Refused {
    /// Where the entry begins, in bytes.
    at: usize,
    reason: String,
}

/// Refuses the entry at a place of the file.
fn refuse<T>(at: usize, entry: impl Display, reason: impl Display) -> Result<T, Refused> {
    Err(Refused {
        at,
        reason: format!("{entry}: {reason}"),
    })
}

/// Where a value begins.
fn place<T>(value: &Spanned<T>) -> usize {
    value.span().start
}

/// The line, from 1, of a place in a text that was refused there.
#[must_use]
pub fn line_at(text: &str, place: usize) -> usize {
    let before = text.as_bytes().iter().take(place);
    before.filter(|byte| **byte == b'\n').count() + 1
}

impl MarketCalendar {
    /// Reads a calendar file of at most [`CALENDAR_FILE_MAX`] bytes.
    ///
    /// # Errors
    /// The line and what is wrong there.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        if text.len() > CALENDAR_FILE_MAX {
            return Err(CalendarError {
                line: 1,
                reason: format!("longer than {CALENDAR_FILE_MAX} bytes"),
            });
        }
        let refused = |at: usize, reason: String| CalendarError {
            line: line_at(text, at),
            reason,
        };
        let file: CalendarFile = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            refused(at, error.message().to_owned())
        })?;
        Self::from_file(file).map_err(|Refused { at, reason }| refused(at, reason))
    }

    fn from_file(file: CalendarFile) -> Result<Self, Refused> {
        let years: BTreeMap<i32, usize> = file
            .year
            .iter()
            .map(|entry| (*entry.year.as_ref(), place(&entry.year)))
            .collect();
        let amo_places: Vec<(String, usize)> = file
            .amo
            .keys()
            .map(|key| (key.as_ref().clone(), place(key)))
            .collect();
        let demo_place = place(&file.demo_starts);
        let (amo_default, amo_by_broker) = amo_windows(&file.amo)?;
        let rules = MarketRules::new(file.auction, file.dynamic_band, file.circuit_breaker)
            .or_else(|(entry, reason)| refuse(0, entry, reason))?;
        let calendar = Self {
            timetables: timetables(file.timetable)?,
            holidays: holidays(file.year)?,
            specials: file.special.into_iter().map(special).collect::<Result<_, _>>()?,
            published_years: years.keys().copied().collect(),
            closed_weekdays: file.closed_weekdays.iter().map(|day| *day as i64).collect(),
            provisional_closed: provisional_closed(&file.provisional_closed)?,
            amo_default,
            amo_by_broker,
            broker_session_ends: file.broker_session_ends,
            demo_starts: file.demo_starts.into_inner(),
            rules,
            days: Days::default(),
            halts: halts(file.halt)?,
        };
        for (key, at) in amo_places {
            calendar.check_amo_outside_sessions(&key, at)?;
        }
        calendar.check_closed_runs(&years)?;
        calendar.check_demo_start(demo_place)?;
        Ok(calendar)
    }

    /// A regular after-market window must not reach into a session: an order is one or the other.
    fn check_amo_outside_sessions(&self, key: &str, at: usize) -> Result<(), Refused> {
        let window = self.amo_window(key);
        for timetable in &self.timetables {
            if !window.is_outside(&timetable.session.open) {
                let reason = format!("overlaps the market hours in force from {}", timetable.valid_from);
                return refuse(at, format!("after-market window {key}"), reason);
            }
        }
        Ok(())
    }

    /// Searches through the calendar are bounded by the longest run of closed days, so there is one.
    fn check_closed_runs(&self, years: &BTreeMap<i32, usize>) -> Result<(), Refused> {
        let Some(((first, first_place), (last, _))) = years.first_key_value().zip(years.last_key_value())
        else {
            return refuse(0, "year", "at least one published year is needed");
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
                let at = years.get(&date.year).unwrap_or(first_place);
                return refuse(*at, format!("holidays around {date}"), reason);
            }
        }
        Ok(())
    }

    /// A demo that starts outside market hours could not trade.
    fn check_demo_start(&self, at: usize) -> Result<(), Refused> {
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
            at,
            "demo_starts",
            "must lie within the market hours of every timetable",
        )
    }
}

fn timetables(entries: Vec<TimetableEntry>) -> Result<Vec<Timetable>, Refused> {
    let mut all: Vec<Timetable> = Vec::new();
    for TimetableEntry { valid_from, windows } in entries {
        let (at, valid_from) = (place(&valid_from), valid_from.into_inner());
        let entry = format!("timetable of {valid_from}");
        if all.last().is_some_and(|before| before.valid_from >= valid_from) {
            return refuse(at, entry, "timetables must be sorted by date, each date once");
        }
        match Session::new(windows) {
            Ok(session) => all.push(Timetable { valid_from, session }),
            Err(reason) => return refuse(at, entry, reason),
        }
    }
    if all.is_empty() {
        refuse(0, "timetable", "at least one is needed")
    } else {
        Ok(all)
    }
}

fn holidays(years: Vec<YearEntry>) -> Result<BTreeMap<Date, String>, Refused> {
    let mut all = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for entry in years {
        let (at, year) = (place(&entry.year), entry.year.into_inner());
        if !seen.insert(year) || !(1..=9998).contains(&year) {
            return refuse(at, format!("year {year}"), "each year once, 1 to 9998");
        }
        for holiday in entry.holidays {
            let (at, on) = (place(&holiday.on), holiday.on.into_inner());
            if on.year != year {
                return refuse(at, format!("holiday {on}"), format!("is not in its year {year}"));
            }
            if all.insert(on, holiday.name).is_some() {
                return refuse(at, format!("holiday {on}"), "is listed twice");
            }
        }
    }
    Ok(all)
}

fn special(entry: SpecialEntry) -> Result<(Date, SpecialDay), Refused> {
    let (at, on) = (place(&entry.on), entry.on.into_inner());
    let label = format!("special session {on}");
    let own = match (entry.windows, entry.amo_closes, entry.amo_opens) {
        (None, None, None) => None,
        (Some(windows), Some(amo_closes), Some(amo_opens)) => {
            let session = Session::new(windows).or_else(|reason| refuse(at, label.as_str(), reason))?;
            if session
                .open
                .iter()
                .any(|(from, to)| *from < amo_closes || amo_opens < *to)
            {
                return refuse(
                    at,
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
                at,
                label,
                "give windows, amo_closes and amo_opens together, or none of them",
            );
        }
    };
    Ok((
        on,
        SpecialDay {
            name: entry.name,
            own,
        },
    ))
}

/// Halts of one day must not touch: each is over, its auction included, before the next begins.
fn halts(entries: Vec<HaltEntry>) -> Result<BTreeMap<Date, Vec<DatedHalt>>, Refused> {
    let mut all: BTreeMap<Date, Vec<DatedHalt>> = BTreeMap::new();
    for entry in entries {
        let (at, on) = (place(&entry.on), entry.on.into_inner());
        let label = format!("halt on {on}");
        let (from, to) = (ist_instant(on, entry.from), ist_instant(on, entry.to));
        let Some(halt) = DatedHalt::new(from, to, entry.auction_minutes, entry.reason) else {
            return refuse(
                at,
                label,
                "must end after it starts; auction_minutes is at most a day's",
            );
        };
        let of_day = all.entry(on).or_default();
        if of_day.last().is_some_and(|before| before.reopens > halt.from) {
            return refuse(at, label, "halts of a day must be sorted and must not overlap");
        }
        of_day.push(halt);
    }
    Ok(all)
}

fn provisional_closed(days: &[Spanned<String>]) -> Result<BTreeSet<(u8, u8)>, Refused> {
    // Any leap year will do: 29 February is a possible day.
    let parse = |text: &Spanned<String>| match Date::parse(&format!("2024-{text}")) {
        Ok(date) => Ok((date.month, date.day)),
        Err(_) => refuse(
            place(text),
            format!("provisional_closed {:?}", text.as_ref()),
            "expected mm-dd",
        ),
    };
    days.iter().map(parse).collect()
}

type AmoWindows = (AmoWindow, BTreeMap<String, AmoWindow>);

fn amo_windows(entries: &BTreeMap<Spanned<String>, AmoEntry>) -> Result<AmoWindows, Refused> {
    let mut all: BTreeMap<String, AmoWindow> = entries
        .iter()
        .map(|(key, entry)| {
            (
                key.as_ref().clone(),
                AmoWindow {
                    from: entry.from,
                    to: entry.to,
                },
            )
        })
        .collect();
    match all.remove(AMO_DEFAULT) {
        Some(default) => Ok((default, all)),
        None => refuse(0, "amo", "an entry named default is needed"),
    }
}
