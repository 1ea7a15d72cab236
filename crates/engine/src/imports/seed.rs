//! A user who is there from the start, for the demo: connected, with consent and imported holdings.

use torana_brokers::{
    Broker, BrokerPage, BrokerReturn, BrokerSession, Call, Deed, LoginContext, LoginError, LoginStep,
};
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_domain::broker_key::BrokerKey;
use torana_domain::ids::AuthId;
use torana_domain::time::Timestamp;
use torana_storage::gateway::investors::{self, NewInvestor};
use torana_storage::gateway::sessions::{self, NewBrokerSession};
use torana_storage::gateway::snapshots::{self, SnapshotRow};

use super::snapshot::snapshot_of;
use crate::context::{Engine, SeededUser, lock};
use crate::create::to_json;
use crate::error::{EngineError, from_store};
use crate::gateways::Gateway;
use crate::sessions::mask_account;

impl Engine {
    /// Gives an account of a sandbox broker to a user with this public id, unless the gateway has that user. The
    /// account is logged in to and read as in an import with funds; no transaction is made and no webhook sent.
    ///
    /// # Errors
    /// 502 `broker_unavailable` when the account cannot be logged in to or read; the storage's.
    pub async fn seed_user(
        &self,
        gateway: &Gateway,
        auth_id: AuthId,
        key: BrokerKey,
        account: &str,
    ) -> Result<(), EngineError> {
        if !gateway.is_sandbox() {
            return Ok(());
        }
        *lock(&self.inner().seeded_user) = Some(SeededUser {
            gateway_id: gateway.id,
            auth_id: auth_id.clone(),
            broker: key,
            account: account.to_owned(),
        });
        if self.find_investor(gateway, &auth_id).await?.is_some() {
            return Ok(());
        }
        let unavailable = || ApiError::new(ErrorCode::BrokerUnavailable);
        let broker = self.broker(gateway, key).ok_or_else(unavailable)?;
        let world = self.world_now(gateway);
        let session = log_in(&*broker, world, account).await.map_err(|error| {
            tracing::warn!(%error, broker = %key, account, "a seeded user cannot log in");
            unavailable()
        })?;
        let call = Call {
            at: world,
            session: session.clone(),
        };
        let reading = self
            .read_account(&*broker, &call, true)
            .await
            .map_err(|_| unavailable())?;
        let snapshot = snapshot_of(&self.master_at(world), reading);
        let row = SnapshotRow {
            data: to_json(&snapshot)?,
            notes: None,
            snapshot_at: snapshot.taken_at,
            updated_at: world,
            refresh_started_at: None,
        };
        let account_hash =
            self.keyring()
                .identity_key()
                .hash_account(&gateway.name, key.as_str(), &session.account_id);
        let investor = NewInvestor {
            gateway_id: gateway.id,
            auth_id,
            broker: key,
            account_hash,
            account_masked: mask_account(&session.account_id),
            created_at: world,
        };
        let broker_session = NewBrokerSession {
            gateway_id: gateway.id,
            investor_id: 0,
            broker: key,
            sealed: self.seal_session(gateway, &session)?,
            expires_at: session.expires_at,
            cookie_hash: None,
            created_at: world,
        };
        self.store()
            .write("user.seeded", move |tx| {
                let account =
                    investors::find_by_account(tx, investor.gateway_id, key, &investor.account_hash)?;
                if account.is_some() || investors::find(tx, investor.gateway_id, &investor.auth_id)?.is_some()
                {
                    return Ok(());
                }
                let investor_id = investors::insert(tx, &investor)?;
                investors::set_holdings_consent(tx, investor_id, Some(world))?;
                snapshots::put(tx, investor_id, &row)?;
                sessions::insert_broker(
                    tx,
                    &NewBrokerSession {
                        investor_id,
                        ..broker_session.clone()
                    },
                )?;
                Ok(())
            })
            .await
            .map_err(from_store)
    }
}

/// Logs a test account in without a flow: by our own form, or on the broker's pages.
async fn log_in(broker: &dyn Broker, at: Timestamp, account: &str) -> Result<BrokerSession, LoginError> {
    let context = LoginContext {
        at,
        state: String::new(),
        return_url: String::new(),
    };
    let back = match (broker.begin_login(context.clone()).await?, broker.test_user()) {
        (LoginStep::Redirect { url }, Some(user)) => {
            let account = account.to_owned();
            user.act(BrokerPage::At(url), Deed::LogIn { account }).await?
        }
        _ => BrokerReturn::Fields(vec![("account".to_owned(), account.to_owned())]),
    };
    broker.complete_login(context, back).await
}
