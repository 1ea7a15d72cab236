//! How orders meet: each other and the strangers of the synthetic book, by price and then by turn.
//!
//! An order that comes takes what is offered, up to its limit. One that waits is found when the price reaches
//! it, and gets what strangers trade in that minute. Strangers are always served last at their price, and only
//! the first order of a side meets them: nobody gets past an order that has the better price or the earlier turn.

use torana_domain::money::{Price, Shares};
use torana_domain::order::{OrderErrorCode, Side};

use super::Step;
use super::account::AccountKey;
use super::book::{Instrument, Place, Shelf, Waiter};
use super::depth::Level;
use super::event::Fact;
use super::gtt::GttStatus;
use super::order::PaperOrder;
use super::status::Status;
use super::terms::Validity;
use crate::market::{Listing, Stage};

pub(super) const NOT_MATCHED: &str = "Cancelled: no counterparty at this price before the close";
const NOT_MATCHED_AT_ONCE: &str = "Cancelled: no counterparty at this price at once";
const NOT_LISTED: &str = "Cancelled: the security is not traded any more";

/// Whom an order meets.
struct Counterparty {
    price: Price,
    quantity: Shares,
    /// The order on the other side; a stranger if there is none.
    order: Option<(AccountKey, u64)>,
}

impl Step<'_> {
    /// An order meets the market: it takes what it can, and what an IOC order cannot get ends.
    pub(super) fn arrive(&mut self, key: &AccountKey, number: u64, listing: &Listing) {
        match self.stage(listing) {
            Stage::Continuous => {}
            Stage::PostClose => return self.match_at_close(key, number, listing),
            Stage::Auction(..) | Stage::Halted | Stage::Closed => return,
        }
        let mut levels: Option<Vec<Level>> = None;
        while let Some(order) = self.order(key, number) {
            let Some(met) = self.counterparty(order, listing, &mut levels) else {
                break;
            };
            let quantity = order.fillable().min(met.quantity);
            if quantity.0 < 1 {
                break;
            }
            self.trade(key, number, quantity, &met);
            if met.order.is_none() {
                use_up(&mut levels, quantity);
            }
        }
        let is_over = self
            .order(key, number)
            .is_some_and(|order| order.validity == Validity::Ioc);
        if is_over {
            self.unmatched(key, number, NOT_MATCHED_AT_ONCE);
        }
    }

    /// The best that an order can get now: an order of the other side, or a stranger who offers more.
    fn counterparty(
        &self,
        order: &PaperOrder,
        listing: &Listing,
        levels: &mut Option<Vec<Level>>,
    ) -> Option<Counterparty> {
        let (own, _) = order.shelf()?;
        let book = self.state.books.get(&order.instrument())?;
        let other = match own {
            Shelf::Bids => Shelf::Asks,
            Shelf::Asks => Shelf::Bids,
            Shelf::Rises | Shelf::Falls => return None,
        };
        let waiting = book.first(other).and_then(|place| self.waiting_at(place));
        let waiting = waiting.filter(|(_, other)| order.takes(other.limit));
        let is_first = book.first(own).map(|place| place.turn) == order.turn;
        let stranger = if is_first {
            let levels = levels.get_or_insert_with(|| self.levels(listing, order.side).collect());
            levels.first().copied().filter(|level| order.takes(level.price))
        } else {
            None
        };
        let is_better = |level: &Level, limit: Price| match order.side {
            Side::Buy => level.price < limit,
            Side::Sell => level.price > limit,
        };
        match (waiting, stranger) {
            (Some((_, other)), Some(level)) if is_better(&level, other.limit) => Some(level.into()),
            (Some((key, other)), _) => Some(Counterparty {
                price: other.limit,
                quantity: other.fillable(),
                order: Some((key.clone(), other.number)),
            }),
            (None, stranger) => stranger.map(Counterparty::from),
        }
    }

    fn waiting_at<'a>(&'a self, place: &'a Place) -> Option<(&'a AccountKey, &'a PaperOrder)> {
        match &place.waiter {
            Waiter::Order(key, number) => Some((key, self.order(key, *number)?)),
            Waiter::Gtt(..) | Waiter::Alert(..) => None,
        }
    }

    fn trade(&mut self, key: &AccountKey, number: u64, quantity: Shares, met: &Counterparty) {
        let trade = self.state.trade_count + 1;
        self.fill(key, number, trade, quantity, met.price);
        if let Some((other, number)) = &met.order {
            self.fill(other, *number, trade, quantity, met.price);
        }
    }

    /// Shares for one order from nobody in particular.
    pub(super) fn fill_from_strangers(
        &mut self,
        key: &AccountKey,
        number: u64,
        quantity: Shares,
        price: Price,
    ) {
        let trade = self.state.trade_count + 1;
        self.fill(key, number, trade, quantity, price);
    }

    pub(super) fn fill(&mut self, key: &AccountKey, number: u64, trade: u64, quantity: Shares, price: Price) {
        self.emit(Fact::OrderFilled {
            key: key.clone(),
            number,
            trade,
            quantity,
            price,
        });
    }

    /// Something in a book is reached by the price of this bar: orders that wait fill, sleepers wake up.
    pub(super) fn meet_book(&mut self, instrument: &Instrument) {
        let Some(listing) = self.listing_of(instrument) else {
            return self.withdraw(instrument);
        };
        if !self.is_matching(&listing) {
            return;
        }
        for side in [Side::Buy, Side::Sell] {
            self.serve(instrument, &listing, side);
        }
        self.wake(instrument, &listing);
    }

    /// Orders of one side get what strangers trade in this bar, the best price and the earliest turn first.
    fn serve(&mut self, instrument: &Instrument, listing: &Listing, side: Side) {
        let Some(offered) = self.levels(listing, side).next().map(|level| level.price) else {
            return;
        };
        let mut used = Shares(0);
        for (key, number) in self.reached(instrument, Shelf::of(side), offered) {
            let Some(order) = self.order(&key, number) else {
                continue;
            };
            // A market order has no price of its own: it pays what is offered.
            let price = if order.order_type.has_price() {
                order.limit
            } else {
                offered
            };
            let wanted = order.fillable();
            let quantity = wanted.min(Shares(self.traded(listing, price).0 - used.0));
            if quantity.0 < 1 {
                return;
            }
            let stranger = Counterparty {
                price,
                quantity,
                order: None,
            };
            self.trade(&key, number, quantity, &stranger);
            used.0 += quantity.0;
            if quantity < wanted {
                return;
            }
        }
    }

    fn wake(&mut self, instrument: &Instrument, listing: &Listing) {
        let last = self.last_price(listing);
        for shelf in [Shelf::Rises, Shelf::Falls] {
            for waiter in self.waiters(instrument, shelf, last) {
                match waiter {
                    Waiter::Order(key, number) => self.wake_order(&key, number, listing),
                    Waiter::Gtt(key, number) => self.fire_gtt(&key, number, last),
                    Waiter::Alert(key, number) => self.fire_alert(&key, number),
                }
            }
        }
    }

    fn wake_order(&mut self, key: &AccountKey, number: u64, listing: &Listing) {
        let turn = self.next_turn();
        if let Some(moved) = self.order(key, number).and_then(|order| {
            let due = order.ends?;
            Some((order.limit, order.ends, due))
        }) {
            let (limit, ends, due) = moved;
            self.emit(Fact::OrderMoved {
                key: key.clone(),
                number,
                status: Status::Open,
                limit,
                turn: Some(turn),
                ends,
                due,
            });
            self.arrive(key, number, listing);
        }
    }

    fn waiters(&self, instrument: &Instrument, shelf: Shelf, price: Price) -> Vec<Waiter> {
        let book = self.state.books.get(instrument);
        let places = book.into_iter().flat_map(|book| book.reached(shelf, price));
        places.map(|place| place.waiter.clone()).collect()
    }

    pub(super) fn reached(
        &self,
        instrument: &Instrument,
        shelf: Shelf,
        price: Price,
    ) -> Vec<(AccountKey, u64)> {
        let orders = self.waiters(instrument, shelf, price).into_iter();
        let of_order = |waiter| match waiter {
            Waiter::Order(key, number) => Some((key, number)),
            Waiter::Gtt(..) | Waiter::Alert(..) => None,
        };
        orders.filter_map(of_order).collect()
    }

    /// A security left the list: nothing of it waits any longer.
    fn withdraw(&mut self, instrument: &Instrument) {
        let Some(book) = self.state.books.get(instrument) else {
            return;
        };
        let waiters: Vec<Waiter> = book.places().map(|place| place.waiter.clone()).collect();
        for waiter in waiters {
            match waiter {
                Waiter::Order(key, number) => self.unmatched(&key, number, NOT_LISTED),
                Waiter::Gtt(key, number) => self.end_gtt(&key, number, GttStatus::Disabled, None),
                Waiter::Alert(key, number) => self.disable_alert(&key, number, NOT_LISTED),
            }
        }
    }

    /// The next turn in a book.
    pub(super) const fn next_turn(&self) -> u64 {
        self.state.turn_count + 1
    }

    /// Ends an order that found no counterparty.
    pub(super) fn unmatched(&mut self, key: &AccountKey, number: u64, text: &str) {
        let code = Some(OrderErrorCode::OrderUnmatched);
        self.end_order(key, number, Status::Cancelled, code, text);
    }
}

impl From<Level> for Counterparty {
    fn from(level: Level) -> Self {
        Self {
            price: level.price,
            quantity: level.quantity,
            order: None,
        }
    }
}

/// Takes shares off the best level.
fn use_up(levels: &mut Option<Vec<Level>>, quantity: Shares) {
    let Some(levels) = levels else { return };
    if let Some(best) = levels.first_mut() {
        best.quantity.0 -= quantity.0;
        if best.quantity.0 < 1 {
            levels.remove(0);
        }
    }
}
