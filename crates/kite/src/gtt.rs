//! Standing triggers.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use torana_contract::number::Decimal;
use torana_exchange::core::gtt::GttResult;
use torana_exchange::core::{Command, Gtt, GttLeg, GttRequest, OrderType, Reader, Reply};
use torana_instruments::{Exchange, Master};

use crate::answer::{Answered, success};
use crate::auth::Caller;
use crate::error::KiteError;
use crate::input::{Params, missing, wrong};
use crate::instant::KiteTime;
use crate::json::{self, Number, OrderIn};
use crate::refused::order_error;
use crate::state::Kite;
use crate::words::{EXCHANGES, name_of, security};

/// The routes.
pub fn routes() -> Router<Kite> {
    Router::new()
        .route("/gtt/triggers", get(list).post(place))
        .route("/gtt/triggers/{id}", get(one).put(modify).delete(delete))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ConditionIn {
    exchange: Option<String>,
    tradingsymbol: Option<String>,
    trigger_values: Vec<Number>,
}

/// Reads the trigger that a form describes.
fn wanted(params: &Params, master: &Master, app: &str) -> Result<GttRequest, KiteError> {
    let legs = match params.required("type")? {
        "single" => 1,
        "two-leg" => 2,
        _ => return Err(wrong("type", "allowed is single or two-leg")),
    };
    let condition: ConditionIn = json::parse("condition", params.required("condition")?.as_bytes())?;
    let orders: Vec<OrderIn> = json::parse("orders", params.required("orders")?.as_bytes())?;
    let exchange = condition.exchange.as_deref().and_then(Exchange::parse);
    let exchange = exchange.ok_or_else(|| wrong("condition", &format!("its exchange is {EXCHANGES}")))?;
    let symbol = condition.tradingsymbol.as_deref().unwrap_or_default();
    let security = security(master, exchange, symbol.trim())?;
    if condition.trigger_values.len() != legs || orders.len() != legs {
        return Err(wrong(
            "orders",
            &format!("{legs} in `trigger_values` and as many orders belong to this type"),
        ));
    }
    let of_same = |order: &OrderIn| {
        let is_there = order.exchange(Some(exchange))? == exchange;
        let is_named = order.tradingsymbol.is_none() || order.symbol()? == symbol.trim();
        let both = is_there && is_named;
        both.then_some(())
            .ok_or_else(|| wrong("orders", "they are for the security of the condition"))
    };
    let leg = |(trigger, order): (&Number, &OrderIn)| {
        of_same(order)?;
        if order.order_type.is_some() && order.order_type()? != OrderType::Limit {
            return Err(wrong("order_type", "allowed for a trigger is LIMIT"));
        }
        let trigger = trigger.price("trigger_values")?;
        let price = OrderIn::price_of(order.price.as_ref(), "price")?;
        Ok(GttLeg {
            trigger: trigger.ok_or_else(|| missing("trigger_values"))?,
            side: order.side()?,
            quantity: order.shares()?,
            price: price.ok_or_else(|| missing("price"))?,
            product: order.product()?,
        })
    };
    let legs = condition.trigger_values.iter().zip(&orders).map(leg);
    Ok(GttRequest {
        exchange,
        ticker: security.ticker.clone(),
        legs: legs.collect::<Result<_, _>>()?,
        app: Some(app.to_owned()),
    })
}

#[derive(Serialize)]
struct TriggerId {
    trigger_id: u64,
}

async fn set(caller: &Caller, command: Command) -> Answered {
    match caller.ask(command).await? {
        Reply::GttTaken { trigger_id } => Ok(success(TriggerId { trigger_id })),
        reply => Err(order_error(reply)),
    }
}

fn parse_id(text: &str) -> Result<u64, KiteError> {
    text.parse()
        .map_err(|_| KiteError::not_found("Couldn't find that `trigger_id`."))
}

async fn place(caller: Caller, params: Params) -> Answered {
    let master = caller.kite().master_at(caller.at);
    let gtt = wanted(&params, &master, &caller.app.api_key)?;
    let session = caller.session.clone();
    set(&caller, Command::PlaceGtt { session, gtt }).await
}

async fn modify(caller: Caller, Path(id): Path<String>, params: Params) -> Answered {
    let master = caller.kite().master_at(caller.at);
    let command = Command::ModifyGtt {
        session: caller.session.clone(),
        trigger_id: parse_id(&id)?,
        gtt: wanted(&params, &master, &caller.app.api_key)?,
    };
    set(&caller, command).await
}

async fn delete(caller: Caller, Path(id): Path<String>) -> Answered {
    let command = Command::DeleteGtt {
        session: caller.session.clone(),
        trigger_id: parse_id(&id)?,
    };
    set(&caller, command).await
}

async fn triggers(caller: &Caller) -> Result<Vec<Gtt>, KiteError> {
    let reader = Reader::User(caller.session.clone());
    match caller.ask(Command::Gtts(reader)).await? {
        Reply::Gtts(gtts) => Ok(gtts),
        _ => Err(KiteError::odd_answer()),
    }
}

async fn list(caller: Caller) -> Answered {
    let master = caller.kite().master_at(caller.at);
    let gtts = triggers(&caller).await?;
    let rows = gtts.iter().map(|gtt| row(&caller.user_id, gtt, &master));
    Ok(success(rows.collect::<Vec<_>>()))
}

async fn one(caller: Caller, Path(id): Path<String>) -> Answered {
    let master = caller.kite().master_at(caller.at);
    let id = parse_id(&id)?;
    let gtts = triggers(&caller).await?;
    let found = gtts.iter().find(|gtt| gtt.number == id);
    match found {
        Some(gtt) => Ok(success(row(&caller.user_id, gtt, &master))),
        None => Err(order_error(Reply::GttNotFound)),
    }
}

#[derive(Serialize)]
struct Row {
    id: u64,
    user_id: String,
    parent_trigger: Option<u64>,
    #[serde(rename = "type")]
    kind: &'static str,
    created_at: KiteTime,
    updated_at: KiteTime,
    expires_at: KiteTime,
    status: &'static str,
    condition: Condition,
    orders: Vec<Order>,
    meta: Meta,
}

#[derive(Serialize)]
struct Condition {
    exchange: &'static str,
    last_price: Decimal,
    tradingsymbol: String,
    trigger_values: Vec<Decimal>,
    instrument_token: u32,
}

#[derive(Serialize)]
struct Meta {
    rejection_reason: Option<String>,
}

#[derive(Serialize)]
struct Order {
    exchange: &'static str,
    tradingsymbol: String,
    product: &'static str,
    order_type: &'static str,
    transaction_type: &'static str,
    quantity: i64,
    price: Decimal,
    result: Option<ResultRow>,
}

#[derive(Serialize)]
struct ResultRow {
    account_id: String,
    exchange: &'static str,
    tradingsymbol: String,
    validity: &'static str,
    product: &'static str,
    order_type: &'static str,
    transaction_type: &'static str,
    quantity: i64,
    price: Decimal,
    meta: &'static str,
    timestamp: KiteTime,
    triggered_at: Decimal,
    order_result: OrderResult,
}

#[derive(Serialize)]
struct OrderResult {
    status: &'static str,
    order_id: Option<String>,
    rejection_reason: Option<String>,
}

fn row(user_id: &str, gtt: &Gtt, master: &Master) -> Row {
    let (symbol, token) = name_of(master, gtt.exchange, &gtt.isin, &gtt.ticker);
    let order = |(index, leg): (usize, &GttLeg)| {
        let reached = gtt.result.as_ref().filter(|result| result.leg == index);
        order_row(user_id, gtt, leg, &symbol, reached)
    };
    let reason = gtt.result.as_ref().and_then(|result| result.text.clone());
    Row {
        id: gtt.number,
        user_id: user_id.to_owned(),
        parent_trigger: None,
        kind: if gtt.legs.len() == 1 { "single" } else { "two-leg" },
        created_at: KiteTime(gtt.created_at),
        updated_at: KiteTime(gtt.updated_at),
        expires_at: KiteTime(gtt.expires_at),
        status: gtt.status.as_str(),
        condition: Condition {
            exchange: gtt.exchange.as_str(),
            last_price: gtt.last_price.into(),
            tradingsymbol: symbol.clone(),
            trigger_values: gtt.legs.iter().map(|leg| leg.trigger.into()).collect(),
            instrument_token: token,
        },
        orders: gtt.legs.iter().enumerate().map(order).collect(),
        meta: Meta {
            rejection_reason: reason,
        },
    }
}

fn order_row(user_id: &str, gtt: &Gtt, leg: &GttLeg, symbol: &str, reached: Option<&GttResult>) -> Order {
    let result = reached.map(|result| ResultRow {
        account_id: user_id.to_owned(),
        exchange: gtt.exchange.as_str(),
        tradingsymbol: symbol.to_owned(),
        validity: "DAY",
        product: leg.product.as_str(),
        order_type: OrderType::Limit.as_str(),
        transaction_type: leg.side.as_str(),
        quantity: leg.quantity.0,
        price: leg.price.into(),
        meta: "{}",
        timestamp: KiteTime(gtt.updated_at),
        triggered_at: leg.trigger.into(),
        order_result: OrderResult {
            status: if result.broker_order_id.is_some() {
                "success"
            } else {
                "failed"
            },
            order_id: result.broker_order_id.clone(),
            rejection_reason: result.text.clone(),
        },
    });
    Order {
        exchange: gtt.exchange.as_str(),
        tradingsymbol: symbol.to_owned(),
        product: leg.product.as_str(),
        order_type: OrderType::Limit.as_str(),
        transaction_type: leg.side.as_str(),
        quantity: leg.quantity.0,
        price: leg.price.into(),
        result,
    }
}
