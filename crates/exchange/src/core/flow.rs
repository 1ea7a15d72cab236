//! How an order gets from the broker to the exchange, and what happens to it there by itself.

use torana_domain::money::Price;
use torana_domain::order::{OrderErrorCode, Side, Variety};
use torana_domain::time::Timestamp;

use super::Step;
use super::account::AccountKey;
use super::behaviour::Behaviour;
use super::event::Fact;
use super::matching::NOT_MATCHED;
use super::order::{Ask, Due, DueAction, PaperOrder};
use super::status::Status;
use super::terms::{OrderType, Terms, Validity};
use crate::market::{AuctionStage, Listing, Stage};

const MINUTE_MS: i64 = 60_000;

/// How late a slow account's orders meet the market.
pub const SLOW_MS: i64 = 60_000;

const EXPIRED: &str = "Cancelled: its minutes are over";
pub(super) const TOO_DEAR: &str = "Rejected: the money does not suffice for the opening price";

impl Step<'_> {
    /// Does what is due for one open order.
    pub(super) fn run_order(&mut self, key: &AccountKey, number: u64) {
        let Some(order) = self.order(key, number).cloned() else {
            return;
        };
        let Some(due) = order.due else { return };
        // A security that left the list cannot trade any more.
        let Some(listing) = self.listing(order.exchange, &order.ticker) else {
            return self.unmatched(key, number, NOT_MATCHED);
        };
        match due.action {
            DueAction::Release => self.release(key, &order, &listing),
            DueAction::Onward => self.go_on(key, &order, &listing),
            DueAction::Match => {
                let ends = order.ends.unwrap_or_else(|| self.ends(&listing, order.validity));
                self.enter(key, &order, &listing, ends, None);
            }
            DueAction::Expire => self.unmatched(key, number, EXPIRED),
            DueAction::Close => self.unmatched(key, number, NOT_MATCHED),
        }
    }

    /// The broker sends an order that it kept to the exchange.
    fn release(&mut self, key: &AccountKey, order: &PaperOrder, listing: &Listing) {
        let ends = self.ends(listing, order.validity);
        if self.state.latency_ms > 0 {
            let due = self.onward_or(ends);
            self.advance(key, order, Status::ValidationPending, Some(ends), due);
        } else {
            let waits = self.waits(key, order.is_asleep, listing, ends);
            self.enter(key, order, listing, ends, waits);
        }
    }

    /// An order, a modification or a cancellation comes one step further.
    fn go_on(&mut self, key: &AccountKey, order: &PaperOrder, listing: &Listing) {
        let ends = order.ends.unwrap_or_else(|| self.ends(listing, order.validity));
        match (order.status, order.ask) {
            (Status::Received, _) => {
                let due = self.onward_or(ends);
                self.advance(key, order, Status::ValidationPending, Some(ends), due);
            }
            (Status::ValidationPending, _) => {
                let due = self.onward_or(ends);
                self.advance(key, order, Status::OpenPending, Some(ends), due);
            }
            (Status::OpenPending, _) => {
                let waits = self.waits(key, order.is_asleep, listing, ends);
                self.enter(key, order, listing, ends, waits);
            }
            (Status::ModifyValidationPending, _) => {
                let due = self.onward_or(ends);
                self.advance(key, order, Status::ModifyPending, Some(ends), due);
            }
            (Status::ModifyPending | Status::ModifyAmoReceived, Some(Ask::Modify(terms, limit))) => {
                self.modify_now(key, order.number, terms, limit, listing);
            }
            (_, Some(Ask::Cancel)) => self.cancel_now(key, order.number),
            _ => {}
        }
    }

    /// An order is at the exchange. If it meets the market now, a market order that the broker kept gets the limit
    /// of this instant, if the money is there.
    fn enter(
        &mut self,
        key: &AccountKey,
        order: &PaperOrder,
        listing: &Listing,
        ends: Due,
        waits: Option<Due>,
    ) {
        let mut order = order.clone();
        if waits.is_none() && order.variety == Variety::Amo && order.order_type == OrderType::Market {
            order.limit = self.protected(listing, self.last_price(listing), order.side, order.protection);
            if !self.can_pay(key, &order) {
                let code = Some(OrderErrorCode::MarginsExceeded);
                return self.end_order(key, order.number, Status::Rejected, code, TOO_DEAR);
            }
        }
        order.turn = waits.is_none().then(|| self.next_turn());
        self.advance(key, &order, order.settled(), Some(ends), waits.unwrap_or(ends));
        self.go_in(key, order.number, listing);
    }

    /// Whether the account can pay an order under another limit than it has reserved for.
    pub(super) fn can_pay(&self, key: &AccountKey, order: &PaperOrder) -> bool {
        let Some(account) = self.state.accounts.get(key) else {
            return false;
        };
        let held = account.orders.get(&order.number).map(PaperOrder::hold);
        let needed = account.needed(held.as_ref(), &order.hold());
        needed.0 <= 0 || needed <= account.available()
    }

    /// Brings an order to a status.
    fn advance(&mut self, key: &AccountKey, order: &PaperOrder, status: Status, ends: Option<Due>, due: Due) {
        self.emit(Fact::OrderMoved {
            key: key.clone(),
            number: order.number,
            status,
            limit: order.limit,
            turn: order.turn,
            ends,
            due,
        });
    }

    /// An order that has its turn meets the market.
    pub(super) fn go_in(&mut self, key: &AccountKey, number: u64, listing: &Listing) {
        let is_in = self
            .order(key, number)
            .is_some_and(|order| order.turn.is_some() && order.status == Status::Open);
        if is_in {
            self.arrive(key, number, listing);
        }
    }

    /// What an order that is at the exchange from now on waits for before it is in the book: trading begins, a
    /// slow account's minute is over, or neither happens before its end. `None` if it waits for nothing.
    pub(super) fn waits(
        &self,
        key: &AccountKey,
        is_asleep: bool,
        listing: &Listing,
        ends: Due,
    ) -> Option<Due> {
        if is_asleep {
            return None;
        }
        let is_taken = match self.stage(listing) {
            Stage::Continuous | Stage::PostClose => true,
            Stage::Auction(_, part) => part != AuctionStage::Matching,
            Stage::Closed | Stage::Halted => false,
        };
        let meets = if is_taken {
            self.at
        } else {
            let prices = self.state.prices();
            let trading = self.market.continuous_after(prices, listing.group, self.at);
            trading.map_or(ends.at, |(from, _)| from)
        };
        let at = meets.plus_ms(if self.is_slow(key) { SLOW_MS } else { 0 });
        let meets = Due {
            at,
            action: DueAction::Match,
        };
        match () {
            () if at <= self.at => None,
            () if at < ends.at => Some(meets),
            () => Some(ends),
        }
    }

    /// The next step of what is on its way, unless the order ends before.
    pub(super) fn onward_or(&self, ends: Due) -> Due {
        let at = self.at.plus_ms(self.state.latency_ms);
        if at < ends.at {
            Due {
                at,
                action: DueAction::Onward,
            }
        } else {
            ends
        }
    }

    /// When an order that goes to the exchange now ends by itself.
    pub(super) fn ends(&self, listing: &Listing, validity: Validity) -> Due {
        let prices = self.state.prices();
        let trading = self.market.continuous_after(prices, listing.group, self.at);
        let from = trading.map_or(self.at, |(from, _)| from);
        let close = Due {
            at: self.market.orders_end(prices, listing.group, self.at),
            action: DueAction::Close,
        };
        match validity {
            Validity::Ttl(minutes) => {
                let at = from.plus_ms(i64::from(minutes) * MINUTE_MS);
                if at < close.at {
                    Due {
                        at,
                        action: DueAction::Expire,
                    }
                } else {
                    close
                }
            }
            Validity::Day | Validity::Ioc => close,
        }
    }

    /// When the broker sends an after-market order to the exchange: plain orders for the opening auction, all
    /// others when continuous trading begins.
    pub(super) fn released_at(&self, terms: &Terms) -> Timestamp {
        let is_plain = !terms.order_type.has_trigger()
            && terms.disclosed.is_none()
            && !matches!(terms.validity, Validity::Ioc);
        if self.market.is_open(self.at) {
            return self.at;
        }
        let open = self.market.next_open(self.at);
        if is_plain {
            self.market
                .entry_before(open)
                .filter(|at| *at > self.at)
                .unwrap_or(open)
        } else {
            open
        }
    }

    /// The worst price at which an order with these terms may fill.
    pub(super) fn worst_price(&self, listing: &Listing, side: Side, terms: &Terms) -> Price {
        match (terms.order_type, terms.price, terms.trigger_price) {
            (OrderType::Limit | OrderType::Sl, Some(price), _) => price,
            (OrderType::SlM, _, Some(trigger)) => self.protected(listing, trigger, side, terms.protection),
            _ => self.protected(listing, self.last_price(listing), side, terms.protection),
        }
    }

    /// Whether the account's orders meet the market late.
    fn is_slow(&self, key: &AccountKey) -> bool {
        let account = self.state.accounts.get(key);
        account.is_some_and(|account| account.behaviour == Behaviour::Slow)
    }
}
