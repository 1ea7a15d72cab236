//! The broker login within a flow: session cookie, login steps, identity.

use std::sync::Arc;

use serde_json::json;
use torana_brokers::{Broker, BrokerReturn, BrokerSession, LoginContext, LoginError, LoginStep};
use torana_credentials::bearer::{BearerKind, BearerToken};
use torana_domain::broker_key::BrokerKey;
use torana_domain::ids::AuthId;
use torana_domain::intent::Intent;
use torana_domain::transaction::Cause;
use torana_storage::gateway::investors::{self, NewInvestor};
use torana_storage::gateway::sessions::{self, BrokerSessionRow, NewBrokerSession};
use torana_storage::gateway::transactions;
use torana_storage::{StoreError, Tx};

use super::access::{Browser, FlowRun};
use super::act::{Change, Effect, no_such_broker, race_is_fine, save};
use super::returns::RoundTrip;
use super::state::{FlowState, Step};
use crate::context::Engine;
use crate::create::to_json;
use crate::error::{EngineError, from_store};
use crate::lifecycle::{self, Now};
use crate::sessions::mask_account;

/// A verified login, ready to be committed.
struct Verified {
    broker: BrokerKey,
    account_hash: String,
    masked: String,
    /// Drawn before the commit; used if the account is new to this gateway.
    fresh_id: AuthId,
    session: SessionSource,
}

enum SessionSource {
    New(Box<NewBrokerSession>),
    Existing(i64),
}

impl Engine {
    pub(super) fn adapter(&self, run: &FlowRun) -> Result<(BrokerKey, Arc<dyn Broker>), EngineError> {
        let key = run.state.broker.ok_or_else(no_such_broker)?;
        Ok((key, self.broker(&run.gateway, key).ok_or_else(no_such_broker)?))
    }

    pub(super) fn login_context(&self, run: &FlowRun, key: BrokerKey, state: String) -> LoginContext {
        LoginContext {
            at: run.now.world,
            state,
            return_url: format!("{}/return/{key}", self.public_url()),
        }
    }

    pub(super) async fn accept_notice(
        &self,
        run: &FlowRun,
        browser: &Browser,
    ) -> Result<Effect, EngineError> {
        if let Some(row) = self.session_of_browser(run, browser).await? {
            let account = self.open_call(&run.gateway, &row, run.now.world)?;
            let masked = account.map(|call| mask_account(&call.session.account_id));
            let state = FlowState {
                step: Step::ExistingSession,
                account_masked: masked,
                ..run.state.clone()
            };
            return self.commit_change(run, Change::step(state)).await;
        }
        self.begin_login(run).await
    }

    /// The living session of this browser, gateway and broker; never another gateway's.
    async fn session_of_browser(
        &self,
        run: &FlowRun,
        browser: &Browser,
    ) -> Result<Option<BrokerSessionRow>, EngineError> {
        let Some(cookie) = &browser.broker_cookie else {
            return Ok(None);
        };
        let Ok(cookie) = BearerToken::parse(BearerKind::BrokerCookie, cookie) else {
            return Ok(None);
        };
        let (hash, gateway_id, at) = (cookie.storage_hash(), run.gateway.id, run.now.world);
        let row = self
            .store()
            .read(move |tx| sessions::find_broker_by_cookie(tx, &hash, gateway_id, at))
            .await
            .map_err(from_store)?;
        Ok(row.filter(|row| Some(row.broker) == run.state.broker))
    }

    /// Sends the user to the broker's login, or shows our form of it.
    pub(super) async fn begin_login(&self, run: &FlowRun) -> Result<Effect, EngineError> {
        let (state, redirect) = self.begun_login(run).await?;
        let state = FlowState {
            is_external: redirect.is_some(),
            ..state
        };
        self.commit_change(run, Change::step(state)).await?;
        Ok(Effect {
            redirect,
            ..Effect::default()
        })
    }

    /// The session died: forget it and show the login again; the transaction stays as it is. The user reads why before
    /// any page of the broker opens.
    pub(super) async fn login_again(&self, run: &FlowRun) -> Result<Effect, EngineError> {
        if let Some(id) = run.state.broker_session {
            self.forget_session(id, run.now.world).await?;
        }
        let (state, _) = self.begun_login(run).await?;
        self.commit_change(run, Change::step(state)).await
    }

    /// A flow at its login, and the broker's page if the login is there.
    async fn begun_login(&self, run: &FlowRun) -> Result<(FlowState, Option<String>), EngineError> {
        let (key, broker) = self.adapter(run)?;
        let round_trip = RoundTrip::generate(&run.flow.public_id, &*self.rt().entropy);
        let value = round_trip.reveal();
        let context = self.login_context(run, key, value.clone());
        let begun = broker.begin_login(context).await;
        let mut state = FlowState {
            step: Step::Login,
            login_state: Some(round_trip.storage_hash()),
            posted: None,
            is_external: false,
            message: None,
            account_masked: None,
            ..run.state.clone()
        };
        let page = match begun {
            Ok(LoginStep::CollectFields(_)) => {
                state.is_login_elsewhere = false;
                None
            }
            Ok(LoginStep::Redirect { url }) => {
                state.is_login_elsewhere = true;
                // No character of the value needs an escape, however often it is nested in an address.
                state.is_state_echoed = url.contains(&value);
                Some(url)
            }
            Err(error) => {
                state.message = Some(error.to_string());
                None
            }
        };
        Ok((state, page))
    }

    pub(super) async fn use_existing_session(
        &self,
        run: &FlowRun,
        browser: &Browser,
    ) -> Result<Effect, EngineError> {
        let Some(row) = self.session_of_browser(run, browser).await? else {
            return self.begin_login(run).await;
        };
        let Some(call) = self.open_call(&run.gateway, &row, run.now.world)? else {
            return self.begin_login(run).await;
        };
        let verified = Verified {
            broker: row.broker,
            account_hash: self.account_hash(run, row.broker, &call.session.account_id),
            masked: mask_account(&call.session.account_id),
            fresh_id: self.new_auth_id(run, row.broker, &call.session.account_id),
            session: SessionSource::Existing(row.id),
        };
        self.commit_login(run, verified).await.map(|_| Effect::default())
    }

    pub(super) fn account_hash(&self, run: &FlowRun, broker: BrokerKey, account_id: &str) -> String {
        self.keyring()
            .identity_key()
            .hash_account(&run.gateway.name, broker.as_str(), account_id)
    }

    fn new_auth_id(&self, run: &FlowRun, broker: BrokerKey, account_id: &str) -> AuthId {
        let name = ["user", run.gateway.name.as_str(), broker.as_str(), account_id];
        AuthId::from_random(self.id_bytes(&name))
    }

    /// A wrong password or a refused login is no transition: the login page is shown again with the reason.
    pub(super) async fn submit_login(
        &self,
        run: &FlowRun,
        back: BrokerReturn,
    ) -> Result<Effect, EngineError> {
        let (key, broker) = self.adapter(run)?;
        let context = self.login_context(run, key, returned_value(&back));
        let session = match broker.complete_login(context, back).await {
            Ok(session) => session,
            Err(LoginError::Refused { text } | LoginError::Unavailable(text)) => {
                let state = FlowState {
                    message: Some(text),
                    is_external: false,
                    ..run.state.clone()
                };
                return self.commit_change(run, Change::step(state)).await;
            }
        };
        let cookie = BearerToken::generate(BearerKind::BrokerCookie, &*self.rt().entropy);
        let verified = self.verified(run, key, &session, &cookie)?;
        let is_stored = self.commit_login(run, verified).await?;
        let broker_cookie = is_stored.then(|| cookie.reveal().to_owned());
        Ok(Effect {
            broker_cookie,
            ..Effect::default()
        })
    }

    fn verified(
        &self,
        run: &FlowRun,
        key: BrokerKey,
        session: &BrokerSession,
        cookie: &BearerToken,
    ) -> Result<Verified, EngineError> {
        Ok(Verified {
            broker: key,
            account_hash: self.account_hash(run, key, &session.account_id),
            masked: mask_account(&session.account_id),
            fresh_id: self.new_auth_id(run, key, &session.account_id),
            session: SessionSource::New(Box::new(NewBrokerSession {
                gateway_id: run.gateway.id,
                investor_id: 0,
                broker: key,
                sealed: self.seal_session(&run.gateway, session)?,
                expires_at: session.expires_at,
                cookie_hash: Some(cookie.storage_hash()),
                created_at: run.now.world,
            })),
        })
    }

    /// One commit: identity, investor, session, transaction, flow. Another account than the mapped one ends
    /// the transaction, and nothing of that account is stored. After the first login of a transaction (its
    /// session ended meanwhile) there is no such end any more: the login is asked for again. True if the login
    /// is stored.
    async fn commit_login(&self, run: &FlowRun, verified: Verified) -> Result<bool, EngineError> {
        let after = step_after_login(&run.loaded.txn.intent);
        let base = FlowState {
            login_state: None,
            posted: None,
            is_external: false,
            // Asked for again in the new session.
            wanted: Vec::new(),
            authorise_at: None,
            message: None,
            account_masked: Some(verified.masked.clone()),
            ..run.state.clone()
        };
        let matched = to_json(&FlowState {
            step: after,
            ..base.clone()
        })?;
        let mismatch = to_json(&FlowState {
            step: Step::Done,
            account_masked: None,
            ..base.clone()
        })?;
        let again = to_json(&FlowState {
            message: Some(SAME_ACCOUNT.to_owned()),
            account_masked: run.state.account_masked.clone(),
            ..base.clone()
        })?;
        let (flow, gateway_id, now) = (run.flow.clone(), run.gateway.id, run.now);
        let committed = self
            .store()
            .write("flow.login", move |tx| {
                let mut txn = transactions::load(tx, flow.txn_id)?;
                let known =
                    investors::find_by_account(tx, gateway_id, verified.broker, &verified.account_hash)?;
                let is_other = |id: &AuthId| known.as_ref().is_none_or(|investor| investor.auth_id != *id);
                if let Some(owner) = txn.investor_id
                    && known.as_ref().is_none_or(|investor| investor.id != owner)
                {
                    save(tx, flow.id, flow.version, &again)?;
                    return Ok(false);
                }
                if txn.principal.as_ref().is_some_and(is_other) {
                    if save(tx, flow.id, flow.version, &mismatch)? {
                        must(lifecycle::apply(
                            tx,
                            &mut txn,
                            Cause::Failed { code: 1001 },
                            &json!({}),
                            now,
                        )?)?;
                    }
                    return Ok(false);
                }
                if txn.investor_id.is_none() {
                    txn.signup = known.is_none();
                }
                let investor_id = match known {
                    Some(investor) => investor.id,
                    None => insert_investor(tx, gateway_id, &verified, now)?,
                };
                txn.investor_id = Some(investor_id);
                let session_id = store_session(tx, &verified.session, investor_id)?;
                // A batch that lost its session goes on with this one.
                crate::execution::wake_open_batches(tx, gateway_id, investor_id, now)?;
                let facts = json!({ "broker": verified.broker, "signup": txn.signup });
                must(lifecycle::apply(tx, &mut txn, Cause::LoginVerified, &facts, now)?)?;
                if !save(tx, flow.id, flow.version, &with_session(&matched, session_id)?)? {
                    return Err(StoreError::Rollback);
                }
                Ok(true)
            })
            .await;
        match committed {
            // What the next step needs is done when it is shown: until then the user may still cancel.
            Ok(is_stored) => Ok(is_stored),
            Err(error) => race_is_fine(error).map(|_| false),
        }
    }
}

/// The round-trip value as the broker brought it back; empty where there is none.
pub(super) fn returned_value(back: &BrokerReturn) -> String {
    let (BrokerReturn::Parameters(pairs) | BrokerReturn::Fields(pairs)) = back;
    RoundTrip::of(pairs).map_or_else(String::new, |round_trip| round_trip.reveal())
}

/// Said to a user who comes back with another account in the middle of a transaction.
const SAME_ACCOUNT: &str = "This request was started with another account. Please log in to that one.";

fn insert_investor(
    tx: &mut dyn Tx,
    gateway_id: i64,
    verified: &Verified,
    now: Now,
) -> Result<i64, StoreError> {
    let new = NewInvestor {
        gateway_id,
        auth_id: verified.fresh_id.clone(),
        broker: verified.broker,
        account_hash: verified.account_hash.clone(),
        account_masked: verified.masked.clone(),
        created_at: now.world,
    };
    investors::insert(tx, &new)
}

fn store_session(tx: &mut dyn Tx, source: &SessionSource, investor_id: i64) -> Result<i64, StoreError> {
    match source {
        SessionSource::Existing(id) => Ok(*id),
        SessionSource::New(new) => sessions::insert_broker(
            tx,
            &NewBrokerSession {
                investor_id,
                ..(**new).clone()
            },
        ),
    }
}

/// The session's key is known only within the commit; it is the one member that is filled in there.
fn with_session(state: &str, session_id: i64) -> Result<String, StoreError> {
    let mut state: FlowState =
        serde_json::from_str(state).map_err(|error| StoreError::Statement(error.to_string()))?;
    state.broker_session = Some(session_id);
    serde_json::to_string(&state).map_err(|error| StoreError::Statement(error.to_string()))
}

fn must<T, E>(applied: Result<T, E>) -> Result<T, StoreError> {
    applied.map_err(|_| StoreError::Rollback)
}

const fn step_after_login(intent: &Intent) -> Step {
    match intent {
        Intent::Connect => Step::Done,
        Intent::Securities { .. } => Step::Review,
        Intent::HoldingsImport { .. } => Step::Consent,
        Intent::FetchFunds => Step::Progress,
        Intent::AuthoriseHoldings => Step::Authorise,
    }
}
