//! What can be read about single orders and their executions.

use torana_domain::time::Timestamp;

use super::Step;
use super::account::AccountKey;
use super::command::{Reply, TradeView};
use super::order::PaperOrder;

impl Step<'_> {
    pub(super) fn order_history(&self, key: &AccountKey, broker_order_id: &str) -> Reply {
        let order = self.order_of_id(key, broker_order_id);
        order.map_or(Reply::OrderNotFound, |order| {
            Reply::OrderHistory(Box::new(order.clone()))
        })
    }

    pub(super) fn order_news(&self, key: &AccountKey, known: u64, since: Timestamp) -> Reply {
        let Some(account) = self.state.accounts.get(key) else {
            return Reply::SessionExpired;
        };
        let orders = account.orders.values();
        let rows = orders.clone().map(|order| order.history.len() as u64).sum();
        let is_new = |order: &&PaperOrder| {
            let last = order.history.last();
            rows != known && last.is_some_and(|row| row.at >= since)
        };
        Reply::OrderNews {
            rows,
            price_changes: self.state.tape.changes,
            orders: orders.filter(is_new).cloned().collect(),
        }
    }

    pub(super) fn trades(&self, key: &AccountKey) -> Reply {
        let Some(account) = self.state.accounts.get(key) else {
            return Reply::SessionExpired;
        };
        let mut trades: Vec<TradeView> = account.orders.values().flat_map(views).collect();
        trades.sort_by_key(|view| view.trade.number);
        Reply::Trades(trades)
    }

    pub(super) fn order_trades(&self, key: &AccountKey, broker_order_id: &str) -> Reply {
        let order = self.order_of_id(key, broker_order_id);
        order.map_or(Reply::OrderNotFound, |order| {
            Reply::Trades(views(order).collect())
        })
    }
}

fn views(order: &PaperOrder) -> impl Iterator<Item = TradeView> {
    order.trades.iter().map(|trade| TradeView {
        trade: *trade,
        broker_order_id: order.broker_order_id.clone(),
        exchange_order_id: order.exchange_order_id.clone(),
        exchange: order.exchange,
        ticker: order.ticker.clone(),
        isin: order.isin.clone(),
        side: order.side,
        product: order.product,
        placed_at: order.placed_at,
    })
}
