//! Alerts and their firings as Kite shows them. Every documented member is there.

use serde::Serialize;
use torana_contract::number::Decimal;
use torana_domain::money::Price;
use torana_exchange::core::{Alert, Candle, Firing, MarketQuote, OrderRequest};
use torana_instruments::Master;

use crate::alerts::{LAST_PRICE, OPERATORS};
use crate::instant::KiteTime;
use crate::quotes::{average, total};
use crate::words::name_of;

/// An alert with every member.
#[derive(Serialize)]
pub struct Row {
    #[serde(rename = "type")]
    kind: &'static str,
    user_id: String,
    uuid: String,
    name: String,
    pub status: &'static str,
    disabled_reason: String,
    lhs_attribute: &'static str,
    lhs_exchange: &'static str,
    lhs_tradingsymbol: String,
    operator: &'static str,
    rhs_type: &'static str,
    rhs_attribute: &'static str,
    rhs_exchange: &'static str,
    rhs_tradingsymbol: &'static str,
    rhs_constant: Decimal,
    alert_count: usize,
    created_at: KiteTime,
    updated_at: KiteTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    basket: Option<Basket>,
}

#[derive(Serialize)]
struct Basket {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    tags: [(); 0],
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    id: usize,
    #[serde(rename = "type")]
    kind: &'static str,
    exchange: &'static str,
    tradingsymbol: String,
    weight: usize,
    params: ItemParams,
}

#[derive(Serialize)]
struct ItemParams {
    variety: &'static str,
    transaction_type: &'static str,
    product: &'static str,
    order_type: &'static str,
    validity: &'static str,
    validity_ttl: u32,
    quantity: i64,
    price: Decimal,
    trigger_price: Decimal,
    disclosed_quantity: i64,
    tags: [(); 0],
}

const fn kind(alert: &Alert) -> &'static str {
    if alert.asked.orders.is_empty() {
        "simple"
    } else {
        "ato"
    }
}

fn symbol(alert: &Alert, master: &Master) -> (String, u32) {
    name_of(master, alert.asked.exchange, &alert.isin, &alert.asked.ticker)
}

fn operator(alert: &Alert) -> &'static str {
    let mut known = OPERATORS.into_iter();
    let found = known.find(|(_, operator)| *operator == alert.asked.operator);
    found.map_or("", |(word, _)| word)
}

/// The alert as it is set.
pub fn row(user_id: &str, alert: &Alert, master: &Master) -> Row {
    let asked = &alert.asked;
    let items = asked.orders.iter().enumerate();
    let items = items.map(|(index, order)| item(index + 1, order, master));
    let basket = Basket {
        name: asked.name.clone(),
        kind: "alert",
        tags: [],
        items: items.collect(),
    };
    Row {
        kind: kind(alert),
        user_id: user_id.to_owned(),
        uuid: alert.id.clone(),
        name: asked.name.clone(),
        status: if alert.disabled.is_none() {
            "enabled"
        } else {
            "disabled"
        },
        disabled_reason: alert.disabled.clone().unwrap_or_default(),
        lhs_attribute: LAST_PRICE,
        lhs_exchange: asked.exchange.as_str(),
        lhs_tradingsymbol: symbol(alert, master).0,
        operator: operator(alert),
        rhs_type: "constant",
        rhs_attribute: "",
        rhs_exchange: "",
        rhs_tradingsymbol: "",
        rhs_constant: asked.price.into(),
        alert_count: alert.firings.len(),
        created_at: KiteTime(alert.created_at),
        updated_at: KiteTime(alert.updated_at),
        basket: (!basket.items.is_empty()).then_some(basket),
    }
}

fn item(place: usize, order: &OrderRequest, master: &Master) -> Item {
    let isin = master.by_symbol(order.exchange, &order.ticker);
    let isin = isin.map_or("", |security| security.isin.as_str());
    Item {
        id: place,
        kind: "insert",
        exchange: order.exchange.as_str(),
        tradingsymbol: name_of(master, order.exchange, isin, &order.ticker).0,
        weight: place,
        params: ItemParams {
            variety: "regular",
            transaction_type: order.side.as_str(),
            product: order.product.as_str(),
            order_type: order.order_type.as_str(),
            validity: "DAY",
            validity_ttl: 0,
            quantity: order.quantity.0,
            price: order.price.unwrap_or_default().into(),
            trigger_price: order.trigger_price.unwrap_or_default().into(),
            disclosed_quantity: 0,
            tags: [],
        },
    }
}

/// One time that an alert fired.
#[derive(Serialize)]
pub struct Line {
    uuid: String,
    #[serde(rename = "type")]
    kind: &'static str,
    meta: Vec<Meta>,
    condition: String,
    created_at: KiteTime,
    order_meta: Option<Vec<OrderMeta>>,
}

/// The market when it fired.
#[derive(Serialize)]
struct Meta {
    instrument_token: u32,
    tradingsymbol: String,
    exchange: &'static str,
    timestamp: KiteTime,
    last_trade_time: KiteTime,
    last_price: Decimal,
    last_quantity: i64,
    average_price: Decimal,
    ohlc: Ohlc,
    net_change: Decimal,
    volume: i64,
    volume_tick: i64,
    buy_quantity: i64,
    sell_quantity: i64,
    oi: i64,
    oi_day_high: i64,
    oi_day_low: i64,
    lower_circuit_limit: Decimal,
    upper_circuit_limit: Decimal,
}

#[derive(Serialize)]
struct Ohlc {
    open: Decimal,
    high: Decimal,
    low: Decimal,
    close: Decimal,
}

#[derive(Serialize)]
struct OrderMeta {
    status: &'static str,
    order_id: Option<String>,
    message: Option<String>,
}

impl Line {
    /// What it saw, and what came of its orders.
    pub fn of(alert: &Alert, firing: &Firing, master: &Master) -> Self {
        let asked = &alert.asked;
        let (tradingsymbol, token) = symbol(alert, master);
        let condition = format!(
            "{LAST_PRICE}(\"{}:{tradingsymbol}\") {} {}",
            asked.exchange,
            operator(alert),
            asked.price.to_decimal()
        );
        let quote = firing.quote.as_ref();
        let orders = firing.orders.iter().map(|placed| OrderMeta {
            status: if placed.is_ok() { "success" } else { "error" },
            order_id: placed.as_ref().ok().cloned(),
            message: placed.as_ref().err().cloned(),
        });
        let orders: Vec<OrderMeta> = orders.collect();
        Self {
            uuid: alert.id.clone(),
            kind: kind(alert),
            meta: quote
                .map(|quote| meta(firing, quote, tradingsymbol, token))
                .into_iter()
                .collect(),
            condition,
            created_at: KiteTime(firing.at),
            order_meta: (!orders.is_empty()).then_some(orders),
        }
    }
}

fn meta(firing: &Firing, quote: &MarketQuote, tradingsymbol: String, token: u32) -> Meta {
    let day = |of: fn(&Candle) -> Price| -> Decimal { quote.day.as_ref().map_or(Price(0), of).into() };
    Meta {
        instrument_token: token,
        tradingsymbol,
        exchange: quote.instrument.exchange.as_str(),
        timestamp: KiteTime(firing.at),
        last_trade_time: KiteTime(quote.last_trade_at),
        last_price: quote.last_price.into(),
        last_quantity: quote.last_quantity.0,
        average_price: average(quote).into(),
        ohlc: Ohlc {
            open: day(|day| day.open),
            high: day(|day| day.high),
            low: day(|day| day.low),
            close: quote.previous_close.into(),
        },
        net_change: Price(quote.last_price.0 - quote.previous_close.0).into(),
        volume: quote.day.map_or(0, |day| day.volume.0),
        volume_tick: 0,
        buy_quantity: total(&quote.bids),
        sell_quantity: total(&quote.asks),
        oi: 0,
        oi_day_high: 0,
        oi_day_low: 0,
        lower_circuit_limit: quote.bounds.low.into(),
        upper_circuit_limit: quote.bounds.high.into(),
    }
}
