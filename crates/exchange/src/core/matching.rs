//! How open orders meet the market: at once, when the price reaches them, or not before the close.

use torana_domain::money::{Price, Shares};
use torana_domain::order::{OrderErrorCode, OrderState, Side};
use torana_domain::time::Timestamp;

use super::Step;
use super::account::AccountKey;
use super::behaviour::Behaviour;
use super::event::Fact;
use super::line::Worth;
use super::order::{Due, DueAction, PaperOrder, exchange_order_id};
use super::price::next_bar;
use super::terms::Validity;
use crate::market::Listing;

/// How late a slow account's orders meet the market.
pub const SLOW_MS: i64 = 60_000;
/// Most bars that are searched for a resting order: more than the longest session has.
const BARS_SEARCHED_MAX: usize = 1_440;

const NOT_MATCHED: &str = "Cancelled: no counterparty at this price before the close";
const NOT_MATCHED_AT_ONCE: &str = "Cancelled: no counterparty at this price at once";

impl Step<'_> {
    /// Does what is due for one open order.
    pub(super) fn run_order(&mut self, key: &AccountKey, number: u64) {
        let Some(order) = self.order(key, number).cloned() else {
            return;
        };
        let Some(due) = order.due else { return };
        // A security that left the list cannot trade any more.
        let Some(listing) = self.market.listing(&order.ticker) else {
            return self.unmatched(key, number, NOT_MATCHED);
        };
        match due.action {
            DueAction::Release => self.release(key, &order, &listing),
            DueAction::Match => self.meet(key, &order, &listing, None),
            DueAction::Cross => self.meet(key, &order, &listing, Some(order.limit)),
            DueAction::Close => self.unmatched(key, number, NOT_MATCHED),
        }
    }

    /// An after-market order enters the market under the prices of the opening.
    fn release(&mut self, key: &AccountKey, order: &PaperOrder, listing: &Listing) {
        let limit = if order.order_type.has_price() {
            order.limit
        } else {
            self.protection(listing, order.side)
        };
        let Some(account) = self.state.accounts.get(key) else {
            return;
        };
        let more = Worth::of(limit, order.remaining()).to_paise().0 - order.blocked().0;
        if order.side == Side::Buy && more > account.available().0 {
            let text = "Rejected: the money does not suffice for the opening price";
            return self.end_order(
                key,
                order.number,
                OrderState::Rejected,
                Some(OrderErrorCode::MarginsExceeded),
                text,
            );
        }
        let due = self.first_match(account.behaviour);
        let exchange_id = exchange_order_id(self.state.seed, &order.broker_order_id);
        self.schedule(key, order.number, limit, Some(exchange_id), due);
        if due.at <= self.at {
            self.run_order(key, order.number);
        }
    }

    /// When an order that enters the market meets it: at once, for slow accounts later, but not after the close.
    pub(super) fn first_match(&self, behaviour: Behaviour) -> Due {
        let late = if behaviour == Behaviour::Slow { SLOW_MS } else { 0 };
        let (at, close) = (self.at.plus_ms(late), self.market.next_close(self.at));
        if at < close {
            Due {
                at,
                action: DueAction::Match,
            }
        } else {
            Due {
                at: close,
                action: DueAction::Close,
            }
        }
    }

    /// The order meets what is offered now; `resting_at` is the price of an order that waited for this.
    fn meet(&mut self, key: &AccountKey, order: &PaperOrder, listing: &Listing, resting_at: Option<Price>) {
        let offered = self.market.offer(self.state.seed, listing, order.side, self.at);
        if !order.takes(offered) {
            return match order.validity {
                Validity::Ioc => self.unmatched(key, order.number, NOT_MATCHED_AT_ONCE),
                Validity::Day | Validity::Ttl(_) => self.rest(key, order, listing),
            };
        }
        let is_partial = self
            .state
            .accounts
            .get(key)
            .is_some_and(|account| account.behaviour == Behaviour::Partial);
        let quantity = if is_partial {
            Shares(order.quantity.0 / 2)
        } else {
            order.remaining()
        };
        if quantity.0 > 0 {
            let price = resting_at.unwrap_or(offered);
            self.emit(Fact::OrderFilled {
                key: key.clone(),
                number: order.number,
                quantity,
                price,
            });
        }
        if is_partial {
            match order.validity {
                Validity::Ioc => self.unmatched(key, order.number, NOT_MATCHED_AT_ONCE),
                Validity::Day | Validity::Ttl(_) => self.wait_for_close(key, order),
            }
        }
    }

    /// The order waits for the first bar that reaches it, or for the close.
    fn rest(&mut self, key: &AccountKey, order: &PaperOrder, listing: &Listing) {
        match self.first_cross(order, listing) {
            Some(at) => {
                let due = Due {
                    at,
                    action: DueAction::Cross,
                };
                self.schedule(
                    key,
                    order.number,
                    order.limit,
                    order.exchange_order_id.clone(),
                    due,
                );
            }
            None => self.wait_for_close(key, order),
        }
    }

    fn first_cross(&self, order: &PaperOrder, listing: &Listing) -> Option<Timestamp> {
        let close = self.market.next_close(self.at);
        std::iter::successors(Some(next_bar(self.at)), |bar| Some(next_bar(*bar)))
            .take(BARS_SEARCHED_MAX)
            .take_while(|bar| *bar < close)
            .find(|bar| order.takes(self.market.offer(self.state.seed, listing, order.side, *bar)))
    }

    fn wait_for_close(&mut self, key: &AccountKey, order: &PaperOrder) {
        let due = Due {
            at: self.market.next_close(self.at),
            action: DueAction::Close,
        };
        self.schedule(
            key,
            order.number,
            order.limit,
            order.exchange_order_id.clone(),
            due,
        );
    }

    fn schedule(
        &mut self,
        key: &AccountKey,
        number: u64,
        limit: Price,
        exchange_order_id: Option<String>,
        due: Due,
    ) {
        self.emit(Fact::OrderScheduled {
            key: key.clone(),
            number,
            limit,
            exchange_order_id,
            due,
        });
    }

    fn unmatched(&mut self, key: &AccountKey, number: u64, text: &str) {
        self.end_order(
            key,
            number,
            OrderState::Cancelled,
            Some(OrderErrorCode::OrderUnmatched),
            text,
        );
    }
}
