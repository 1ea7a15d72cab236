//! Candles of the past.

use serde_json::{Value, json};

use crate::bench::Bench;

const MINUTES: &str = "/instruments/historical/408065/minute?from=2026-01-05+09:15:00&to=2026-01-05+10:00:00";

async fn candles(bench: &Bench, login: &crate::bench::Login, path: &str) -> Vec<Value> {
    let data = bench.data(login, path).await;
    data["candles"].as_array().unwrap().clone()
}

#[tokio::test]
async fn minutes_of_today_end_with_the_present() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    let all = candles(&bench, &login, MINUTES).await;
    assert_eq!(all.len(), 46, "09:15 to 10:00");
    assert_eq!(all[0][0], "2026-01-05T09:15:00+0530");
    assert_eq!(all[45][0], "2026-01-05T10:00:00+0530");
    assert!(all.iter().all(|candle| candle.as_array().unwrap().len() == 6));
    let later = MINUTES.replace("+10:00:00", "+15:30:00");
    assert_eq!(
        candles(&bench, &login, &later).await,
        all,
        "nothing of the future"
    );
    let with_interest = candles(&bench, &login, &format!("{MINUTES}&oi=1&continuous=0")).await;
    assert_eq!(with_interest[0][6], 0);

    let quote = bench.data(&login, "/quote?i=408065").await;
    let quote = &quote["408065"];
    assert_eq!(all[45][4], quote["last_price"]);
    assert_eq!(all[0][1], quote["ohlc"]["open"]);
    let volume: i64 = all.iter().map(|candle| candle[5].as_i64().unwrap()).sum();
    assert_eq!(quote["volume"], json!(volume));
    let day = "/instruments/historical/408065/day?from=2026-01-05&to=2026-01-05";
    let ohlc = &quote["ohlc"];
    assert_eq!(
        candles(&bench, &login, day).await,
        [json!([
            "2026-01-05T00:00:00+0530",
            ohlc["open"],
            ohlc["high"],
            ohlc["low"],
            quote["last_price"],
            volume
        ])]
    );
}

#[tokio::test]
async fn a_range_without_trading_is_empty() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    let weekend = "/instruments/historical/408065/hour?from=2026-01-03&to=2026-01-04";
    assert!(candles(&bench, &login, weekend).await.is_empty());
    let future = "/instruments/historical/408065/day?from=2026-02-03&to=2026-02-04";
    assert!(candles(&bench, &login, future).await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    let range = "from=2026-01-05+09:15:00&to=2026-01-05+10:00:00";
    for (path, field) in [
        (
            format!("/instruments/historical/408066/minute?{range}"),
            "instrument_token",
        ),
        (
            format!("/instruments/historical/INFY/minute?{range}"),
            "instrument_token",
        ),
        (
            format!("/instruments/historical/408065/fortnight?{range}"),
            "interval",
        ),
        ("/instruments/historical/408065/day".to_owned(), "`from`"),
        (
            "/instruments/historical/408065/minute?from=2025-11-01&to=2026-01-05".to_owned(),
            "30 days",
        ),
        (
            "/instruments/historical/408065/day?from=05-01-2026&to=2026-01-05".to_owned(),
            "`from`",
        ),
    ] {
        let (status, class, text) = bench.failure(Some(&login), &path).await;
        assert_eq!((status, class.as_str()), (400, "InputException"), "{path}");
        assert!(text.contains(field), "{path}: {text}");
    }
    let (status, class, _) = bench.failure(None, MINUTES).await;
    assert_eq!((status, class.as_str()), (403, "TokenException"));
}
