//! The state of a world: what its events add up to.

mod orders;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use torana_domain::broker_key::BrokerKey;
use torana_domain::time::{Date, Timestamp};

use super::account::{Account, AccountKey, Session};
use super::book::Books;
use super::event::{Event, Fact};
use super::faults::Faults;
use super::order::id_number;
use super::push::Outbox;
use super::tally::Tallies;
use super::tape::{Prices, Tape};

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
    /// What was set from outside of what the seed decides.
    pub tape: Tape,
    /// Orders taken so far.
    pub order_count: u64,
    /// Logins so far.
    pub session_count: u64,
    /// Turns in books so far.
    pub turn_count: u64,
    /// Trades so far.
    pub trade_count: u64,
    /// Triggers set up so far.
    pub gtt_count: u64,
    /// Alerts set so far.
    #[serde(default)]
    pub alert_count: u64,
    /// How long each step of an order, a modification or a cancellation takes.
    pub latency_ms: i64,
    /// Auctions of missing shares so far.
    pub auction_count: u64,
    /// Accounts with intraday positions or orders, by their broker.
    pub intraday: BTreeMap<BrokerKey, BTreeSet<AccountKey>>,
    /// When intraday positions were closed last.
    pub squared_off_at: Timestamp,
    /// Accounts with clearances that end today, by their broker.
    pub cleared: BTreeMap<BrokerKey, BTreeSet<AccountKey>>,
    /// Open orders by the instant of what happens next to them, then by arrival.
    pub due: BTreeSet<(Timestamp, u64, AccountKey)>,
    /// Active triggers by the instant at which they expire.
    pub gtt_due: BTreeSet<(Timestamp, u64, AccountKey)>,
    /// What waits for a price, by security.
    pub books: Books,
    /// The orders of all accounts' books of the day by the broker's id, which is a number.
    pub order_ids: BTreeMap<u64, (AccountKey, u64)>,
    /// Orders of the day that are done and behind which another one is due, by arrival.
    #[serde(default)]
    pub next_due: BTreeSet<(u64, AccountKey)>,
    /// What goes wrong on demand.
    #[serde(default)]
    pub faults: Faults,
    /// What brokers push to the platform and nobody has taken yet.
    #[serde(default)]
    pub outbox: Box<Outbox>,
    /// What they push to apps.
    #[serde(default)]
    pub app_outbox: Box<Outbox>,
    /// What securities traded so far today; no part of what events add up to.
    #[serde(skip)]
    pub(super) tallies: Tallies,
}

impl State {
    /// A world before its first event.
    #[must_use]
    pub fn empty() -> Self {
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
            tape: Tape::starting(
                Date {
                    year: 1970,
                    month: 1,
                    day: 1,
                },
                Timestamp(0),
            ),
            order_count: 0,
            session_count: 0,
            turn_count: 0,
            trade_count: 0,
            gtt_count: 0,
            alert_count: 0,
            latency_ms: 0,
            auction_count: 0,
            intraday: BTreeMap::new(),
            squared_off_at: Timestamp(0),
            cleared: BTreeMap::new(),
            due: BTreeSet::new(),
            gtt_due: BTreeSet::new(),
            books: Books::new(),
            order_ids: BTreeMap::new(),
            next_due: BTreeSet::new(),
            faults: Faults::empty(),
            outbox: Box::default(),
            app_outbox: Box::default(),
            tallies: Tallies::default(),
        }
    }

    /// What prices are computed from.
    #[must_use]
    pub const fn prices(&self) -> Prices<'_> {
        Prices {
            seed: self.seed,
            tape: &self.tape,
        }
    }

    /// Adds one event. Total: an event that names something unknown changes nothing.
    pub fn evolve(&mut self, event: &Event) {
        self.now = self.now.max(event.at);
        self.note_push(event);
        match &event.fact {
            Fact::WorldStarted { seed, day, tape } => {
                *self = Self {
                    seed: *seed,
                    started_at: event.at,
                    now: event.at,
                    day: *day,
                    tape: tape.clone(),
                    ..Self::empty()
                };
            }
            Fact::DayStarted { day, settles } => self.start_day(*day, *settles, event.at),
            Fact::TickTaken { .. } | Fact::PriceSet { .. } | Fact::TradingHalted { .. } => {
                self.tape.evolve(&event.fact);
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
            Fact::LatencySet { ms } => self.latency_ms = *ms,
            Fact::GttSet { gtt } => self.set_gtt(gtt),
            Fact::GttEnded {
                key,
                number,
                status,
                result,
            } => self.end_gtt(key, *number, *status, result.as_ref(), event.at),
            Fact::AlertSet { .. }
            | Fact::AlertFired { .. }
            | Fact::AlertDisabled { .. }
            | Fact::AlertDeleted { .. } => self.evolve_alert(&event.fact, event.at),
            Fact::OrderAccepted { .. }
            | Fact::OrderMoved { .. }
            | Fact::OrderAsked { .. }
            | Fact::OrderModified { .. }
            | Fact::OrderFilled { .. }
            | Fact::OrderEnded { .. } => self.evolve_order(event),
            Fact::NextSent { key, number } => self.drop_next(key, *number),
            Fact::PushesTaken => self.outbox.clear(),
            Fact::AppPushesTaken => self.app_outbox.clear(),
            Fact::FaultSet { fault } => self.faults.add(fault),
            Fact::FaultFired {
                number, open_until, ..
            } => self.faults.fire(*number, *open_until, self.order_count),
            Fact::FaultPassed { number } => self.faults.pass(*number),
            Fact::FaultRemoved { number } => self.faults.remove(*number),
            Fact::SharesAuthorised { .. }
            | Fact::ClearancesEnded { .. }
            | Fact::ClearanceRequested { .. }
            | Fact::ClearanceConfirmed { .. }
            | Fact::PositionConverted { .. }
            | Fact::IntradayClosing
            | Fact::ContractNote { .. }
            | Fact::PayOutFailed { .. }
            | Fact::DeliveryShort { .. }
            | Fact::AuctionSettled { .. }
            | Fact::SharesRestated { .. } => self.evolve_ledger(event),
        }
    }

    /// The start of another trading day: yesterday's orders leave their books.
    fn start_day(&mut self, day: Date, settles: bool, at: Timestamp) {
        self.day = day;
        self.tape.start_day();
        for account in self.accounts.values_mut() {
            account.start_day(at, day, settles);
            account.gtts.retain(|_, gtt| gtt.is_kept(at));
        }
        let orders = self
            .accounts
            .iter()
            .flat_map(|(key, account)| account.orders.values().map(move |order| (key, order)));
        let ids = orders.filter_map(|(key, order)| {
            let id = id_number(&order.broker_order_id)?;
            Some((id, (key.clone(), order.number)))
        });
        self.order_ids = ids.collect();
        self.list_busy_accounts();
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
