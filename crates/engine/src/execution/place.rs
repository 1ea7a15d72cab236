//! Sending the orders of a batch: sells first, one after another, each once.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use torana_brokers::{Broker, Call, Execution, PlaceOutcome};
use torana_domain::order::{OrderState, OrderTicket, Side};
use torana_storage::gateway::batches::OrderRow;
use torana_storage::gateway::jobs;
use torana_storage::gateway::sessions::{self, BrokerSessionRow};
use torana_storage::{StoreError, Tx};

use super::apply::{NotSent, apply_order_outcome, begin_submitting, leave_unsent, lose_track};
use super::governor::AccountRef;
use super::record::BatchRecord;
use super::{settled, within_limit};
use crate::context::Engine;
use crate::error::{EngineError, from_store};
use crate::jobs::{Claimed, Disposition, LEASE_MS, kind};

/// Waits between the tries to store what a broker answered, in milliseconds. The answer may be the only proof
/// for a while, so it is worth some patience.
const STORE_RETRIES_MS: [u64; 4] = [50, 200, 800, 2000];

/// How long after its write-ahead step an order may still leave, in microseconds. Together with the longest wait for
/// an answer it stays within the lease, so that nobody who takes the job over finds a send that is still to come.
const SEND_WITHIN_US: u64 = 5_000_000;

/// What sending needs.
struct Placement {
    broker: Arc<dyn Broker>,
    session: BrokerSessionRow,
    record: BatchRecord,
}

/// How sending one order ended.
enum Sent {
    /// It was sent, or somebody else took care of it.
    Done,
    /// Nothing more may be sent.
    Stop(NotSent),
    /// The process is stopping; the rest waits for the next start.
    Pause,
    /// Another process holds the job.
    Lost,
}

impl Engine {
    /// Sends what is queued of a batch. What another process may have sent is not sent again.
    pub(crate) async fn place_batch(&self, job: &Claimed) -> Result<Disposition, EngineError> {
        if !self.give_up_submitting(job).await? {
            return Ok(Disposition::Settled);
        }
        let batch_id = job.row.subject;
        let (record, session) = self
            .store()
            .read(move |tx| {
                let record = BatchRecord::load(tx, batch_id)?;
                let session = sessions::load_broker(tx, record.batch.broker_session_id)?;
                Ok((record, session))
            })
            .await
            .map_err(from_store)?;
        let queue = sending_order(&record.orders);
        let Some(broker) = self.broker(&job.gateway, record.batch.broker) else {
            self.leave_rest(job, NotSent::NoBroker).await?;
            return self.close_placement(job).await;
        };
        if broker.execution() == Execution::HandOff {
            self.leave_rest(job, NotSent::UserSends).await?;
            return self.close_placement(job).await;
        }
        let placement = Placement {
            broker,
            session,
            record,
        };
        for order in queue {
            match self.send_one(job, &placement, &order).await? {
                Sent::Done => {}
                Sent::Stop(why) => {
                    self.leave_rest(job, why).await?;
                    break;
                }
                Sent::Pause => return Ok(Disposition::Again(self.wall_now())),
                Sent::Lost => return Ok(Disposition::Settled),
            }
        }
        self.close_placement(job).await
    }

    /// `Submitting` at the start is the trace of a process that ended between send and answer. False if the
    /// claim is lost.
    async fn give_up_submitting(&self, job: &Claimed) -> Result<bool, EngineError> {
        let (own, now) = (job.clone(), self.present(job));
        let given_up = self
            .store()
            .write("order.unknown", move |tx| {
                own.confirm_claim(tx)?;
                let mut record = BatchRecord::load(tx, own.row.subject)?;
                let interrupted = record.ids_in(OrderState::Submitting);
                for id in &interrupted {
                    record.change(tx, *id, now, &json!({ "why": "interrupted" }), lose_track)?;
                }
                Ok(interrupted.len())
            })
            .await;
        match given_up {
            Ok(count) => {
                count_orders("unknown", count);
                Ok(true)
            }
            Err(StoreError::Rollback) => Ok(false),
            Err(error) => Err(from_store(error)),
        }
    }

    async fn send_one(
        &self,
        job: &Claimed,
        placement: &Placement,
        order: &OrderRow,
    ) -> Result<Sent, EngineError> {
        let Some(call) = self.call_now(job, placement)? else {
            return Ok(Sent::Stop(self.why_not(job, placement)));
        };
        let profile = placement.broker.profile();
        let account = AccountRef {
            gateway_id: job.gateway.is_sandbox().then_some(job.gateway.id),
            broker: profile.key,
            account_id: call.session.account_id,
        };
        let permit = self.inner().governor.permit(self.rt(), &account, profile).await;
        if self.rt().spawn.is_stopping() {
            return Ok(Sent::Pause);
        }
        // The wait may have been long: everything that can forbid the send is looked at again.
        let Some(call) = self.call_now(job, placement)? else {
            return Ok(Sent::Stop(self.why_not(job, placement)));
        };
        let began = self.rt().wall.ticks();
        let ticket = match self.commit_submitting(job, order.id).await? {
            Submitting::Committed(ticket) => ticket,
            Submitting::NotQueued => return Ok(Sent::Done),
            Submitting::ClaimLost => return Ok(Sent::Lost),
        };
        let unknown = |why: &str| PlaceOutcome::Unknown { why: why.to_owned() };
        let outcome = if self.rt().wall.ticks().0.saturating_sub(began.0) > SEND_WITHIN_US {
            unknown("the process was held up before it could send")
        } else {
            permit.use_now(self.rt());
            let answer = within_limit(self.rt(), placement.broker.place(call, *ticket)).await;
            answer.unwrap_or_else(|| unknown("no answer in time"))
        };
        let is_over = matches!(outcome, PlaceOutcome::SessionOver { .. });
        self.commit_outcome(job, order.id, outcome).await?;
        if is_over {
            // The rest would be refused like this one: a dead session is not knocked at again.
            self.forget_session(placement.session.id, self.present(job).world)
                .await?;
            return Ok(Sent::Stop(NotSent::SessionOver));
        }
        Ok(Sent::Done)
    }

    /// A call that may be made now; `None` if nothing may be sent any more.
    fn call_now(&self, job: &Claimed, placement: &Placement) -> Result<Option<Call>, EngineError> {
        let now = self.present(job);
        if now.world > placement.record.batch.place_before {
            return Ok(None);
        }
        self.open_call(&job.gateway, &placement.session, now.world)
    }

    fn why_not(&self, job: &Claimed, placement: &Placement) -> NotSent {
        let is_late = self.present(job).world > placement.record.batch.place_before;
        if is_late {
            NotSent::TooLate
        } else {
            NotSent::SessionOver
        }
    }

    /// The write-ahead step: from its commit on the order counts as sent. Renews the claim, because a basket
    /// may take longer than one lease.
    async fn commit_submitting(&self, job: &Claimed, order_id: i64) -> Result<Submitting, EngineError> {
        let (own, now) = (job.clone(), self.present(job));
        let committed = self
            .store()
            .write("order.submitting", move |tx| {
                if !jobs::extend(tx, &own.row, now.wall.plus_ms(LEASE_MS))? {
                    return Err(StoreError::Rollback);
                }
                let mut record = BatchRecord::load(tx, own.row.subject)?;
                let is_queued = record.ids_in(OrderState::Queued).contains(&order_id);
                if !is_queued {
                    return Ok(Submitting::NotQueued);
                }
                record.change(tx, order_id, now, &Value::Null, |order| {
                    begin_submitting(order, now.world)
                })?;
                let row = record
                    .orders
                    .into_iter()
                    .find(|row| row.id == order_id)
                    .ok_or(StoreError::MissingRow)?;
                Ok(Submitting::Committed(Box::new(row.order.ticket)))
            })
            .await;
        match committed {
            Ok(submitting) => Ok(submitting),
            Err(StoreError::Rollback) => Ok(Submitting::ClaimLost),
            Err(error) => Err(from_store(error)),
        }
    }

    /// Stores what the broker answered. This commit does not ask for the claim: an answer is a proof whoever
    /// holds the job by now, and the rules let it only move the order forward.
    async fn commit_outcome(
        &self,
        job: &Claimed,
        order_id: i64,
        outcome: PlaceOutcome,
    ) -> Result<(), EngineError> {
        count_orders(outcome_word(&outcome), 1);
        if let PlaceOutcome::Unknown { why } = &outcome {
            tracing::warn!(gateway.name = %job.gateway.name, order.id = order_id, why, "an order is without proof, the book will be read");
        }
        let outcome = Arc::new(outcome);
        let mut waits = STORE_RETRIES_MS.into_iter();
        loop {
            let (batch_id, outcome, now) = (job.row.subject, Arc::clone(&outcome), self.present(job));
            let outbox = self.outbox(&job.gateway);
            let stored = self
                .store()
                .write("order.outcome", move |tx| {
                    store_outcome(tx, batch_id, order_id, &outcome, &outbox, now)
                })
                .await;
            match (stored, waits.next()) {
                (Ok(()), _) => break,
                (Err(StoreError::Unavailable(_) | StoreError::Conflict), Some(wait)) => {
                    self.rt().sleep.sleep(Duration::from_millis(wait)).await;
                }
                (Err(error), _) => return Err(from_store(error)),
            }
        }
        self.wake_jobs();
        Ok(())
    }

    /// What is still queued will never be sent.
    async fn leave_rest(&self, job: &Claimed, why: NotSent) -> Result<(), EngineError> {
        let (own, now) = (job.clone(), self.present(job));
        let outbox = self.outbox(&job.gateway);
        tracing::warn!(
            batch.id = job.row.subject,
            why = why.text(),
            "the rest of a batch is not sent"
        );
        let left = self
            .store()
            .write("order.unplaced", move |tx| {
                own.confirm_claim(tx)?;
                let mut record = BatchRecord::load(tx, own.row.subject)?;
                for id in record.ids_in(OrderState::Queued) {
                    record.change(tx, id, now, &Value::Null, |order| {
                        leave_unsent(order, why, now.world)
                    })?;
                }
                record.settle(tx, &outbox, Some(why), now).map(|_| ())
            })
            .await;
        match left {
            Ok(()) | Err(StoreError::Rollback) => Ok(()),
            Err(error) => Err(from_store(error)),
        }
    }

    /// Nothing is queued any more: the book is read next, at once, unless everything is final.
    async fn close_placement(&self, job: &Claimed) -> Result<Disposition, EngineError> {
        let (own, now) = (job.clone(), self.present(job));
        let outbox = self.outbox(&job.gateway);
        let result = self
            .store()
            .write("batch.sent", move |tx| {
                own.finish(tx)?;
                let mut record = BatchRecord::load(tx, own.row.subject)?;
                if record.settle(tx, &outbox, None, now)? {
                    return Ok(());
                }
                let world = jobs::JobDomain::World;
                jobs::put(
                    tx,
                    own.row.gateway_id,
                    world,
                    kind::RECONCILE_BATCH,
                    own.row.subject,
                    now.world,
                )
            })
            .await;
        self.wake_jobs();
        settled(result)
    }
}

/// What the write-ahead step found.
enum Submitting {
    /// Committed; this is to be sent now.
    Committed(Box<OrderTicket>),
    /// The order is past that step.
    NotQueued,
    /// Another process holds the job.
    ClaimLost,
}

fn store_outcome(
    tx: &mut dyn Tx,
    batch_id: i64,
    order_id: i64,
    outcome: &PlaceOutcome,
    outbox: &crate::deliveries::Outbox,
    now: crate::lifecycle::Now,
) -> Result<(), StoreError> {
    let facts = match outcome {
        PlaceOutcome::Unknown { why } => json!({ "why": why }),
        _ => Value::Null,
    };
    let mut record = BatchRecord::load(tx, batch_id)?;
    record.change(tx, order_id, now, &facts, |order| {
        apply_order_outcome(order, outcome, now.world)
    })?;
    record.settle(tx, outbox, None, now).map(|_| ())
}

/// The queued orders, sells before buys, each side in the order of the basket: the proceeds may pay the buys.
fn sending_order(orders: &[OrderRow]) -> Vec<OrderRow> {
    let queued = |side: Side| {
        orders
            .iter()
            .filter(move |row| row.order.state == OrderState::Queued && row.order.ticket.side == side)
    };
    queued(Side::Sell).chain(queued(Side::Buy)).cloned().collect()
}

const fn outcome_word(outcome: &PlaceOutcome) -> &'static str {
    match outcome {
        PlaceOutcome::Accepted { .. } => "accepted",
        PlaceOutcome::Refused { .. } => "refused",
        PlaceOutcome::NeedsAuthorisation { .. } => "needs_authorisation",
        PlaceOutcome::SessionOver { .. } => "session_over",
        PlaceOutcome::Unknown { .. } => "unknown",
    }
}

fn count_orders(outcome: &'static str, count: usize) {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    metrics::counter!("torana_orders_total", "outcome" => outcome).increment(count);
}
