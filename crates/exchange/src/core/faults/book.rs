//! Order books that show something that is not so. The orders themselves are untouched.

use torana_domain::money::Shares;
use torana_domain::time::Timestamp;

use super::catalogue::BookError;
use super::params::Params;
use crate::core::command::{Reply, TradeView};
use crate::core::order::PaperOrder;
use crate::core::price::fold;

/// Digits that tell a copy's id from the original's.
const COPY_ID_SPACE: u64 = 1_000_000;

impl BookError {
    /// Whether a read can be wrong in this way.
    pub const fn fits(self, reply: &Reply) -> bool {
        match self {
            Self::Lags(_) => matches!(reply, Reply::Book(_) | Reply::Trades(_)),
            Self::DuplicateTag | Self::WrongQuantity | Self::TagMissing => matches!(reply, Reply::Book(_)),
        }
    }

    /// What the client reads at `at`.
    pub fn distort(self, mut reply: Reply, params: &Params, at: Timestamp) -> Reply {
        match &mut reply {
            Reply::Book(book) => {
                let orders = std::mem::take(&mut book.orders);
                book.orders = self.distort_orders(orders, params, at);
            }
            Reply::Trades(trades) => {
                if let Self::Lags(seconds) = self {
                    let then = at.plus_seconds(-params.whole(seconds));
                    trades.retain(|view: &TradeView| view.trade.at <= then);
                }
            }
            _ => {}
        }
        reply
    }

    fn distort_orders(self, mut orders: Vec<PaperOrder>, params: &Params, at: Timestamp) -> Vec<PaperOrder> {
        match self {
            Self::Lags(seconds) => {
                let then = at.plus_seconds(-params.whole(seconds));
                return orders
                    .into_iter()
                    .filter_map(|order| as_it_was(order, then))
                    .collect();
            }
            Self::DuplicateTag => {
                if let Some(mut copy) = orders.last().cloned() {
                    let other = fold(copy.number, copy.broker_order_id.as_bytes()) % COPY_ID_SPACE;
                    copy.broker_order_id = format!("{}{other:06}", copy.broker_order_id);
                    orders.push(copy);
                }
            }
            Self::WrongQuantity => {
                for order in &mut orders {
                    order.quantity = Shares(order.quantity.0 + 1);
                }
            }
            Self::TagMissing => {
                for order in &mut orders {
                    order.reference = None;
                }
            }
        }
        orders
    }
}

/// An order at an earlier instant; `None` if the broker did not have it then.
fn as_it_was(mut order: PaperOrder, then: Timestamp) -> Option<PaperOrder> {
    order.history.forget_after(then);
    order.trades.retain(|trade| trade.at <= then);
    let row = order.history.last()?;
    if row.status != order.status {
        order.error_code = None;
        order.status_message = None;
    }
    Some(PaperOrder {
        status: row.status,
        quantity: row.quantity,
        filled: row.filled,
        worth: row.worth,
        price: row.price,
        trigger_price: row.trigger_price,
        ..order
    })
}
