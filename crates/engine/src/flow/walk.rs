//! Walking the hosted flow for the sandbox control API: the same actions as the pages, in the order in which
//! a user would take them. Unknown accounts and decisions that do not fit are refused before anything is done.

use std::time::Duration;

use torana_brokers::BrokerReturn;
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_contract::sdk::SettlementBody;
use torana_contract::transaction::TransactionDetailsData;
use torana_domain::broker_key::BrokerKey;
use torana_domain::ids::TransactionId;
use torana_domain::intent::Intent;
use torana_domain::order::Side;
use torana_domain::time::Timestamp;
use torana_domain::transaction::{Cause, Status};
use torana_exchange::TPIN;
use torana_storage::gateway::transactions::TxnRow;
use torana_storage::gateway::{flows, investors};

use super::access::{Browser, CLOSE_BELIEVED_AFTER_MS, FlowRun};
use super::act::{Action, Change};
use super::review::LineEdit;
use super::settle::Presence;
use super::state::{FlowOptions, FlowState, Review, Step};
use crate::auth::{Caller, Principal};
use crate::context::Engine;
use crate::details::Loaded;
use crate::error::{EngineError, from_store};
use crate::gateways::Gateway;

/// What the user of the walk decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Log in, agree, review, confirm.
    Approve,
    /// Press cancel on the last page before the work starts.
    Cancel,
    /// Refuse the consent.
    DenyConsent,
    /// Log in to another account than the mapped one.
    WrongAccount,
    /// Leave because the broker is not listed.
    NoBroker,
    /// Leave to open an account.
    OpenAccount,
    /// Close the window before the login.
    CloseBeforeLogin,
    /// Close the window after the login.
    CloseAfterLogin,
    /// Let the time run out.
    Expire,
}

impl Decision {
    /// Every decision with its word.
    pub const ALL: [(&'static str, Self); 9] = [
        ("approve", Self::Approve),
        ("cancel", Self::Cancel),
        ("deny_consent", Self::DenyConsent),
        ("wrong_account", Self::WrongAccount),
        ("no_broker", Self::NoBroker),
        ("open_account", Self::OpenAccount),
        ("close_before_login", Self::CloseBeforeLogin),
        ("close_after_login", Self::CloseAfterLogin),
        ("expire", Self::Expire),
    ];

    /// Parses the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(word, _)| *word == text)
            .map(|(_, decision)| decision)
    }
}

/// What the user types on the review page, matched by ticker, and by side where the line has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkEdit {
    /// NSE ticker.
    pub ticker: String,
    /// Everything else, as a page would send it; `line` is found by the ticker.
    pub edit: LineEdit,
}

/// A walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkRequest {
    /// What the user decides.
    pub decision: Decision,
    /// Broker, where the decision logs in.
    pub broker: Option<BrokerKey>,
    /// Account there.
    pub account: Option<String>,
    /// What is typed on the review page.
    pub edits: Vec<WalkEdit>,
    /// Whether an after-market order is taken when it is offered.
    pub amo: bool,
    /// Whether shares are authorised when that is asked for.
    pub authorise: bool,
    /// Whether the user goes on although something is short.
    pub proceed_if_short: bool,
    /// How long to wait for the fills (wall time).
    pub wait: Duration,
}

/// What a walk ends with.
#[derive(Debug, Clone, PartialEq)]
pub struct WalkAnswer {
    /// The transaction as `transactiondetails` shows it.
    pub details: TransactionDetailsData,
    /// How the SDK's promise would settle.
    pub settlement: SettlementBody,
    /// World time.
    pub world_time: Timestamp,
}

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

    async fn check_walkable(
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
    async fn check_account(
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
        let (mut was_login, mut is_confirmed) = (false, false);
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
            was_login = is_login;
            let Some(action) = self.next_action(&run, request, account)? else {
                return Ok(());
            };
            is_confirmed |= matches!(action, Action::ConfirmReview(_));
            self.flow_act(&run, action, &browser).await?;
        }
        Ok(())
    }

    /// What the user does on this page.
    fn next_action(
        &self,
        run: &FlowRun,
        request: &WalkRequest,
        account: Option<&str>,
    ) -> Result<Option<Action>, EngineError> {
        let fields =
            |name: &str, value: &str| BrokerReturn::Fields(vec![(name.to_owned(), value.to_owned())]);
        match request.decision {
            Decision::NoBroker => return Ok(Some(Action::LeaveBrokerMissing)),
            Decision::OpenAccount => return Ok(Some(Action::LeaveOpenAccount)),
            _ => {}
        }
        Ok(match run.state.step {
            Step::Chooser => request.broker.map(Action::ChooseBroker),
            Step::Notice => Some(Action::AcceptNotice),
            Step::ExistingSession => Some(Action::UseAnotherAccount),
            Step::Login => account.map(|account| Action::SubmitLogin(fields("account", account))),
            Step::Consent => Some(Action::Consent(request.decision != Decision::DenyConsent)),
            Step::Review => Some(Action::ConfirmReview(self.walk_edits(run, request)?)),
            Step::Checks => Some(if request.proceed_if_short {
                Action::AcceptShortfall
            } else {
                Action::LeaveShortfall
            }),
            Step::Authorise => Some(if request.authorise {
                Action::SubmitAuthorisation(fields("tpin", TPIN))
            } else {
                Action::SkipAuthorisation
            }),
            Step::MarketClosed => Some(if request.amo {
                Action::AcceptAmo
            } else {
                Action::LeaveMarketClosed
            }),
            Step::Progress | Step::Done => None,
        })
    }

    /// The edits as the page would send them; a line that still lacks a value is refused.
    fn walk_edits(&self, run: &FlowRun, request: &WalkRequest) -> Result<Vec<LineEdit>, EngineError> {
        let mut edits = Vec::new();
        for (index, line) in run.state.review.lines.iter().enumerate() {
            let fits = |walk: &&WalkEdit| {
                let side = walk.edit.side.as_deref();
                walk.ticker == line.ticker
                    && (!line.side_fixed || side.is_none() || side == line.side.map(Side::as_str))
            };
            if let Some(walk) = request.edits.iter().find(fits) {
                edits.push(LineEdit {
                    line: index,
                    ..walk.edit.clone()
                });
            }
        }
        let review = self.edited(run, &edits);
        if review.problems.is_empty() {
            Ok(edits)
        } else {
            Err(edits_incomplete(&review))
        }
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

fn is_user_of(caller: &Caller, loaded: &Loaded) -> bool {
    match (&caller.principal, &loaded.txn.principal) {
        (Some(Principal::Guest), None) => true,
        (Some(Principal::Connected(user)), Some(owner)) => user == owner,
        _ => false,
    }
}

/// Whether the decision logs in, and so needs an account. A flow that is past its login needs none.
fn needs_login(request: &WalkRequest, txn: &TxnRow) -> bool {
    txn.status == Status::Initialized
        && match request.decision {
            Decision::Approve
            | Decision::DenyConsent
            | Decision::WrongAccount
            | Decision::CloseAfterLogin => true,
            // A CONNECT is cancelled at the login page, everything else after the login.
            Decision::Cancel => !matches!(txn.intent, Intent::Connect),
            Decision::Expire => request.account.is_some(),
            Decision::NoBroker | Decision::OpenAccount | Decision::CloseBeforeLogin => false,
        }
}

/// Whether the decision stops on this page.
fn is_end(run: &FlowRun, request: &WalkRequest) -> bool {
    let txn = &run.loaded.txn;
    let logged_in = txn.status == Status::Used;
    match request.decision {
        Decision::CloseBeforeLogin => true,
        Decision::CloseAfterLogin => logged_in,
        Decision::Expire => logged_in || !needs_login(request, txn),
        Decision::Cancel if matches!(txn.intent, Intent::Connect) => run.state.step == Step::Login,
        Decision::Cancel => logged_in,
        _ => false,
    }
}

fn check_decision(request: &WalkRequest, loaded: &Loaded) -> Result<(), EngineError> {
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

/// What of a review the edits have left to mend.
fn edits_incomplete(review: &Review) -> EngineError {
    let details = review.problems.iter().map(|problem| {
        let key = problem.problem.key();
        let line = review
            .lines
            .get(problem.line)
            .filter(|_| !problem.problem.is_of_basket());
        let of_what = line.map_or("basket", |line| line.ticker.as_str());
        format!("{of_what}: {key} {}", problem.detail)
            .trim_end()
            .to_owned()
    });
    ApiError::new(ErrorCode::EditsIncomplete).with_details(details)
}
