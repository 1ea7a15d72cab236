//! World time and the market calendar, as pure functions of their arguments.
//!
//! Invariant: nothing in here reads a clock; the wall instant is always an argument.
//! Invariant: no trading hour is written in code; all of them come from `data/nse.toml`.

pub mod calendar;
pub mod duration;
pub mod ist;
pub mod world;

pub use calendar::{
    Accepts, AmoWindow, AuctionTimes, CalendarError, DatedHalt, DayTimes, HaltLength, MarketCalendar,
    MarketRules, MarketStatus, Phase, SessionGroup, SessionWindow,
};
pub use duration::{DurationError, parse_iso_duration};
pub use ist::{TimeOfDay, ist_date, ist_instant, next_ist_time_of_day};
pub use world::{ClockEdit, ClockError, ClockMode, ClockState};
