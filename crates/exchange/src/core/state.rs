//! The state of a world: what its events add up to.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use torana_domain::broker_key::BrokerKey;
use torana_domain::order::OrderState;
use torana_domain::time::{Date, Timestamp};

use super::account::{Account, AccountKey, Session};
use super::event::{Event, Fact};

/// Most logins that one account keeps at a time; the oldest ends when there is another.
pub const SESSIONS_PER_ACCOUNT_MAX: usize = 50;

/// One world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Decides all prices.
    pub seed: u64,
    /// When the world began.
    pub started_at: Timestamp,
    /// The instant up to which everything due has happened.
    pub now: Timestamp,
    /// The trading day whose book is shown.
    pub day: Date,
    /// Brokers whose seeded accounts exist.
    pub brokers: BTreeSet<BrokerKey>,
    /// All accounts.
    pub accounts: BTreeMap<AccountKey, Account>,
    /// Orders taken so far.
    pub order_count: u64,
    /// Logins so far.
    pub session_count: u64,
    /// Open orders by the instant of what happens next to them, then by arrival.
    pub due: BTreeSet<(Timestamp, u64, AccountKey)>,
}

impl State {
    /// A world before its first event.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            seed: 0,
            started_at: Timestamp(0),
            now: Timestamp(0),
            day: Date {
                year: 1970,
                month: 1,
                day: 1,
            },
            brokers: BTreeSet::new(),
            accounts: BTreeMap::new(),
            order_count: 0,
            session_count: 0,
            due: BTreeSet::new(),
        }
    }

    /// Adds one event. Total: an event that names something unknown changes nothing.
    pub fn evolve(&mut self, event: &Event) {
        self.now = self.now.max(event.at);
        match &event.fact {
            Fact::WorldStarted { seed, day } => {
                *self = Self {
                    seed: *seed,
                    started_at: event.at,
                    now: event.at,
                    day: *day,
                    ..Self::empty()
                };
            }
            Fact::DayStarted { day } => {
                self.day = *day;
                for account in self.accounts.values_mut() {
                    account.start_day(event.at);
                }
            }
            Fact::BrokerOpened { broker } => {
                self.brokers.insert(*broker);
            }
            Fact::AccountMade { key, account } => {
                self.accounts.insert(key.clone(), account.clone());
            }
            Fact::SessionOpened {
                key,
                token_hash,
                expires_at,
            } => self.open_session(key, token_hash, *expires_at),
            Fact::SessionEnded { key, token_hash } => {
                if let Some(account) = self.accounts.get_mut(key) {
                    account.sessions.remove(token_hash);
                }
            }
            Fact::SharesAuthorised {
                key,
                isin,
                authorised,
            } => {
                if let Some(account) = self.accounts.get_mut(key) {
                    account.line_mut(isin).authorised = *authorised;
                }
            }
            Fact::OrderAccepted { .. }
            | Fact::OrderScheduled { .. }
            | Fact::OrderFilled { .. }
            | Fact::OrderEnded { .. } => self.evolve_order(event),
        }
    }

    fn evolve_order(&mut self, event: &Event) {
        match &event.fact {
            Fact::OrderAccepted { key, order } => {
                self.order_count = self.order_count.max(order.number);
                if let Some(due) = order.due {
                    self.due.insert((due.at, order.number, key.clone()));
                }
                if let Some(account) = self.accounts.get_mut(key) {
                    account.reserve(order.clone());
                }
            }
            Fact::OrderScheduled {
                key,
                number,
                limit,
                exchange_order_id,
                due,
            } => {
                self.change_order(key, *number, |order| {
                    order.limit = *limit;
                    order.exchange_order_id.clone_from(exchange_order_id);
                    order.due = Some(*due);
                });
            }
            Fact::OrderFilled {
                key,
                number,
                quantity,
                price,
            } => {
                let Some(account) = self.accounts.get_mut(key) else {
                    return;
                };
                let Some((isin, side)) = account
                    .orders
                    .get(number)
                    .map(|order| (order.isin.clone(), order.side))
                else {
                    return;
                };
                account.book_fill(&isin, side, *quantity, *price);
                self.change_order(key, *number, |order| {
                    order.filled.0 += quantity.0;
                    order.worth = order.worth.plus(super::line::Worth::of(*price, *quantity));
                    if order.remaining().0 == 0 {
                        order.state = OrderState::Complete;
                        order.due = None;
                    }
                });
            }
            Fact::OrderEnded {
                key,
                number,
                state,
                code,
                text,
            } => {
                self.change_order(key, *number, |order| {
                    order.state = *state;
                    order.error_code = *code;
                    order.status_message = Some(text.clone());
                    order.due = None;
                });
            }
            _ => {}
        }
    }

    /// Changes an order; keeps reservations and the list of what is due in step with it.
    fn change_order(
        &mut self,
        key: &AccountKey,
        number: u64,
        change: impl FnOnce(&mut super::order::PaperOrder),
    ) {
        let Some(account) = self.accounts.get_mut(key) else {
            return;
        };
        if let Some(due) = account.orders.get(&number).and_then(|order| order.due) {
            self.due.remove(&(due.at, number, key.clone()));
        }
        account.change_order(number, change);
        if let Some(due) = account.orders.get(&number).and_then(|order| order.due) {
            self.due.insert((due.at, number, key.clone()));
        }
    }

    fn open_session(&mut self, key: &AccountKey, token_hash: &str, expires_at: Timestamp) {
        self.session_count += 1;
        let Some(account) = self.accounts.get_mut(key) else {
            return;
        };
        if account.sessions.len() >= SESSIONS_PER_ACCOUNT_MAX {
            let oldest = account.sessions.iter().min_by_key(|(_, session)| session.number);
            if let Some(hash) = oldest.map(|(hash, _)| hash.clone()) {
                account.sessions.remove(&hash);
            }
        }
        account.sessions.insert(
            token_hash.to_owned(),
            Session {
                expires_at,
                number: self.session_count,
            },
        );
    }
}
