//! A second set of books, kept from the events alone: what cash and shares must be.
//!
//! It knows nothing of lines, averages, margins or settlement. Each trade moves cash by its whole value and shares by
//! its quantity, whatever its product. What the exchange lends on an open intraday position is therefore the
//! only difference between these books and the accounts, and it is asked of the account.

use std::collections::{BTreeMap, BTreeSet};

use torana_instruments::Exchange;

use super::*;
use crate::core::charges::{Charges, Rates};
use crate::core::line::{Line, Worth};
use crate::core::tape::Tape;
use crate::core::terms::Product;

#[derive(Default)]
struct Books {
    cash: i64,
    shares: BTreeMap<String, i64>,
    /// What each order of the day costs and was worth so far.
    trades: BTreeMap<u64, (Rates, i64)>,
}

/// What the accounts of a world must have, by its events.
#[derive(Default)]
pub(super) struct Audit {
    /// Events that are in the books.
    seen: usize,
    /// Prices as they were at each event: a split restates those of before it.
    tape: Option<Tape>,
    orders: BTreeMap<(AccountKey, u64), PaperOrder>,
    books: BTreeMap<AccountKey, Books>,
    /// Accounts that may owe money: intraday losses and auctions can cost more than there is.
    pub may_owe: BTreeSet<AccountKey>,
}

impl Audit {
    /// Enters the events that are new.
    pub(super) fn follow(&mut self, world: &World) {
        for event in &world.events[self.seen..] {
            self.add(world, event);
        }
        self.seen = world.events.len();
    }

    fn add(&mut self, world: &World, event: &Event) {
        match (&event.fact, &mut self.tape) {
            (Fact::WorldStarted { tape, .. }, _) => self.tape = Some(tape.clone()),
            (fact, Some(tape)) => tape.evolve(fact),
            (_, None) => {}
        }
        match &event.fact {
            Fact::AccountMade { key, account } => {
                let held = account.lines.iter();
                let books = Books {
                    cash: account.cash.0,
                    shares: held
                        .map(|(isin, line)| (isin.clone(), line.settled.0 + line.t1.0 + line.collateral.0))
                        .collect(),
                    trades: BTreeMap::new(),
                };
                self.books.insert(key.clone(), books);
            }
            Fact::OrderAccepted { key, order } => {
                if order.product == Product::Mis {
                    self.may_owe.insert(key.clone());
                }
                self.orders.insert((key.clone(), order.number), (**order).clone());
            }
            Fact::OrderFilled {
                key,
                number,
                quantity,
                price,
                ..
            } => self.fill(world, event, (key, *number), *quantity, *price),
            Fact::ContractNote {
                key,
                charges,
                depository,
                ..
            } => {
                let books = self.books.get_mut(key).unwrap();
                let legs = std::mem::take(&mut books.trades).into_values();
                let expected = Charges::of_note(legs.map(|(rates, worth)| (rates, Worth(worth))));
                assert_eq!(*charges, expected, "{key}");
                assert!(depository.0 >= 0 && depository.0 % 1_534 == 0);
                books.cash -= expected.total().0 + depository.0;
            }
            Fact::DeliveryShort { key, short } => {
                // The auction delivers for the account: the shares are there, and are owed.
                let books = self.books.get_mut(key).unwrap();
                *books.shares.get_mut(&short.isin).unwrap() += short.quantity.0;
            }
            Fact::AuctionSettled {
                key, quantity, price, ..
            } => {
                self.may_owe.insert(key.clone());
                self.books.get_mut(key).unwrap().cash -= quantity.0 * price.0 / 100;
            }
            Fact::SharesRestated {
                isin,
                after,
                before,
                price,
                ..
            } => {
                for books in self.books.values_mut() {
                    let Some(shares) = books.shares.get_mut(isin) else {
                        continue;
                    };
                    let entitled = *shares * after;
                    *shares = entitled.div_euclid(*before);
                    let left = i128::from(entitled.rem_euclid(*before) * price.0);
                    let paise = torana_domain::money::div_half_even(left, i128::from(before * 100));
                    books.cash += i64::try_from(paise).unwrap();
                }
            }
            _ => {}
        }
    }

    fn fill(
        &mut self,
        world: &World,
        event: &Event,
        whose: (&AccountKey, u64),
        quantity: Shares,
        price: Price,
    ) {
        let (key, number) = whose;
        let order = &self.orders[&(key.clone(), number)];
        if let Some(asked) = order.price {
            let is_kept = match order.side {
                Side::Buy => price <= asked,
                Side::Sell => price >= asked,
            };
            assert!(is_kept, "outside its limit: {order:?} {price:?}");
        }
        assert!(
            world.is_trading(&order.ticker, event.at),
            "filled outside the session"
        );
        let frame = world.frame_on(self.tape.as_ref().unwrap(), &order.ticker, event.at);
        assert!(frame.allows(price));
        let sign = if order.side == Side::Buy { 1 } else { -1 };
        let books = self.books.get_mut(key).unwrap();
        assert_eq!(quantity.0 * price.0 % 100, 0, "a trade is worth whole paise");
        books.cash -= sign * quantity.0 * price.0 / 100;
        *books.shares.entry(order.isin.clone()).or_default() += sign * quantity.0;
        let trade = books.trades.entry(number).or_insert((order.rates, 0));
        trade.1 += quantity.0 * price.0;
    }

    /// Compares the books with the accounts.
    pub(super) fn check(&self, world: &World) {
        for (key, books) in &self.books {
            let account = &world.state.accounts[key];
            let lent: i64 = account
                .lines
                .values()
                .flat_map(positions)
                .map(|(_, open)| open)
                .sum();
            assert_eq!(lent % 100, 0, "what is lent is whole paise");
            assert_eq!(account.cash.0, books.cash + lent / 100, "{key}");
            for (isin, shares) in &books.shares {
                let line = account.lines.get(isin).cloned().unwrap_or_default();
                let open: i64 = positions(&line).map(|(net, _)| net).sum();
                let held =
                    line.settled.0 + line.t1.0 + line.collateral.0 + line.net().0 + line.covered.0 + open;
                // What is being bought in today is counted in both until the day ends.
                assert_eq!(held, *shares, "{key} {isin} {line:?}");
            }
        }
    }
}

/// Net shares and signed cost of the open intraday positions of a line.
fn positions(line: &Line) -> impl Iterator<Item = (i64, i64)> {
    let of = |exchange| {
        let position = line.intraday.on(exchange);
        let net = position.net().0;
        (net, position.open.0 * net.signum())
    };
    [of(Exchange::Nse), of(Exchange::Bse)].into_iter()
}

/// What must hold of an account at any time.
pub(super) fn check_account(key: &AccountKey, account: &Account, may_owe: bool) {
    if !may_owe {
        assert!(
            account.cash.0 >= 0 && account.available().0 >= 0,
            "{key} {account:?}"
        );
    }
    let orders = account.orders.values();
    let of_orders: i64 = orders
        .clone()
        .map(|order| order.blocked().0 + order.charges_held().0)
        .sum();
    let of_lines: i64 = account
        .lines
        .values()
        .map(|line| line.margin(account.leverage).0 + line.depository.0)
        .sum();
    assert_eq!(account.blocked.0, of_orders + of_lines, "{key}");
    for (isin, line) in &account.lines {
        assert!(
            line.settled.0 >= 0
                && line.t1.0 >= 0
                && (0..=line.t1.0).contains(&line.failing.0)
                && line.cost.0 >= 0,
            "{key} {isin} {line:?}"
        );
        assert!(line.sellable().0 >= 0, "{key} {isin} {line:?}");
        let sells = orders
            .clone()
            .filter(|order| order.isin == *isin && order.side == Side::Sell && order.product == Product::Cnc);
        assert_eq!(
            line.selling.0,
            sells.map(|order| order.reserved().0).sum::<i64>(),
            "{isin}"
        );
        for exchange in [Exchange::Nse, Exchange::Bse] {
            let position = line.intraday.on(exchange);
            let waiting = |side: Side| -> i64 {
                let of_side = orders.clone().filter(|order| {
                    (&order.isin, order.exchange, order.product, order.side)
                        == (isin, exchange, Product::Mis, side)
                });
                of_side.map(|order| order.reserved().0).sum()
            };
            let expected = (waiting(Side::Buy), waiting(Side::Sell));
            assert_eq!(
                (position.buying.quantity.0, position.selling.quantity.0),
                expected,
                "{isin}"
            );
        }
        if !account.ddpi {
            assert!(
                line.authorised >= line.needs_cleared(Shares(0)),
                "{isin}: sold what was not cleared"
            );
        }
    }
}
