//! Orders and trades as Kite shows them. Every documented member is there.

use serde::Serialize;
use torana_contract::number::Decimal;
use torana_domain::money::Price;
use torana_exchange::core::history::HistoryRow;
use torana_exchange::core::{PaperOrder, Protection, Status, TradeView, Validity};
use torana_instruments::Master;

use crate::instant::KiteTime;
use crate::note::{Leg, Note};
use crate::words::{KiteVariety, name_of};

/// One order, as it stands or stood.
#[derive(Clone, Debug, Serialize)]
pub struct OrderRow {
    pub account_id: String,
    pub placed_by: String,
    pub order_id: String,
    pub exchange_order_id: Option<String>,
    pub parent_order_id: Option<String>,
    pub status: &'static str,
    pub status_message: Option<String>,
    pub status_message_raw: Option<String>,
    pub order_timestamp: KiteTime,
    pub exchange_update_timestamp: Option<KiteTime>,
    pub exchange_timestamp: Option<KiteTime>,
    pub variety: &'static str,
    pub modified: bool,
    pub exchange: &'static str,
    pub tradingsymbol: String,
    pub instrument_token: u32,
    pub order_type: &'static str,
    pub transaction_type: &'static str,
    pub validity: &'static str,
    pub validity_ttl: u32,
    pub product: &'static str,
    pub quantity: i64,
    pub disclosed_quantity: i64,
    pub price: Decimal,
    pub trigger_price: Decimal,
    pub auction_number: Option<String>,
    pub average_price: Decimal,
    pub filled_quantity: i64,
    pub pending_quantity: i64,
    pub cancelled_quantity: i64,
    pub market_protection: Decimal,
    pub meta: MetaRow,
    pub tag: Option<String>,
    pub tags: Vec<String>,
    pub guid: String,
}

/// What the system attached to an order.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MetaRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    iceberg: Option<Leg>,
}

/// The order as it stands.
pub fn order_row(user_id: &str, order: &PaperOrder, master: &Master) -> OrderRow {
    let now = HistoryRow {
        status: order.status,
        at: order.history.last().map_or(order.placed_at, |row| row.at),
        quantity: order.quantity,
        filled: order.filled,
        worth: order.worth,
        price: order.price,
        trigger_price: order.trigger_price,
    };
    OrderRow {
        order_timestamp: KiteTime(order.placed_at),
        ..row_at(user_id, order, &now, master)
    }
}

/// Everything that it was, the present last.
pub fn history_rows(user_id: &str, order: &PaperOrder, master: &Master) -> Vec<OrderRow> {
    let rows = order.history.iter();
    rows.map(|row| row_at(user_id, order, &row, master)).collect()
}

fn row_at(user_id: &str, order: &PaperOrder, row: &HistoryRow, master: &Master) -> OrderRow {
    let note = Note::of(order);
    let variety = note.variety(order);
    let (tradingsymbol, instrument_token) = name_of(master, order.exchange, &order.isin, &order.ticker);
    let is_final = row.status.is_final();
    let left = row.quantity.0 - row.filled.0;
    let reached = reached_exchange(order).filter(|at| *at <= KiteTime(row.at));
    let message = order.status_message.clone().filter(|_| is_final);
    let price = |price: Option<Price>| price.unwrap_or_default().into();
    OrderRow {
        account_id: user_id.to_owned(),
        placed_by: user_id.to_owned(),
        order_id: order.broker_order_id.clone(),
        exchange_order_id: order.exchange_order_id.clone().filter(|_| reached.is_some()),
        parent_order_id: order.parent.clone(),
        status: row.status.as_str(),
        status_message_raw: message.clone(),
        status_message: message,
        order_timestamp: KiteTime(row.at),
        exchange_update_timestamp: reached.map(|_| KiteTime(row.at)),
        exchange_timestamp: reached,
        variety: variety.as_str(),
        modified: order.modifications > 0,
        exchange: order.exchange.as_str(),
        tradingsymbol,
        instrument_token,
        order_type: order.order_type.as_str(),
        transaction_type: order.side.as_str(),
        validity: match order.validity {
            Validity::Day => "DAY",
            Validity::Ioc => "IOC",
            Validity::Ttl(_) => "TTL",
        },
        validity_ttl: match order.validity {
            Validity::Ttl(minutes) => minutes,
            Validity::Day | Validity::Ioc => 0,
        },
        product: product(order, variety),
        quantity: row.quantity.0,
        disclosed_quantity: order.disclosed.map_or(0, |shares| shares.0),
        price: price(row.price),
        trigger_price: price(row.trigger_price),
        auction_number: None,
        average_price: row.worth.average(row.filled).into(),
        filled_quantity: row.filled.0,
        pending_quantity: if is_final { 0 } else { left },
        cancelled_quantity: if row.status == Status::Cancelled { left } else { 0 },
        market_protection: match order.protection {
            Protection::Auto => Decimal::integer(0),
            Protection::Bps(bps) => Decimal::new(bps, 2),
        },
        meta: MetaRow {
            iceberg: note.iceberg,
        },
        tag: order.reference.clone(),
        tags: tags(order, note),
        guid: format!("01X{}", order.broker_order_id),
    }
}

/// Cover orders are shown under a product of their own.
fn product(order: &PaperOrder, variety: KiteVariety) -> &'static str {
    if variety == KiteVariety::Co {
        "CO"
    } else {
        order.product.as_str()
    }
}

/// When the exchange got it.
fn reached_exchange(order: &PaperOrder) -> Option<KiteTime> {
    let is_there = |row: &HistoryRow| row.status.can_fill() || row.status == Status::TriggerPending;
    let first = order.history.iter().find(is_there);
    first.map(|row| KiteTime(row.at))
}

/// The client's own tag, and what a slice is marked with.
fn tags(order: &PaperOrder, note: Note) -> Vec<String> {
    let mut tags: Vec<String> = order.reference.clone().into_iter().collect();
    if note.slice {
        let parent = order.parent.as_ref().unwrap_or(&order.broker_order_id);
        tags.push("autoslice".to_owned());
        tags.push(format!("autoslice:{parent}"));
    }
    tags
}

/// One execution.
#[derive(Clone, Debug, Serialize)]
pub struct TradeRow {
    pub trade_id: String,
    pub order_id: String,
    pub exchange_order_id: Option<String>,
    pub exchange: &'static str,
    pub tradingsymbol: String,
    pub instrument_token: u32,
    pub transaction_type: &'static str,
    pub product: &'static str,
    pub average_price: Decimal,
    pub quantity: i64,
    pub fill_timestamp: KiteTime,
    pub order_timestamp: String,
    pub exchange_timestamp: KiteTime,
}

/// The execution as Kite shows it.
pub fn trade_row(view: &TradeView, master: &Master) -> TradeRow {
    let (tradingsymbol, instrument_token) = name_of(master, view.exchange, &view.isin, &view.ticker);
    let at = KiteTime(view.trade.at);
    TradeRow {
        trade_id: view.trade.number.to_string(),
        order_id: view.broker_order_id.clone(),
        exchange_order_id: view.exchange_order_id.clone(),
        exchange: view.exchange.as_str(),
        tradingsymbol,
        instrument_token,
        transaction_type: view.side.as_str(),
        product: view.product.as_str(),
        average_price: view.trade.price.into(),
        quantity: view.trade.quantity.0,
        fill_timestamp: at,
        order_timestamp: at.time_of_day(),
        exchange_timestamp: at,
    }
}
