//! The list of instruments as CSV, and the triggers that cover orders may have.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::Router;
use axum::extract::{FromRequestParts, OptionalFromRequestParts, Path, State};
use axum::routing::get;
use http::header;
use http::request::Parts;
use torana_domain::money::Price;
use torana_domain::order::Side;
use torana_exchange::core::book::Instrument;
use torana_exchange::core::quotes::MARKET_QUOTES_MAX;
use torana_exchange::core::{Command, Reply};
use torana_instruments::csv::write_record;
use torana_instruments::{Exchange, Master, Security};

use crate::answer::Answered;
use crate::auth::Caller;
use crate::error::KiteError;
use crate::input::{Params, wrong};
use crate::quotes;
use crate::state::Kite;
use crate::symbols;
use crate::words::{self, tradingsymbol};
use crate::written::{self, push_price, push_text};

const COLUMNS: [&str; 12] = [
    "instrument_token",
    "exchange_token",
    "tradingsymbol",
    "name",
    "last_price",
    "expiry",
    "strike",
    "tick_size",
    "lot_size",
    "instrument_type",
    "segment",
    "exchange",
];
/// Exchanges that Kite knows and on which nothing is listed here: their list is there, and empty.
const EMPTY_EXCHANGES: [&str; 6] = ["NFO", "BFO", "CDS", "BCD", "MCX", "NCO"];
/// Bytes of a line, about.
const LINE_BYTES: usize = 80;

/// The routes.
pub fn routes() -> Router<Kite> {
    Router::new()
        .route("/instruments", get(all))
        .route("/instruments/{exchange}", get(of_exchange))
        .route("/instruments/{exchange}/trigger_range", get(trigger_range))
        .route(
            "/instruments/trigger_range/{transaction_type}",
            get(trigger_range_of),
        )
}

/// Without a token, the list that all worlds begin with.
impl OptionalFromRequestParts<Kite> for Caller {
    type Rejection = KiteError;

    async fn from_request_parts(parts: &mut Parts, kite: &Kite) -> Result<Option<Self>, KiteError> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            <Self as FromRequestParts<Kite>>::from_request_parts(parts, kite)
                .await
                .map(Some)
        } else {
            Ok(None)
        }
    }
}

async fn all(State(kite): State<Kite>, caller: Option<Caller>) -> Answered {
    list(&kite, caller.as_ref(), |_| true).await
}

async fn of_exchange(
    State(kite): State<Kite>,
    caller: Option<Caller>,
    Path(exchange): Path<String>,
) -> Answered {
    let wanted = Exchange::parse(&exchange);
    if wanted.is_none() && !EMPTY_EXCHANGES.contains(&exchange.as_str()) {
        let allowed = format!("allowed is NSE, BSE, {}", EMPTY_EXCHANGES.join(", "));
        return Err(wrong("exchange", &allowed));
    }
    list(&kite, caller.as_ref(), |security| {
        Some(security.exchange) == wanted
    })
    .await
}

async fn list(kite: &Kite, caller: Option<&Caller>, is_wanted: impl Fn(&Security) -> bool) -> Answered {
    let at = caller.map_or_else(|| kite.rt().wall.now(), |caller| caller.at);
    let master = kite.master_at(at);
    let wanted: Vec<&Security> = master.iter().filter(|security| is_wanted(security)).collect();
    let ticks = match caller {
        Some(caller) => ticks(caller, &wanted).await?,
        None => BTreeMap::new(),
    };
    Ok(written::csv(csv(&wanted, &ticks)))
}

/// The ticks of a world, where prices may have come into other slabs than the list's.
async fn ticks(caller: &Caller, wanted: &[&Security]) -> Result<BTreeMap<Instrument, Price>, KiteError> {
    let mut ticks = BTreeMap::new();
    for part in wanted.chunks(MARKET_QUOTES_MAX) {
        let command = Command::PriceBounds {
            session: caller.session.clone(),
            instruments: part
                .iter()
                .map(|security| symbols::instrument(security))
                .collect(),
        };
        let Reply::PriceBounds(bounds) = caller.ask(command).await? else {
            return Err(KiteError::odd_answer());
        };
        ticks.extend(
            bounds
                .into_iter()
                .map(|(instrument, bounds)| (instrument, bounds.tick)),
        );
    }
    Ok(ticks)
}

fn csv(wanted: &[&Security], ticks: &BTreeMap<Instrument, Price>) -> String {
    let mut out = String::with_capacity((wanted.len() + 1) * LINE_BYTES);
    write_record(&mut out, COLUMNS);
    for security in wanted {
        let tick = ticks.get(&symbols::instrument(security)).copied();
        let exchange = security.exchange.as_str();
        write_record(
            &mut out,
            [
                &security.instrument_token().to_string(),
                &security.token.to_string(),
                &tradingsymbol(security),
                &security.name,
                // Prices are not part of the list: they come with quotes.
                "0",
                "",
                "0",
                &tick.unwrap_or(security.tick).to_decimal(),
                &security.lot.0.to_string(),
                "EQ",
                exchange,
                exchange,
            ],
        );
    }
    out
}

async fn trigger_range(caller: Caller, Path(exchange): Path<String>, params: Params) -> Answered {
    let exchange = Exchange::parse(&exchange).ok_or_else(|| wrong("exchange", "allowed is NSE or BSE"))?;
    let side = params.word("transaction_type", words::SIDES, words::parse_side)?;
    triggers(&caller, &params, Some(exchange), side.unwrap_or(Side::Buy)).await
}

async fn trigger_range_of(caller: Caller, Path(side): Path<String>, params: Params) -> Answered {
    let side = words::parse_side(&side.to_ascii_uppercase());
    let side = side.ok_or_else(|| wrong("transaction_type", "allowed is BUY or SELL"))?;
    triggers(&caller, &params, None, side).await
}

/// Between which prices the trigger of a cover order may lie: from the last price to the edge of the day's band on
/// the losing side.
async fn triggers(caller: &Caller, params: &Params, on: Option<Exchange>, side: Side) -> Answered {
    let names = quotes::names(params, quotes::SHORT_MAX)?;
    let master: &Master = &caller.kite().master_at(caller.at);
    let find = |name: &str| match (on, name.contains(':')) {
        (Some(exchange), false) => words::find_security(master, exchange, name),
        _ => symbols::find_named(master, name),
    };
    let named = names.into_iter().filter_map(|name| Some((name, find(name)?)));
    let quotes = quotes::read(caller, named.collect()).await?;
    let mut out = String::from(r#"{"status":"success","data":{"#);
    for (place, (name, token, quote)) in quotes.iter().enumerate() {
        let (lower, upper) = match side {
            Side::Buy => (quote.bounds.low, quote.last_price),
            Side::Sell => (quote.last_price, quote.bounds.high),
        };
        if place > 0 {
            out.push(',');
        }
        push_text(&mut out, name);
        let _ = write!(out, r#":{{"instrument_token":{token},"lower":"#);
        push_price(&mut out, lower);
        out.push_str(r#","upper":"#);
        push_price(&mut out, upper);
        let percent = (upper.0 - lower.0) * 10_000 / quote.last_price.0.max(1);
        out.push_str(r#","percentage":"#);
        push_price(&mut out, Price(percent * 100));
        out.push('}');
    }
    out.push_str("}}");
    Ok(written::answer(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_exactly_the_known_columns() {
        let master = Master::bundled();
        let infy = symbols::find_named(master, "NSE:INFY").unwrap();
        let be = symbols::find_named(master, "NSE:21STCENMGM-BE").unwrap();
        let ticks = BTreeMap::from([(symbols::instrument(infy), Price(1_000))]);
        let text = csv(&[infy, be], &ticks);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange",
                "408065,1594,INFY,Infosys Ltd,0,,0,0.1,1,EQ,NSE,NSE",
                "1577651201,6162700,21STCENMGM-BE,21st Century Management Services Ltd,0,,0,0.01,1,EQ,NSE,NSE",
            ]
        );
    }
}
