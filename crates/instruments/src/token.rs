//! The numbers by which brokers' market data names a listing.

use std::collections::BTreeSet;

use torana_domain::exchange::Exchange;

/// First number of those that Torana gives to listings whose exchange's own number is not known. The exchanges'
/// own stay below.
pub const DERIVED_FIRST: u32 = 4_000_000;
/// How many there are. With a segment in the lowest byte the largest still fits a signed 32-bit integer.
const DERIVED_COUNT: u32 = 4_000_000;
/// Highest number of a listing.
pub const TOKEN_MAX: u32 = DERIVED_FIRST + DERIVED_COUNT - 1;

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// A number for a listing whose exchange's own is not known: by its key alone, so that every installation gives
/// the same, unless `taken` holds it already; then the next free one.
#[must_use]
pub fn derived_token(exchange: Exchange, isin: &str, taken: &BTreeSet<u32>) -> u32 {
    let key = exchange.as_str().bytes().chain([b':']).chain(isin.bytes());
    let hash = key.fold(FNV_OFFSET, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
    });
    let start = u32::try_from(hash % u64::from(DERIVED_COUNT)).unwrap_or_default();
    (0..DERIVED_COUNT)
        .map(|step| DERIVED_FIRST + (start + step) % DERIVED_COUNT)
        .find(|token| !taken.contains(token))
        .unwrap_or(TOKEN_MAX)
}

/// The number with the market segment in its lowest byte, as market data carries it.
#[must_use]
pub const fn instrument_token(exchange: Exchange, token: u32) -> u32 {
    let segment = match exchange {
        Exchange::Nse => 1,
        Exchange::Bse => 4,
    };
    (token << 8) | segment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers_of_the_market() {
        assert_eq!(instrument_token(Exchange::Nse, 1594), 408_065, "INFY on NSE");
        assert_eq!(
            instrument_token(Exchange::Bse, 500_209),
            128_053_508,
            "INFY on BSE"
        );
        assert!(i32::try_from(instrument_token(Exchange::Bse, TOKEN_MAX)).is_ok());
    }

    #[test]
    fn derived_numbers_are_stable_and_step_aside() {
        let mut taken = BTreeSet::new();
        let first = derived_token(Exchange::Nse, "INE839M01018", &taken);
        assert_eq!(first, 7_658_138);
        taken.insert(first);
        assert_eq!(derived_token(Exchange::Nse, "INE839M01018", &taken), first + 1);
        assert_ne!(
            derived_token(Exchange::Bse, "INE839M01018", &BTreeSet::new()),
            first
        );
    }
}
