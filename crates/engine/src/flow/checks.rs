//! What happens between login and hand-over: entering a step, consent, funds, holdings, authorisation.

use serde_json::json;
use torana_brokers::{
    AsOf, AuthorisationStep, BrokerError, BrokerReturn, Call, LoginError, SellAuthorisation,
    WantedAuthorisation,
};
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_domain::intent::Intent;
use torana_domain::money::{Paise, Shares, Value};
use torana_domain::order::Side;
use torana_domain::transaction::{Cause, Status};
use torana_instruments::Master;
use torana_storage::StoreError;
use torana_storage::gateway::{investors, jobs, sessions, transactions};

use super::access::{Browser, FlowRun};
use super::act::{Change, Effect, race_is_fine, save};
use super::review::bounds_of;
use super::state::{FlowState, Review, ReviewLine, Shortfall, Step, Wanted};
use crate::context::Engine;
use crate::create::to_json;
use crate::details::FundsResult;
use crate::error::{EngineError, from_store};
use crate::jobs::kind;
use crate::lifecycle;

impl Engine {
    /// Does what a step needs before it can be shown. Harmless to repeat: a crash between the login's commit
    /// and this is mended by the next page view.
    pub(super) async fn enter_step(&self, run: &FlowRun) -> Result<Effect, EngineError> {
        if run.loaded.txn.status != Status::Used {
            return Ok(Effect::default());
        }
        match (&run.loaded.txn.intent, run.state.step) {
            (Intent::Securities { .. }, Step::Review) if run.state.review.lines.is_empty() => {
                self.enter_review(run).await
            }
            (Intent::HoldingsImport { .. }, Step::Consent) => self.enter_consent(run).await,
            (Intent::FetchFunds, Step::Progress) => self.fetch_funds(run).await,
            (Intent::AuthoriseHoldings, Step::Authorise) if run.state.wanted.is_empty() => {
                self.enter_authorisation(run).await
            }
            _ => Ok(Effect::default()),
        }
    }

    /// A call with the flow's broker session; without a living one the user goes to the login again.
    pub(super) async fn flow_call(&self, run: &FlowRun) -> Result<Option<Call>, EngineError> {
        let Some(id) = run.state.broker_session else {
            return Ok(None);
        };
        let row = self
            .store()
            .read(move |tx| sessions::load_broker(tx, id))
            .await
            .map_err(from_store)?;
        self.open_call(&run.gateway, &row, run.now.world)
    }

    async fn enter_review(&self, run: &FlowRun) -> Result<Effect, EngineError> {
        let Some(call) = self.flow_call(run).await? else {
            return self.login_again(run).await;
        };
        let review = self
            .priced(
                run,
                &call,
                self.fresh_review(&run.loaded.txn.intent, run.now.world),
            )
            .await?;
        let state = FlowState {
            review,
            ..run.state.clone()
        };
        self.commit_change(run, Change::step(state)).await
    }

    async fn enter_consent(&self, run: &FlowRun) -> Result<Effect, EngineError> {
        let is_given = run
            .loaded
            .investor
            .as_ref()
            .is_some_and(|investor| investor.holdings_consent_at.is_some());
        if is_given {
            self.start_fetch(run).await
        } else {
            Ok(Effect::default())
        }
    }

    pub(super) async fn consent(&self, run: &FlowRun, agreed: bool) -> Result<Effect, EngineError> {
        if !agreed {
            return self.fail(run, 1003).await;
        }
        self.start_fetch(run).await
    }

    /// One commit: consent, transaction to `PROCESSING`, the job that fetches.
    async fn start_fetch(&self, run: &FlowRun) -> Result<Effect, EngineError> {
        if self.flow_call(run).await?.is_none() {
            return self.login_again(run).await;
        }
        let state = to_json(&FlowState {
            step: Step::Progress,
            ..run.state.clone()
        })?;
        let (flow, now) = (run.flow.clone(), run.now);
        let committed = self
            .store()
            .write("flow.fetch", move |tx| {
                let mut txn = transactions::load(tx, flow.txn_id)?;
                let investor_id = txn.investor_id.ok_or(StoreError::MissingRow)?;
                if investors::load(tx, investor_id)?.holdings_consent_at.is_none() {
                    investors::set_holdings_consent(tx, investor_id, Some(now.world))?;
                }
                lifecycle::apply(tx, &mut txn, Cause::FetchStarted, &json!({}), now)?
                    .map_err(|_| StoreError::Rollback)?;
                jobs::put(
                    tx,
                    txn.gateway_id,
                    jobs::JobDomain::Wall,
                    kind::FETCH_HOLDINGS,
                    txn.id,
                    now.wall,
                )?;
                save(tx, flow.id, flow.version, &state)?;
                Ok(())
            })
            .await;
        self.wake_jobs();
        match committed {
            Ok(()) => Ok(Effect::default()),
            Err(error) => race_is_fine(error),
        }
    }

    async fn fetch_funds(&self, run: &FlowRun) -> Result<Effect, EngineError> {
        let Some(call) = self.flow_call(run).await? else {
            return self.login_again(run).await;
        };
        let (_, broker) = self.adapter(run)?;
        let funds = match broker.funds(call).await {
            Ok(funds) => funds,
            Err(BrokerError::SessionExpired) => return self.login_again(run).await,
            Err(error) => {
                tracing::warn!(%error, transaction.id = %run.loaded.txn.public_id, "funds could not be read");
                return self.fail(run, 2000).await;
            }
        };
        let result = FundsResult {
            funds: funds.value.available,
            as_of: funds.as_of,
        };
        self.finish_with(run, Some(to_json(&result)?)).await
    }

    /// One commit: result, transaction to `COMPLETED`, last page.
    async fn finish_with(&self, run: &FlowRun, result: Option<String>) -> Result<Effect, EngineError> {
        let state = to_json(&FlowState {
            step: Step::Done,
            ..run.state.clone()
        })?;
        let (flow, now) = (run.flow.clone(), run.now);
        let committed = self
            .store()
            .write("flow.result", move |tx| {
                let mut txn = transactions::load(tx, flow.txn_id)?;
                txn.result = result.clone();
                lifecycle::apply(tx, &mut txn, Cause::ResultFinal, &json!({}), now)?
                    .map_err(|_| StoreError::Rollback)?;
                save(tx, flow.id, flow.version, &state)?;
                Ok(())
            })
            .await;
        match committed {
            Ok(()) => Ok(Effect::default()),
            Err(error) => race_is_fine(error),
        }
    }

    async fn enter_authorisation(&self, run: &FlowRun) -> Result<Effect, EngineError> {
        let Some(call) = self.flow_call(run).await? else {
            return self.login_again(run).await;
        };
        let (_, broker) = self.adapter(run)?;
        let holdings = match broker.holdings(call).await {
            Ok(holdings) => holdings.value,
            Err(BrokerError::SessionExpired) => return self.login_again(run).await,
            Err(error) => {
                tracing::warn!(%error, transaction.id = %run.loaded.txn.public_id, "holdings could not be read");
                return self.fail(run, 2001).await;
            }
        };
        let wanted: Vec<Wanted> = holdings
            .into_iter()
            .filter(|holding| holding.authorised_quantity < holding.quantity)
            .map(|holding| Wanted {
                ticker: holding
                    .nse_ticker
                    .or(holding.bse_ticker)
                    .unwrap_or_else(|| holding.isin.clone()),
                isin: holding.isin,
                quantity: holding.quantity,
            })
            .collect();
        self.ask_authorisation(run, run.state.clone(), wanted, &Browser::default())
            .await
    }

    /// Shows the authorisation step, or goes on where none is needed.
    async fn ask_authorisation(
        &self,
        run: &FlowRun,
        state: FlowState,
        wanted: Vec<Wanted>,
        browser: &Browser,
    ) -> Result<Effect, EngineError> {
        let Some(call) = self.flow_call(run).await? else {
            return self.login_again(run).await;
        };
        let (_, broker) = self.adapter(run)?;
        let begun = if wanted.is_empty() {
            Ok(AuthorisationStep::NotNeeded)
        } else {
            broker.begin_authorisation(call, to_broker(&wanted)).await
        };
        match begun {
            Ok(AuthorisationStep::NotNeeded) => {
                let state = FlowState {
                    is_authorisation_settled: true,
                    wanted: Vec::new(),
                    ..state
                };
                self.after_authorisation(run, state, browser).await
            }
            Ok(step) => {
                let state = FlowState {
                    step: Step::Authorise,
                    wanted,
                    authorise_at: page_of(step),
                    message: None,
                    ..state
                };
                self.commit_change(run, Change::step(state)).await
            }
            Err(BrokerError::SessionExpired) => self.login_again(run).await,
            Err(error) => {
                tracing::warn!(%error, transaction.id = %run.loaded.txn.public_id, "authorisation could not be started");
                self.fail(run, 2000).await
            }
        }
    }

    async fn after_authorisation(
        &self,
        run: &FlowRun,
        state: FlowState,
        browser: &Browser,
    ) -> Result<Effect, EngineError> {
        match run.loaded.txn.intent {
            Intent::AuthoriseHoldings => self.finish_with(run, None).await,
            _ => self.proceed(run, state, browser).await,
        }
    }

    pub(super) async fn submit_authorisation(
        &self,
        run: &FlowRun,
        back: BrokerReturn,
        browser: &Browser,
    ) -> Result<Effect, EngineError> {
        let Some(call) = self.flow_call(run).await? else {
            return self.login_again(run).await;
        };
        let (_, broker) = self.adapter(run)?;
        let wanted = to_broker(&run.state.wanted);
        match broker
            .complete_authorisation(call.clone(), wanted.clone(), back)
            .await
        {
            Ok(()) => {
                let state = FlowState {
                    is_authorisation_settled: true,
                    message: None,
                    ..run.state.clone()
                };
                self.after_authorisation(run, state, browser).await
            }
            Err(LoginError::Refused { text } | LoginError::Unavailable(text)) => {
                let mut authorise_at = run.state.authorise_at.clone();
                if authorise_at.is_some() {
                    // The page may have been used up without success; the old one still counts if it was not.
                    let begun = broker.begin_authorisation(call, wanted).await;
                    authorise_at = begun.ok().and_then(page_of).or(authorise_at);
                }
                let state = FlowState {
                    message: Some(text),
                    authorise_at,
                    ..run.state.clone()
                };
                self.commit_change(run, Change::step(state)).await
            }
        }
    }

    /// Without authorisation an order flow goes on (the broker then refuses the sells concerned); an
    /// authorisation flow has nothing left to do and is cancelled.
    pub(super) async fn skip_authorisation(
        &self,
        run: &FlowRun,
        browser: &Browser,
    ) -> Result<Effect, EngineError> {
        if matches!(run.loaded.txn.intent, Intent::AuthoriseHoldings) {
            let state = FlowState {
                step: Step::Done,
                ..run.state.clone()
            };
            return self
                .commit_change(run, Change::caused(state, Cause::UserCancelled { code: 1012 }))
                .await;
        }
        let state = FlowState {
            is_authorisation_settled: true,
            message: None,
            ..run.state.clone()
        };
        self.proceed(run, state, browser).await
    }

    pub(super) async fn accept_shortfall(
        &self,
        run: &FlowRun,
        browser: &Browser,
    ) -> Result<Effect, EngineError> {
        let state = FlowState {
            accepts_shortfall: true,
            ..run.state.clone()
        };
        self.proceed(run, state, browser).await
    }

    pub(super) async fn leave_shortfall(&self, run: &FlowRun) -> Result<Effect, EngineError> {
        let shares_short = run
            .state
            .shortfalls
            .iter()
            .any(|short| matches!(short, Shortfall::Holdings { .. }));
        if shares_short {
            return self.fail(run, 1004).await;
        }
        let state = FlowState {
            step: Step::Done,
            ..run.state.clone()
        };
        self.commit_change(run, Change::caused(state, Cause::UserCancelled { code: 1012 }))
            .await
    }

    pub(super) async fn accept_amo(&self, run: &FlowRun, browser: &Browser) -> Result<Effect, EngineError> {
        let state = FlowState {
            accepts_amo: true,
            ..run.state.clone()
        };
        self.proceed(run, state, browser).await
    }

    /// What is short for the confirmed lines. A broker that cannot be asked is no shortfall: it decides itself.
    ///
    /// # Errors
    /// The session is over.
    pub(super) async fn shortfalls(
        &self,
        run: &FlowRun,
        call: &Call,
        review: &Review,
    ) -> Result<Vec<Shortfall>, SessionOver> {
        let Ok((_, broker)) = self.adapter(run) else {
            return Ok(Vec::new());
        };
        let mut short = Vec::new();
        let needed = buying_power(&self.master_at(run.now.world), review);
        if needed.0 > 0
            && let Some(funds) = asked(broker.funds(call.clone()).await)?
            && funds.available < needed
        {
            short.push(Shortfall::Funds {
                needed: needed.0,
                available: funds.available.0,
            });
        }
        let sells: Vec<_> = review
            .lines
            .iter()
            .filter(|line| line.side == Some(Side::Sell))
            .collect();
        if sells.is_empty() {
            return Ok(short);
        }
        let (Some(holdings), Some(positions)) = (
            asked(broker.holdings(call.clone()).await)?,
            asked(broker.positions(call.clone()).await)?,
        ) else {
            return Ok(short);
        };
        for line in sells {
            let held: i64 = holdings
                .iter()
                .filter(|holding| holding.isin == line.isin)
                .map(|holding| holding.quantity.0 + holding.t1_quantity.0)
                .sum();
            let today: i64 = positions
                .iter()
                .filter(|position| position.isin == line.isin && !position.on_bse)
                .map(|position| position.quantity.0)
                .sum();
            let (needed, available) = (line.quantity.unwrap_or(Shares(0)), Shares((held + today).max(0)));
            if needed > available {
                short.push(Shortfall::Holdings {
                    ticker: line.ticker.clone(),
                    needed,
                    available,
                });
            }
        }
        Ok(short)
    }

    /// Shares of the confirmed sells that must be cleared first.
    ///
    /// # Errors
    /// The session is over.
    pub(super) async fn wanted_for_sells(
        &self,
        run: &FlowRun,
        call: &Call,
        review: &Review,
    ) -> Result<Vec<Wanted>, SessionOver> {
        let Ok((key, broker)) = self.adapter(run) else {
            return Ok(Vec::new());
        };
        let needs_page = self
            .profile(&run.gateway, key)
            .is_some_and(|profile| profile.sell_authorisation == SellAuthorisation::PerSessionApi);
        let sells: Vec<_> = review
            .lines
            .iter()
            .filter(|line| line.side == Some(Side::Sell))
            .collect();
        if !needs_page || sells.is_empty() {
            return Ok(Vec::new());
        }
        let Some(holdings) = asked(broker.holdings(call.clone()).await)? else {
            return Ok(Vec::new());
        };
        let mut wanted = Vec::new();
        for line in sells {
            let selling = line.quantity.unwrap_or(Shares(0));
            let holding = holdings.iter().find(|holding| holding.isin == line.isin);
            if let Some(holding) =
                holding.filter(|holding| holding.authorised_quantity < selling.min(holding.quantity))
            {
                let quantity = selling.min(holding.quantity);
                wanted.push(Wanted {
                    isin: line.isin.clone(),
                    ticker: line.ticker.clone(),
                    quantity,
                });
            }
        }
        Ok(wanted)
    }

    /// The authorisation step of an order flow.
    pub(super) async fn authorise_sells(
        &self,
        run: &FlowRun,
        state: FlowState,
        wanted: Vec<Wanted>,
        browser: &Browser,
    ) -> Result<Effect, EngineError> {
        // Boxed because the steps call each other: authorisation leads back to `proceed`.
        Box::pin(self.ask_authorisation(run, state, wanted, browser)).await
    }
}

/// The session of a flow is over: the user must log in again.
pub(super) struct SessionOver;

/// What the broker answered to a check; `None` if it cannot be asked.
fn asked<T>(answer: Result<AsOf<T>, BrokerError>) -> Result<Option<T>, SessionOver> {
    match answer {
        Ok(answer) => Ok(Some(answer.value)),
        Err(BrokerError::SessionExpired) => Err(SessionOver),
        Err(_) => Ok(None),
    }
}

fn to_broker(wanted: &[Wanted]) -> Vec<WantedAuthorisation> {
    wanted
        .iter()
        .map(|want| WantedAuthorisation {
            isin: want.isin.clone(),
            ticker: want.ticker.clone(),
            quantity: want.quantity,
        })
        .collect()
}

fn page_of(step: AuthorisationStep) -> Option<String> {
    match step {
        AuthorisationStep::Redirect { url } => Some(url),
        _ => None,
    }
}

/// A step that cannot go on because the flow lost what it needs.
pub(super) fn lost() -> EngineError {
    ApiError::new(ErrorCode::InternalError)
}

/// What brokers block for the buys: a market order at its protected limit, not at the last price.
fn buying_power(master: &Master, review: &Review) -> Paise {
    let blocked = |line: &ReviewLine| {
        let security = master.by_ticker(&line.ticker)?;
        let price = match line.price {
            Some(limit) => limit,
            None => master.protected_limit(Side::Buy, line.shown_price?, &bounds_of(line, security)),
        };
        Some(price.times(line.quantity?))
    };
    let buys = review.lines.iter().filter(|line| line.side == Some(Side::Buy));
    buys.filter_map(blocked).sum::<Value>().to_paise()
}

#[cfg(test)]
mod tests;
