//! One security in one account, and how its shares move from day to day.

use serde::{Deserialize, Serialize};
use torana_domain::money::{Paise, Price, Shares, Value};

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
}

/// One security in one account: what is in the demat account, and what was traded today.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Settled shares at the start of the day.
    pub settled: Shares,
    /// Bought on the trading day before, not yet settled.
    pub t1: Shares,
    /// Pledged shares; not among the settled ones.
    pub collateral: Shares,
    /// What settled and T1 shares cost.
    pub cost: Worth,
    /// Settled shares cleared for sale today, used ones included.
    pub authorised: Shares,
    /// Bought today.
    pub bought: Shares,
    /// Paid for them.
    pub bought_worth: Worth,
    /// Sold today.
    pub sold: Shares,
    /// Received for them.
    pub sold_worth: Worth,
    /// Waiting in open sell orders.
    pub selling: Shares,
}

impl Line {
    /// Shares that another sell order may ask for.
    #[must_use]
    pub const fn sellable(&self) -> Shares {
        Shares(self.settled.0 + self.t1.0 + self.bought.0 - self.sold.0 - self.selling.0)
    }

    /// Settled shares that must be cleared so that today's sales, the open ones and `more` can be
    /// delivered. Today's buys go first, then T1 shares, which no depository can clear.
    #[must_use]
    pub fn needs_cleared(&self, more: Shares) -> Shares {
        Shares((self.sold.0 + self.selling.0 + more.0 - self.bought.0 - self.t1.0).max(0))
    }

    /// Cleared shares that no sale has used yet.
    #[must_use]
    pub fn cleared_left(&self) -> Shares {
        Shares((self.authorised.0 - self.needs_cleared(Shares(0)).0).max(0))
    }

    /// Shares sold today out of the demat account.
    #[must_use]
    pub fn used(&self) -> Shares {
        Shares((self.sold.0 - self.bought.0).max(0))
    }

    /// Bought − sold today.
    #[must_use]
    pub const fn net(&self) -> Shares {
        Shares(self.bought.0 - self.sold.0)
    }

    /// The line on the next trading day: T1 shares are settled, today's net buys are T1, today's net sales
    /// are delivered. Clearances end, but for what open after-market sales need.
    #[must_use]
    pub fn settle(&self) -> Self {
        let held = Shares(self.settled.0 + self.t1.0);
        let net = self.net();
        let (t1, cost) = if net.0 > 0 {
            (net, self.cost.plus(self.bought_worth.share(net, self.bought)))
        } else {
            (Shares(0), self.cost.share(Shares(held.0 + net.0), held))
        };
        let settled = Shares(held.0 + net.0.min(0));
        let next = Self {
            settled,
            t1,
            collateral: self.collateral,
            cost,
            selling: self.selling,
            ..Self::default()
        };
        Self {
            authorised: next.needs_cleared(Shares(0)),
            ..next
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buys_become_t1_and_then_settled() {
        let bought = Line {
            settled: Shares(10),
            cost: Worth(1_000),
            bought: Shares(4),
            bought_worth: Worth(600),
            sold: Shares(1),
            sold_worth: Worth(200),
            authorised: Shares(3),
            ..Line::default()
        };
        assert_eq!(
            (bought.net(), bought.used(), bought.sellable()),
            (Shares(3), Shares(0), Shares(13))
        );
        let next = bought.settle();
        assert_eq!(
            next,
            Line {
                settled: Shares(10),
                t1: Shares(3),
                cost: Worth(1_450),
                ..Line::default()
            }
        );
        let after = next.settle();
        assert_eq!(
            after,
            Line {
                settled: Shares(13),
                cost: Worth(1_450),
                ..Line::default()
            }
        );
    }

    #[test]
    fn sales_leave_at_cost() {
        let sold = Line {
            settled: Shares(10),
            t1: Shares(2),
            cost: Worth(1_200),
            sold: Shares(3),
            ..Line::default()
        };
        assert_eq!((sold.used(), sold.sellable()), (Shares(3), Shares(9)));
        assert_eq!(
            sold.settle(),
            Line {
                settled: Shares(9),
                cost: Worth(900),
                ..Line::default()
            }
        );
    }

    #[test]
    fn clearances_count_settled_shares_only() {
        let line = Line {
            settled: Shares(10),
            t1: Shares(2),
            bought: Shares(1),
            authorised: Shares(4),
            ..Line::default()
        };
        assert_eq!(line.needs_cleared(Shares(3)), Shares(0));
        assert_eq!(line.needs_cleared(Shares(7)), Shares(4));
        let used = Line {
            sold: Shares(5),
            selling: Shares(1),
            ..line
        };
        assert_eq!(
            (used.needs_cleared(Shares(0)), used.cleared_left()),
            (Shares(3), Shares(1))
        );
        // A waiting after-market sale keeps its clearance over the night.
        assert_eq!(used.settle().authorised, Shares(1));
    }
}
