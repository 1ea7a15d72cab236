//! What a user and the control side can read.

use std::sync::Arc;

use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::Side;
use torana_instruments::Exchange;

use super::Step;
use super::account::{Account, AccountKey};
use super::behaviour::Behaviour;
use super::command::{AccountView, BookView, HoldingView, PositionView, QuoteView, Reader, Reply};
use super::fund;
use super::line::Line;
use crate::market::Listing;

/// Most tickers of one question for prices; the rest is left out.
pub const QUOTES_MAX: usize = 1_000;
/// What an account with the behaviour `low_funds` shows at most.
pub const LOW_FUNDS_SHOWN: Paise = Paise(10_000);

impl Step<'_> {
    pub(super) fn list_accounts(&mut self, broker: BrokerKey) -> Reply {
        self.open_broker(broker);
        let of_broker = self
            .state
            .accounts
            .iter()
            .filter(|(key, _)| key.broker() == broker);
        Reply::Accounts(of_broker.map(|(key, account)| self.view(key, account)).collect())
    }

    /// One account. The platform may be the first to ask for one of its broker.
    pub(super) fn account(&mut self, reader: &Reader) -> Reply {
        if let Reader::Platform(key) = reader {
            self.open_broker(key.broker());
        }
        self.reading(reader, |step, key| {
            let view = step.account_view(key);
            view.map_or(Reply::SessionExpired, |view| Reply::Account(Box::new(view)))
        })
    }

    pub(super) fn account_view(&self, key: &AccountKey) -> Option<AccountView> {
        self.state
            .accounts
            .get(key)
            .map(|account| self.view(key, account))
    }

    fn view(&self, key: &AccountKey, account: &Account) -> AccountView {
        AccountView {
            key: key.clone(),
            cash: account.cash,
            blocked: account.blocked,
            holdings: self.holding_views(account),
            ddpi: account.ddpi,
            behaviour: account.behaviour,
        }
    }

    fn holding_views(&self, account: &Account) -> Vec<HoldingView> {
        let held = |line: &Line| line.settled.0 + line.t1.0 + line.collateral.0 > 0;
        let lines = account.lines.iter().filter(|(_, line)| held(line));
        lines
            .map(|(isin, line)| self.holding_view(isin, line, account))
            .collect()
    }

    fn holding_view(&self, isin: &str, line: &Line, account: &Account) -> HoldingView {
        let (nse_ticker, bse_ticker) = self.market.tickers_of(isin);
        let opening = Shares(line.settled.0 + line.t1.0);
        let shorts = account.shorts.iter().filter(|short| short.isin == isin);
        HoldingView {
            isin: isin.to_owned(),
            nse_ticker,
            bse_ticker,
            quantity: line.settled,
            t1_quantity: line.t1,
            opening_quantity: opening,
            average_price: line.cost.average(opening),
            last_price: self.last_price_of(isin),
            close_price: self.close_before(isin),
            collateral_quantity: line.collateral,
            used_quantity: line.used(),
            short_quantity: Shares(shorts.map(|short| short.quantity.0).sum()),
            authorised_quantity: if account.ddpi {
                line.settled
            } else {
                line.cleared_left()
            },
            authorised_for: line.authorised_for,
        }
    }

    pub(super) fn holdings(&mut self, key: &AccountKey) -> Reply {
        let account = self.state.accounts.get(key);
        account.map_or(Reply::SessionExpired, |account| {
            Reply::Holdings(self.holding_views(account))
        })
    }

    pub(super) fn positions(&mut self, key: &AccountKey) -> Reply {
        let Some(account) = self.state.accounts.get(key) else {
            return Reply::SessionExpired;
        };
        let traded = account.lines.iter().filter(|(_, line)| line.net().0 != 0);
        let position = |(isin, line): (&String, &Line)| {
            let (nse, bse) = self.market.tickers_of(isin);
            let side = if line.net().0 > 0 { Side::Buy } else { Side::Sell };
            let (shares, worth) = line.delivered().of(side);
            let ticker = nse.or(bse).unwrap_or_else(|| isin.clone());
            PositionView {
                isin: isin.clone(),
                ticker,
                quantity: line.net(),
                average_price: worth.average(shares),
            }
        };
        Reply::Positions(traded.map(position).collect())
    }

    pub(super) fn demat_funds(&mut self, key: &AccountKey) -> Reply {
        let Some(account) = self.state.accounts.get(key) else {
            return Reply::SessionExpired;
        };
        let valued_on = self.market.day_before(self.state.day);
        let view = |line| fund::view(line, valued_on);
        Reply::DematFunds(account.funds.iter().filter_map(view).collect())
    }

    pub(super) fn funds(&mut self, key: &AccountKey) -> Reply {
        let Some(account) = self.state.accounts.get(key) else {
            return Reply::SessionExpired;
        };
        Reply::Funds(shown_funds(account))
    }

    pub(super) fn quotes(&mut self, tickers: &[String]) -> Reply {
        let quote = |ticker: &String| {
            let listing = self.market.listing(ticker)?;
            Some(QuoteView {
                ticker: ticker.clone(),
                last_price: self.market.last_price(self.state.prices(), &listing, self.at),
                bounds: self.frame(&listing).bounds(),
            })
        };
        Reply::Quotes(tickers.iter().take(QUOTES_MAX).filter_map(quote).collect())
    }

    /// The last traded price of a security that can be traded.
    pub(super) fn last_price_of(&self, isin: &str) -> Option<Price> {
        let listing = self.tradable(isin)?;
        Some(self.last_price(&listing))
    }

    /// The official close of the trading day before the one whose book is shown.
    pub(super) fn close_before(&self, isin: &str) -> Option<Price> {
        let listing = self.tradable(isin)?;
        let frame = self.market.frame(self.state.prices(), &listing, self.state.day);
        Some(frame.previous_close)
    }

    fn tradable(&self, isin: &str) -> Option<Arc<Listing>> {
        let on = |exchange| {
            let ticker = self.market.ticker_on(exchange, isin)?;
            self.listing(exchange, &ticker)
        };
        Exchange::ALL.into_iter().find_map(on)
    }

    pub(super) fn book(&mut self, key: &AccountKey) -> Reply {
        let Some(account) = self.state.accounts.get(key) else {
            return Reply::SessionExpired;
        };
        let trading_day = self.state.day;
        Reply::Book(BookView {
            trading_day,
            closed: self.market.is_day_over(trading_day, self.at),
            orders: account.orders.values().cloned().collect(),
        })
    }
}

/// Money for another order as the account's broker shows it.
pub(super) fn shown_funds(account: &Account) -> Paise {
    let available = account.available();
    match account.behaviour {
        Behaviour::LowFunds => available.min(LOW_FUNDS_SHOWN),
        _ => available,
    }
}
