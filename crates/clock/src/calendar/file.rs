//! The calendar file as it is written; `parse` checks it and turns it into a calendar. What a refusal may be about
//! knows its place in the file.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use torana_domain::time::Date;

use super::rules::{AuctionRules, BreakerRow, DynamicBands};
use super::session::SessionWindow;
use crate::ist::TimeOfDay;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CalendarFile {
    /// Says whose calendar it is, for the reader of the file.
    #[serde(rename = "exchange")]
    pub _exchange: String,
    pub closed_weekdays: Vec<Weekday>,
    pub provisional_closed: Vec<Spanned<String>>,
    pub broker_session_ends: TimeOfDay,
    pub demo_starts: Spanned<TimeOfDay>,
    #[serde(default)]
    pub circuit_breaker: Vec<BreakerRow>,
    pub auction: AuctionRules,
    pub dynamic_band: DynamicBands,
    pub timetable: Vec<TimetableEntry>,
    pub year: Vec<YearEntry>,
    #[serde(default)]
    pub special: Vec<SpecialEntry>,
    #[serde(default)]
    pub halt: Vec<HaltEntry>,
    pub amo: BTreeMap<Spanned<String>, AmoEntry>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimetableEntry {
    pub valid_from: Spanned<Date>,
    pub windows: Vec<SessionWindow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct YearEntry {
    pub year: Spanned<i32>,
    /// Where the list comes from, for the reader of the file.
    #[serde(rename = "source")]
    pub _source: String,
    pub holidays: Vec<HolidayEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HolidayEntry {
    pub on: Spanned<Date>,
    pub name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpecialEntry {
    pub on: Spanned<Date>,
    pub name: String,
    pub windows: Option<Vec<SessionWindow>>,
    pub amo_closes: Option<TimeOfDay>,
    pub amo_opens: Option<TimeOfDay>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AmoEntry {
    pub from: TimeOfDay,
    pub to: TimeOfDay,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HaltEntry {
    pub on: Spanned<Date>,
    pub from: TimeOfDay,
    pub to: TimeOfDay,
    #[serde(default)]
    pub auction_minutes: i64,
    pub reason: String,
}
