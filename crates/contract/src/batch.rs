//! Batches and orders as partners see them.

use serde::Serialize;
use torana_domain::batch::{BatchStatus, filled_count, traded_amount};
use torana_domain::broker_key::BrokerKey;
use torana_domain::ids::{BatchId, TransactionId};
use torana_domain::order::{Evidence, Order, OrderState, Side, Variety};
use torana_domain::time::Timestamp;
use utoipa::ToSchema;

use crate::instant::Instant;
use crate::number::Decimal;

/// What a batch answer is made of.
#[derive(Clone, Copy, Debug)]
pub struct BatchView<'a> {
    /// The batch.
    pub batch_id: &'a BatchId,
    /// Its owner.
    pub transaction_id: &'a TransactionId,
    /// Regular or after-market.
    pub variety: Variety,
    /// Where it was placed.
    pub broker: BrokerKey,
    /// Smallcase order type; `None` for stock orders.
    pub label: Option<&'a str>,
    /// When everything became final (world time); left out while the batch is `PLACED`.
    pub completed_at: Option<Timestamp>,
    /// Every order of the batch, in the order of the basket.
    pub orders: &'a [Order],
}

/// One batch.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchBody {
    /// 24 hexadecimal digits.
    pub batch_id: String,
    /// The transaction that owns the batch.
    pub transaction_id: String,
    /// Rupees bought: Σ filled quantity × average price.
    pub buy_amount: Decimal,
    /// Rupees sold, by the same formula.
    pub sell_amount: Decimal,
    /// Number of orders, not of shares.
    pub quantity: usize,
    /// Number of orders that are filled completely.
    pub filled: usize,
    /// `PLACED`, `COMPLETED`, `PARTIALLYFILLED`, `UNFILLED` or `UNPLACED`.
    #[schema(value_type = String)]
    pub status: &'static str,
    /// `regular` or `amo`.
    #[schema(value_type = String)]
    pub variety: &'static str,
    /// Broker key.
    #[schema(value_type = String)]
    pub broker: &'static str,
    /// Smallcase order type; absent for stock orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// When everything became final; `null` while `PLACED`.
    #[schema(required)]
    pub completed_date: Option<Instant>,
    /// Orders that the broker took, or that are not proven refused.
    pub orders: Vec<OrderBody>,
    /// Orders proven refused at the door, or never sent.
    pub unplaced: Vec<OrderBody>,
}

/// One order.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderBody {
    /// `OPEN`, `COMPLETE`, `PARTIAL`, `REJECTED` or `CANCELLED`.
    #[schema(value_type = String)]
    pub status: &'static str,
    /// Shares asked for.
    pub quantity: i64,
    /// Shares filled.
    pub filled_quantity: i64,
    /// Average fill price in rupees.
    pub average_price: Decimal,
    /// NSE ticker.
    pub tradingsymbol: String,
    /// `BUY` or `SELL`.
    #[schema(value_type = String)]
    pub transaction_type: &'static str,
    /// Always `NSE`.
    #[schema(value_type = String)]
    pub exchange: &'static str,
    /// `MARKET` or `LIMIT`.
    #[schema(value_type = String)]
    pub order_type: &'static str,
    /// Always `CNC`.
    #[schema(value_type = String)]
    pub product: &'static str,
    /// Limit price in rupees, 0 for market orders.
    pub price: Decimal,
    /// `DAY` or `IOC`.
    #[schema(value_type = String)]
    pub validity: &'static str,
    /// The exchange's id, if there is one.
    #[schema(required)]
    pub exchange_order_id: Option<String>,
    /// When broker or exchange took it.
    #[schema(required)]
    pub order_timestamp: Option<Instant>,
    /// Standard reason of a failure; `null` for complete orders.
    #[schema(required, value_type = Option<String>)]
    pub error_code: Option<&'static str>,
    /// The broker's own words.
    #[schema(required)]
    pub status_message: Option<String>,
    /// `UNKNOWN` while nothing is proven, else as `status`.
    #[schema(value_type = String)]
    pub raw_status: &'static str,
    /// What proved the state.
    #[schema(value_type = String)]
    pub evidence: &'static str,
    /// When that was true; `null` while nothing proves anything.
    #[schema(required)]
    pub as_of: Option<Instant>,
}

impl BatchBody {
    /// The batch as it stands now.
    #[must_use]
    pub fn of(view: &BatchView<'_>) -> Self {
        let status = BatchStatus::of(view.orders);
        let (unplaced, orders): (Vec<&Order>, Vec<&Order>) = view
            .orders
            .iter()
            .partition(|order| order.state == OrderState::Unplaced);
        let completed = if status == BatchStatus::Placed {
            None
        } else {
            view.completed_at
        };
        Self {
            batch_id: view.batch_id.to_string(),
            transaction_id: view.transaction_id.to_string(),
            buy_amount: traded_amount(view.orders, Side::Buy).into(),
            sell_amount: traded_amount(view.orders, Side::Sell).into(),
            quantity: view.orders.len(),
            filled: filled_count(view.orders),
            status: status.as_str(),
            variety: view.variety.as_str(),
            broker: view.broker.as_str(),
            label: view.label.map(str::to_owned),
            completed_date: completed.map(Instant),
            orders: orders.into_iter().map(OrderBody::of).collect(),
            unplaced: unplaced.into_iter().map(OrderBody::of).collect(),
        }
    }
}

impl OrderBody {
    /// The order as it stands now. An order without proof is `OPEN` with `rawStatus` `UNKNOWN`, never refused.
    #[must_use]
    pub fn of(order: &Order) -> Self {
        let ticket = &order.ticket;
        let complete = order.state == OrderState::Complete;
        let unplaced = order.state == OrderState::Unplaced;
        Self {
            status: order.state.wire_status(),
            quantity: ticket.quantity.0,
            filled_quantity: if unplaced { 0 } else { order.filled.0 },
            average_price: order.average_price.into(),
            tradingsymbol: ticket.ticker.clone(),
            transaction_type: ticket.side.as_str(),
            exchange: "NSE",
            order_type: ticket.order_type.as_str(),
            product: "CNC",
            price: ticket.price.map_or_else(Decimal::default, Decimal::from),
            validity: ticket.validity.as_str(),
            exchange_order_id: order.exchange_order_id.clone(),
            order_timestamp: order.order_timestamp.map(Instant),
            error_code: order
                .error_code
                .filter(|_| !complete)
                .map(torana_domain::order::OrderErrorCode::as_str),
            status_message: order.status_message.clone(),
            raw_status: order.state.wire_raw_status(),
            evidence: order.evidence.as_str(),
            as_of: (order.evidence != Evidence::None).then_some(Instant(order.as_of)),
        }
    }
}
