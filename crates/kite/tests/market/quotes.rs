//! Quotes.

use std::fmt::Write as _;

use serde_json::{Value, json};
use torana_domain::money::Paise;

use crate::bench::Bench;

const FULL_KEYS: [&str; 17] = [
    "average_price",
    "buy_quantity",
    "depth",
    "instrument_token",
    "last_price",
    "last_quantity",
    "last_trade_time",
    "lower_circuit_limit",
    "net_change",
    "ohlc",
    "oi",
    "oi_day_high",
    "oi_day_low",
    "sell_quantity",
    "timestamp",
    "upper_circuit_limit",
    "volume",
];

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn a_full_quote_has_every_documented_member() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    let data = bench.data(&login, "/quote?i=NSE:INFY&i=BSE:INFY&i=408065").await;
    assert_eq!(keys(&data), ["408065", "BSE:INFY", "NSE:INFY"]);
    let infy = &data["NSE:INFY"];
    assert_eq!(keys(infy), FULL_KEYS);
    assert_eq!(infy, &data["408065"]);
    assert_eq!(data["BSE:INFY"]["instrument_token"], 128_053_508);
    assert_eq!(infy["instrument_token"], 408_065);
    assert_eq!(infy["timestamp"], "2026-01-05 10:00:00");
    assert_eq!(infy["last_trade_time"], "2026-01-05 10:00:00");
    assert_eq!(keys(&infy["ohlc"]), ["close", "high", "low", "open"]);
    assert_eq!(infy["ohlc"]["close"], json!(1500));
    for side in ["buy", "sell"] {
        let levels = infy["depth"][side].as_array().unwrap();
        assert_eq!(levels.len(), 5);
        let quantity = |level: &Value| level["quantity"].as_i64().unwrap();
        let total: i64 = levels.iter().map(quantity).sum();
        assert_eq!(infy[format!("{side}_quantity")], json!(total));
        assert!(
            levels
                .iter()
                .all(|level| keys(level) == ["orders", "price", "quantity"])
        );
    }
    let paise = |name: &str| Paise::parse(&infy[name].to_string()).unwrap().0;
    assert!(paise("lower_circuit_limit") < paise("last_price"));
    assert!(paise("last_price") < paise("upper_circuit_limit"));
    assert_eq!(paise("net_change"), paise("last_price") - 150_000);
}

#[tokio::test]
async fn the_short_forms_are_parts_of_the_full_one() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    let query = "i=NSE:INFY&i=NSE:ITC&i=NSE:21STCENMGM-BE";
    let full = bench.data(&login, &format!("/quote?{query}")).await;
    let ohlc = bench.data(&login, &format!("/quote/ohlc?{query}")).await;
    let ltp = bench.data(&login, &format!("/quote/ltp?{query}")).await;
    assert_eq!(keys(&ltp).len(), 3);
    for (name, quote) in full.as_object().unwrap() {
        let (token, last, day) = (&quote["instrument_token"], &quote["last_price"], &quote["ohlc"]);
        let expected = json!({"instrument_token": token, "last_price": last, "ohlc": day});
        assert_eq!(ohlc[name], expected);
        assert_eq!(ltp[name], json!({"instrument_token": token, "last_price": last}));
    }
}

#[tokio::test]
async fn a_closed_market_has_an_empty_book() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    bench.clock.set("2026-01-05T12:00:00.000Z");
    let data = bench.data(&login, "/quote?i=NSE:INFY").await;
    let empty = json!({"price": 0, "quantity": 0, "orders": 0});
    assert_eq!(data["NSE:INFY"]["depth"]["buy"], json!(vec![empty; 5]));
    assert_eq!(data["NSE:INFY"]["last_trade_time"], "2026-01-05 15:29:59");
    assert_eq!(data["NSE:INFY"]["timestamp"], "2026-01-05 17:30:00");
}

#[tokio::test]
async fn unknown_instruments_are_silently_absent() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    let query = "i=NSE:NOSUCH&i=MCX:GOLD&i=INFY&i=1&i=&i=NSE:ITC&i=NSE:ITC&i=%22%5C";
    for path in ["/quote", "/quote/ohlc", "/quote/ltp"] {
        let data = bench.data(&login, &format!("{path}?{query}")).await;
        assert_eq!(keys(&data), ["NSE:ITC"], "{path}");
        assert_eq!(
            bench.data(&login, &format!("{path}?i=NSE:NOSUCH")).await,
            json!({})
        );
    }
}

#[tokio::test]
async fn too_many_too_few_and_strangers_are_refused() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    let many = |count: usize| {
        (0..count).fold(String::new(), |mut query, number| {
            let _ = write!(query, "i={number}&");
            query
        })
    };
    for (path, max) in [("/quote", 500), ("/quote/ohlc", 1_000), ("/quote/ltp", 1_000)] {
        bench.data(&login, &format!("{path}?{}", many(max))).await;
        let (status, class, text) = bench
            .failure(Some(&login), &format!("{path}?{}", many(max + 1)))
            .await;
        assert_eq!((status, class.as_str()), (400, "InputException"), "{path}");
        assert!(text.contains(&max.to_string()), "{text}");
        let (status, class, _) = bench.failure(Some(&login), path).await;
        assert_eq!((status, class.as_str()), (400, "InputException"));
        let (status, class, _) = bench.failure(None, &format!("{path}?i=NSE:INFY")).await;
        assert_eq!((status, class.as_str()), (403, "TokenException"));
    }
}
