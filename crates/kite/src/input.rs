//! Parameters of a request: query and form together, whatever else is sent with them.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use http_body_util::{BodyExt as _, Limited};
use torana_domain::money::{PRICE_SCALE, Price, Shares, parse_decimal};

use crate::error::KiteError;
use crate::state::Kite;

/// Largest body, in bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Most parameters of a request; the rest is left out.
const PARAMETERS_MAX: usize = 10_000;
/// Most shares that a parameter may name.
pub const SHARES_MAX: i64 = 10_000_000;
/// Highest price that a parameter may name, in rupees.
const PRICE_RUPEES_MAX: i64 = 10_000_000;

/// The parameters of a request. A name that nobody asks for is ignored; of one that is given several times the first
/// counts, and the form's before the query's.
#[derive(Debug, Default)]
pub struct Params {
    pairs: Vec<(String, String)>,
}

/// The body of a request as it came.
pub struct RawBody(pub bytes::Bytes);

impl FromRequest<Kite> for RawBody {
    type Rejection = KiteError;

    async fn from_request(request: Request, _: &Kite) -> Result<Self, KiteError> {
        read(request.into_body()).await.map(Self)
    }
}

async fn read(body: Body) -> Result<bytes::Bytes, KiteError> {
    let limited = Limited::new(body, BODY_BYTES_MAX).collect().await;
    let too_large = |_| KiteError::input("The body of the request is too large or did not arrive");
    Ok(limited.map_err(too_large)?.to_bytes())
}

impl FromRequest<Kite> for Params {
    type Rejection = KiteError;

    async fn from_request(request: Request, _: &Kite) -> Result<Self, KiteError> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let body = read(request.into_body()).await?;
        Ok(Self::of(&body, query.as_bytes()))
    }
}

impl Params {
    /// The parameters of a form and a query.
    #[must_use]
    pub fn of(form: &[u8], query: &[u8]) -> Self {
        let decoded = |text| url::form_urlencoded::parse(text).into_owned();
        let pairs = decoded(form).chain(decoded(query)).take(PARAMETERS_MAX).collect();
        Self { pairs }
    }

    /// Every value of a name, as given, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let of_name = self.pairs.iter().filter(move |(known, _)| known == name);
        of_name.map(|(_, value)| value.as_str())
    }

    /// A value without spaces around it; `None` if it is missing or empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// A value that must be there.
    ///
    /// # Errors
    /// 400 with its name.
    pub fn required(&self, name: &str) -> Result<&str, KiteError> {
        self.text(name).ok_or_else(|| missing(name))
    }

    /// A value that must be one of a list of words.
    ///
    /// # Errors
    /// 400 with its name and the words.
    pub fn word<T>(
        &self,
        name: &str,
        allowed: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, KiteError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let parsed = parse(text).ok_or_else(|| wrong(name, &format!("allowed is {allowed}")))?;
        Ok(Some(parsed))
    }

    /// A whole number within bounds.
    ///
    /// # Errors
    /// 400 with its name and the bounds.
    pub fn whole(&self, name: &str, from: i64, to: i64) -> Result<Option<i64>, KiteError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let number = parse_decimal(text, 0)
            .ok()
            .filter(|number| (from..=to).contains(number));
        let number =
            number.ok_or_else(|| wrong(name, &format!("allowed is a whole number from {from} to {to}")))?;
        Ok(Some(number))
    }

    /// A number of shares, 0 or more; `5` and `5.000` are the same.
    ///
    /// # Errors
    /// 400 with its name.
    pub fn shares(&self, name: &str) -> Result<Option<Shares>, KiteError> {
        Ok(self.whole(name, 0, SHARES_MAX)?.map(Shares))
    }

    /// A price in rupees, 0 or more, at most four decimals; 0 is none.
    ///
    /// # Errors
    /// 400 with its name.
    pub fn price(&self, name: &str) -> Result<Option<Price>, KiteError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let price = parse_price(text).ok_or_else(|| {
            wrong(
                name,
                &format!("allowed are rupees from 0 to {PRICE_RUPEES_MAX} with at most four decimals"),
            )
        })?;
        Ok(Some(price).filter(|price| price.0 != 0))
    }

    /// Whether a switch is on: `true` or `1`.
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        self.text(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }
}

/// Rupees from 0 to the most that a parameter may name.
#[must_use]
pub fn parse_price(text: &str) -> Option<Price> {
    let max = Price(PRICE_RUPEES_MAX * PRICE_SCALE);
    // What is off the tick is the exchange's to refuse, in its own words.
    parse_decimal(text, 4)
        .ok()
        .map(Price)
        .filter(|price| (Price(0)..=max).contains(price))
}

/// A value that must be there is not.
#[must_use]
pub fn missing(name: &str) -> KiteError {
    KiteError::input(format!("Missing or empty field `{name}`"))
}

/// A value is not what it must be; `allowed` says what that is.
#[must_use]
pub fn wrong(name: &str, allowed: &str) -> KiteError {
    KiteError::input(format!("Invalid `{name}`: {allowed}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redundant_and_repeated_parameters_do_no_harm() {
        let params = Params::of(
            b"quantity=5&quantity=6&tag=a%20b&price=",
            b"quantity=7&i=NSE:INFY&i=NSE:ITC",
        );
        assert_eq!(params.shares("quantity").unwrap(), Some(Shares(5)));
        assert_eq!(params.text("tag"), Some("a b"));
        assert_eq!(params.price("price").unwrap(), None);
        assert_eq!(params.all("i").collect::<Vec<_>>(), ["NSE:INFY", "NSE:ITC"]);
    }

    #[test]
    fn numbers_are_exact_and_bounded() {
        let params = Params::of(
            b"a=5.000000&b=1503.5&c=0&d=1.00005&e=-1&f=1e3&g=x&h=10000001",
            b"",
        );
        assert_eq!(params.shares("a").unwrap(), Some(Shares(5)));
        assert_eq!(params.price("b").unwrap(), Some(Price(15_035_000)));
        assert_eq!(params.price("c").unwrap(), None, "0 is no price");
        assert_eq!(params.shares("f").unwrap(), Some(Shares(1000)));
        for name in ["d", "e", "g"] {
            assert!(params.price(name).unwrap_err().message().contains(name), "{name}");
        }
        assert!(params.shares("h").is_err());
    }
}
