//! Kite's words for what the exchange knows.

use torana_domain::order::Side;
use torana_exchange::core::{OrderType, Product};
use torana_instruments::{Exchange, Master, Security};

/// `NSE`, `BSE`.
pub const EXCHANGES: &str = "NSE or BSE";
/// `BUY`, `SELL`.
pub const SIDES: &str = "BUY or SELL";
/// `MARKET`, `LIMIT`, `SL`, `SL-M`.
pub const ORDER_TYPES: &str = "MARKET, LIMIT, SL or SL-M";
/// `CNC`, `MIS`.
pub const PRODUCTS: &str = "CNC or MIS";

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

/// The number by which market data names a listing; 0 where it is not listed any more.
#[must_use]
pub fn instrument_token(master: &Master, exchange: Exchange, isin: &str) -> u32 {
    master
        .listing(isin, exchange)
        .map_or(0, Security::instrument_token)
}
