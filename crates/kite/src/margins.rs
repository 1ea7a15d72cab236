//! What orders would need: `POST /margins/orders`, `POST /margins/basket`.

use axum::Router;
use axum::extract::OriginalUri;
use axum::routing::post;
use serde::Serialize;
use torana_contract::number::Decimal;
use torana_domain::money::Paise;
use torana_exchange::core::needs::OrderNeed;
use torana_exchange::core::{Command, OrderRequest, Product, Reply};

use crate::answer::{Answered, success};
use crate::auth::Caller;
use crate::charges::{self, ChargesRow, STT};
use crate::error::KiteError;
use crate::input::{Params, RawBody};
use crate::json;
use crate::state::Kite;

/// The routes. `mode=compact` is taken; the answer is the same.
pub fn routes() -> Router<Kite> {
    Router::new()
        .route("/margins/orders", post(orders))
        .route("/margins/basket", post(basket))
}

#[derive(Clone, Debug, Serialize)]
struct MarginRow {
    #[serde(rename = "type")]
    kind: &'static str,
    tradingsymbol: String,
    exchange: &'static str,
    span: Decimal,
    exposure: Decimal,
    option_premium: Decimal,
    additional: Decimal,
    bo: Decimal,
    cash: Decimal,
    var: Decimal,
    pnl: Pnl,
    leverage: i64,
    charges: ChargesRow,
    total: Decimal,
}

#[derive(Clone, Debug, Default, Serialize)]
struct Pnl {
    realised: Decimal,
    unrealised: Decimal,
}

impl MarginRow {
    /// A sum, which belongs to no order.
    fn total(total: Paise, charges: ChargesRow) -> Self {
        let none = Decimal::integer(0);
        Self {
            kind: "",
            tradingsymbol: String::new(),
            exchange: "",
            span: none,
            exposure: none,
            option_premium: none,
            additional: none,
            bo: none,
            cash: none,
            var: none,
            pnl: Pnl::default(),
            leverage: 0,
            charges,
            total: total.into(),
        }
    }

    /// Delivery needs cash, an intraday order a margin on the value at risk.
    fn of(symbol: &str, order: &OrderRequest, need: &OrderNeed) -> Self {
        let money: Decimal = need.money.into();
        let (cash, var) = match order.product {
            Product::Cnc => (money, Decimal::integer(0)),
            Product::Mis => (Decimal::integer(0), money),
        };
        Self {
            kind: "equity",
            tradingsymbol: symbol.to_owned(),
            exchange: order.exchange.as_str(),
            cash,
            var,
            leverage: need.leverage,
            ..Self::total(need.money, ChargesRow::of(&need.charges, STT))
        }
    }
}

/// The rows of a body's orders, the needs behind them, and what they need together.
struct Needs {
    rows: Vec<MarginRow>,
    each: Vec<OrderNeed>,
    together: Paise,
}

async fn needs_of(caller: &Caller, body: &[u8], beside_positions: bool) -> Result<Needs, KiteError> {
    let master = caller.kite().master_at(caller.at);
    let (mut symbols, mut orders) = (Vec::new(), Vec::new());
    for (index, order) in json::orders(body)?.iter().enumerate() {
        let request = order.to_request(&master);
        orders.push(request.map_err(|error| json::at(index, &error))?);
        symbols.push(order.symbol()?.to_owned());
    }
    let command = Command::OrderNeeds {
        session: caller.session.clone(),
        orders: orders.clone(),
        beside_positions,
    };
    let Reply::OrderNeeds { each, together } = caller.ask(command).await? else {
        return Err(KiteError::odd_answer());
    };
    let named = symbols.iter().zip(&orders).zip(&each);
    let rows = named.map(|((symbol, order), need)| MarginRow::of(symbol, order, need));
    Ok(Needs {
        rows: rows.collect(),
        each,
        together,
    })
}

async fn orders(caller: Caller, RawBody(body): RawBody) -> Answered {
    Ok(success(needs_of(&caller, &body, false).await?.rows))
}

#[derive(Serialize)]
struct Basket {
    initial: MarginRow,
    #[serde(rename = "final")]
    together: MarginRow,
    orders: Vec<MarginRow>,
    charges: ChargesRow,
}

async fn basket(caller: Caller, OriginalUri(uri): OriginalUri, RawBody(body): RawBody) -> Answered {
    let query = Params::of(b"", uri.query().unwrap_or_default().as_bytes());
    let needs = needs_of(&caller, &body, query.is_on("consider_positions")).await?;
    let initial = Paise(needs.each.iter().map(|need| need.money.0).sum());
    let sum = charges::sum(needs.each.iter().map(|need| &need.charges));
    let charges = ChargesRow::of(&sum, STT);
    Ok(success(Basket {
        initial: MarginRow::total(initial, ChargesRow::none()),
        together: MarginRow::total(needs.together, ChargesRow::none()),
        orders: needs.rows,
        charges,
    }))
}
