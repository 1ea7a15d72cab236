//! What an order must pass at the door, in this order: instrument, session, quantity, price, value,
//! reference, money, shares, clearance.

use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::{Side, Variety};
use torana_instruments::Exchange;

use super::Step;
use super::account::{Account, AccountKey};
use super::behaviour::Behaviour;
use super::line::Worth;
use super::order::OrderRequest;
use super::reads::LOW_FUNDS_SHOWN;
use super::refusal::Refusal;
use super::terms::{OrderType, Product, Protection, Validity};
use crate::market::Listing;

/// Most money of one order: ₹10 crore.
pub const ORDER_VALUE_MAX: Paise = Paise(10_000_000_000);
/// Most orders of one account on one trading day.
pub const ORDERS_PER_DAY_MAX: usize = 5_000;

/// An order that passed the checks.
pub(super) struct Checked {
    pub listing: Listing,
    /// The worst price at which it may fill.
    pub limit: Price,
}

/// Why an order is not taken.
pub(super) enum Stopped {
    Refused(Refusal),
    /// Settled shares must be cleared first.
    NeedsClearance,
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Step<'_> {
    pub(super) fn check(
        &self,
        key: &AccountKey,
        account: &Account,
        order: &OrderRequest,
    ) -> Result<Checked, Stopped> {
        let unknown = || Refusal::UnknownInstrument(order.ticker.clone());
        if order.exchange != Exchange::Nse {
            return Err(unknown().into());
        }
        let listing = self.market.listing(&order.ticker).ok_or_else(unknown)?;
        check_offered(order)?;
        self.check_session(key, order)?;
        check_quantity(&listing, order.quantity)?;
        let limit = self.limit_of(&listing, order)?;
        let value = Worth::of(limit, order.quantity).to_paise();
        if value > ORDER_VALUE_MAX {
            return Err(Refusal::ValueTooLarge {
                asked: value,
                max: ORDER_VALUE_MAX,
            }
            .into());
        }
        check_book(account, order)?;
        match order.side {
            Side::Buy => check_money(account, value)?,
            Side::Sell => check_shares(account, &listing.isin, order.quantity)?,
        }
        Ok(Checked { listing, limit })
    }

    fn check_session(&self, key: &AccountKey, order: &OrderRequest) -> Result<(), Refusal> {
        match order.variety {
            Variety::Regular if !self.market.is_open(self.at) => Err(Refusal::MarketClosed),
            Variety::Amo if !self.market.is_amo_open(key.broker(), self.at) => Err(Refusal::AmoClosed),
            _ => Ok(()),
        }
    }

    /// The limit of a limit order, the protection of a market order.
    fn limit_of(&self, listing: &Listing, order: &OrderRequest) -> Result<Price, Refusal> {
        match (order.order_type, order.price) {
            (OrderType::Market, None) => Ok(self.protection(listing, order.side)),
            (OrderType::Market, Some(_)) => Err(Refusal::PriceNotAllowed),
            (OrderType::Limit, Some(price)) if price.0 > 0 => {
                let frame = listing.frame;
                if !price.is_on_tick(frame.tick) {
                    return Err(Refusal::OffTick {
                        asked: price,
                        tick: frame.tick,
                    });
                }
                if price < frame.low || price > frame.high {
                    return Err(Refusal::OutsideBand {
                        asked: price,
                        low: frame.low,
                        high: frame.high,
                    });
                }
                Ok(price)
            }
            (OrderType::Limit, _) => Err(Refusal::PriceMissing),
            (OrderType::Sl | OrderType::SlM, _) => Err(Refusal::NotOffered),
        }
    }

    pub(super) fn protection(&self, listing: &Listing, side: Side) -> Price {
        let last = self.market.last_price(self.state.seed, listing, self.at);
        self.market.protection(listing, last, side)
    }
}

fn check_offered(order: &OrderRequest) -> Result<(), Refusal> {
    let is_plain = order.product == Product::Cnc
        && !order.order_type.has_trigger()
        && order.trigger_price.is_none()
        && order.disclosed.is_none()
        && order.protection == Protection::Auto
        && !matches!(order.validity, Validity::Ttl(_));
    if is_plain {
        Ok(())
    } else {
        Err(Refusal::NotOffered)
    }
}

fn check_quantity(listing: &Listing, asked: Shares) -> Result<(), Refusal> {
    if asked.0 < 1 {
        return Err(Refusal::NoQuantity);
    }
    if asked.0 % listing.lot.0.max(1) != 0 {
        return Err(Refusal::OddLot {
            asked,
            lot: listing.lot,
        });
    }
    if asked > listing.quantity_max {
        return Err(Refusal::AboveFreeze {
            asked,
            max: listing.quantity_max,
        });
    }
    Ok(())
}

fn check_book(account: &Account, order: &OrderRequest) -> Result<(), Refusal> {
    if account.orders.len() >= ORDERS_PER_DAY_MAX {
        return Err(Refusal::TooManyOrders {
            max: ORDERS_PER_DAY_MAX,
        });
    }
    let is_known = |known: &Option<String>| known.is_some() && *known == order.reference;
    if order.is_reference_unique && account.orders.values().any(|other| is_known(&other.reference)) {
        return Err(Refusal::DuplicateReference);
    }
    Ok(())
}

fn check_money(account: &Account, needed: Paise) -> Result<(), Refusal> {
    let available = account.available();
    if account.behaviour == Behaviour::LowFunds {
        return Err(Refusal::NotEnoughFunds {
            needed,
            available: available.min(LOW_FUNDS_SHOWN),
        });
    }
    if needed > available {
        Err(Refusal::NotEnoughFunds { needed, available })
    } else {
        Ok(())
    }
}

fn check_shares(account: &Account, isin: &str, asked: Shares) -> Result<(), Stopped> {
    let line = account.lines.get(isin).cloned().unwrap_or_default();
    if asked > line.sellable() {
        return Err(Refusal::NotEnoughShares {
            asked,
            available: line.sellable(),
        }
        .into());
    }
    if !account.ddpi && line.needs_cleared(asked) > line.authorised {
        return Err(Stopped::NeedsClearance);
    }
    Ok(())
}
