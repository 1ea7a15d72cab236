//! Holdings: the neutral snapshot that is stored, and the two payload versions made of it.

mod body;

pub use body::{
    FundBody, FundsBody, HoldingLegBody, HoldingV1Body, HoldingsBody, HoldingsView, PositionsBody,
    PrivateSmallcasesBody, PrivateStatsBody, SecuritiesBody, SecuritiesV1Body, SecurityV2Body,
    SmallcasesBody,
};

pub use torana_domain::money::Units;

use serde::{Deserialize, Serialize};
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::time::{Date, Timestamp};

/// What one broker account held at one instant, without any wire format. Stored as JSON of this very struct.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldingsSnapshot {
    /// When the broker said so (world time).
    pub taken_at: Timestamp,
    /// Stocks and ETFs, in the order in which they are shown.
    pub securities: Vec<SecurityHolding>,
    /// Demat funds; `None` when they were not asked for or the broker has no such read.
    #[serde(default)]
    pub mutual_funds: Option<Vec<FundHolding>>,
}

/// One security of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityHolding {
    /// Company name; the broker's symbol for an unknown instrument.
    pub name: String,
    /// ISIN.
    pub isin: String,
    /// Ticker at NSE; `None` when not listed there.
    pub nse_ticker: Option<String>,
    /// Ticker at BSE; `None` when not listed there.
    pub bse_ticker: Option<String>,
    /// Settled shares, the smallcase part and pledged shares included.
    pub settled: Shares,
    /// Shares bought on the day before, not delivered yet.
    pub t1: Shares,
    /// Average buying price of settled and T1 shares.
    pub average_price: Price,
    /// Today's net trade at NSE.
    pub nse_position: NetPosition,
    /// Today's net trade at BSE.
    pub bse_position: NetPosition,
    /// Pledged shares.
    pub collateral: Shares,
    /// Shares held through smallcases.
    pub smallcase: Shares,
    /// Suspended or delisted at NSE.
    pub suspended_on_nse: bool,
    /// Suspended or delisted at BSE.
    pub suspended_on_bse: bool,
}

/// Today's net trade in one security at one exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetPosition {
    /// Bought minus sold; may be negative.
    pub quantity: Shares,
    /// Average price.
    pub average_price: Price,
}

/// One demat fund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundHolding {
    /// Folio number.
    pub folio: String,
    /// Scheme name.
    pub fund: String,
    /// Trading symbol, usually the ISIN.
    pub tradingsymbol: String,
    /// ISIN.
    pub isin: String,
    /// Units.
    pub quantity: Units,
    /// Average buying price per unit.
    pub average_price: Price,
    /// Last net asset value per unit.
    pub last_price: Price,
    /// Day of that value.
    pub last_price_date: Option<Date>,
    /// Profit or loss.
    pub pnl: Paise,
}

impl SecurityHolding {
    /// Settled and T1 shares.
    #[must_use]
    pub const fn held(&self) -> Shares {
        Shares(self.settled.0.saturating_add(self.t1.0))
    }

    /// Shares that can be sold at NSE: holdings there plus today's net trade there. Zero for names that are
    /// not listed at NSE.
    #[must_use]
    pub const fn transactable(&self) -> Shares {
        if self.nse_ticker.is_some() {
            Shares(self.held().0.saturating_add(self.nse_position.quantity.0))
        } else {
            Shares(0)
        }
    }
}
