//! Quotes: everything about instruments, their day, or just their price.

use std::collections::BTreeSet;

use axum::Router;
use axum::routing::get;
use torana_domain::money::{PRICE_PER_PAISA, Price, div_half_even};
use torana_exchange::core::book::Instrument;
use torana_exchange::core::depth::{LEVELS, Level};
use torana_exchange::core::{Command, MarketQuote, Reply};
use torana_instruments::Security;

use crate::answer::Answered;
use crate::auth::Caller;
use crate::error::KiteError;
use crate::input::{Params, missing};
use crate::instant::{KiteTime, TimeText};
use crate::state::Kite;
use crate::symbols;
use crate::written::{self, push_number, push_price, push_text};

/// Most instruments of a full quote.
const FULL_MAX: usize = 500;
/// Most instruments of the short forms.
pub const SHORT_MAX: usize = 1_000;
/// Bytes of an answer per instrument, about.
const FULL_BYTES: usize = 1_600;

/// The routes.
pub fn routes() -> Router<Kite> {
    Router::new()
        .route("/quote", get(full))
        .route("/quote/ohlc", get(ohlc))
        .route("/quote/ltp", get(ltp))
}

async fn full(caller: Caller, params: Params) -> Answered {
    let at = KiteTime(caller.at).to_string();
    let mut traded_at = TimeText::default();
    quoted(&caller, &params, FULL_MAX, |out, token, quote| {
        push_full(
            out,
            token,
            quote,
            &at,
            traded_at.of(KiteTime(quote.last_trade_at)),
        );
    })
    .await
}

async fn ohlc(caller: Caller, params: Params) -> Answered {
    quoted(&caller, &params, SHORT_MAX, |out, token, quote| {
        push_last(out, token, quote);
        push_ohlc(out, quote);
        out.push('}');
    })
    .await
}

async fn ltp(caller: Caller, params: Params) -> Answered {
    quoted(&caller, &params, SHORT_MAX, |out, token, quote| {
        push_last(out, token, quote);
        out.push('}');
    })
    .await
}

/// The market of instruments by what the client calls them; unknown ones are left out.
async fn quoted(
    caller: &Caller,
    params: &Params,
    max: usize,
    mut push: impl FnMut(&mut String, u32, &MarketQuote),
) -> Answered {
    let master = caller.kite().master_at(caller.at);
    let names = names(params, max)?;
    let named = names
        .into_iter()
        .filter_map(|name| Some((name, symbols::find_named(&master, name)?)));
    let quotes = read(caller, named.collect()).await?;
    let mut out = String::with_capacity(64 + quotes.len() * FULL_BYTES);
    out.push_str(r#"{"status":"success","data":{"#);
    for (place, (name, token, quote)) in quotes.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        push_text(&mut out, name);
        out.push(':');
        push(&mut out, *token, quote);
    }
    out.push_str("}}");
    Ok(written::answer(out))
}

/// The names that a client asks for, each once, in order.
///
/// # Errors
/// 400 for none and for more than `max`.
pub fn names<'a>(params: &'a Params, max: usize) -> Result<Vec<&'a str>, KiteError> {
    let mut names: Vec<&'a str> = Vec::new();
    let mut seen = BTreeSet::new();
    for name in params.all("i").map(str::trim).filter(|name| !name.is_empty()) {
        if seen.insert(name) {
            names.push(name);
        }
    }
    match names.len() {
        0 => Err(missing("i")),
        n if n > max => Err(KiteError::input(format!(
            "Invalid `i`: allowed are at most {max} instruments, not {n}"
        ))),
        _ => Ok(names),
    }
}

/// Reads the market of listings with the names and numbers that they have in the answer.
///
/// # Errors
/// Those of [`Caller::ask`].
pub async fn read<'a>(
    caller: &Caller,
    named: Vec<(&'a str, &Security)>,
) -> Result<Vec<(&'a str, u32, MarketQuote)>, KiteError> {
    let asked: Vec<Instrument> = named
        .iter()
        .map(|(_, security)| symbols::instrument(security))
        .collect();
    let mut quotes = ask(caller, asked.clone()).await?.into_iter().peekable();
    // What has no market is left out; the rest is in the order of the question.
    let found = named
        .into_iter()
        .zip(asked)
        .filter_map(|((name, security), instrument)| {
            let quote = quotes.next_if(|quote| quote.instrument == instrument)?;
            Some((name, security.instrument_token(), quote))
        });
    Ok(found.collect())
}

/// Reads the market.
///
/// # Errors
/// Those of [`Caller::ask`].
pub async fn ask(caller: &Caller, instruments: Vec<Instrument>) -> Result<Vec<MarketQuote>, KiteError> {
    let command = Command::MarketQuotes {
        session: caller.session.clone(),
        instruments,
    };
    match caller.ask(command).await? {
        Reply::MarketQuotes(quotes) => Ok(quotes),
        _ => Err(KiteError::odd_answer()),
    }
}

/// The average price of the day to the paisa.
#[must_use]
pub fn average(quote: &MarketQuote) -> Price {
    let average = quote.day.map_or(Price(0), |day| day.average());
    let paise = div_half_even(i128::from(average.0), i128::from(PRICE_PER_PAISA));
    Price::from_paise(i64::try_from(paise).unwrap_or_default())
}

/// Shares of all levels.
#[must_use]
pub fn total(levels: &[Level]) -> i64 {
    levels.iter().map(|level| level.quantity.0).sum()
}

/// An object with number and price, not closed yet.
fn push_last(out: &mut String, token: u32, quote: &MarketQuote) {
    out.push_str(r#"{"instrument_token":"#);
    push_number(out, u64::from(token));
    out.push_str(r#","last_price":"#);
    push_price(out, quote.last_price);
}

fn push_ohlc(out: &mut String, quote: &MarketQuote) {
    let day = |of: fn(&torana_exchange::core::Candle) -> Price| quote.day.as_ref().map_or(Price(0), of);
    for (key, price) in [
        (r#","ohlc":{"open":"#, day(|day| day.open)),
        (r#","high":"#, day(|day| day.high)),
        (r#","low":"#, day(|day| day.low)),
        (r#","close":"#, quote.previous_close),
    ] {
        out.push_str(key);
        push_price(out, price);
    }
    out.push('}');
}

fn push_full(out: &mut String, token: u32, quote: &MarketQuote, at: &str, traded_at: &str) {
    push_last(out, token, quote);
    for (key, time) in [(r#","timestamp":""#, at), (r#"","last_trade_time":""#, traded_at)] {
        out.push_str(key);
        out.push_str(time);
    }
    for (key, count) in [
        (r#"","last_quantity":"#, quote.last_quantity.0),
        (r#","volume":"#, quote.day.map_or(0, |day| day.volume.0)),
        (r#","buy_quantity":"#, total(&quote.bids)),
        (r#","sell_quantity":"#, total(&quote.asks)),
    ] {
        out.push_str(key);
        push_number(out, count.unsigned_abs());
    }
    out.push_str(r#","oi":0,"oi_day_high":0,"oi_day_low":0"#);
    for (key, price) in [
        (r#","average_price":"#, average(quote)),
        (
            r#","net_change":"#,
            Price(quote.last_price.0 - quote.previous_close.0),
        ),
        (r#","lower_circuit_limit":"#, quote.bounds.low),
        (r#","upper_circuit_limit":"#, quote.bounds.high),
    ] {
        out.push_str(key);
        push_price(out, price);
    }
    push_ohlc(out, quote);
    out.push_str(r#","depth":{"buy":["#);
    push_levels(out, &quote.bids);
    out.push_str(r#"],"sell":["#);
    push_levels(out, &quote.asks);
    out.push_str("]}}");
}

/// Five levels, zeros where there are fewer.
fn push_levels(out: &mut String, levels: &[Level]) {
    for place in 0..LEVELS {
        let level = levels.get(place);
        let (price, quantity, orders) = level.map_or((Price(0), 0, 0), |level| {
            (level.price, level.quantity.0, level.orders)
        });
        out.push_str(if place == 0 {
            r#"{"price":"#
        } else {
            r#",{"price":"#
        });
        push_price(out, price);
        out.push_str(r#","quantity":"#);
        push_number(out, quantity.unsigned_abs());
        out.push_str(r#","orders":"#);
        push_number(out, orders.unsigned_abs());
        out.push('}');
    }
}
