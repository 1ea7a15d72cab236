//! The way back from a broker's own pages: which flow a return belongs to, and that it counts once.

use torana_brokers::BrokerReturn;
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_credentials::bearer::{BearerKind, BearerToken};
use torana_domain::broker_key::BrokerKey;
use torana_domain::ids::FlowId;
use torana_runtime::Entropy;
use torana_storage::gateway::flows::{self, FlowRow};
use torana_storage::{StoreError, Tx};

use super::access::{Browser, FlowRun};
use super::act::{Action, Effect};
use super::state::{FlowState, Step};
use crate::context::Engine;
use crate::create::to_json;
use crate::error::{EngineError, from_store};

/// Name of the parameter in which a broker gives our round-trip value back.
pub const STATE: &str = "state";

/// Names and values of a return, in order.
pub type Parameters = Vec<(String, String)>;

/// The value that goes to the broker with the user and comes back: the flow's public name, by which it is found, and
/// a token that nobody else has. Only a hash of the token is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundTrip {
    flow_id: FlowId,
    token: BearerToken,
}

impl RoundTrip {
    pub(super) fn generate(flow_id: &FlowId, entropy: &dyn Entropy) -> Self {
        Self {
            flow_id: flow_id.clone(),
            token: BearerToken::generate(BearerKind::ReturnReference, entropy),
        }
    }

    /// The value among what came back; `None` if there is none of ours, or more than one.
    #[must_use]
    pub fn of(parameters: &[(String, String)]) -> Option<Self> {
        let mut values = parameters.iter().filter(|(name, _)| name == STATE);
        let (Some((_, value)), None) = (values.next(), values.next()) else {
            return None;
        };
        let (flow_id, token) = value.split_once('.')?;
        Some(Self {
            flow_id: FlowId::parse(flow_id).ok()?,
            token: BearerToken::parse(BearerKind::ReturnReference, token).ok()?,
        })
    }

    /// The flow that it names, which is no proof of anything.
    #[must_use]
    pub fn flow_id(&self) -> &FlowId {
        &self.flow_id
    }

    pub(super) fn reveal(&self) -> String {
        format!("{}.{}", self.flow_id, self.token.reveal())
    }

    pub(super) fn storage_hash(&self) -> String {
        self.token.storage_hash()
    }
}

impl FlowState {
    /// Whether the user is expected back from this broker's pages, with this value. A broker that was given the value
    /// must bring it: without it anybody could send a browser here that logs in to an account of his own.
    #[must_use]
    pub fn awaits(&self, broker: BrokerKey, round_trip: Option<&RoundTrip>) -> bool {
        let Some(hash) = self.login_state.as_deref() else {
            return false;
        };
        let is_right = match round_trip {
            Some(round_trip) => round_trip.token.matches_hash(hash),
            None => !self.is_state_echoed,
        };
        let is_out = match self.step {
            Step::Login => self.is_login_elsewhere,
            _ => self.is_in_user_s_hands(),
        };
        is_right && is_out && self.broker == Some(broker)
    }
}

/// What becomes of a return that a broker's page posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    /// Kept. The browser comes for it with this value, and with its cookie.
    Kept(String),
    /// Its flow does not wait for it.
    NotAwaited(FlowId),
    /// It names no flow.
    Unreadable,
}

/// The place that a posted return is sealed for. It waits for the browser's next request only; after a change of keys
/// it cannot be opened, and the user logs in again.
fn posted_context(flow_id: &FlowId) -> String {
    format!("flow/{flow_id}/broker-return")
}

impl Engine {
    /// The browser comes back from the pages of `broker`. A return that the flow does not wait for (a second one, one
    /// after a cancellation, one with a wrong value) changes nothing: the caller shows the present step.
    ///
    /// # Errors
    /// What storage or broker fail with.
    pub async fn flow_return(
        &self,
        run: &FlowRun,
        broker: BrokerKey,
        parameters: Parameters,
        browser: &Browser,
    ) -> Result<Effect, EngineError> {
        let round_trip = RoundTrip::of(&parameters);
        let id = run.flow.id;
        let taken = self
            .store()
            .write("flow.returned", move |tx| {
                let flow = flows::load(tx, id)?;
                take(tx, &flow, broker, round_trip.as_ref())
            })
            .await
            .map_err(from_store)?;
        let Some(state) = taken else {
            return Ok(Effect::default());
        };
        let parameters = match &state.posted {
            Some(sealed) => self.open_posted(&run.flow.public_id, sealed),
            None => Some(parameters),
        };
        let Some(parameters) = parameters else {
            return Ok(Effect::default());
        };
        let run = self.reread(run).await?;
        let back = BrokerReturn::Parameters(parameters);
        let action = match run.state.step {
            Step::Login => Action::SubmitLogin(back),
            _ => Action::SubmitHandOff(back),
        };
        self.flow_act(&run, action, browser).await
    }

    /// Keeps what a broker's page posted until the browser comes for it: a form of another site brings no cookie. Only
    /// the flow that waits for it keeps one, so that strangers cannot fill the database.
    ///
    /// # Errors
    /// The storage's.
    pub async fn keep_posted(
        &self,
        broker: BrokerKey,
        parameters: Parameters,
    ) -> Result<Posted, EngineError> {
        let Some(round_trip) = RoundTrip::of(&parameters) else {
            return Ok(Posted::Unreadable);
        };
        let flow_id = round_trip.flow_id().clone();
        let plain = to_json(&parameters)?;
        let sealed = self
            .keyring()
            .seal(plain.as_bytes(), &posted_context(&flow_id), &*self.rt().entropy)
            .map_err(|error| {
                tracing::error!(%error, "a posted return could not be encrypted");
                ApiError::new(ErrorCode::InternalError)
            })?;
        let next = RoundTrip::generate(&flow_id, &*self.rt().entropy);
        let hash = next.storage_hash();
        let is_kept = self
            .store()
            .write("flow.posted", move |tx| {
                let Some(flow) = flows::find(tx, round_trip.flow_id())? else {
                    return Ok(false);
                };
                let state = read_state(&flow)?;
                if !state.awaits(broker, Some(&round_trip)) {
                    return Ok(false);
                }
                let state = FlowState {
                    login_state: Some(hash.clone()),
                    posted: Some(sealed.clone()),
                    ..state
                };
                flows::save_state(tx, flow.id, flow.version, &write_state(&state)?)
            })
            .await
            .map_err(from_store)?;
        Ok(if is_kept {
            Posted::Kept(next.reveal())
        } else {
            Posted::NotAwaited(flow_id)
        })
    }

    fn open_posted(&self, flow_id: &FlowId, sealed: &str) -> Option<Parameters> {
        let opened = self.keyring().open(sealed, &posted_context(flow_id));
        let plain = opened
            .inspect_err(|error| tracing::warn!(%error, "a posted return could not be decrypted"))
            .ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

/// Uses the round-trip value up and gives the state as it was; `None` if the flow waits for no such return. Reads the
/// state in its own commit, because a page that is shown meanwhile may change it.
fn take(
    tx: &mut dyn Tx,
    flow: &FlowRow,
    broker: BrokerKey,
    round_trip: Option<&RoundTrip>,
) -> Result<Option<FlowState>, StoreError> {
    let state = read_state(flow)?;
    if !state.awaits(broker, round_trip) {
        return Ok(None);
    }
    let next = FlowState {
        login_state: None,
        is_external: false,
        posted: None,
        ..state.clone()
    };
    let is_saved = flows::save_state(tx, flow.id, flow.version, &write_state(&next)?)?;
    Ok(is_saved.then_some(state))
}

fn read_state(flow: &FlowRow) -> Result<FlowState, StoreError> {
    serde_json::from_str(&flow.state).map_err(|error| StoreError::Statement(error.to_string()))
}

fn write_state(state: &FlowState) -> Result<String, StoreError> {
    serde_json::to_string(state).map_err(|error| StoreError::Statement(error.to_string()))
}

#[cfg(test)]
mod tests;
