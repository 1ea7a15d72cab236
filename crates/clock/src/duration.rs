//! ISO-8601 durations as exact milliseconds, for the sandbox clock's `advance`.

/// Longest duration text that is read.
pub const DURATION_TEXT_MAX: usize = 64;

/// Why a text is not a duration that a clock can be advanced by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Not of the ISO-8601 form.
    #[error(
        "expected an ISO-8601 duration of weeks, days, hours, minutes and seconds, such as PT36H or P1DT2H"
    )]
    NotADuration,
    /// Years and months have no fixed length.
    #[error("years and months have no fixed length: use weeks, days or hours, such as P30D")]
    NoFixedLength,
    /// Seconds with more than three decimals.
    #[error("seconds have at most three decimals")]
    TooPrecise,
    /// More milliseconds than an instant can hold.
    #[error("the duration is too long")]
    TooLong,
}

/// Reads `[-]P[nW][nD][T[nH][nM][n[.nnn]S]]` as milliseconds: units in this order, each at most once, at least
/// one. A leading minus gives a negative duration, so that the clock can say itself that it does not go back.
pub fn parse_iso_duration(text: &str) -> Result<i64, DurationError> {
    if text.len() > DURATION_TEXT_MAX || !text.is_ascii() {
        return Err(DurationError::NotADuration);
    }
    let (sign, unsigned) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let body = unsigned.strip_prefix('P').ok_or(DurationError::NotADuration)?;
    let (days, time) = match body.split_once('T') {
        Some((_, "")) => return Err(DurationError::NotADuration),
        Some((days, time)) => (days, time),
        None if body.is_empty() => return Err(DurationError::NotADuration),
        None => (body, ""),
    };
    if days.contains(['Y', 'M']) {
        return Err(DurationError::NoFixedLength);
    }
    let days_ms = sum_units(days, &[('W', 604_800_000), ('D', 86_400_000)])?;
    let time_ms = sum_units(time, &[('H', 3_600_000), ('M', 60_000), ('S', 1000)])?;
    days_ms
        .checked_add(time_ms)
        .map(|ms| sign * ms)
        .ok_or(DurationError::TooLong)
}

/// Adds up `number unit` pairs whose units come in the order of `units` (unit, milliseconds of one).
fn sum_units(text: &str, units: &[(char, i64)]) -> Result<i64, DurationError> {
    let mut rest = text;
    let mut total = 0i64;
    for &(unit, unit_ms) in units {
        let Some((number, behind)) = rest.split_once(unit) else {
            continue;
        };
        rest = behind;
        let part = parse_number(number, unit_ms)?;
        total = total.checked_add(part).ok_or(DurationError::TooLong)?;
    }
    if rest.is_empty() {
        Ok(total)
    } else {
        Err(DurationError::NotADuration)
    }
}

/// `number × unit_ms`; decimals are allowed on seconds only.
fn parse_number(text: &str, unit_ms: i64) -> Result<i64, DurationError> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if unit_ms == 1000 && !fraction.is_empty() => (whole, fraction),
        Some(_) => return Err(DurationError::NotADuration),
        None => (text, ""),
    };
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return Err(DurationError::NotADuration);
    }
    if fraction.len() > 3 {
        return Err(DurationError::TooPrecise);
    }
    let count: i64 = whole.parse().map_err(|_| DurationError::TooLong)?;
    let thousandths: i64 = format!("{fraction:0<3}")
        .parse()
        .map_err(|_| DurationError::NotADuration)?;
    count
        .checked_mul(unit_ms)
        .and_then(|ms| ms.checked_add(thousandths))
        .ok_or(DurationError::TooLong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_durations() {
        let cases = [
            ("PT36H", 129_600_000),
            ("P1DT2H", 93_600_000),
            ("P400D", 34_560_000_000),
            ("P2W", 1_209_600_000),
            ("PT0S", 0),
            ("PT1M", 60_000),
            ("PT0.5S", 500),
            ("PT1.005S", 1005),
            ("P1W2DT3H4M5.006S", 788_645_006),
            ("-PT1H", -3_600_000),
        ];
        for (text, ms) in cases {
            assert_eq!(parse_iso_duration(text), Ok(ms), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        use DurationError::{NoFixedLength, NotADuration, TooLong, TooPrecise};
        let cases = [
            ("", NotADuration),
            ("P", NotADuration),
            ("PT", NotADuration),
            ("P1DT", NotADuration),
            ("36H", NotADuration),
            ("P36H", NotADuration),
            ("PT1D", NotADuration),
            ("PT", NotADuration),
            ("PTH", NotADuration),
            ("P1D2W", NotADuration),
            ("PT1M1H", NotADuration),
            ("PT1H1H", NotADuration),
            ("PT1.5H", NotADuration),
            ("PT1.S", NotADuration),
            ("PT.5S", NotADuration),
            ("PT-1H", NotADuration),
            ("--PT1H", NotADuration),
            ("pt1h", NotADuration),
            ("PT1H ", NotADuration),
            ("PT１H", NotADuration),
            ("P1Y", NoFixedLength),
            ("P1M", NoFixedLength),
            ("PT0.0001S", TooPrecise),
            ("PT99999999999999999999H", TooLong),
            ("P9223372036854775807D", TooLong),
        ];
        for (text, error) in cases {
            assert_eq!(parse_iso_duration(text), Err(error), "{text:?}");
        }
        assert_eq!(
            parse_iso_duration(&format!("PT{}1S", "0".repeat(80))),
            Err(NotADuration)
        );
    }

    proptest! {
        #[test]
        fn never_panics(text in "-?P?[0-9WDTHMSY.]{0,70}") {
            let _ = parse_iso_duration(&text);
        }

        #[test]
        fn units_add_up(d in 0i64..1000, h in 0i64..1000, m in 0i64..1000, s in 0i64..1000) {
            let expected = ((d * 24 + h) * 60 + m) * 60_000 + s * 1000;
            prop_assert_eq!(parse_iso_duration(&format!("P{d}DT{h}H{m}M{s}S")), Ok(expected));
        }
    }
}
