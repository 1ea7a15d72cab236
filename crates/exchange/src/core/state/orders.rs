//! What events do to orders and triggers, and to the lists that find them.

use torana_domain::money::Price;
use torana_domain::time::Timestamp;

use super::State;
use crate::core::account::AccountKey;
use crate::core::book::{Instrument, Place, Shelf, Waiter};
use crate::core::event::{Event, Fact};
use crate::core::gtt::{Gtt, GttResult, GttStatus};
use crate::core::line::Worth;
use crate::core::modify::sleeps;
use crate::core::order::{PaperOrder, Trade, exchange_order_id, id_number};
use crate::core::status::Status;
use crate::core::terms::Product;

impl State {
    pub(super) fn evolve_order(&mut self, event: &Event) {
        let at = event.at;
        match &event.fact {
            Fact::OrderAccepted { key, order } => self.accept(key, order, at),
            Fact::OrderMoved {
                key,
                number,
                status,
                limit,
                turn,
                ends,
                due,
            } => self.change_order(key, *number, |order| {
                order.limit = *limit;
                order.turn = *turn;
                order.ends = *ends;
                order.due = Some(*due);
                if *status == Status::Open && order.status == Status::TriggerPending {
                    order.is_asleep = false;
                }
                if order.status != *status {
                    order.walk_to(*status, at);
                }
            }),
            Fact::OrderAsked {
                key,
                number,
                ask,
                due,
            } => self.change_order(key, *number, |order| {
                order.ask = Some(*ask);
                order.due = Some(*due);
                let is_kept = order.is_kept();
                order.walk_to(ask.status(is_kept), at);
            }),
            Fact::OrderModified {
                key,
                number,
                terms,
                limit,
                turn,
                ends,
                due,
            } => self.change_order(key, *number, |order| {
                order.ask = None;
                order.modifications += 1;
                order.limit = *limit;
                order.turn = *turn;
                order.due = Some(*due);
                let is_kept = order.is_kept();
                order.ends = *ends;
                order.is_asleep = sleeps(order, terms);
                order.set_terms(*terms);
                if is_kept {
                    order.walk_to(Status::AmoReceived, at);
                } else {
                    order.walk_to(Status::Modified, at);
                    order.walk_to(order.settled(), at);
                }
            }),
            Fact::OrderFilled {
                key,
                number,
                trade,
                quantity,
                price,
            } => {
                self.trade_count = self.trade_count.max(*trade);
                let trade = Trade {
                    number: *trade,
                    quantity: *quantity,
                    price: *price,
                    at,
                };
                self.fill(key, *number, trade);
            }
            Fact::OrderEnded {
                key,
                number,
                status,
                code,
                text,
            } => self.change_order(key, *number, |order| {
                order.walk_to(*status, at);
                order.error_code = *code;
                order.status_message = Some(text.clone());
                order.ask = None;
                order.due = None;
            }),
            _ => {}
        }
    }

    fn accept(&mut self, key: &AccountKey, accepted: &PaperOrder, at: Timestamp) {
        if accepted.product == Product::Mis {
            self.list_intraday(key);
        }
        let mut order = accepted.clone();
        order.status = Status::Received;
        order.note(at);
        if accepted.status != Status::Received {
            order.walk_to(accepted.status, at);
        }
        self.order_count = self.order_count.max(order.number);
        let Some(account) = self.accounts.get_mut(key) else {
            return;
        };
        let number = order.number;
        if let Some(id) = id_number(&order.broker_order_id) {
            self.order_ids.insert(id, (key.clone(), number));
        }
        name_at_exchange(self.seed, &mut order);
        let listed = Listed::of(&order);
        account.reserve(order);
        self.list(key, number, Some(listed));
    }

    fn fill(&mut self, key: &AccountKey, number: u64, trade: Trade) {
        let Some(account) = self.accounts.get_mut(key) else {
            return;
        };
        account.book_fill(number, trade.quantity, trade.price);
        self.change_order(key, number, |order| {
            order.filled.0 += trade.quantity.0;
            order.worth = order.worth.plus(Worth::of(trade.price, trade.quantity));
            order.trades.push(trade);
            if order.remaining().0 > 0 {
                order.note(trade.at);
            } else {
                order.walk_to(Status::Complete, trade.at);
                order.ask = None;
                order.due = None;
            }
        });
    }

    /// Changes an order; keeps reservations, its book and the list of what is due in step with it.
    fn change_order(&mut self, key: &AccountKey, number: u64, change: impl FnOnce(&mut PaperOrder)) {
        let seed = self.seed;
        let Some(account) = self.accounts.get_mut(key) else {
            return;
        };
        let before = account.orders.get(&number).map(Listed::of);
        account.change_order(number, |order| {
            change(order);
            name_at_exchange(seed, order);
        });
        let after = account.orders.get(&number).map(Listed::of);
        if before != after {
            self.unlist(key, number, before);
            self.list(key, number, after);
        }
        self.list_next(key, number);
    }

    /// Puts an order into its book and onto the list of what is due.
    fn list(&mut self, key: &AccountKey, number: u64, listed: Option<Listed>) {
        let Some(Listed { due, place }) = listed else {
            return;
        };
        if let Some(at) = due {
            self.due.insert((at, number, key.clone()));
        }
        if let Some((instrument, shelf, price, turn)) = place {
            self.turn_count = self.turn_count.max(turn);
            let place = Place::new(shelf, price, turn, Waiter::Order(key.clone(), number));
            self.books.entry(instrument).or_default().put(shelf, place);
        }
    }

    /// Takes it off both again.
    fn unlist(&mut self, key: &AccountKey, number: u64, listed: Option<Listed>) {
        let Some(Listed { due, place }) = listed else {
            return;
        };
        if let Some(at) = due {
            self.due.remove(&(at, number, key.clone()));
        }
        if let Some((instrument, shelf, price, turn)) = place {
            let place = Place::new(shelf, price, turn, Waiter::Order(key.clone(), number));
            if let Some(book) = self.books.get_mut(&instrument) {
                book.take(shelf, &place);
                if book.is_empty() {
                    self.books.remove(&instrument);
                }
            }
        }
    }

    pub(super) fn set_gtt(&mut self, gtt: &Gtt) {
        self.unlist_gtt(&gtt.key, gtt.number);
        self.gtt_count = self.gtt_count.max(gtt.number);
        self.turn_count = self.turn_count.max(gtt.turn);
        let Some(account) = self.accounts.get_mut(&gtt.key) else {
            return;
        };
        account.gtts.insert(gtt.number, gtt.clone());
        self.gtt_due.insert((gtt.expires_at, gtt.number, gtt.key.clone()));
        let book = self.books.entry(gtt.instrument()).or_default();
        for (shelf, price) in gtt.shelves() {
            book.put(shelf, gtt_place(gtt, shelf, price));
        }
    }

    pub(super) fn end_gtt(
        &mut self,
        key: &AccountKey,
        number: u64,
        status: GttStatus,
        result: Option<&GttResult>,
        at: Timestamp,
    ) {
        self.unlist_gtt(key, number);
        let account = self.accounts.get_mut(key);
        if let Some(gtt) = account.and_then(|account| account.gtts.get_mut(&number)) {
            gtt.status = status;
            gtt.result = result.cloned();
            gtt.updated_at = at;
        }
    }

    fn unlist_gtt(&mut self, key: &AccountKey, number: u64) {
        let account = self.accounts.get(key);
        let Some(gtt) = account
            .and_then(|account| account.gtts.get(&number))
            .filter(|gtt| gtt.status == GttStatus::Active)
        else {
            return;
        };
        self.gtt_due.remove(&(gtt.expires_at, number, key.clone()));
        let instrument = gtt.instrument();
        if let Some(book) = self.books.get_mut(&instrument) {
            for (shelf, price) in gtt.shelves() {
                book.take(shelf, &gtt_place(gtt, shelf, price));
            }
            if book.is_empty() {
                self.books.remove(&instrument);
            }
        }
    }
}

/// Where an order is found.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Listed {
    due: Option<Timestamp>,
    place: Option<(Instrument, Shelf, Price, u64)>,
}

impl Listed {
    fn of(order: &PaperOrder) -> Self {
        let place = order
            .shelf()
            .map(|(shelf, price)| (order.instrument(), shelf, price, order.turn.unwrap_or_default()));
        Self {
            due: order.due.map(|due| due.at),
            place,
        }
    }
}

fn gtt_place(gtt: &Gtt, shelf: Shelf, price: Price) -> Place {
    Place::new(shelf, price, gtt.turn, Waiter::Gtt(gtt.key.clone(), gtt.number))
}

/// The exchange gives an order its id when it has it.
fn name_at_exchange(seed: u64, order: &mut PaperOrder) {
    let is_there = order.status.can_fill() || order.status == Status::TriggerPending;
    if is_there && order.exchange_order_id.is_none() && !order.is_kept() {
        order.exchange_order_id = Some(exchange_order_id(seed, &order.broker_order_id));
    }
}
