//! Instants and durations as plain integers, so that they can be stored, compared and simulated.

use serde::{Deserialize, Serialize};

/// An instant: milliseconds since 1970-01-01T00:00:00Z. Whether it is wall or world time is said by the
/// name of the field that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The instant `ms` milliseconds later (earlier when negative); saturates at the ends of time.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// The instant `seconds` later; saturates.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_ms(seconds.saturating_mul(1000))
    }

    /// Milliseconds from `earlier` to `self`, negative when `earlier` is in fact later.
    #[must_use]
    pub const fn ms_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// `2026-01-05T09:35:00.000Z`: ISO-8601, UTC, always 24 characters for the years 0..=9999, which is
    /// what signatures over the text rely on. Instants outside those years are clamped to them.
    #[must_use]
    pub fn to_iso(self) -> String {
        let (date, ms_of_day) = self.utc_date();
        let (h, m, s, ms) = (
            ms_of_day / 3_600_000,
            ms_of_day / 60_000 % 60,
            ms_of_day / 1000 % 60,
            ms_of_day % 1000,
        );
        format!(
            "{:04}-{:02}-{:02}T{h:02}:{m:02}:{s:02}.{ms:03}Z",
            date.year, date.month, date.day
        )
    }

    /// The UTC calendar date and the milliseconds into that day.
    #[must_use]
    pub fn utc_date(self) -> (Date, i64) {
        let clamped = self.0.clamp(-62_167_219_200_000, 253_402_300_799_999);
        (
            Date::from_days(clamped.div_euclid(DAY_MS)),
            clamped.rem_euclid(DAY_MS),
        )
    }
}

/// Milliseconds of one day.
pub const DAY_MS: i64 = 86_400_000;

/// A calendar date of the proleptic Gregorian calendar; serialised as `yyyy-mm-dd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// Year, 0..=9999.
    pub year: i32,
    /// Month, 1..=12.
    pub month: u8,
    /// Day of the month, 1..=31.
    pub day: u8,
}

/// Why a text is not a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a calendar date as yyyy-mm-dd")]
pub struct NotADate;

impl Date {
    /// The date that lies `days` days after 1970-01-01.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "month and day are bounded by the algorithm, the year by the callers' clamp"
    )]
    pub const fn from_days(days: i64) -> Self {
        // Howard Hinnant's civil_from_days: eras of 400 years that begin on 1 March.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        Self {
            year: year as i32,
            month: month as u8,
            day: day as u8,
        }
    }

    /// Days from 1970-01-01 to this date.
    #[must_use]
    pub const fn to_days(self) -> i64 {
        let year = self.year as i64 - if self.month <= 2 { 1 } else { 0 };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month = self.month as i64;
        let shifted_month = if month > 2 { month - 3 } else { month + 9 };
        let day_of_year = (153 * shifted_month + 2) / 5 + self.day as i64 - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// The date `days` later.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        Self::from_days(self.to_days() + days)
    }

    /// 0 = Monday … 6 = Sunday.
    #[must_use]
    pub const fn weekday(self) -> i64 {
        (self.to_days() + 3).rem_euclid(7)
    }

    /// Midnight UTC at the start of this date.
    #[must_use]
    pub const fn at_utc_midnight(self) -> Timestamp {
        Timestamp(self.to_days() * DAY_MS)
    }

    /// Parses `yyyy-mm-dd` and nothing else; refuses dates that no calendar has.
    pub fn parse(text: &str) -> Result<Self, NotADate> {
        let bytes = text.as_bytes();
        let shape = bytes.len() == 10
            && bytes.iter().enumerate().all(|(i, b)| {
                if i == 4 || i == 7 {
                    *b == b'-'
                } else {
                    b.is_ascii_digit()
                }
            });
        if !shape {
            return Err(NotADate);
        }
        let number = |range: std::ops::Range<usize>| {
            text.get(range)
                .and_then(|t| t.parse::<u16>().ok())
                .ok_or(NotADate)
        };
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let (Ok(month), Ok(day)) = (u8::try_from(month), u8::try_from(day)) else {
            return Err(NotADate);
        };
        let date = Self {
            year: i32::from(year),
            month,
            day,
        };
        if (1..=12).contains(&month) && day >= 1 && Self::from_days(date.to_days()) == date {
            Ok(date)
        } else {
            Err(NotADate)
        }
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Date {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Parses the one instant format that Torana sends, `2026-01-05T09:35:00.000Z`; fraction (1..=9 digits,
/// cut to milliseconds) optional.
pub fn parse_iso(text: &str) -> Result<Timestamp, NotADate> {
    let (date, time) = text.split_once('T').ok_or(NotADate)?;
    let date = Date::parse(date)?;
    let time = time.strip_suffix('Z').ok_or(NotADate)?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = clock.split(':');
    let mut next = |max: i64| {
        let part = parts
            .next()
            .filter(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_digit()))
            .ok_or(NotADate)?;
        part.parse::<i64>().ok().filter(|v| *v <= max).ok_or(NotADate)
    };
    let (h, m, s) = (next(23)?, next(59)?, next(59)?);
    if parts.next().is_some()
        || fraction.is_empty()
        || fraction.len() > 9
        || !fraction.bytes().all(|b| b.is_ascii_digit())
    {
        return Err(NotADate);
    }
    let ms: i64 = format!("{fraction:0<3}")
        .get(..3)
        .and_then(|t| t.parse().ok())
        .ok_or(NotADate)?;
    Ok(date
        .at_utc_midnight()
        .plus_ms(((h * 60 + m) * 60 + s) * 1000 + ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn iso_is_24_characters_and_known() {
        assert_eq!(Timestamp(1_767_605_462_120).to_iso(), "2026-01-05T09:31:02.120Z");
        assert_eq!(Timestamp(0).to_iso(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn dates_that_no_calendar_has_are_refused() {
        for bad in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "2026-1-05",
            "20260105",
            "2026-01-05 ",
        ] {
            assert_eq!(Date::parse(bad), Err(NotADate), "{bad}");
        }
        assert!(Date::parse("2024-02-29").is_ok());
    }

    proptest! {
        #[test]
        fn date_round_trips(days in -700_000i64..2_900_000) {
            let date = Date::from_days(days);
            prop_assert_eq!(date.to_days(), days);
        }

        #[test]
        fn iso_round_trips(ms in -62_000_000_000_000i64..253_402_300_799_999) {
            prop_assert_eq!(parse_iso(&Timestamp(ms).to_iso()), Ok(Timestamp(ms)));
        }
    }
}
