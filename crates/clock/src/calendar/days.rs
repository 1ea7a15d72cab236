//! What is known of each day once it was asked for: a simulated day asks some hundred thousand times.

use std::sync::OnceLock;

use torana_domain::time::Date;

use super::MarketCalendar;
use super::session::{Session, SessionGroup};
use super::stages::{DayTimes, times_of};

/// The years that are kept; others are computed each time.
const YEARS: std::ops::Range<i32> = 2000..2100;
const YEARS_LEN: usize = 100;
/// Room for every month to have 31 days and for day 0, which is left empty.
const DAYS_LEN: usize = 12 * 32;

/// What one day is made of.
#[derive(Debug)]
struct Day {
    /// Whose hours it keeps; `None` on a closed day.
    hours: Option<Hours>,
    /// Its parts for securities with a closing auction.
    auction: Option<DayTimes>,
    /// Its parts for all others.
    plain: Option<DayTimes>,
}

/// Where the hours of a day stand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hours {
    /// In the timetable with this index.
    Timetable(usize),
    /// In the special day itself.
    Own,
}

type Year = Box<[OnceLock<Box<Day>>]>;

/// The days that were asked for. It holds nothing that the calendar does not say.
#[derive(Debug)]
pub(super) struct Days([OnceLock<Year>; YEARS_LEN]);

impl Default for Days {
    fn default() -> Self {
        Self([const { OnceLock::new() }; YEARS_LEN])
    }
}

impl MarketCalendar {
    /// The session of `date`: its own hours, else the timetable in force if the day trades.
    pub(super) fn session_on(&self, date: Date) -> Option<&Session> {
        let known = self.day(date);
        self.session_of(date, known.map_or_else(|| self.hours_on(date), |day| day.hours))
    }

    fn session_of(&self, date: Date, hours: Option<Hours>) -> Option<&Session> {
        match hours? {
            Hours::Timetable(index) => self.timetables.get(index).map(|table| &table.session),
            Hours::Own => self.own_hours_on(date).map(|own| &own.session),
        }
    }

    /// The parts of `date` for `group`; `None` on a closed day and for a group that only trades in auctions.
    #[must_use]
    pub fn times_on(&self, date: Date, group: SessionGroup) -> Option<DayTimes> {
        match (self.day(date), group) {
            (Some(day), SessionGroup::Auction) => day.auction,
            (Some(day), SessionGroup::Plain) => day.plain,
            (None, _) => times_of(self.session_on(date)?, date, group),
        }
    }

    fn day(&self, date: Date) -> Option<&Day> {
        let year = usize::try_from(date.year - YEARS.start).ok()?;
        let empty = || (0..DAYS_LEN).map(|_| OnceLock::new()).collect();
        let days = self.days.0.get(year)?.get_or_init(empty);
        let place = usize::from(date.month).checked_sub(1)? * 32 + usize::from(date.day);
        let day = days.get(place)?.get_or_init(|| Box::new(self.new_day(date)));
        Some(day)
    }

    fn new_day(&self, date: Date) -> Day {
        let hours = self.hours_on(date);
        let session = self.session_of(date, hours);
        let times = |group| times_of(session?, date, group);
        Day {
            hours,
            auction: times(SessionGroup::Auction),
            plain: times(SessionGroup::Plain),
        }
    }
}
