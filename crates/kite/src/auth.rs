//! Who calls: an app with the token of a user.

use axum::extract::FromRequestParts;
use http::header;
use http::request::Parts;
use torana_credentials::sha256_hex;
use torana_domain::time::Timestamp;
use torana_exchange::access::{App, Grant, TokenKind};
use torana_exchange::core::{Command, Reply, SessionRef};

use crate::error::KiteError;
use crate::limits::CallClass;
use crate::state::Kite;
use crate::wire::Slip;

/// A call with a token that was given to this app and is not over. Whether the world still knows its login, the
/// first command says.
#[derive(Clone)]
pub struct Caller {
    kite: Kite,
    slip: Slip,
    /// In which world it acts: a gateway's name.
    pub world: String,
    /// At which app the user logged in.
    pub app: App,
    /// The login.
    pub session: SessionRef,
    /// Name of the account.
    pub user_id: String,
    /// World time of the call.
    pub at: Timestamp,
}

impl FromRequestParts<Kite> for Caller {
    type Rejection = KiteError;

    async fn from_request_parts(parts: &mut Parts, kite: &Kite) -> Result<Self, KiteError> {
        let (api_key, token) = credentials(parts).ok_or_else(KiteError::token)?;
        let caller = Self::with_token(kite, api_key, token).await?;
        if caller.app.is_limited {
            let class = CallClass::of(&parts.method, parts.uri.path());
            let now = kite.rt().wall.ticks().0;
            let taken = kite.limits().take(caller.app.id, &caller.user_id, class, now);
            taken.map_err(KiteError::too_many)?;
        }
        let slip = parts.extensions.get::<Slip>().cloned().unwrap_or_default();
        Ok(Self { slip, ..caller })
    }
}

impl Caller {
    /// The call of an app with a token, wherever the two came from.
    ///
    /// # Errors
    /// 403 for a token that is unknown, over, or of another app.
    pub async fn with_token(kite: &Kite, api_key: &str, token: &str) -> Result<Self, KiteError> {
        let grant = kite.access().find(TokenKind::Access, token).await?;
        let grant = grant.filter(|grant| grant.app.api_key == api_key);
        let Grant { app, key, expires_at } = grant.ok_or_else(KiteError::token)?;
        let at = kite.now(&app.world)?;
        if at >= expires_at {
            return Err(KiteError::token());
        }
        Ok(Self {
            kite: kite.clone(),
            slip: Slip::default(),
            world: app.world.clone(),
            app,
            user_id: key.account().to_owned(),
            session: SessionRef {
                key,
                token_hash: sha256_hex(token.as_bytes()),
            },
            at,
        })
    }

    /// The state behind the routes.
    #[must_use]
    pub const fn kite(&self) -> &Kite {
        &self.kite
    }

    /// Puts one command to the exchange. What is to happen to the answer on its way is noted for the frame.
    ///
    /// # Errors
    /// 403 for a login that is over; 503 if there is no answer.
    pub async fn ask(&self, command: Command) -> Result<Reply, KiteError> {
        let answer = self
            .kite
            .exchange()
            .execute(&self.world, self.at, command)
            .await?;
        self.slip.note(answer.disturbance);
        match answer.reply {
            Reply::SessionExpired => Err(KiteError::token()),
            Reply::TooFarAhead => Err(KiteError::unavailable("The order system is too far behind")),
            // The frame replaces this answer by what the disturbance makes of it.
            Reply::Unreached => Err(KiteError::unavailable("The order system cannot be reached")),
            reply => Ok(reply),
        }
    }
}

/// `Authorization: token api_key:access_token`.
fn credentials(parts: &Parts) -> Option<(&str, &str)> {
    let text = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = text.trim().split_once(' ')?;
    let (api_key, token) = rest.trim().split_once(':')?;
    (scheme.eq_ignore_ascii_case("token") && !token.is_empty()).then_some((api_key, token))
}
