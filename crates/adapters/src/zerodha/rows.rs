//! The members of Kite's answers that are used. Members that nobody announced are not looked at; a number is read from
//! its digits, in quotes or not, and never through binary floating point.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use torana_clock::ist::IST_OFFSET_MS;
use torana_domain::money::{
    DecimalError, PRICE_PER_PAISA, Paise, Price, Shares, UNIT_DECIMALS, Units, div_half_even, parse_decimal,
};
use torana_domain::time::{Date, Timestamp};

use super::wire::Trouble;

/// Decimals of a stored price.
const PRICE_DECIMALS: u32 = 4;
/// Further decimals that an average may have before it is rounded.
const FURTHER_DECIMALS: u32 = 5;

/// A number as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(String);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get().trim().trim_matches('"').trim();
        match parse_decimal(text, 18) {
            Err(DecimalError::NotANumber) => Err(serde::de::Error::custom(format!(
                "{} is no number",
                text.chars().take(20).collect::<String>()
            ))),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl Number {
    /// With `decimals` implied decimals; what is finer is rounded half to even.
    fn scaled(&self, decimals: u32) -> Result<i64, Trouble> {
        let exact = parse_decimal(&self.0, decimals);
        let rounded = exact.or_else(|_| {
            let finer = parse_decimal(&self.0, decimals + FURTHER_DECIMALS)?;
            let quotient = div_half_even(i128::from(finer), i128::from(10_i64.pow(FURTHER_DECIMALS)));
            i64::try_from(quotient).map_err(|_| DecimalError::OutOfRange)
        });
        rounded.map_err(|error| Trouble::Unreadable(format!("{}: {error}", self.0)))
    }

    /// Whole shares.
    ///
    /// # Errors
    /// For a fraction of a share.
    pub fn shares(&self) -> Result<Shares, Trouble> {
        parse_decimal(&self.0, 0)
            .map(Shares)
            .map_err(|error| Trouble::Unreadable(format!("{}: {error}", self.0)))
    }

    /// Rupees per share.
    ///
    /// # Errors
    /// Out of range.
    pub fn price(&self) -> Result<Price, Trouble> {
        self.scaled(PRICE_DECIMALS).map(Price)
    }

    /// Rupees, rounded to paise.
    ///
    /// # Errors
    /// Out of range.
    pub fn paise(&self) -> Result<Paise, Trouble> {
        let fine = self.scaled(PRICE_DECIMALS)?;
        let paise = div_half_even(i128::from(fine), i128::from(PRICE_PER_PAISA));
        Ok(Paise(i64::try_from(paise).unwrap_or(i64::MAX)))
    }

    /// Units of a fund.
    ///
    /// # Errors
    /// Out of range.
    pub fn units(&self) -> Result<Units, Trouble> {
        self.scaled(UNIT_DECIMALS).map(Units)
    }
}

/// `2026-01-05 10:00:09`, the clock in India.
pub fn instant(text: &str) -> Option<Timestamp> {
    let (date, time) = text.trim().split_once([' ', 'T'])?;
    let date = Date::parse(date).ok()?;
    let mut parts = time.splitn(3, ':').map(|part| part.get(..2)?.parse::<i64>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
    let ms = ((hour * 60 + minute) * 60 + second) * 1000 - IST_OFFSET_MS;
    is_time.then(|| date.at_utc_midnight().plus_ms(ms))
}

/// `POST /session/token`.
#[derive(Deserialize)]
pub struct Session {
    pub user_id: String,
    pub access_token: String,
}

/// `GET /user/profile`.
#[derive(Deserialize)]
pub struct Profile {
    #[serde(default)]
    pub meta: Meta,
}

/// What the depository agreement says.
#[derive(Default, Deserialize)]
pub struct Meta {
    #[serde(default)]
    pub demat_consent: Option<String>,
}

/// `GET /user/margins/equity`.
#[derive(Deserialize)]
pub struct Margins {
    pub net: Number,
}

/// A row of `GET /portfolio/holdings`.
#[derive(Deserialize)]
pub struct Holding {
    pub tradingsymbol: String,
    pub exchange: String,
    pub isin: String,
    pub quantity: Number,
    pub t1_quantity: Number,
    pub authorised_quantity: Number,
    pub collateral_quantity: Number,
    pub average_price: Number,
}

/// `GET /portfolio/positions`.
#[derive(Deserialize)]
pub struct Positions {
    pub net: Vec<Position>,
}

/// A row of it.
#[derive(Deserialize)]
pub struct Position {
    pub tradingsymbol: String,
    pub exchange: String,
    pub product: String,
    pub quantity: Number,
    pub average_price: Number,
}

/// A row of `GET /mf/holdings`.
#[derive(Deserialize)]
pub struct FundHolding {
    #[serde(default)]
    pub folio: Option<String>,
    pub fund: String,
    pub tradingsymbol: String,
    pub quantity: Number,
    pub average_price: Number,
    pub last_price: Number,
    #[serde(default)]
    pub last_price_date: Option<String>,
    pub pnl: Number,
}

/// `GET /quote`, by name.
pub type Quotes = BTreeMap<String, Quote>;

/// One of them.
#[derive(Deserialize)]
pub struct Quote {
    pub last_price: Number,
    pub lower_circuit_limit: Number,
    pub upper_circuit_limit: Number,
    pub ohlc: Ohlc,
}

/// The day of a quote.
#[derive(Deserialize)]
pub struct Ohlc {
    /// Close of the day before.
    pub close: Number,
}

/// `POST /portfolio/holdings/authorise`.
#[derive(Deserialize)]
pub struct AuthorisationRequest {
    pub request_id: String,
}

/// `POST /orders/{variety}`.
#[derive(Deserialize)]
pub struct Placed {
    pub order_id: String,
}

/// A row of `GET /orders`.
#[derive(Deserialize)]
pub struct Order {
    pub order_id: String,
    pub exchange_order_id: Option<String>,
    pub status: String,
    pub status_message: Option<String>,
    pub order_timestamp: Option<String>,
    pub variety: String,
    pub tradingsymbol: String,
    pub transaction_type: String,
    pub quantity: Number,
    pub filled_quantity: Number,
    pub average_price: Number,
    pub tag: Option<String>,
}
