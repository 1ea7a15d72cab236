//! Batches and their orders.

use torana_domain::broker_key::BrokerKey;
use torana_domain::ids::{BatchId, ClientReference};
use torana_domain::money::{Price, Shares};
use torana_domain::order::{
    Evidence, Order, OrderErrorCode, OrderState, OrderTicket, OrderType, Side, Validity, Variety,
};
use torana_domain::time::Timestamp;

use super::statements;
use crate::{Row, StoreError, Tx, Value};

/// A batch as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRow {
    /// Internal key.
    pub id: i64,
    /// Public id.
    pub public_id: BatchId,
    /// Its transaction.
    pub txn_id: i64,
    /// Whose.
    pub investor_id: i64,
    /// Session with which it is placed.
    pub broker_session_id: i64,
    /// Broker.
    pub broker: BrokerKey,
    /// Regular or after-market.
    pub variety: Variety,
    /// Whether `order.placed` was recorded.
    pub is_placed_event_sent: bool,
    /// When all orders were final (world time).
    pub completed_at: Option<Timestamp>,
    /// Nothing is sent later than this (world time).
    pub place_before: Timestamp,
    /// What the user was shown at confirmation, JSON.
    pub shown: String,
    /// World time.
    pub created_at: Timestamp,
}

/// A batch before it has a key.
#[derive(Clone, Debug)]
pub struct NewBatch {
    /// Public id.
    pub public_id: BatchId,
    /// Its transaction.
    pub txn_id: i64,
    /// Whose.
    pub investor_id: i64,
    /// Session with which it is placed.
    pub broker_session_id: i64,
    /// Broker.
    pub broker: BrokerKey,
    /// Regular or after-market.
    pub variety: Variety,
    /// Nothing is sent later than this (world time).
    pub place_before: Timestamp,
    /// What the user was shown at confirmation, JSON.
    pub shown: String,
    /// World time.
    pub created_at: Timestamp,
}

/// An order with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// Internal key.
    pub id: i64,
    /// Its batch.
    pub batch_id: i64,
    /// Position in the batch, from 0.
    pub line: i64,
    /// What is known of it.
    pub order: Order,
}

statements! {
    INSERT = "INSERT INTO batch (public_id, txn_id, investor_id, broker_session_id, broker, variety, placed_event,
        place_before, shown, created_at) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9) RETURNING id";
    LOAD = "SELECT id, public_id, txn_id, investor_id, broker_session_id, broker, variety, placed_event,
        completed_at, place_before, shown, created_at FROM batch WHERE id = $1";
    BY_TXN = "SELECT id, public_id, txn_id, investor_id, broker_session_id, broker, variety, placed_event,
        completed_at, place_before, shown, created_at FROM batch WHERE txn_id = $1";
    BY_PUBLIC_ID = "SELECT id, public_id, txn_id, investor_id, broker_session_id, broker, variety, placed_event,
        completed_at, place_before, shown, created_at FROM batch WHERE public_id = $1";
    UPDATE = "UPDATE batch SET placed_event = $2, completed_at = $3 WHERE id = $1";
    SET_SESSION = "UPDATE batch SET broker_session_id = $2 WHERE id = $1";
    OPEN_OF_INVESTOR = "SELECT id, public_id, txn_id, investor_id, broker_session_id, broker, variety, placed_event,
        completed_at, place_before, shown, created_at FROM batch WHERE investor_id = $1 AND completed_at IS NULL
        ORDER BY id";
    OPEN_OF_GATEWAY = "SELECT b.id, b.public_id, b.txn_id, b.investor_id, b.broker_session_id, b.broker, b.variety,
        b.placed_event, b.completed_at, b.place_before, b.shown, b.created_at FROM batch b
        JOIN txn t ON t.id = b.txn_id WHERE t.gateway_id = $1 AND b.completed_at IS NULL ORDER BY b.id";
    OPEN_BY_REFERENCE = "SELECT b.id FROM broker_order o JOIN batch b ON b.id = o.batch_id JOIN txn t ON t.id = b.txn_id
        WHERE o.reference = $1 AND t.gateway_id = $2 AND b.completed_at IS NULL";
    INSERT_ORDER = "INSERT INTO broker_order (batch_id, line, reference, ticker, isin, side, quantity, order_type,
        price, validity, variety, state, filled, average_price, evidence, as_of)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'queued', 0, 0, 'none', $12)";
    ORDERS = "SELECT id, batch_id, line, reference, ticker, isin, side, quantity, order_type, price, validity,
        variety, state, filled, average_price, broker_order_id, exchange_order_id, order_timestamp, error_code,
        status_message, evidence, as_of FROM broker_order WHERE batch_id = $1 ORDER BY line";
    UPDATE_ORDER = "UPDATE broker_order SET state = $2, filled = $3, average_price = $4, broker_order_id = $5,
        exchange_order_id = $6, order_timestamp = $7, error_code = $8, status_message = $9, evidence = $10,
        as_of = $11 WHERE id = $1";
}

fn read(row: &Row) -> Result<BatchRow, StoreError> {
    Ok(BatchRow {
        id: row.int(0)?,
        public_id: row.parsed(1, BatchId::parse)?,
        txn_id: row.int(2)?,
        investor_id: row.int(3)?,
        broker_session_id: row.int(4)?,
        broker: row.parsed(5, |text| BrokerKey::parse(text).ok_or(()))?,
        variety: row.parsed(6, |text| Variety::parse(text).ok_or(()))?,
        is_placed_event_sent: row.bool(7)?,
        completed_at: row.opt_time(8)?,
        place_before: row.time(9)?,
        shown: row.text(10)?,
        created_at: row.time(11)?,
    })
}

fn read_order(row: &Row) -> Result<OrderRow, StoreError> {
    let error_code = row.opt_text(18)?.as_deref().and_then(OrderErrorCode::parse);
    Ok(OrderRow {
        id: row.int(0)?,
        batch_id: row.int(1)?,
        line: row.int(2)?,
        order: Order {
            ticket: OrderTicket {
                reference: row.parsed(3, ClientReference::parse)?,
                ticker: row.text(4)?,
                isin: row.text(5)?,
                side: row.parsed(6, |text| Side::parse(text).ok_or(()))?,
                quantity: Shares(row.int(7)?),
                order_type: row.parsed(8, |text| OrderType::parse(text).ok_or(()))?,
                price: row.opt_int(9)?.map(Price),
                validity: row.parsed(10, |text| Validity::parse(text).ok_or(()))?,
                variety: row.parsed(11, |text| Variety::parse(text).ok_or(()))?,
            },
            state: row.parsed(12, |text| OrderState::parse(text).ok_or(()))?,
            filled: Shares(row.int(13)?),
            average_price: Price(row.int(14)?),
            broker_order_id: row.opt_text(15)?,
            exchange_order_id: row.opt_text(16)?,
            order_timestamp: row.opt_time(17)?,
            error_code,
            status_message: row.opt_text(19)?,
            evidence: row.parsed(20, |text| Evidence::parse(text).ok_or(()))?,
            as_of: row.time(21)?,
        },
    })
}

/// Stores a batch and its orders, all queued: the write-ahead rows of the hand-over.
pub fn insert(tx: &mut dyn Tx, new: &NewBatch, tickets: &[OrderTicket]) -> Result<i64, StoreError> {
    let params = [
        new.public_id.as_str().into(),
        new.txn_id.into(),
        new.investor_id.into(),
        new.broker_session_id.into(),
        new.broker.as_str().into(),
        new.variety.as_str().into(),
        new.place_before.into(),
        new.shown.as_str().into(),
        new.created_at.into(),
    ];
    let id = tx.query_one(INSERT, &params)?.int(0)?;
    for (line, ticket) in (0i64..).zip(tickets) {
        let params: [Value; 12] = [
            id.into(),
            line.into(),
            ticket.reference.as_str().into(),
            ticket.ticker.as_str().into(),
            ticket.isin.as_str().into(),
            ticket.side.as_str().into(),
            ticket.quantity.0.into(),
            ticket.order_type.as_str().into(),
            ticket.price.map(|price| price.0).into(),
            ticket.validity.as_str().into(),
            ticket.variety.as_str().into(),
            new.created_at.into(),
        ];
        tx.execute_one(INSERT_ORDER, &params)?;
    }
    Ok(id)
}

/// By internal key; must exist.
pub fn load(tx: &mut dyn Tx, id: i64) -> Result<BatchRow, StoreError> {
    read(&tx.query_one(LOAD, &[id.into()])?)
}

/// By transaction.
pub fn find_by_txn(tx: &mut dyn Tx, txn_id: i64) -> Result<Option<BatchRow>, StoreError> {
    tx.query_opt(BY_TXN, &[txn_id.into()])?
        .as_ref()
        .map(read)
        .transpose()
}

/// By public id.
pub fn find(tx: &mut dyn Tx, public_id: &BatchId) -> Result<Option<BatchRow>, StoreError> {
    tx.query_opt(BY_PUBLIC_ID, &[public_id.as_str().into()])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Batches of an investor with an order that is not final.
pub fn list_open(tx: &mut dyn Tx, investor_id: i64) -> Result<Vec<BatchRow>, StoreError> {
    tx.query(OPEN_OF_INVESTOR, &[investor_id.into()])?
        .iter()
        .map(read)
        .collect()
}

/// Batches of a gateway with an order that is not final.
pub fn list_open_of_gateway(tx: &mut dyn Tx, gateway_id: i64) -> Result<Vec<BatchRow>, StoreError> {
    tx.query(OPEN_OF_GATEWAY, &[gateway_id.into()])?
        .iter()
        .map(read)
        .collect()
}

/// Key of the batch of a gateway that has an order with this reference, unless all its orders are final.
pub fn find_open_by_reference(
    tx: &mut dyn Tx,
    gateway_id: i64,
    reference: &ClientReference,
) -> Result<Option<i64>, StoreError> {
    let found = tx.query_opt(OPEN_BY_REFERENCE, &[reference.as_str().into(), gateway_id.into()])?;
    found.map(|row| row.int(0)).transpose()
}

/// Stores which events of the batch were recorded.
pub fn update(tx: &mut dyn Tx, row: &BatchRow) -> Result<(), StoreError> {
    tx.execute_one(
        UPDATE,
        &[
            row.id.into(),
            row.is_placed_event_sent.into(),
            row.completed_at.into(),
        ],
    )
}

/// Lets a batch go on with a newer session of the same investor.
pub fn set_session(tx: &mut dyn Tx, id: i64, broker_session_id: i64) -> Result<(), StoreError> {
    tx.execute_one(SET_SESSION, &[id.into(), broker_session_id.into()])
}

/// The orders of a batch in their order.
pub fn orders(tx: &mut dyn Tx, batch_id: i64) -> Result<Vec<OrderRow>, StoreError> {
    tx.query(ORDERS, &[batch_id.into()])?
        .iter()
        .map(read_order)
        .collect()
}

/// Stores what is now known of an order; the ticket never changes.
pub fn update_order(tx: &mut dyn Tx, row: &OrderRow) -> Result<(), StoreError> {
    let order = &row.order;
    let params: [Value; 11] = [
        row.id.into(),
        order.state.as_str().into(),
        order.filled.0.into(),
        order.average_price.0.into(),
        order.broker_order_id.as_deref().into(),
        order.exchange_order_id.as_deref().into(),
        order.order_timestamp.into(),
        order.error_code.map(OrderErrorCode::as_str).into(),
        order.status_message.as_deref().into(),
        order.evidence.as_str().into(),
        order.as_of.into(),
    ];
    tx.execute_one(UPDATE_ORDER, &params)
}
