//! The binary form of market data: numbers of 32 bits, highest byte first, prices in paise.

use torana_domain::money::{PRICE_PER_PAISA, Price};
use torana_domain::time::Timestamp;
use torana_exchange::core::depth::{LEVELS, Level};
use torana_exchange::core::{Candle, MarketQuote};

use crate::quotes::{average, total};

/// How much of an instrument is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Its last price: 8 bytes.
    Ltp,
    /// Its day: 44 bytes.
    Quote,
    /// Its day and its book: 184 bytes.
    Full,
}

impl Mode {
    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "ltp" => Self::Ltp,
            "quote" => Self::Quote,
            "full" => Self::Full,
            _ => return None,
        })
    }

    /// Bytes of a packet.
    #[must_use]
    pub const fn bytes(self) -> u16 {
        match self {
            Self::Ltp => 8,
            Self::Quote => 44,
            Self::Full => 184,
        }
    }
}

/// Adds the packet of an instrument.
pub fn push(out: &mut Vec<u8>, mode: Mode, token: u32, quote: &MarketQuote, at: Timestamp) {
    push_word(out, i64::from(token));
    push_price(out, quote.last_price);
    if mode == Mode::Ltp {
        return;
    }
    push_word(out, quote.last_quantity.0);
    push_price(out, average(quote));
    push_word(out, quote.day.map_or(0, |day| day.volume.0));
    push_word(out, total(&quote.bids));
    push_word(out, total(&quote.asks));
    let day = |of: fn(&Candle) -> Price| quote.day.as_ref().map_or(Price(0), of);
    push_price(out, day(|day| day.open));
    push_price(out, day(|day| day.high));
    push_price(out, day(|day| day.low));
    push_price(out, quote.previous_close);
    if mode == Mode::Quote {
        return;
    }
    push_word(out, quote.last_trade_at.unix_seconds());
    // Open interest, and its highest and lowest of the day: there are no derivatives.
    [0; 3].into_iter().for_each(|none| push_word(out, none));
    push_word(out, at.unix_seconds());
    push_levels(out, &quote.bids);
    push_levels(out, &quote.asks);
}

/// Five levels of quantity, price and orders, zeros where there are fewer.
fn push_levels(out: &mut Vec<u8>, levels: &[Level]) {
    for place in 0..LEVELS {
        let level = levels.get(place);
        push_word(out, level.map_or(0, |level| level.quantity.0));
        push_price(out, level.map_or(Price(0), |level| level.price));
        let orders = level.map_or(0, |level| level.orders);
        let orders = u16::try_from(orders).unwrap_or(u16::MAX);
        out.extend_from_slice(&orders.to_be_bytes());
        out.extend_from_slice(&[0; 2]);
    }
}

fn push_price(out: &mut Vec<u8>, price: Price) {
    push_word(out, price.0 / PRICE_PER_PAISA);
}

/// What does not fit is as large as can be told: some clients read the numbers as signed ones.
fn push_word(out: &mut Vec<u8>, value: i64) {
    let word = i32::try_from(value.max(0)).unwrap_or(i32::MAX);
    out.extend_from_slice(&word.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use torana_domain::money::{PriceBounds, Shares};
    use torana_exchange::core::book::Instrument;
    use torana_exchange::core::line::Worth;
    use torana_instruments::Exchange;

    use super::*;

    fn level(paise: i64, quantity: i64, orders: i64) -> Level {
        Level {
            price: Price::from_paise(paise),
            quantity: Shares(quantity),
            orders,
        }
    }

    fn quote() -> MarketQuote {
        let price = Price::from_paise;
        MarketQuote {
            instrument: Instrument::new(Exchange::Nse, "INE009A01021"),
            last_price: price(0x0002_4a9c),
            last_quantity: Shares(5),
            last_trade_at: Timestamp(1_767_587_400_500),
            previous_close: price(150_000),
            day: Some(Candle {
                at: Timestamp(0),
                open: price(150_100),
                high: price(150_300),
                low: price(149_900),
                close: price(0x0002_4a9c),
                volume: Shares(1_000),
                worth: Worth::of(price(150_050), Shares(1_000)),
            }),
            bounds: PriceBounds {
                tick: price(10),
                low: price(135_000),
                high: price(165_000),
            },
            bids: vec![level(150_000, 258, 3), level(149_990, 1, 1)],
            asks: vec![level(150_180, 70_000, 60)],
        }
    }

    fn words(bytes: &[u8]) -> Vec<u32> {
        let word = |chunk: &[u8]| u32::from_be_bytes(chunk.try_into().unwrap());
        bytes.chunks(4).map(word).collect()
    }

    fn packet(mode: Mode) -> Vec<u8> {
        let mut out = Vec::new();
        push(&mut out, mode, 408_065, &quote(), Timestamp(1_767_587_401_999));
        assert_eq!(out.len(), usize::from(mode.bytes()));
        out
    }

    #[test]
    fn the_shortest_packet_is_number_and_price() {
        assert_eq!(
            packet(Mode::Ltp),
            [0x00, 0x06, 0x3a, 0x01, 0x00, 0x02, 0x4a, 0x9c]
        );
    }

    #[test]
    fn the_day_follows() {
        let bytes = packet(Mode::Quote);
        assert_eq!(bytes[..8], packet(Mode::Ltp));
        let day = [5, 150_050, 1_000, 259, 70_000, 150_100, 150_300, 149_900, 150_000];
        assert_eq!(words(&bytes[8..]), day);
    }

    #[test]
    fn the_book_comes_last() {
        let bytes = packet(Mode::Full);
        assert_eq!(bytes[..44], packet(Mode::Quote));
        assert_eq!(words(&bytes[44..64]), [1_767_587_400, 0, 0, 0, 1_767_587_401]);
        let first_bid = [0, 0, 1, 2, 0x00, 0x02, 0x49, 0xf0, 0, 3, 0, 0];
        assert_eq!(bytes[64..76], first_bid);
        assert_eq!(words(&bytes[76..84]), [1, 149_990]);
        assert!(bytes[88..124].iter().all(|byte| *byte == 0), "no third bid");
        assert_eq!(words(&bytes[124..132]), [70_000, 150_180]);
        assert_eq!(bytes[132..136], [0, 60, 0, 0]);
        assert!(bytes[136..].iter().all(|byte| *byte == 0), "no second offer");
    }

    #[test]
    fn a_number_that_does_not_fit_is_as_large_as_can_be() {
        let mut out = Vec::new();
        push_word(&mut out, 1 << 40);
        push_word(&mut out, -1);
        assert_eq!(words(&out), [0x7fff_ffff, 0]);
    }
}
