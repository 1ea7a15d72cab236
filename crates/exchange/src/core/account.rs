//! One broker account of a world: money, shares, today's trading, orders, logins.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::Side;
use torana_domain::time::Timestamp;

use super::behaviour::Behaviour;
use super::fund::FundLine;
use super::gtt::Gtt;
use super::line::{Line, Worth};
use super::order::PaperOrder;

const NAME_MAX: usize = 16;

/// An account's identity inside a world. Written `broker/ACCOUNT`. It owns no memory: every event carries one, and
/// every list that finds an order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountKey {
    broker: BrokerKey,
    /// Filled up with zeros, so that keys are in the order of their names.
    account: [u8; NAME_MAX],
}

/// A text that no account can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an account is named by 2 to 16 of A-Z and 0-9")]
pub struct BadAccountName;

impl AccountKey {
    /// An account named `^[A-Z0-9]{2,16}$` at a broker.
    pub fn new(broker: BrokerKey, account: &str) -> Result<Self, BadAccountName> {
        let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        if !(2..=NAME_MAX).contains(&account.len()) || !account.bytes().all(plain) {
            return Err(BadAccountName);
        }
        let mut name = [0; NAME_MAX];
        for (to, from) in name.iter_mut().zip(account.bytes()) {
            *to = from;
        }
        Ok(Self {
            broker,
            account: name,
        })
    }

    /// At which broker.
    #[must_use]
    pub const fn broker(&self) -> BrokerKey {
        self.broker
    }

    /// Its client id there.
    #[must_use]
    pub fn account(&self) -> &str {
        let name = self.account.split(|byte| *byte == 0).next();
        name.and_then(|name| std::str::from_utf8(name).ok())
            .unwrap_or_default()
    }
}

impl std::fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl std::fmt::Display for AccountKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.broker, self.account())
    }
}

impl From<AccountKey> for String {
    fn from(key: AccountKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for AccountKey {
    type Error = BadAccountName;
    fn try_from(text: String) -> Result<Self, BadAccountName> {
        let (broker, account) = text.split_once('/').ok_or(BadAccountName)?;
        Self::new(BrokerKey::parse(broker).ok_or(BadAccountName)?, account)
    }
}

/// A login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// When the broker ends it.
    pub expires_at: Timestamp,
    /// Order of logins, so that the oldest can be dropped.
    pub number: u64,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Money, blocked money included; never negative.
    pub cash: Paise,
    /// Money that open buy orders may need.
    pub blocked: Paise,
    /// Securities by ISIN.
    pub lines: BTreeMap<String, Line>,
    /// Fund units, in the order in which they are shown. Nothing trades them.
    #[serde(default)]
    pub funds: Vec<FundLine>,
    /// A standing instruction covers all sales: no clearance needed.
    pub ddpi: bool,
    /// What it does differently.
    pub behaviour: Behaviour,
    /// Orders of the current trading day by their number, after-market orders for the next one included.
    pub orders: BTreeMap<u64, PaperOrder>,
    /// Triggers by their number: active ones, and those that ended a short while ago.
    pub gtts: BTreeMap<u64, Gtt>,
    /// Logins by the hash of their token.
    pub sessions: BTreeMap<String, Session>,
}

impl Account {
    /// An account without shares, funds, orders and logins.
    #[must_use]
    pub const fn new(cash: Paise, ddpi: bool, behaviour: Behaviour) -> Self {
        Self {
            cash,
            blocked: Paise(0),
            lines: BTreeMap::new(),
            funds: Vec::new(),
            ddpi,
            behaviour,
            orders: BTreeMap::new(),
            gtts: BTreeMap::new(),
            sessions: BTreeMap::new(),
        }
    }

    /// Money for another buy.
    #[must_use]
    pub const fn available(&self) -> Paise {
        Paise(self.cash.0 - self.blocked.0)
    }

    /// Puts an accepted order into the book and reserves what it needs.
    pub(super) fn reserve(&mut self, order: PaperOrder) {
        match order.side {
            Side::Buy => self.blocked.0 += order.blocked().0,
            Side::Sell => self.line_mut(&order.isin).selling.0 += order.remaining().0,
        }
        self.orders.insert(order.number, order);
    }

    /// Changes an order and keeps the reservations equal to what it still needs.
    pub(super) fn change_order(&mut self, number: u64, change: impl FnOnce(&mut PaperOrder)) {
        let Some(order) = self.orders.get_mut(&number) else {
            return;
        };
        let (isin, side, before) = (
            order.isin.clone(),
            order.side,
            (order.blocked(), order.reserved()),
        );
        change(order);
        let after = (order.blocked(), order.reserved());
        match side {
            Side::Buy => self.blocked.0 += after.0.0 - before.0.0,
            Side::Sell => self.line_mut(&isin).selling.0 += after.1.0 - before.1.0,
        }
    }

    /// Books an execution against money and shares.
    pub(super) fn book_fill(&mut self, number: u64, quantity: Shares, price: Price) {
        let Some((isin, side)) = self
            .orders
            .get(&number)
            .map(|order| (order.isin.clone(), order.side))
        else {
            return;
        };
        let worth = Worth::of(price, quantity);
        match side {
            Side::Buy => self.cash.0 -= worth.to_paise().0,
            Side::Sell => self.cash.0 += worth.to_paise().0,
        }
        let line = self.line_mut(&isin);
        let (shares, total) = match side {
            Side::Buy => (&mut line.bought, &mut line.bought_worth),
            Side::Sell => (&mut line.sold, &mut line.sold_worth),
        };
        shares.0 += quantity.0;
        *total = total.plus(worth);
    }

    /// The start of another trading day.
    pub(super) fn start_day(&mut self, at: Timestamp) {
        self.orders.retain(|_, order| !order.status.is_final());
        self.sessions.retain(|_, session| session.expires_at > at);
        for line in self.lines.values_mut() {
            *line = line.settle();
        }
        self.lines.retain(|_, line| *line != Line::default());
    }

    pub(super) fn line_mut(&mut self, isin: &str) -> &mut Line {
        self.lines.entry(isin.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_exact() {
        let key = AccountKey::new(BrokerKey::Kite, "DEMO01").unwrap();
        assert_eq!(AccountKey::try_from(key.to_string()), Ok(key));
        for bad in ["A", "demo01", "DEMO_1", "ABCDEFGHIJKLMNOPQ", "", "DÉ"] {
            assert_eq!(
                AccountKey::new(BrokerKey::Kite, bad),
                Err(BadAccountName),
                "{bad}"
            );
        }
        for bad in ["kite", "nobody/DEMO01", "kite/demo"] {
            assert!(AccountKey::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
