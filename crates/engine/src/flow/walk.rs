//! Walking the hosted flow for the sandbox control API: the same actions as the pages, in the order in which
//! a user would take them. Unknown accounts and decisions that do not fit are refused before anything is done.

mod checks;
mod outside;
mod request;
mod steps;

use std::time::Duration;

use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_contract::transaction::TransactionDetailsData;
use torana_domain::ids::TransactionId;
use torana_domain::transaction::{Cause, Status};
use torana_storage::gateway::flows;

pub use self::request::{Decision, WalkAnswer, WalkEdit, WalkRequest};

use self::checks::{check_decision, is_user_of};
use self::request::is_end;
use self::steps::edits_incomplete;
use super::access::{Browser, CLOSE_BELIEVED_AFTER_MS, FlowRun};
use super::act::{Action, Change};
use super::settle::Presence;
use super::state::{FlowOptions, FlowState, Step};
use crate::auth::Caller;
use crate::context::Engine;
use crate::error::{EngineError, from_store};

/// Pause between two looks while waiting for fills.
const WAIT_STEP: Duration = Duration::from_millis(25);
/// Most pages of one walk; no flow has that many.
const PAGES_MAX: usize = 20;

impl Engine {
    /// Walks the hosted flow of a transaction.
    ///
    /// # Errors
    /// 404 `invalid_transactionId`, `account_not_found`; 409 `transaction_expired`; 422
    /// `decision_not_applicable`, `broker_not_available`, `edits_incomplete`.
    pub async fn walk(
        &self,
        caller: &Caller,
        id: &TransactionId,
        request: WalkRequest,
    ) -> Result<WalkAnswer, EngineError> {
        let gateway = &caller.gateway;
        self.await_quiet(gateway).await?;
        let loaded = self.load_transaction(gateway, id).await?;
        if !is_user_of(caller, &loaded) {
            return Err(ApiError::new(ErrorCode::InvalidTransactionId));
        }
        self.check_walkable(caller, &loaded, request.decision).await?;
        check_decision(&request, &loaded)?;
        let account = self.check_account(caller, &loaded, &request).await?;
        let options = FlowOptions {
            amo: request.amo,
            ..FlowOptions::default()
        };
        let flow_id = self.flow_for(gateway, None, &loaded, &options).await?;
        self.take(flow_id, &request, account.as_deref()).await?;
        self.wait_for_fills(flow_id, request.wait).await?;
        let run = self.load_run(flow_id).await?;
        let presence = Presence {
            flow: &run.flow,
            state: &run.state,
        };
        Ok(WalkAnswer {
            details: self.with_view(gateway, &run.loaded, TransactionDetailsData::of),
            settlement: self.settlement_body(gateway, &run.loaded, Some(presence)),
            world_time: self.world_now(gateway),
        })
    }

    /// Takes one page after the other until the decision is carried out.
    async fn take(
        &self,
        flow_id: i64,
        request: &WalkRequest,
        account: Option<&str>,
    ) -> Result<(), EngineError> {
        let browser = Browser {
            address: "sandbox".to_owned(),
            ..Browser::default()
        };
        let (mut was_login, mut is_confirmed, mut outside) = (false, false, None);
        for _ in 0..PAGES_MAX {
            let run = self.load_run(flow_id).await?;
            if is_over(&run) {
                return Ok(());
            }
            if is_end(&run, request) {
                return self.end(&run, request, &browser).await;
            }
            let run = self.flow_page(run, &browser).await?.run;
            if is_over(&run) {
                return Ok(());
            }
            let is_login = run.state.step == Step::Login;
            if is_login && was_login {
                // The broker refused the login (that is what some test accounts are for): the user gives up here.
                return Ok(());
            }
            if is_confirmed && run.state.step == Step::Review && !run.state.review.problems.is_empty() {
                // Only the confirmation looks at the gateway's limits: the same edits would not mend that.
                return Err(edits_incomplete(&run.state.review));
            }
            was_login = is_login && (!run.state.is_login_elsewhere || outside.is_some());
            if let (true, Some(url)) = (is_login, outside.take()) {
                match account {
                    Some(account) if self.log_in_outside(&run, url, account, &browser).await? => continue,
                    _ => return Ok(()),
                }
            }
            if request.authorise {
                self.authorise_outside(&run).await?;
            }
            let Some(action) = self.next_action(&run, request, account)? else {
                return Ok(());
            };
            is_confirmed |= matches!(action, Action::ConfirmReview(_));
            let effect = self.flow_act(&run, action, &browser).await?;
            outside = effect.redirect;
            if let Some(form) = effect.hand_off {
                return self.confirm_outside(flow_id, form, &browser).await;
            }
        }
        Ok(())
    }

    /// Carries out the end of a decision that stops on a page.
    async fn end(&self, run: &FlowRun, request: &WalkRequest, browser: &Browser) -> Result<(), EngineError> {
        match request.decision {
            Decision::Cancel => {
                self.flow_act(run, Action::Cancel, browser).await?;
            }
            Decision::Expire => {
                let state = FlowState {
                    step: Step::Done,
                    ..run.state.clone()
                };
                self.commit_change(run, Change::caused(state, Cause::TimeRanOut))
                    .await?;
            }
            _ => {
                let (flow_id, wall) = (run.flow.id, self.wall_now());
                self.store()
                    .write("flow.closed", move |tx| {
                        flows::mark_gone(tx, flow_id, wall.plus_ms(-CLOSE_BELIEVED_AFTER_MS))?;
                        flows::mark_closed(tx, flow_id, wall)
                    })
                    .await
                    .map_err(from_store)?;
            }
        }
        Ok(())
    }

    async fn wait_for_fills(&self, flow_id: i64, wait: Duration) -> Result<(), EngineError> {
        let deadline = self
            .wall_now()
            .plus_ms(i64::try_from(wait.as_millis()).unwrap_or(0));
        while self.wall_now() < deadline {
            if self.load_run(flow_id).await?.loaded.txn.status != Status::Processing {
                break;
            }
            self.rt().sleep.sleep(WAIT_STEP).await;
        }
        Ok(())
    }
}

/// Whether the user has nothing left to do.
fn is_over(run: &FlowRun) -> bool {
    let status = run.loaded.txn.status;
    status.is_terminal() || status == Status::Processing
}

#[cfg(test)]
mod tests;
