//! `connect/basket`: an app's page hands orders over, the user checks them, logs in and places them.
//!
//! Nothing is kept between the two requests; what the app sent travels in the form.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use torana_domain::order::Variety;
use torana_exchange::access::{App, Opened};
use torana_exchange::core::{Command, OrderRequest, Reply, Validity};
use torana_instruments::{Exchange, Master};
use torana_ui::Notice;
use torana_ui::pages::{Hidden, KiteAsk, KiteEnding, KiteForm, KiteOrder};

use crate::error::KiteError;
use crate::input::{Params, missing, wrong};
use crate::json::{self, Number, OrderIn};
use crate::login::{app_of, begin, hidden, notice, way_back};
use crate::pages;
use crate::refused::order_error;
use crate::state::Kite;
use crate::words::{security, tradingsymbol};

/// Most orders of a basket.
const ORDERS_MAX: usize = 60;
/// Where the form is posted to.
const CONFIRM_PATH: &str = "/connect/basket/confirm";

/// The routes.
pub fn routes() -> Router<Kite> {
    Router::new()
        .route("/connect/basket", post(show))
        .route(CONFIRM_PATH, post(confirm))
}

/// The orders that an app sent, by what stands in `data`.
fn sent(params: &Params, app: &App, master: &Master) -> Result<Vec<(OrderIn, OrderRequest)>, KiteError> {
    let orders: Vec<OrderIn> = json::parse("data", params.required("data")?.as_bytes())?;
    if orders.is_empty() || orders.len() > ORDERS_MAX {
        return Err(wrong("data", &format!("allowed are 1 to {ORDERS_MAX} orders")));
    }
    let read = |(index, order): (usize, OrderIn)| {
        let request = request_of(&order, app, master).map_err(|error| json::at(index, &error))?;
        Ok((order, request))
    };
    orders.into_iter().enumerate().map(read).collect()
}

/// An order of a basket; product and type may be left out.
fn request_of(order: &OrderIn, app: &App, master: &Master) -> Result<OrderRequest, KiteError> {
    let filled_in = OrderIn {
        exchange: order
            .exchange
            .clone()
            .or_else(|| Some(Exchange::Nse.as_str().to_owned())),
        product: order.product.clone().or_else(|| Some("CNC".to_owned())),
        order_type: order.order_type.clone().or_else(|| Some("MARKET".to_owned())),
        ..order.clone()
    };
    let request = filled_in.to_request(master)?;
    let validity = match order.validity.as_deref() {
        None | Some("DAY") => Validity::Day,
        Some("IOC") => Validity::Ioc,
        Some(_) => return Err(wrong("validity", "allowed is DAY or IOC")),
    };
    Ok(OrderRequest {
        validity,
        reference: order.tag.clone().filter(|tag| !tag.is_empty()),
        app: app.sender(),
        ..request
    })
}

/// What the user may have changed: quantity, and the price of orders that have one.
fn edited(
    index: usize,
    (sent, order): (OrderIn, OrderRequest),
    params: &Params,
) -> Result<OrderRequest, KiteError> {
    if sent.readonly {
        return Ok(order);
    }
    let typed = |name: &str| params.text(&format!("{name}.{index}")).map(Number::of);
    let quantity = match typed("quantity") {
        Some(number) => number.shares("quantity")?,
        None => order.quantity,
    };
    let price = match typed("price").filter(|_| order.price.is_some()) {
        Some(number) => Some(number.price("price")?.ok_or_else(|| missing("price"))?),
        None => order.price,
    };
    Ok(OrderRequest {
        quantity,
        price,
        ..order
    })
}

/// A line of the form.
fn line(is_fixed: bool, order: &OrderRequest, master: &Master) -> KiteOrder {
    let symbol = security(master, order.exchange, &order.ticker).map(tradingsymbol);
    let kept = if order.variety == Variety::Amo { " AMO" } else { "" };
    KiteOrder {
        side: order.side.as_str(),
        ticker: symbol.unwrap_or_else(|_| order.ticker.clone()),
        exchange: order.exchange.as_str(),
        terms: format!("{} {}{kept}", order.product.as_str(), order.order_type.as_str()),
        quantity: order.quantity.0.to_string(),
        price: order.price.map(torana_domain::money::Price::to_decimal),
        is_fixed,
        problem: None,
    }
}

async fn show(State(kite): State<Kite>, params: Params) -> Response {
    let shown = async {
        let Some(app) = app_of(&kite, &params).await? else {
            return Ok(pages::unknown(&kite));
        };
        let master = kite.master_at(kite.now(&app.world)?);
        match sent(&params, &app, &master) {
            Err(error) => Ok(unreadable(&kite, &error)),
            Ok(orders) => {
                let lines = orders
                    .iter()
                    .map(|(sent, order)| line(sent.readonly, order, &master));
                form_page(&kite, &app, &params, lines.collect(), None).await
            }
        }
    };
    shown
        .await
        .unwrap_or_else(|error: KiteError| pages::failed(&kite, &error))
}

fn unreadable(kite: &Kite, error: &KiteError) -> Response {
    let detail = Some(error.message().to_owned());
    pages::end(kite, StatusCode::BAD_REQUEST, KiteEnding::BadBasket, detail)
}

async fn form_page(
    kite: &Kite,
    app: &App,
    params: &Params,
    orders: Vec<KiteOrder>,
    notice: Option<Notice>,
) -> Result<Response, KiteError> {
    let mut carried = hidden(params);
    carried.push(Hidden {
        name: "data",
        value: params.required("data")?.to_owned(),
    });
    let form = KiteForm {
        ask: KiteAsk::Basket,
        broker: pages::broker(),
        orders,
        shares: Vec::new(),
        fields: vec![pages::account_field(kite, &app.world).await?],
        post_to: CONFIRM_PATH.to_owned(),
        hidden: carried,
    };
    Ok(pages::page(kite, StatusCode::OK, notice, form.into(), Some(app)))
}

async fn confirm(State(kite): State<Kite>, headers: HeaderMap, params: Params) -> Response {
    if !pages::is_own_form(&kite, &headers) {
        return pages::refused(&kite);
    }
    let done = async {
        let Some(app) = app_of(&kite, &params).await? else {
            return Ok(pages::unknown(&kite));
        };
        if params.text("action") == Some("cancel") {
            return Ok(pages::see_other(&way_back(&app, &params, "cancelled", None)));
        }
        place_all(&kite, &app, &params).await
    };
    done.await
        .unwrap_or_else(|error: KiteError| pages::failed(&kite, &error))
}

/// Logs in and places what can be placed. The app learns the request token and looks into the book.
async fn place_all(kite: &Kite, app: &App, params: &Params) -> Result<Response, KiteError> {
    let master = kite.master_at(kite.now(&app.world)?);
    let sent = match sent(params, app, &master) {
        Ok(sent) => sent,
        Err(error) => return Ok(unreadable(kite, &error)),
    };
    let fixed: Vec<bool> = sent.iter().map(|(order, _)| order.readonly).collect();
    let (mut orders, mut lines, mut is_wrong) = (Vec::new(), Vec::new(), false);
    for (index, (pair, is_fixed)) in sent.into_iter().zip(fixed).enumerate() {
        let mut shown = line(is_fixed, &pair.1, &master);
        match edited(index, pair, params) {
            Ok(order) => {
                shown = line(is_fixed, &order, &master);
                orders.push(order);
            }
            Err(error) => {
                is_wrong = true;
                shown.problem = Some(error.message().to_owned());
            }
        }
        lines.push(shown);
    }
    if is_wrong {
        return form_page(kite, app, params, lines, None).await;
    }
    let opened = match begin(kite, app, params).await? {
        Ok(opened) => opened,
        Err(refusal) => return form_page(kite, app, params, lines, notice(Some(refusal))).await,
    };
    for order in orders {
        place(kite, app, &opened, order).await?;
    }
    let token = opened.token.reveal();
    Ok(pages::see_other(&way_back(app, params, "success", Some(token))))
}

/// An order that is refused is the user's to see at the app, which finds it missing in the book.
async fn place(kite: &Kite, app: &App, opened: &Opened, order: OrderRequest) -> Result<(), KiteError> {
    let command = Command::Place {
        session: opened.session.clone(),
        order,
    };
    let at = kite.now(&app.world)?;
    let answer = kite.exchange().execute(&app.world, at, command).await?;
    match answer.reply {
        Reply::OrderTaken { .. } => {}
        reply => {
            let error = order_error(reply);
            tracing::debug!(why = error.message(), "an order of a basket was not taken");
        }
    }
    Ok(())
}
