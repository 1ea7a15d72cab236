//! What is refused before a walk begins.

use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_domain::broker_key::BrokerKey;
use torana_domain::intent::Intent;
use torana_domain::transaction::Status;
use torana_storage::gateway::{flows, investors};

use super::super::state::{FlowOptions, Step};
use super::request::{Decision, WalkRequest, needs_login};
use crate::auth::{Caller, Principal};
use crate::context::Engine;
use crate::details::Loaded;
use crate::error::{EngineError, from_store};
use crate::gateways::Gateway;

impl Engine {
    pub(super) async fn check_walkable(
        &self,
        caller: &Caller,
        loaded: &Loaded,
        decision: Decision,
    ) -> Result<(), EngineError> {
        let expired = || ApiError::new(ErrorCode::TransactionExpired);
        let txn = &loaded.txn;
        let is_open = matches!(txn.status, Status::Initialized | Status::Used);
        if !is_open || txn.expire_at <= self.world_now(&caller.gateway) {
            return Err(expired().with_detail(format!("the transaction is {}", txn.status.as_str())));
        }
        let txn_id = txn.id;
        let flow = self
            .store()
            .read(move |tx| flows::find_by_txn(tx, txn_id))
            .await
            .map_err(from_store)?;
        let Some(flow) = flow else { return Ok(()) };
        if flow.sdk_session_id.is_some() {
            return Err(expired().with_detail("the flow was started by an SDK session"));
        }
        let run = self.load_run(flow.id).await?;
        let at_login = run.state.step == Step::Login;
        let leaves_chooser = matches!(decision, Decision::NoBroker | Decision::OpenAccount);
        if (decision == Decision::CloseBeforeLogin && at_login)
            || (leaves_chooser && self.is_broker_fixed(&run))
        {
            let why = format!(
                "an earlier call left the flow at its step {}",
                run.state.step.as_str()
            );
            return Err(ApiError::new(ErrorCode::DecisionNotApplicable).with_detail(why));
        }
        Ok(())
    }

    /// The account that the walk logs in to, checked against world, gateway and transaction.
    pub(super) async fn check_account(
        &self,
        caller: &Caller,
        loaded: &Loaded,
        request: &WalkRequest,
    ) -> Result<Option<String>, EngineError> {
        let gateway = &caller.gateway;
        let missing =
            |field: &str| ApiError::validation([format!("{field}: required, because this decision logs in")]);
        let picks_broker = request.decision == Decision::Cancel && loaded.txn.status == Status::Initialized;
        if !needs_login(request, &loaded.txn) && !picks_broker {
            return Ok(None);
        }
        let broker = request.broker.ok_or_else(|| missing("broker"))?;
        let candidates = self.candidates(gateway, &loaded.txn.intent, &FlowOptions::default());
        let bound = caller
            .investor
            .as_ref()
            .filter(|_| loaded.txn.principal.is_some());
        let is_offered = candidates.iter().any(|profile| profile.key == broker)
            && bound.is_none_or(|investor| investor.broker == broker);
        if !is_offered {
            return Err(ApiError::new(ErrorCode::BrokerNotAvailable).with_detail(broker.as_str()));
        }
        let accounts = self.accounts(gateway, broker).await?;
        if request.decision == Decision::WrongAccount {
            let mapped = bound.map(|investor| investor.account_hash.as_str());
            let is_other = |name: &&str| {
                let hash = self
                    .keyring()
                    .identity_key()
                    .hash_account(&gateway.name, broker.as_str(), name);
                mapped != Some(hash.as_str())
            };
            let other = ["DEMO02", "DEMO01"].into_iter().find(is_other);
            return Ok(other.map(str::to_owned));
        }
        if !needs_login(request, &loaded.txn) {
            return Ok(None);
        }
        let account = request.account.as_ref().ok_or_else(|| missing("account"))?;
        if !accounts.iter().any(|known| known.key.account() == account) {
            return Err(ApiError::new(ErrorCode::AccountNotFound).with_detail(format!("{broker}/{account}")));
        }
        if request.decision == Decision::DenyConsent && self.has_consented(gateway, broker, account).await? {
            let why = "this user agreed before, so the consent is not asked for again";
            return Err(ApiError::new(ErrorCode::DecisionNotApplicable).with_detail(why));
        }
        Ok(Some(account.clone()))
    }

    async fn has_consented(
        &self,
        gateway: &Gateway,
        broker: BrokerKey,
        account: &str,
    ) -> Result<bool, EngineError> {
        let hash = self
            .keyring()
            .identity_key()
            .hash_account(&gateway.name, broker.as_str(), account);
        let gateway_id = gateway.id;
        let known = self
            .store()
            .read(move |tx| investors::find_by_account(tx, gateway_id, broker, &hash))
            .await
            .map_err(from_store)?;
        Ok(known.is_some_and(|investor| investor.holdings_consent_at.is_some()))
    }
}

pub(super) fn is_user_of(caller: &Caller, loaded: &Loaded) -> bool {
    match (&caller.principal, &loaded.txn.principal) {
        (Some(Principal::Guest), None) => true,
        (Some(Principal::Connected(user)), Some(owner)) => user == owner,
        _ => false,
    }
}

pub(super) fn check_decision(request: &WalkRequest, loaded: &Loaded) -> Result<(), EngineError> {
    let txn = &loaded.txn;
    let is_connected = txn.principal.is_some();
    let before_login = txn.status == Status::Initialized;
    let fits = match request.decision {
        Decision::DenyConsent => matches!(txn.intent, Intent::HoldingsImport { .. }),
        Decision::WrongAccount => is_connected && before_login,
        Decision::NoBroker | Decision::OpenAccount => !is_connected && before_login,
        Decision::CloseBeforeLogin => before_login,
        Decision::CloseAfterLogin => !matches!(txn.intent, Intent::Connect),
        Decision::Expire => request.account.is_none() || !matches!(txn.intent, Intent::Connect),
        Decision::Approve | Decision::Cancel => true,
    };
    if fits {
        Ok(())
    } else {
        Err(ApiError::new(ErrorCode::DecisionNotApplicable))
    }
}
