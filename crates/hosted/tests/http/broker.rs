//! A broker that has everything on its own pages.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use torana_brokers::profile::{SANDBOX_PROFILES, sandbox_profile};
use torana_brokers::{
    AsOf, AuthorisationStep, BookEntry, Broker, BrokerError, BrokerReturn, BrokerSession, BrowserForm, Call,
    ChangeOutcome, DematFund, Execution, Funds, HandOff, Holding, LoginContext, LoginError, LoginStep,
    NetPosition, OrderBook, PlaceOutcome, PlatformScope, Profile, Quote, WantedAuthorisation,
};
use torana_clock::calendar::MarketCalendar;
use torana_credentials::secrets::Secret;
use torana_domain::broker_key::BrokerKey;
use torana_domain::gateway::Mode;
use torana_domain::ids::ClientReference;
use torana_domain::money::{Price, Shares};
use torana_domain::order::OrderTicket;
use torana_domain::time::Timestamp;
use torana_engine::{Gateway, Registry};
use torana_runtime::BoxFuture;

/// Its page to clear shares.
pub const AUTHORISE_AT: &str = "https://kite.test/authorise?a=1&b=2";

/// Its page with orders.
pub const ORDERS_AT: &str = "https://kite.test/basket?v=3&a=1";

#[derive(Default)]
pub struct Elsewhere {
    /// Does not take our round-trip value along.
    pub forgets_state: AtomicBool,
    /// The user confirms orders there.
    pub takes_orders: AtomicBool,
    pub completed: AtomicI64,
}

type Answered<T> = BoxFuture<'static, Result<T, BrokerError>>;

fn unsupported<T: Send + 'static>() -> Answered<T> {
    Box::pin(async { Err(BrokerError::Unsupported) })
}

impl Broker for Elsewhere {
    fn profile(&self) -> &'static Profile {
        sandbox_profile(BrokerKey::Kite).unwrap()
    }

    fn begin_login(&self, context: LoginContext) -> BoxFuture<'static, Result<LoginStep, LoginError>> {
        let state = match self.forgets_state.load(Ordering::SeqCst) {
            true => String::new(),
            false => format!("&state={}", context.state),
        };
        let url = format!("https://kite.test/login?v=3{state}");
        Box::pin(async move { Ok(LoginStep::Redirect { url }) })
    }

    fn complete_login(
        &self,
        context: LoginContext,
        back: BrokerReturn,
    ) -> BoxFuture<'static, Result<BrokerSession, LoginError>> {
        self.completed.fetch_add(1, Ordering::SeqCst);
        let BrokerReturn::Parameters(pairs) = back else {
            panic!("a form of ours");
        };
        let code = pairs.iter().find(|(name, _)| name == "code");
        let completed = match code {
            Some((_, account)) => Ok(BrokerSession {
                account_id: account.clone(),
                token: Secret::new("token".to_owned()),
                expires_at: context.at.plus_ms(3_600_000),
            }),
            None => Err(LoginError::Refused {
                text: "You <left> the login.".to_owned(),
            }),
        };
        Box::pin(async move { completed })
    }

    fn logout(&self, _: Call) -> Answered<()> {
        unsupported()
    }

    fn platform_session(&self, _: Timestamp, _: String, _: PlatformScope) -> Answered<BrokerSession> {
        unsupported()
    }

    fn holdings(&self, call: Call) -> Answered<AsOf<Vec<Holding>>> {
        let uncleared = Holding {
            isin: "INE009A01021".to_owned(),
            nse_ticker: Some("INFY".to_owned()),
            bse_ticker: None,
            quantity: Shares(3),
            t1_quantity: Shares(0),
            average_price: Price(15_000_000),
            collateral_quantity: Shares(0),
            authorised_quantity: Shares(0),
        };
        let as_of = call.at;
        Box::pin(async move {
            Ok(AsOf {
                value: vec![uncleared],
                as_of,
            })
        })
    }

    fn positions(&self, _: Call) -> Answered<AsOf<Vec<NetPosition>>> {
        unsupported()
    }

    fn demat_funds(&self, _: Call) -> Answered<AsOf<Vec<DematFund>>> {
        unsupported()
    }

    fn funds(&self, _: Call) -> Answered<AsOf<Funds>> {
        unsupported()
    }

    fn quotes(&self, _: Call, _: Vec<String>) -> Answered<AsOf<Vec<Quote>>> {
        unsupported()
    }

    fn begin_authorisation(&self, _: Call, _: Vec<WantedAuthorisation>) -> Answered<AuthorisationStep> {
        Box::pin(async {
            Ok(AuthorisationStep::Redirect {
                url: AUTHORISE_AT.to_owned(),
            })
        })
    }

    fn complete_authorisation(
        &self,
        _: Call,
        _: Vec<WantedAuthorisation>,
        _: BrokerReturn,
    ) -> BoxFuture<'static, Result<(), LoginError>> {
        Box::pin(async { Ok(()) })
    }

    fn place(&self, _: Call, _: OrderTicket) -> BoxFuture<'static, PlaceOutcome> {
        panic!("nobody places orders here");
    }

    fn cancel(&self, _: Call, _: String) -> BoxFuture<'static, ChangeOutcome> {
        Box::pin(async { ChangeOutcome::NotFound })
    }

    fn order_book(&self, call: Call) -> Answered<AsOf<OrderBook>> {
        let trading_day = MarketCalendar::nse().trading_day_of(call.at);
        Box::pin(async move {
            Ok(AsOf {
                value: OrderBook {
                    trading_day,
                    closed: false,
                    entries: Vec::new(),
                },
                as_of: call.at,
            })
        })
    }

    fn order_by_reference(&self, _: Call, _: ClientReference) -> Answered<AsOf<Option<BookEntry>>> {
        unsupported()
    }

    fn execution(&self) -> Execution {
        match self.takes_orders.load(Ordering::SeqCst) {
            true => Execution::HandOff,
            false => Execution::Direct,
        }
    }

    fn begin_hand_off(&self, context: LoginContext, tickets: Vec<OrderTicket>) -> Answered<BrowserForm> {
        let tickers: Vec<_> = tickets.iter().map(|ticket| ticket.ticker.clone()).collect();
        let fields = vec![
            ("data".to_owned(), format!("{tickers:?}")),
            ("then".to_owned(), format!("state={}", context.state)),
        ];
        Box::pin(async move {
            Ok(BrowserForm {
                url: ORDERS_AT.to_owned(),
                fields,
            })
        })
    }

    fn complete_hand_off(
        &self,
        context: LoginContext,
        back: BrokerReturn,
    ) -> BoxFuture<'static, Result<HandOff, LoginError>> {
        let completed = self.complete_login(context, back);
        Box::pin(async move { Ok(completed.await.map_or(HandOff::Left, HandOff::Confirmed)) })
    }
}

/// It stands behind the key `kite`; the other keys have nobody.
pub struct OneBroker(pub Arc<Elsewhere>);

impl Registry for OneBroker {
    fn profiles(&self, _: Mode) -> &'static [Profile] {
        SANDBOX_PROFILES
    }

    fn broker(&self, _: &Gateway, key: BrokerKey) -> Option<Arc<dyn Broker>> {
        (key == BrokerKey::Kite).then(|| Arc::clone(&self.0) as Arc<dyn Broker>)
    }
}
