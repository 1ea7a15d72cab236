//! Access to worlds for programs that talk to the exchange itself: apps with a key and a secret, and the tokens of
//! users who logged in to them.
//!
//! An app belongs to one world, a token to one app and one account. Whether the login behind an access token still
//! holds is the world's to say ([`Command::Login`](crate::core::Command::Login)); what is kept here only says
//! whose it is.
//!
//! Invariant: of a token only its hash is stored; an app's secret is stored sealed, because checksums need its text.

mod book;
mod clocks;
mod desk;
mod sessions;

use serde::{Deserialize, Serialize};
use torana_clock::world::ClockState;
use torana_domain::time::Timestamp;
use torana_runtime::BoxFuture;
use torana_storage::StoreError;

use crate::core::AccountKey;
use crate::port::PortError;

pub use book::AccessBook;
pub use clocks::{ToldClocks, WorldTime};
pub use desk::LocalDesk;
pub use sessions::{Opened, open_session, session_end};
pub use torana_storage::exchange::access::TokenKind;

/// An app, as it is known.
#[derive(Clone, PartialEq, Eq)]
pub struct App {
    /// Internal key.
    pub id: i64,
    /// Its public key.
    pub api_key: String,
    /// In which world it acts.
    pub world: String,
    /// Where a user's browser goes after a login.
    pub redirect_url: String,
    /// Where news about its orders go.
    pub postback_url: Option<String>,
    /// Whether its calls are counted.
    pub is_limited: bool,
    /// Whether the gateway itself acts through it.
    is_gateway: bool,
    sealed_secret: String,
}

impl App {
    /// The name under which its orders are known as this app's, for the news about them. The gateway's own orders
    /// have none: it is told of every order that nobody else is told of.
    #[must_use]
    pub fn sender(&self) -> Option<String> {
        (!self.is_gateway).then(|| self.api_key.clone())
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App")
            .field("api_key", &self.api_key)
            .field("world", &self.world)
            .finish_non_exhaustive()
    }
}

/// Whose a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// At which app the user logged in.
    pub app: App,
    /// Whose account.
    pub key: AccountKey,
    /// When the token ends (world time).
    pub expires_at: Timestamp,
}

/// What an app is made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppTerms {
    /// Where a user's browser goes after a login: an absolute http or https URL.
    pub redirect_url: String,
    /// Where news about its orders go.
    pub postback_url: Option<String>,
    /// Whether its calls are counted.
    pub is_limited: bool,
}

/// Why the book of apps cannot answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AccessError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A secret cannot be sealed or opened.
    #[error("the secret of an app cannot be used: {0}")]
    Keys(String),
    /// The exchange did not answer.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl From<AccessError> for PortError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Port(error) => error,
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// What a gateway's control side asks about access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessRequest {
    /// Makes an app. Answer: [`AccessReply::AppMade`].
    MakeApp(AppTerms),
    /// Makes the app through which the gateway itself acts in its world, or gives the one that there is. Answer:
    /// [`AccessReply::AppMade`].
    GatewayApp {
        /// Where the browsers of its users go after a login.
        redirect_url: String,
    },
    /// Logs an account of Zerodha in without a browser. Answer: [`AccessReply::SessionOpened`], `NoSuchApp`,
    /// `NoSuchAccount` or `LoginRefused`.
    OpenSession {
        /// At which app; the one of the command line, which is made if there is none, if `None`.
        api_key: Option<String>,
        /// Name of the account.
        account: String,
    },
    /// Tells the clock of the world to an exchange that is a process of its own. Answer: [`AccessReply::ClockKept`].
    KeepClock(ClockState),
}

/// The answers. They hold secrets, so that nothing prints them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessReply {
    /// The app and its secret.
    AppMade {
        /// Its public key.
        api_key: String,
        /// Its secret.
        api_secret: String,
    },
    /// The account is logged in.
    SessionOpened {
        /// At which app.
        api_key: String,
        /// The token of its calls.
        access_token: String,
    },
    /// The world has no such app.
    NoSuchApp,
    /// The world has no such account at Zerodha.
    NoSuchAccount,
    /// The login was refused.
    LoginRefused {
        /// Why, fit for the user.
        text: String,
    },
    /// The clock is known.
    ClockKept,
}

/// Where control sides ask for access, inside the process or at an exchange of its own.
pub trait AccessDesk: Send + Sync {
    /// Serves one request of a world (a gateway's name) at an instant of world time.
    fn serve(
        &self,
        world: &str,
        at: Timestamp,
        request: AccessRequest,
    ) -> BoxFuture<'static, Result<AccessReply, PortError>>;

    /// Whether it has to be told the clocks of worlds.
    fn wants_clocks(&self) -> bool {
        false
    }
}
