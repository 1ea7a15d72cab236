//! Mutual funds: units that are held are shown; nothing is bought or sold, which is what Kite lets most apps do too.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use serde::Serialize;
use torana_contract::number::Decimal;
use torana_domain::money::{Paise, UNIT_DECIMALS, div_half_even};
use torana_exchange::core::{Command, FundView, Reader, Reply};
use torana_exchange::seeds::FUND_SCHEMES;
use torana_instruments::csv::write_record;

use crate::answer::{Answered, success};
use crate::auth::Caller;
use crate::error::{ErrorType, KiteError};
use crate::state::Kite;
use crate::written;

const COLUMNS: [&str; 16] = [
    "tradingsymbol",
    "amc",
    "name",
    "purchase_allowed",
    "redemption_allowed",
    "minimum_purchase_amount",
    "purchase_amount_multiplier",
    "minimum_additional_purchase_amount",
    "minimum_redemption_quantity",
    "redemption_quantity_multiplier",
    "dividend_type",
    "scheme_type",
    "plan",
    "settlement_type",
    "last_price",
    "last_price_date",
];

/// Price × units, both as stored, in one paisa.
const PRODUCT_PER_PAISA: i128 = 100_000_000;

/// The routes.
pub fn routes() -> Router<Kite> {
    Router::new()
        .route("/mf/holdings", get(holdings))
        .route("/mf/instruments", get(instruments))
        .route("/mf/holdings/{isin}", get(purchases))
        .route("/mf/allotments", get(allotments))
        .route("/mf/orders", get(none).post(closed))
        .route("/mf/orders/{order_id}", get(no_such_order).delete(closed))
        .route("/mf/sips", get(none).post(closed))
        .route("/mf/sips/{sip_id}", get(no_such_sip).put(closed).delete(closed))
}

#[derive(Serialize)]
struct Holding {
    folio: String,
    fund: String,
    tradingsymbol: String,
    average_price: Decimal,
    last_price: Decimal,
    last_price_date: String,
    close_price: Decimal,
    day_change: Decimal,
    day_change_percentage: Decimal,
    pledged_quantity: Decimal,
    pnl: Decimal,
    quantity: Decimal,
    discrepancy: bool,
    xirr: Decimal,
}

/// How units came into an account. Nothing trades them here: they came at once, at their average price.
#[derive(Serialize)]
struct Purchase {
    fund: String,
    tradingsymbol: String,
    average_price: Decimal,
    variety: &'static str,
    exchange_timestamp: Option<String>,
    amount: Decimal,
    folio: String,
    quantity: Decimal,
}

impl From<FundView> for Purchase {
    fn from(view: FundView) -> Self {
        let product = i128::from(view.average_price.0) * i128::from(view.units.0);
        let paise = div_half_even(product, PRODUCT_PER_PAISA);
        Self {
            fund: view.name,
            tradingsymbol: view.isin,
            average_price: view.average_price.into(),
            variety: "regular",
            exchange_timestamp: None,
            amount: Paise(i64::try_from(paise).unwrap_or(i64::MAX)).into(),
            folio: view.folio,
            quantity: Decimal::new(view.units.0, UNIT_DECIMALS),
        }
    }
}

impl From<FundView> for Holding {
    fn from(view: FundView) -> Self {
        Self {
            folio: view.folio,
            fund: view.name,
            tradingsymbol: view.isin,
            average_price: view.average_price.into(),
            last_price: view.last_price.into(),
            last_price_date: view.last_price_date.to_string(),
            // The value of a scheme never moves.
            close_price: view.last_price.into(),
            day_change: Decimal::default(),
            day_change_percentage: Decimal::default(),
            pledged_quantity: Decimal::default(),
            pnl: view.pnl.into(),
            quantity: Decimal::new(view.units.0, UNIT_DECIMALS),
            discrepancy: false,
            xirr: Decimal::default(),
        }
    }
}

async fn held(caller: &Caller) -> Result<Vec<FundView>, KiteError> {
    let reader = Reader::User(caller.session.clone());
    match caller.ask(Command::DematFunds(reader)).await? {
        Reply::DematFunds(funds) => Ok(funds),
        _ => Err(KiteError::odd_answer()),
    }
}

async fn holdings(caller: Caller) -> Answered {
    let rows = held(&caller).await?.into_iter().map(Holding::from);
    Ok(success(rows.collect::<Vec<_>>()))
}

async fn purchases(caller: Caller, Path(isin): Path<String>) -> Answered {
    let funds = held(&caller).await?.into_iter();
    let rows = funds.filter(|fund| fund.isin == isin).map(Purchase::from);
    Ok(success(rows.collect::<Vec<_>>()))
}

/// The ISINs of what an account was given.
async fn allotments(caller: Caller) -> Answered {
    let isins = held(&caller).await?.into_iter().map(|fund| fund.isin);
    Ok(success(isins.collect::<BTreeSet<_>>()))
}

/// The schemes that accounts may hold.
async fn instruments(State(kite): State<Kite>, caller: Option<Caller>) -> Answered {
    let at = caller.map_or_else(|| kite.rt().wall.now(), |caller| caller.at);
    let calendar = kite.market().current();
    let calendar = calendar.calendar();
    let valued_on = calendar.latest_trading_day_not_after(calendar.book_day(at).plus_days(-1));
    let mut out = String::new();
    write_record(&mut out, COLUMNS);
    for scheme in FUND_SCHEMES {
        write_record(
            &mut out,
            [
                scheme.isin,
                "SANDBOX_MF",
                scheme.name,
                "0",
                "0",
                "0",
                "0",
                "0",
                "0",
                "0",
                "growth",
                "equity",
                "direct",
                "T3",
                &scheme.nav.to_decimal(),
                &valued_on.to_string(),
            ],
        );
    }
    Ok(written::csv(out))
}

async fn none(caller: Caller) -> Answered {
    know(&caller).await?;
    Ok(success([(); 0]))
}

async fn no_such_order(caller: Caller) -> Answered {
    know(&caller).await?;
    Err(KiteError::not_found("There is no such order of mutual funds"))
}

async fn no_such_sip(caller: Caller) -> Answered {
    know(&caller).await?;
    Err(KiteError::not_found("There is no such SIP"))
}

async fn closed(caller: Caller) -> Answered {
    know(&caller).await?;
    Err(KiteError::new(
        ErrorType::Permission,
        "This app may not trade mutual funds: holdings and lists can be read",
    ))
}

/// Whether the world knows the login, where nothing else is asked of it.
async fn know(caller: &Caller) -> Result<(), KiteError> {
    let reader = Reader::User(caller.session.clone());
    caller.ask(Command::Account(reader)).await.map(drop)
}
