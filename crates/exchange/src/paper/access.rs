//! Who may read an account: its user with a session, and the platform itself with one for a single purpose.

use ring::digest::{SHA256, digest};
use torana_brokers::{AsOf, BrokerError, BrokerSession, Call, PlatformScope};
use torana_credentials::secrets::Secret;
use torana_domain::time::Timestamp;

use super::PaperBroker;
use crate::core::{AccountKey, Command, Reader, Reply, SessionRef};

/// The platform's token. Tokens of users are random and longer; a call that does not expect this one takes it for
/// the token of an unknown login.
const fn platform_token(scope: PlatformScope) -> &'static str {
    match scope {
        PlatformScope::Orders => "platform/orders",
        PlatformScope::Holdings => "platform/holdings",
    }
}

pub(super) fn hash(token: &Secret) -> String {
    hex::encode(digest(&SHA256, token.as_bytes()))
}

impl PaperBroker {
    /// The platform's session for one scope, as far as the profile grants it.
    pub(super) fn grant(
        &self,
        at: Timestamp,
        account_id: String,
        scope: PlatformScope,
    ) -> Result<BrokerSession, BrokerError> {
        if !self.profile.capabilities.grants(scope) {
            return Err(BrokerError::Unsupported);
        }
        AccountKey::new(self.profile.key, &account_id)
            .map_err(|error| BrokerError::Protocol(error.to_string()))?;
        Ok(BrokerSession {
            account_id,
            token: Secret::new(platform_token(scope).to_owned()),
            expires_at: self.session_end(at),
        })
    }

    /// Runs a reading command of a logged-in user; `pick` takes the reply that belongs to it.
    pub(super) async fn read<T>(
        &self,
        call: Call,
        command: impl FnOnce(SessionRef) -> Command + Send,
        pick: impl FnOnce(Reply) -> Option<T> + Send,
    ) -> Result<AsOf<T>, BrokerError> {
        let session = self.session_ref(&call).ok_or(BrokerError::SessionExpired)?;
        self.answer(call.at, command(session), pick).await
    }

    /// Runs a reading command of a logged-in user, or of the platform if its session is for `scope`.
    pub(super) async fn read_as<T>(
        &self,
        call: Call,
        scope: PlatformScope,
        command: impl FnOnce(Reader) -> Command + Send,
        pick: impl FnOnce(Reply) -> Option<T> + Send,
    ) -> Result<AsOf<T>, BrokerError> {
        let session = self.session_ref(&call).ok_or(BrokerError::SessionExpired)?;
        let is_platform = call.session.token == Secret::new(platform_token(scope).to_owned())
            && self.profile.capabilities.grants(scope)
            && call.at < call.session.expires_at;
        let reader = if is_platform {
            Reader::Platform(session.key)
        } else {
            Reader::User(session)
        };
        self.answer(call.at, command(reader), pick).await
    }

    async fn answer<T>(
        &self,
        at: Timestamp,
        command: Command,
        pick: impl FnOnce(Reply) -> Option<T> + Send,
    ) -> Result<AsOf<T>, BrokerError> {
        let answer = self.ask(at, command).await?;
        match answer.reply {
            Reply::SessionExpired => Err(BrokerError::SessionExpired),
            // A world that was reset may have lost the account: that ends no session of anybody.
            Reply::NoSuchAccount => Err(BrokerError::Protocol("there is no such account".to_owned())),
            reply => {
                let value = pick(reply)
                    .ok_or_else(|| BrokerError::Protocol("an answer of another kind".to_owned()))?;
                Ok(AsOf {
                    value,
                    as_of: answer.at,
                })
            }
        }
    }

    /// `None` for an account id that no account of ours can have.
    pub(super) fn session_ref(&self, call: &Call) -> Option<SessionRef> {
        let key = AccountKey::new(self.profile.key, &call.session.account_id).ok()?;
        Some(SessionRef {
            key,
            token_hash: hash(&call.session.token),
        })
    }
}
