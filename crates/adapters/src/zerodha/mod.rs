//! Zerodha over Kite Connect v3.
//!
//! | file | |
//! |---|---|
//! | [`wire`] | requests, the envelope, what is proven when there is no answer |
//! | [`rows`] | members of answers |
//! | [`map`] | Kite's words in ours |
//! | [`basket`] | orders for the broker's own page |
//! | [`test_user`] | who acts on the broker's pages in a test |
//!
//! A login goes over the broker's page and comes back with a short-lived token, which is exchanged for the session's. The
//! session ends at 06:00 IST. The tag of an order carries our reference; the broker neither enforces it nor looks orders
//! up by it, so that an order without proof is found in the book of the day. Sources: the broker's documentation of the
//! interface, and what its official clients send.

mod basket;
mod map;
mod rows;
pub mod test_user;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use torana_brokers::{
    AsOf, AuthorisationStep, BookEntry, Broker, BrokerError, BrokerReturn, BrokerSession, BrowserForm, Call,
    ChangeOutcome, DematFund, Execution, Funds, HandOff, Holding, LoginContext, LoginError, LoginStep,
    NetPosition, OrderBook, PlaceOutcome, PlatformScope, Profile, Quote, TestUser, WantedAuthorisation,
};
use torana_clock::ist::{TimeOfDay, next_ist_time_of_day};
use torana_credentials::secrets::Secret;
use torana_credentials::sha256_hex;
use torana_domain::ids::ClientReference;
use torana_domain::order::OrderTicket;
use torana_domain::time::Timestamp;
use torana_runtime::{BoxFuture, Http, Sleep};

use self::wire::{Request, Trouble, encode};
use crate::market::MarketData;

pub use self::wire::ANSWER_TIMEOUT;

/// Most instruments of one call for quotes.
const QUOTES_MAX: usize = 500;
/// Longest wait of a read that came too early (wall time), in seconds.
const PATIENCE_SECONDS: u32 = 2;
/// What the platform's own sessions are marked with.
const PLATFORM: &str = "platform:";

/// The app that acts for its users.
#[derive(Clone)]
pub struct App {
    /// Public key.
    pub api_key: String,
    /// Secret of its checksums.
    pub api_secret: Secret,
}

/// Where an app comes from. Its keys may have to be fetched first.
pub trait AppSource: Send + Sync {
    /// The app.
    ///
    /// # Errors
    /// Why there is none now, for the log.
    fn app(&self) -> BoxFuture<'static, Result<App, String>>;
}

/// Where and how the broker is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Origin of the interface, without a trailing slash.
    pub api_url: String,
    /// Origin of the pages for browsers, without a trailing slash.
    pub login_url: String,
    /// How orders get there.
    pub execution: Execution,
}

/// What an adapter is made of.
pub struct Parts {
    /// The broker's abilities.
    pub profile: &'static Profile,
    /// Where it is.
    pub access: Access,
    /// The app.
    pub app: Arc<dyn AppSource>,
    /// What the broker lets the platform read without a session of the user, where that is agreed upon.
    pub platform: Option<Arc<dyn Broker>>,
    /// Who acts on the pages of test accounts.
    pub test_user: Option<Arc<dyn TestUser>>,
    /// Calendar and securities.
    pub market: Arc<dyn MarketData>,
    /// The network.
    pub http: Arc<dyn Http>,
    /// Waiting.
    pub sleep: Arc<dyn Sleep>,
}

/// The adapter. Clones share everything.
#[derive(Clone)]
pub struct Zerodha(Arc<Parts>);

impl Zerodha {
    /// An adapter of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    async fn app(&self) -> Result<App, Trouble> {
        self.0.app.app().await.map_err(Trouble::NotSent)
    }

    /// Sends a request once, and a read that came too early once more.
    async fn ask<T: DeserializeOwned>(
        &self,
        request: Request,
        authorization: Option<&str>,
    ) -> Result<T, Trouble> {
        let send = || {
            self.0
                .http
                .send(request.to(&self.0.access.api_url, authorization))
        };
        let first = wire::read(send().await);
        match first {
            Err(Trouble::TooMany { retry_after_seconds })
                if request.is_read() && retry_after_seconds.unwrap_or(1) <= PATIENCE_SECONDS =>
            {
                let wait = retry_after_seconds.unwrap_or(1);
                self.0.sleep.sleep(Duration::from_secs(u64::from(wait))).await;
                wire::read(send().await)
            }
            other => other,
        }
    }

    /// The same in the name of a user.
    async fn ask_as<T: DeserializeOwned>(&self, call: &Call, request: Request) -> Result<T, Trouble> {
        let app = self.app().await?;
        let authorization = format!("token {}:{}", app.api_key, call.session.token.reveal());
        self.ask(request, Some(&authorization)).await
    }

    /// A page of the broker with our value for the way back.
    fn page(&self, path: &str, app: &App, state: &str) -> String {
        let back = encode(&[("state", state)]);
        let query = encode(&[("v", "3"), ("api_key", &app.api_key), ("redirect_params", &back)]);
        format!("{}{path}?{query}", self.0.access.login_url)
    }

    async fn login_page(&self, context: LoginContext) -> Result<LoginStep, LoginError> {
        let app = self.app().await?;
        Ok(LoginStep::Redirect {
            url: self.page("/connect/login", &app, &context.state),
        })
    }

    /// Exchanges the short-lived token that came back for a session.
    async fn session(&self, at: Timestamp, back: &BrokerReturn) -> Result<BrokerSession, LoginError> {
        let Some(request_token) = parameter(back, "request_token") else {
            return Err(LoginError::Refused {
                text: "The broker did not confirm the login.".to_owned(),
            });
        };
        let app = self.app().await?;
        let proof = format!("{}{request_token}{}", app.api_key, app.api_secret.reveal());
        let request = Request::post(
            "/session/token",
            vec![
                ("api_key", app.api_key),
                ("request_token", request_token.to_owned()),
                ("checksum", sha256_hex(proof.as_bytes())),
            ],
        );
        let session: rows::Session = self.ask(request, None).await?;
        let (hour, minute) = self.0.profile.session_ends_ist;
        Ok(BrokerSession {
            account_id: session.user_id,
            token: Secret::new(session.access_token),
            expires_at: TimeOfDay::new(hour, minute).map_or(at, |end| next_ist_time_of_day(at, end)),
        })
    }

    async fn end(&self, call: Call) -> Result<(), BrokerError> {
        let app = self.app().await?;
        let token = call.session.token.reveal().to_owned();
        let request = Request::delete(
            "/session/token",
            vec![("api_key", app.api_key), ("access_token", token)],
        );
        match self.ask::<bool>(request, None).await {
            Ok(_) | Err(Trouble::TokenOver(_) | Trouble::Refused { .. }) => Ok(()),
            Err(trouble) => Err(trouble.into()),
        }
    }

    async fn fetch_holdings(&self, call: Call) -> Result<Vec<Holding>, Trouble> {
        let rows = self
            .ask_as(&call, Request::get("/portfolio/holdings", Vec::new()))
            .await?;
        map::holdings(rows, &self.0.market.master_at(call.at))
    }

    async fn fetch_positions(&self, call: Call) -> Result<Vec<NetPosition>, Trouble> {
        let rows = self
            .ask_as(&call, Request::get("/portfolio/positions", Vec::new()))
            .await?;
        map::positions(rows, &self.0.market.master_at(call.at))
    }

    async fn fetch_funds(&self, call: Call) -> Result<Vec<DematFund>, Trouble> {
        let rows = self
            .ask_as(&call, Request::get("/mf/holdings", Vec::new()))
            .await?;
        map::demat_funds(rows)
    }

    async fn fetch_margins(&self, call: Call) -> Result<Funds, Trouble> {
        let row = self
            .ask_as(&call, Request::get("/user/margins/equity", Vec::new()))
            .await?;
        map::funds(&row)
    }

    async fn fetch_quotes(&self, call: Call, tickers: Vec<String>) -> Result<Vec<Quote>, Trouble> {
        let (master, calendar) = (self.0.market.master_at(call.at), self.0.market.calendar());
        let mut found = Vec::new();
        for part in tickers.chunks(QUOTES_MAX) {
            let names = part.iter().map(|ticker| ("i", map::quote_name(&master, ticker)));
            let rows = self
                .ask_as(&call, Request::get("/quote", names.collect()))
                .await?;
            found.extend(map::quotes(&rows, part, &master, &calendar, call.at)?);
        }
        Ok(found)
    }

    async fn fetch_book(&self, call: Call) -> Result<OrderBook, Trouble> {
        let rows: Vec<rows::Order> = self.ask_as(&call, Request::get("/orders", Vec::new())).await?;
        let (master, calendar) = (self.0.market.master_at(call.at), self.0.market.calendar());
        map::order_book(rows, &calendar, &master, call.at)
    }

    async fn send(&self, call: Call, ticket: OrderTicket) -> PlaceOutcome {
        let form = map::order_form(&ticket, &self.0.market.master_at(call.at));
        let path = format!("/orders/{}", map::variety(ticket.variety));
        map::place_outcome(self.ask_as(&call, Request::post(path, form)).await)
    }

    /// The path names the order's variety, which its history knows.
    async fn take_back(&self, call: Call, order_id: String) -> ChangeOutcome {
        let path = format!("/orders/{order_id}");
        let history: Result<Vec<rows::Order>, _> = self.ask_as(&call, Request::get(path, Vec::new())).await;
        let variety = match history {
            Ok(rows) => match rows.into_iter().next_back() {
                Some(row) => row.variety,
                None => return ChangeOutcome::NotFound,
            },
            // Nothing was asked for yet, so nothing can have changed.
            Err(Trouble::Lost(text) | Trouble::Unreadable(text)) => return ChangeOutcome::Refused { text },
            Err(trouble) => return map::change_outcome::<()>(Err(trouble)),
        };
        let request = Request::delete(format!("/orders/{variety}/{order_id}"), Vec::new());
        map::change_outcome::<rows::Placed>(self.ask_as(&call, request).await)
    }

    /// Clearance is asked for where neither a standing instruction nor an earlier clearance of the day covers it.
    async fn authorisation(
        &self,
        call: Call,
        wanted: Vec<WantedAuthorisation>,
    ) -> Result<AuthorisationStep, Trouble> {
        let profile: rows::Profile = self
            .ask_as(&call, Request::get("/user/profile", Vec::new()))
            .await?;
        let is_standing = profile
            .meta
            .demat_consent
            .is_some_and(|consent| !consent.is_empty());
        if is_standing || self.is_cleared(call.clone(), &wanted).await? {
            return Ok(AuthorisationStep::NotNeeded);
        }
        let one = |wanted: WantedAuthorisation| {
            [("isin", wanted.isin), ("quantity", wanted.quantity.0.to_string())]
        };
        let pairs = wanted.into_iter().flat_map(one).collect();
        let request = Request::post("/portfolio/holdings/authorise", pairs);
        let asked: rows::AuthorisationRequest = self.ask_as(&call, request).await?;
        let app = self.app().await?;
        Ok(AuthorisationStep::Redirect {
            url: format!(
                "{}/connect/portfolio/authorise/holdings/{}/{}",
                self.0.access.login_url, app.api_key, asked.request_id
            ),
        })
    }

    /// Whether everything that is wanted may be sold today.
    async fn is_cleared(&self, call: Call, wanted: &[WantedAuthorisation]) -> Result<bool, Trouble> {
        let holdings = self.fetch_holdings(call).await?;
        let is_covered = |wanted: &WantedAuthorisation| {
            let of_it = holdings.iter().filter(|holding| holding.isin == wanted.isin);
            of_it.map(|holding| holding.authorised_quantity.0).sum::<i64>() >= wanted.quantity.0
        };
        Ok(wanted.iter().all(is_covered))
    }

    /// The broker's page says nothing to us: what it has cleared stands in the holdings.
    async fn authorised(&self, call: Call, wanted: Vec<WantedAuthorisation>) -> Result<(), LoginError> {
        if self.is_cleared(call, &wanted).await? {
            return Ok(());
        }
        Err(LoginError::Refused {
            text: "The shares are not cleared for sale yet. Finish that on the depository's page, then go on here."
                .to_owned(),
        })
    }

    /// What the browser posts to the broker's page.
    async fn basket(&self, context: LoginContext, tickets: Vec<OrderTicket>) -> Result<BrowserForm, Trouble> {
        let app = self.app().await?;
        let master = self.0.market.master_at(context.at);
        let fields = [
            ("api_key", app.api_key),
            ("data", basket::orders(&tickets, &master)?),
            ("redirect_params", encode(&[("state", context.state)])),
        ];
        Ok(BrowserForm {
            url: format!("{}/connect/basket", self.0.access.login_url),
            fields: fields.map(|(name, value)| (name.to_owned(), value)).into(),
        })
    }

    async fn came_back(&self, context: LoginContext, back: BrokerReturn) -> Result<HandOff, LoginError> {
        match parameter(&back, "status") {
            Some("success") => self.session(context.at, &back).await.map(HandOff::Confirmed),
            _ => Ok(HandOff::Left),
        }
    }

    /// A call that the platform makes for itself, as whoever answers those takes it.
    fn of_platform(&self, call: &Call) -> Option<(Arc<dyn Broker>, Call)> {
        let token = call.session.token.reveal().strip_prefix(PLATFORM)?.to_owned();
        let session = BrokerSession {
            token: Secret::new(token),
            ..call.session.clone()
        };
        let platform = Arc::clone(self.0.platform.as_ref()?);
        Some((platform, Call { at: call.at, session }))
    }
}

/// A parameter of the return address.
fn parameter<'a>(back: &'a BrokerReturn, name: &str) -> Option<&'a str> {
    let (BrokerReturn::Parameters(pairs) | BrokerReturn::Fields(pairs)) = back;
    let found = pairs.iter().find(|(key, _)| key == name);
    found
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty())
}

/// What was read, with the instant of the call.
fn dated<T>(at: Timestamp, read: Result<T, Trouble>) -> Result<AsOf<T>, BrokerError> {
    Ok(AsOf {
        value: read?,
        as_of: at,
    })
}

/// Hands a clone of the adapter to an async body: the trait's futures outlive the borrow.
macro_rules! with {
    ($self:ident, $this:ident => $body:expr) => {{
        let $this = $self.clone();
        Box::pin(async move { $body })
    }};
}

/// A read that the platform may make too.
macro_rules! shared_read {
    ($self:ident, $call:ident, $read:ident, $fetch:ident) => {{
        match $self.of_platform(&$call) {
            Some((platform, call)) => platform.$read(call),
            None => with!($self, this => dated($call.at, this.$fetch($call).await)),
        }
    }};
}

impl Broker for Zerodha {
    fn profile(&self) -> &'static Profile {
        self.0.profile
    }

    fn begin_login(&self, context: LoginContext) -> BoxFuture<'static, Result<LoginStep, LoginError>> {
        with!(self, this => this.login_page(context).await)
    }

    fn complete_login(
        &self,
        context: LoginContext,
        back: BrokerReturn,
    ) -> BoxFuture<'static, Result<BrokerSession, LoginError>> {
        with!(self, this => this.session(context.at, &back).await)
    }

    fn logout(&self, call: Call) -> BoxFuture<'static, Result<(), BrokerError>> {
        with!(self, this => this.end(call).await)
    }

    fn platform_session(
        &self,
        at: Timestamp,
        account_id: String,
        scope: PlatformScope,
    ) -> BoxFuture<'static, Result<BrokerSession, BrokerError>> {
        let platform = self.0.platform.clone();
        Box::pin(async move {
            let platform = platform.ok_or(BrokerError::Unsupported)?;
            let session = platform.platform_session(at, account_id, scope).await?;
            Ok(BrokerSession {
                token: Secret::new(format!("{PLATFORM}{}", session.token.reveal())),
                ..session
            })
        })
    }

    fn holdings(&self, call: Call) -> BoxFuture<'static, Result<AsOf<Vec<Holding>>, BrokerError>> {
        shared_read!(self, call, holdings, fetch_holdings)
    }

    fn positions(&self, call: Call) -> BoxFuture<'static, Result<AsOf<Vec<NetPosition>>, BrokerError>> {
        shared_read!(self, call, positions, fetch_positions)
    }

    fn demat_funds(&self, call: Call) -> BoxFuture<'static, Result<AsOf<Vec<DematFund>>, BrokerError>> {
        shared_read!(self, call, demat_funds, fetch_funds)
    }

    fn funds(&self, call: Call) -> BoxFuture<'static, Result<AsOf<Funds>, BrokerError>> {
        with!(self, this => dated(call.at, this.fetch_margins(call).await))
    }

    fn quotes(
        &self,
        call: Call,
        tickers: Vec<String>,
    ) -> BoxFuture<'static, Result<AsOf<Vec<Quote>>, BrokerError>> {
        with!(self, this => dated(call.at, this.fetch_quotes(call, tickers).await))
    }

    fn begin_authorisation(
        &self,
        call: Call,
        wanted: Vec<WantedAuthorisation>,
    ) -> BoxFuture<'static, Result<AuthorisationStep, BrokerError>> {
        with!(self, this => Ok(this.authorisation(call, wanted).await?))
    }

    fn complete_authorisation(
        &self,
        call: Call,
        wanted: Vec<WantedAuthorisation>,
        _: BrokerReturn,
    ) -> BoxFuture<'static, Result<(), LoginError>> {
        with!(self, this => this.authorised(call, wanted).await)
    }

    fn place(&self, call: Call, ticket: OrderTicket) -> BoxFuture<'static, PlaceOutcome> {
        with!(self, this => this.send(call, ticket).await)
    }

    fn cancel(&self, call: Call, broker_order_id: String) -> BoxFuture<'static, ChangeOutcome> {
        with!(self, this => this.take_back(call, broker_order_id).await)
    }

    fn order_book(&self, call: Call) -> BoxFuture<'static, Result<AsOf<OrderBook>, BrokerError>> {
        shared_read!(self, call, order_book, fetch_book)
    }

    fn order_by_reference(
        &self,
        _: Call,
        _: ClientReference,
    ) -> BoxFuture<'static, Result<AsOf<Option<BookEntry>>, BrokerError>> {
        Box::pin(std::future::ready(Err(BrokerError::Unsupported)))
    }

    fn execution(&self) -> Execution {
        self.0.access.execution
    }

    fn begin_hand_off(
        &self,
        context: LoginContext,
        tickets: Vec<OrderTicket>,
    ) -> BoxFuture<'static, Result<BrowserForm, BrokerError>> {
        with!(self, this => Ok(this.basket(context, tickets).await?))
    }

    fn complete_hand_off(
        &self,
        context: LoginContext,
        back: BrokerReturn,
    ) -> BoxFuture<'static, Result<HandOff, LoginError>> {
        with!(self, this => this.came_back(context, back).await)
    }

    fn test_user(&self) -> Option<Arc<dyn TestUser>> {
        self.0.test_user.clone()
    }
}

#[cfg(test)]
mod tests;
