//! One broker account of a world: money, shares, today's trading, orders, logins.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::Side;
use torana_domain::time::{Date, Timestamp};

use super::alerts::Alert;
use super::behaviour::Behaviour;
use super::clearance::ClearanceRequest;
use super::fund::FundLine;
use super::gtt::Gtt;
use super::hold::Hold;
use super::line::{Line, Worth};
use super::order::PaperOrder;
use super::terms::Product;

const NAME_MAX: usize = 16;

/// An account's identity inside a world. Written `broker/ACCOUNT`. It owns no memory: every event carries one, and
/// every list that finds an order.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// By broker, then by name. Names are compared as numbers, because every list of a world is searched by them.
impl Ord for AccountKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let name = |key: &Self| u128::from_be_bytes(key.account);
        (self.broker.cmp(&other.broker)).then_with(|| name(self).cmp(&name(other)))
    }
}

impl PartialOrd for AccountKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
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

/// Shares that were sold and not delivered: the exchange buys them in, on account of who sold them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Short {
    /// The auction's number.
    pub number: u64,
    /// Which security.
    pub isin: String,
    /// Shares.
    pub quantity: Shares,
    /// For which price they were sold, on average.
    pub sold_at: Price,
    /// The trading day of the auction.
    pub day: Date,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Money, blocked money included. Below zero only after losses that no margin and no proceeds covered.
    pub cash: Paise,
    /// Money that open orders, intraday positions and today's charges may need.
    pub blocked: Paise,
    /// Money at the start of the day.
    pub opening: Paise,
    /// Proceeds of sales on days before that are not paid out yet.
    pub unsettled: Paise,
    /// Value of an intraday position per rupee of margin.
    pub leverage: i64,
    /// Securities by ISIN.
    pub lines: BTreeMap<String, Line>,
    /// Shares that are being bought in for the account.
    pub shorts: Vec<Short>,
    /// Fund units, in the order in which they are shown. Nothing trades them.
    #[serde(default)]
    pub funds: Vec<FundLine>,
    /// A standing instruction covers all sales: no clearance needed.
    pub ddpi: bool,
    /// Wishes for clearances by their id, until their day ends.
    pub clearances: BTreeMap<String, ClearanceRequest>,
    /// What it does differently.
    pub behaviour: Behaviour,
    /// Orders of the current trading day by their number, after-market orders for the next one included.
    pub orders: BTreeMap<u64, PaperOrder>,
    /// The client's own keys among them.
    #[serde(default)]
    pub references: BTreeSet<String>,
    /// Triggers by their number: active ones, and those that ended a short while ago.
    pub gtts: BTreeMap<u64, Gtt>,
    /// Alerts by their number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub alerts: BTreeMap<u64, Alert>,
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
            opening: cash,
            unsettled: Paise(0),
            leverage: 1,
            lines: BTreeMap::new(),
            shorts: Vec::new(),
            funds: Vec::new(),
            ddpi,
            clearances: BTreeMap::new(),
            behaviour,
            orders: BTreeMap::new(),
            references: BTreeSet::new(),
            gtts: BTreeMap::new(),
            alerts: BTreeMap::new(),
            sessions: BTreeMap::new(),
        }
    }

    /// Money for another order.
    #[must_use]
    pub const fn available(&self) -> Paise {
        Paise(self.cash.0 - self.blocked.0)
    }

    /// Money that can be paid out: the available money without the proceeds of sales that are not settled.
    #[must_use]
    pub fn withdrawable(&self) -> Paise {
        Paise((self.available().0 - self.unsettled.0 - self.sold_today().0).max(0))
    }

    /// What today's sales for delivery have brought.
    #[must_use]
    pub fn sold_today(&self) -> Paise {
        let sold = |line: &Line| line.delivered().sold_worth.to_paise().0;
        Paise(self.lines.values().map(sold).sum())
    }

    /// Puts an accepted order into the book and holds what it needs.
    pub(super) fn reserve(&mut self, order: PaperOrder) {
        self.shift(&order.hold(), 1);
        self.references.extend(order.reference.clone());
        self.orders.insert(order.number, order);
    }

    /// Changes an order and keeps what is held equal to what it still needs.
    pub(super) fn change_order(&mut self, number: u64, change: impl FnOnce(&mut PaperOrder)) {
        let Some(order) = self.orders.get_mut(&number) else {
            return;
        };
        let line = line_of(&mut self.lines, &order.isin);
        order.hold().shift(line, &mut self.blocked, self.leverage, -1);
        change(order);
        order.hold().shift(line, &mut self.blocked, self.leverage, 1);
    }

    /// Books an execution of an order against money and shares.
    pub(super) fn book_fill(&mut self, number: u64, quantity: Shares, price: Price) {
        let Some(order) = self.orders.get(&number) else {
            return;
        };
        let worth = Worth::of(price, quantity);
        let line = line_of(&mut self.lines, &order.isin);
        match order.product {
            Product::Cnc => {
                line.delivery
                    .on_mut(order.exchange)
                    .book(order.side, quantity, worth);
                match order.side {
                    Side::Buy => self.cash.0 -= worth.to_paise().0,
                    Side::Sell => self.cash.0 += worth.to_paise().0,
                }
                if line.depository.0 == 0 {
                    line.depository = order.rates.depository_with_gst();
                    self.blocked.0 += line.depository.0;
                }
            }
            Product::Mis => {
                let margin = line.margin(self.leverage);
                let position = line.intraday.on_mut(order.exchange);
                self.cash.0 += position.book(order.side, quantity, worth).0;
                self.blocked.0 += line.margin(self.leverage).0 - margin.0;
            }
        }
    }

    /// Money that an order needs beyond what is free already if it replaces `old`.
    pub(super) fn needed(&self, old: Option<&Hold<'_>>, new: &Hold<'_>) -> Paise {
        let mut line = self.lines.get(new.isin).cloned().unwrap_or_default();
        let mut blocked = Paise(0);
        if let Some(old) = old {
            old.shift(&mut line, &mut blocked, self.leverage, -1);
        }
        new.shift(&mut line, &mut blocked, self.leverage, 1);
        blocked
    }

    /// Adds what an order holds, or takes it back with a `sign` of -1.
    fn shift(&mut self, hold: &Hold<'_>, sign: i64) {
        let line = line_of(&mut self.lines, hold.isin);
        hold.shift(line, &mut self.blocked, self.leverage, sign);
    }

    /// Changes a line; its intraday margin stays blocked as it has to be.
    pub(super) fn change_line(&mut self, isin: &str, change: impl FnOnce(&mut Line, &mut Paise)) {
        let line = line_of(&mut self.lines, isin);
        let margin = line.margin(self.leverage);
        change(line, &mut self.cash);
        self.blocked.0 += line.margin(self.leverage).0 - margin.0;
    }

    /// The start of trading day `day`; `settles` if the day before it paid out.
    pub(super) fn start_day(&mut self, at: Timestamp, day: Date, settles: bool) {
        let sold = self.sold_today();
        self.unsettled = Paise(sold.0 + if settles { 0 } else { self.unsettled.0 });
        let (ended, open) = std::mem::take(&mut self.orders)
            .into_iter()
            .partition(|(_, order)| order.status.is_final());
        self.orders = open;
        let references = self.orders.values().filter_map(|order| order.reference.clone());
        self.references = references.collect();
        for order in BTreeMap::into_values(ended) {
            self.shift(&order.hold(), -1);
        }
        self.sessions.retain(|_, session| session.expires_at > at);
        self.clearances.retain(|_, request| request.day >= day);
        for line in self.lines.values_mut() {
            let margin = line.margin(self.leverage).0 + line.depository.0;
            *line = line.settle(settles, day);
            self.blocked.0 += line.margin(self.leverage).0 - margin;
        }
        self.lines.retain(|_, line| *line != Line::default());
        self.opening = self.cash;
    }

    pub(super) fn line_mut(&mut self, isin: &str) -> &mut Line {
        line_of(&mut self.lines, isin)
    }
}

fn line_of<'a>(lines: &'a mut BTreeMap<String, Line>, isin: &str) -> &'a mut Line {
    lines.entry(isin.to_owned()).or_default()
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
