//! One row of a public list, as far as it says something about a listing.

use torana_domain::exchange::Exchange;
use torana_domain::money::{Price, parse_decimal};

use super::columns::{Column, Values};
use crate::csv::positive;
use crate::master::{NAME_MAX, QUANTITY_MAX, check_isin, check_ticker};
use crate::rules::PAISE_MAX;
use crate::security::Kind;
use crate::token::DERIVED_FIRST;

/// Series and groups that are traded in the markets that Torana has; of several the first counts.
const SERIES: [(Exchange, &[&str]); 2] = [
    (Exchange::Nse, &["EQ", "BE", "BZ", "SM", "ST", "IV", "RR"]),
    (
        Exchange::Bse,
        &[
            "A", "B", "T", "TS", "X", "XT", "M", "MT", "Z", "ZP", "E", "IF", "EQ",
        ],
    ),
];
/// Widest band that a list may give, in percent.
const BAND_MAX: i64 = 100;
/// State of a suspended security in NSE's security file.
const SUSPENDED: &str = "3";

/// What a row says; `None` where it says nothing.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub line: usize,
    pub ticker: String,
    pub name: Option<String>,
    pub isin: String,
    pub series: String,
    pub token: Option<u32>,
    pub tick: Option<Price>,
    pub lot: Option<i64>,
    pub freeze: Option<i64>,
    pub band_percent: Option<i64>,
    pub close: Option<Price>,
    pub has_closing_auction: Option<bool>,
    is_suspended: bool,
    series_rank: usize,
}

impl Row {
    /// Reads a row; `None` for one that is no listing in a market that Torana has.
    pub(super) fn read(exchange: Exchange, values: &Values<'_>, line: usize) -> Result<Option<Self>, String> {
        let (ticker, isin) = (
            values.need(Column::Ticker, "the symbol")?,
            values.need(Column::Isin, "the ISIN")?,
        );
        let Some((series, series_rank)) = series_of(exchange, values) else {
            return Ok(None);
        };
        let is_test = isin.starts_with("DUMMY") || ticker.contains("NSETEST");
        if is_test || is_out_of_market(exchange, values) {
            return Ok(None);
        }
        check_ticker("symbol", ticker)?;
        check_isin(isin)?;
        if let Some(text) = values.get(Column::ListedOn) {
            check_listed_on(text)?;
        }
        let (band_percent, middle) = band_of(values)?;
        let close = values
            .get(Column::PreviousClose)
            .map(|text| price("previous close", text));
        Ok(Some(Self {
            line,
            ticker: ticker.to_owned(),
            name: values.get(Column::Name).map(readable_name).transpose()?,
            isin: isin.to_owned(),
            series: series.to_owned(),
            token: token_of(values)?,
            tick: values.get(Column::Tick).map(tick).transpose()?,
            lot: whole(values, Column::Lot, "lot")?,
            freeze: freeze_of(values)?,
            band_percent,
            close: close.transpose()?.or(middle),
            has_closing_auction: values.get(Column::ClosingAuction).map(|text| text == "1"),
            is_suspended: values.get(Column::Status) == Some(SUSPENDED),
            series_rank,
        }))
    }

    /// The lower, the more trade in it.
    pub(super) fn rank(&self) -> (bool, usize) {
        (self.is_suspended, self.series_rank)
    }

    /// What the security is, by its series and the beginning of its ISIN: funds have numbers of their own.
    pub(super) fn kind(&self) -> Kind {
        match self.series.as_str() {
            "SM" | "ST" | "M" | "MT" => Kind::Sme,
            "IV" | "IF" => Kind::Invit,
            "RR" => Kind::Reit,
            _ if self.isin.starts_with("INF") => Kind::Etf,
            _ => Kind::Equity,
        }
    }
}

fn series_of<'a>(exchange: Exchange, values: &'a Values<'_>) -> Option<(&'a str, usize)> {
    let series = values.get(Column::Series)?;
    let (_, known) = SERIES.iter().find(|(of, _)| *of == exchange)?;
    let rank = known.iter().position(|known| *known == series)?;
    Some((series, rank))
}

/// Whether the list says that the security cannot be traded in the normal market.
fn is_out_of_market(exchange: Exchange, values: &Values<'_>) -> bool {
    let is_deleted = values.get(Column::Deleted) == Some("Y");
    let is_ineligible = values.get(Column::Eligible) == Some("0");
    let is_inactive = exchange == Exchange::Bse && values.get(Column::StatusLetter).is_some_and(|s| s != "A");
    is_deleted || is_ineligible || is_inactive
}

fn readable_name(text: &str) -> Result<String, String> {
    if text.len() > NAME_MAX || text.contains(char::is_control) {
        return Err(format!("name {text:?}: expected 1 to {NAME_MAX} bytes of text"));
    }
    Ok(text.to_owned())
}

fn token_of(values: &Values<'_>) -> Result<Option<u32>, String> {
    let token = values
        .get(Column::Token)
        .map(|text| positive("token", text, i64::from(DERIVED_FIRST) - 1));
    Ok(token.transpose()?.and_then(|token| u32::try_from(token).ok()))
}

fn whole(values: &Values<'_>, column: Column, name: &str) -> Result<Option<i64>, String> {
    values
        .get(column)
        .map(|text| positive(name, text, QUANTITY_MAX))
        .transpose()
}

/// A price in rupees, at most that of the data files.
fn price(name: &str, text: &str) -> Result<Price, String> {
    let found = Price::parse(text).ok();
    found
        .filter(|price| (Price::from_paise(1)..=Price::from_paise(PAISE_MAX)).contains(price))
        .ok_or_else(|| format!("{name} {text:?}: expected a price in rupees from 0.01"))
}

/// A tick: rupees with a decimal point, paise without.
fn tick(text: &str) -> Result<Price, String> {
    if text.contains('.') {
        return price("tick", text);
    }
    positive("tick", text, PAISE_MAX).map(Price::from_paise)
}

/// The largest quantity of an order: as given, or as a percentage of the issued capital.
fn freeze_of(values: &Values<'_>) -> Result<Option<i64>, String> {
    if let Some(quantity) = whole(values, Column::FreezeQuantity, "freeze quantity")? {
        return Ok(Some(quantity));
    }
    let (Some(percent), Some(capital)) = (
        values.get(Column::FreezePercent),
        values.get(Column::IssuedCapital),
    ) else {
        return Ok(None);
    };
    // Hundredths of a percent, and shares.
    let parsed = parse_decimal(percent, 2).ok().zip(parse_decimal(capital, 0).ok());
    let Some((percent, capital)) = parsed.filter(|(percent, capital)| *percent >= 0 && *capital >= 0) else {
        return Err(format!(
            "freeze percent {percent:?} of the issued capital {capital:?}: expected numbers from 0"
        ));
    };
    let quantity = i128::from(percent) * i128::from(capital) / 10_000;
    let capped = i64::try_from(quantity).unwrap_or(QUANTITY_MAX).min(QUANTITY_MAX);
    Ok((capped > 0).then_some(capped))
}

/// Band in percent, and the middle of the price range, which is the previous close as nearly as a range tells.
fn band_of(values: &Values<'_>) -> Result<(Option<i64>, Option<Price>), String> {
    if let Some(text) = values.get(Column::PriceRange) {
        let bad = || format!("price range {text:?}: expected low-high in rupees, such as 80.00-120.00");
        let (low, high) = text.split_once('-').ok_or_else(bad)?;
        let (low, high) = (
            price("price range", low.trim())?,
            price("price range", high.trim())?,
        );
        if low > high {
            return Err(bad());
        }
        let (width, sum) = (high.0 - low.0, high.0 + low.0);
        // To the nearest percent.
        let percent = (width * 200 + sum) / (2 * sum);
        return Ok((Some(percent.clamp(1, BAND_MAX)), Some(Price(sum / 2))));
    }
    let percent = values
        .get(Column::BandPercent)
        .filter(|text| !text.eq_ignore_ascii_case("no band"))
        .map(|text| positive("price band", text, BAND_MAX));
    Ok((percent.transpose()?, None))
}

/// `06-OCT-2008` or `15-Mar-22`.
fn check_listed_on(text: &str) -> Result<(), String> {
    const MONTHS: [&str; 12] = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ];
    let mut parts = text.split('-');
    let (day, month, year) = (parts.next(), parts.next(), parts.next());
    let is_date = || {
        let (day, month, year) = (day?, month?.to_ascii_uppercase(), year?);
        let month = MONTHS.iter().position(|known| *known == month)? + 1;
        let year = match year.len() {
            2 => format!("20{year}"),
            _ => year.to_owned(),
        };
        torana_domain::time::Date::parse(&format!("{year}-{month:02}-{day:0>2}")).ok()
    };
    if parts.next().is_none() && is_date().is_some() {
        return Ok(());
    }
    Err(format!(
        "date of listing {text:?}: expected a day such as 06-OCT-2008"
    ))
}
