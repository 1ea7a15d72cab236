//! What a page shows: the flow as it stands, and what the broker has to be asked for it.

use torana_brokers::{
    AuthorisationStep, BrokerError, Field, LoginContext, LoginStep, Profile, WantedAuthorisation,
    chooser_rank,
};
use torana_credentials::bearer::{BearerKind, BearerToken};
use torana_domain::broker_key::BrokerKey;
use torana_domain::time::Timestamp;
use torana_domain::transaction::Status;
use torana_storage::gateway::sessions;

use super::access::{Browser, FlowRun};
use super::state::Step;
use crate::context::Engine;
use crate::error::{EngineError, from_store};

/// How the user logs in or authorises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Inputs that Torana shows.
    Fields(Vec<Field>),
    /// Pages of the broker; an action leads there.
    Elsewhere,
    /// A page of broker or depository at this address, beside ours. It does not come back here.
    Beside(String),
    /// Something that the user does outside, in words.
    Words(String),
}

/// Everything that a page needs.
#[derive(Debug, Clone)]
pub struct FlowPage {
    /// The flow with transaction, investor and batch.
    pub run: FlowRun,
    /// The step to show, which is not always the stored one.
    pub step: Step,
    /// What the step needs beside the flow.
    pub view: StepView,
}

/// What single steps need beside the flow.
#[derive(Debug, Clone, Default)]
pub struct StepView {
    /// Brokers of the chooser, recently used ones first.
    pub offered: Vec<&'static Profile>,
    /// Which of them this browser used before.
    pub recent: Vec<BrokerKey>,
    /// Whether the user may go back to the chooser.
    pub may_choose_other: bool,
    /// The chosen broker.
    pub broker: Option<&'static Profile>,
    /// Login or authorisation form.
    pub form: Option<Form>,
    /// Whether an after-market order is offered.
    pub offers_amo: bool,
    /// When the market opens next.
    pub next_open: Option<Timestamp>,
    /// Name of the order's logo, on the review once it is there.
    pub order_logo: Option<String>,
}

impl Engine {
    /// The page of a flow. Does what the step needs first, if a crash left that undone.
    ///
    /// # Errors
    /// The storage's.
    pub async fn flow_page(&self, run: FlowRun, browser: &Browser) -> Result<FlowPage, EngineError> {
        let run = if run.loaded.txn.status == Status::Used {
            self.enter_step(&run).await?;
            self.reread(&run).await?
        } else {
            run
        };
        let step = self.shown_step(&run);
        let mut view = StepView {
            broker: run.state.broker.and_then(|key| self.profile(&run.gateway, key)),
            may_choose_other: !self.is_broker_fixed(&run),
            ..StepView::default()
        };
        // From each of these the review can be looked at.
        if matches!(
            step,
            Step::Review | Step::Checks | Step::Authorise | Step::MarketClosed
        ) {
            view.order_logo = self.order_logo(run.gateway.id, &run.loaded.txn.intent).await?;
        }
        match step {
            Step::Chooser | Step::Notice => {
                view.recent = self.recent_brokers(&run, browser).await?;
                view.offered = self.offered(&run);
                // Used before in this browser, then the partner's own order, then ours.
                let place = |list: &[BrokerKey], key| {
                    list.iter()
                        .position(|listed| *listed == key)
                        .unwrap_or(usize::MAX)
                };
                view.offered.sort_by_key(|profile| {
                    let key = profile.key;
                    (
                        place(&view.recent, key),
                        place(&run.options.brokers, key),
                        chooser_rank(key),
                    )
                });
            }
            Step::Login => view.form = Some(self.login_form(&run).await),
            Step::Authorise => view.form = Some(self.authorisation_form(&run).await?),
            Step::MarketClosed | Step::Done => {
                view.offers_amo = self.amo_offered(&run);
                view.next_open = Some(self.calendar().next_open(run.now.world));
            }
            _ => {}
        }
        Ok(FlowPage { run, step, view })
    }

    async fn recent_brokers(&self, run: &FlowRun, browser: &Browser) -> Result<Vec<BrokerKey>, EngineError> {
        let cookie = browser.broker_cookie.as_deref();
        let Some(Ok(cookie)) = cookie.map(|text| BearerToken::parse(BearerKind::BrokerCookie, text)) else {
            return Ok(Vec::new());
        };
        let (hash, gateway_id) = (cookie.storage_hash(), run.gateway.id);
        self.store()
            .read(move |tx| sessions::recent_brokers(tx, &hash, gateway_id))
            .await
            .map_err(from_store)
    }

    async fn login_form(&self, run: &FlowRun) -> Form {
        let Ok((key, broker)) = self.adapter(run) else {
            return Form::Words(String::new());
        };
        if run.state.is_login_elsewhere {
            return Form::Elsewhere;
        }
        let context = LoginContext {
            at: run.now.world,
            state: String::new(),
            return_url: format!("{}/return/{key}", self.public_url()),
        };
        match broker.begin_login(context).await {
            Ok(LoginStep::CollectFields(fields)) => Form::Fields(fields),
            Ok(LoginStep::Redirect { .. }) => Form::Elsewhere,
            Err(error) => Form::Words(error.to_string()),
        }
    }

    async fn authorisation_form(&self, run: &FlowRun) -> Result<Form, EngineError> {
        let gone = || Form::Words("The broker session is over: go back and log in again.".to_owned());
        let Some(call) = self.flow_call(run).await? else {
            return Ok(gone());
        };
        if let Some(url) = &run.state.authorise_at {
            return Ok(Form::Beside(url.clone()));
        }
        let (_, broker) = self.adapter(run)?;
        let wanted = run
            .state
            .wanted
            .iter()
            .map(|want| WantedAuthorisation {
                isin: want.isin.clone(),
                ticker: want.ticker.clone(),
                quantity: want.quantity,
            })
            .collect();
        Ok(match broker.begin_authorisation(call, wanted).await {
            Ok(AuthorisationStep::CollectFields(fields)) => Form::Fields(fields),
            Ok(AuthorisationStep::Redirect { url }) => Form::Beside(url),
            Ok(AuthorisationStep::External { text }) => Form::Words(text),
            Ok(AuthorisationStep::NotNeeded) => Form::Fields(Vec::new()),
            Err(BrokerError::SessionExpired) => gone(),
            Err(error) => Form::Words(error.to_string()),
        })
    }
}
