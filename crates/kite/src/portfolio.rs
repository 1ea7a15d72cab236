//! Holdings and auctions.

use axum::Router;
use axum::routing::get;
use serde::Serialize;
use torana_contract::number::Decimal;
use torana_domain::money::{Price, Shares, div_half_even};
use torana_exchange::core::line::Worth;
use torana_exchange::core::portfolio::AuctionView;
use torana_exchange::core::{Command, HoldingView, Product, Reader, Reply};
use torana_instruments::{Exchange, Master};

use crate::answer::{Answered, success};
use crate::auth::Caller;
use crate::error::KiteError;
use crate::instant::KiteDay;
use crate::state::Kite;
use crate::words::name_of;

/// The routes.
pub fn routes() -> Router<Kite> {
    Router::new()
        .route("/portfolio/holdings", get(holdings))
        .route("/portfolio/holdings/summary", get(summary))
        .route("/portfolio/holdings/compact", get(compact))
        .route("/portfolio/holdings/auctions", get(auctions))
}

#[derive(Serialize)]
struct HoldingRow {
    tradingsymbol: String,
    exchange: &'static str,
    instrument_token: u32,
    isin: String,
    product: &'static str,
    price: Decimal,
    quantity: i64,
    used_quantity: i64,
    t1_quantity: i64,
    realised_quantity: i64,
    authorised_quantity: i64,
    authorised_date: Option<KiteDay>,
    authorisation: Authorisation,
    opening_quantity: i64,
    short_quantity: i64,
    collateral_quantity: i64,
    collateral_type: &'static str,
    discrepancy: bool,
    average_price: Decimal,
    last_price: Decimal,
    close_price: Decimal,
    pnl: Decimal,
    day_change: Decimal,
    day_change_percentage: Decimal,
    mtf: Mtf,
}

#[derive(Serialize)]
struct Authorisation {}

/// Nothing is bought on margin here.
#[derive(Default, Serialize)]
struct Mtf {
    quantity: i64,
    used_quantity: i64,
    average_price: Decimal,
    value: Decimal,
    initial_margin: Decimal,
}

/// Where a holding is shown: on NSE if it is listed there.
fn exchange_of(view: &HoldingView) -> Exchange {
    if view.nse_ticker.is_some() || view.bse_ticker.is_none() {
        Exchange::Nse
    } else {
        Exchange::Bse
    }
}

fn ticker_of(view: &HoldingView) -> &str {
    let ticker = view.nse_ticker.as_deref().or(view.bse_ticker.as_deref());
    ticker.unwrap_or(&view.isin)
}

/// `part` of `whole` in per cent with six decimals; 0 of nothing.
fn percent(part: i64, whole: i64) -> Decimal {
    let scaled = div_half_even(i128::from(part) * 100_000_000, i128::from(whole));
    Decimal::new(i64::try_from(scaled).unwrap_or(i64::MAX), 6)
}

fn worth(price: Price, quantity: Shares) -> i64 {
    Worth::of(price, quantity).0
}

/// Money with the four decimals of prices.
pub(crate) fn money(worth: i64) -> Decimal {
    Decimal::new(worth, 4)
}

/// What of a holding counts today: what is left of settled and T1 shares.
fn held(view: &HoldingView) -> Shares {
    Shares(view.quantity.0 + view.t1_quantity.0)
}

/// The last price; what was paid where nothing is traded any more.
fn last_of(view: &HoldingView) -> Price {
    view.last_price.unwrap_or(view.average_price)
}

fn close_of(view: &HoldingView) -> Price {
    view.close_price.unwrap_or_else(|| last_of(view))
}

fn holding_row(view: &HoldingView, master: &Master) -> HoldingRow {
    let exchange = exchange_of(view);
    let (tradingsymbol, instrument_token) = name_of(master, exchange, &view.isin, ticker_of(view));
    let (last, close) = (last_of(view), close_of(view));
    let change = Price(last.0 - close.0);
    HoldingRow {
        tradingsymbol,
        exchange: exchange.as_str(),
        instrument_token,
        isin: view.isin.clone(),
        product: Product::Cnc.as_str(),
        price: Decimal::integer(0),
        quantity: view.quantity.0,
        used_quantity: view.used_quantity.0,
        t1_quantity: view.t1_quantity.0,
        realised_quantity: view.quantity.0,
        authorised_quantity: view.authorised_quantity.0,
        authorised_date: view.authorised_for.map(KiteDay),
        authorisation: Authorisation {},
        opening_quantity: view.opening_quantity.0,
        short_quantity: view.short_quantity.0,
        collateral_quantity: view.collateral_quantity.0,
        collateral_type: "",
        discrepancy: false,
        average_price: view.average_price.into(),
        last_price: last.into(),
        close_price: close.into(),
        pnl: money(worth(Price(last.0 - view.average_price.0), held(view))),
        day_change: change.into(),
        day_change_percentage: percent(change.0, close.0),
        mtf: Mtf::default(),
    }
}

async fn holdings_of(caller: &Caller) -> Result<Vec<HoldingView>, KiteError> {
    let reader = Reader::User(caller.session.clone());
    match caller.ask(Command::Holdings(reader)).await? {
        Reply::Holdings(views) => Ok(views),
        _ => Err(KiteError::odd_answer()),
    }
}

async fn holdings(caller: Caller) -> Answered {
    let master = caller.kite().master_at(caller.at);
    let views = holdings_of(&caller).await?;
    let rows = views.iter().map(|view| holding_row(view, &master));
    Ok(success(rows.collect::<Vec<_>>()))
}

#[derive(Serialize)]
struct Summary {
    total_pnl: Decimal,
    total_pnl_percent: Decimal,
    today_pnl: Decimal,
    today_pnl_percent: Decimal,
    invested_amount: Decimal,
    current_value: Decimal,
}

async fn summary(caller: Caller) -> Answered {
    let views = holdings_of(&caller).await?;
    let sum = |price: fn(&HoldingView) -> Price| -> i64 {
        let worths = views.iter().map(|view| worth(price(view), held(view)));
        worths.fold(0, i64::saturating_add)
    };
    let (invested, current, before) = (sum(|view| view.average_price), sum(last_of), sum(close_of));
    let (total, today) = (current.saturating_sub(invested), current.saturating_sub(before));
    Ok(success(Summary {
        total_pnl: money(total),
        total_pnl_percent: percent(total, invested),
        today_pnl: money(today),
        today_pnl_percent: percent(today, before),
        invested_amount: money(invested),
        current_value: money(current),
    }))
}

#[derive(Serialize)]
struct CompactRow {
    exchange: &'static str,
    tradingsymbol: String,
    instrument_token: u32,
    t1_quantity: i64,
    quantity: i64,
}

async fn compact(caller: Caller) -> Answered {
    let master = caller.kite().master_at(caller.at);
    let views = holdings_of(&caller).await?;
    let row = |view: &HoldingView| {
        let exchange = exchange_of(view);
        let (tradingsymbol, instrument_token) = name_of(&master, exchange, &view.isin, ticker_of(view));
        CompactRow {
            exchange: exchange.as_str(),
            tradingsymbol,
            instrument_token,
            t1_quantity: view.t1_quantity.0,
            quantity: view.quantity.0,
        }
    };
    Ok(success(views.iter().map(row).collect::<Vec<_>>()))
}

#[derive(Serialize)]
struct AuctionRow {
    tradingsymbol: String,
    exchange: &'static str,
    instrument_token: u32,
    isin: String,
    product: &'static str,
    price: Decimal,
    quantity: i64,
    t1_quantity: i64,
    realised_quantity: i64,
    authorised_quantity: i64,
    authorised_date: Option<KiteDay>,
    opening_quantity: i64,
    collateral_quantity: i64,
    collateral_type: &'static str,
    discrepancy: bool,
    average_price: Decimal,
    last_price: Decimal,
    close_price: Decimal,
    pnl: Decimal,
    day_change: Decimal,
    day_change_percentage: Decimal,
    auction_number: String,
}

fn auction_row(view: &AuctionView, master: &Master) -> AuctionRow {
    let ticker = view.ticker.as_deref().unwrap_or(&view.isin);
    let (tradingsymbol, instrument_token) = name_of(master, Exchange::Nse, &view.isin, ticker);
    let held = Shares(view.held.0 + view.t1.0);
    let change = Price(view.last_price.0 - view.close_price.0);
    AuctionRow {
        tradingsymbol,
        exchange: Exchange::Nse.as_str(),
        instrument_token,
        isin: view.isin.clone(),
        product: Product::Cnc.as_str(),
        price: Decimal::integer(0),
        quantity: view.held.0,
        t1_quantity: view.t1.0,
        realised_quantity: view.held.0,
        authorised_quantity: 0,
        authorised_date: None,
        opening_quantity: held.0,
        collateral_quantity: 0,
        collateral_type: "",
        discrepancy: false,
        average_price: view.average_price.into(),
        last_price: view.last_price.into(),
        close_price: view.close_price.into(),
        pnl: money(worth(Price(view.last_price.0 - view.average_price.0), held)),
        day_change: change.into(),
        day_change_percentage: percent(change.0, view.close_price.0),
        auction_number: view.number.to_string(),
    }
}

async fn auctions(caller: Caller) -> Answered {
    let master = caller.kite().master_at(caller.at);
    let reader = Reader::User(caller.session.clone());
    match caller.ask(Command::Auctions(reader)).await? {
        Reply::Auctions(views) => {
            let rows = views.iter().map(|view| auction_row(view, &master));
            Ok(success(rows.collect::<Vec<_>>()))
        }
        _ => Err(KiteError::odd_answer()),
    }
}
