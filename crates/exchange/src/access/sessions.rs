//! Logins at apps.

use torana_brokers::Profile;
use torana_clock::ist::{TimeOfDay, next_ist_time_of_day};
use torana_credentials::secrets::Secret;
use torana_credentials::sha256_hex;
use torana_domain::time::Timestamp;

use super::{AccessBook, AccessError, App, TokenKind};
use crate::core::{AccountKey, Answer, Command, Reply, SessionRef};
use crate::port::Port;

/// When a broker ends a session that begins at `at`.
#[must_use]
pub fn session_end(profile: &Profile, at: Timestamp) -> Timestamp {
    let (hour, minute) = profile.session_ends_ist;
    TimeOfDay::new(hour, minute).map_or(at, |time| next_ist_time_of_day(at, time))
}

/// What came of a login.
pub struct Opened {
    /// The token; it is good for nothing unless the answer is [`Reply::LoggedIn`].
    pub token: Secret,
    /// The login, as calls prove it.
    pub session: SessionRef,
    /// The exchange's answer, with what happens to it on its way.
    pub answer: Answer,
}

/// Logs an account in at an app until `expires_at`, with a token of a kind. The token is entered before the world
/// opens the session, so that an ended process leaves nothing that can be used.
///
/// # Errors
/// The database's, or the exchange's.
pub async fn open_session(
    book: &AccessBook,
    port: &dyn Port,
    kind: TokenKind,
    app: &App,
    key: &AccountKey,
    at: Timestamp,
    expires_at: Timestamp,
) -> Result<Opened, AccessError> {
    let token = book.draw();
    book.enter(kind, &token, app, key, at, expires_at).await?;
    let session = SessionRef {
        key: key.clone(),
        token_hash: sha256_hex(token.as_bytes()),
    };
    let login = Command::Login {
        session: session.clone(),
        expires_at,
    };
    let answer = port.execute(&app.world, at, login).await?;
    if answer.reply != Reply::LoggedIn {
        book.revoke(kind, token.reveal(), app).await?;
    }
    Ok(Opened {
        token,
        session,
        answer,
    })
}
