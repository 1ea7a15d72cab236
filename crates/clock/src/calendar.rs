//! The market calendar: which sessions a day has, when the market opens and closes, what is provisional.

mod amo;
mod days;
mod demo;
mod file;
mod parse;
mod rules;
mod session;
mod stages;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use torana_domain::time::{Date, Timestamp};

pub use amo::AmoWindow;
pub use parse::{CALENDAR_FILE_MAX, CalendarError, line_at};
pub use rules::{AuctionRules, BreakerRow, DatedHalt, DynamicBands, HaltLength, MarketRules};
pub use session::{Accepts, Phase, SessionGroup, SessionWindow};
pub use stages::{AuctionTimes, DayTimes};

use crate::ist::{TimeOfDay, ist_date, ist_instant, ist_midnight, next_ist_time_of_day};
use days::{Days, Hours};
use session::{Session, Timetable};

/// Longest run of closed days that a calendar may contain; also bounds every search through it.
pub const CLOSED_RUN_MAX_DAYS: i64 = 14;

/// A dated calendar of one exchange. All instants are world time; days are days in India.
#[derive(Debug)]
pub struct MarketCalendar {
    /// Sorted by date, never empty; the first also serves earlier days.
    timetables: Vec<Timetable>,
    holidays: BTreeMap<Date, String>,
    specials: BTreeMap<Date, SpecialDay>,
    published_years: BTreeSet<i32>,
    /// By weekday, 0 = Monday.
    closed_weekdays: BTreeSet<i64>,
    /// (month, day) closed in years without a published list.
    provisional_closed: BTreeSet<(u8, u8)>,
    amo_default: AmoWindow,
    amo_by_broker: BTreeMap<String, AmoWindow>,
    broker_session_ends: TimeOfDay,
    demo_starts: TimeOfDay,
    rules: MarketRules,
    /// Sorted by start, apart.
    halts: BTreeMap<Date, Vec<DatedHalt>>,
    /// Of all of the above, computed when it is asked for.
    days: Days,
}

/// A day that trades although it would be closed.
#[derive(Debug)]
struct SpecialDay {
    name: String,
    own: Option<OwnHours>,
}

/// Hours of a special day that does not keep the timetable of its date.
#[derive(Debug)]
struct OwnHours {
    session: Session,
    amo_closes: TimeOfDay,
    amo_opens: TimeOfDay,
}

/// What the market-status answer is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketStatus {
    /// Session of securities with a closing auction.
    pub phase: Phase,
    /// The normal or the closing session accepts new orders.
    pub open: bool,
    /// The next opening, strictly later.
    pub next_open: Timestamp,
    /// The next close, strictly later; of the present session while open.
    pub next_close: Timestamp,
    /// Something above rests on a year without a published holiday list.
    pub provisional: bool,
}

impl MarketCalendar {
    /// The calendar file that ships with Torana.
    pub const NSE_FILE: &'static str = include_str!("../data/nse.toml");

    /// The bundled calendar of the NSE cash market.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the bundled file is parsed by a test")]
    pub fn nse() -> &'static Self {
        static NSE: OnceLock<MarketCalendar> = OnceLock::new();
        NSE.get_or_init(|| Self::parse(Self::NSE_FILE).expect("the bundled calendar is valid"))
    }

    /// The session that securities with a closing auction are in. Use [`Self::phase_for`] for others.
    #[must_use]
    pub fn phase_at(&self, ts: Timestamp) -> Phase {
        self.phase_for(ts, SessionGroup::Auction)
    }

    /// The session that securities of `group` are in at `ts`.
    #[must_use]
    pub fn phase_for(&self, ts: Timestamp, group: SessionGroup) -> Phase {
        self.window_at(ts, group)
            .map_or(Phase::Closed, |window| window.phase)
    }

    /// The session window of `group` at `ts`, with what it accepts; `None` between and outside windows.
    #[must_use]
    pub fn window_at(&self, ts: Timestamp, group: SessionGroup) -> Option<&SessionWindow> {
        let time = TimeOfDay::of(ts);
        self.session_on(ist_date(ts))?
            .windows
            .iter()
            .find(|window| window.covers(time, group))
    }

    /// The windows of `date` in order of their start; none on a closed day.
    #[must_use]
    pub fn windows_on(&self, date: Date) -> &[SessionWindow] {
        self.session_on(date).map_or(&[], |session| &session.windows)
    }

    /// Whether the normal or the closing session accepts new orders for at least some securities.
    #[must_use]
    pub fn is_open(&self, ts: Timestamp) -> bool {
        let time = TimeOfDay::of(ts);
        self.session_on(ist_date(ts))
            .is_some_and(|session| session.open.iter().any(|(from, to)| *from <= time && time < *to))
    }

    /// The first opening strictly after `ts`. Instants beyond the year 9999 are returned unchanged.
    #[must_use]
    pub fn next_open(&self, ts: Timestamp) -> Timestamp {
        self.next_edge(ts, |(from, _)| from)
    }

    /// The first close strictly after `ts`. Instants beyond the year 9999 are returned unchanged.
    #[must_use]
    pub fn next_close(&self, ts: Timestamp) -> Timestamp {
        self.next_edge(ts, |(_, to)| to)
    }

    /// Phase, openness and the next edges in one answer.
    #[must_use]
    pub fn status_at(&self, ts: Timestamp) -> MarketStatus {
        let (next_open, next_close) = (self.next_open(ts), self.next_close(ts));
        MarketStatus {
            phase: self.phase_at(ts),
            open: self.is_open(ts),
            next_open,
            next_close,
            provisional: [ts, next_open, next_close]
                .into_iter()
                .any(|instant| self.provisional(instant)),
        }
    }

    /// Whether the exchange trades on `date`, special sessions included.
    #[must_use]
    pub fn is_trading_day(&self, date: Date) -> bool {
        self.session_on(date).is_some()
    }

    /// Whether `date` lies in a year without a published holiday list.
    #[must_use]
    pub fn is_provisional(&self, date: Date) -> bool {
        !self.published_years.contains(&date.year)
    }

    /// Whether what the calendar says about the day of `ts` is provisional.
    #[must_use]
    pub fn provisional(&self, ts: Timestamp) -> bool {
        self.is_provisional(ist_date(ts))
    }

    /// Name of the holiday or special session on `date`; the session's where it is both.
    #[must_use]
    pub fn name_of(&self, date: Date) -> Option<&str> {
        let special = self.specials.get(&date).map(|special| special.name.as_str());
        special.or_else(|| self.holidays.get(&date).map(String::as_str))
    }

    /// The trading day that an order entered at `ts` belongs to: today until its close, else the next one.
    #[must_use]
    pub fn trading_day_of(&self, ts: Timestamp) -> Date {
        let today = ist_date(ts);
        match self.close_of(today) {
            Some(close) if ts < close => today,
            _ => self.next_trading_day(today),
        }
    }

    /// The first trading day strictly after `date`.
    #[must_use]
    pub fn next_trading_day(&self, date: Date) -> Date {
        days_from(date.plus_days(1), 1)
            .find(|day| self.is_trading_day(*day))
            .unwrap_or(date)
    }

    /// `date` itself when it trades, else the last trading day before it.
    #[must_use]
    pub fn latest_trading_day_not_after(&self, date: Date) -> Date {
        days_from(date, -1)
            .find(|day| self.is_trading_day(*day))
            .unwrap_or(date)
    }

    /// When the market first opens on `date`; `None` on a closed day.
    #[must_use]
    pub fn open_of(&self, date: Date) -> Option<Timestamp> {
        self.session_on(date)?
            .open
            .first()
            .map(|(from, _)| ist_instant(date, *from))
    }

    /// When the market last closes on `date`; `None` on a closed day.
    #[must_use]
    pub fn close_of(&self, date: Date) -> Option<Timestamp> {
        self.session_on(date)?
            .open
            .last()
            .map(|(_, to)| ist_instant(date, *to))
    }

    /// When a broker session that lives at `ts` ends: the next morning's end-of-session time.
    #[must_use]
    pub fn broker_session_expiry(&self, ts: Timestamp) -> Timestamp {
        next_ist_time_of_day(ts, self.broker_session_ends)
    }

    /// When the books of a day begin: with the end of the brokers' sessions of the day before.
    #[must_use]
    pub fn book_begins(&self, day: Date) -> Timestamp {
        self.broker_session_expiry(ist_midnight(day))
    }

    /// The trading day whose book is shown at `ts`: the latest that has begun.
    #[must_use]
    pub fn book_day(&self, ts: Timestamp) -> Date {
        let today = ist_date(ts);
        let begun = if ts < self.book_begins(today) {
            today.plus_days(-1)
        } else {
            today
        };
        self.latest_trading_day_not_after(begun)
    }

    fn next_edge(&self, ts: Timestamp, edge: impl Fn((TimeOfDay, TimeOfDay)) -> TimeOfDay) -> Timestamp {
        days_from(ist_date(ts), 1)
            .filter_map(|day| self.session_on(day).map(|session| (day, session)))
            .flat_map(|(day, session)| session.open.iter().map(move |interval| (day, *interval)))
            .map(|(day, interval)| ist_instant(day, edge(interval)))
            .find(|instant| *instant > ts)
            .unwrap_or(ts)
    }

    /// Whose hours `date` keeps: its own, else those of the timetable in force if the day trades.
    fn hours_on(&self, date: Date) -> Option<Hours> {
        match self.specials.get(&date) {
            Some(SpecialDay { own: Some(_), .. }) => Some(Hours::Own),
            None if self.is_closed_by_rule(date) => None,
            _ => {
                let later = |timetable: &Timetable| timetable.valid_from <= date;
                let in_force = self.timetables.iter().rposition(later);
                Some(Hours::Timetable(in_force.unwrap_or(0)))
            }
        }
    }

    fn own_hours_on(&self, date: Date) -> Option<&OwnHours> {
        self.specials.get(&date)?.own.as_ref()
    }

    fn is_closed_by_rule(&self, date: Date) -> bool {
        let fixed = self.is_provisional(date) && self.provisional_closed.contains(&(date.month, date.day));
        self.closed_weekdays.contains(&date.weekday()) || self.holidays.contains_key(&date) || fixed
    }
}

/// `from` and the days after (`step` 1) or before (`step` -1) it, as many as a closed run can last and one.
fn days_from(from: Date, step: i64) -> impl Iterator<Item = Date> {
    // One more than the run for `from` itself, one more for the day that ends the run.
    (0..CLOSED_RUN_MAX_DAYS + 2).map(move |n| from.plus_days(n * step))
}

#[cfg(test)]
mod tests;
