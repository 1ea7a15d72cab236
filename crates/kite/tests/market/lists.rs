//! The lists of instruments, and the triggers of cover orders.

use std::collections::BTreeMap;

use http::StatusCode;
use torana_domain::money::Price;
use torana_exchange::core::command::NewTick;
use torana_exchange::core::{Command, Reply, SecurityName};
use torana_instruments::{Exchange, Master};

use crate::bench::Bench;

const COLUMNS: &str = "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange";

fn by_symbol(text: &str) -> BTreeMap<(String, String), Vec<String>> {
    let lines = text.lines().skip(1).map(|line| {
        let fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        let last = fields.last().unwrap().clone();
        ((last, fields[2].clone()), fields)
    });
    lines.collect()
}

#[tokio::test]
async fn anybody_gets_the_shared_list() {
    let bench = Bench::new().await;
    let (status, all) = bench.text(None, "/instruments").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(all.lines().next(), Some(COLUMNS));
    assert_eq!(all.lines().count(), Master::bundled().iter().count() + 1);
    let (_, nse) = bench.text(None, "/instruments/NSE?exchange=NSE").await;
    let (_, bse) = bench.text(None, "/instruments/BSE").await;
    assert_eq!(nse.lines().count() + bse.lines().count(), all.lines().count() + 1);
    let nse = by_symbol(&nse);
    let infy = &nse[&("NSE".to_owned(), "INFY".to_owned())];
    assert_eq!(infy[..2], ["408065", "1594"]);
    let be = &nse[&("NSE".to_owned(), "21STCENMGM-BE".to_owned())];
    assert_eq!(be[9..], ["EQ", "NSE", "NSE"]);
}

#[tokio::test]
async fn a_user_gets_the_ticks_of_the_world() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    let (_, shared) = bench.text(None, "/instruments/NSE").await;
    let (_, own) = bench.text(Some(&login), "/instruments/NSE").await;
    assert_eq!(own, shared, "a young world has the ticks of the list");
    // A price that falls below 250 rupees at the end of a month gives the next month a finer tick.
    let powergrid = ("NSE".to_owned(), "POWERGRID".to_owned());
    let tick = |text: &str| by_symbol(text)[&powergrid][7].clone();
    assert_eq!(tick(&own), "0.05");
    for day in ["29", "30"] {
        bench.clock.set(&format!("2026-01-{day}T05:00:00.000Z"));
        let login = bench.login("DEMO01").await;
        let quote = bench.data(&login, "/quote?i=NSE:POWERGRID").await;
        let low = quote["NSE:POWERGRID"]["lower_circuit_limit"].to_string();
        let tick = NewTick {
            security: SecurityName::Ticker("POWERGRID".to_owned()),
            exchange: Exchange::Nse,
            price: Price::parse(&low).unwrap(),
            at: None,
        };
        let reply = bench.command(Command::SetPrices(vec![tick])).await.reply;
        assert_eq!(reply, Reply::PricesSet { accepted: 1 });
    }
    bench.clock.set("2026-02-02T05:00:00.000Z");
    let login = bench.login("DEMO01").await;
    let (_, own) = bench.text(Some(&login), "/instruments/NSE").await;
    assert_eq!(tick(&own), "0.01");
}

#[tokio::test]
async fn other_exchanges_are_empty_or_unknown() {
    let bench = Bench::new().await;
    let (status, text) = bench.text(None, "/instruments/NFO").await;
    assert_eq!((status, text.trim_end()), (StatusCode::OK, COLUMNS));
    let (status, class, text) = bench.failure(None, "/instruments/NASDAQ").await;
    assert_eq!((status, class.as_str()), (400, "InputException"));
    assert!(text.contains("exchange") && text.contains("NSE"), "{text}");
}

#[tokio::test]
async fn a_wrong_token_is_no_absent_one() {
    let bench = Bench::new().await;
    let mut login = bench.login("DEMO01").await;
    login.token.push('0');
    let (status, class, _) = bench.failure(Some(&login), "/instruments").await;
    assert_eq!((status, class.as_str()), (403, "TokenException"));
}

#[tokio::test]
async fn triggers_lie_between_the_price_and_the_band() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    let quote = bench.data(&login, "/quote?i=NSE:INFY").await;
    let quote = &quote["NSE:INFY"];
    for path in [
        "/instruments/NSE/trigger_range?i=NSE:INFY&transaction_type=BUY",
        "/instruments/trigger_range/buy?i=NSE:INFY",
        "/instruments/NSE/trigger_range?i=NSE:INFY",
    ] {
        let range = &bench.data(&login, path).await["NSE:INFY"];
        assert_eq!(range["instrument_token"], 408_065, "{path}");
        assert_eq!(range["lower"], quote["lower_circuit_limit"]);
        assert_eq!(range["upper"], quote["last_price"]);
        assert!(range["percentage"].as_f64().unwrap() > 1.0);
    }
    let sell = bench
        .data(
            &login,
            "/instruments/NSE/trigger_range?i=INFY&transaction_type=SELL",
        )
        .await;
    assert_eq!(sell["INFY"]["upper"], quote["upper_circuit_limit"]);
    for (path, field) in [
        ("/instruments/trigger_range/HOLD?i=NSE:INFY", "transaction_type"),
        (
            "/instruments/NSE/trigger_range?i=INFY&transaction_type=HOLD",
            "transaction_type",
        ),
        ("/instruments/LSE/trigger_range?i=INFY", "exchange"),
        ("/instruments/NSE/trigger_range", "`i`"),
    ] {
        let (status, class, text) = bench.failure(Some(&login), path).await;
        assert_eq!((status, class.as_str()), (400, "InputException"), "{path}");
        assert!(text.contains(field), "{path}: {text}");
    }
}
