//! The user's way to the broker's own page that places the orders, and back.

use torana_brokers::{BrokerError, BrokerReturn, BrowserForm, HandOff, LoginError, OrderBook};
use torana_domain::order::{Order, OrderState, OrderTicket};
use torana_storage::StoreError;
use torana_storage::gateway::sessions::{self, NewBrokerSession};

use super::access::FlowRun;
use super::act::{Change, Effect, no_such_broker, race_is_fine, save};
use super::checks::lost;
use super::login::returned_value;
use super::returns::RoundTrip;
use super::state::{FlowState, HandOffState};
use crate::context::Engine;
use crate::error::EngineError;
use crate::execution::matching::{Found, find};
use crate::execution::{hand_off, within_limit};

/// Said to a user who confirmed the orders in another account than the one of the flow.
const OTHER_ACCOUNT: &str =
    "You confirmed these orders with another account. Please look at your orders there.";
/// Said while the broker cannot tell whether the orders are there already.
const NOT_KNOWN: &str = "It is not certain yet whether these orders were placed before. Please look at your orders at the \
     broker, and try again in a moment.";

impl Engine {
    /// The form that carries tickets to the broker's page, and a state that waits for the user to come back from it.
    pub(super) async fn begun_hand_off(
        &self,
        run: &FlowRun,
        state: FlowState,
        tickets: Vec<OrderTicket>,
    ) -> Result<Result<(FlowState, BrowserForm), BrokerError>, EngineError> {
        let (key, broker) = self.adapter(run)?;
        let round_trip = RoundTrip::generate(&run.flow.public_id, &*self.rt().entropy);
        let value = round_trip.reveal();
        let context = self.login_context(run, key, value.clone());
        let form = match broker.begin_hand_off(context, tickets).await {
            Ok(form) => form,
            Err(error) => return Ok(Err(error)),
        };
        let carries = |text: &String| text.contains(&value);
        let state = FlowState {
            login_state: Some(round_trip.storage_hash()),
            is_state_echoed: carries(&form.url) || form.fields.iter().any(|(_, text)| carries(text)),
            posted: None,
            is_external: true,
            message: None,
            hand_off: Some(HandOffState::default()),
            ..state
        };
        Ok(Ok((state, form)))
    }

    /// Goes to the broker's page once more, with what is not proven placed. The orders may be there already, from
    /// another tab or a visit that did not come back, so the broker's book is asked first.
    pub(super) async fn continue_hand_off(&self, run: &FlowRun) -> Result<Effect, EngineError> {
        let unproven = unproven(run);
        if unproven.is_empty() || !run.state.is_in_user_s_hands() {
            return Ok(Effect::default());
        }
        if !self.is_book_free_of(run, &unproven).await? {
            return self.say(run, NOT_KNOWN).await;
        }
        let tickets = unproven.into_iter().map(|order| order.ticket).collect();
        let (state, form) = match self.begun_hand_off(run, run.state.clone(), tickets).await? {
            Ok(begun) => begun,
            Err(error) => return self.say(run, &error.to_string()).await,
        };
        self.commit_change(run, Change::step(state)).await?;
        Ok(Effect {
            hand_off: Some(form),
            ..Effect::default()
        })
    }

    async fn say(&self, run: &FlowRun, text: &str) -> Result<Effect, EngineError> {
        let state = FlowState {
            message: Some(text.to_owned()),
            ..run.state.clone()
        };
        self.commit_change(run, Change::step(state)).await
    }

    /// Whether the broker's book was read just now and has none of these orders.
    async fn is_book_free_of(&self, run: &FlowRun, orders: &[Order]) -> Result<bool, EngineError> {
        let Some(call) = self.flow_call(run).await? else {
            return Ok(false);
        };
        let (_, broker) = self.adapter(run)?;
        let book = within_limit(self.rt(), broker.order_book(call)).await;
        let is_absent = |order: &Order, book: &OrderBook| find(order, &book.entries) == Found::Absent;
        Ok(matches!(book, Some(Ok(book)) if orders.iter().all(|order| is_absent(order, &book.value))))
    }

    /// The user is back from the broker's page. Which orders exist is for the broker's book to say.
    pub(super) async fn submit_hand_off(
        &self,
        run: &FlowRun,
        back: BrokerReturn,
    ) -> Result<Effect, EngineError> {
        let (key, broker) = self.adapter(run)?;
        let context = self.login_context(run, key, returned_value(&back));
        let (session, message, is_confirmed) = match broker.complete_hand_off(context, back).await {
            Ok(HandOff::Confirmed(session)) if self.is_of_this_account(run, &session.account_id)? => {
                (Some(session), None, true)
            }
            Ok(HandOff::Confirmed(_)) => {
                tracing::warn!(transaction.id = %run.loaded.txn.public_id, "orders were confirmed in another account");
                (None, Some(OTHER_ACCOUNT.to_owned()), true)
            }
            Ok(HandOff::Left) => (None, None, false),
            Err(LoginError::Refused { text } | LoginError::Unavailable(text)) => (None, Some(text), false),
        };
        let state = FlowState {
            message,
            is_external: false,
            hand_off: Some(HandOffState {
                returned_at: is_confirmed.then_some(run.now.wall),
                was_left: !is_confirmed,
            }),
            ..run.state.clone()
        };
        let new = match session {
            Some(session) => Some(NewBrokerSession {
                gateway_id: run.gateway.id,
                investor_id: run.loaded.txn.investor_id.ok_or_else(lost)?,
                broker: key,
                sealed: self.seal_session(&run.gateway, &session)?,
                expires_at: session.expires_at,
                cookie_hash: None,
                created_at: run.now.world,
            }),
            None => None,
        };
        self.commit_return(run, state, new).await
    }

    /// One commit: the state, the new session, and a reading of the book.
    async fn commit_return(
        &self,
        run: &FlowRun,
        state: FlowState,
        new: Option<NewBrokerSession>,
    ) -> Result<Effect, EngineError> {
        let Some((batch, _)) = &run.loaded.batch else {
            return Ok(Effect::default());
        };
        let (flow, batch_id, now) = (run.flow.clone(), batch.id, run.now);
        let committed = self
            .store()
            .write("flow.handed_back", move |tx| {
                let session_id = match &new {
                    Some(new) => Some(sessions::insert_broker(tx, new)?),
                    None => None,
                };
                let state = FlowState {
                    broker_session: session_id.or(state.broker_session),
                    ..state.clone()
                };
                let state = serde_json::to_string(&state)
                    .map_err(|error| StoreError::Statement(error.to_string()))?;
                if !save(tx, flow.id, flow.version, &state)? {
                    return Err(StoreError::Rollback);
                }
                hand_off::take_back(tx, batch_id, session_id, now)
            })
            .await;
        self.wake_jobs();
        committed.map_or_else(race_is_fine, |()| Ok(Effect::default()))
    }

    /// Whether an account is the one that the orders of this flow were confirmed for.
    fn is_of_this_account(&self, run: &FlowRun, account_id: &str) -> Result<bool, EngineError> {
        let key = run.state.broker.ok_or_else(no_such_broker)?;
        let hash = self.account_hash(run, key, account_id);
        let investor = run.loaded.investor.as_ref();
        Ok(investor.is_some_and(|investor| investor.account_hash == hash))
    }
}

/// The orders that may be at the broker or not.
fn unproven(run: &FlowRun) -> Vec<Order> {
    let Some((_, orders)) = &run.loaded.batch else {
        return Vec::new();
    };
    orders
        .iter()
        .filter(|order| order.state == OrderState::Unknown)
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests;
