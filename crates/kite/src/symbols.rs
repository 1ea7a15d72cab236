//! How market data names listings: `NSE:INFY`, `NSE:21STCENMGM-BE`, `BSE:INFY`, or a number.

use torana_exchange::core::book::Instrument;
use torana_instruments::{Exchange, Master, Security};

use crate::words::find_security;

/// Bits of a number that name the segment.
const SEGMENT_BITS: u32 = 8;

/// The listing with this number.
#[must_use]
pub fn find_token(master: &Master, token: u32) -> Option<&Security> {
    let on = |exchange| master.by_token(exchange, token >> SEGMENT_BITS);
    let mut found = Exchange::ALL.into_iter().filter_map(on);
    found.find(|security| security.instrument_token() == token)
}

/// The listing that a client names as exchange and symbol, or by its number.
#[must_use]
pub fn find_named<'a>(master: &'a Master, name: &str) -> Option<&'a Security> {
    match name.split_once(':') {
        Some((exchange, symbol)) => find_security(master, Exchange::parse(exchange)?, symbol),
        None => find_token(master, name.parse().ok()?),
    }
}

/// What the exchange calls a listing.
#[must_use]
pub fn instrument(security: &Security) -> Instrument {
    Instrument::new(security.exchange, &security.isin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tradingsymbol;

    #[test]
    fn every_listing_is_found_by_its_symbol_and_by_its_number() {
        let master = Master::bundled();
        for security in master.iter() {
            let symbol = tradingsymbol(security);
            let found = find_named(master, &format!("{}:{symbol}", security.exchange));
            assert_eq!(found, Some(security), "{symbol}");
            let by_token = find_token(master, security.instrument_token());
            assert_eq!(by_token, Some(security));
        }
    }

    #[test]
    fn a_symbol_has_the_series_that_its_listing_has() {
        let master = Master::bundled();
        let symbol = |name: &str| find_named(master, name).map(tradingsymbol);
        assert_eq!(symbol("NSE:INFY").as_deref(), Some("INFY"));
        assert_eq!(symbol("NSE:BAJAJ-AUTO").as_deref(), Some("BAJAJ-AUTO"));
        assert_eq!(symbol("NSE:21STCENMGM-BE").as_deref(), Some("21STCENMGM-BE"));
        assert_eq!(symbol("408065").as_deref(), Some("INFY"));
        for unknown in [
            "NSE:INFY-BE",
            "NSE:21STCENMGM",
            "NSE:21STCENMGM-SM",
            "NFO:INFY",
            "nse:INFY",
            "INFY",
            "",
            "408066",
            "99999999999",
        ] {
            assert_eq!(symbol(unknown), None, "{unknown}");
        }
    }
}
