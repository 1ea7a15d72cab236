//! Alerts on prices, with a basket of orders or without one.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde::Deserialize;
use torana_exchange::core::{Alert, AlertOperator, AlertRequest, Command, OrderRequest, Reader, Reply};
use torana_instruments::{Exchange, Master};

use crate::alert_rows::{Line, row};
use crate::answer::{Answered, success};
use crate::auth::Caller;
use crate::error::{ErrorType, KiteError};
use crate::input::{Params, missing, wrong};
use crate::json::{self, OrderIn};
use crate::state::Kite;
use crate::words::{EXCHANGES, security};

/// Longest name, in bytes.
const NAME_MAX: usize = 100;
/// The one thing that is compared.
pub const LAST_PRICE: &str = "LastTradedPrice";
/// How it is compared.
pub const OPERATORS: [(&str, AlertOperator); 5] = [
    ("<=", AlertOperator::AtMost),
    (">=", AlertOperator::AtLeast),
    ("<", AlertOperator::Below),
    (">", AlertOperator::Above),
    ("==", AlertOperator::Equal),
];

/// The routes.
pub fn routes() -> Router<Kite> {
    Router::new()
        .route("/alerts", get(list).post(set).delete(delete))
        .route("/alerts/{uuid}", get(one).put(modify))
        .route("/alerts/{uuid}/history", get(history))
}

/// The orders of an alert, as clients write them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BasketIn {
    /// A basket with a name is a whole one; one without changes what there is.
    name: Option<String>,
    items: Vec<ItemIn>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ItemIn {
    /// What happens to the item: it is inserted, or the one with this id is updated or deleted.
    r#type: Option<String>,
    id: Option<usize>,
    exchange: Option<String>,
    tradingsymbol: Option<String>,
    params: OrderIn,
}

/// Reads the alert that a form describes; `before` are the orders that it has so far.
fn wanted(
    params: &Params,
    master: &Master,
    app: &str,
    before: Vec<OrderRequest>,
) -> Result<AlertRequest, KiteError> {
    let has_basket = params.word("type", "simple or ato", |text| match text {
        "simple" => Some(false),
        "ato" => Some(true),
        _ => None,
    })?;
    let has_basket = has_basket.ok_or_else(|| missing("type"))?;
    let name = params.required("name")?;
    if name.len() > NAME_MAX {
        return Err(wrong("name", &format!("allowed are at most {NAME_MAX} bytes")));
    }
    let only = |field: &str, allowed: &str| {
        let is_other = params.text(field).is_some_and(|text| text != allowed);
        let refusal = || wrong(field, &format!("allowed is {allowed}"));
        (!is_other).then_some(()).ok_or_else(refusal)
    };
    only("lhs_attribute", LAST_PRICE)?;
    only("rhs_type", "constant")?;
    let exchange = params.word("lhs_exchange", EXCHANGES, Exchange::parse)?;
    let exchange = exchange.ok_or_else(|| missing("lhs_exchange"))?;
    let security = security(master, exchange, params.required("lhs_tradingsymbol")?)?;
    let find = |text: &str| OPERATORS.into_iter().find(|(word, _)| *word == text);
    let operator = params.word("operator", "<=, >=, <, > or ==", find)?;
    let (_, operator) = operator.ok_or_else(|| missing("operator"))?;
    let price = params.price("rhs_constant")?;
    let is_enabled = params.word("status", "enabled or disabled", |text| match text {
        "enabled" => Some(true),
        "disabled" => Some(false),
        _ => None,
    })?;
    let orders = match (has_basket, params.text("basket")) {
        (false, _) => Vec::new(),
        (true, Some(basket)) => orders(basket, master, app, before)?,
        (true, None) => before,
    };
    if has_basket && orders.is_empty() {
        return Err(wrong("basket", "it has at least one order among its `items`"));
    }
    Ok(AlertRequest {
        name: name.to_owned(),
        exchange,
        ticker: security.ticker.clone(),
        operator,
        price: price.ok_or_else(|| missing("rhs_constant"))?,
        orders,
        is_enabled: is_enabled.unwrap_or(true),
    })
}

/// The orders of a basket, or what it makes of those that there are. An item's id is its place, counted from 1.
fn orders(
    basket: &str,
    master: &Master,
    app: &str,
    before: Vec<OrderRequest>,
) -> Result<Vec<OrderRequest>, KiteError> {
    let BasketIn { name, items } = json::parse("basket", basket.as_bytes())?;
    let before = if name.is_some() { Vec::new() } else { before };
    let mut places: Vec<Option<OrderRequest>> = before.into_iter().map(Some).collect();
    for (index, item) in items.into_iter().enumerate() {
        let operation = item.r#type.clone().unwrap_or_else(|| "insert".to_owned());
        if operation == "insert" {
            places.push(Some(item.order(index, master, app)?));
            continue;
        }
        let place = item.id.and_then(|id| places.get_mut(id.checked_sub(1)?));
        let place = place.ok_or_else(|| wrong("basket", "`id` is that of an item that there is"))?;
        *place = match operation.as_str() {
            "update" => Some(item.order(index, master, app)?),
            "delete" => None,
            _ => {
                let allowed = "`type` of an item is insert, update or delete";
                return Err(wrong("basket", allowed));
            }
        };
    }
    Ok(places.into_iter().flatten().collect())
}

impl ItemIn {
    fn order(self, index: usize, master: &Master, app: &str) -> Result<OrderRequest, KiteError> {
        let order = OrderIn {
            exchange: self.exchange,
            tradingsymbol: self.tradingsymbol,
            ..self.params
        };
        let request = order
            .to_request(master)
            .map_err(|error| json::at(index, &error))?;
        Ok(OrderRequest {
            app: Some(app.to_owned()),
            ..request
        })
    }
}

async fn put(caller: &Caller, id: Option<String>, params: &Params) -> Answered {
    let master = caller.kite().master_at(caller.at);
    let before = match &id {
        Some(id) => found(caller, id).await?.asked.orders,
        None => Vec::new(),
    };
    let command = Command::SetAlert {
        session: caller.session.clone(),
        id,
        alert: wanted(params, &master, &caller.app.api_key, before)?,
    };
    match caller.ask(command).await? {
        Reply::AlertSet(alert) => Ok(success(row(&caller.user_id, &alert, &master))),
        other => Err(refused(other)),
    }
}

fn refused(reply: Reply) -> KiteError {
    match reply {
        Reply::AlertRefused { text } => KiteError::input(text),
        Reply::AlertNotFound => KiteError::new(ErrorType::General, "There is no alert with this `uuid`")
            .with_status(http::StatusCode::NOT_FOUND),
        _ => KiteError::odd_answer(),
    }
}

async fn set(caller: Caller, params: Params) -> Answered {
    put(&caller, None, &params).await
}

async fn modify(caller: Caller, Path(id): Path<String>, params: Params) -> Answered {
    put(&caller, Some(id), &params).await
}

async fn delete(caller: Caller, params: Params) -> Answered {
    let ids: Vec<String> = params.all("uuid").map(str::to_owned).collect();
    if ids.is_empty() {
        return Err(missing("uuid"));
    }
    let session = caller.session.clone();
    match caller.ask(Command::DeleteAlerts { session, ids }).await? {
        Reply::Done => Ok(success(())),
        other => Err(refused(other)),
    }
}

async fn alerts(caller: &Caller) -> Result<Vec<Alert>, KiteError> {
    let reader = Reader::User(caller.session.clone());
    match caller.ask(Command::Alerts(reader)).await? {
        Reply::Alerts(alerts) => Ok(alerts),
        other => Err(refused(other)),
    }
}

async fn found(caller: &Caller, id: &str) -> Result<Alert, KiteError> {
    let alerts = alerts(caller).await?;
    let found = alerts.into_iter().find(|alert| alert.id == id);
    found.ok_or_else(|| refused(Reply::AlertNotFound))
}

async fn list(caller: Caller, params: Params) -> Answered {
    let master = caller.kite().master_at(caller.at);
    let alerts = alerts(&caller).await?;
    let rows = alerts.iter().map(|alert| row(&caller.user_id, alert, &master));
    let wanted = params.text("status");
    let rows = rows.filter(|row| wanted.is_none_or(|status| status == row.status));
    Ok(success(rows.collect::<Vec<_>>()))
}

async fn one(caller: Caller, Path(id): Path<String>) -> Answered {
    let master = caller.kite().master_at(caller.at);
    let alert = found(&caller, &id).await?;
    Ok(success(row(&caller.user_id, &alert, &master)))
}

async fn history(caller: Caller, Path(id): Path<String>) -> Answered {
    let master = caller.kite().master_at(caller.at);
    let alert = found(&caller, &id).await?;
    let lines = alert.firings.iter().rev();
    let lines = lines.map(|firing| Line::of(&alert, firing, &master));
    Ok(success(lines.collect::<Vec<_>>()))
}
