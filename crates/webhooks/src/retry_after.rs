//! The header `Retry-After`.

use torana_domain::time::{Date, Timestamp};

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Milliseconds to wait: the header holds seconds, or a date of the form `Mon, 05 Jan 2026 09:35:00 GMT` that
/// is compared with `wall_now`. A date in the past is 0; anything else is `None`.
#[must_use]
pub fn parse(header: &str, wall_now: Timestamp) -> Option<i64> {
    let text = header.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(text.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(1000));
    }
    http_date(text).map(|at| at.ms_since(wall_now).max(0))
}

fn http_date(text: &str) -> Option<Timestamp> {
    let (_, rest) = text.split_once(", ")?;
    let mut words = rest.split(' ');
    let (day, month, year, clock, zone) = (
        words.next()?,
        words.next()?,
        words.next()?,
        words.next()?,
        words.next()?,
    );
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    if zone != "GMT" || words.next().is_some() {
        return None;
    }
    let date = Date::parse(&format!("{year}-{month:02}-{day}")).ok()?;
    let mut parts = clock.split(':');
    let mut next = |most: i64| {
        parts
            .next()?
            .parse::<i64>()
            .ok()
            .filter(|value| (0..=most).contains(value))
    };
    let (hours, minutes, seconds) = (next(23)?, next(59)?, next(60)?);
    if parts.next().is_some() {
        return None;
    }
    Some(
        date.at_utc_midnight()
            .plus_seconds((hours * 60 + minutes) * 60 + seconds),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp(1_767_605_400_000); // 2026-01-05T09:30:00Z

    #[test]
    fn seconds_and_dates() {
        assert_eq!(parse("120", NOW), Some(120_000));
        assert_eq!(parse(" 0 ", NOW), Some(0));
        assert_eq!(parse("99999999999999999999999", NOW), Some(i64::MAX));
        assert_eq!(parse("Mon, 05 Jan 2026 09:35:00 GMT", NOW), Some(300_000));
        assert_eq!(parse("Mon, 05 Jan 2026 09:25:00 GMT", NOW), Some(0));
        for bad in [
            "",
            "-1",
            "1.5",
            "soon",
            "Mon, 05 Jan 2026 09:35:00 IST",
            "Mon, 32 Jan 2026 09:35:00 GMT",
            "Mon, 05 Jan 2026 09:35 GMT",
        ] {
            assert_eq!(parse(bad, NOW), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = parse(&text, NOW);
        }
    }
}
