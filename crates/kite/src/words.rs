//! Kite's words for what the exchange knows, and how it names securities.

use torana_domain::order::Side;
use torana_exchange::core::{OrderType, Product};
use torana_instruments::{Exchange, Master, Security};

use crate::error::KiteError;
use crate::input::Params;

/// What `exchange` may be.
pub const EXCHANGES: &str = "NSE or BSE";
/// What `transaction_type` may be.
pub const SIDES: &str = "BUY or SELL";
/// What `order_type` may be.
pub const ORDER_TYPES: &str = "MARKET, LIMIT, SL or SL-M";
/// What `product` may be.
pub const PRODUCTS: &str = "CNC or MIS";
/// What `variety` may be.
pub const VARIETIES: &str = "regular, amo, co, iceberg or auction";

/// The kind of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KiteVariety {
    /// Plain.
    #[default]
    Regular,
    /// Kept until the next session.
    Amo,
    /// An entry with a stop behind it.
    Co,
    /// In parts, one after the other.
    Iceberg,
    /// Into an auction of missing shares.
    Auction,
}

impl KiteVariety {
    const ALL: [Self; 5] = [Self::Regular, Self::Amo, Self::Co, Self::Iceberg, Self::Auction];

    /// Kite's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::Amo => "amo",
            Self::Co => "co",
            Self::Iceberg => "iceberg",
            Self::Auction => "auction",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variety| variety.as_str() == text)
    }

    /// Reads the segment of a path.
    ///
    /// # Errors
    /// 400 with the words.
    pub fn of_path(text: &str) -> Result<Self, KiteError> {
        Self::parse(text).ok_or_else(|| crate::input::wrong("variety", &format!("allowed is {VARIETIES}")))
    }
}

/// Reads `BUY` or `SELL`.
#[must_use]
pub fn parse_side(text: &str) -> Option<Side> {
    [Side::Buy, Side::Sell]
        .into_iter()
        .find(|side| side.as_str() == text)
}

/// Reads an order type.
#[must_use]
pub fn parse_order_type(text: &str) -> Option<OrderType> {
    OrderType::ALL.into_iter().find(|word| word.as_str() == text)
}

/// Reads a product.
#[must_use]
pub fn parse_product(text: &str) -> Option<Product> {
    [Product::Cnc, Product::Mis]
        .into_iter()
        .find(|word| word.as_str() == text)
}

/// The security that `exchange` and `tradingsymbol` of a request name.
///
/// # Errors
/// 400 for one that is missing, or for a security that is not listed.
pub fn named_security<'a>(params: &Params, master: &'a Master) -> Result<&'a Security, KiteError> {
    params.required("exchange")?;
    let exchange = params.word("exchange", EXCHANGES, Exchange::parse)?;
    let symbol = params.required("tradingsymbol")?;
    security(master, exchange.unwrap_or_default(), symbol)
}

/// The security that is listed under a symbol of Kite's.
///
/// # Errors
/// 400 where there is none.
pub fn security<'a>(master: &'a Master, exchange: Exchange, symbol: &str) -> Result<&'a Security, KiteError> {
    find_security(master, exchange, symbol).ok_or_else(|| {
        KiteError::input("The instrument you are placing an order for has either expired or does not exist.")
    })
}

/// The same; `None` where there is none.
#[must_use]
pub fn find_security<'a>(master: &'a Master, exchange: Exchange, symbol: &str) -> Option<&'a Security> {
    let bare = || {
        let (ticker, _) = symbol.rsplit_once('-')?;
        master.by_symbol(exchange, ticker)
    };
    let is_named_so = |security: &&Security| tradingsymbol(security) == symbol;
    let exact = master.by_symbol(exchange, symbol).filter(is_named_so);
    exact.or_else(|| bare().filter(is_named_so))
}

/// Kite's symbol of a security: on NSE the series stands behind the ticker, unless it is the normal one.
#[must_use]
pub fn tradingsymbol(security: &Security) -> String {
    match (security.exchange, security.series.as_str()) {
        (Exchange::Bse, _) | (_, "EQ" | "") => security.ticker.clone(),
        (Exchange::Nse, series) => format!("{}-{series}", security.ticker),
    }
}

/// How a listing is named: Kite's symbol and its number; the ticker and 0 where it is not listed any more.
#[must_use]
pub fn name_of(master: &Master, exchange: Exchange, isin: &str, ticker: &str) -> (String, u32) {
    master.listing(isin, exchange).map_or_else(
        || (ticker.to_owned(), 0),
        |security| (tradingsymbol(security), security.instrument_token()),
    )
}
