//! Numbers on the wire, exact in both directions.
//!
//! Out: [`Decimal`] writes an integer with implied decimals as a JSON number. In: [`NumberText`] keeps the text
//! of whatever the client sent, so that `3`, `3.0`, `"3"` and `1e2` can be told apart.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use torana_domain::money::{DecimalError, Paise, Price, Shares, format_decimal, parse_decimal};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

/// An exact decimal that becomes a JSON number, written as shortly as possible: `4510.5`, `3`, `0.05`.
///
/// Serialises with `serde_json` only, because it writes the number's text itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Decimal {
    value: i64,
    decimals: u32,
}

impl Decimal {
    /// `value` with `decimals` implied decimals (at most 18).
    #[must_use]
    pub const fn new(value: i64, decimals: u32) -> Self {
        Self {
            value,
            decimals: if decimals > 18 { 18 } else { decimals },
        }
    }

    /// A whole number.
    #[must_use]
    pub const fn integer(value: i64) -> Self {
        Self { value, decimals: 0 }
    }
}

impl PartialSchema for Decimal {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(SchemaType::new(Type::Number));
        RefOr::T(Schema::Object(number.description(Some("Exact decimal")).build()))
    }
}

impl ToSchema for Decimal {}

impl From<Paise> for Decimal {
    fn from(amount: Paise) -> Self {
        Self::new(amount.0, 2)
    }
}

impl From<Price> for Decimal {
    fn from(price: Price) -> Self {
        Self::new(price.0, 4)
    }
}

impl From<Shares> for Decimal {
    fn from(shares: Shares) -> Self {
        Self::integer(shares.0)
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&format_decimal(self.value, self.decimals))
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

/// Why a JSON value is not the number that is asked for. The texts continue a field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberProblem {
    /// A string, object, array, boolean or `null`.
    #[error("must be a JSON number, not a string or another type")]
    NotANumber,
    /// A number with a fraction or an exponent where a whole number is asked for.
    #[error("must be a whole number written without fraction or exponent")]
    NotAnInteger,
    /// More than two decimals.
    #[error("may have at most two decimals")]
    TooManyDecimals,
    /// Too large to be handled.
    #[error("is out of range")]
    OutOfRange,
}

/// A JSON value of a request, kept as the text that the client wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberText(String);

impl NumberText {
    /// Keeps the text of any JSON value.
    #[must_use]
    pub fn of(raw: &RawValue) -> Self {
        Self(raw.get().trim().to_owned())
    }

    /// The client's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn number(&self) -> Result<&str, NumberProblem> {
        let starts_as_number = self.0.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        if starts_as_number {
            Ok(&self.0)
        } else {
            Err(NumberProblem::NotANumber)
        }
    }

    /// A whole number. `3.0`, `1e2` and `"3"` are refused.
    ///
    /// # Errors
    /// [`NumberProblem`].
    pub fn as_integer(&self) -> Result<i64, NumberProblem> {
        let text = self.number()?;
        if text.contains(['.', 'e', 'E']) {
            return Err(NumberProblem::NotAnInteger);
        }
        text.parse().map_err(|_| NumberProblem::OutOfRange)
    }

    /// Rupees with at most two decimals, exactly. `431.50`, `431.500` and `4.315e2` are the same amount.
    ///
    /// # Errors
    /// [`NumberProblem`].
    pub fn as_paise(&self) -> Result<Paise, NumberProblem> {
        parse_decimal(self.number()?, 2)
            .map(Paise)
            .map_err(|problem| match problem {
                DecimalError::NotANumber => NumberProblem::NotANumber,
                DecimalError::TooManyDecimals(_) => NumberProblem::TooManyDecimals,
                DecimalError::OutOfRange => NumberProblem::OutOfRange,
            })
    }

    /// A price per share with at most two decimals.
    ///
    /// # Errors
    /// [`NumberProblem`].
    pub fn as_price(&self) -> Result<Price, NumberProblem> {
        self.as_paise().map(|paise| Price::from_paise(paise.0))
    }
}

impl<'de> Deserialize<'de> for NumberText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self::of(&raw))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> NumberText {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn amounts_are_written_exactly() {
        let written = |decimal: Decimal| serde_json::to_string(&decimal).unwrap();
        assert_eq!(written(Paise(451_050).into()), "4510.5");
        assert_eq!(written(Paise(0).into()), "0");
        assert_eq!(written(Paise(-5).into()), "-0.05");
        assert_eq!(written(Price(15_035_000).into()), "1503.5");
        assert_eq!(written(Shares(-3).into()), "-3");
        assert_eq!(written(Decimal::new(i64::MIN, 2)), "-92233720368547758.08");
        assert_eq!(
            serde_json::to_value(Decimal::new(105_231, 3)).unwrap(),
            serde_json::json!(105.231)
        );
    }

    #[test]
    fn quantities_are_json_integers() {
        assert_eq!(text("3").as_integer(), Ok(3));
        assert_eq!(text(" 3 ").as_integer(), Ok(3));
        assert_eq!(text("-0").as_integer(), Ok(0));
        for fraction in ["3.0", "1e2", "3E0", "0.5"] {
            assert_eq!(
                text(fraction).as_integer(),
                Err(NumberProblem::NotAnInteger),
                "{fraction}"
            );
        }
        for other in ["\"3\"", "null", "true", "[3]", "{\"a\":3}"] {
            assert_eq!(
                text(other).as_integer(),
                Err(NumberProblem::NotANumber),
                "{other}"
            );
        }
        assert_eq!(
            text("99999999999999999999").as_integer(),
            Err(NumberProblem::OutOfRange)
        );
    }

    #[test]
    fn prices_keep_their_own_text() {
        assert_eq!(text("431.5").as_price(), Ok(Price(4_315_000)));
        assert_eq!(text("4.315e2").as_price(), Ok(Price(4_315_000)));
        assert_eq!(text("431.505").as_price(), Err(NumberProblem::TooManyDecimals));
        assert_eq!(text("1e400").as_price(), Err(NumberProblem::OutOfRange));
        assert_eq!(text("\"431.5\"").as_price(), Err(NumberProblem::NotANumber));
    }
}
