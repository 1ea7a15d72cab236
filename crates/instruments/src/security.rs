//! One listed security.

use torana_domain::exchange::Exchange;
use torana_domain::money::{Price, Shares};

use crate::rules::PriceBand;
use crate::token::instrument_token;

/// What a security is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A share.
    Equity,
    /// A share of a small company, traded in lots.
    Sme,
    /// A unit of an exchange-traded fund.
    Etf,
    /// A unit of an infrastructure trust.
    Invit,
    /// A unit of a property trust.
    Reit,
}

impl Kind {
    /// Every kind with its word in data files.
    pub(crate) const WORDS: [(Self, &'static str); 5] = [
        (Self::Equity, "EQ"),
        (Self::Sme, "SME"),
        (Self::Etf, "ETF"),
        (Self::Invit, "INVIT"),
        (Self::Reit, "REIT"),
    ];
}

/// A value that the list of a listing did not have, so that it comes from a documented default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assumed {
    /// Multiples of one share.
    Lot,
    /// The usual cap of brokers.
    Freeze,
    /// The usual band of the series.
    Band,
    /// The price of the other listing, or a round one.
    Close,
}

impl Assumed {
    /// Every one with its word in data files.
    pub(crate) const WORDS: [(Self, &'static str); 4] = [
        (Self::Lot, "lot"),
        (Self::Freeze, "freeze"),
        (Self::Band, "band"),
        (Self::Close, "close"),
    ];
}

/// A listing of a security on one exchange. Its key is (ISIN, exchange).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Security {
    /// Where it is listed.
    pub exchange: Exchange,
    /// Symbol there.
    pub ticker: String,
    /// Name of the company or fund.
    pub name: String,
    /// ISIN with a correct check digit.
    pub isin: String,
    /// The exchange's series (NSE) or group (BSE).
    pub series: String,
    /// What it is.
    pub kind: Kind,
    /// The exchange's number of it (on BSE the scrip code), or one that Torana derived; unique on its exchange.
    pub token: u32,
    /// The price step where it does not follow the slabs of the previous close.
    pub fixed_tick: Option<Price>,
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
    /// Yesterday's close, rounded to the tick; in the bundled master an invented price at which a world starts.
    pub previous_close: Price,
    /// What of this is assumed, because the list that it comes from did not say; sorted.
    pub assumed: Vec<Assumed>,
}

impl Security {
    /// Whether it trades for delivery only: no intraday products, and no sale before the shares are there.
    #[must_use]
    pub fn is_delivery_only(&self) -> bool {
        let series = self.series.as_str();
        match self.exchange {
            Exchange::Nse => matches!(series, "BE" | "BZ" | "ST"),
            Exchange::Bse => matches!(series, "T" | "TS" | "XT" | "Z" | "ZP" | "MT"),
        }
    }

    /// The number by which market data names the listing: its token with the segment in the lowest byte.
    #[must_use]
    pub const fn instrument_token(&self) -> u32 {
        instrument_token(self.exchange, self.token)
    }

    /// Lowest and highest price of the day: the band around the previous close, rounded inwards to the tick.
    #[must_use]
    pub fn price_band(&self) -> PriceBand {
        PriceBand::around(self.previous_close, self.band_percent, self.tick)
    }
}
