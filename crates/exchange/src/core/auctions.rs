//! Call auctions, and the session at the closing price: orders match at one price that the seed makes.
//!
//! They serve both sides by price and then by turn, and whoever the price suits in full: strangers leave enough at
//! it, or the first in the queue would still wait when the next one comes. A market order takes part at any price
//! that its account can pay.

use torana_clock::calendar::SessionGroup;
use torana_domain::money::Price;
use torana_domain::order::{OrderErrorCode, Side};
use torana_domain::time::Timestamp;

use super::Step;
use super::account::AccountKey;
use super::book::{Instrument, Shelf};
use super::event::Fact;
use super::flow::TOO_DEAR;
use super::order::PaperOrder;
use super::status::Status;
use crate::market::{Auction, Listing, Stage};

const GROUPS: [SessionGroup; 2] = [SessionGroup::Auction, SessionGroup::Plain];

impl Step<'_> {
    /// What the market does with a security now.
    pub(super) fn stage(&self, listing: &Listing) -> Stage {
        self.market.stage(self.state.prices(), listing.group, self.at)
    }

    /// When orders that wait match in an auction next, after the world's present.
    pub(super) fn next_auction(&self) -> Option<Timestamp> {
        let waits = |shelf| self.state.books.values().any(|book| book.first(shelf).is_some());
        if !waits(Shelf::Bids) && !waits(Shelf::Asks) {
            return None;
        }
        let today = self.market.date_of(self.state.now);
        [today, self.market.next_day(today)].into_iter().find_map(|day| {
            let all = GROUPS
                .into_iter()
                .flat_map(|group| self.market.matches_on(self.state.prices(), group, day));
            all.map(|(at, _)| at).filter(|at| *at > self.state.now).min()
        })
    }

    /// Holds the auctions that match at this instant.
    pub(super) fn hold_auctions(&mut self) {
        let day = self.market.date_of(self.at);
        for group in GROUPS {
            let matching = |(at, _): &(Timestamp, Auction)| *at == self.at;
            let found = self
                .market
                .matches_on(self.state.prices(), group, day)
                .find(matching);
            let Some((_, which)) = found else {
                continue;
            };
            let instruments: Vec<Instrument> = self.state.books.keys().copied().collect();
            for instrument in instruments {
                let listing = self.listing_of(&instrument);
                if let Some(listing) = listing.filter(|listing| listing.group == group) {
                    let price = self
                        .market
                        .auction_price(self.state.prices(), &listing, which, self.at);
                    self.match_at(&instrument, price);
                }
            }
        }
    }

    /// All orders of a book that a price suits match at it.
    fn match_at(&mut self, instrument: &Instrument, price: Price) {
        for side in [Side::Buy, Side::Sell] {
            self.follow(instrument, side, price);
            for (key, number) in self.reached(instrument, Shelf::of(side), price) {
                self.fill_in_full(&key, number, price);
            }
        }
    }

    /// Market orders of one side that the price has left behind follow it, if their accounts can pay.
    fn follow(&mut self, instrument: &Instrument, side: Side, price: Price) {
        let worst = match side {
            Side::Buy => Price(i64::MIN + 1),
            Side::Sell => Price(i64::MAX),
        };
        for (key, number) in self.reached(instrument, Shelf::of(side), worst) {
            let behind = |order: &&PaperOrder| !order.order_type.has_price() && !order.takes(price);
            let Some(order) = self.order(&key, number).filter(behind) else {
                continue;
            };
            let mut order = order.clone();
            order.limit = price;
            if self.can_pay(&key, &order) {
                let (turn, ends) = (order.turn, order.ends);
                let Some(due) = order.due else { continue };
                self.emit(Fact::OrderMoved {
                    key,
                    number,
                    status: Status::Open,
                    limit: price,
                    turn,
                    ends,
                    due,
                });
            } else {
                let code = Some(OrderErrorCode::MarginsExceeded);
                self.end_order(&key, number, Status::Rejected, code, TOO_DEAR);
            }
        }
    }

    /// An order of the session behind the close matches at the official close, if that suits it.
    pub(super) fn match_at_close(&mut self, key: &AccountKey, number: u64, listing: &Listing) {
        let day = self.market.date_of(self.at);
        let price = self.market.close(self.state.prices(), listing, day);
        if self.order(key, number).is_some_and(|order| order.takes(price)) {
            self.fill_in_full(key, number, price);
        }
    }

    fn fill_in_full(&mut self, key: &AccountKey, number: u64, price: Price) {
        let quantity = self.order(key, number).map(PaperOrder::fillable);
        if let Some(quantity) = quantity.filter(|quantity| quantity.0 > 0) {
            self.fill_from_strangers(key, number, quantity, price);
        }
    }
}
