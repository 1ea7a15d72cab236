//! What orders would need if they were placed now: money, and what they would cost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use torana_domain::money::{Paise, Price};

use super::Step;
use super::account::{Account, AccountKey};
use super::charges::Charges;
use super::command::Reply;
use super::hold::Hold;
use super::line::{Line, Worth};
use super::order::OrderRequest;

/// Most orders of one question; the rest is left out.
pub const NEEDS_MAX: usize = 500;

/// What one order would need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderNeed {
    /// The price that it is measured at: its own, or the last one.
    pub price: Price,
    /// Money, charges left out; 0 for a sale out of holdings.
    pub money: Paise,
    /// Value of an intraday position per rupee of margin; 1 for delivery.
    pub leverage: i64,
    /// What it would cost.
    pub charges: Charges,
}

impl Step<'_> {
    /// Each order by itself, and what all of them need together: intraday orders of both sides of a security offset
    /// each other. With `beside_positions` they meet what the account has today.
    pub(super) fn order_needs(
        &mut self,
        key: &AccountKey,
        orders: &[OrderRequest],
        beside_positions: bool,
    ) -> Reply {
        let Some(account) = self.state.accounts.get(key) else {
            return Reply::SessionExpired;
        };
        let mut lines: BTreeMap<String, Line> = if beside_positions {
            account.lines.clone()
        } else {
            BTreeMap::new()
        };
        let (mut each, mut together) = (Vec::new(), Paise(0));
        for (index, order) in orders.iter().take(NEEDS_MAX).enumerate() {
            let Some((need, isin)) = self.need_of(key, account, order) else {
                return Reply::SecurityNotFound { holding: index };
            };
            let hold = hold_of(&isin, order, need.price);
            let line = lines.entry(isin.clone()).or_default();
            hold.shift(line, &mut together, account.leverage, 1);
            each.push(need);
        }
        Reply::OrderNeeds { each, together }
    }

    fn need_of(
        &self,
        key: &AccountKey,
        account: &Account,
        order: &OrderRequest,
    ) -> Option<(OrderNeed, String)> {
        let listing = self.listing(order.exchange, &order.ticker)?;
        let own = order.price.or(order.trigger_price);
        let price = own.unwrap_or_else(|| self.last_price(&listing));
        let (mut line, mut money) = (Line::default(), Paise(0));
        hold_of(&listing.isin, order, price).shift(&mut line, &mut money, account.leverage, 1);
        let rates = self.rates_for(key, order);
        let need = OrderNeed {
            price,
            money,
            leverage: match order.product {
                super::Product::Cnc => 1,
                super::Product::Mis => account.leverage,
            },
            charges: rates.order(Worth::of(price, order.quantity)),
        };
        Some((need, listing.isin.clone()))
    }
}

/// What the order would hold, charges left out.
fn hold_of<'a>(isin: &'a str, order: &OrderRequest, price: Price) -> Hold<'a> {
    Hold {
        isin,
        exchange: order.exchange,
        product: order.product,
        side: order.side,
        quantity: order.quantity,
        worth: Worth::of(price, order.quantity),
        charges: Paise(0),
    }
}
