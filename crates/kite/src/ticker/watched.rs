//! What one connection watches, and what it was told last.

use std::collections::BTreeMap;

use torana_domain::time::Timestamp;
use torana_exchange::core::MarketQuote;
use torana_exchange::core::book::Instrument;
use torana_exchange::core::price::fold;
use torana_instruments::Master;

use super::control::Control;
use super::packet::{self, Mode};
use crate::symbols;

/// Most instruments of one connection.
pub const INSTRUMENTS_MAX: usize = 3_000;

/// The instruments of a connection by their numbers.
#[derive(Debug, Default)]
pub struct Watched(BTreeMap<u32, Watch>);

#[derive(Clone, Copy, Debug)]
struct Watch {
    instrument: Instrument,
    mode: Mode,
    /// A number of the packet that was sent last.
    told: Option<u64>,
}

impl Watched {
    /// Does what a client asks for. Numbers that nothing has are left out.
    ///
    /// # Errors
    /// What is not done, in words.
    pub fn obey(&mut self, control: Control, master: &Master) -> Result<(), String> {
        match control {
            Control::Unsubscribe(tokens) => {
                for token in tokens {
                    self.0.remove(&token);
                }
                Ok(())
            }
            Control::Subscribe(tokens) => self.watch(&tokens, Mode::Quote, master),
            Control::Mode(mode, tokens) => self.watch(&tokens, mode, master),
        }
    }

    /// Watches in this mode; what is watched already is told anew.
    fn watch(&mut self, tokens: &[u32], mode: Mode, master: &Master) -> Result<(), String> {
        for token in tokens {
            let Some(security) = symbols::find_token(master, *token) else {
                continue;
            };
            if self.0.len() >= INSTRUMENTS_MAX && !self.0.contains_key(token) {
                return Err(format!(
                    "Too many instruments: allowed are {INSTRUMENTS_MAX} on one connection"
                ));
            }
            let watch = Watch {
                instrument: symbols::instrument(security),
                mode,
                told: None,
            };
            self.0.insert(*token, watch);
        }
        Ok(())
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether something is told that changes with the clock alone.
    #[must_use]
    pub fn follows_clock(&self) -> bool {
        self.0.values().any(|watch| watch.mode == Mode::Full)
    }

    /// Whether something was never told.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.0.values().any(|watch| watch.told.is_none())
    }

    /// What to ask the exchange for.
    #[must_use]
    pub fn instruments(&self) -> Vec<Instrument> {
        self.0.values().map(|watch| watch.instrument).collect()
    }

    /// One message with the packets that are not what was told last; `None` if all are.
    pub fn message(&mut self, quotes: &[MarketQuote], at: Timestamp) -> Option<Vec<u8>> {
        let by_instrument: BTreeMap<Instrument, &MarketQuote> =
            quotes.iter().map(|quote| (quote.instrument, quote)).collect();
        let (mut count, mut out) = (0u16, vec![0; 2]);
        for (token, watch) in &mut self.0 {
            let Some(quote) = by_instrument.get(&watch.instrument) else {
                continue;
            };
            let begin = out.len();
            out.extend_from_slice(&watch.mode.bytes().to_be_bytes());
            packet::push(&mut out, watch.mode, *token, quote, at);
            let told = fold(0, out.get(begin..).unwrap_or_default());
            if watch.told == Some(told) {
                out.truncate(begin);
                continue;
            }
            watch.told = Some(told);
            count += 1;
        }
        if count == 0 {
            return None;
        }
        for (to, from) in out.iter_mut().zip(count.to_be_bytes()) {
            *to = from;
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use torana_domain::money::{Price, PriceBounds, Shares};
    use torana_instruments::Exchange;

    use super::*;

    fn quote(isin: &str, paise: i64) -> MarketQuote {
        MarketQuote {
            instrument: Instrument::new(Exchange::Nse, isin),
            last_price: Price::from_paise(paise),
            last_quantity: Shares(1),
            last_trade_at: Timestamp(0),
            previous_close: Price(0),
            day: None,
            bounds: PriceBounds {
                tick: Price(100),
                low: Price(0),
                high: Price(0),
            },
            bids: Vec::new(),
            asks: Vec::new(),
        }
    }

    fn watched(mode: Mode, tokens: &[u32]) -> Watched {
        let mut watched = Watched::default();
        let control = Control::Mode(mode, tokens.to_vec());
        watched.obey(control, Master::bundled()).unwrap();
        watched
    }

    #[test]
    fn only_changes_are_told_and_a_new_mode_is_one() {
        let mut watched = watched(Mode::Ltp, &[408_065, 424_961, 1]);
        assert_eq!(watched.instruments().len(), 2, "an unknown number is left out");
        let (infy, itc) = (quote("INE009A01021", 150_000), quote("INE154A01025", 40_000));
        let first = watched
            .message(&[infy.clone(), itc.clone()], Timestamp(0))
            .unwrap();
        assert_eq!(first.len(), 2 + 2 * (2 + 8));
        assert_eq!(first[..4], [0, 2, 0, 8]);
        assert_eq!(
            watched.message(&[infy.clone(), itc.clone()], Timestamp(9_000)),
            None
        );
        let moved = watched
            .message(&[infy.clone(), quote("INE154A01025", 40_005)], Timestamp(0))
            .unwrap();
        assert_eq!(moved[..4], [0, 1, 0, 8]);
        assert!(!watched.has_news());
        let control = Control::Mode(Mode::Full, vec![408_065]);
        watched.obey(control, Master::bundled()).unwrap();
        assert!(watched.has_news() && watched.follows_clock());
        let full = watched.message(&[infy, itc], Timestamp(0)).unwrap();
        assert_eq!(full[..4], [0, 2, 0, 184]);
    }

    #[test]
    fn a_full_packet_changes_with_the_clock() {
        let mut watched = watched(Mode::Full, &[408_065]);
        let infy = [quote("INE009A01021", 150_000)];
        assert!(watched.message(&infy, Timestamp(1_000)).is_some());
        assert!(watched.message(&infy, Timestamp(1_999)).is_none());
        assert!(watched.message(&infy, Timestamp(2_000)).is_some());
        let gone = Control::Unsubscribe(vec![408_065]);
        watched.obey(gone, Master::bundled()).unwrap();
        assert!(watched.is_empty());
    }
}
