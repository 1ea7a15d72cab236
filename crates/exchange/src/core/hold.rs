//! What an order holds of its account's money and shares while it is open, and for its charges until the day ends.

use torana_domain::money::{Paise, Shares};
use torana_domain::order::Side;
use torana_instruments::Exchange;

use super::line::{Line, Worth};
use super::order::PaperOrder;
use super::terms::Product;

/// What one order holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hold<'a> {
    pub isin: &'a str,
    pub exchange: Exchange,
    pub product: Product,
    pub side: Side,
    /// Shares that may still fill.
    pub quantity: Shares,
    /// At its limit.
    pub worth: Worth,
    /// For its charges.
    pub charges: Paise,
}

impl Hold<'_> {
    /// Adds the hold to a line and the blocked money, or takes it back with a `sign` of -1. A sale for delivery holds
    /// shares, a buy for delivery its value, an intraday order its margin.
    pub fn shift(&self, line: &mut Line, blocked: &mut Paise, leverage: i64, sign: i64) {
        blocked.0 += sign * self.charges.0;
        match (self.product, self.side) {
            (Product::Cnc, Side::Buy) => blocked.0 += sign * self.worth.to_paise().0,
            (Product::Cnc, Side::Sell) => line.selling.0 += sign * self.quantity.0,
            (Product::Mis, side) => {
                let margin = line.margin(leverage);
                let waiting = line.intraday.on_mut(self.exchange).waiting_mut(side);
                waiting.quantity.0 += sign * self.quantity.0;
                waiting.worth = waiting.worth.plus(Worth(sign * self.worth.0));
                blocked.0 += line.margin(leverage).0 - margin.0;
            }
        }
    }
}

impl PaperOrder {
    /// What the order holds now.
    pub(super) fn hold(&self) -> Hold<'_> {
        let quantity = self.reserved();
        Hold {
            isin: &self.isin,
            exchange: self.exchange,
            product: self.product,
            side: self.side,
            quantity,
            worth: Worth::of(self.limit, quantity),
            charges: self.charges_held(),
        }
    }

    /// Money for charges: for what is filled, and for what may still fill unless the sale's own proceeds pay for it.
    #[must_use]
    pub fn charges_held(&self) -> Paise {
        let open = match (self.product, self.side) {
            (Product::Cnc, Side::Sell) => Worth(0),
            _ => Worth::of(self.limit, self.reserved()),
        };
        self.rates.reserve(self.worth.plus(open))
    }
}
