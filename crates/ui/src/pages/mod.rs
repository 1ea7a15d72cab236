//! The pages as typed values, one struct per step of the hosted flow.

pub mod broker;
pub mod checks;
pub mod hand_off;
pub mod kite;
pub mod login;
pub mod orders;
pub mod outcome;
pub mod review;
mod samples;

use serde::Serialize;

pub use broker::{
    BrokerChoice, BrokerMissing, BrokerNotice, BrokerView, Brokers, Loading, OpenAccount, Purpose,
};
pub use checks::{
    Authorise, AuthoriseHow, AuthoriseLine, Checks, FundsShort, HoldingShort, Market, MarketOffer,
};
pub use hand_off::{Carried, HandOff, SendOrders};
pub use kite::{Hidden, KiteAsk, KiteEnd, KiteEnding, KiteForm, KiteOrder};
pub use login::{Consent, Leave, Login, LoginChoice, LoginField, Mismatch, Session};
pub use orders::{OrderLine, Progress, Status, Work};
pub use outcome::{Cancel, Done, ErrorKind, ErrorPage, OtherBrowser, Outcome};
pub use review::{FieldError, LineErrors, MovedPrice, Review, ReviewLine};

use crate::frame::Frame;

/// A page: what surrounds it and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Partner, mode, script values.
    pub frame: Frame,
    /// The step's own content.
    pub body: Body,
}

macro_rules! bodies {
    ($($(#[$doc:meta])* $variant:ident($context:ty) = $step:literal, $template:literal;)+) => {
        /// The content of a page.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Body { $($(#[$doc])* $variant($context),)+ }

        impl Body {
            /// Last segment of the page's path, `/flow/{id}/{step}`; also the `step` that the SDK reads.
            #[must_use]
            pub const fn step(&self) -> &'static str {
                match self { $(Self::$variant(_) => $step),+ }
            }

            /// File below `templates/`.
            #[must_use]
            pub const fn template(&self) -> &'static str {
                match self { $(Self::$variant(_) => $template),+ }
            }
        }

        $(impl From<$context> for Body {
            fn from(context: $context) -> Self { Self::$variant(context) }
        })+
    };
}

bodies! {
    /// Moves on by itself.
    Loading(Loading) = "start", "loading.html";
    /// Which broker?
    Brokers(Brokers) = "brokers", "brokers.html";
    /// The user's broker is not in the list.
    BrokerMissing(BrokerMissing) = "broker-missing", "broker_missing.html";
    /// The user has no account yet.
    OpenAccount(OpenAccount) = "open-account", "open_account.html";
    /// What will happen, and what the partner will get.
    BrokerNotice(BrokerNotice) = "notice", "notice.html";
    /// Leads on to the broker's own login.
    Leave(Leave) = "login", "leave.html";
    /// Sandbox login, the fields of a broker without a login page, or the way to the broker's.
    Login(Login) = "login", "login.html";
    /// A living broker session of this browser.
    Session(Session) = "session", "session.html";
    /// Another account than the partner's user is linked to.
    Mismatch(Mismatch) = "mismatch", "mismatch.html";
    /// Permission to share holdings.
    Consent(Consent) = "consent", "consent.html";
    /// The basket, to be completed and confirmed.
    Review(Review) = "review", "review.html";
    /// Funds or holdings are short.
    Checks(Checks) = "checks", "checks.html";
    /// The depository must clear shares for sale.
    Authorise(Authorise) = "authorise", "authorise.html";
    /// The market is closed.
    Market(Market) = "market", "market.html";
    /// The orders wait for the user, at the broker.
    HandOff(HandOff) = "hand-off", "hand_off.html";
    /// Leads on to the broker with the orders.
    SendOrders(SendOrders) = "hand-off", "send_orders.html";
    /// Work is going on.
    Progress(Progress) = "progress", "progress.html";
    /// What became of the orders.
    Status(Status) = "status", "status.html";
    /// The end.
    Done(Done) = "done", "done.html";
    /// Really cancel?
    Cancel(Cancel) = "cancel", "cancel.html";
    /// Expired, unknown, or an error of ours.
    Error(ErrorPage) = "error", "error.html";
    /// The flow's cookie is missing.
    OtherBrowser(OtherBrowser) = "other-browser", "other_browser.html";
    /// A form of the Kite interface.
    KiteForm(KiteForm) = "kite", "kite_form.html";
    /// How it ended there.
    KiteEnd(KiteEnd) = "kite-end", "kite_end.html";
}

impl Page {
    /// A page.
    #[must_use]
    pub fn new(frame: Frame, body: impl Into<Body>) -> Self {
        Self {
            frame,
            body: body.into(),
        }
    }

    /// Every page in every shape that the tests render, each with a file-name-like name.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        samples::all()
    }
}
