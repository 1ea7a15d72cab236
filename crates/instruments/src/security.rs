//! One listed security.

use serde::{Deserialize, Serialize};
use torana_domain::money::{Price, Shares};

use crate::rules::PriceBand;

/// Where a security is traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Exchange {
    /// National Stock Exchange of India.
    Nse,
    /// BSE.
    Bse,
}

/// What a security is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A share.
    Equity,
    /// A share that is traded for delivery only.
    TradeToTrade,
    /// A share of a small company, traded in lots.
    Sme,
    /// A unit of an exchange-traded fund.
    Etf,
    /// A unit of an infrastructure trust.
    Invit,
    /// A unit of a property trust.
    Reit,
}

/// A security of the master. Its key is (ISIN, exchange).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Security {
    /// Symbol on `exchange`.
    pub ticker: String,
    /// Name of the company or fund.
    pub name: String,
    /// ISIN with a correct check digit.
    pub isin: String,
    /// Home exchange.
    pub exchange: Exchange,
    /// Symbol on BSE; `None` when not listed there.
    pub bse_ticker: Option<String>,
    /// The exchange's series or group.
    pub series: String,
    /// What it is.
    pub kind: Kind,
    /// Prices are multiples of this; above zero.
    pub tick: Price,
    /// Quantities are multiples of this; above zero.
    pub lot: Shares,
    /// Largest quantity of one order.
    pub freeze: Shares,
    /// Price band around the previous close, 1..=100.
    pub band_percent: i64,
    /// Futures and options exist: the band is dynamic and the day ends with a closing auction.
    pub has_derivatives: bool,
    /// Yesterday's close, on tick; in the bundled master an invented price at which a sandbox world starts.
    pub previous_close: Price,
}

impl Security {
    /// Symbol on NSE; `None` when not listed there.
    #[must_use]
    pub fn nse_ticker(&self) -> Option<&str> {
        self.is_tradable_on_nse().then_some(self.ticker.as_str())
    }

    /// Whether orders for it can go to NSE.
    #[must_use]
    pub fn is_tradable_on_nse(&self) -> bool {
        self.exchange == Exchange::Nse
    }

    /// Lowest and highest price of the day: the band around the previous close, rounded inwards to the tick.
    #[must_use]
    pub fn price_band(&self) -> PriceBand {
        PriceBand::around(self.previous_close, self.band_percent, self.tick)
    }
}
