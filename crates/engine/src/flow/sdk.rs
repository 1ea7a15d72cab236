//! The SDK protocol's use cases: session, start, state, close report, logout.

use std::sync::Arc;

use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_contract::sdk::{InitBody, PagePresence, StartBody, StateBody};
use torana_credentials::bearer::{BearerKind, BearerToken};
use torana_credentials::origin::Origin;
use torana_domain::ids::{AuthId, FlowId, TransactionId};
use torana_domain::transaction::Status;
use torana_storage::gateway::flows::{self, NewFlow};
use torana_storage::gateway::investors;
use torana_storage::gateway::sessions::{self, SdkSessionRow};

use super::access::{FlowRun, absent_since};
use super::settle::Presence;
use super::state::{FlowOptions, FlowState, Step};
use crate::auth::Principal;
use crate::context::Engine;
use crate::create::to_json;
use crate::details::Loaded;
use crate::error::{EngineError, from_store};
use crate::gateways::Gateway;

/// Life of an SDK session (wall time).
const SESSION_MS: i64 = 2 * 3_600_000;
/// Life of a one-time handle (wall time).
const HANDLE_MS: i64 = 60_000;
/// Pause between two polls.
const POLL_MS: i64 = 2000;
/// The same from the third minute of a flow.
const POLL_LATER_MS: i64 = 5000;
/// The same after a close report.
const POLL_CLOSED_MS: i64 = 500;
/// When a flow is in its third minute.
const LATER_AFTER_MS: i64 = 120_000;

impl Engine {
    /// `init`: a session for a user token; a living session of the same gateway and origin is kept when the
    /// principal is the same or was a guest.
    ///
    /// # Errors
    /// 401 `invalid_jwt`, `unknown_user`; 409 `init_sdk` for test mode on a live gateway.
    pub async fn sdk_init(
        &self,
        gateway: &Gateway,
        origin: Option<&Origin>,
        token: &str,
        leprechaun: bool,
        session: Option<&str>,
    ) -> Result<InitBody, EngineError> {
        if leprechaun && !gateway.is_sandbox() {
            return Err(ApiError::new(ErrorCode::InitSdk));
        }
        let (principal, investor) = self.check_user_token(gateway, Some(token.as_bytes())).await?;
        let auth_id = match &principal {
            Principal::Guest => None,
            Principal::Connected(id) => Some(id.clone()),
        };
        let wall = self.wall_now();
        let expires_at = wall.plus_ms(SESSION_MS);
        let origin = origin.map_or_else(String::new, |origin| origin.as_str().to_owned());
        let living = match session {
            Some(text) => self.find_sdk_session(gateway, &origin, text).await?,
            None => None,
        };
        let kept = living.filter(|row| row.auth_id.is_none() || row.auth_id == auth_id);
        let bearer = match (&kept, session) {
            (Some(_), Some(text)) => text.to_owned(),
            _ => BearerToken::generate(BearerKind::SdkSession, &*self.rt().entropy)
                .reveal()
                .to_owned(),
        };
        let hash = session_hash(&bearer)?;
        let gateway_id = gateway.id;
        self.store()
            .write("sdk.session", move |tx| match &kept {
                Some(row) => sessions::renew_sdk(tx, row.id, auth_id.as_ref(), expires_at),
                None => sessions::insert_sdk(tx, &hash, gateway_id, &origin, auth_id.as_ref(), expires_at)
                    .map(|_| ()),
            })
            .await
            .map_err(from_store)?;
        Ok(InitBody {
            sdk_session: bearer,
            session_expires_in_ms: SESSION_MS,
            status: if investor.is_some() { "CONNECTED" } else { "GUEST" },
            broker: investor.map(|investor| investor.broker.as_str()),
            display_name: gateway.display_name().to_owned(),
            mode: gateway.mode.as_str(),
        })
    }

    async fn find_sdk_session(
        &self,
        gateway: &Gateway,
        origin: &str,
        bearer: &str,
    ) -> Result<Option<SdkSessionRow>, EngineError> {
        let Ok(hash) = session_hash(bearer) else {
            return Ok(None);
        };
        let (gateway_id, wall) = (gateway.id, self.wall_now());
        let row = self
            .store()
            .read(move |tx| sessions::find_sdk(tx, &hash, gateway_id, wall))
            .await
            .map_err(from_store)?;
        Ok(row.filter(|row| row.origin == origin))
    }

    /// The SDK session behind a bearer value.
    ///
    /// # Errors
    /// 401 `sdk_session_expired`, also for another origin's session.
    pub async fn sdk_session(
        &self,
        gateway: &Gateway,
        origin: Option<&Origin>,
        bearer: Option<&str>,
    ) -> Result<SdkSessionRow, EngineError> {
        let origin = origin.map_or("", |origin| origin.as_str());
        let found = match bearer {
            Some(bearer) => self.find_sdk_session(gateway, origin, bearer).await?,
            None => None,
        };
        found.ok_or_else(|| ApiError::new(ErrorCode::SdkSessionExpired))
    }

    /// `start`: one flow per transaction; the session that started it gets a fresh handle for the same flow
    /// until the transaction is terminal.
    ///
    /// # Errors
    /// 404 `invalid_transactionId`, 409 `transaction_expired`, 403 `user_mismatch`, 422 `no_broker`.
    pub async fn sdk_start(
        &self,
        gateway: &Gateway,
        session: &SdkSessionRow,
        id: &TransactionId,
        options: FlowOptions,
    ) -> Result<StartBody, EngineError> {
        let loaded = self.load_transaction(gateway, id).await?;
        self.check_start(gateway, session, &loaded, &options).await?;
        let flow_id = self
            .flow_for(gateway, Some(session.id), &loaded, &options)
            .await?;
        let handle = BearerToken::generate(BearerKind::FlowHandle, &*self.rt().entropy);
        let (hash, wall) = (handle.storage_hash(), self.wall_now());
        let nonce = self
            .store()
            .write("flow.handle", move |tx| {
                // A new window is on its way: what was known of the last one no longer counts.
                flows::mark_seen(tx, flow_id, wall)?;
                flows::insert_handle(tx, &hash, flow_id, wall.plus_ms(HANDLE_MS))?;
                Ok(flows::load(tx, flow_id)?.nonce)
            })
            .await
            .map_err(from_store)?;
        let start_url = format!("{}/flow/start", self.public_url());
        Ok(StartBody {
            start_url,
            handle: handle.reveal().to_owned(),
            nonce,
        })
    }

    async fn check_start(
        &self,
        gateway: &Gateway,
        session: &SdkSessionRow,
        loaded: &Loaded,
        options: &FlowOptions,
    ) -> Result<(), EngineError> {
        let expired = || ApiError::new(ErrorCode::TransactionExpired);
        let txn = &loaded.txn;
        if txn.status.is_terminal() {
            return Err(expired());
        }
        let txn_id = txn.id;
        let flow = self
            .store()
            .read(move |tx| flows::find_by_txn(tx, txn_id))
            .await
            .map_err(from_store)?;
        if let Some(flow) = &flow {
            return if flow.sdk_session_id == Some(session.id) {
                Ok(())
            } else {
                Err(expired())
            };
        }
        if txn.expire_at <= self.world_now(gateway) {
            return Err(expired());
        }
        if let (Some(owner), Some(user)) = (&txn.principal, &session.auth_id)
            && owner != user
        {
            return Err(ApiError::new(ErrorCode::UserMismatch));
        }
        // A connected user's list is ignored: only the stored broker counts.
        let is_connected = txn.principal.is_some();
        let all = FlowOptions {
            brokers: Vec::new(),
            ..options.clone()
        };
        let asked = if is_connected { &all } else { options };
        if self.candidates(gateway, &txn.intent, asked).is_empty() {
            return Err(ApiError::new(ErrorCode::NoBroker));
        }
        Ok(())
    }

    /// The flow of a transaction, made if there is none. Two starts at once end with one flow.
    pub(crate) async fn flow_for(
        &self,
        gateway: &Gateway,
        sdk_session_id: Option<i64>,
        loaded: &Loaded,
        options: &FlowOptions,
    ) -> Result<i64, EngineError> {
        let state = self.first_state(gateway, loaded, options).await?;
        let new = NewFlow {
            public_id: FlowId::from_random(self.id_bytes(&["flow", loaded.txn.public_id.as_str()])),
            txn_id: loaded.txn.id,
            gateway_id: gateway.id,
            sdk_session_id,
            nonce: BearerToken::generate(BearerKind::MessageNonce, &*self.rt().entropy)
                .reveal()
                .to_owned(),
            options: to_json(options)?,
            state: to_json(&state)?,
            created_at: self.wall_now(),
        };
        let found = self
            .store()
            .write("flow.started", move |tx| {
                match flows::find_by_txn(tx, new.txn_id)? {
                    Some(flow) if flow.sdk_session_id == new.sdk_session_id => {
                        flows::set_options(tx, flow.id, &new.options)?;
                        Ok(Some(flow.id))
                    }
                    Some(_) => Ok(None),
                    None => flows::insert(tx, &new).map(Some),
                }
            })
            .await
            .map_err(from_store)?;
        found.ok_or_else(|| ApiError::new(ErrorCode::TransactionExpired))
    }

    /// Where a flow begins: at the chooser, or at the notice where there is nothing to choose.
    async fn first_state(
        &self,
        gateway: &Gateway,
        loaded: &Loaded,
        options: &FlowOptions,
    ) -> Result<FlowState, EngineError> {
        let bound = match &loaded.txn.principal {
            Some(id) => self.broker_of(gateway, id).await?,
            None => None,
        };
        let single = match self.candidates(gateway, &loaded.txn.intent, options).as_slice() {
            [only] => Some(only.key),
            _ => None,
        };
        Ok(match bound.or(single) {
            Some(key) => FlowState {
                step: Step::Notice,
                broker: Some(key),
                ..FlowState::default()
            },
            None => FlowState::default(),
        })
    }

    async fn broker_of(
        &self,
        gateway: &Gateway,
        id: &AuthId,
    ) -> Result<Option<torana_domain::broker_key::BrokerKey>, EngineError> {
        let (gateway_id, id) = (gateway.id, id.clone());
        let investor = self
            .store()
            .read(move |tx| investors::find(tx, gateway_id, &id))
            .await
            .map_err(from_store)?;
        Ok(investor.map(|investor| investor.broker))
    }

    /// `state`, for the session that started the flow only.
    ///
    /// # Errors
    /// 404 `invalid_transactionId`.
    pub async fn sdk_state(
        &self,
        gateway: &Arc<Gateway>,
        session: &SdkSessionRow,
        id: &TransactionId,
    ) -> Result<StateBody, EngineError> {
        let run = self.run_of_session(gateway, session, id).await?;
        Ok(self.state_body(&run))
    }

    /// `closed`: the SDK saw the window closed. Whether that is believed is decided at every later reading.
    ///
    /// # Errors
    /// 404 `invalid_transactionId`.
    pub async fn sdk_closed(
        &self,
        gateway: &Arc<Gateway>,
        session: &SdkSessionRow,
        id: &TransactionId,
    ) -> Result<StateBody, EngineError> {
        let run = self.run_of_session(gateway, session, id).await?;
        let (flow_id, wall) = (run.flow.id, self.wall_now());
        self.store()
            .write("flow.close_reported", move |tx| {
                flows::mark_closed(tx, flow_id, wall)
            })
            .await
            .map_err(from_store)?;
        let run = self.reread(&run).await?;
        Ok(self.state_body(&run))
    }

    async fn run_of_session(
        &self,
        gateway: &Arc<Gateway>,
        session: &SdkSessionRow,
        id: &TransactionId,
    ) -> Result<FlowRun, EngineError> {
        let unknown = || ApiError::new(ErrorCode::InvalidTransactionId);
        let loaded = self.load_transaction(gateway, id).await?;
        let txn_id = loaded.txn.id;
        let flow = self
            .store()
            .read(move |tx| flows::find_by_txn(tx, txn_id))
            .await
            .map_err(from_store)?
            .filter(|flow| flow.sdk_session_id == Some(session.id))
            .ok_or_else(unknown)?;
        self.load_run(flow.id).await
    }

    pub(super) fn state_body(&self, run: &FlowRun) -> StateBody {
        let (txn, wall) = (&run.loaded.txn, self.wall_now());
        let presence = Presence {
            flow: &run.flow,
            state: &run.state,
        };
        let settlement = self.settlement_body(&run.gateway, &run.loaded, Some(presence));
        let mut body = StateBody::new(&txn.public_id, txn.status, settlement);
        body.step = Some(self.shown_step(run).as_str().to_owned());
        body.page = if run.state.is_external {
            PagePresence::External
        } else if absent_since(&run.flow, wall).is_some() {
            PagePresence::Gone
        } else {
            PagePresence::Present
        };
        body.handed_over = run.loaded.batch.is_some();
        body.expires_in_ms = if txn.status.is_terminal() {
            None
        } else {
            run.gateway.clock.wall_until(txn.expire_at, wall)
        };
        body.poll_after_ms = if run.flow.closed_at.is_some() {
            POLL_CLOSED_MS
        } else if wall.ms_since(run.flow.created_at) >= LATER_AFTER_MS {
            POLL_LATER_MS
        } else {
            POLL_MS
        };
        body
    }

    /// The step that a page would show now.
    pub(crate) fn shown_step(&self, run: &FlowRun) -> Step {
        match run.loaded.txn.status {
            Status::Processing => Step::Progress,
            status if status.is_terminal() => Step::Done,
            _ => run.state.step,
        }
    }

    /// `logout`: ends the connected user's broker sessions on this gateway, at the broker too where it answers.
    ///
    /// # Errors
    /// 403 `connected_user_required`.
    pub async fn sdk_logout(&self, gateway: &Gateway, session: &SdkSessionRow) -> Result<(), EngineError> {
        let auth_id = session
            .auth_id
            .as_ref()
            .ok_or_else(|| ApiError::new(ErrorCode::ConnectedUserRequired))?;
        let Some(investor) = self.find_investor(gateway, auth_id).await? else {
            return Err(ApiError::new(ErrorCode::ConnectedUserRequired));
        };
        let at = self.world_now(gateway);
        let living = self
            .store()
            .read(move |tx| sessions::list_living_brokers(tx, investor.id, at))
            .await
            .map_err(from_store)?;
        for row in living {
            if let (Some(call), Some(broker)) = (
                self.open_call(gateway, &row, at)?,
                self.broker(gateway, row.broker),
            ) && let Err(error) = broker.logout(call).await
            {
                tracing::warn!(%error, broker.key = %row.broker, "broker did not confirm the logout");
            }
            self.forget_session(row.id, at).await?;
        }
        Ok(())
    }
}

fn session_hash(bearer: &str) -> Result<String, EngineError> {
    BearerToken::parse(BearerKind::SdkSession, bearer)
        .map(|token| token.storage_hash())
        .map_err(|_| ApiError::new(ErrorCode::SdkSessionExpired))
}
