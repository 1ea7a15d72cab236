//! Splits and bonus issues, applied as the first thing of the day from which on they count.
//!
//! Shares are multiplied and keep their whole cost. What is left over of a share is paid in cash at the first price
//! of the day. Open orders and triggers of the security end, because their prices and quantities mean something else now.
//! Prices follow: what they go on from is restated, so that the day's band lies around the restated close.

use torana_domain::money::{Price, Shares};
use torana_domain::time::Date;

use super::Step;
use super::account::Account;
use super::alerts::Alert;
use super::event::Fact;
use super::gtt::{Gtt, GttStatus};
use super::line::Worth;
use super::order::PaperOrder;
use super::status::Status;

const RESTATED: &str = "Cancelled: the security was split, consolidated or got a bonus issue";

impl Step<'_> {
    /// Applies the actions of the days after `ended` up to `day`.
    pub(super) fn apply_corporate_actions(&mut self, ended: Date, day: Date) {
        for action in self.market.actions().between(ended, day) {
            self.cancel_orders_of(&action.isin);
            let listing = self.market.listing_by_isin(&action.isin);
            let price = listing.as_ref().map(|listing| self.last_price(listing));
            let anchor = listing.map(|listing| {
                let anchor = self.state.tape.anchor(&listing.isin, listing.listed_price);
                anchor.restated(|price| action.restated(price))
            });
            self.emit(Fact::SharesRestated {
                isin: action.isin.clone(),
                new_isin: action.new_isin.clone(),
                after: action.after,
                before: action.before,
                price: price.map_or(Price(0), |price| action.restated(price)),
                anchor,
            });
        }
    }

    /// Ends the open orders, triggers and alerts of a security.
    fn cancel_orders_of(&mut self, isin: &str) {
        let (mut orders, mut triggers, mut alerts) = (Vec::new(), Vec::new(), Vec::new());
        for (key, account) in &self.state.accounts {
            let is_open = |order: &&PaperOrder| order.isin == isin && !order.status.is_final();
            let open = account.orders.values().filter(is_open);
            orders.extend(open.map(|order| (key.clone(), order.number)));
            let is_active = |gtt: &&Gtt| gtt.isin == isin && gtt.status == GttStatus::Active;
            let active = account.gtts.values().filter(is_active);
            triggers.extend(active.map(|gtt| (key.clone(), gtt.number)));
            let waits = |alert: &&Alert| alert.isin == isin && alert.disabled.is_none();
            let waiting = account.alerts.values().filter(waits);
            alerts.extend(waiting.map(|alert| (key.clone(), alert.number)));
        }
        for (key, number) in orders {
            self.end_order(&key, number, Status::Cancelled, None, RESTATED);
        }
        for (key, number) in triggers {
            self.end_gtt(&key, number, GttStatus::Cancelled, None);
        }
        for (key, number) in alerts {
            self.disable_alert(&key, number, RESTATED);
        }
    }
}

impl Account {
    /// Multiplies the shares of a security by `after` ÷ `before`.
    pub(super) fn restate(&mut self, isin: &str, new_isin: &str, after: i64, before: i64, price: Price) {
        for short in self.shorts.iter_mut().filter(|short| short.isin == isin) {
            new_isin.clone_into(&mut short.isin);
            short.quantity.0 = short.quantity.0 * after / before.max(1);
            short.sold_at.0 = short.sold_at.0 * before / after.max(1);
        }
        let Some(line) = self.lines.remove(isin) else {
            return;
        };
        let (changed, left) = line.exchanged(after, before);
        self.cash.0 += Worth::of(price, Shares(left))
            .share(Shares(1), Shares(before))
            .to_paise()
            .0;
        let known = self.lines.remove(new_isin).unwrap_or_default();
        self.lines.insert(new_isin.to_owned(), known.joined(&changed));
    }
}
