//! Mutual funds.

use http::{Method, StatusCode};
use serde_json::json;

use crate::bench::Bench;

const HOLDING_KEYS: [&str; 14] = [
    "average_price",
    "close_price",
    "day_change",
    "day_change_percentage",
    "discrepancy",
    "folio",
    "fund",
    "last_price",
    "last_price_date",
    "pledged_quantity",
    "pnl",
    "quantity",
    "tradingsymbol",
    "xirr",
];

#[tokio::test]
async fn units_are_shown_with_every_member() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    let holdings = bench.data(&login, "/mf/holdings").await;
    let holdings = holdings.as_array().unwrap();
    assert_eq!(holdings.len(), 3);
    for holding in holdings {
        let mut keys: Vec<&String> = holding.as_object().unwrap().keys().collect();
        keys.sort_unstable();
        assert_eq!(keys, HOLDING_KEYS);
    }
    assert_eq!(holdings[0]["quantity"], json!(105.231));
    assert_eq!(holdings[0]["pnl"], json!(851.32));
    let isin = holdings[0]["tradingsymbol"].as_str().unwrap();
    let purchases = bench.data(&login, &format!("/mf/holdings/{isin}")).await;
    // 105.231 × 52.11 = 5483.58741
    assert_eq!(purchases[0]["amount"], json!(5483.59));
    assert_eq!(purchases[0]["folio"], holdings[0]["folio"]);
    assert_eq!(bench.data(&login, "/mf/holdings/INF000").await, json!([]));
    let allotted = bench.data(&login, "/mf/allotments").await;
    assert_eq!(
        (allotted.as_array().unwrap().len(), &allotted[0]),
        (3, &json!(isin))
    );
    let empty = bench.login("EMPTY01").await;
    for path in ["/mf/holdings", "/mf/orders", "/mf/sips", "/mf/allotments"] {
        assert_eq!(bench.data(&empty, path).await, json!([]), "{path}");
    }
}

#[tokio::test]
async fn the_list_of_schemes_has_those_that_are_held() {
    let bench = Bench::new().await;
    let (status, text) = bench.text(None, "/mf/instruments").await;
    assert_eq!(status, StatusCode::OK);
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert!(lines.iter().all(|line| line.len() == 16));
    assert_eq!((lines[0][0], lines[0][15]), ("tradingsymbol", "last_price_date"));
    let login = bench.login("DEMO01").await;
    for holding in bench.data(&login, "/mf/holdings").await.as_array().unwrap() {
        let held = |line: &&Vec<&str>| holding["tradingsymbol"] == line[0];
        let line = lines.iter().find(held).unwrap();
        assert_eq!(holding["last_price"].to_string(), line[14]);
        assert_eq!(holding["last_price_date"], line[15]);
    }
}

#[tokio::test]
async fn nothing_is_bought_or_sold() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    for (method, path) in [
        (Method::POST, "/mf/orders"),
        (Method::DELETE, "/mf/orders/1"),
        (Method::POST, "/mf/sips"),
        (Method::PUT, "/mf/sips/1"),
        (Method::DELETE, "/mf/sips/1"),
    ] {
        let form = "tradingsymbol=INF000S01013&transaction_type=BUY&amount=5000";
        let (status, body) = bench.form(&login, method, path, form).await;
        assert_eq!(
            (status, &body["error_type"]),
            (403, &json!("PermissionException")),
            "{path}"
        );
    }
    let (status, class, _) = bench.failure(Some(&login), "/mf/orders/1").await;
    assert_eq!((status, class.as_str()), (404, "GeneralException"));
    for path in ["/mf/holdings", "/mf/orders", "/mf/orders/1", "/mf/sips"] {
        let (status, class, _) = bench.failure(None, path).await;
        assert_eq!((status, class.as_str()), (403, "TokenException"), "{path}");
    }
}
