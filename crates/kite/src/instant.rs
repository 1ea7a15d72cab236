//! Instants as Kite writes them: the clock in India, without a zone.

use serde::{Serialize, Serializer};
use torana_clock::ist::{TimeOfDay, ist_date};
use torana_domain::time::{Date, Timestamp};

/// An instant; `2026-01-05 10:00:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KiteTime(pub Timestamp);

impl KiteTime {
    /// The time without its day; `10:00:00`.
    #[must_use]
    pub fn time_of_day(self) -> String {
        let second = TimeOfDay::of(self.0).ms() / 1000;
        format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
    }
}

impl std::fmt::Display for KiteTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", ist_date(self.0), self.time_of_day())
    }
}

impl Serialize for KiteTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The text of an instant, kept for the next one: those of a list are mostly the same.
#[derive(Debug, Default)]
pub struct TimeText(Option<(KiteTime, String)>);

impl TimeText {
    /// The text of `time`.
    pub fn of(&mut self, time: KiteTime) -> &str {
        if self.0.as_ref().is_none_or(|(known, _)| *known != time) {
            self.0 = Some((time, time.to_string()));
        }
        self.0.as_ref().map_or("", |(_, text)| text)
    }
}

/// Midnight of a day; `2026-01-05 00:00:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KiteDay(pub Date);

impl Serialize for KiteDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{} 00:00:00", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use torana_domain::time::parse_iso;

    #[test]
    fn the_clock_in_india_without_a_zone() {
        let at = |text: &str| KiteTime(parse_iso(text).unwrap()).to_string();
        assert_eq!(at("2026-01-05T04:30:09.999Z"), "2026-01-05 10:00:09");
        assert_eq!(at("2026-01-05T18:30:00.000Z"), "2026-01-06 00:00:00");
    }

    #[test]
    fn a_text_that_is_kept_is_that_of_its_instant() {
        let mut text = TimeText::default();
        for second in [0, 0, 5, 0] {
            let time = KiteTime(Timestamp(second * 1_000));
            assert_eq!(text.of(time), time.to_string());
        }
    }
}
