//! The own pages of the broker of a test, and the person who acts there.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use torana_brokers::{
    AuthorisationStep, BookEntry, BrokerPage, BrokerReturn, BrokerSession, BrowserForm, Deed, Execution,
    HandOff, LoginContext, LoginError, LoginStep, TestUser,
};
use torana_clock::calendar::MarketCalendar;
use torana_credentials::secrets::Secret;
use torana_domain::money::Price;
use torana_domain::order::{OrderState, OrderTicket};
use torana_exchange::TPIN;
use torana_runtime::BoxFuture;

use crate::context::lock;

/// Where they are.
const ORIGIN: &str = "https://kite.test";
/// An account that the login page does not let in.
pub(crate) const LOCKED: &str = "LOCKED01";

/// The pages. Closed, until a test opens them.
#[derive(Default)]
pub(crate) struct Pages {
    pub(crate) are_open: AtomicBool,
    /// The broker does not take our round-trip value along.
    pub(crate) forget_state: AtomicBool,
    pub(crate) logins_begun: AtomicI64,
    pub(crate) logins_completed: AtomicI64,
    /// Requests to clear shares; each has a page, and only the newest works.
    pub(crate) clearances: AtomicI64,
    pub(crate) are_shares_cleared: AtomicBool,
    /// The user confirms orders here, and nobody sends them.
    pub(crate) take_orders: AtomicBool,
    /// Orders for which a form was given out, in the order of the forms.
    pub(crate) forms: Mutex<Vec<Vec<OrderTicket>>>,
    /// What stands in the broker's book because the user confirmed it.
    pub(crate) confirmed: Mutex<Vec<BookEntry>>,
}

fn refused<T>(text: &str) -> Result<T, LoginError> {
    Err(LoginError::Refused {
        text: text.to_owned(),
    })
}

/// A parameter of an address or a return.
fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut found = pairs.iter().filter(|(key, _)| key == name);
    found.next().map(|(_, value)| value.as_str())
}

impl Pages {
    pub(super) fn is_open(&self) -> bool {
        self.are_open.load(Ordering::SeqCst)
    }

    pub(super) fn begin_login(&self, context: &LoginContext) -> LoginStep {
        self.logins_begun.fetch_add(1, Ordering::SeqCst);
        let url = if self.forget_state.load(Ordering::SeqCst) {
            format!("{ORIGIN}/login")
        } else {
            format!("{ORIGIN}/login?state={}", context.state)
        };
        LoginStep::Redirect { url }
    }

    pub(super) fn complete_login(
        &self,
        context: &LoginContext,
        back: &BrokerReturn,
    ) -> Result<BrokerSession, LoginError> {
        let BrokerReturn::Parameters(pairs) = back else {
            return refused("the login is on our own pages");
        };
        self.logins_completed.fetch_add(1, Ordering::SeqCst);
        assert_eq!(
            value(pairs, "state").unwrap_or_default(),
            context.state,
            "the value that came back"
        );
        match (value(pairs, "status"), value(pairs, "code")) {
            (Some("success"), Some(account)) => Ok(BrokerSession {
                account_id: account.to_owned(),
                token: Secret::new("token".to_owned()),
                expires_at: MarketCalendar::nse().broker_session_expiry(context.at),
            }),
            _ => refused("You left the login."),
        }
    }
}

impl Pages {
    fn clearance(number: i64) -> String {
        format!("{ORIGIN}/authorise/{number}")
    }

    pub(super) fn begin_authorisation(&self) -> AuthorisationStep {
        if self.are_shares_cleared.load(Ordering::SeqCst) {
            return AuthorisationStep::NotNeeded;
        }
        let number = self.clearances.fetch_add(1, Ordering::SeqCst) + 1;
        AuthorisationStep::Redirect {
            url: Self::clearance(number),
        }
    }

    pub(super) fn complete_authorisation(&self, back: &BrokerReturn) -> Result<(), LoginError> {
        assert_eq!(
            *back,
            BrokerReturn::Fields(Vec::new()),
            "the page comes back with nothing"
        );
        if self.are_shares_cleared.load(Ordering::SeqCst) {
            Ok(())
        } else {
            refused("The shares are not authorised.")
        }
    }

    pub(super) fn execution(&self) -> Execution {
        if self.take_orders.load(Ordering::SeqCst) {
            Execution::HandOff
        } else {
            Execution::Direct
        }
    }

    pub(super) fn begin_hand_off(&self, context: &LoginContext, tickets: Vec<OrderTicket>) -> BrowserForm {
        let mut forms = lock(&self.forms);
        let number = forms.len();
        forms.push(tickets);
        BrowserForm {
            url: format!("{ORIGIN}/basket"),
            fields: vec![
                ("form".to_owned(), number.to_string()),
                ("then".to_owned(), format!("state={}", context.state)),
            ],
        }
    }

    pub(super) fn complete_hand_off(
        &self,
        context: &LoginContext,
        back: &BrokerReturn,
    ) -> Result<HandOff, LoginError> {
        let BrokerReturn::Parameters(pairs) = back else {
            return refused("the orders are on our own pages");
        };
        match value(pairs, "status") {
            Some("cancelled") => Ok(HandOff::Left),
            _ => self.complete_login(context, back).map(HandOff::Confirmed),
        }
    }

    fn confirm(&self, form: &BrowserForm, account: &str) -> Result<BrokerReturn, LoginError> {
        if account == LOCKED {
            return refused("You cannot log in.");
        }
        let number: usize = value(&form.fields, "form").unwrap().parse().unwrap();
        let mut book = lock(&self.confirmed);
        for ticket in lock(&self.forms).get(number).unwrap() {
            let id = format!("C{}", book.len() + 1);
            book.push(BookEntry {
                broker_order_id: id,
                exchange_order_id: None,
                reference: Some(ticket.reference.clone()),
                ticker: ticket.ticker.clone(),
                side: ticket.side,
                quantity: ticket.quantity,
                state: OrderState::Complete,
                filled: ticket.quantity,
                average_price: Price(15_000_000),
                error_code: None,
                status_message: None,
                order_timestamp: None,
            });
        }
        Ok(back("success", account, value(&form.fields, "then").unwrap()))
    }

    fn clear(&self, url: &str, tpin: &str) -> Result<BrokerReturn, LoginError> {
        let newest = Self::clearance(self.clearances.load(Ordering::SeqCst));
        if url != newest || tpin != TPIN {
            return refused("There is no such request.");
        }
        self.are_shares_cleared.store(true, Ordering::SeqCst);
        Ok(BrokerReturn::Parameters(Vec::new()))
    }
}

impl TestUser for Pages {
    fn act(&self, page: BrokerPage, deed: Deed) -> BoxFuture<'static, Result<BrokerReturn, LoginError>> {
        let done = match (page, deed) {
            (BrokerPage::At(url), Deed::LogIn { account }) if account == LOCKED => {
                refused(&format!("{url} does not let you in"))
            }
            (BrokerPage::At(url), Deed::LogIn { account }) => Ok(back("success", &account, &url)),
            (BrokerPage::At(url), Deed::ClearShares { tpin }) => self.clear(&url, &tpin),
            (BrokerPage::Form(form), Deed::ConfirmOrders { account }) => self.confirm(&form, &account),
            (BrokerPage::Form(form), Deed::LeaveOrders) => {
                Ok(back("cancelled", "", value(&form.fields, "then").unwrap()))
            }
            _ => refused("there is no such page"),
        };
        Box::pin(async move { done })
    }
}

/// What the browser brings back from a page that it was sent to.
fn back(status: &str, code: &str, url: &str) -> BrokerReturn {
    let mut pairs = vec![
        ("status".to_owned(), status.to_owned()),
        ("code".to_owned(), code.to_owned()),
    ];
    if let Some((_, state)) = url.split_once("state=") {
        pairs.push(("state".to_owned(), state.to_owned()));
    }
    BrokerReturn::Parameters(pairs)
}

/// The pages as somebody to act on them.
pub(super) fn user(pages: &Arc<Pages>) -> Option<Arc<dyn TestUser>> {
    pages.is_open().then(|| Arc::clone(pages) as Arc<dyn TestUser>)
}
