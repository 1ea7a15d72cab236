//! A decimal number of seconds from a token, compared with an instant exactly and without floating point.

/// A number of seconds, kept as whole milliseconds rounded down and whether something was cut off.
/// Numbers beyond 36 digits of milliseconds are kept as the end of the range, far beyond any instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal {
    floor_ms: i128,
    has_rest: bool,
}

/// Digits of milliseconds that are kept; every number of so many digits fits.
const DIGITS_MAX: i64 = 36;

impl Decimal {
    /// The number `±whole.fraction × 10^exponent`; `whole` and `fraction` hold decimal digits only.
    pub(crate) fn from_parts(negative: bool, whole: &str, fraction: &str, exponent: i64) -> Self {
        let digits = || {
            whole
                .bytes()
                .chain(fraction.bytes())
                .map(|digit| i128::from(digit.saturating_sub(b'0')))
        };
        let leading_zeros = digits().take_while(|digit| *digit == 0).count();
        let significant = whole.len() + fraction.len() - leading_zeros;
        if significant == 0 {
            return Self {
                floor_ms: 0,
                has_rest: false,
            };
        }
        // Where the point stands among the significant digits once the number is in milliseconds.
        let point = as_i64(whole.len())
            .saturating_sub(as_i64(leading_zeros))
            .saturating_add(exponent)
            .saturating_add(3);
        if point > DIGITS_MAX {
            let floor_ms = if negative { i128::MIN } else { i128::MAX };
            return Self {
                floor_ms,
                has_rest: false,
            };
        }
        let kept = usize::try_from(point).unwrap_or(0);
        let padded = digits()
            .skip(leading_zeros)
            .chain(std::iter::repeat(0))
            .take(kept);
        let magnitude = padded.fold(0_i128, |sum, digit| sum * 10 + digit);
        let has_rest = digits().skip(leading_zeros).skip(kept).any(|digit| digit != 0);
        let floor_ms = if negative {
            -magnitude - i128::from(has_rest)
        } else {
            magnitude
        };
        Self { floor_ms, has_rest }
    }

    /// Whether this many seconds lie after `limit_ms` milliseconds.
    pub(crate) fn is_later_than_ms(self, limit_ms: i128) -> bool {
        self.floor_ms > limit_ms || (self.floor_ms == limit_ms && self.has_rest)
    }
}

/// Lengths of texts of at most some kilobytes.
fn as_i64(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn later(whole: &str, fraction: &str, exponent: i64, limit_ms: i128) -> bool {
        Decimal::from_parts(false, whole, fraction, exponent).is_later_than_ms(limit_ms)
    }

    #[test]
    fn compares_exactly_around_the_limit() {
        assert!(!later("10", "", 0, 10_000));
        assert!(later("10", "", 0, 9_999));
        assert!(later("10", "0000000000000000000000000000000000000001", 0, 10_000));
        assert!(!later("10", "000", 0, 10_000));
        assert!(later("1", "0001", 1, 10_000));
        assert!(!later("10009", "9", -3, 10_010));
        assert!(later("10009", "9", -3, 10_009));
    }

    #[test]
    fn extremes_are_ordered_and_do_not_overflow() {
        assert!(later("1", "", 308, i128::from(i64::MAX)));
        assert!(later("1", "", i64::MAX, i128::from(i64::MAX)));
        assert!(later("1", "", i64::MIN, 0) && !later("1", "", i64::MIN, 1));
        assert!(!later("0", "000", i64::MAX, 0));
        let negative = Decimal::from_parts(true, "1", "", i64::MAX);
        assert!(!negative.is_later_than_ms(i128::from(i64::MIN)));
        let just_below_zero = Decimal::from_parts(true, "0", "0000001", 0);
        assert!(just_below_zero.is_later_than_ms(-1) && !just_below_zero.is_later_than_ms(0));
        assert!(later(&"9".repeat(3000), "", 0, i128::from(i64::MAX)));
    }

    proptest! {
        /// `units × 10^-6` seconds against microsecond arithmetic, in every way of writing the number.
        #[test]
        fn agrees_with_integers(units in 0i128..10_000_000_000, limit_ms in 0i128..10_000_000, shift in 0usize..12) {
            let text = format!("{units:012}");
            let (whole, fraction) = text.split_at(shift.min(text.len()));
            let exponent = i64::try_from(fraction.len()).unwrap() - 6;
            prop_assert_eq!(later(whole, fraction, exponent, limit_ms), units > limit_ms * 1000);
            let negative = Decimal::from_parts(true, whole, fraction, exponent);
            prop_assert_eq!(negative.is_later_than_ms(-limit_ms), -units > -limit_ms * 1000);
        }
    }
}
