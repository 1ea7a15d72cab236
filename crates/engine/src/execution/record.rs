//! A batch within one commit: its rows, the changes to its orders, and what follows from them.

use serde_json::{Value, json};
use torana_contract::batch::BatchView;
use torana_contract::webhook::{EventType, OrderEvent, OrderPayload};
use torana_domain::ids::AuthId;
use torana_domain::order::{Evidence, Order, OrderState};
use torana_domain::transaction::Cause;
use torana_storage::gateway::batches::{self, BatchRow, OrderRow};
use torana_storage::gateway::investors;
use torana_storage::gateway::transactions::{self, TxnRow};
use torana_storage::{StoreError, Tx};

use super::apply::{Applied, Disbelief, NotSent};
use crate::deliveries::Outbox;
use crate::lifecycle::{self, Now};

/// The rows of a batch as of the commit that reads them.
#[derive(Debug, Clone)]
pub(super) struct BatchRecord {
    pub(super) txn: TxnRow,
    pub(super) batch: BatchRow,
    pub(super) orders: Vec<OrderRow>,
    auth_id: AuthId,
}

impl BatchRecord {
    pub(super) fn load(tx: &mut dyn Tx, batch_id: i64) -> Result<Self, StoreError> {
        let batch = batches::load(tx, batch_id)?;
        let txn = transactions::load(tx, batch.txn_id)?;
        let orders = batches::orders(tx, batch_id)?;
        let auth_id = investors::load(tx, batch.investor_id)?.auth_id;
        Ok(Self {
            txn,
            batch,
            orders,
            auth_id,
        })
    }

    pub(super) fn is_final(&self) -> bool {
        self.orders.iter().all(|row| row.order.state.is_final())
    }

    pub(super) fn ids_in(&self, state: OrderState) -> Vec<i64> {
        self.orders
            .iter()
            .filter(|row| row.order.state == state)
            .map(|row| row.id)
            .collect()
    }

    /// Changes one order by one of the rules of [`super::apply`] and writes row and event. An answer that is
    /// not believed is logged and changes nothing.
    pub(super) fn change(
        &mut self,
        tx: &mut dyn Tx,
        order_id: i64,
        now: Now,
        facts: &Value,
        rule: impl FnOnce(&mut Order) -> Result<Applied, Disbelief>,
    ) -> Result<bool, StoreError> {
        let row = self
            .orders
            .iter_mut()
            .find(|row| row.id == order_id)
            .ok_or(StoreError::MissingRow)?;
        let from = row.order.state;
        let event = match rule(&mut row.order) {
            Ok(Applied::Changed(event)) => event,
            Ok(Applied::Unchanged) => return Ok(false),
            Err(disbelief) => {
                tracing::warn!(
                    transaction.id = %self.txn.public_id,
                    order.reference = row.order.ticket.reference.as_str(),
                    %disbelief,
                    "an answer of the broker contradicts what is proven and was ignored"
                );
                return Ok(false);
            }
        };
        batches::update_order(tx, row)?;
        let data = event_data(row, from, facts);
        lifecycle::record(tx, &mut self.txn, event, &data, now)?;
        Ok(true)
    }

    /// Writes what follows from the orders as they are now: `order.placed` at the first proven acceptance,
    /// and at the end `order.completed` and the transaction's last step. `not_sent` is why this commit left
    /// orders unsent, if it did. True if the batch is final.
    pub(super) fn settle(
        &mut self,
        tx: &mut dyn Tx,
        outbox: &Outbox,
        not_sent: Option<NotSent>,
        now: Now,
    ) -> Result<bool, StoreError> {
        if !self.batch.is_placed_event_sent && self.orders.iter().any(|row| row.order.state.is_accepted()) {
            self.batch.is_placed_event_sent = true;
            batches::update(tx, &self.batch)?;
            self.post(tx, outbox, OrderEvent::Placed, now)?;
        }
        if !self.is_final() {
            return Ok(false);
        }
        if self.batch.completed_at.is_none() {
            self.batch.completed_at = Some(now.world);
            batches::update(tx, &self.batch)?;
            self.post(tx, outbox, OrderEvent::Completed, now)?;
            let cause = self.final_cause(not_sent);
            // A refusal is logged there; the orders are final all the same.
            let _ = lifecycle::apply(
                tx,
                &mut self.txn,
                cause,
                &json!({ "batchId": self.batch.public_id }),
                now,
            )?;
        }
        Ok(true)
    }

    /// Everything unsent is a failure of ours only for reasons of ours. All orders of such a batch were left
    /// unsent by one commit, so its reason holds for all of them.
    fn final_cause(&self, not_sent: Option<NotSent>) -> Cause {
        let never_left = self
            .orders
            .iter()
            .all(|row| row.order.evidence == Evidence::NotSent);
        if never_left && not_sent.is_some_and(NotSent::is_ours) {
            Cause::NothingReachedBroker
        } else {
            Cause::WorkDone
        }
    }

    fn post(
        &mut self,
        tx: &mut dyn Tx,
        outbox: &Outbox,
        event: OrderEvent,
        now: Now,
    ) -> Result<(), StoreError> {
        let orders: Vec<Order> = self.orders.iter().map(|row| row.order.clone()).collect();
        let view = BatchView {
            batch_id: &self.batch.public_id,
            transaction_id: &self.txn.public_id.clone(),
            variety: self.batch.variety,
            broker: self.batch.broker,
            label: None,
            completed_at: self.batch.completed_at,
            orders: &orders,
        };
        let event_type = match event {
            OrderEvent::Placed => EventType::OrderPlaced,
            OrderEvent::Completed => EventType::OrderCompleted,
        };
        let notes = self.txn.notes.clone();
        outbox.post(tx, &mut self.txn, event_type, &self.auth_id, now, |stamp| {
            OrderPayload::of(event, &view, &self.auth_id, notes.as_deref(), stamp)
        })
    }
}

/// Everything of the order that can change, so that the log alone rebuilds the row.
fn event_data(row: &OrderRow, from: OrderState, facts: &Value) -> Value {
    let order = &row.order;
    json!({
        "line": row.line,
        "reference": order.ticket.reference,
        "from": from,
        "state": order.state,
        "filled": order.filled,
        "averagePrice": order.average_price,
        "brokerOrderId": order.broker_order_id,
        "exchangeOrderId": order.exchange_order_id,
        "orderTimestamp": order.order_timestamp,
        "errorCode": order.error_code,
        "statusMessage": order.status_message,
        "evidence": order.evidence,
        "asOf": order.as_of,
        "facts": facts,
    })
}
