//! Apps of a sandbox world and logins at them: what the control side asks of the exchange's desk.

use std::collections::BTreeMap;

use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_exchange::access::{AccessReply, AccessRequest, AppTerms};

use crate::context::{Engine, lock};
use crate::error::EngineError;
use crate::gateways::Gateway;

/// An app that was made; the secret is shown this once.
#[derive(Clone, PartialEq, Eq)]
pub struct NewApp {
    /// Its public key.
    pub api_key: String,
    /// Its secret.
    pub api_secret: String,
}

/// A login of an account at an app.
#[derive(Clone, PartialEq, Eq)]
pub struct AppSession {
    /// The app's public key.
    pub api_key: String,
    /// The token of its calls.
    pub access_token: String,
}

/// The versions of the clocks that the desk was told, by the gateway's internal key.
pub(crate) type ToldVersions = BTreeMap<i64, i64>;

impl Engine {
    /// Makes an app in the gateway's world.
    ///
    /// # Errors
    /// 503 when the exchange does not answer.
    pub async fn make_app(&self, gateway: &Gateway, terms: AppTerms) -> Result<NewApp, EngineError> {
        match self.ask_desk(gateway, AccessRequest::MakeApp(terms)).await? {
            AccessReply::AppMade { api_key, api_secret } => Ok(NewApp { api_key, api_secret }),
            _ => Err(ApiError::new(ErrorCode::InternalError)),
        }
    }

    /// Logs an account in at an app of the gateway's world; without a key at the app of the command line.
    ///
    /// # Errors
    /// 404 `app_not_found`, `account_not_found`; 400 `validation_failed` for a login that is refused; 503 when the
    /// exchange does not answer.
    pub async fn open_app_session(
        &self,
        gateway: &Gateway,
        api_key: Option<String>,
        account: String,
    ) -> Result<AppSession, EngineError> {
        self.await_quiet(gateway).await?;
        let request = AccessRequest::OpenSession { api_key, account };
        match self.ask_desk(gateway, request).await? {
            AccessReply::SessionOpened {
                api_key,
                access_token,
            } => Ok(AppSession {
                api_key,
                access_token,
            }),
            AccessReply::NoSuchApp => Err(ApiError::new(ErrorCode::AppNotFound)),
            AccessReply::NoSuchAccount => Err(ApiError::new(ErrorCode::AccountNotFound)),
            AccessReply::LoginRefused { text } => Err(ApiError::validation([format!("account: {text}")])),
            _ => Err(ApiError::new(ErrorCode::InternalError)),
        }
    }

    async fn ask_desk(&self, gateway: &Gateway, request: AccessRequest) -> Result<AccessReply, EngineError> {
        let at = self.world_now(gateway);
        let desk = &self.inner().parts.desk;
        desk.serve(gateway.name.as_str(), at, request)
            .await
            .map_err(|error| {
                tracing::warn!(gateway.name = %gateway.name, %error, "the exchange's desk did not answer");
                ApiError::new(ErrorCode::ServiceUnavailable).retry_after(1)
            })
    }

    /// Tells an exchange that is a process of its own the clocks that it does not know yet. What fails is tried again
    /// at the next call.
    pub(crate) async fn tell_clocks(&self) {
        if !self.inner().parts.desk.wants_clocks() {
            return;
        }
        for gateway in self.gateways() {
            let version = gateway.clock.version;
            let is_known = lock(&self.inner().told).get(&gateway.id) == Some(&version);
            if !gateway.is_sandbox() || is_known {
                continue;
            }
            let told = self
                .ask_desk(&gateway, AccessRequest::KeepClock(gateway.clock))
                .await;
            if told.is_ok() {
                lock(&self.inner().told).insert(gateway.id, version);
            }
        }
    }
}
