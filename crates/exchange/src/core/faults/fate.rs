//! What can happen to an order at the exchange that its price and quantity give no reason for.

use torana_domain::money::Shares;
use torana_domain::order::OrderErrorCode;

use super::catalogue::{Effect, RequestClass};
use super::request::Request;
use crate::core::Step;
use crate::core::account::AccountKey;
use crate::core::order::PaperOrder;
use crate::core::status::Status;

/// What happens to the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Rejected after acceptance.
    Rejected,
    /// The same, for its price.
    BandMoved,
    /// Half fills, the rest is cancelled.
    PartialThenCancelled,
    /// Half fills, the rest is rejected.
    PartialThenRejected,
    /// It fills before its cancellation arrives.
    FillFirst,
}

const REJECTED: &str = "Rejected by the exchange: the order failed its risk check";
const BAND_MOVED: &str = "Rejected by the exchange: the price is outside the price band, which has moved";
const REST_CANCELLED: &str = "Cancelled by the exchange: no counterparty for the rest of the order";
const REST_REJECTED: &str = "Rejected by the exchange: the rest of the order failed its risk check";

impl Step<'_> {
    /// Lets a fault decide over an order that was just taken. True if one did: the order is final then.
    pub(in crate::core) fn meets_fate(&mut self, key: &AccountKey, number: u64) -> bool {
        let Some(order) = self.order(key, number).cloned() else {
            return false;
        };
        let request = Request {
            class: RequestClass::Place,
            key: key.clone(),
            session: None,
            order: None,
        };
        // What the exchange has not can neither fill nor be outside its band.
        let is_there = order.status.can_fill();
        let struck = self.struck(&request, |_, effect| match effect {
            Effect::Fate(fate @ Fate::Rejected) => Some(fate),
            Effect::Fate(
                fate @ (Fate::BandMoved | Fate::PartialThenCancelled | Fate::PartialThenRejected),
            ) if is_there => Some(fate),
            _ => None,
        });
        let Some(fate) = struck else { return false };
        self.befall(key, &order, fate);
        true
    }

    /// Lets a fault fill an order whose cancellation is about to be carried out.
    pub(super) fn fills_before_cancel(&mut self, request: &Request, broker_order_id: &str) {
        let found = self.order_of_id(&request.key, broker_order_id).cloned();
        let Some(order) = found.filter(|order| order.status.can_fill() && self.market.is_open(self.at))
        else {
            return;
        };
        let struck = self.struck(request, |_, effect| match effect {
            Effect::Fate(fate @ Fate::FillFirst) => Some(fate),
            _ => None,
        });
        if let Some(fate) = struck {
            self.befall(&request.key, &order, fate);
        }
    }

    fn befall(&mut self, key: &AccountKey, order: &PaperOrder, fate: Fate) {
        let (status, code, text) = match fate {
            Fate::Rejected => (Status::Rejected, OrderErrorCode::AdapterError, REJECTED),
            Fate::BandMoved => (Status::Rejected, OrderErrorCode::AdapterError, BAND_MOVED),
            Fate::PartialThenCancelled => {
                self.fill_some(key, order, Shares(order.quantity.0 / 2));
                (Status::Cancelled, OrderErrorCode::OrderUnmatched, REST_CANCELLED)
            }
            Fate::PartialThenRejected => {
                self.fill_some(key, order, Shares(order.quantity.0 / 2));
                (Status::Rejected, OrderErrorCode::AdapterError, REST_REJECTED)
            }
            Fate::FillFirst => return self.fill_some(key, order, order.remaining()),
        };
        self.end_order(key, order.number, status, Some(code), text);
    }

    /// Fills at what is offered, or at the order's own limit if that is better for the market.
    fn fill_some(&mut self, key: &AccountKey, order: &PaperOrder, quantity: Shares) {
        let Some(listing) = self.listing_of(&order.instrument()).filter(|_| quantity.0 > 0) else {
            return;
        };
        let offered = self.levels(&listing, order.side).next().map(|level| level.price);
        let price = offered.filter(|price| order.takes(*price)).unwrap_or(order.limit);
        let trade = self.state.trade_count + 1;
        self.fill(key, order.number, trade, quantity, price);
    }
}
