//! The exchange as a pure function: a state, a command and an instant give events and an answer.
//!
//! Invariant: [`apply`] reads nothing but its arguments; equal arguments give equal events.
//! Invariant: the state is what its events add up to; [`State::evolve`] is the only thing that changes it.
//! Invariant: cash that is blocked is there, and shares that are being sold are there.

pub mod account;
mod accounts;
pub mod alerts;
mod auctions;
pub mod behaviour;
pub mod book;
mod breaker;
pub mod candle;
pub mod charges;
mod checks;
pub mod clearance;
pub mod command;
pub mod convert;
mod corporate;
pub mod depth;
pub mod event;
pub mod faults;
mod flow;
pub mod fund;
pub mod gtt;
pub mod history;
mod hold;
mod hours;
pub mod intraday;
mod ledger;
pub mod line;
mod lookout;
mod matching;
pub mod modify;
pub mod needs;
mod next;
pub mod order;
mod order_reads;
pub mod portfolio;
pub mod price;
mod pricing;
pub mod push;
pub mod quotes;
mod reads;
pub mod refusal;
mod schedule;
mod settlement;
pub mod state;
pub mod status;
mod tally;
pub mod tape;
pub mod terms;
pub mod ticks;
mod trading;
pub mod transcript;

pub use account::{Account, AccountKey};
pub use alerts::{Alert, AlertOperator, AlertRequest, Firing};
pub use behaviour::Behaviour;
pub use candle::Candle;
pub use command::{
    AccountView, Answer, BookView, Clearance, Command, FundView, HoldingView, NewAccount, NewHolding,
    PositionView, Reader, Reply, SecurityName, SessionRef, TradeView, WorldView,
};
pub use event::{Event, Fact};
pub use faults::{Disturbance, Fault, FaultKind, FaultScope, NewFault, RequestClass, Trigger};
pub use gtt::{Gtt, GttLeg, GttRequest, GttStatus};
pub use modify::Change;
pub use order::{Next, NextWhen, OrderRequest, PaperOrder};
pub use push::{Addressee, Push, PushKind};
pub use quotes::{CandleRange, MarketQuote, Span};
pub use refusal::Refusal;
pub use state::State;
pub use status::Status;
pub use terms::{OrderType, Product, Protection, Terms, Validity};
pub use transcript::{EventPage, LoggedEvent, Place};

use torana_domain::time::{DAY_MS, Timestamp};

use crate::market::Market;

/// Most days that one command may lie after the world's present.
pub const ADVANCE_DAYS_MAX: i64 = 10_000;

/// Longest time that one step of an order may take: a minute.
pub const LATENCY_MS_MAX: i64 = 60_000;

/// A world in the making of its next events.
struct Step<'a> {
    state: &'a mut State,
    market: &'a Market,
    events: Vec<Event>,
    /// The instant at which things happen now.
    at: Timestamp,
    /// What happens to the answer on its way.
    disturbance: Option<Disturbance>,
}

/// Whether a world that stands at `now` refuses to go to `at` in one call.
#[must_use]
pub fn is_too_far(now: Timestamp, at: Timestamp) -> bool {
    at.ms_since(now) > ADVANCE_DAYS_MAX * DAY_MS
}

impl<'a> Step<'a> {
    const fn new(state: &'a mut State, market: &'a Market, at: Timestamp) -> Self {
        Self {
            state,
            market,
            events: Vec::new(),
            at,
            disturbance: None,
        }
    }

    /// Records a fact; the state shows it at once.
    fn emit(&mut self, fact: Fact) {
        let event = Event { at: self.at, fact };
        self.state.evolve(&event);
        self.events.push(event);
    }
}

/// Starts a world: its first event.
pub fn start(state: &mut State, market: &Market, seed: u64, at: Timestamp) -> Vec<Event> {
    let mut step = Step::new(state, market, at);
    step.start_world(seed);
    step.events
}

/// Lets everything due up to `at` happen, then carries out the command at `at`. A world never goes back: an
/// earlier `at` counts as the world's own present. The events are in the state already.
pub fn apply(state: &mut State, market: &Market, command: Command, at: Timestamp) -> (Vec<Event>, Answer) {
    let at = at.max(state.now);
    let mut step = Step::new(state, market, at);
    let reply = step.carry_out(command);
    let answer = Answer {
        at: step.at,
        reply,
        disturbance: step.disturbance,
    };
    (step.events, answer)
}

/// Lets what is due up to `at` happen, in order of due time, each at its own instant, until there are
/// `events_max` events or a few more. True with the events if nothing due is left.
pub fn advance_to(
    state: &mut State,
    market: &Market,
    at: Timestamp,
    events_max: usize,
) -> (Vec<Event>, bool) {
    let at = at.max(state.now);
    let mut step = Step::new(state, market, at);
    let is_done = step.is_too_far() || step.run_due(at, events_max);
    (step.events, is_done)
}

impl Step<'_> {
    fn carry_out(&mut self, command: Command) -> Reply {
        if let Command::Reset { seed, start } = command {
            return self.reset(seed, start);
        }
        if self.is_too_far() {
            self.at = self.state.now;
            return Reply::TooFarAhead;
        }
        self.run_due(self.at, usize::MAX);
        let reply = self.under_faults(command);
        self.send_next();
        reply
    }

    /// Carries out what is asked, as if there were no faults.
    fn obey(&mut self, command: Command) -> Reply {
        match command {
            Command::EnsureWorld { .. } | Command::AdvanceTo | Command::Reset { .. } => self.world(),
            Command::Events { .. } => Reply::Events(EventPage::default()),
            Command::NextDue => Reply::NextDue(schedule::next_due(self)),
            Command::SetPrices(ticks) => self.set_prices(&ticks),
            Command::CreateAccount(account) => self.create_account(&account),
            Command::ListAccounts(broker) => self.list_accounts(broker),
            Command::Account(reader) => self.account(&reader),
            Command::Login { session, expires_at } => self.login(session, expires_at),
            Command::Logout(session) => self.logout(&session),
            Command::Holdings(reader) => self.reading(&reader, Self::holdings),
            Command::Positions(reader) => self.reading(&reader, Self::positions),
            Command::DematFunds(reader) => self.reading(&reader, Self::demat_funds),
            Command::OrderBook(reader) => self.reading(&reader, Self::book),
            Command::Funds(session) => self.within(&session, Self::funds),
            Command::Quotes { session, tickers } => self.within(&session, |step, _| step.quotes(&tickers)),
            Command::MarketQuotes { session, instruments } => {
                self.within(&session, |step, _| step.market_quotes(&instruments))
            }
            Command::PriceBounds { session, instruments } => {
                self.within(&session, |step, _| step.price_bounds(&instruments))
            }
            Command::Candles { session, range } => self.within(&session, |step, _| step.candles(&range)),
            Command::OrderNews { session, rows, since } => {
                self.within(&session, |step, key| step.order_news(key, rows, since))
            }
            Command::IsClearanceNeeded { session, wanted } => {
                self.within(&session, |step, key| step.is_clearance_needed(key, &wanted))
            }
            Command::Authorise {
                session,
                wanted,
                tpin,
            } => self.within(&session, |step, key| step.authorise(key, &wanted, &tpin)),
            Command::RequestClearance { session, wanted } => {
                self.within(&session, |step, key| step.request_clearance(key, wanted))
            }
            Command::ConfirmClearance { key, id, tpin } => self.confirm_clearance(&key, &id, &tpin),
            Command::ClearanceRequest { key, id } => self.clearance_request(&key, &id),
            Command::Convert { session, conversion } => {
                self.within(&session, |step, key| step.convert(key, &conversion))
            }
            Command::Margins(reader) => self.reading(&reader, Self::margins),
            Command::DayPositions(reader) => self.reading(&reader, Self::day_positions),
            Command::Auctions(reader) => self.reading(&reader, Self::auctions),
            Command::Charges { session, trades } => {
                self.within(&session, |step, key| step.charges(key, &trades))
            }
            Command::OrderNeeds {
                session,
                orders,
                beside_positions,
            } => self.within(&session, |step, key| {
                step.order_needs(key, &orders, beside_positions)
            }),
            Command::FailDelivery { key, isin } => self.fail_delivery(&key, &isin),
            Command::Place { session, order } => self.within(&session, |step, _| step.place(&session, order)),
            Command::Cancel {
                session,
                broker_order_id,
            } => self.within(&session, |step, key| step.cancel(key, &broker_order_id)),
            Command::Modify {
                session,
                broker_order_id,
                change,
            } => self.within(&session, |step, key| step.modify(key, &broker_order_id, &change)),
            Command::OrderHistory {
                reader,
                broker_order_id,
            } => self.reading(&reader, |step, key| step.order_history(key, &broker_order_id)),
            Command::Trades(reader) => self.reading(&reader, |step, key| step.trades(key)),
            Command::OrderTrades {
                reader,
                broker_order_id,
            } => self.reading(&reader, |step, key| step.order_trades(key, &broker_order_id)),
            Command::PlaceGtt { session, gtt } => self.within(&session, |step, key| step.place_gtt(key, gtt)),
            Command::ModifyGtt {
                session,
                trigger_id,
                gtt,
            } => self.within(&session, |step, key| step.modify_gtt(key, trigger_id, gtt)),
            Command::DeleteGtt { session, trigger_id } => {
                self.within(&session, |step, key| step.delete_gtt(key, trigger_id))
            }
            Command::Gtts(reader) => self.reading(&reader, Self::gtts),
            Command::SetAlert { session, id, alert } => {
                self.within(&session, |step, key| step.set_alert(key, id.as_deref(), alert))
            }
            Command::DeleteAlerts { session, ids } => {
                self.within(&session, |step, key| step.delete_alerts(key, &ids))
            }
            Command::Alerts(reader) => self.reading(&reader, Self::alerts),
            Command::SetLatency { ms } => self.set_latency(ms),
            Command::TakePushes => self.take_pushes(),
            Command::TakeAppPushes => self.take_app_pushes(),
            Command::SetFault(fault) => self.set_fault(fault),
            Command::ListFaults => self.list_faults(),
            Command::RemoveFaults(only) => self.remove_faults(only),
        }
    }

    /// Carries out a read of a logged-in user or of the platform.
    fn reading(&mut self, reader: &Reader, read: impl FnOnce(&mut Self, &AccountKey) -> Reply) -> Reply {
        match reader {
            Reader::User(session) => self.within(session, read),
            Reader::Platform(key) if self.state.accounts.contains_key(key) => read(self, key),
            Reader::Platform(_) => Reply::NoSuchAccount,
        }
    }

    /// Carries out a call of a logged-in user.
    fn within(&mut self, session: &SessionRef, call: impl FnOnce(&mut Self, &AccountKey) -> Reply) -> Reply {
        if self.is_alive(session) {
            call(self, &session.key)
        } else {
            Reply::SessionExpired
        }
    }

    fn is_alive(&self, session: &SessionRef) -> bool {
        let account = self.state.accounts.get(&session.key);
        let login = account.and_then(|account| account.sessions.get(&session.token_hash));
        login.is_some_and(|login| self.at < login.expires_at)
    }

    fn world(&self) -> Reply {
        let State {
            seed,
            started_at,
            now,
            ..
        } = *self.state;
        Reply::World(WorldView {
            seed,
            started_at,
            now,
            events: self.events.len(),
            pushes: self.state.outbox.len(),
        })
    }

    fn reset(&mut self, seed: Option<u64>, start: Option<Timestamp>) -> Reply {
        self.at = start.unwrap_or(self.state.started_at);
        let seed = seed.unwrap_or(self.state.seed);
        self.start_world(seed);
        self.world()
    }

    fn start_world(&mut self, seed: u64) {
        let day = self.market.book_day(self.at);
        self.emit(Fact::WorldStarted {
            seed,
            day,
            tape: self.market.tape_from(day),
        });
    }

    /// Sets how long each step of an order takes from now on.
    fn set_latency(&mut self, ms: i64) -> Reply {
        let ms = ms.clamp(0, LATENCY_MS_MAX);
        if ms != self.state.latency_ms {
            self.emit(Fact::LatencySet { ms });
        }
        Reply::Done
    }

    fn is_too_far(&self) -> bool {
        is_too_far(self.state.now, self.at)
    }
}

#[cfg(test)]
mod tests;
