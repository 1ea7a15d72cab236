//! The security master: every security that Torana knows, by ticker and by ISIN.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use torana_domain::money::{Price, Shares};
use torana_domain::order::Side;

use crate::isin::isin_is_valid;
use crate::rules::{PAISE_MAX, ProtectionTable, TickTable, protected_limit};
use crate::security::{Exchange, Kind, Security};
use crate::table::{DataError, positive, read_records};

/// Most results of one search.
pub const SEARCH_RESULTS_MAX: usize = 20;
/// Longest ticker.
pub const TICKER_MAX: usize = 20;
/// Longest name, in bytes.
pub const NAME_MAX: usize = 200;
const QUANTITY_MAX: i64 = 10_000_000;

const HEADER: [&str; 13] = [
    "ticker",
    "name",
    "isin",
    "exchange",
    "bse_ticker",
    "series",
    "kind",
    "tick_paise",
    "lot",
    "freeze",
    "band_percent",
    "derivatives",
    "previous_close_paise",
];

/// All securities with the tables that their prices follow.
#[derive(Debug)]
pub struct Master {
    securities: Vec<Security>,
    /// Place in `securities` by ticker of the home exchange.
    by_ticker: BTreeMap<(Exchange, String), usize>,
    /// Place in `securities`.
    by_isin: BTreeMap<(String, Exchange), usize>,
    ticks: TickTable,
    protection: ProtectionTable,
}

impl Master {
    /// The master that ships with Torana, parsed once.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the bundled files are parsed by a test")]
    pub fn bundled() -> &'static Self {
        static BUNDLED: OnceLock<Master> = OnceLock::new();
        BUNDLED.get_or_init(|| Self::parse_bundled().expect("the bundled instrument data is valid"))
    }

    fn parse_bundled() -> Result<Self, DataError> {
        let ticks = TickTable::parse(include_str!("../data/ticks.csv"))?;
        let protection = ProtectionTable::parse(include_str!("../data/protection.csv"))?;
        Self::parse(include_str!("../data/securities.csv"), ticks, protection)
    }

    /// Reads a securities file (see `data/README.md` of this crate for its columns). The error names the line.
    pub fn parse(text: &str, ticks: TickTable, protection: ProtectionTable) -> Result<Self, DataError> {
        let (mut by_ticker, mut by_isin) = (BTreeMap::new(), BTreeMap::new());
        let mut place = 0;
        let securities = read_records("securities.csv", text, HEADER, |fields| {
            let security = read_security(fields, &ticks)?;
            let Security {
                ticker,
                isin,
                exchange,
                ..
            } = &security;
            if by_ticker.insert((*exchange, ticker.clone()), place).is_some() {
                return Err(format!("ticker {ticker} is listed twice"));
            }
            if by_isin.insert((isin.clone(), *exchange), place).is_some() {
                return Err(format!("isin {isin} is listed twice"));
            }
            place += 1;
            Ok(security)
        })?;
        Ok(Self {
            securities,
            by_ticker,
            by_isin,
            ticks,
            protection,
        })
    }

    /// The security with this NSE ticker, in its exact spelling (upper case). BSE-only names are not found:
    /// orders go to NSE.
    #[must_use]
    pub fn by_ticker(&self, ticker: &str) -> Option<&Security> {
        self.securities
            .get(*self.by_ticker.get(&(Exchange::Nse, ticker.to_owned()))?)
    }

    /// The security with this ISIN: its NSE listing where there is one, else its BSE listing.
    #[must_use]
    pub fn by_isin(&self, isin: &str) -> Option<&Security> {
        let mut listings = self
            .by_isin
            .range((isin.to_owned(), Exchange::Nse)..=(isin.to_owned(), Exchange::Bse));
        self.securities.get(*listings.next()?.1)
    }

    /// All securities, sorted by ticker as in the file.
    pub fn iter(&self) -> impl Iterator<Item = &Security> {
        self.securities.iter()
    }

    /// Securities on NSE whose ticker starts with `query`, then those whose ticker or name contains it; letters
    /// of either case match. At most [`SEARCH_RESULTS_MAX`], none for a blank query.
    #[must_use]
    pub fn search(&self, query: &str) -> Vec<&Security> {
        let query = query.trim().to_uppercase();
        if query.is_empty() {
            return Vec::new();
        }
        let rank = |security: &&Security| match security {
            s if s.ticker == query => Some(0),
            s if s.ticker.starts_with(&query) => Some(1),
            s if s.name.to_uppercase().starts_with(&query) => Some(2),
            s if s.ticker.contains(&query) || s.name.to_uppercase().contains(&query) => Some(3),
            _ => None,
        };
        let on_nse = self
            .securities
            .iter()
            .filter(|security| security.is_tradable_on_nse());
        let mut found: Vec<_> = on_nse
            .filter_map(|security| Some((rank(&security)?, security)))
            .collect();
        found.sort_by_key(|(rank, security)| (*rank, security.ticker.as_str()));
        found
            .into_iter()
            .map(|(_, security)| security)
            .take(SEARCH_RESULTS_MAX)
            .collect()
    }

    /// The tick of a security without a fixed one whose previous close is `reference`.
    #[must_use]
    pub fn tick_for(&self, reference: Price) -> Price {
        self.ticks.tick_for(reference)
    }

    /// The limit that a market order for `security` is sent with when the last price is `last_price`: inside the
    /// day's band and on tick.
    #[must_use]
    pub fn protected_limit(&self, security: &Security, side: Side, last_price: Price) -> Price {
        let bps = self.protection.bps_at(last_price);
        let limit = protected_limit(side, last_price, bps, security.tick, &security.price_band());
        limit.unwrap_or(security.previous_close)
    }
}

fn read_security(fields: [&str; 13], ticks: &TickTable) -> Result<Security, String> {
    let [
        ticker,
        name,
        isin,
        exchange,
        bse_ticker,
        series,
        kind,
        tick,
        lot,
        freeze,
        band,
        derivatives,
        close,
    ] = fields;
    check_ticker("ticker", ticker)?;
    if name.trim() != name || name.is_empty() || name.len() > NAME_MAX || name.contains(char::is_control) {
        return Err(format!("name {name:?}: expected 1 to {NAME_MAX} bytes of text"));
    }
    if !isin_is_valid(isin) {
        return Err(format!("isin {isin:?}: not an ISIN, or its check digit is wrong"));
    }
    if !bse_ticker.is_empty() {
        check_ticker("bse_ticker", bse_ticker)?;
    }
    check_ticker("series", series)?;
    let previous_close = Price::from_paise(positive("previous_close_paise", close, PAISE_MAX)?);
    let tick = match tick {
        "" => ticks.tick_for(previous_close),
        fixed => Price::from_paise(positive("tick_paise", fixed, PAISE_MAX)?),
    };
    if !previous_close.is_on_tick(tick) {
        return Err(format!(
            "previous_close_paise {close}: not a multiple of the tick {}",
            tick.to_decimal()
        ));
    }
    Ok(Security {
        ticker: ticker.to_owned(),
        name: name.to_owned(),
        isin: isin.to_owned(),
        exchange: parse_exchange(exchange)?,
        bse_ticker: (!bse_ticker.is_empty()).then(|| bse_ticker.to_owned()),
        series: series.to_owned(),
        kind: parse_kind(kind)?,
        tick,
        lot: Shares(positive("lot", lot, QUANTITY_MAX)?),
        freeze: Shares(positive("freeze", freeze, QUANTITY_MAX)?),
        band_percent: positive("band_percent", band, 100)?,
        has_derivatives: parse_flag("derivatives", derivatives)?,
        previous_close,
    })
}

fn check_ticker(column: &str, text: &str) -> Result<(), String> {
    let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'&' || b == b'-';
    if (1..=TICKER_MAX).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(());
    }
    Err(format!(
        "{column} {text:?}: expected 1 to {TICKER_MAX} of A-Z, 0-9, & and -"
    ))
}

fn parse_exchange(text: &str) -> Result<Exchange, String> {
    match text {
        "NSE" => Ok(Exchange::Nse),
        "BSE" => Ok(Exchange::Bse),
        _ => Err(format!("exchange {text:?}: allowed are NSE, BSE")),
    }
}

fn parse_kind(text: &str) -> Result<Kind, String> {
    match text {
        "EQ" => Ok(Kind::Equity),
        "BE" => Ok(Kind::TradeToTrade),
        "SME" => Ok(Kind::Sme),
        "ETF" => Ok(Kind::Etf),
        "INVIT" => Ok(Kind::Invit),
        "REIT" => Ok(Kind::Reit),
        _ => Err(format!(
            "kind {text:?}: allowed are EQ, BE, SME, ETF, INVIT, REIT"
        )),
    }
}

fn parse_flag(column: &str, text: &str) -> Result<bool, String> {
    match text {
        "y" => Ok(true),
        "" => Ok(false),
        _ => Err(format!("{column} {text:?}: allowed are y and nothing")),
    }
}

#[cfg(test)]
mod tests;
