//! The own pages of the broker of a test, and the person who acts there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use torana_brokers::{
    AuthorisationStep, BrokerPage, BrokerReturn, BrokerSession, Deed, LoginContext, LoginError, LoginStep,
    TestUser,
};
use torana_clock::calendar::MarketCalendar;
use torana_credentials::secrets::Secret;
use torana_exchange::TPIN;
use torana_runtime::BoxFuture;

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
