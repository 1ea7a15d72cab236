//! The end of a trading day: contract notes, what could not be closed, what could not be delivered, auctions.
//!
//! Everything happens at the instant at which the next trading day begins, in this order: the auctions of
//! the day are settled, intraday positions that are still open become deliveries, missing deliveries are found and
//! go to the auction of the next day, each account gets its contract note. Then shares move on.

use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::Side;
use torana_domain::time::Date;
use torana_instruments::Exchange;

use super::account::{Account, AccountKey, Short};
use super::charges::Charges;
use super::event::Fact;
use super::line::{Line, Worth};
use super::terms::Product;
use super::{Step, command::Reply};

impl Account {
    /// The contract note of the day and the depository's fees, without the zero ones; `None` if nothing was traded.
    #[must_use]
    pub fn contract_note(&self) -> Option<(Charges, Paise)> {
        let traded = self.orders.values().filter(|order| order.filled.0 > 0);
        let mut legs = traded.map(|order| (order.rates, order.worth)).peekable();
        legs.peek()?;
        let left = self.lines.values().filter(|line| line.used().0 > 0);
        let depository = left.map(|line| line.depository.0).sum();
        Some((Charges::of_note(legs), Paise(depository)))
    }
}

impl Step<'_> {
    /// Ends the present trading day and begins `next`.
    pub(super) fn begin_day(&mut self, next: Date) {
        let keys: Vec<AccountKey> = self.state.accounts.keys().cloned().collect();
        let (ended, settles) = (self.state.day, self.market.settles(self.state.day));
        for key in &keys {
            self.settle_auctions(key);
            self.carry_intraday(key);
            self.find_shorts(key, settles, next);
            self.write_note(key);
        }
        self.emit(Fact::DayStarted { day: next, settles });
        self.apply_corporate_actions(ended, next);
    }

    fn write_note(&mut self, key: &AccountKey) {
        let account = self.state.accounts.get(key);
        if let Some((charges, depository)) = account.and_then(Account::contract_note) {
            let day = self.state.day;
            self.emit(Fact::ContractNote {
                key: key.clone(),
                day,
                charges,
                depository,
            });
        }
    }

    /// What is left of intraday positions is delivered: a long one is paid and kept, a short one is sold for
    /// delivery, which the account may or may not be able to make.
    fn carry_intraday(&mut self, key: &AccountKey) {
        for (isin, exchange, net) in self.open_intraday(key) {
            self.emit(Fact::PositionConverted {
                key: key.clone(),
                isin,
                exchange,
                side: if net.0 > 0 { Side::Buy } else { Side::Sell },
                quantity: Shares(net.0.abs()),
                from: Product::Mis,
            });
        }
    }

    /// Every open intraday position of an account with its net shares.
    pub(super) fn open_intraday(&self, key: &AccountKey) -> Vec<(String, Exchange, Shares)> {
        let mut found = Vec::new();
        for (isin, line) in self
            .state
            .accounts
            .get(key)
            .into_iter()
            .flat_map(|account| &account.lines)
        {
            for exchange in [Exchange::Nse, Exchange::Bse] {
                let net = line.intraday.on(exchange).net();
                if net.0 != 0 {
                    found.push((isin.clone(), exchange, net));
                }
            }
        }
        found
    }

    fn find_shorts(&mut self, key: &AccountKey, settles: bool, day: Date) {
        let Some(account) = self.state.accounts.get(key) else {
            return;
        };
        let short = |(isin, line): (&String, &Line)| {
            let (sold, worth) = line.delivered().of(Side::Sell);
            let missing = line.short(settles, account.ddpi);
            (missing.0 > 0).then(|| (isin.clone(), missing, worth.average(sold)))
        };
        let shorts: Vec<_> = account.lines.iter().filter_map(short).collect();
        for (isin, quantity, sold_at) in shorts {
            let number = self.state.auction_count + 1;
            self.emit(Fact::DeliveryShort {
                key: key.clone(),
                short: Short {
                    number,
                    isin,
                    quantity,
                    sold_at,
                    day,
                },
            });
        }
    }

    /// The auctions of the day are over: the account pays for what was bought in for it.
    fn settle_auctions(&mut self, key: &AccountKey) {
        let Some(account) = self.state.accounts.get(key) else {
            return;
        };
        for short in account.shorts.clone() {
            let price = self.auction_price(key, &short);
            self.emit(Fact::AuctionSettled {
                key: key.clone(),
                number: short.number,
                quantity: short.quantity,
                price,
            });
        }
    }

    /// What undelivered shares cost: the price for which they were sold, or the close of the auction's day with the
    /// penalty on top, whichever is higher; up to the paisa.
    fn auction_price(&self, key: &AccountKey, short: &Short) -> Price {
        let penalty = self.market.tariff().terms(key.broker()).auction_penalty;
        let close = self.last_price_of(&short.isin).unwrap_or(short.sold_at);
        let close = (close.0 * (100 + penalty) + 99).div_euclid(100);
        let up_to_paisa = |price: i64| (price + 99).div_euclid(100) * 100;
        Price(up_to_paisa(close.max(short.sold_at.0)))
    }

    /// From now on the other side of a purchase fails to deliver: what waits to be paid out comes a
    /// settlement later, and cannot be passed on before. Answers [`Reply::Done`] or `NoSuchAccount`.
    pub(super) fn fail_delivery(&mut self, key: &AccountKey, isin: &str) -> Reply {
        let Some(account) = self.state.accounts.get(key) else {
            return Reply::NoSuchAccount;
        };
        let waiting = account.lines.get(isin).filter(|line| line.t1 > line.failing);
        if let Some(quantity) = waiting.map(|line| line.t1) {
            self.emit(Fact::PayOutFailed {
                key: key.clone(),
                isin: isin.to_owned(),
                quantity,
            });
        }
        Reply::Done
    }
}

impl Account {
    /// Notes that shares which were sold are not there.
    pub(super) fn fall_short(&mut self, short: &Short) {
        self.line_mut(&short.isin).covered.0 += short.quantity.0;
        self.shorts.push(short.clone());
    }

    /// Pays for shares that were bought in.
    pub(super) fn pay_auction(&mut self, number: u64, quantity: Shares, price: Price) {
        self.shorts.retain(|short| short.number != number);
        self.cash.0 -= Worth::of(price, quantity).to_paise().0;
    }
}
