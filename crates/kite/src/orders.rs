//! Orders: placing, changing, cancelling, reading.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, put};
use serde::Serialize;
use torana_exchange::core::{Change, Command, OrderRequest, OrderType, PaperOrder, Reader, Reply};

use crate::answer::{Answered, success};
use crate::auth::Caller;
use crate::error::{ErrorType, KiteError};
use crate::input::Params;
use crate::note::Note;
use crate::order_form::{Wanted, validity, wanted_order};
use crate::order_rows::{history_rows, order_row, trade_row};
use crate::refused::{needs_authorisation, order_error};
use crate::state::Kite;
use crate::words::{KiteVariety, ORDER_TYPES, parse_order_type};

/// The routes. The first segment is an order's id for reads and a variety for everything else.
pub fn routes() -> Router<Kite> {
    Router::new()
        .route("/orders", get(book))
        .route("/orders/{of}", get(history).post(place))
        .route("/orders/{of}/trades", get(order_trades))
        .route("/orders/{of}/{order_id}", put(modify).delete(cancel))
        .route("/trades", get(trades))
}

#[derive(Serialize)]
struct Placed {
    order_id: String,
    children: Vec<Child>,
}

/// A slice that was placed, or was not.
#[derive(Serialize)]
#[serde(untagged)]
enum Child {
    Placed { order_id: String },
    Refused { error: ChildError },
}

#[derive(Serialize)]
struct ChildError {
    code: u16,
    error_type: &'static str,
    message: String,
    data: Option<()>,
}

async fn place(caller: Caller, Path(of): Path<String>, params: Params) -> Answered {
    let variety = KiteVariety::of_path(&of)?;
    let master = caller.kite().master_at(caller.at);
    match wanted_order(variety, &params, &master, caller.app.sender())? {
        Wanted::One(order) => {
            let order_id = send(&caller, order).await?;
            Ok(success(Placed {
                order_id,
                children: Vec::new(),
            }))
        }
        Wanted::Slices(slices) => send_slices(&caller, slices).await,
    }
}

/// Sends one order and gives its id.
///
/// # Errors
/// The refusal; 428 where shares must be cleared first.
pub async fn send(caller: &Caller, order: OrderRequest) -> Result<String, KiteError> {
    let quantity = order.quantity.0;
    let session = caller.session.clone();
    match caller.ask(Command::Place { session, order }).await? {
        Reply::OrderTaken { broker_order_id } => Ok(broker_order_id),
        Reply::OrderNeedsClearance { .. } => Err(needs_authorisation(format!(
            "{quantity} quantity needs authorisation at depository."
        ))),
        reply => Err(order_error(reply)),
    }
}

/// Sends the slices of an order. The first one is the parent of the others, so that all can be found by its id.
async fn send_slices(caller: &Caller, slices: Vec<OrderRequest>) -> Answered {
    let (mut parent, mut children) = (None, Vec::new());
    for slice in slices {
        let slice = OrderRequest {
            parent: parent.clone(),
            ..slice
        };
        match (send(caller, slice).await, &parent) {
            (Ok(order_id), _) => {
                parent.get_or_insert_with(|| order_id.clone());
                children.push(Child::Placed { order_id });
            }
            (Err(error), None) => return Err(error),
            (Err(error), Some(_)) => children.push(Child::Refused {
                error: ChildError {
                    code: error.status().as_u16(),
                    error_type: error.kind().as_str(),
                    message: error.message().to_owned(),
                    data: None,
                },
            }),
        }
    }
    Ok(success(Placed {
        order_id: parent.unwrap_or_default(),
        children,
    }))
}

#[derive(Serialize)]
struct OrderId {
    order_id: String,
}

async fn modify(caller: Caller, Path((of, order_id)): Path<(String, String)>, params: Params) -> Answered {
    KiteVariety::of_path(&of)?;
    let order_type = params.word("order_type", ORDER_TYPES, parse_order_type)?;
    // Clients repeat everything: what the new type has no use for is redundant.
    let change = Change {
        quantity: params.shares("quantity")?.filter(|shares| shares.0 != 0),
        order_type,
        price: params
            .price("price")?
            .filter(|_| order_type.is_none_or(OrderType::has_price)),
        trigger_price: params
            .price("trigger_price")?
            .filter(|_| order_type.is_none_or(OrderType::has_trigger)),
        disclosed: params.shares("disclosed_quantity")?,
        validity: validity(&params)?,
    };
    change_order(&caller, order_id, change).await
}

async fn change_order(caller: &Caller, order_id: String, change: Change) -> Answered {
    let command = Command::Modify {
        session: caller.session.clone(),
        broker_order_id: order_id.clone(),
        change,
    };
    match caller.ask(command).await? {
        Reply::Done => Ok(success(OrderId { order_id })),
        reply => Err(order_error(reply)),
    }
}

async fn cancel(caller: Caller, Path((of, order_id)): Path<(String, String)>) -> Answered {
    if KiteVariety::of_path(&of)? == KiteVariety::Co {
        return exit_cover(&caller, &order_id).await;
    }
    cancel_one(&caller, order_id).await
}

async fn cancel_one(caller: &Caller, order_id: String) -> Answered {
    let command = Command::Cancel {
        session: caller.session.clone(),
        broker_order_id: order_id.clone(),
    };
    match caller.ask(command).await? {
        Reply::Done => Ok(success(OrderId { order_id })),
        reply => Err(order_error(reply)),
    }
}

/// Leaves a cover order: an entry that waits is cancelled; a position is closed by its stop, at the market at once.
async fn exit_cover(caller: &Caller, order_id: &str) -> Answered {
    let order = one(caller, order_id).await?;
    if !Note::of(&order).cover {
        return Err(KiteError::new(ErrorType::Order, "This order is no cover order"));
    }
    if !order.status.is_final() && order.parent.is_none() {
        return cancel_one(caller, order.broker_order_id).await;
    }
    let parent = order.parent.clone().unwrap_or(order.broker_order_id);
    let is_stop = |order: &PaperOrder| order.parent.as_ref() == Some(&parent) && !order.status.is_final();
    let orders = orders_of(caller).await?;
    let Some(stop) = orders.into_iter().find(is_stop) else {
        return Err(KiteError::new(
            ErrorType::Order,
            "The cover order is closed already",
        ));
    };
    let at_market = Change {
        order_type: Some(OrderType::Market),
        ..Change::default()
    };
    change_order(caller, stop.broker_order_id, at_market).await
}

async fn orders_of(caller: &Caller) -> Result<Vec<PaperOrder>, KiteError> {
    let reader = Reader::User(caller.session.clone());
    match caller.ask(Command::OrderBook(reader)).await? {
        Reply::Book(book) => Ok(book.orders),
        _ => Err(KiteError::odd_answer()),
    }
}

async fn one(caller: &Caller, order_id: &str) -> Result<PaperOrder, KiteError> {
    let command = Command::OrderHistory {
        reader: Reader::User(caller.session.clone()),
        broker_order_id: order_id.to_owned(),
    };
    match caller.ask(command).await? {
        Reply::OrderHistory(order) => Ok(*order),
        reply => Err(order_error(reply)),
    }
}

async fn book(caller: Caller) -> Answered {
    let master = caller.kite().master_at(caller.at);
    let orders = orders_of(&caller).await?;
    let rows = orders
        .iter()
        .map(|order| order_row(&caller.user_id, order, &master));
    Ok(success(rows.collect::<Vec<_>>()))
}

async fn history(caller: Caller, Path(of): Path<String>) -> Answered {
    let master = caller.kite().master_at(caller.at);
    let order = one(&caller, &of).await?;
    Ok(success(history_rows(&caller.user_id, &order, &master)))
}

async fn trades(caller: Caller) -> Answered {
    let reader = Reader::User(caller.session.clone());
    trades_by(&caller, Command::Trades(reader)).await
}

async fn order_trades(caller: Caller, Path(of): Path<String>) -> Answered {
    let command = Command::OrderTrades {
        reader: Reader::User(caller.session.clone()),
        broker_order_id: of,
    };
    trades_by(&caller, command).await
}

async fn trades_by(caller: &Caller, command: Command) -> Answered {
    let master = caller.kite().master_at(caller.at);
    match caller.ask(command).await? {
        Reply::Trades(trades) => {
            let rows = trades.iter().map(|trade| trade_row(trade, &master));
            Ok(success(rows.collect::<Vec<_>>()))
        }
        reply => Err(order_error(reply)),
    }
}
