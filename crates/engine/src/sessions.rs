//! Broker sessions at rest: sealed before they are stored, opened for a call.

use serde::{Deserialize, Serialize};
use torana_brokers::{Broker, BrokerError, BrokerSession, Call, PlatformScope};
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_credentials::secrets::Secret;
use torana_domain::time::Timestamp;
use torana_storage::gateway::sessions::{self, BrokerSessionRow};

use crate::context::Engine;
use crate::error::{EngineError, from_store};
use crate::execution::within_limit;
use crate::gateways::Gateway;

#[derive(Serialize, Deserialize)]
struct Stored {
    account_id: String,
    token: String,
}

/// The place that a broker session is sealed for.
pub(crate) fn broker_session_context(gateway_id: i64) -> String {
    format!("gateway/{gateway_id}/broker-session")
}

/// What may be shown of an account id: its last two characters.
#[must_use]
pub fn mask_account(account_id: &str) -> String {
    let count = account_id.chars().count();
    account_id
        .chars()
        .enumerate()
        .map(|(i, c)| if i + 2 < count { '•' } else { c })
        .collect()
}

impl Engine {
    /// Encrypts a session for storage.
    pub(crate) fn seal_session(
        &self,
        gateway: &Gateway,
        session: &BrokerSession,
    ) -> Result<String, EngineError> {
        let stored = Stored {
            account_id: session.account_id.clone(),
            token: session.token.reveal().to_owned(),
        };
        let plain = crate::create::to_json(&stored)?;
        self.keyring()
            .seal(
                plain.as_bytes(),
                &broker_session_context(gateway.id),
                &*self.rt().entropy,
            )
            .map_err(|error| {
                tracing::error!(%error, "broker session could not be encrypted");
                ApiError::new(ErrorCode::InternalError)
            })
    }

    /// The account and token of a stored session, alive or not.
    fn unseal_session(
        &self,
        gateway: &Gateway,
        row: &BrokerSessionRow,
    ) -> Result<BrokerSession, EngineError> {
        let plain = self
            .keyring()
            .open(&row.sealed, &broker_session_context(gateway.id))
            .map_err(|error| {
                tracing::error!(%error, "broker session could not be decrypted");
                ApiError::new(ErrorCode::InternalError)
            })?;
        let stored: Stored =
            serde_json::from_slice(&plain).map_err(|_| ApiError::new(ErrorCode::InternalError))?;
        Ok(BrokerSession {
            account_id: stored.account_id,
            token: Secret::new(stored.token),
            expires_at: row.expires_at,
        })
    }

    /// A call by the platform's own access to the account of a session that may be over. `None` where the broker
    /// grants the platform nothing.
    pub(crate) async fn platform_call(
        &self,
        gateway: &Gateway,
        broker: &dyn Broker,
        row: &BrokerSessionRow,
        scope: PlatformScope,
        at: Timestamp,
    ) -> Result<Result<Option<Call>, BrokerError>, EngineError> {
        if !broker.profile().capabilities.grants(scope) {
            return Ok(Ok(None));
        }
        let account_id = self.unseal_session(gateway, row)?.account_id;
        let granted = within_limit(self.rt(), broker.platform_session(at, account_id, scope)).await;
        Ok(match granted {
            Some(Ok(session)) => Ok(Some(Call { at, session })),
            Some(Err(BrokerError::Unsupported)) => Ok(None),
            Some(Err(error)) => Err(error),
            None => Err(BrokerError::Unavailable("no answer in time".to_owned())),
        })
    }

    /// A call with a stored session at `at` (world time); `None` if the session is over.
    pub(crate) fn open_call(
        &self,
        gateway: &Gateway,
        row: &BrokerSessionRow,
        at: Timestamp,
    ) -> Result<Option<Call>, EngineError> {
        if row.ended_at.is_some() || row.expires_at <= at {
            return Ok(None);
        }
        Ok(Some(Call {
            at,
            session: self.unseal_session(gateway, row)?,
        }))
    }

    /// Ends a session in our books after the broker said that it is over.
    pub(crate) async fn forget_session(&self, id: i64, at: Timestamp) -> Result<(), EngineError> {
        self.store()
            .write("broker_session.ended", move |tx| sessions::end_broker(tx, id, at))
            .await
            .map_err(from_store)
    }
}
