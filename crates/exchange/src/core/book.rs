//! What waits in the book of one security: orders in price-time priority, sleepers and triggers by their price.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use torana_domain::money::Price;
use torana_domain::order::Side;
use torana_instruments::Exchange;

use super::account::AccountKey;

const ISIN_BYTES: usize = 12;

/// A security at an exchange, small enough to be copied. Written `NSE:INE009A01021`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instrument {
    /// Where.
    pub exchange: Exchange,
    isin: [u8; ISIN_BYTES],
}

/// A text that names no instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an instrument is written NSE: or BSE: and an ISIN")]
pub struct BadInstrument;

impl Instrument {
    /// The security with this ISIN, whose 12 letters and digits the list of securities has checked.
    #[must_use]
    pub fn new(exchange: Exchange, isin: &str) -> Self {
        let mut bytes = [b' '; ISIN_BYTES];
        for (to, from) in bytes.iter_mut().zip(isin.bytes()) {
            *to = if from.is_ascii() { from } else { b'?' };
        }
        Self {
            exchange,
            isin: bytes,
        }
    }

    /// Its ISIN.
    #[must_use]
    pub fn isin(&self) -> &str {
        std::str::from_utf8(&self.isin).unwrap_or_default()
    }
}

impl From<Instrument> for String {
    fn from(instrument: Instrument) -> Self {
        format!("{}:{}", instrument.exchange, instrument.isin())
    }
}

impl TryFrom<String> for Instrument {
    type Error = BadInstrument;
    fn try_from(text: String) -> Result<Self, BadInstrument> {
        let (exchange, isin) = text.split_once(':').ok_or(BadInstrument)?;
        let exchange = Exchange::parse(exchange).ok_or(BadInstrument)?;
        if isin.len() != ISIN_BYTES || !isin.is_ascii() {
            return Err(BadInstrument);
        }
        Ok(Self::new(exchange, isin))
    }
}

/// Where in a book something waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shelf {
    /// Buy orders, dearest first.
    Bids,
    /// Sell orders, cheapest first.
    Asks,
    /// What the last price wakes by rising, lowest first.
    Rises,
    /// What the last price wakes by falling, highest first.
    Falls,
}

impl Shelf {
    /// Where orders of `side` wait for a counterparty.
    #[must_use]
    pub const fn of(side: Side) -> Self {
        match side {
            Side::Buy => Self::Bids,
            Side::Sell => Self::Asks,
        }
    }

    /// Where orders of `side` wait for their trigger.
    #[must_use]
    pub const fn asleep(side: Side) -> Self {
        match side {
            Side::Buy => Self::Rises,
            Side::Sell => Self::Falls,
        }
    }

    const fn rank(self, price: Price) -> i64 {
        match self {
            Self::Bids | Self::Falls => -price.0,
            Self::Asks | Self::Rises => price.0,
        }
    }
}

/// Who waits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiter {
    /// An order.
    Order(AccountKey, u64),
    /// A standing trigger.
    Gtt(AccountKey, u64),
    /// An alert.
    Alert(AccountKey, u64),
}

/// A place on a shelf: by price, then by turn. No two places of a world have the same turn on one shelf.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    rank: i64,
    /// Earlier is better at the same price.
    pub turn: u64,
    /// Who.
    pub waiter: Waiter,
}

impl Place {
    /// A place at `price`.
    #[must_use]
    pub const fn new(shelf: Shelf, price: Price, turn: u64, waiter: Waiter) -> Self {
        Self {
            rank: shelf.rank(price),
            turn,
            waiter,
        }
    }
}

/// What the last price or the offers must reach for something to happen in a book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thresholds {
    /// Dearest buy order.
    pub bid: Option<Price>,
    /// Cheapest sell order.
    pub ask: Option<Price>,
    /// Lowest trigger above.
    pub rise: Option<Price>,
    /// Highest trigger below.
    pub fall: Option<Price>,
}

/// The book of one security.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    bids: BTreeSet<Place>,
    asks: BTreeSet<Place>,
    rises: BTreeSet<Place>,
    falls: BTreeSet<Place>,
}

impl Book {
    const fn shelf(&self, shelf: Shelf) -> &BTreeSet<Place> {
        match shelf {
            Shelf::Bids => &self.bids,
            Shelf::Asks => &self.asks,
            Shelf::Rises => &self.rises,
            Shelf::Falls => &self.falls,
        }
    }

    const fn shelf_mut(&mut self, shelf: Shelf) -> &mut BTreeSet<Place> {
        match shelf {
            Shelf::Bids => &mut self.bids,
            Shelf::Asks => &mut self.asks,
            Shelf::Rises => &mut self.rises,
            Shelf::Falls => &mut self.falls,
        }
    }

    /// Puts something on a shelf.
    pub(super) fn put(&mut self, shelf: Shelf, place: Place) {
        self.shelf_mut(shelf).insert(place);
    }

    /// Takes it off again.
    pub(super) fn take(&mut self, shelf: Shelf, place: &Place) {
        self.shelf_mut(shelf).remove(place);
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty() && self.rises.is_empty() && self.falls.is_empty()
    }

    /// The best place of a shelf.
    #[must_use]
    pub fn first(&self, shelf: Shelf) -> Option<&Place> {
        self.shelf(shelf).first()
    }

    /// All places that a price reaches, best first: bids and falls at or above it, asks and rises at or below.
    pub fn reached(&self, shelf: Shelf, price: Price) -> impl Iterator<Item = &Place> {
        let rank = shelf.rank(price);
        self.shelf(shelf)
            .iter()
            .take_while(move |place| place.rank <= rank)
    }

    /// All places.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        [&self.bids, &self.asks, &self.rises, &self.falls]
            .into_iter()
            .flatten()
    }

    /// What must be reached for something to happen.
    #[must_use]
    pub fn thresholds(&self) -> Thresholds {
        let best = |shelf: Shelf| {
            // The rank of a rank is the price again.
            self.first(shelf)
                .map(|place| Price(shelf.rank(Price(place.rank))))
        };
        Thresholds {
            bid: best(Shelf::Bids),
            ask: best(Shelf::Asks),
            rise: best(Shelf::Rises),
            fall: best(Shelf::Falls),
        }
    }
}

/// The books in which something waits.
pub type Books = BTreeMap<Instrument, Book>;

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> AccountKey {
        AccountKey::new(torana_domain::broker_key::BrokerKey::Kite, "DEMO01").unwrap()
    }

    fn place(shelf: Shelf, price: i64, turn: u64) -> Place {
        Place::new(shelf, Price(price), turn, Waiter::Gtt(key(), turn))
    }

    fn turns<'a>(places: impl Iterator<Item = &'a Place>) -> Vec<u64> {
        places.map(|place| place.turn).collect()
    }

    #[test]
    fn better_prices_come_first_then_earlier_turns() {
        let mut book = Book::default();
        for (price, turn) in [(100, 1), (102, 2), (102, 3), (101, 4)] {
            book.put(Shelf::Bids, place(Shelf::Bids, price, turn));
            book.put(Shelf::Asks, place(Shelf::Asks, price, turn));
        }
        assert_eq!(turns(book.reached(Shelf::Bids, Price(101))), [2, 3, 4]);
        assert_eq!(turns(book.reached(Shelf::Asks, Price(101))), [1, 4]);
        let thresholds = book.thresholds();
        assert_eq!(
            (thresholds.bid, thresholds.ask, thresholds.rise),
            (Some(Price(102)), Some(Price(100)), None)
        );
        book.take(Shelf::Bids, &place(Shelf::Bids, 102, 2));
        assert_eq!(book.first(Shelf::Bids).unwrap().turn, 3);
    }

    #[test]
    fn instruments_are_written_plainly() {
        let infy = Instrument::new(Exchange::Nse, "INE009A01021");
        assert_eq!(serde_json::to_string(&infy).unwrap(), "\"NSE:INE009A01021\"");
        assert_eq!(Instrument::try_from("NSE:INE009A01021".to_owned()), Ok(infy));
        for bad in [
            "INE009A01021",
            "MCX:INE009A01021",
            "NSE:INE009",
            "NSE:INE009A0102é",
        ] {
            assert_eq!(Instrument::try_from(bad.to_owned()), Err(BadInstrument), "{bad}");
        }
    }
}
