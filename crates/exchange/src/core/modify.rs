//! Changing the terms of an open order.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

use torana_domain::money::{Price, Shares};

use super::Step;
use super::account::AccountKey;
use super::checks::{Stopped, check_means};
use super::command::Reply;
use super::event::Fact;
use super::order::{Ask, Due, DueAction, PaperOrder};
use super::refusal::Refusal;
use super::status::{Status, Turn};
use super::terms::{OrderType, Terms, Validity};
use crate::market::Listing;

/// Most modifications of one order.
pub const MODIFICATIONS_MAX: u32 = 25;

/// What a modification gives anew; the rest stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Shares, filled ones included.
    pub quantity: Option<Shares>,
    /// Market, limit or stop-loss. A type without price or trigger drops the one that the order had.
    pub order_type: Option<OrderType>,
    /// Limit price.
    pub price: Option<Price>,
    /// Trigger.
    pub trigger_price: Option<Price>,
    /// Shown shares; 0 shows all.
    pub disclosed: Option<Shares>,
    /// How long it lives from now on.
    pub validity: Option<Validity>,
}

impl Change {
    /// The terms of an order after it.
    #[must_use]
    pub fn applied_to(&self, old: Terms) -> Terms {
        let order_type = self.order_type.unwrap_or(old.order_type);
        let kept = |price: Option<Price>, is_kept: bool| price.filter(|_| is_kept);
        Terms {
            quantity: self.quantity.unwrap_or(old.quantity),
            order_type,
            price: self.price.or(kept(old.price, order_type.has_price())),
            trigger_price: self
                .trigger_price
                .or(kept(old.trigger_price, order_type.has_trigger())),
            disclosed: self
                .disclosed
                .or(old.disclosed)
                .filter(|disclosed| disclosed.0 != 0),
            validity: self.validity.unwrap_or(old.validity),
            protection: old.protection,
        }
    }
}

impl Step<'_> {
    pub(super) fn modify(&mut self, key: &AccountKey, broker_order_id: &str, change: &Change) -> Reply {
        let Some(order) = self.order_of_id(key, broker_order_id) else {
            return Reply::OrderNotFound;
        };
        let number = order.number;
        match self.check_change(key, order, change) {
            Ok((terms, limit, listing)) => {
                self.ask(key, number, Ask::Modify(terms, limit));
                if self.state.latency_ms == 0 {
                    self.modify_now(key, number, terms, limit, &listing);
                }
                Reply::Done
            }
            Err(stopped) => stopped.into(),
        }
    }

    fn check_change(
        &self,
        key: &AccountKey,
        order: &PaperOrder,
        change: &Change,
    ) -> Result<(Terms, Price, Arc<Listing>), Stopped> {
        if order.status.after(Turn::AskModify).is_none() {
            return Err(Refusal::NotChangeable(order.status).into());
        }
        let account = self.state.accounts.get(key).ok_or(Stopped::NoAccount)?;
        let unknown = || Refusal::UnknownInstrument {
            ticker: order.ticker.clone(),
            exchange: order.exchange,
        };
        let listing = self.listing(order.exchange, &order.ticker).ok_or_else(unknown)?;
        if order.is_kept() && !self.market.is_amo_open(key.broker(), self.at) {
            return Err(Refusal::AmoClosed.into());
        }
        let terms = change.applied_to(order.terms());
        if !order.is_kept() {
            self.check_stage(&listing, &terms)?;
        }
        let is_asleep = sleeps(order, &terms);
        let limit = self.check_terms(&listing, order.side, order.product, &terms, is_asleep)?;
        if terms.quantity <= order.filled {
            return Err(Refusal::QuantityFilled {
                asked: terms.quantity,
                filled: order.filled,
            }
            .into());
        }
        if terms == order.terms() {
            return Err(Refusal::NothingModified.into());
        }
        if order.modifications >= MODIFICATIONS_MAX {
            return Err(Refusal::TooManyModifications {
                max: MODIFICATIONS_MAX,
            }
            .into());
        }
        // A market order keeps the limit that it got, or a mere change of quantity would move its price.
        let limit = if terms.order_type == order.order_type && !terms.order_type.has_price() && !is_asleep {
            order.limit
        } else {
            limit
        };
        let mut changed = order.clone();
        changed.set_terms(terms);
        changed.limit = limit;
        check_means(account, &listing, &changed, Some(order))?;
        Ok((terms, limit, listing))
    }

    /// The order has its new terms. What filled meanwhile may have overtaken them.
    pub(super) fn modify_now(
        &mut self,
        key: &AccountKey,
        number: u64,
        terms: Terms,
        limit: Price,
        listing: &Listing,
    ) {
        let Some(order) = self.order(key, number) else {
            return;
        };
        if terms.quantity <= order.filled {
            return self.refuse_late(key, number);
        }
        let (turn, ends, due) = self.place_after(key, order, &terms, limit, listing);
        self.emit(Fact::OrderModified {
            key: key.clone(),
            number,
            terms,
            limit,
            turn,
            ends,
            due,
        });
        self.go_in(key, number, listing);
    }

    /// Turn, end and next thing of an order after a modification. It keeps its turn if nobody behind it is worse
    /// off: at the same price, for no more shares.
    fn place_after(
        &self,
        key: &AccountKey,
        order: &PaperOrder,
        terms: &Terms,
        limit: Price,
        listing: &Listing,
    ) -> (Option<u64>, Option<Due>, Due) {
        if order.is_kept() {
            let release = Due {
                at: self.released_at(terms),
                action: DueAction::Release,
            };
            return (None, None, release);
        }
        let ends = match order.ends {
            Some(ends) if terms.validity == order.validity => ends,
            _ => self.ends(listing, terms.validity),
        };
        let is_asleep = sleeps(order, terms);
        let waits = match order.turn {
            Some(_) => None,
            None => self.waits(key, is_asleep, listing, ends),
        };
        let keeps = limit == order.limit
            && terms.trigger_price == order.trigger_price
            && terms.quantity <= order.quantity
            && is_asleep == order.is_asleep;
        let turn = match order.turn {
            _ if waits.is_some() => None,
            Some(turn) if keeps => Some(turn),
            _ => Some(self.next_turn()),
        };
        (turn, Some(ends), waits.unwrap_or(ends))
    }

    /// The exchange refuses a modification that fills have overtaken: the order goes on as it was.
    fn refuse_late(&mut self, key: &AccountKey, number: u64) {
        let Some((limit, turn, ends, due)) = self.order(key, number).and_then(|order| {
            let due = order.ends?;
            Some((order.limit, order.turn, order.ends, due))
        }) else {
            return;
        };
        self.emit(Fact::OrderMoved {
            key: key.clone(),
            number,
            status: Status::Open,
            limit,
            turn,
            ends,
            due,
        });
    }
}

/// Whether an order waits for a trigger under these terms: one that woke up under a trigger stays awake.
pub(super) const fn sleeps(order: &PaperOrder, terms: &Terms) -> bool {
    terms.order_type.has_trigger() && (order.is_asleep || !order.order_type.has_trigger())
}
