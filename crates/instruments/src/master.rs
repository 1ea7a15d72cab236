//! The security master: every listing that Torana knows, by ticker and by ISIN.

mod file;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use torana_domain::exchange::Exchange;
use torana_domain::money::{Price, PriceBounds};
use torana_domain::order::Side;
use torana_domain::time::Date;

use crate::csv::DataError;
use crate::rules::{PriceBand, ProtectionTable, TickTable, protected_limit};
use crate::security::Security;

pub use file::HEADER;
pub(crate) use file::{NAME_MAX, QUANTITY_MAX, check_isin, check_ticker};

/// Most results of one search.
pub const SEARCH_RESULTS_MAX: usize = 20;

/// All listings with the tables that their prices follow.
#[derive(Debug)]
pub struct Master {
    /// Sorted by exchange and ticker.
    securities: Vec<Security>,
    /// Place in `securities`.
    by_ticker: BTreeMap<(Exchange, String), usize>,
    /// Place in `securities`.
    by_isin: BTreeMap<(String, Exchange), usize>,
    /// Place in `securities`.
    by_token: BTreeMap<(Exchange, u32), usize>,
    ticks: TickTable,
    protection: ProtectionTable,
}

impl Master {
    /// The securities file that ships with Torana.
    pub const BUNDLED_SECURITIES: &'static str = include_str!("../data/securities.csv");
    /// The tick file that ships with Torana.
    pub const BUNDLED_TICKS: &'static str = include_str!("../data/ticks.csv");
    /// The protection file that ships with Torana.
    pub const BUNDLED_PROTECTION: &'static str = include_str!("../data/protection.csv");

    /// The master that ships with Torana, parsed once.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the bundled files are parsed by a test")]
    pub fn bundled() -> &'static Arc<Self> {
        static BUNDLED: OnceLock<Arc<Master>> = OnceLock::new();
        BUNDLED.get_or_init(|| Arc::new(Self::parse_bundled().expect("the bundled instrument data is valid")))
    }

    fn parse_bundled() -> Result<Self, DataError> {
        let ticks = TickTable::parse("ticks.csv", Self::BUNDLED_TICKS)?;
        let protection = ProtectionTable::parse("protection.csv", Self::BUNDLED_PROTECTION)?;
        Self::parse("securities.csv", Self::BUNDLED_SECURITIES, ticks, protection)
    }

    /// Reads a securities file (see `data/README.md` of this crate for its columns).
    ///
    /// # Errors
    /// `file`, the line and what is wrong there.
    pub fn parse(
        file: &str,
        text: &str,
        ticks: TickTable,
        protection: ProtectionTable,
    ) -> Result<Self, DataError> {
        let mut index = Index::default();
        let mut securities = file::read(file, text, &ticks, |security| index.claim(security))?;
        if securities.is_empty() {
            return Err(DataError::new(file, 1, "at least one listing is needed"));
        }
        securities.sort_by(|a, b| (a.exchange, &a.ticker).cmp(&(b.exchange, &b.ticker)));
        let (mut by_ticker, mut by_isin, mut by_token) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (place, security) in securities.iter().enumerate() {
            by_ticker.insert((security.exchange, security.ticker.clone()), place);
            by_isin.insert((security.isin.clone(), security.exchange), place);
            by_token.insert((security.exchange, security.token), place);
        }
        Ok(Self {
            securities,
            by_ticker,
            by_isin,
            by_token,
            ticks,
            protection,
        })
    }

    /// The same tables with other listings; `file` is what a refusal names.
    ///
    /// # Errors
    /// Two listings with the same key.
    pub fn with_securities(&self, file: &str, securities: &[Security]) -> Result<Self, DataError> {
        Self::parse(
            file,
            &file::write(securities),
            self.ticks.clone(),
            self.protection.clone(),
        )
    }

    /// The listings as a securities file, which [`Self::parse`] reads to the same master.
    #[must_use]
    pub fn to_file(&self) -> String {
        file::write(&self.securities)
    }

    /// The listing with this ticker on NSE, in its exact spelling (upper case).
    #[must_use]
    pub fn by_ticker(&self, ticker: &str) -> Option<&Security> {
        self.by_symbol(Exchange::Nse, ticker)
    }

    /// The listing with this ticker on an exchange, in its exact spelling (upper case).
    #[must_use]
    pub fn by_symbol(&self, exchange: Exchange, ticker: &str) -> Option<&Security> {
        self.securities
            .get(*self.by_ticker.get(&(exchange, ticker.to_owned()))?)
    }

    /// The security with this ISIN: its NSE listing where there is one, else its BSE listing.
    #[must_use]
    pub fn by_isin(&self, isin: &str) -> Option<&Security> {
        Exchange::ALL
            .into_iter()
            .find_map(|exchange| self.listing(isin, exchange))
    }

    /// The listing of a security on one exchange.
    #[must_use]
    pub fn listing(&self, isin: &str, exchange: Exchange) -> Option<&Security> {
        self.securities
            .get(*self.by_isin.get(&(isin.to_owned(), exchange))?)
    }

    /// The listing with this number of its exchange (see [`Security::token`]).
    #[must_use]
    pub fn by_token(&self, exchange: Exchange, token: u32) -> Option<&Security> {
        self.securities.get(*self.by_token.get(&(exchange, token))?)
    }

    /// The symbol of a security on one exchange; `None` where it is not listed.
    #[must_use]
    pub fn ticker_on(&self, isin: &str, exchange: Exchange) -> Option<&str> {
        self.listing(isin, exchange)
            .map(|security| security.ticker.as_str())
    }

    /// All listings, sorted by exchange and ticker.
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
            .filter(|security| security.exchange == Exchange::Nse);
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

    /// The tick of `security` on `date` when the close that slabs are read from is `reference`: its fixed one, or
    /// that of the slabs in force on that date.
    #[must_use]
    pub fn tick_on(&self, security: &Security, date: Date, reference: Price) -> Price {
        security
            .fixed_tick
            .unwrap_or_else(|| self.ticks.tick_for(date, reference))
    }

    /// The slabs of ticks.
    #[must_use]
    pub const fn ticks(&self) -> &TickTable {
        &self.ticks
    }

    /// The slabs of protection.
    #[must_use]
    pub const fn protection(&self) -> &ProtectionTable {
        &self.protection
    }

    /// The limit that a market order is sent with when the last price is `last_price`: inside the day's band and on
    /// tick.
    #[must_use]
    pub fn protected_limit(&self, side: Side, last_price: Price, bounds: &PriceBounds) -> Price {
        let band = PriceBand {
            low: bounds.low,
            high: bounds.high,
        };
        let bps = self.protection.bps_at(last_price);
        protected_limit(side, last_price, bps, bounds.tick, &band).unwrap_or(last_price)
    }
}

/// The keys that the lines of a file have used so far.
#[derive(Default)]
struct Index {
    tickers: std::collections::BTreeSet<(Exchange, String)>,
    isins: std::collections::BTreeSet<(Exchange, String)>,
    tokens: std::collections::BTreeSet<(Exchange, u32)>,
}

impl Index {
    fn claim(&mut self, security: &Security) -> Result<(), String> {
        let Security {
            exchange,
            ticker,
            isin,
            token,
            ..
        } = security;
        if !self.tickers.insert((*exchange, ticker.clone())) {
            return Err(format!("ticker {ticker} is listed twice on {exchange}"));
        }
        if !self.isins.insert((*exchange, isin.clone())) {
            return Err(format!("isin {isin} is listed twice on {exchange}"));
        }
        if !self.tokens.insert((*exchange, *token)) {
            return Err(format!("token {token} is listed twice on {exchange}"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
