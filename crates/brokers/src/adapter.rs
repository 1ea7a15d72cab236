//! The trait that every broker implements, the paper exchange included.

use std::sync::Arc;

use torana_domain::ids::ClientReference;
use torana_domain::order::OrderTicket;
use torana_domain::time::Timestamp;
use torana_runtime::BoxFuture;

use crate::outcome::{
    AsOf, AuthorisationStep, BrokerError, BrokerReturn, BrokerSession, BrowserForm, ChangeOutcome, DematFund,
    Execution, Funds, HandOff, Holding, LoginError, LoginStep, NetPosition, OrderBook, PlaceOutcome,
    PlatformScope, Quote, WantedAuthorisation,
};
use crate::profile::Profile;
use crate::test_user::TestUser;

/// What every authenticated call carries.
#[derive(Debug, Clone)]
pub struct Call {
    /// World time of the call; wall time for live brokers.
    pub at: Timestamp,
    /// The user's session at the broker, or the platform's own for a read of its scope.
    pub session: BrokerSession,
}

/// What a login needs.
#[derive(Debug, Clone)]
pub struct LoginContext {
    /// World time.
    pub at: Timestamp,
    /// Round trip value that the broker should echo; opaque, single use.
    pub state: String,
    /// Our one return address for this broker.
    pub return_url: String,
}

/// A broker. Object-safe; an ability that is absent is `false` in the profile's capabilities and answers
/// `Unsupported`. No method retries an order: a second send is decided by the caller, never here.
pub trait Broker: Send + Sync {
    /// The broker's abilities as data.
    fn profile(&self) -> &'static Profile;

    /// Starts a login.
    fn begin_login(&self, context: LoginContext) -> BoxFuture<'static, Result<LoginStep, LoginError>>;

    /// Finishes a login with what came back.
    fn complete_login(
        &self,
        context: LoginContext,
        back: BrokerReturn,
    ) -> BoxFuture<'static, Result<BrokerSession, LoginError>>;

    /// Ends a session at the broker; an unknown session is ended already.
    fn logout(&self, call: Call) -> BoxFuture<'static, Result<(), BrokerError>>;

    /// The platform's own access to an account, which needs no session of the user: good for the reads of its scope
    /// and for nothing else. `Unsupported` where the abilities do not grant the scope. That the account exists is
    /// found out by the first read, which answers `Protocol` if it does not.
    fn platform_session(
        &self,
        at: Timestamp,
        account_id: String,
        scope: PlatformScope,
    ) -> BoxFuture<'static, Result<BrokerSession, BrokerError>>;

    /// Demat holdings.
    fn holdings(&self, call: Call) -> BoxFuture<'static, Result<AsOf<Vec<Holding>>, BrokerError>>;

    /// Today's net positions.
    fn positions(&self, call: Call) -> BoxFuture<'static, Result<AsOf<Vec<NetPosition>>, BrokerError>>;

    /// Mutual funds in the demat account. Only for the abilities' `demat_funds`.
    fn demat_funds(&self, call: Call) -> BoxFuture<'static, Result<AsOf<Vec<DematFund>>, BrokerError>>;

    /// Cash.
    fn funds(&self, call: Call) -> BoxFuture<'static, Result<AsOf<Funds>, BrokerError>>;

    /// Last prices; tickers that the broker does not know are left out.
    fn quotes(
        &self,
        call: Call,
        tickers: Vec<String>,
    ) -> BoxFuture<'static, Result<AsOf<Vec<Quote>>, BrokerError>>;

    /// Starts the depository authorisation of shares.
    fn begin_authorisation(
        &self,
        call: Call,
        wanted: Vec<WantedAuthorisation>,
    ) -> BoxFuture<'static, Result<AuthorisationStep, BrokerError>>;

    /// Finishes it with what came back. `Refused` of [`LoginError`] lets the user try again.
    fn complete_authorisation(
        &self,
        call: Call,
        wanted: Vec<WantedAuthorisation>,
        back: BrokerReturn,
    ) -> BoxFuture<'static, Result<(), LoginError>>;

    /// Sends one order, once.
    fn place(&self, call: Call, ticket: OrderTicket) -> BoxFuture<'static, PlaceOutcome>;

    /// Cancels one order.
    fn cancel(&self, call: Call, broker_order_id: String) -> BoxFuture<'static, ChangeOutcome>;

    /// The order book of the current trading day.
    fn order_book(&self, call: Call) -> BoxFuture<'static, Result<AsOf<OrderBook>, BrokerError>>;

    /// One order by our reference, where the broker offers that.
    fn order_by_reference(
        &self,
        call: Call,
        reference: ClientReference,
    ) -> BoxFuture<'static, Result<AsOf<Option<crate::outcome::BookEntry>>, BrokerError>>;

    /// How orders reach this broker.
    fn execution(&self) -> Execution {
        Execution::Direct
    }

    /// The form that takes the user's browser to the broker's own page, where the user confirms the orders. Only for
    /// [`Execution::HandOff`]. Asks nobody and changes nothing: the orders exist when the user confirms them.
    fn begin_hand_off(
        &self,
        context: LoginContext,
        tickets: Vec<OrderTicket>,
    ) -> BoxFuture<'static, Result<BrowserForm, BrokerError>> {
        let _ = (context, tickets);
        Box::pin(std::future::ready(Err(BrokerError::Unsupported)))
    }

    /// What came back from that page. Which orders exist is for the order book to say.
    fn complete_hand_off(
        &self,
        context: LoginContext,
        back: BrokerReturn,
    ) -> BoxFuture<'static, Result<HandOff, LoginError>> {
        let _ = (context, back);
        Box::pin(std::future::ready(Err(LoginError::Unavailable(
            "not offered by this broker".to_owned(),
        ))))
    }

    /// Who acts on this broker's own pages in a test; `None` where its accounts are people's.
    fn test_user(&self) -> Option<Arc<dyn TestUser>> {
        None
    }
}
