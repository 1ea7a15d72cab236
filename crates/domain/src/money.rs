//! Money, prices and share counts as exact integers, and their decimal text on the wire.

use serde::{Deserialize, Serialize};

/// Rupees in paise (1/100 ₹).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Paise(pub i64);

/// A price per share in 1/10,000 ₹.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Price(pub i64);

/// A whole number of shares; negative only where a net position is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shares(pub i64);

/// Fund units in 1/1,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Units(pub i64);

/// Implied decimals of [`Units`].
pub const UNIT_DECIMALS: u32 = 6;

/// `Price` units in one rupee.
pub const PRICE_SCALE: i64 = 10_000;
/// `Price` units in one paisa.
pub const PRICE_PER_PAISA: i64 = 100;

/// Why a decimal text is not an exact amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not of the form `[-]digits[.digits]` (exponents are expanded first).
    #[error("expected a decimal number")]
    NotANumber,
    /// More decimals than the type keeps.
    #[error("at most {0} decimals are allowed")]
    TooManyDecimals(u32),
    /// Larger than the type holds.
    #[error("number out of range")]
    OutOfRange,
}

/// Reads a JSON number's own text into an integer with `decimals` implied decimals, exactly, never through
/// binary floating point. Trailing zeros beyond `decimals` are allowed, other digits there are not.
pub fn parse_decimal(text: &str, decimals: u32) -> Result<i64, DecimalError> {
    let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            exponent.parse::<i32>().map_err(|_| DecimalError::NotANumber)?,
        ),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty()
        || !all_digits(whole)
        || !all_digits(fraction)
        || (mantissa.contains('.') && fraction.is_empty())
    {
        return Err(DecimalError::NotANumber);
    }
    let digits: String = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Ok(0);
    }
    // value = digits × 10^shift once scaled to `decimals`.
    let fraction_len = i64::try_from(fraction.len()).map_err(|_| DecimalError::OutOfRange)?;
    let shift = i64::from(exponent) - fraction_len + i64::from(decimals);
    let scaled = if shift >= 0 {
        if shift > 18 || digits.len() > 19 {
            return Err(DecimalError::OutOfRange);
        }
        let zeros = usize::try_from(shift).map_err(|_| DecimalError::OutOfRange)?;
        format!("{digits}{}", "0".repeat(zeros))
    } else {
        let cut = usize::try_from(-shift).map_err(|_| DecimalError::OutOfRange)?;
        let (kept, dropped) = digits.split_at(digits.len().saturating_sub(cut));
        if dropped.len() < cut && !dropped.is_empty() || !dropped.bytes().all(|b| b == b'0') {
            return Err(DecimalError::TooManyDecimals(decimals));
        }
        if kept.is_empty() {
            "0".to_owned()
        } else {
            kept.to_owned()
        }
    };
    let value: i64 = scaled.parse().map_err(|_| DecimalError::OutOfRange)?;
    Ok(if negative { -value } else { value })
}

/// Writes an integer with `decimals` implied decimals as the shortest exact decimal: `15035` with 1 →
/// `1503.5`, `4510_50` with 2 → `4510.5`, `300` with 2 → `3`.
#[must_use]
pub fn format_decimal(value: i64, decimals: u32) -> String {
    let scale = 10u64.pow(decimals);
    let magnitude = value.unsigned_abs();
    let (whole, fraction) = (magnitude / scale, magnitude % scale);
    let sign = if value < 0 { "-" } else { "" };
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let width = decimals as usize;
    let padded = format!("{fraction:0width$}");
    format!("{sign}{whole}.{}", padded.trim_end_matches('0'))
}

/// `numerator / denominator` rounded half to even; 0 for a zero denominator.
#[must_use]
pub fn div_half_even(numerator: i128, denominator: i128) -> i128 {
    if denominator == 0 {
        return 0;
    }
    let quotient = numerator.div_euclid(denominator);
    let remainder = numerator.rem_euclid(denominator);
    let twice = remainder * 2;
    let magnitude = denominator.abs();
    if twice > magnitude || (twice == magnitude && quotient.rem_euclid(2) == 1) {
        quotient + denominator.signum()
    } else {
        quotient
    }
}

impl Paise {
    /// Shortest decimal in rupees, at most two decimals.
    #[must_use]
    pub fn to_decimal(self) -> String {
        format_decimal(self.0, 2)
    }

    /// Parses rupees with at most two decimals.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        parse_decimal(text, 2).map(Self)
    }
}

impl Price {
    /// Shortest decimal in rupees, at most four decimals.
    #[must_use]
    pub fn to_decimal(self) -> String {
        format_decimal(self.0, 4)
    }

    /// Parses rupees with at most two decimals, as prices are quoted.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        parse_decimal(text, 2).map(|paise| Self(paise.saturating_mul(PRICE_PER_PAISA)))
    }

    /// A price from whole paise.
    #[must_use]
    pub const fn from_paise(paise: i64) -> Self {
        Self(paise.saturating_mul(PRICE_PER_PAISA))
    }

    /// Whether the price is a multiple of `tick`; false for a tick of zero or less.
    #[must_use]
    pub const fn is_on_tick(self, tick: Self) -> bool {
        tick.0 > 0 && self.0 % tick.0 == 0
    }

    /// Price × quantity in the unit 1/10,000 ₹, exactly.
    #[must_use]
    pub const fn times(self, quantity: Shares) -> Value {
        Value(self.0 as i128 * quantity.0 as i128)
    }
}

/// What a price of one security must keep on one trading day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceBounds {
    /// Prices are multiples of this.
    pub tick: Price,
    /// Lowest allowed price.
    pub low: Price,
    /// Highest allowed price.
    pub high: Price,
}

/// A traded value: price × shares summed, in 1/10,000 ₹. Kept beside the share count so that an average can
/// be shown without losing what was really paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Value(pub i128);

impl Value {
    /// Average price over `quantity` shares, half-even, 4 decimals; zero for no shares.
    #[must_use]
    pub fn average(self, quantity: Shares) -> Price {
        Price(i64::try_from(div_half_even(self.0, i128::from(quantity.0))).unwrap_or(i64::MAX))
    }

    /// The value in paise, half-even.
    #[must_use]
    pub fn to_paise(self) -> Paise {
        Paise(i64::try_from(div_half_even(self.0, i128::from(PRICE_PER_PAISA))).unwrap_or(i64::MAX))
    }
}

impl std::ops::Add for Value {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::iter::Sum for Value {
    fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
        values.fold(Self(0), |a, b| a + b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(parse_decimal("1503.5", 4), Ok(15_035_000));
        assert_eq!(parse_decimal("1503.50000", 2), Ok(150_350));
        assert_eq!(parse_decimal("1.5e2", 2), Ok(15_000));
        assert_eq!(parse_decimal("0.001", 2), Err(DecimalError::TooManyDecimals(2)));
        assert_eq!(parse_decimal("1e-30", 2), Err(DecimalError::TooManyDecimals(2)));
        assert_eq!(parse_decimal("1e30", 2), Err(DecimalError::OutOfRange));
        assert_eq!(parse_decimal("0e999999999", 2), Ok(0));
        assert_eq!(parse_decimal("1e999999999", 2), Err(DecimalError::OutOfRange));
        for bad in ["", "-", ".5", "1.", "1,5", "NaN", "+1", "1e", " 1"] {
            assert_eq!(parse_decimal(bad, 2), Err(DecimalError::NotANumber), "{bad:?}");
        }
        assert_eq!(format_decimal(451_050, 2), "4510.5");
        assert_eq!(format_decimal(-5, 2), "-0.05");
    }

    #[test]
    fn averages_round_half_to_even() {
        assert_eq!(Value(5).average(Shares(2)), Price(2));
        assert_eq!(Value(7).average(Shares(2)), Price(4));
        assert_eq!(Value(-5).average(Shares(2)), Price(-2));
    }

    proptest! {
        #[test]
        fn text_round_trips(value in any::<i32>(), decimals in 0u32..6) {
            prop_assert_eq!(parse_decimal(&format_decimal(i64::from(value), decimals), decimals), Ok(i64::from(value)));
        }

        #[test]
        fn parser_never_panics(text in "\\PC{0,40}", decimals in 0u32..6) {
            let _ = parse_decimal(&text, decimals);
        }
    }
}
