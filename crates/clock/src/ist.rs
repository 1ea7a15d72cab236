//! Indian Standard Time: UTC+5:30 all year, so conversion is one addition.

use serde::{Deserialize, Deserializer};
use torana_domain::time::{DAY_MS, Date, Timestamp};

/// Milliseconds that IST is ahead of UTC.
pub const IST_OFFSET_MS: i64 = 19_800_000;

/// A time of day in IST, in milliseconds after midnight (0..86,400,000). Written `HH:MM` or `HH:MM:SS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(i64);

/// Why a text is not a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a time of day as HH:MM or HH:MM:SS, 00:00 to 23:59:59")]
pub struct NotATimeOfDay;

impl TimeOfDay {
    /// `None` unless `hour` is 0..=23 and `minute` is 0..=59.
    #[must_use]
    pub const fn new(hour: u8, minute: u8) -> Option<Self> {
        if hour > 23 || minute > 59 {
            return None;
        }
        Some(Self((hour as i64 * 60 + minute as i64) * 60_000))
    }

    /// Parses `HH:MM` or `HH:MM:SS` and nothing else.
    pub fn parse(text: &str) -> Result<Self, NotATimeOfDay> {
        let mut parts = text.split(':');
        let mut next = |max: i64| {
            let part = parts.next()?;
            let two_digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            part.parse::<i64>()
                .ok()
                .filter(|value| two_digits && *value <= max)
        };
        let (Some(hour), Some(minute)) = (next(23), next(59)) else {
            return Err(NotATimeOfDay);
        };
        let has_seconds = text.len() > 5;
        let second = if has_seconds {
            next(59).ok_or(NotATimeOfDay)?
        } else {
            0
        };
        if parts.next().is_some() {
            return Err(NotATimeOfDay);
        }
        Ok(Self(((hour * 60 + minute) * 60 + second) * 1000))
    }

    /// Milliseconds after midnight IST.
    #[must_use]
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// The time of day at `ts`.
    #[must_use]
    pub fn of(ts: Timestamp) -> Self {
        Self(ts.plus_ms(IST_OFFSET_MS).utc_date().1)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The calendar date in India at `ts`.
#[must_use]
pub fn ist_date(ts: Timestamp) -> Date {
    ts.plus_ms(IST_OFFSET_MS).utc_date().0
}

/// The instant at which the clocks in India show `time` on `date`.
#[must_use]
pub const fn ist_instant(date: Date, time: TimeOfDay) -> Timestamp {
    date.at_utc_midnight().plus_ms(time.0 - IST_OFFSET_MS)
}

/// The instant at which a day begins in India.
#[must_use]
pub const fn ist_midnight(date: Date) -> Timestamp {
    date.at_utc_midnight().plus_ms(-IST_OFFSET_MS)
}

/// The first instant strictly after `ts` at which the clocks in India show `time`.
#[must_use]
pub fn next_ist_time_of_day(ts: Timestamp, time: TimeOfDay) -> Timestamp {
    let today = ist_instant(ist_date(ts), time);
    if today > ts { today } else { today.plus_ms(DAY_MS) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use torana_domain::time::parse_iso;

    fn at(text: &str) -> Timestamp {
        parse_iso(text).unwrap()
    }

    #[test]
    fn the_indian_date_changes_at_half_past_six_in_the_evening_utc() {
        assert_eq!(ist_date(at("2026-01-05T18:29:59.999Z")).to_string(), "2026-01-05");
        assert_eq!(ist_date(at("2026-01-05T18:30:00.000Z")).to_string(), "2026-01-06");
    }

    #[test]
    fn six_in_the_morning_comes_strictly_later() {
        let six = TimeOfDay::new(6, 0).unwrap();
        let morning = at("2026-01-06T00:30:00.000Z");
        assert_eq!(next_ist_time_of_day(at("2026-01-05T10:00:00.000Z"), six), morning);
        assert_eq!(next_ist_time_of_day(morning.plus_ms(-1), six), morning);
        assert_eq!(next_ist_time_of_day(morning, six), at("2026-01-07T00:30:00.000Z"));
    }

    #[test]
    fn only_times_of_day_are_read_as_such() {
        assert_eq!(TimeOfDay::parse("09:15"), Ok(TimeOfDay::new(9, 15).unwrap()));
        assert_eq!(TimeOfDay::parse("23:59:59").map(TimeOfDay::ms), Ok(86_399_000));
        for bad in [
            "",
            "9:15",
            "24:00",
            "09:60",
            "09:15:",
            "09:15:60",
            "09:15:00:00",
            "+9:15",
            "09-15",
            "0915",
        ] {
            assert_eq!(TimeOfDay::parse(bad), Err(NotATimeOfDay), "{bad:?}");
        }
        assert_eq!((TimeOfDay::new(24, 0), TimeOfDay::new(0, 60)), (None, None));
    }

    proptest! {
        #[test]
        fn date_and_time_of_day_make_the_instant_again(ms in 0i64..4_000_000_000_000) {
            let ts = Timestamp(ms);
            prop_assert_eq!(ist_instant(ist_date(ts), TimeOfDay::of(ts)), ts);
        }

        #[test]
        fn the_next_time_of_day_is_within_a_day(ms in 0i64..4_000_000_000_000, hour in 0u8..24, minute in 0u8..60) {
            let time = TimeOfDay::new(hour, minute).unwrap();
            let next = next_ist_time_of_day(Timestamp(ms), time);
            prop_assert!(next > Timestamp(ms) && next.ms_since(Timestamp(ms)) <= DAY_MS);
            prop_assert_eq!(TimeOfDay::of(next), time);
        }
    }
}
