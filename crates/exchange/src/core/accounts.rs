//! Making accounts, logging in and out.

use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Paise, Shares};
use torana_domain::time::Timestamp;

use super::account::Account;
use super::behaviour::Behaviour;
use super::command::{ACCOUNTS_PER_WORLD_MAX, HOLDINGS_PER_ACCOUNT_MAX, NewAccount, Reply, SessionRef};
use super::event::Fact;
use super::line::{Line, Worth};
use super::{Step, command};
use crate::seeds::{seeded_accounts, seeded_funds};

/// Most money that an account may start with: ₹1,000 crore.
pub const FUNDS_MAX: Paise = Paise(1_000_000_000_000);
/// Most shares of one holding.
pub const HOLDING_SHARES_MAX: Shares = Shares(10_000_000);

impl Step<'_> {
    /// The seeded accounts appear when their broker is first used, so that worlds stay small.
    pub(super) fn open_broker(&mut self, broker: BrokerKey) {
        if self.state.brokers.contains(&broker) {
            return;
        }
        self.emit(Fact::BrokerOpened { broker });
        for new in seeded_accounts(broker) {
            if let Ok(mut account) = self.build_account(&new) {
                account.funds = seeded_funds(new.key.account());
                self.emit(Fact::AccountMade {
                    key: new.key,
                    account,
                });
            }
        }
    }

    pub(super) fn create_account(&mut self, new: &NewAccount) -> Reply {
        self.open_broker(new.key.broker());
        if self.state.accounts.contains_key(&new.key) {
            return Reply::AccountExists;
        }
        if self.state.accounts.len() >= ACCOUNTS_PER_WORLD_MAX {
            return Reply::BadAccount {
                text: format!("a world has at most {ACCOUNTS_PER_WORLD_MAX} accounts"),
            };
        }
        match self.build_account(new) {
            Err(reply) => reply,
            Ok(account) => {
                self.emit(Fact::AccountMade {
                    key: new.key.clone(),
                    account,
                });
                self.account_view(&new.key)
                    .map_or(Reply::AccountExists, Reply::AccountMade)
            }
        }
    }

    fn build_account(&self, new: &NewAccount) -> Result<Account, Reply> {
        let bad = |text: String| Err(Reply::BadAccount { text });
        if new.holdings.len() > HOLDINGS_PER_ACCOUNT_MAX {
            return bad(format!(
                "an account starts with at most {HOLDINGS_PER_ACCOUNT_MAX} holdings"
            ));
        }
        if !(0..=FUNDS_MAX.0).contains(&new.funds.0) {
            return bad(format!(
                "an account starts with 0 to {} rupees",
                FUNDS_MAX.to_decimal()
            ));
        }
        let mut account = Account::new(new.funds, new.ddpi, new.behaviour);
        account.leverage = self.market.tariff().terms(new.key.broker()).leverage;
        for (index, holding) in new.holdings.iter().enumerate() {
            let isin = self
                .market
                .isin_of(&holding.security)
                .ok_or(Reply::SecurityNotFound { holding: index })?;
            let line = new_line(holding).map_err(|text| Reply::BadAccount {
                text: format!("holding {index}: {text}"),
            })?;
            if account.lines.insert(isin, line).is_some() {
                return bad(format!("holding {index}: the security is named twice"));
            }
        }
        Ok(account)
    }

    pub(super) fn login(&mut self, session: SessionRef, expires_at: Timestamp) -> Reply {
        self.open_broker(session.key.broker());
        let refused = |text: &str| Reply::LoginRefused {
            text: text.to_owned(),
        };
        match self.state.accounts.get(&session.key) {
            None => refused("There is no such account at this broker."),
            Some(account) if account.behaviour == Behaviour::LoginFails => {
                refused("The broker refuses the login of this account.")
            }
            Some(_) if expires_at <= self.at => refused("The session would be over before it begins."),
            Some(_) => {
                let SessionRef { key, token_hash } = session;
                self.emit(Fact::SessionOpened {
                    key,
                    token_hash,
                    expires_at,
                });
                Reply::LoggedIn
            }
        }
    }

    pub(super) fn logout(&mut self, session: &SessionRef) -> Reply {
        let account = self.state.accounts.get(&session.key);
        if account.is_some_and(|account| account.sessions.contains_key(&session.token_hash)) {
            self.end_session(session);
        }
        Reply::Done
    }

    pub(super) fn end_session(&mut self, session: &SessionRef) {
        let SessionRef { key, token_hash } = session.clone();
        self.emit(Fact::SessionEnded { key, token_hash });
    }
}

fn new_line(holding: &command::NewHolding) -> Result<Line, String> {
    let shares = 0..=HOLDING_SHARES_MAX.0;
    let max = HOLDING_SHARES_MAX.0;
    if !shares.contains(&holding.quantity.0) || !shares.contains(&holding.t1_quantity.0) {
        return Err(format!("quantities are 0 to {max} shares"));
    }
    if !(0..=holding.quantity.0).contains(&holding.authorised.0) {
        return Err("authorised is 0 to the settled quantity".to_owned());
    }
    if holding.average_price.0 < 0 {
        return Err("the average price is 0 or more".to_owned());
    }
    let held = Shares(holding.quantity.0 + holding.t1_quantity.0);
    Ok(Line {
        settled: holding.quantity,
        t1: holding.t1_quantity,
        cost: Worth::of(holding.average_price, held),
        authorised: holding.authorised,
        ..Line::default()
    })
}
