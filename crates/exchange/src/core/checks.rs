//! What an order must pass, in this order: instrument, session, tick, band, quantity and value, product, order
//! type, the account's book, money or shares, clearance.

use std::sync::Arc;

use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::{Side, Variety};

use super::Step;
use super::account::{Account, AccountKey};
use super::behaviour::Behaviour;
use super::line::Worth;
use super::order::{OrderRequest, PaperOrder};
use super::price::Frame;
use super::reads::LOW_FUNDS_SHOWN;
use super::refusal::Refusal;
use super::terms::{OrderType, Product, Protection, Terms, Validity};
use crate::market::{Listing, Stage};

/// Most money of one order: ₹10 crore.
pub const ORDER_VALUE_MAX: Paise = Paise(10_000_000_000);
/// Most orders of one account on one trading day.
pub const ORDERS_PER_DAY_MAX: usize = 5_000;
/// Most minutes that an order may be given.
pub const TTL_MINUTES_MAX: u32 = 1_440;
/// Longest own key of a client, in characters.
pub const REFERENCE_MAX: usize = 20;
/// Widest protection that can be asked for: 100 %.
const PROTECTION_BPS_MAX: i64 = 10_000;
/// The disclosed quantity is at least the ordered one divided by this.
const DISCLOSED_PARTS_MAX: i64 = 10;

/// An order that passed the checks of its terms.
pub(super) struct Checked {
    pub listing: Arc<Listing>,
    /// The worst price at which it may fill.
    pub limit: Price,
}

/// Why an order is not taken.
pub(super) enum Stopped {
    Refused(Refusal),
    /// Settled shares must be cleared first.
    NeedsClearance,
    /// The account is not there.
    NoAccount,
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Step<'_> {
    /// All checks of a new order but those of money and shares.
    pub(super) fn check(
        &self,
        key: &AccountKey,
        account: &Account,
        order: &OrderRequest,
    ) -> Result<Checked, Refusal> {
        let unknown = || Refusal::UnknownInstrument {
            ticker: order.ticker.clone(),
            exchange: order.exchange,
        };
        let listing = self.listing(order.exchange, &order.ticker).ok_or_else(unknown)?;
        match order.variety {
            Variety::Regular => self.check_stage(&listing, &order.terms())?,
            Variety::Amo if !self.market.is_amo_open(key.broker(), self.at) => {
                return Err(Refusal::AmoClosed);
            }
            _ => {}
        }
        let terms = order.terms();
        let limit = self.check_terms(&listing, order.side, order.product, &terms, true)?;
        self.check_intraday(key, &listing, order)?;
        Self::check_book(account, order)?;
        Ok(Checked { listing, limit })
    }

    /// Whether the market takes such orders now.
    pub(super) fn check_stage(&self, listing: &Listing, terms: &Terms) -> Result<(), Refusal> {
        let stage = self.stage(listing);
        let entry = stage.entry();
        let is_conditional =
            terms.order_type.has_trigger() || terms.validity == Validity::Ioc || terms.disclosed.is_some();
        match stage {
            Stage::Closed => Err(Refusal::MarketClosed),
            Stage::Halted => Err(Refusal::TradingHalted),
            _ if !entry.limit => Err(Refusal::AuctionEntryClosed),
            _ if is_conditional && !entry.conditional => Err(Refusal::NotInThisSession),
            _ if terms.order_type == OrderType::Market && !entry.market => Err(Refusal::AuctionLimitOnly),
            _ => Ok(()),
        }
    }

    /// The checks of what is asked for; gives the worst price. `is_asleep`: a trigger still waits.
    pub(super) fn check_terms(
        &self,
        listing: &Listing,
        side: Side,
        product: Product,
        terms: &Terms,
        is_asleep: bool,
    ) -> Result<Price, Refusal> {
        let frame = self.frame(listing);
        check_ticks(&frame, terms)?;
        check_band(&frame, terms)?;
        check_quantity(listing, terms.quantity)?;
        let limit = self.worst_price(listing, side, terms);
        check_value(limit, terms.quantity)?;
        check_product(listing, product)?;
        check_type(terms)?;
        if terms.order_type.has_trigger() && is_asleep {
            check_trigger(side, terms, self.last_price(listing))?;
        }
        check_disclosed(terms)?;
        Ok(limit)
    }

    fn check_intraday(
        &self,
        key: &AccountKey,
        listing: &Listing,
        order: &OrderRequest,
    ) -> Result<(), Refusal> {
        let is_today = order.product == Product::Mis && order.variety == Variety::Regular;
        if is_today && self.is_square_off_due(key, &listing.isin) {
            return Err(Refusal::IntradayOver);
        }
        Ok(())
    }

    fn check_book(account: &Account, order: &OrderRequest) -> Result<(), Refusal> {
        if account.orders.len() >= ORDERS_PER_DAY_MAX {
            return Err(Refusal::TooManyOrders {
                max: ORDERS_PER_DAY_MAX,
            });
        }
        let Some(reference) = &order.reference else {
            return Ok(());
        };
        if reference.chars().count() > REFERENCE_MAX {
            return Err(Refusal::ReferenceTooLong { max: REFERENCE_MAX });
        }
        if order.is_reference_unique && account.references.contains(reference) {
            return Err(Refusal::DuplicateReference);
        }
        Ok(())
    }
}

fn check_ticks(frame: &Frame, terms: &Terms) -> Result<(), Refusal> {
    let tick = frame.tick;
    let off = |price: &Price| !price.is_on_tick(tick);
    if let Some(asked) = terms.price.filter(off) {
        return Err(Refusal::OffTick { asked, tick });
    }
    if let Some(asked) = terms.trigger_price.filter(off) {
        return Err(Refusal::TriggerOffTick { asked, tick });
    }
    Ok(())
}

fn check_band(frame: &Frame, terms: &Terms) -> Result<(), Refusal> {
    let (low, high) = (frame.low, frame.high);
    // A price of zero is no price: that is a matter of the order type.
    let outside = |price: &Price| price.0 > 0 && !(low..=high).contains(price);
    if let Some(asked) = terms.price.filter(outside) {
        return Err(Refusal::OutsideBand { asked, low, high });
    }
    if let Some(asked) = terms.trigger_price.filter(outside) {
        return Err(Refusal::TriggerOutsideBand { asked, low, high });
    }
    Ok(())
}

pub(super) fn check_quantity(listing: &Listing, asked: Shares) -> Result<(), Refusal> {
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

fn check_value(limit: Price, quantity: Shares) -> Result<(), Refusal> {
    let asked = Worth::of(limit, quantity).to_paise();
    if asked > ORDER_VALUE_MAX {
        return Err(Refusal::ValueTooLarge {
            asked,
            max: ORDER_VALUE_MAX,
        });
    }
    Ok(())
}

pub(super) const fn check_product(listing: &Listing, product: Product) -> Result<(), Refusal> {
    if matches!(product, Product::Mis) && listing.is_delivery_only {
        return Err(Refusal::DeliveryOnly);
    }
    Ok(())
}

fn check_type(terms: &Terms) -> Result<(), Refusal> {
    let (price, trigger) = (terms.price, terms.trigger_price);
    match (terms.order_type, price) {
        (OrderType::Limit, None) | (OrderType::Limit, Some(Price(..=0))) => {
            return Err(Refusal::PriceMissing);
        }
        (OrderType::Sl, None) | (OrderType::Sl, Some(Price(..=0))) => return Err(Refusal::StopPriceMissing),
        (OrderType::Market, Some(_)) => return Err(Refusal::PriceNotAllowed),
        (OrderType::SlM, Some(_)) => return Err(Refusal::StopPriceNotAllowed),
        _ => {}
    }
    match (terms.order_type.has_trigger(), trigger) {
        (true, None) | (true, Some(Price(..=0))) => return Err(Refusal::TriggerMissing),
        (false, Some(_)) => return Err(Refusal::TriggerNotAllowed),
        _ => {}
    }
    match terms.validity {
        Validity::Ioc if terms.order_type.has_trigger() => return Err(Refusal::StopIoc),
        Validity::Ttl(minutes) if !(1..=TTL_MINUTES_MAX).contains(&minutes) => {
            return Err(Refusal::BadTtl { max: TTL_MINUTES_MAX });
        }
        _ => {}
    }
    match terms.protection {
        Protection::Bps(bps) if !(1..=PROTECTION_BPS_MAX).contains(&bps) => Err(Refusal::BadProtection),
        Protection::Bps(_) if terms.order_type.has_price() => Err(Refusal::ProtectionNotAllowed),
        _ => Ok(()),
    }
}

/// A trigger lies on the far side of the last price, and its limit not before it.
fn check_trigger(side: Side, terms: &Terms, last: Price) -> Result<(), Refusal> {
    let Some(trigger) = terms.trigger_price else {
        return Err(Refusal::TriggerMissing);
    };
    let is_beyond = |limit: Price| match side {
        Side::Buy => trigger > limit,
        Side::Sell => trigger < limit,
    };
    if let Some(limit) = terms.price.filter(|limit| is_beyond(*limit)) {
        return Err(match side {
            Side::Buy => Refusal::TriggerAboveLimit { trigger, limit },
            Side::Sell => Refusal::TriggerBelowLimit { trigger, limit },
        });
    }
    match side {
        Side::Buy if trigger <= last => Err(Refusal::TriggerNotAboveLast { trigger, last }),
        Side::Sell if trigger >= last => Err(Refusal::TriggerNotBelowLast { trigger, last }),
        _ => Ok(()),
    }
}

fn check_disclosed(terms: &Terms) -> Result<(), Refusal> {
    let Some(disclosed) = terms.disclosed else {
        return Ok(());
    };
    if terms.validity == Validity::Ioc {
        return Err(Refusal::DisclosedIoc);
    }
    let least = Shares((terms.quantity.0 + DISCLOSED_PARTS_MAX - 1) / DISCLOSED_PARTS_MAX);
    if disclosed < least {
        return Err(Refusal::DisclosedTooSmall { disclosed, least });
    }
    if disclosed >= terms.quantity {
        return Err(Refusal::DisclosedTooLarge {
            disclosed,
            quantity: terms.quantity,
        });
    }
    Ok(())
}

/// Whether the account has what an order needs. `before` is the same order as it stands in the book, if it does:
/// what is reserved for it is there already.
pub(super) fn check_means(
    account: &Account,
    listing: &Listing,
    order: &PaperOrder,
    before: Option<&PaperOrder>,
) -> Result<(), Stopped> {
    match (order.product, order.side) {
        (Product::Mis, _) | (_, Side::Buy) => {
            let held = before.map(PaperOrder::hold);
            check_money(account, account.needed(held.as_ref(), &order.hold()))?;
        }
        (Product::Cnc, Side::Sell) => {
            let reserved = before.map_or(0, |before| before.reserved().0);
            check_shares(
                account,
                listing,
                &order.isin,
                Shares(order.reserved().0 - reserved),
            )?;
        }
    }
    Ok(())
}

fn check_money(account: &Account, needed: Paise) -> Result<(), Refusal> {
    let available = account.available();
    if account.behaviour == Behaviour::LowFunds && needed.0 > 0 {
        return Err(Refusal::NotEnoughFunds {
            needed,
            available: available.min(LOW_FUNDS_SHOWN),
        });
    }
    if needed.0 > 0 && needed > available {
        Err(Refusal::NotEnoughFunds { needed, available })
    } else {
        Ok(())
    }
}

fn check_shares(account: &Account, listing: &Listing, isin: &str, asked: Shares) -> Result<(), Stopped> {
    if asked.0 < 1 {
        return Ok(());
    }
    let line = account.lines.get(isin).cloned().unwrap_or_default();
    if asked > line.sellable() {
        return Err(Refusal::NotEnoughShares {
            asked,
            available: line.sellable(),
        }
        .into());
    }
    // Trade-to-trade shares must be in the demat account before they are sold.
    let settled = Shares((line.settled.0 - line.delivered().sold.0 - line.selling.0).max(0));
    if listing.is_delivery_only && asked > settled {
        return Err(Refusal::NotSettled {
            asked,
            available: settled,
        }
        .into());
    }
    if !account.ddpi && line.needs_cleared(asked) > line.authorised {
        return Err(Stopped::NeedsClearance);
    }
    Ok(())
}
