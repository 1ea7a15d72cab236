//! A broker of the gateway whose accounts live on the paper exchange. It knows the port and nothing behind it.

mod access;
mod map;
mod wire;

use std::sync::Arc;

use torana_brokers::{
    AsOf, AuthorisationStep, BookEntry, Broker, BrokerError, BrokerReturn, BrokerSession, Call,
    ChangeOutcome, DematFund, Field, Funds, Holding, LoginContext, LoginError, LoginStep, NetPosition,
    OrderBook, PlaceOutcome, PlatformScope, Profile, Quote, SellAuthorisation, WantedAuthorisation,
};
use torana_credentials::secrets::Secret;
use torana_domain::ids::ClientReference;
use torana_domain::order::OrderTicket;
use torana_domain::time::Timestamp;
use torana_runtime::{BoxFuture, Entropy, Sleep};

use self::access::hash;
use crate::access::session_end;
use crate::core::{AccountKey, Clearance, Command, OrderRequest, Reply, SessionRef};
use crate::port::Port;

pub use self::map::account_choices;
pub use self::wire::ANSWER_TIMEOUT;

/// Most accounts that the login page offers.
pub const ACCOUNTS_OFFERED_MAX: usize = 200;

/// Name of the login form's field.
pub const ACCOUNT_FIELD: &str = "account";
/// Name of the authorisation form's field.
pub const TPIN_FIELD: &str = "tpin";

/// A sandbox broker: the profile of a real one, the accounts of a world.
#[derive(Clone)]
pub struct PaperBroker {
    profile: &'static Profile,
    world: Arc<str>,
    port: Arc<dyn Port>,
    entropy: Arc<dyn Entropy>,
    sleep: Arc<dyn Sleep>,
}

impl PaperBroker {
    /// The broker of `profile` in a world (a gateway's name). `entropy` makes the tokens of its sessions,
    /// `sleep` waits for answers that are late.
    #[must_use]
    pub fn new(
        profile: &'static Profile,
        world: &str,
        port: Arc<dyn Port>,
        entropy: Arc<dyn Entropy>,
        sleep: Arc<dyn Sleep>,
    ) -> Self {
        Self {
            profile,
            world: world.into(),
            port,
            entropy,
            sleep,
        }
    }

    /// When the broker ends a session that begins at `at`.
    fn session_end(&self, at: Timestamp) -> Timestamp {
        session_end(self.profile, at)
    }

    async fn login_step(&self, at: Timestamp) -> Result<LoginStep, LoginError> {
        let answer = self.ask(at, Command::ListAccounts(self.profile.key)).await?;
        let Reply::Accounts(accounts) = answer.reply else {
            return Err(map::odd_login());
        };
        let choices = map::account_choices(&accounts, ACCOUNTS_OFFERED_MAX);
        Ok(LoginStep::CollectFields(vec![Field {
            name: ACCOUNT_FIELD,
            label: "Test account",
            choices,
            secret: false,
        }]))
    }

    async fn login(&self, at: Timestamp, back: BrokerReturn) -> Result<BrokerSession, LoginError> {
        let account = map::field(back, ACCOUNT_FIELD).ok_or_else(|| map::refused("Choose an account."))?;
        let key = AccountKey::new(self.profile.key, &account)
            .map_err(|error| map::refused(&format!("There is no such account: {error}.")))?;
        let (token, expires_at) = (Secret::generate(self.entropy.as_ref()), self.session_end(at));
        let session = SessionRef {
            key,
            token_hash: hash(&token),
        };
        let answer = self.ask(at, Command::Login { session, expires_at }).await?;
        match answer.reply {
            Reply::LoggedIn => Ok(BrokerSession {
                account_id: account,
                token,
                expires_at,
            }),
            Reply::LoginRefused { text } => Err(LoginError::Refused { text }),
            _ => Err(map::odd_login()),
        }
    }

    async fn authorisation_step(
        &self,
        call: Call,
        wanted: Vec<WantedAuthorisation>,
    ) -> Result<AuthorisationStep, BrokerError> {
        if self.profile.sell_authorisation == SellAuthorisation::None {
            return Ok(AuthorisationStep::NotNeeded);
        }
        let wanted = clearances(wanted);
        let needed = self.read(
            call,
            |session| Command::IsClearanceNeeded { session, wanted },
            |reply| {
                if let Reply::ClearanceNeeded(needed) = reply {
                    Some(needed)
                } else {
                    None
                }
            },
        );
        if !needed.await?.value {
            return Ok(AuthorisationStep::NotNeeded);
        }
        let label = "TPIN of the depository (123456 for every test account)";
        let field = Field {
            name: TPIN_FIELD,
            label,
            choices: Vec::new(),
            secret: true,
        };
        Ok(AuthorisationStep::CollectFields(vec![field]))
    }

    async fn authorise(
        &self,
        call: Call,
        wanted: Vec<WantedAuthorisation>,
        back: BrokerReturn,
    ) -> Result<(), LoginError> {
        let session = self.session_ref(&call).ok_or_else(map::session_over)?;
        let tpin = map::field(back, TPIN_FIELD).unwrap_or_default();
        let command = Command::Authorise {
            session,
            wanted: clearances(wanted),
            tpin,
        };
        match self.ask(call.at, command).await?.reply {
            Reply::Done => Ok(()),
            Reply::WrongTpin => Err(map::refused(
                "The TPIN is wrong; the one of the test accounts is 123456.",
            )),
            Reply::SessionExpired => Err(map::session_over()),
            _ => Err(map::odd_login()),
        }
    }

    async fn send(&self, call: Call, ticket: OrderTicket) -> PlaceOutcome {
        if let Some(refused) = map::beyond_abilities(self.profile, &ticket) {
            return refused;
        }
        let Some(session) = self.session_ref(&call) else {
            return map::place_outcome(Reply::SessionExpired);
        };
        let order = OrderRequest {
            reference: Some(ticket.reference.as_str().to_owned()),
            is_reference_unique: self.profile.reference.is_unique,
            variety: ticket.variety,
            order_type: ticket.order_type.into(),
            price: ticket.price,
            validity: ticket.validity.into(),
            ..OrderRequest::delivery(ticket.side, &ticket.ticker, ticket.quantity)
        };
        match self.ask(call.at, Command::Place { session, order }).await {
            Ok(answer) => map::place_outcome(answer.reply),
            Err(trouble) => trouble.into(),
        }
    }

    async fn book(&self, call: Call) -> Result<AsOf<OrderBook>, BrokerError> {
        self.read_as(call, PlatformScope::Orders, Command::OrderBook, map::order_book)
            .await
    }

    async fn fund_units(&self, call: Call) -> Result<AsOf<Vec<DematFund>>, BrokerError> {
        if !self.profile.capabilities.demat_funds {
            return Err(BrokerError::Unsupported);
        }
        self.read_as(
            call,
            PlatformScope::Holdings,
            Command::DematFunds,
            map::demat_funds,
        )
        .await
    }
}

fn clearances(wanted: Vec<WantedAuthorisation>) -> Vec<Clearance> {
    wanted
        .into_iter()
        .map(|wanted| Clearance {
            isin: wanted.isin,
            quantity: wanted.quantity,
        })
        .collect()
}

/// Hands a clone of the broker to an async body: the trait's futures outlive the borrow.
macro_rules! with {
    ($self:ident, $this:ident => $body:expr) => {{
        let $this = $self.clone();
        Box::pin(async move { $body.await })
    }};
}

impl Broker for PaperBroker {
    fn profile(&self) -> &'static Profile {
        self.profile
    }

    fn begin_login(&self, context: LoginContext) -> BoxFuture<'static, Result<LoginStep, LoginError>> {
        with!(self, this => this.login_step(context.at))
    }

    fn complete_login(
        &self,
        context: LoginContext,
        back: BrokerReturn,
    ) -> BoxFuture<'static, Result<BrokerSession, LoginError>> {
        with!(self, this => this.login(context.at, back))
    }

    fn logout(&self, call: Call) -> BoxFuture<'static, Result<(), BrokerError>> {
        let this = self.clone();
        Box::pin(async move {
            let Some(session) = this.session_ref(&call) else {
                return Ok(());
            };
            this.ask(call.at, Command::Logout(session)).await?;
            Ok(())
        })
    }

    fn platform_session(
        &self,
        at: Timestamp,
        account_id: String,
        scope: PlatformScope,
    ) -> BoxFuture<'static, Result<BrokerSession, BrokerError>> {
        Box::pin(std::future::ready(self.grant(at, account_id, scope)))
    }

    fn holdings(&self, call: Call) -> BoxFuture<'static, Result<AsOf<Vec<Holding>>, BrokerError>> {
        with!(self, this => this.read_as(call, PlatformScope::Holdings, Command::Holdings, map::holdings))
    }

    fn positions(&self, call: Call) -> BoxFuture<'static, Result<AsOf<Vec<NetPosition>>, BrokerError>> {
        with!(self, this => this.read_as(call, PlatformScope::Holdings, Command::Positions, map::positions))
    }

    fn demat_funds(&self, call: Call) -> BoxFuture<'static, Result<AsOf<Vec<DematFund>>, BrokerError>> {
        with!(self, this => this.fund_units(call))
    }

    fn funds(&self, call: Call) -> BoxFuture<'static, Result<AsOf<Funds>, BrokerError>> {
        with!(self, this => this.read(call, Command::Funds, map::funds))
    }

    fn quotes(
        &self,
        call: Call,
        tickers: Vec<String>,
    ) -> BoxFuture<'static, Result<AsOf<Vec<Quote>>, BrokerError>> {
        with!(self, this => this.read(call, |session| Command::Quotes { session, tickers }, map::quotes))
    }

    fn begin_authorisation(
        &self,
        call: Call,
        wanted: Vec<WantedAuthorisation>,
    ) -> BoxFuture<'static, Result<AuthorisationStep, BrokerError>> {
        with!(self, this => this.authorisation_step(call, wanted))
    }

    fn complete_authorisation(
        &self,
        call: Call,
        wanted: Vec<WantedAuthorisation>,
        back: BrokerReturn,
    ) -> BoxFuture<'static, Result<(), LoginError>> {
        with!(self, this => this.authorise(call, wanted, back))
    }

    fn place(&self, call: Call, ticket: OrderTicket) -> BoxFuture<'static, PlaceOutcome> {
        with!(self, this => this.send(call, ticket))
    }

    fn cancel(&self, call: Call, broker_order_id: String) -> BoxFuture<'static, ChangeOutcome> {
        let this = self.clone();
        Box::pin(async move {
            let Some(session) = this.session_ref(&call) else {
                return map::change_outcome(Reply::SessionExpired);
            };
            match this
                .ask(
                    call.at,
                    Command::Cancel {
                        session,
                        broker_order_id,
                    },
                )
                .await
            {
                Ok(answer) => map::change_outcome(answer.reply),
                Err(trouble) => trouble.into(),
            }
        })
    }

    fn order_book(&self, call: Call) -> BoxFuture<'static, Result<AsOf<OrderBook>, BrokerError>> {
        with!(self, this => this.book(call))
    }

    fn order_by_reference(
        &self,
        call: Call,
        reference: ClientReference,
    ) -> BoxFuture<'static, Result<AsOf<Option<BookEntry>>, BrokerError>> {
        let this = self.clone();
        Box::pin(async move {
            if !this.profile.reference.has_lookup {
                return Err(BrokerError::Unsupported);
            }
            let AsOf { value, as_of } = this.book(call).await?;
            let found = value
                .entries
                .into_iter()
                .find(|entry| entry.reference.as_ref() == Some(&reference));
            Ok(AsOf { value: found, as_of })
        })
    }
}

#[cfg(test)]
mod tests;
