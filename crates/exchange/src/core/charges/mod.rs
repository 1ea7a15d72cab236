//! What a trade costs: brokerage, taxes and fees as pure functions of traded value and rates.
//!
//! An order carries the [`Rates`] of its trade date, so that nothing but the order decides what it costs.
//! Rounding, stated once: brokerage, exchange charge, SEBI fee, stamp duty and each part of the GST are
//! rounded half up to the paisa per order; the transaction tax is summed over all orders of a contract note
//! (one account, one day) and rounded half up to the rupee.

mod tariff;

use serde::{Deserialize, Serialize};
use torana_domain::money::Paise;

use super::line::Worth;

pub use tariff::{BrokerTerms, Tariff, TariffError, TradeKind};

/// A share of the traded value in rupees per crore, that is in ten-millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PerCrore(pub i64);

/// The whole of a value.
const WHOLE: i128 = 10_000_000;
/// One paisa in the unit of [`PerCrore::of`].
const PAISA: i128 = 100 * WHOLE;
/// One rupee in the unit of [`PerCrore::of`].
const RUPEE: i128 = 100 * PAISA;

impl PerCrore {
    /// The share of `worth`, exactly, in 1/10,000 ₹ divided by ten millions.
    fn of(self, worth: Worth) -> i128 {
        i128::from(worth.0.max(0)) * i128::from(self.0)
    }

    /// The share of an amount, half up.
    fn of_paise(self, amount: Paise) -> Paise {
        to_i64(half_up(i128::from(amount.0) * i128::from(self.0), WHOLE))
    }
}

fn half_up(numerator: i128, denominator: i128) -> i128 {
    floor(numerator + denominator / 2, denominator)
}

/// The quotient towards less. Nearly all values fit the machine's own division, which is many times faster.
fn floor(numerator: i128, denominator: i128) -> i128 {
    match (i64::try_from(numerator), i64::try_from(denominator)) {
        (Ok(numerator), Ok(denominator)) if denominator > 0 => numerator.div_euclid(denominator).into(),
        _ => numerator.div_euclid(denominator),
    }
}

fn to_i64(paise: i128) -> Paise {
    Paise(i64::try_from(paise).unwrap_or(i64::MAX))
}

/// What one order costs, as decided by broker, exchange, product, side and trade date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// The broker's share of the value.
    pub brokerage: PerCrore,
    /// Most brokerage of one order.
    pub brokerage_max: Paise,
    /// Securities transaction tax.
    pub tax: PerCrore,
    /// The exchange's transaction charge.
    pub exchange: PerCrore,
    /// The regulator's turnover fee.
    pub sebi: PerCrore,
    /// Stamp duty.
    pub stamp: PerCrore,
    /// Goods and services tax on brokerage, exchange charge and SEBI fee, and on the depository's fee.
    pub gst: PerCrore,
    /// Whether the GST is half CGST and half SGST instead of IGST.
    pub gst_is_split: bool,
    /// The depository's fee, before GST, if the order takes the security out of the demat account; 0 for buys and
    /// for intraday trades.
    pub depository: Paise,
}

impl Rates {
    /// The depository's fee with GST. Not a part of the contract note.
    #[must_use]
    pub fn depository_with_gst(&self) -> Paise {
        Paise(self.depository.0 + self.gst.of_paise(self.depository).0)
    }

    /// What an order of this value can cost at most, the depository's fee left out: its own charges with the
    /// transaction tax rounded up, so that the reserves of all orders cover their contract note. Never falls
    /// when the value rises.
    #[must_use]
    pub fn reserve(&self, worth: Worth) -> Paise {
        let charges = self.order(worth);
        let tax = floor(self.tax.of(worth) + RUPEE - 1, RUPEE);
        Paise(charges.total().0 - charges.transaction_tax.0 + to_i64(tax * 100).0)
    }

    /// The charges of one order, as if it stood alone on its contract note.
    #[must_use]
    pub fn order(&self, worth: Worth) -> Charges {
        let part = |rate: PerCrore| to_i64(half_up(rate.of(worth), PAISA));
        let brokerage = part(self.brokerage).min(self.brokerage_max);
        let (exchange, sebi) = (part(self.exchange), part(self.sebi));
        let taxed = Paise(brokerage.0 + exchange.0 + sebi.0);
        Charges {
            brokerage,
            transaction_tax: rounded_tax(self.tax.of(worth)),
            exchange_charge: exchange,
            sebi_fee: sebi,
            stamp_duty: part(self.stamp),
            gst: self.gst_on(taxed),
        }
    }

    fn gst_on(&self, taxed: Paise) -> Gst {
        if self.gst_is_split {
            let half = to_i64(half_up(i128::from(taxed.0) * i128::from(self.gst.0), 2 * WHOLE));
            return Gst {
                igst: Paise(0),
                cgst: half,
                sgst: half,
            };
        }
        Gst {
            igst: self.gst.of_paise(taxed),
            ..Gst::default()
        }
    }
}

/// Half up to the rupee, in paise.
fn rounded_tax(tax: i128) -> Paise {
    to_i64(half_up(tax, RUPEE) * 100)
}

/// Goods and services tax by who receives it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gst {
    /// Between states.
    pub igst: Paise,
    /// Inside a state: the union's half.
    pub cgst: Paise,
    /// Inside a state: the state's half.
    pub sgst: Paise,
}

impl Gst {
    /// The sum.
    #[must_use]
    pub const fn total(&self) -> Paise {
        Paise(self.igst.0 + self.cgst.0 + self.sgst.0)
    }
}

/// The charges of an order or of a contract note.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charges {
    /// The broker's.
    pub brokerage: Paise,
    /// Securities transaction tax, whole rupees.
    pub transaction_tax: Paise,
    /// The exchange's.
    pub exchange_charge: Paise,
    /// The regulator's.
    pub sebi_fee: Paise,
    /// Stamp duty.
    pub stamp_duty: Paise,
    /// Goods and services tax.
    pub gst: Gst,
}

impl Charges {
    /// The contract note of the orders of one account and day: each order's rates and traded value.
    #[must_use]
    pub fn of_note(orders: impl IntoIterator<Item = (Rates, Worth)>) -> Self {
        let (mut sum, mut tax) = (Self::default(), 0);
        for (rates, worth) in orders {
            let order = rates.order(worth);
            tax += rates.tax.of(worth);
            sum.brokerage.0 += order.brokerage.0;
            sum.exchange_charge.0 += order.exchange_charge.0;
            sum.sebi_fee.0 += order.sebi_fee.0;
            sum.stamp_duty.0 += order.stamp_duty.0;
            sum.gst.igst.0 += order.gst.igst.0;
            sum.gst.cgst.0 += order.gst.cgst.0;
            sum.gst.sgst.0 += order.gst.sgst.0;
        }
        Self {
            transaction_tax: rounded_tax(tax),
            ..sum
        }
    }

    /// The sum of all components.
    #[must_use]
    pub const fn total(&self) -> Paise {
        Paise(
            self.brokerage.0
                + self.transaction_tax.0
                + self.exchange_charge.0
                + self.sebi_fee.0
                + self.stamp_duty.0
                + self.gst.total().0,
        )
    }
}

#[cfg(test)]
mod tests;
