//! Orders that the broker sends by itself when another one is done: the next part of a large order, the stop behind
//! an entry.

use torana_domain::money::Shares;

use super::account::AccountKey;
use super::command::Reply;
use super::event::Fact;
use super::order::{Next, NextWhen, OrderRequest, PaperOrder};
use super::status::Status;
use super::{State, Step};

impl PaperOrder {
    /// Whether it is done, and the next order is due.
    #[must_use]
    pub fn has_next_due(&self) -> bool {
        self.next.as_ref().is_some_and(|next| match next.when {
            NextWhen::Complete => self.status == Status::Complete,
            NextWhen::Filled => self.status.is_final() && self.filled.0 > 0,
        })
    }
}

impl State {
    /// Keeps the list of orders behind which another one is due.
    pub(super) fn list_next(&mut self, key: &AccountKey, number: u64) {
        let order = self
            .accounts
            .get(key)
            .and_then(|account| account.orders.get(&number));
        if order.is_some_and(PaperOrder::has_next_due) {
            self.next_due.insert((number, key.clone()));
        }
    }

    /// The next order of this one is sent.
    pub(super) fn drop_next(&mut self, key: &AccountKey, number: u64) {
        self.next_due.remove(&(number, key.clone()));
        let account = self.accounts.get_mut(key);
        if let Some(order) = account.and_then(|account| account.orders.get_mut(&number)) {
            order.next = None;
        }
    }
}

impl Step<'_> {
    /// Sends what is due behind orders that are done.
    pub(super) fn send_next(&mut self) {
        while let Some((number, key)) = self.state.next_due.first().cloned() {
            let request = self.next_of(&key, number);
            self.emit(Fact::NextSent {
                key: key.clone(),
                number,
            });
            let Some(request) = request else { continue };
            match self.place_for(&key, request.clone()) {
                Reply::OrderRefused { text, .. } | Reply::OrderNeedsClearance { text } => {
                    self.enter_refused(&key, request, &text);
                }
                _ => {}
            }
        }
    }

    fn next_of(&self, key: &AccountKey, number: u64) -> Option<OrderRequest> {
        let order = self.state.accounts.get(key)?.orders.get(&number)?;
        let Next { order: next, when } = order.next.as_deref()?;
        let parent = order.parent.as_ref().unwrap_or(&order.broker_order_id);
        let quantity = match when {
            NextWhen::Complete => next.quantity,
            NextWhen::Filled => Shares(order.filled.0),
        };
        Some(OrderRequest {
            parent: Some(parent.clone()),
            quantity,
            app: order.app.clone(),
            ..next.clone()
        })
    }
}
