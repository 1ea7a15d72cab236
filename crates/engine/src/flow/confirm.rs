//! From the confirmed review to the hand-over: the last checks, then one commit of batch, orders, transaction
//! and job. From that commit on only proof ends the transaction.

use serde_json::json;
use torana_brokers::Execution;
use torana_credentials::sha256_hex;
use torana_domain::ids::{BatchId, ClientReference};
use torana_domain::order::{OrderTicket, Variety};
use torana_domain::time::Timestamp;
use torana_domain::transaction::Cause;
use torana_storage::StoreError;
use torana_storage::gateway::batches::{self, NewBatch};
use torana_storage::gateway::{jobs, sessions, transactions};

use super::access::{Browser, FlowRun};
use super::act::{Change, Effect, race_is_fine, save};
use super::checks::lost;
use super::review::{LineEdit, limit_problems, moved_lines};
use super::state::{FlowState, Review, ReviewLine, Step};
use crate::context::Engine;
use crate::create::to_json;
use crate::error::EngineError;
use crate::execution::hand_off;
use crate::jobs::kind;
use crate::lifecycle;

/// How long after `expireAt` an order may still be sent (world time).
pub const PLACE_GRACE_MS: i64 = 5 * 60_000;

impl Engine {
    /// Stores what is typed and shows it with fresh prices; nothing is confirmed by that.
    pub(super) async fn update_review(
        &self,
        run: &FlowRun,
        edits: Vec<LineEdit>,
    ) -> Result<Effect, EngineError> {
        let Some(call) = self.flow_call(run).await? else {
            return self.login_again(run).await;
        };
        let edited = self.edited(run, &edits);
        let review = Review {
            is_confirmed: false,
            ..self.priced(run, &call, edited).await?
        };
        let state = FlowState {
            step: Step::Review,
            review,
            ..run.state.clone()
        };
        self.commit_change(run, Change::step(state)).await
    }

    pub(super) async fn confirm_review(
        &self,
        run: &FlowRun,
        edits: Vec<LineEdit>,
        browser: &Browser,
    ) -> Result<Effect, EngineError> {
        let Some(call) = self.flow_call(run).await? else {
            return self.login_again(run).await;
        };
        let edited = self.edited(run, &edits);
        if !edited.problems.is_empty() {
            let state = FlowState {
                step: Step::Review,
                review: edited,
                ..run.state.clone()
            };
            return self.commit_change(run, Change::step(state)).await;
        }
        let priced = self.priced(run, &call, edited.clone()).await?;
        let over = limit_problems(&run.gateway.settings.limits, &priced);
        if !over.is_empty() {
            let review = Review {
                problems: over,
                ..priced
            };
            let state = FlowState {
                step: Step::Review,
                review,
                ..run.state.clone()
            };
            return self.commit_change(run, Change::step(state)).await;
        }
        let moved = moved_lines(&edited, &priced);
        if !moved.is_empty() {
            let review = Review { moved, ..priced };
            let state = FlowState {
                step: Step::Review,
                review,
                ..run.state.clone()
            };
            return self.commit_change(run, Change::step(state)).await;
        }
        let review = Review {
            is_confirmed: true,
            ..priced
        };
        let state = FlowState {
            review,
            shortfalls: Vec::new(),
            accepts_shortfall: false,
            is_authorisation_settled: false,
            ..run.state.clone()
        };
        self.proceed(run, state, browser).await
    }

    /// Goes on from a confirmed review to the next thing in the way, or to the hand-over.
    pub(super) async fn proceed(
        &self,
        run: &FlowRun,
        state: FlowState,
        browser: &Browser,
    ) -> Result<Effect, EngineError> {
        if !state.review.is_confirmed {
            return self.go(run, Step::Review).await;
        }
        let Some(call) = self.flow_call(run).await? else {
            return self.login_again(run).await;
        };
        let is_open = self.calendar().is_open(run.now.world);
        if !is_open && !self.amo_offered(run) {
            return self.fail(run, 4004).await;
        }
        if !is_open && !state.accepts_amo {
            let state = FlowState {
                step: Step::MarketClosed,
                ..state
            };
            return self.commit_change(run, Change::step(state)).await;
        }
        if !state.accepts_shortfall {
            let Ok(shortfalls) = self.shortfalls(run, &call, &state.review).await else {
                return self.login_again(run).await;
            };
            if !shortfalls.is_empty() {
                let state = FlowState {
                    step: Step::Checks,
                    shortfalls,
                    ..state
                };
                return self.commit_change(run, Change::step(state)).await;
            }
        }
        if !state.is_authorisation_settled {
            let Ok(wanted) = self.wanted_for_sells(run, &call, &state.review).await else {
                return self.login_again(run).await;
            };
            if !wanted.is_empty() {
                return self.authorise_sells(run, state, wanted, browser).await;
            }
        }
        let variety = if is_open { Variety::Regular } else { Variety::Amo };
        self.hand_over(run, state, variety, browser).await
    }

    /// Whether an after-market order can be offered now: wanted by the partner, offered by the broker, in its
    /// window.
    pub(super) fn amo_offered(&self, run: &FlowRun) -> bool {
        let Some(profile) = run.state.broker.and_then(|key| self.profile(&run.gateway, key)) else {
            return false;
        };
        let window = self.calendar().amo_window(profile.key.as_str());
        run.options.amo && profile.capabilities.amo && self.calendar().amo_open(run.now.world, &window)
    }

    async fn hand_over(
        &self,
        run: &FlowRun,
        state: FlowState,
        variety: Variety,
        browser: &Browser,
    ) -> Result<Effect, EngineError> {
        let root = self.id_root();
        let public_id = BatchId::from_random(root.bytes(&["batch", run.loaded.txn.public_id.as_str()]));
        let tickets = tickets(&state.review, variety, |line| {
            let name = ["reference", public_id.as_str(), &line.to_string()];
            ClientReference::from_random(root.bytes(&name))
        })?;
        let next = FlowState {
            step: Step::Progress,
            ..state
        };
        let new = new_batch(run, &next, public_id, variety, browser)?;
        let (_, broker) = self.adapter(run)?;
        let (next, form) = match broker.execution() {
            Execution::Direct => (next, None),
            Execution::HandOff => match self.begun_hand_off(run, next, tickets.clone()).await? {
                Ok((next, form)) => (next, Some(form)),
                Err(error) => {
                    tracing::warn!(%error, transaction.id = %run.loaded.txn.public_id, "orders cannot be handed to the broker's page");
                    return self.fail(run, 2000).await;
                }
            },
        };
        let is_committed = self.commit_hand_over(run, &next, new, tickets).await?;
        Ok(Effect {
            hand_off: form.filter(|_| is_committed),
            ..Effect::default()
        })
    }

    /// The commit after which orders may be sent, by us or by the user's browser. False after a lost race.
    async fn commit_hand_over(
        &self,
        run: &FlowRun,
        next: &FlowState,
        new: NewBatch,
        tickets: Vec<OrderTicket>,
    ) -> Result<bool, EngineError> {
        let is_user_s = next.hand_off.is_some();
        let (state, flow, now) = (to_json(next)?, run.flow.clone(), run.now);
        let committed = self
            .store()
            .write("flow.hand_over", move |tx| {
                // The version decides between two confirmations of the same page: the second finds it moved.
                if !save(tx, flow.id, flow.version, &state)? {
                    return Err(StoreError::Rollback);
                }
                let mut txn = transactions::load(tx, flow.txn_id)?;
                // The account that pays is the account that the transaction names, or nothing is sent.
                if sessions::load_broker(tx, new.broker_session_id)?.investor_id != new.investor_id {
                    return Err(StoreError::Rollback);
                }
                let batch_id = batches::insert(tx, &new, &tickets)?;
                let facts =
                    json!({ "batchId": new.public_id, "orders": tickets.len(), "variety": new.variety });
                lifecycle::apply(tx, &mut txn, Cause::HandedOver, &facts, now)?
                    .map_err(|_| StoreError::Rollback)?;
                if is_user_s {
                    return hand_off::give_to_user(tx, batch_id, now);
                }
                jobs::put(
                    tx,
                    txn.gateway_id,
                    jobs::JobDomain::Wall,
                    kind::PLACE_BATCH,
                    batch_id,
                    now.wall,
                )
            })
            .await;
        self.wake_jobs();
        match committed {
            Ok(()) => Ok(true),
            Err(StoreError::Duplicate(_)) => Ok(false),
            Err(error) => race_is_fine(error).map(|_| false),
        }
    }
}

fn new_batch(
    run: &FlowRun,
    state: &FlowState,
    public_id: BatchId,
    variety: Variety,
    browser: &Browser,
) -> Result<NewBatch, EngineError> {
    Ok(NewBatch {
        public_id,
        txn_id: run.loaded.txn.id,
        investor_id: run.loaded.txn.investor_id.ok_or_else(lost)?,
        broker_session_id: state.broker_session.ok_or_else(lost)?,
        broker: state.broker.ok_or_else(lost)?,
        variety,
        place_before: run.loaded.txn.expire_at.plus_ms(PLACE_GRACE_MS),
        shown: shown(&state.review, run, browser)?,
        created_at: run.now.world,
    })
}

/// The instructions to the broker; each line gets its reference by its number.
fn tickets(
    review: &Review,
    variety: Variety,
    reference: impl Fn(usize) -> ClientReference,
) -> Result<Vec<OrderTicket>, EngineError> {
    let ticket = |(number, line): (usize, &ReviewLine)| {
        Some(OrderTicket {
            reference: reference(number),
            ticker: line.ticker.clone(),
            isin: line.isin.clone(),
            side: line.side?,
            quantity: line.quantity?,
            order_type: line.order_type,
            price: line.price,
            validity: line.validity,
            variety,
        })
    };
    let lines = review.lines.iter().enumerate();
    lines.map(|line| ticket(line).ok_or_else(lost)).collect()
}

/// What the user saw when the orders were confirmed: the record that a dispute is settled with.
fn shown(review: &Review, run: &FlowRun, browser: &Browser) -> Result<String, EngineError> {
    let lines = to_json(&review.lines)?;
    to_json(&json!({
        "lineHash": sha256_hex(lines.as_bytes()),
        "lines": review.lines,
        "pricesAsOf": review.prices_as_of.map(Timestamp::to_iso),
        "confirmedAt": run.now.world.to_iso(),
        "address": browser.address,
        "userAgent": browser.user_agent,
        "origin": run.options.origin,
    }))
}
