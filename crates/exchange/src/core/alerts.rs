//! Alerts: a price that somebody wants to hear of, and orders that may go to the market then. An alert fires once and
//! is disabled by that; whoever sets it anew enables it again.

use serde::{Deserialize, Serialize};
use torana_domain::money::Price;
use torana_domain::time::Timestamp;
use torana_instruments::Exchange;

use super::account::AccountKey;
use super::book::{Instrument, Place, Shelf, Waiter};
use super::command::Reply;
use super::event::Fact;
use super::order::OrderRequest;
use super::price::{fold, mix};
use super::quotes::MarketQuote;
use super::refusal::Refusal;
use super::{State, Step};

/// Most alerts of one account.
pub const ALERTS_PER_ACCOUNT_MAX: usize = 500;
/// Most orders behind one alert.
pub const ALERT_ORDERS_MAX: usize = 20;
/// Firings of one alert that are remembered.
const FIRINGS_KEPT: usize = 20;
/// Why an alert that fired is disabled.
const FIRED: &str = "Triggered";

/// How the last price is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertOperator {
    /// It is this or less.
    AtMost,
    /// It is this or more.
    AtLeast,
    /// It is less.
    Below,
    /// It is more.
    Above,
    /// It comes to this, from wherever it is.
    Equal,
}

/// An alert that is to be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRequest {
    /// What its user calls it.
    pub name: String,
    /// Where.
    pub exchange: Exchange,
    /// The ticker there.
    pub ticker: String,
    /// How the last price is compared.
    pub operator: AlertOperator,
    /// With what; above zero.
    pub price: Price,
    /// Orders that go to the market when it fires, in order.
    pub orders: Vec<OrderRequest>,
    /// Whether it waits at once.
    pub is_enabled: bool,
}

/// That an alert fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firing {
    /// When.
    pub at: Timestamp,
    /// The market then, before its orders.
    pub quote: Option<MarketQuote>,
    /// What came of each order: its id, or why it was not taken.
    pub orders: Vec<Result<String, String>>,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its number in the world.
    pub number: u64,
    /// Its public id.
    pub id: String,
    /// What was asked for.
    pub asked: AlertRequest,
    /// ISIN.
    pub isin: String,
    /// Whether it waits for a rise, as seen from the price when it was set.
    pub waits_for_rise: bool,
    /// Why it does not wait, in words if the exchange disabled it; none while it does.
    pub disabled: Option<String>,
    /// Its turn in the book.
    pub turn: u64,
    /// When it was set first.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// When it fired, oldest first.
    pub firings: Vec<Firing>,
}

impl Alert {
    /// Which book it waits in.
    #[must_use]
    pub fn instrument(&self) -> Instrument {
        Instrument::new(self.asked.exchange, &self.isin)
    }

    /// Where it waits there.
    fn place(&self, key: &AccountKey) -> (Shelf, Place) {
        let (shelf, price) = match (self.asked.operator, self.asked.price) {
            (AlertOperator::AtMost, price) => (Shelf::Falls, price),
            (AlertOperator::AtLeast, price) => (Shelf::Rises, price),
            (AlertOperator::Below, price) => (Shelf::Falls, Price(price.0 - 1)),
            (AlertOperator::Above, price) => (Shelf::Rises, Price(price.0 + 1)),
            (AlertOperator::Equal, price) if self.waits_for_rise => (Shelf::Rises, price),
            (AlertOperator::Equal, price) => (Shelf::Falls, price),
        };
        let waiter = Waiter::Alert(key.clone(), self.number);
        (shelf, Place::new(shelf, price, self.turn, waiter))
    }
}

impl Step<'_> {
    /// Sets an alert; the one with this id anew, if there is an id.
    pub(super) fn set_alert(&mut self, key: &AccountKey, id: Option<&str>, asked: AlertRequest) -> Reply {
        let Some(listing) = self.listing(asked.exchange, &asked.ticker) else {
            return refused(&Refusal::UnknownInstrument {
                ticker: asked.ticker,
                exchange: asked.exchange,
            });
        };
        let (number, created_at, firings) = match id {
            None => (self.state.alert_count + 1, self.at, Vec::new()),
            Some(id) => match self.alert(key, id) {
                Some(old) => (old.number, old.created_at, old.firings.clone()),
                None => return Reply::AlertNotFound,
            },
        };
        let count = self.state.accounts.get(key).map_or(0, |all| all.alerts.len());
        if id.is_none() && count >= ALERTS_PER_ACCOUNT_MAX {
            return refused(&Refusal::TooManyAlerts {
                max: ALERTS_PER_ACCOUNT_MAX,
            });
        }
        if asked.price.0 < 1 || asked.orders.len() > ALERT_ORDERS_MAX {
            return refused(&Refusal::BadAlert {
                orders_max: ALERT_ORDERS_MAX,
            });
        }
        let alert = Alert {
            number,
            id: alert_id(self.state.seed, number),
            isin: listing.isin.clone(),
            waits_for_rise: self.last_price(&listing) < asked.price,
            disabled: (!asked.is_enabled).then(String::new),
            asked,
            turn: self.next_turn(),
            created_at,
            updated_at: self.at,
            firings,
        };
        self.emit(Fact::AlertSet {
            key: key.clone(),
            alert: Box::new(alert.clone()),
        });
        Reply::AlertSet(Box::new(alert))
    }

    /// Deletes alerts, all or none.
    pub(super) fn delete_alerts(&mut self, key: &AccountKey, ids: &[String]) -> Reply {
        let numbers: Option<Vec<u64>> = ids
            .iter()
            .map(|id| self.alert(key, id).map(|alert| alert.number))
            .collect();
        let Some(numbers) = numbers else {
            return Reply::AlertNotFound;
        };
        for number in numbers {
            let key = key.clone();
            self.emit(Fact::AlertDeleted { key, number });
        }
        Reply::Done
    }

    pub(super) fn alerts(&mut self, key: &AccountKey) -> Reply {
        let account = self.state.accounts.get(key);
        account.map_or(Reply::SessionExpired, |account| {
            Reply::Alerts(account.alerts.values().cloned().collect())
        })
    }

    /// The last price has reached an alert: its orders go to the market.
    pub(super) fn fire_alert(&mut self, key: &AccountKey, number: u64) {
        let account = self.state.accounts.get(key);
        let Some(alert) = account.and_then(|account| account.alerts.get(&number)) else {
            return;
        };
        let (instrument, asked) = (alert.instrument(), alert.asked.orders.clone());
        let quote = self.quotes_of(&[instrument]).pop();
        let placed = asked.into_iter().map(|order| match self.place_for(key, order) {
            Reply::OrderTaken { broker_order_id } => Ok(broker_order_id),
            Reply::OrderRefused { text, .. } | Reply::OrderNeedsClearance { text } => Err(text),
            _ => Err("The account is not there any more".to_owned()),
        });
        let orders = placed.collect();
        let firing = Firing {
            at: self.at,
            orders,
            quote,
        };
        self.emit(Fact::AlertFired {
            key: key.clone(),
            number,
            firing: Box::new(firing),
        });
    }

    /// An alert cannot fire any more.
    pub(super) fn disable_alert(&mut self, key: &AccountKey, number: u64, why: &str) {
        self.emit(Fact::AlertDisabled {
            key: key.clone(),
            number,
            why: why.to_owned(),
        });
    }

    fn alert(&self, key: &AccountKey, id: &str) -> Option<&Alert> {
        let account = self.state.accounts.get(key)?;
        account.alerts.values().find(|alert| alert.id == id)
    }
}

impl State {
    pub(super) fn evolve_alert(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::AlertSet { key, alert } => {
                self.unlist_alert(key, alert.number);
                self.alert_count = self.alert_count.max(alert.number);
                self.turn_count = self.turn_count.max(alert.turn);
                if let Some(account) = self.accounts.get_mut(key) {
                    account.alerts.insert(alert.number, (**alert).clone());
                    if alert.disabled.is_none() {
                        let (shelf, place) = alert.place(key);
                        let book = self.books.entry(alert.instrument()).or_default();
                        book.put(shelf, place);
                    }
                }
            }
            Fact::AlertFired { key, number, firing } => {
                self.change_alert(key, *number, at, |alert| {
                    alert.disabled = Some(FIRED.to_owned());
                    if alert.firings.len() >= FIRINGS_KEPT {
                        alert.firings.remove(0);
                    }
                    alert.firings.push((**firing).clone());
                });
            }
            Fact::AlertDisabled { key, number, why } => {
                self.change_alert(key, *number, at, |alert| alert.disabled = Some(why.clone()));
            }
            Fact::AlertDeleted { key, number } => {
                self.unlist_alert(key, *number);
                if let Some(account) = self.accounts.get_mut(key) {
                    account.alerts.remove(number);
                }
            }
            _ => {}
        }
    }

    /// Changes an alert that does not wait any more then.
    fn change_alert(
        &mut self,
        key: &AccountKey,
        number: u64,
        at: Timestamp,
        change: impl FnOnce(&mut Alert),
    ) {
        self.unlist_alert(key, number);
        let account = self.accounts.get_mut(key);
        if let Some(alert) = account.and_then(|account| account.alerts.get_mut(&number)) {
            change(alert);
            alert.updated_at = at;
        }
    }

    fn unlist_alert(&mut self, key: &AccountKey, number: u64) {
        let account = self.accounts.get(key);
        let alert = account.and_then(|account| account.alerts.get(&number));
        let Some(alert) = alert.filter(|alert| alert.disabled.is_none()) else {
            return;
        };
        let (instrument, (shelf, place)) = (alert.instrument(), alert.place(key));
        if let Some(book) = self.books.get_mut(&instrument) {
            book.take(shelf, &place);
            if book.is_empty() {
                self.books.remove(&instrument);
            }
        }
    }
}

/// The public id of an alert: a UUID of numbers that belong to it alone.
fn alert_id(seed: u64, number: u64) -> String {
    let high = mix(fold(seed, b"alert") ^ number);
    let low = mix(high);
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0xfff,
        low & 0xffff_ffff_ffff
    )
}

fn refused(refusal: &Refusal) -> Reply {
    Reply::AlertRefused {
        text: refusal.to_string(),
    }
}
