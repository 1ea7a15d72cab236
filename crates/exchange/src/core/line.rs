//! One security in one account, and how its shares move from day to day.

use serde::{Deserialize, Serialize};
use torana_domain::money::{PRICE_PER_PAISA, Paise, Price, Shares, Value};
use torana_domain::order::Side;
use torana_domain::time::Date;
use torana_instruments::Exchange;

use super::intraday::Intraday;

/// Price × shares summed, in 1/10,000 ₹; the whole of what an account can trade fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Worth(pub i64);

impl Worth {
    /// `price` × `quantity`; saturates.
    #[must_use]
    pub fn of(price: Price, quantity: Shares) -> Self {
        Self(i64::try_from(price.times(quantity).0).unwrap_or(i64::MAX))
    }

    /// The sum; saturates.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference; saturates.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Price per share, half-even; zero for no shares.
    #[must_use]
    pub fn average(self, quantity: Shares) -> Price {
        Value(i128::from(self.0)).average(quantity)
    }

    /// In paise, half-even; exact where prices are whole paise.
    #[must_use]
    pub fn to_paise(self) -> Paise {
        Value(i128::from(self.0)).to_paise()
    }

    /// The part that `part` of `whole` shares stand for.
    #[must_use]
    pub fn share(self, part: Shares, whole: Shares) -> Self {
        let product = i128::from(self.0) * i128::from(part.0);
        let share = torana_domain::money::div_half_even(product, i128::from(whole.0));
        Self(i64::try_from(share).unwrap_or(i64::MAX))
    }

    /// The part that `part` of `whole` shares stand for, in whole paise, so that it can be paid.
    #[must_use]
    pub fn payable_share(self, part: Shares, whole: Shares) -> Self {
        Self(
            self.share(part, whole)
                .to_paise()
                .0
                .saturating_mul(PRICE_PER_PAISA),
        )
    }
}

/// What was traded today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traded {
    /// Bought.
    pub bought: Shares,
    /// Paid for them.
    pub bought_worth: Worth,
    /// Sold.
    pub sold: Shares,
    /// Received for them.
    pub sold_worth: Worth,
}

impl Traded {
    /// Adds a trade; a negative quantity with a negative worth takes one back.
    pub(super) const fn book(&mut self, side: Side, quantity: Shares, worth: Worth) {
        let (shares, total) = match side {
            Side::Buy => (&mut self.bought, &mut self.bought_worth),
            Side::Sell => (&mut self.sold, &mut self.sold_worth),
        };
        shares.0 += quantity.0;
        *total = total.plus(worth);
    }

    /// Bought − sold.
    #[must_use]
    pub const fn net(&self) -> Shares {
        Shares(self.bought.0 - self.sold.0)
    }

    /// Takes back `quantity` shares of a side at its average, and gives what they were worth.
    pub(super) fn take_out(&mut self, side: Side, quantity: Shares) -> Worth {
        let (shares, total) = self.of(side);
        let worth = total.payable_share(quantity, shares);
        self.book(side, Shares(-quantity.0), Worth(-worth.0));
        worth
    }

    /// Shares of a side and what was paid or received for them.
    #[must_use]
    pub const fn of(&self, side: Side) -> (Shares, Worth) {
        match side {
            Side::Buy => (self.bought, self.bought_worth),
            Side::Sell => (self.sold, self.sold_worth),
        }
    }

    const fn plus(self, other: Self) -> Self {
        Self {
            bought: Shares(self.bought.0 + other.bought.0),
            bought_worth: self.bought_worth.plus(other.bought_worth),
            sold: Shares(self.sold.0 + other.sold.0),
            sold_worth: self.sold_worth.plus(other.sold_worth),
        }
    }
}

/// Something that each exchange has of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnEach<T> {
    nse: T,
    bse: T,
}

impl<T> OnEach<T> {
    /// That of one exchange.
    #[must_use]
    pub const fn on(&self, exchange: Exchange) -> &T {
        match exchange {
            Exchange::Nse => &self.nse,
            Exchange::Bse => &self.bse,
        }
    }

    pub(super) const fn on_mut(&mut self, exchange: Exchange) -> &mut T {
        match exchange {
            Exchange::Nse => &mut self.nse,
            Exchange::Bse => &mut self.bse,
        }
    }
}

/// One security in one account: what is in the demat account, and what was traded today.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Settled shares at the start of the day.
    pub settled: Shares,
    /// Bought on a trading day before, not yet paid out.
    pub t1: Shares,
    /// Of the T1 shares, those that the other side fails to deliver: they come a settlement later.
    pub failing: Shares,
    /// Pledged shares; not among the settled ones.
    pub collateral: Shares,
    /// What settled and T1 shares cost.
    pub cost: Worth,
    /// Settled shares cleared for sale, used ones included.
    pub authorised: Shares,
    /// The trading day with which the clearance ends.
    pub authorised_for: Option<Date>,
    /// Bought and sold for delivery today.
    pub delivery: OnEach<Traded>,
    /// Bought and sold to be closed today.
    pub intraday: OnEach<Intraday>,
    /// Of what was sold for delivery today, the shares that the auction delivers instead of the account.
    pub covered: Shares,
    /// Waiting in open sell orders for delivery.
    pub selling: Shares,
    /// The depository's fee that today's sales may cost, with GST.
    pub depository: Paise,
}

impl Line {
    /// What was traded for delivery today, on both exchanges: they are settled together.
    #[must_use]
    pub const fn delivered(&self) -> Traded {
        self.delivery
            .on(Exchange::Nse)
            .plus(*self.delivery.on(Exchange::Bse))
    }

    /// Shares that another sell order may ask for.
    #[must_use]
    pub const fn sellable(&self) -> Shares {
        Shares(self.settled.0 + self.t1.0 + self.net().0 - self.selling.0)
    }

    /// Settled shares that must be cleared so that today's sales, the open ones and `more` can be
    /// delivered. Today's buys go first, then T1 shares, which no depository can clear.
    #[must_use]
    pub fn needs_cleared(&self, more: Shares) -> Shares {
        Shares((self.selling.0 + more.0 - self.net().0 - self.t1.0).max(0))
    }

    /// Cleared shares that no sale has used yet.
    #[must_use]
    pub fn cleared_left(&self) -> Shares {
        Shares((self.authorised.0 - self.needs_cleared(Shares(0)).0).max(0))
    }

    /// Shares sold today out of the demat account.
    #[must_use]
    pub fn used(&self) -> Shares {
        Shares((-self.net().0).max(0))
    }

    /// Bought − sold for delivery today.
    #[must_use]
    pub const fn net(&self) -> Shares {
        self.delivered().net()
    }

    /// Whether there is an intraday position or order.
    #[must_use]
    pub const fn is_intraday(&self) -> bool {
        !(self.intraday.nse.is_idle() && self.intraday.bse.is_idle())
    }

    /// Margin of the intraday positions and orders.
    #[must_use]
    pub fn margin(&self, leverage: i64) -> Paise {
        let of = |exchange| self.intraday.on(exchange).margin(leverage).0;
        Paise(of(Exchange::Nse) + of(Exchange::Bse))
    }

    /// Shares sold today that the account cannot deliver: it does not have them, they are not cleared, or it waits
    /// for shares that do not come on a day that `settles`.
    #[must_use]
    pub fn short(&self, settles: bool, ddpi: bool) -> Shares {
        let ready = if ddpi {
            self.settled
        } else {
            self.settled.min(self.authorised)
        };
        let failing = if settles { self.failing.0 } else { 0 };
        Shares((self.used().0 - (ready.0 + self.t1.0 - failing)).max(0))
    }

    /// The line on the next trading day. If the day between `settles`, T1 shares are settled, but for failing ones;
    /// today's net buys are T1, today's net sales are delivered. Clearances end, but for those given for later
    /// and for what open after-market sales need.
    #[must_use]
    pub fn settle(&self, settles: bool, day: Date) -> Self {
        let held = Shares(self.settled.0 + self.t1.0);
        let (today, net) = (self.delivered(), self.net());
        let gone = Shares((self.used().0 - self.covered.0).max(0));
        let bought = Shares(net.0.max(0));
        let kept = Shares(held.0 - gone.0);
        let waiting = if settles {
            self.failing
        } else {
            Shares((self.t1.0 - gone.0).max(0))
        };
        let cost = self
            .cost
            .share(kept, held)
            .plus(today.bought_worth.share(bought, today.bought));
        let next = Self {
            settled: Shares(kept.0 - waiting.0),
            t1: Shares(waiting.0 + bought.0),
            failing: if settles {
                Shares(0)
            } else {
                self.failing.min(waiting)
            },
            collateral: self.collateral,
            cost,
            selling: self.selling,
            intraday: OnEach {
                nse: self.intraday.nse.overnight(),
                bse: self.intraday.bse.overnight(),
            },
            ..Self::default()
        };
        let is_later = self.authorised_for.is_some_and(|until| until >= day);
        Self {
            authorised: if is_later {
                self.authorised
                    .min(next.settled)
                    .max(next.needs_cleared(Shares(0)))
            } else {
                next.needs_cleared(Shares(0))
            },
            authorised_for: self.authorised_for.filter(|_| is_later),
            ..next
        }
    }

    /// The line after a split or bonus, and the part of a share that is left over in `before`ths. Meant for the
    /// start of a day, when nothing is traded yet and no order is open.
    #[must_use]
    pub fn exchanged(&self, after: i64, before: i64) -> (Self, i64) {
        let part = |shares: Shares| Shares(shares.0 * after / before.max(1));
        let entitled = (self.settled.0 + self.t1.0 + self.collateral.0) * after;
        let (t1, collateral) = (part(self.t1), part(self.collateral));
        let changed = Self {
            settled: Shares(entitled / before.max(1) - t1.0 - collateral.0),
            t1,
            failing: part(self.failing),
            collateral,
            cost: self.cost,
            ..Self::default()
        };
        (changed, entitled % before.max(1))
    }

    /// Both lines in one.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        Self {
            settled: Shares(self.settled.0 + other.settled.0),
            t1: Shares(self.t1.0 + other.t1.0),
            failing: Shares(self.failing.0 + other.failing.0),
            collateral: Shares(self.collateral.0 + other.collateral.0),
            cost: self.cost.plus(other.cost),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests;
