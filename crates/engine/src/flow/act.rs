//! What the user can do on the pages, and what each of it leads to.

use serde_json::json;
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_domain::broker_key::BrokerKey;
use torana_domain::intent::Intent;
use torana_domain::transaction::{Cause, Status};
use torana_storage::gateway::{flows, transactions};
use torana_storage::{StoreError, Tx};

use super::access::{Browser, FlowRun};
use super::review::LineEdit;
use super::state::{FlowState, Step};
use crate::context::Engine;
use crate::create::to_json;
use crate::error::{EngineError, from_store};
use crate::lifecycle::{self, Now};

/// One deed of the user.
#[derive(Debug, Clone)]
pub enum Action {
    /// Picks a broker.
    ChooseBroker(BrokerKey),
    /// Leaves because the broker is not listed: 1006.
    LeaveBrokerMissing,
    /// Leaves to open an account: 1007.
    LeaveOpenAccount,
    /// Goes on from the notice to the login.
    AcceptNotice,
    /// Goes on with the session that is alive in this browser.
    UseExistingSession,
    /// Logs in to another account instead.
    UseAnotherAccount,
    /// Comes back from the broker's page or sends our own login form.
    SubmitLogin(torana_brokers::BrokerReturn),
    /// Shares holdings, or refuses to: 1003.
    Consent(bool),
    /// Asks for the estimates again, with what is typed so far.
    UpdateReview(Vec<LineEdit>),
    /// Confirms the orders as edited.
    ConfirmReview(Vec<LineEdit>),
    /// Looks again whether something is short.
    Recheck,
    /// Goes on although something is short.
    AcceptShortfall,
    /// Leaves because something is short: 1004 for holdings, a cancellation for funds.
    LeaveShortfall,
    /// Sends the depository's form, or comes back from its page.
    SubmitAuthorisation(torana_brokers::BrokerReturn),
    /// Goes on without authorisation.
    SkipAuthorisation,
    /// Takes after-market orders.
    AcceptAmo,
    /// Leaves because the market is closed: 4004.
    LeaveMarketClosed,
    /// Goes to the broker's page once more to confirm the orders there.
    ContinueHandOff,
    /// Comes back from that page.
    SubmitHandOff(torana_brokers::BrokerReturn),
    /// Has read how it ended, or that it goes on without the user.
    Finish,
    /// Presses cancel.
    Cancel,
}

/// What the page has to do after an action, beside showing the present step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// New value for the broker-session cookie.
    pub broker_cookie: Option<String>,
    /// The broker's login, where the browser goes next.
    pub redirect: Option<String>,
    /// The form that the browser posts to the broker's page with the orders.
    pub hand_off: Option<torana_brokers::BrowserForm>,
}

/// A change to write: the flow's new state, and a cause for the transaction if there is one.
pub(super) struct Change {
    /// New state.
    pub(super) state: FlowState,
    /// What happened to the transaction.
    pub(super) cause: Option<Cause>,
}

impl Change {
    pub(super) const fn step(state: FlowState) -> Self {
        Self { state, cause: None }
    }

    pub(super) const fn caused(state: FlowState, cause: Cause) -> Self {
        Self {
            state,
            cause: Some(cause),
        }
    }
}

/// Steps from which the chooser can be gone back to.
macro_rules! before_login {
    () => {
        Step::Chooser | Step::Notice | Step::Login | Step::ExistingSession
    };
}

/// Steps from which the orders can be gone back to and confirmed again.
macro_rules! before_hand_over {
    () => {
        Step::Review | Step::Checks | Step::Authorise | Step::MarketClosed
    };
}

impl Engine {
    /// Carries out one action on a flow. An action that does not fit the present step (a double click, the
    /// back button, a second tab) changes nothing: the caller shows the present step.
    ///
    /// # Errors
    /// What storage or broker fail with; refusals that the user can mend are pages, not errors.
    pub async fn flow_act(
        &self,
        run: &FlowRun,
        action: Action,
        browser: &Browser,
    ) -> Result<Effect, EngineError> {
        let status = run.loaded.txn.status;
        let step = run.state.step;
        if status.is_terminal() || status == Status::Processing {
            return match action {
                Action::Finish => self.finish_reading(run).await,
                Action::ContinueHandOff if !status.is_terminal() => self.continue_hand_off(run).await,
                Action::SubmitHandOff(back) if !status.is_terminal() => self.submit_hand_off(run, back).await,
                _ => Ok(Effect::default()),
            };
        }
        match (status, step, action) {
            (_, _, Action::Cancel) => self.cancel_flow(run).await,
            (Status::Initialized, before_login!(), Action::ChooseBroker(key)) => {
                self.choose_broker(run, key).await
            }
            (Status::Initialized, before_login!(), Action::LeaveBrokerMissing) => {
                self.leave_chooser(run, 1006).await
            }
            (Status::Initialized, before_login!(), Action::LeaveOpenAccount) => {
                self.leave_chooser(run, 1007).await
            }
            (Status::Initialized, Step::Notice, Action::AcceptNotice) => {
                self.accept_notice(run, browser).await
            }
            (Status::Initialized, Step::ExistingSession, Action::UseExistingSession) => {
                self.use_existing_session(run, browser).await
            }
            (Status::Initialized, Step::ExistingSession, Action::UseAnotherAccount) => {
                self.begin_login(run).await
            }
            (_, Step::Login, Action::AcceptNotice) => self.begin_login(run).await,
            (_, Step::Login, Action::SubmitLogin(back)) => self.submit_login(run, back).await,
            (Status::Used, Step::Consent, Action::Consent(agreed)) => self.consent(run, agreed).await,
            (Status::Used, before_hand_over!(), Action::UpdateReview(edits)) => {
                self.update_review(run, edits).await
            }
            (Status::Used, before_hand_over!(), Action::ConfirmReview(edits)) => {
                self.confirm_review(run, edits, browser).await
            }
            (Status::Used, Step::Checks, Action::Recheck) => {
                self.proceed(run, run.state.clone(), browser).await
            }
            (Status::Used, Step::Checks, Action::AcceptShortfall) => {
                self.accept_shortfall(run, browser).await
            }
            (Status::Used, Step::Checks, Action::LeaveShortfall) => self.leave_shortfall(run).await,
            (Status::Used, Step::Authorise, Action::SubmitAuthorisation(back)) => {
                self.submit_authorisation(run, back, browser).await
            }
            (Status::Used, Step::Authorise, Action::SkipAuthorisation) => {
                self.skip_authorisation(run, browser).await
            }
            (Status::Used, Step::MarketClosed, Action::AcceptAmo) => self.accept_amo(run, browser).await,
            (Status::Used, Step::MarketClosed, Action::LeaveMarketClosed) => self.fail(run, 4004).await,
            _ => Ok(Effect::default()),
        }
    }

    async fn choose_broker(&self, run: &FlowRun, key: BrokerKey) -> Result<Effect, EngineError> {
        let offered = self.offered(run);
        if self.is_broker_fixed(run) || !offered.iter().any(|profile| profile.key == key) {
            return Ok(Effect::default());
        }
        let state = FlowState {
            step: Step::Notice,
            broker: Some(key),
            message: None,
            is_login_elsewhere: false,
            is_external: false,
            ..run.state.clone()
        };
        self.commit_change(run, Change::step(state)).await
    }

    async fn finish_reading(&self, run: &FlowRun) -> Result<Effect, EngineError> {
        let state = FlowState {
            is_read: true,
            ..run.state.clone()
        };
        self.commit_change(run, Change::step(state)).await
    }

    /// The chooser's way out, which exists only where there is something to choose.
    async fn leave_chooser(&self, run: &FlowRun, code: u16) -> Result<Effect, EngineError> {
        if self.is_broker_fixed(run) {
            return Ok(Effect::default());
        }
        self.fail(run, code).await
    }

    async fn cancel_flow(&self, run: &FlowRun) -> Result<Effect, EngineError> {
        let code = match run.loaded.txn.status {
            Status::Initialized => run.state.step.cancel_code_before_login(),
            _ => 1012,
        };
        let state = FlowState {
            step: Step::Done,
            ..run.state.clone()
        };
        self.commit_change(run, Change::caused(state, Cause::UserCancelled { code }))
            .await
    }

    pub(super) async fn go(&self, run: &FlowRun, step: Step) -> Result<Effect, EngineError> {
        let state = FlowState {
            step,
            message: None,
            is_external: false,
            ..run.state.clone()
        };
        self.commit_change(run, Change::step(state)).await
    }

    pub(super) async fn fail(&self, run: &FlowRun, code: u16) -> Result<Effect, EngineError> {
        let state = FlowState {
            step: Step::Done,
            ..run.state.clone()
        };
        self.commit_change(run, Change::caused(state, Cause::Failed { code }))
            .await
    }

    /// Writes a change in one commit: the state if nobody changed it meanwhile, and the transaction's step.
    /// A lost race writes nothing, the winner's page is shown.
    pub(super) async fn commit_change(&self, run: &FlowRun, change: Change) -> Result<Effect, EngineError> {
        let (flow_id, version, txn_id, now) = (run.flow.id, run.flow.version, run.flow.txn_id, run.now);
        let state = to_json(&change.state)?;
        let cause = change.cause;
        self.store()
            .write("flow.step", move |tx| {
                if save(tx, flow_id, version, &state)?
                    && let Some(cause) = cause
                {
                    cause_in(tx, txn_id, cause, now)?;
                }
                Ok(())
            })
            .await
            .map_err(from_store)?;
        Ok(Effect::default())
    }

    /// Whether the user cannot choose the broker: bound by the transaction, or there is a single candidate.
    pub(crate) fn is_broker_fixed(&self, run: &FlowRun) -> bool {
        run.bound_broker.is_some() || self.offered(run).len() == 1
    }

    /// The brokers that this flow's chooser offers.
    #[must_use]
    pub fn offered(&self, run: &FlowRun) -> Vec<&'static torana_brokers::Profile> {
        let intent: &Intent = &run.loaded.txn.intent;
        let mut offered = self.candidates(&run.gateway, intent, &run.options);
        if let Some(bound) = run.bound_broker {
            offered = self.profile(&run.gateway, bound).into_iter().collect();
        }
        offered
    }

    /// Reads the flow again after an action.
    ///
    /// # Errors
    /// The storage's.
    pub async fn reread(&self, run: &FlowRun) -> Result<FlowRun, EngineError> {
        self.load_run(run.flow.id).await
    }
}

/// Stores the flow's state; false after a lost race.
pub(super) fn save(tx: &mut dyn Tx, flow_id: i64, version: i64, state: &str) -> Result<bool, StoreError> {
    flows::save_state(tx, flow_id, version, state)
}

/// Applies a cause to the flow's transaction. A refusal of the state machine rolls the commit back: the
/// transaction moved meanwhile (expiry, another tab), and the present page says so.
pub(super) fn cause_in(tx: &mut dyn Tx, txn_id: i64, cause: Cause, now: Now) -> Result<(), StoreError> {
    let mut txn = transactions::load(tx, txn_id)?;
    match lifecycle::apply(tx, &mut txn, cause, &json!({}), now)? {
        Ok(_) => Ok(()),
        Err(_) => Err(StoreError::Rollback),
    }
}

/// A rolled-back race is no failure: the present step is shown.
pub(super) fn race_is_fine(error: StoreError) -> Result<Effect, EngineError> {
    match error {
        StoreError::Rollback => Ok(Effect::default()),
        other => Err(from_store(other)),
    }
}

/// A broker that a flow needs and the gateway no longer has.
pub(super) fn no_such_broker() -> EngineError {
    ApiError::new(ErrorCode::BrokerNotAvailable)
}
