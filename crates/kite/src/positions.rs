//! Positions and their conversion.

use axum::Router;
use axum::routing::get;
use serde::Serialize;
use torana_contract::number::Decimal;
use torana_domain::money::Paise;
use torana_domain::order::Side;
use torana_exchange::core::convert::Conversion;
use torana_exchange::core::portfolio::DayPosition;
use torana_exchange::core::{Command, Reader, Reply};
use torana_instruments::Master;

use crate::answer::{Answered, success};
use crate::auth::Caller;
use crate::error::KiteError;
use crate::input::{Params, missing, wrong};
use crate::portfolio::money;
use crate::refused::order_error;
use crate::state::Kite;
use crate::words::{PRODUCTS, SIDES, name_of, named_security, parse_product, parse_side};

/// The routes.
pub fn routes() -> Router<Kite> {
    Router::new().route("/portfolio/positions", get(positions).put(convert))
}

#[derive(Clone, Serialize)]
struct PositionRow {
    tradingsymbol: String,
    exchange: &'static str,
    instrument_token: u32,
    product: &'static str,
    quantity: i64,
    overnight_quantity: i64,
    multiplier: i64,
    average_price: Decimal,
    close_price: Decimal,
    last_price: Decimal,
    value: Decimal,
    pnl: Decimal,
    m2m: Decimal,
    unrealised: Decimal,
    realised: Decimal,
    buy_quantity: i64,
    buy_price: Decimal,
    buy_value: Decimal,
    buy_m2m: Decimal,
    sell_quantity: i64,
    sell_price: Decimal,
    sell_value: Decimal,
    sell_m2m: Decimal,
    day_buy_quantity: i64,
    day_buy_price: Decimal,
    day_buy_value: Decimal,
    day_sell_quantity: i64,
    day_sell_price: Decimal,
    day_sell_value: Decimal,
}

/// Everything here was traded today: shares for delivery are holdings from the next day on.
fn position_row(view: &DayPosition, master: &Master) -> PositionRow {
    let (tradingsymbol, instrument_token) = name_of(master, view.exchange, &view.isin, &view.ticker);
    let traded = &view.traded;
    let (buy_price, sell_price) = (
        traded.bought_worth.average(traded.bought),
        traded.sold_worth.average(traded.sold),
    );
    let pnl = Paise(view.realised.0 + view.unrealised.0);
    let (buy_value, sell_value) = (money(traded.bought_worth.0), money(traded.sold_worth.0));
    PositionRow {
        tradingsymbol,
        exchange: view.exchange.as_str(),
        instrument_token,
        product: view.product.as_str(),
        quantity: view.quantity.0,
        overnight_quantity: 0,
        multiplier: 1,
        average_price: view.average_price.into(),
        close_price: view.close_price.into(),
        last_price: view.last_price.into(),
        value: money(traded.sold_worth.0.saturating_sub(traded.bought_worth.0)),
        pnl: pnl.into(),
        m2m: pnl.into(),
        unrealised: view.unrealised.into(),
        realised: view.realised.into(),
        buy_quantity: traded.bought.0,
        buy_price: buy_price.into(),
        buy_value,
        buy_m2m: buy_value,
        sell_quantity: traded.sold.0,
        sell_price: sell_price.into(),
        sell_value,
        sell_m2m: sell_value,
        day_buy_quantity: traded.bought.0,
        day_buy_price: buy_price.into(),
        day_buy_value: buy_value,
        day_sell_quantity: traded.sold.0,
        day_sell_price: sell_price.into(),
        day_sell_value: sell_value,
    }
}

#[derive(Serialize)]
struct Positions {
    net: Vec<PositionRow>,
    day: Vec<PositionRow>,
}

async fn positions(caller: Caller) -> Answered {
    let master = caller.kite().master_at(caller.at);
    let reader = Reader::User(caller.session.clone());
    match caller.ask(Command::DayPositions(reader)).await? {
        Reply::DayPositions(views) => {
            let day: Vec<PositionRow> = views.iter().map(|view| position_row(view, &master)).collect();
            Ok(success(Positions {
                net: day.clone(),
                day,
            }))
        }
        _ => Err(KiteError::odd_answer()),
    }
}

async fn convert(caller: Caller, params: Params) -> Answered {
    let master = caller.kite().master_at(caller.at);
    let security = named_security(&params, &master)?;
    let product = |name: &str| {
        let word = params.word(name, PRODUCTS, parse_product)?;
        word.ok_or_else(|| missing(name))
    };
    let (from, to) = (product("old_product")?, product("new_product")?);
    if from == to {
        return Err(wrong(
            "new_product",
            "allowed is another product than `old_product`",
        ));
    }
    let day_or_overnight = |text: &str| matches!(text, "day" | "overnight").then_some(());
    params.word("position_type", "day or overnight", day_or_overnight)?;
    let side: Option<Side> = params.word("transaction_type", SIDES, parse_side)?;
    let conversion = Conversion {
        exchange: security.exchange,
        ticker: security.ticker.clone(),
        side: side.ok_or_else(|| missing("transaction_type"))?,
        quantity: params.shares("quantity")?.ok_or_else(|| missing("quantity"))?,
        from,
    };
    let session = caller.session.clone();
    match caller.ask(Command::Convert { session, conversion }).await? {
        Reply::Done => Ok(success(true)),
        reply => Err(order_error(reply)),
    }
}
