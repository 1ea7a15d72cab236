//! How a body names a security.

use torana_contract::request::{Problems, Scope};
use torana_exchange::core::command::SecurityName;

/// Reads exactly one of `ticker` and `isin`; everything else is noted.
pub fn parse_security(item: &Scope<'_>, problems: &mut Problems) -> Option<SecurityName> {
    let ticker = item.text("ticker", problems);
    let isin = item.text("isin", problems);
    if ticker.is_present() == isin.is_present() {
        problems.note(
            &item.path_of("ticker"),
            "exactly one of ticker and isin must be given",
        );
    }
    let clean = |text: String| text.trim().to_ascii_uppercase();
    match (ticker.value(), isin.value()) {
        (Some(ticker), _) => Some(SecurityName::Ticker(clean(ticker))),
        (None, Some(isin)) => Some(SecurityName::Isin(clean(isin))),
        (None, None) => None,
    }
}
