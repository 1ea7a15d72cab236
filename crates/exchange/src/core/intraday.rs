//! A position that is opened and closed on one day: product MIS. It costs a margin instead of its value, and
//! moves cash only by what it gains or loses.

use serde::{Deserialize, Serialize};
use torana_domain::money::{PRICE_PER_PAISA, Paise, Shares};
use torana_domain::order::Side;

use super::line::{Traded, Worth};

/// Open orders of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Shares that may still fill.
    pub quantity: Shares,
    /// At their limits.
    pub worth: Worth,
}

/// The intraday trading in one security on one exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intraday {
    /// What was traded today.
    pub traded: Traded,
    /// What the open part of the position was bought or sold for, at average cost.
    pub open: Worth,
    /// Open buy orders.
    pub buying: Waiting,
    /// Open sell orders.
    pub selling: Waiting,
}

impl Intraday {
    /// Bought − sold: above zero a long position, below zero a short one.
    #[must_use]
    pub const fn net(&self) -> Shares {
        self.traded.net()
    }

    /// Adds a trade and gives what it gains or loses. A trade against the position closes it first.
    pub(super) fn book(&mut self, side: Side, quantity: Shares, worth: Worth) -> Paise {
        let before = self.realised();
        let net = self.net();
        let ahead = match side {
            Side::Buy => -net.0,
            Side::Sell => net.0,
        };
        let closing = Shares(quantity.0.min(ahead.max(0)));
        let opening = Shares(quantity.0 - closing.0);
        let closed = self.open.payable_share(closing, Shares(net.0.abs()));
        self.open = self
            .open
            .minus(closed)
            .plus(worth.payable_share(opening, quantity));
        self.traded.book(side, quantity, worth);
        Paise(self.realised().0 - before.0)
    }

    /// What the closed part of today's trading has gained.
    #[must_use]
    pub fn realised(&self) -> Paise {
        let closed = self.traded.sold_worth.minus(self.traded.bought_worth);
        let open = if self.net().0 < 0 {
            Worth(-self.open.0)
        } else {
            self.open
        };
        closed.plus(open).to_paise()
    }

    /// What `quantity` shares of the open part were bought or sold for.
    #[must_use]
    pub fn cost_of(&self, quantity: Shares) -> Worth {
        self.open.payable_share(quantity, Shares(self.net().0.abs()))
    }

    /// Takes `quantity` shares at that cost out of the position without closing them.
    pub(super) fn take_out(&mut self, quantity: Shares) -> Worth {
        let (cost, side) = (self.cost_of(quantity), self.side());
        self.traded.book(side, Shares(-quantity.0), Worth(-cost.0));
        self.open = self.open.minus(cost);
        cost
    }

    /// On which side the position is open.
    #[must_use]
    pub const fn side(&self) -> Side {
        if self.net().0 < 0 { Side::Sell } else { Side::Buy }
    }

    /// Margin: the larger of what all open buys and what all open sells can make of the position, over the
    /// leverage, rounded up to the paisa.
    #[must_use]
    pub fn margin(&self, leverage: i64) -> Paise {
        let extended = |waiting: &Waiting, against: i64| {
            let more = Shares((waiting.quantity.0 - against.max(0)).max(0));
            waiting.worth.share(more, waiting.quantity)
        };
        let net = self.net().0;
        let long = extended(&self.buying, -net).plus(if net > 0 { self.open } else { Worth(0) });
        let short = extended(&self.selling, net).plus(if net < 0 { self.open } else { Worth(0) });
        let per_paisa = PRICE_PER_PAISA * leverage.max(1);
        Paise((long.max(short).0 + per_paisa - 1).div_euclid(per_paisa))
    }

    pub(super) const fn waiting_mut(&mut self, side: Side) -> &mut Waiting {
        match side {
            Side::Buy => &mut self.buying,
            Side::Sell => &mut self.selling,
        }
    }

    /// Whether there is nothing to close.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.net().0 == 0 && self.buying.quantity.0 == 0 && self.selling.quantity.0 == 0
    }

    /// What is left of it on the next trading day: after-market orders.
    #[must_use]
    pub fn overnight(&self) -> Self {
        Self {
            buying: self.buying,
            selling: self.selling,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trade(position: &mut Intraday, side: Side, quantity: i64, rupees: i64) -> i64 {
        let worth = Worth(quantity * rupees * 10_000);
        position.book(side, Shares(quantity), worth).0
    }

    #[test]
    fn gains_and_losses_come_with_the_close() {
        let mut position = Intraday::default();
        assert_eq!(trade(&mut position, Side::Buy, 10, 100), 0);
        assert_eq!(trade(&mut position, Side::Buy, 10, 110), 0);
        assert_eq!(position.margin(5), Paise(42_000));
        assert_eq!(trade(&mut position, Side::Sell, 5, 107), 1_000, "5 × (107 − 105)");
        assert_eq!(position.margin(5), Paise(31_500));
        // Beyond zero: 15 are closed at a loss, 5 are sold short.
        assert_eq!(trade(&mut position, Side::Sell, 20, 100), -7_500);
        assert_eq!((position.net(), position.open), (Shares(-5), Worth(5_000_000)));
        assert_eq!(position.margin(5), Paise(10_000));
        assert_eq!(trade(&mut position, Side::Buy, 5, 90), 5_000);
        assert_eq!(
            (position.realised(), position.margin(5)),
            (Paise(-1_500), Paise(0))
        );
        assert!(position.is_idle());
    }

    #[test]
    fn a_closing_order_needs_no_margin() {
        let mut position = Intraday::default();
        trade(&mut position, Side::Sell, 10, 100);
        let wait = |quantity: i64| Waiting {
            quantity: Shares(quantity),
            worth: Worth(quantity * 1_000_000),
        };
        position.buying = wait(10);
        assert_eq!(position.margin(5), Paise(20_000));
        position.buying = wait(25);
        assert_eq!(position.margin(5), Paise(30_000), "15 would be bought anew");
        position.selling = wait(10);
        assert_eq!(position.margin(5), Paise(40_000), "20 may be sold in the end");
        assert_eq!(position.overnight().margin(5), Paise(50_000));
    }

    #[test]
    fn shares_are_taken_out_at_average_cost() {
        let mut position = Intraday::default();
        trade(&mut position, Side::Buy, 10, 100);
        trade(&mut position, Side::Sell, 4, 110);
        assert_eq!(position.realised(), Paise(4_000));
        assert_eq!(position.take_out(Shares(6)), Worth(6_000_000));
        assert_eq!(
            (position.net(), position.realised(), position.open),
            (Shares(0), Paise(4_000), Worth(0))
        );
    }
}
