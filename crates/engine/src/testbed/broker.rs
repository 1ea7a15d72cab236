//! A broker with one account that plays what the test tells it to, and the exchange that nobody asks.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use torana_brokers::profile::{SANDBOX_PROFILES, sandbox_profile};
use torana_brokers::{
    AsOf, AuthorisationStep, BookEntry, Broker, BrokerError, BrokerReturn, BrokerSession, BrowserForm, Call,
    ChangeOutcome, DematFund, Execution, Funds, HandOff, Holding, LoginContext, LoginError, LoginStep,
    NetPosition, OrderBook, PlaceOutcome, PlatformScope, Profile, Quote, TestUser, WantedAuthorisation,
};
use torana_clock::calendar::MarketCalendar;
use torana_clock::ist::ist_date;
use torana_credentials::secrets::Secret;
use torana_domain::broker_key::BrokerKey;
use torana_domain::gateway::Mode;
use torana_domain::ids::ClientReference;
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::{OrderErrorCode, OrderState, OrderTicket};
use torana_domain::time::Timestamp;
use torana_exchange::access::{AccessDesk, AccessReply, AccessRequest};
use torana_exchange::core::{Answer, Command, Reply};
use torana_exchange::port::{Port, PortError};
use torana_runtime::BoxFuture;

use super::pages::{self, Pages};
use crate::context::{Registry, lock};
use crate::gateways::Gateway;

/// What the broker does with the next order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Play {
    /// Takes it; it stays open.
    Take,
    /// Takes it and fills it at once.
    Fill,
    /// Refuses it.
    Refuse,
    /// Wants shares to be cleared first.
    WantClearance,
    /// Says that the session is over.
    EndSession,
    /// Takes and fills it; the answer gets lost.
    FillSilently,
    /// Refuses it; the answer gets lost.
    RefuseSilently,
    /// Takes and fills it and never answers.
    FillAndHang,
    /// Never answers and never takes it.
    Hang,
}

/// A broker with one account.
#[derive(Default)]
pub(crate) struct FakeBroker {
    pub(crate) plays: Mutex<VecDeque<Play>>,
    pub(crate) book: Mutex<Vec<BookEntry>>,
    pub(crate) sent: Mutex<Vec<(Timestamp, OrderTicket)>>,
    /// Failures of the next reads, in order.
    pub(crate) read_failures: Mutex<VecDeque<BrokerError>>,
    pub(crate) holdings: Mutex<Vec<Holding>>,
    /// `None` while the broker has no such read.
    pub(crate) demat_funds: Mutex<Option<Vec<DematFund>>>,
    /// Happens once, while the holdings are being read.
    pub(crate) meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    /// What the platform may read by itself.
    pub(crate) grants: Mutex<Vec<PlatformScope>>,
    /// Accounts that the platform got access to, in order.
    pub(crate) granted: Mutex<Vec<String>>,
    pub(crate) reads: AtomicI64,
    pub(crate) pages: Arc<Pages>,
}

fn platform_token(scope: PlatformScope) -> Secret {
    Secret::new(format!("platform {scope:?}"))
}

impl FakeBroker {
    fn take(&self, ticket: &OrderTicket, state: OrderState) -> String {
        let mut book = lock(&self.book);
        let id = format!("B{}", book.len() + 1);
        let is_full = state == OrderState::Complete;
        book.push(BookEntry {
            broker_order_id: id.clone(),
            exchange_order_id: None,
            reference: Some(ticket.reference.clone()),
            ticker: ticket.ticker.clone(),
            side: ticket.side,
            quantity: ticket.quantity,
            state,
            filled: if is_full { ticket.quantity } else { Shares(0) },
            average_price: if is_full { Price(15_000_000) } else { Price(0) },
            error_code: None,
            status_message: None,
            order_timestamp: None,
        });
        id
    }

    /// Fills everything that is open.
    pub(crate) fn fill_all(&self) {
        for entry in lock(&self.book)
            .iter_mut()
            .filter(|entry| entry.state == OrderState::Open)
        {
            entry.state = OrderState::Complete;
            entry.filled = entry.quantity;
            entry.average_price = Price(15_000_000);
        }
    }

    /// A read that the platform's own session for `scope` may make too; no other may.
    fn read<T: Send + 'static>(
        &self,
        value: T,
        call: &Call,
        scope: Option<PlatformScope>,
    ) -> BoxFuture<'static, Result<AsOf<T>, BrokerError>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let (at, token) = (call.at, &call.session.token);
        let is_users = token.reveal() == "token";
        assert!(
            is_users || scope.is_some_and(|scope| *token == platform_token(scope)),
            "a read with a session that is not for it"
        );
        let failure = lock(&self.read_failures).pop_front();
        Box::pin(async move { failure.map_or(Ok(AsOf { value, as_of: at }), Err) })
    }
}

/// Calls that no test makes.
fn unused<T: Send + 'static>() -> BoxFuture<'static, Result<T, BrokerError>> {
    Box::pin(async { Err(BrokerError::Unsupported) })
}

fn no_login<T: Send + 'static>() -> BoxFuture<'static, Result<T, LoginError>> {
    Box::pin(async { Err(LoginError::Unavailable("not in this test".to_owned())) })
}

impl Broker for FakeBroker {
    fn profile(&self) -> &'static Profile {
        sandbox_profile(BrokerKey::Kite).unwrap()
    }

    fn begin_login(&self, context: LoginContext) -> BoxFuture<'static, Result<LoginStep, LoginError>> {
        if !self.pages.is_open() {
            return no_login();
        }
        let begun = self.pages.begin_login(&context);
        Box::pin(async move { Ok(begun) })
    }

    fn complete_login(
        &self,
        context: LoginContext,
        back: BrokerReturn,
    ) -> BoxFuture<'static, Result<BrokerSession, LoginError>> {
        if !self.pages.is_open() {
            return no_login();
        }
        let completed = self.pages.complete_login(&context, &back);
        Box::pin(async move { completed })
    }

    fn logout(&self, _: Call) -> BoxFuture<'static, Result<(), BrokerError>> {
        unused()
    }

    fn platform_session(
        &self,
        at: Timestamp,
        account_id: String,
        scope: PlatformScope,
    ) -> BoxFuture<'static, Result<BrokerSession, BrokerError>> {
        if !lock(&self.grants).contains(&scope) {
            return unused();
        }
        lock(&self.granted).push(account_id.clone());
        let session = BrokerSession {
            account_id,
            token: platform_token(scope),
            expires_at: at.plus_seconds(60),
        };
        Box::pin(async move { Ok(session) })
    }

    fn holdings(&self, call: Call) -> BoxFuture<'static, Result<AsOf<Vec<Holding>>, BrokerError>> {
        let meanwhile = lock(&self.meanwhile).take();
        if let Some(happens) = meanwhile {
            happens();
        }
        let held = lock(&self.holdings).clone();
        self.read(held, &call, Some(PlatformScope::Holdings))
    }

    fn demat_funds(&self, call: Call) -> BoxFuture<'static, Result<AsOf<Vec<DematFund>>, BrokerError>> {
        match lock(&self.demat_funds).clone() {
            Some(funds) => self.read(funds, &call, Some(PlatformScope::Holdings)),
            None => unused(),
        }
    }

    fn positions(&self, _: Call) -> BoxFuture<'static, Result<AsOf<Vec<NetPosition>>, BrokerError>> {
        unused()
    }

    fn funds(&self, call: Call) -> BoxFuture<'static, Result<AsOf<Funds>, BrokerError>> {
        self.read(Funds { available: Paise(0) }, &call, None)
    }

    fn quotes(&self, _: Call, _: Vec<String>) -> BoxFuture<'static, Result<AsOf<Vec<Quote>>, BrokerError>> {
        unused()
    }

    fn begin_authorisation(
        &self,
        _: Call,
        _: Vec<WantedAuthorisation>,
    ) -> BoxFuture<'static, Result<AuthorisationStep, BrokerError>> {
        if !self.pages.is_open() {
            return unused();
        }
        let begun = self.pages.begin_authorisation();
        Box::pin(async move { Ok(begun) })
    }

    fn complete_authorisation(
        &self,
        _: Call,
        _: Vec<WantedAuthorisation>,
        back: BrokerReturn,
    ) -> BoxFuture<'static, Result<(), LoginError>> {
        if !self.pages.is_open() {
            return no_login();
        }
        let completed = self.pages.complete_authorisation(&back);
        Box::pin(async move { completed })
    }

    fn place(&self, call: Call, ticket: OrderTicket) -> BoxFuture<'static, PlaceOutcome> {
        lock(&self.sent).push((call.at, ticket.clone()));
        let accepted = |id: String| PlaceOutcome::Accepted { broker_order_id: id };
        let lost = || PlaceOutcome::Unknown {
            why: "connection reset".to_owned(),
        };
        let outcome = match lock(&self.plays).pop_front().unwrap_or(Play::Fill) {
            Play::Take => accepted(self.take(&ticket, OrderState::Open)),
            Play::Fill => accepted(self.take(&ticket, OrderState::Complete)),
            Play::Refuse => PlaceOutcome::Refused {
                code: OrderErrorCode::MarginsExceeded,
                text: "no money".to_owned(),
            },
            Play::WantClearance => PlaceOutcome::NeedsAuthorisation {
                text: "clear the shares first".to_owned(),
            },
            Play::EndSession => PlaceOutcome::SessionOver {
                text: "log in again".to_owned(),
            },
            Play::FillSilently => {
                self.take(&ticket, OrderState::Complete);
                lost()
            }
            Play::RefuseSilently => lost(),
            Play::FillAndHang => {
                self.take(&ticket, OrderState::Complete);
                return Box::pin(std::future::pending());
            }
            Play::Hang => return Box::pin(std::future::pending()),
        };
        Box::pin(async move { outcome })
    }

    fn cancel(&self, _: Call, _: String) -> BoxFuture<'static, ChangeOutcome> {
        Box::pin(async { ChangeOutcome::NotFound })
    }

    fn order_book(&self, call: Call) -> BoxFuture<'static, Result<AsOf<OrderBook>, BrokerError>> {
        let calendar = MarketCalendar::nse();
        let trading_day = calendar.latest_trading_day_not_after(ist_date(call.at));
        let closed = calendar
            .close_of(trading_day)
            .is_some_and(|close| close <= call.at);
        let mut entries = lock(&self.book).clone();
        entries.extend(lock(&self.pages.confirmed).iter().cloned());
        self.read(
            OrderBook {
                trading_day,
                closed,
                entries,
            },
            &call,
            Some(PlatformScope::Orders),
        )
    }

    fn order_by_reference(
        &self,
        _: Call,
        _: ClientReference,
    ) -> BoxFuture<'static, Result<AsOf<Option<BookEntry>>, BrokerError>> {
        unused()
    }

    fn execution(&self) -> Execution {
        self.pages.execution()
    }

    fn begin_hand_off(
        &self,
        context: LoginContext,
        tickets: Vec<OrderTicket>,
    ) -> BoxFuture<'static, Result<BrowserForm, BrokerError>> {
        let form = self.pages.begin_hand_off(&context, tickets);
        Box::pin(async move { Ok(form) })
    }

    fn complete_hand_off(
        &self,
        context: LoginContext,
        back: BrokerReturn,
    ) -> BoxFuture<'static, Result<HandOff, LoginError>> {
        let completed = self.pages.complete_hand_off(&context, &back);
        Box::pin(async move { completed })
    }

    fn test_user(&self) -> Option<Arc<dyn TestUser>> {
        pages::user(&self.pages)
    }
}

/// The registry of a gateway that has this one broker, until it is gone.
pub(super) struct OneBroker {
    pub(super) broker: Arc<FakeBroker>,
    pub(super) is_gone: AtomicBool,
}

impl Registry for OneBroker {
    fn profiles(&self, _: Mode) -> &'static [Profile] {
        SANDBOX_PROFILES
    }

    fn broker(&self, _: &Gateway, key: BrokerKey) -> Option<Arc<dyn Broker>> {
        let is_there = key == BrokerKey::Kite && !self.is_gone.load(Ordering::SeqCst);
        is_there.then(|| Arc::clone(&self.broker) as Arc<dyn Broker>)
    }
}

/// An exchange that has nothing to do.
pub(super) struct NoExchange;

impl Port for NoExchange {
    fn execute(&self, _: &str, at: Timestamp, _: Command) -> BoxFuture<'static, Result<Answer, PortError>> {
        Box::pin(async move {
            Ok(Answer {
                at,
                reply: Reply::Done,
                disturbance: None,
            })
        })
    }
}

impl AccessDesk for NoExchange {
    fn serve(
        &self,
        _: &str,
        _: Timestamp,
        _: AccessRequest,
    ) -> BoxFuture<'static, Result<AccessReply, PortError>> {
        Box::pin(async { Err(PortError::NotDone("nobody is here".to_owned())) })
    }
}
