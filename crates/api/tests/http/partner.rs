use http::Method;
use serde_json::json;

use crate::bench::{Bench, UNKNOWN_TRX};

#[test]
fn a_transaction_can_be_read_after_it_was_created() {
    let bench = Bench::new();
    let body = json!({ "intent": "TRANSACTION", "notes": "plan-42", "orderConfig": { "type": "SECURITIES",
        "securities": [{ "ticker": "INFY", "quantity": 3, "type": "BUY" }] } });
    let id = bench.create("acme", &body);
    let path = format!("/v1/acme/engine/transactiondetails?unknown=1&transactionId={id}");
    let answer = bench.partner("acme", Method::GET, &path).send();
    let data = answer.data();
    assert_eq!(
        (&data["transactionId"], &data["status"], &data["intent"]),
        (&json!(id), &json!("INITIALIZED"), &json!("TRANSACTION"))
    );
    assert_eq!(
        data["transactionDetails"]["orderConfig"]["securities"][0]["quantity"],
        3
    );
}

#[test]
fn malformed_ids_say_so() {
    let bench = Bench::new();
    for query in [
        "",
        "?transactionId=",
        "?transactionId=TRX_1",
        "?transactionId=TRX_0123456789ABCDEF0123456789abcdef",
        "?transactionid=x",
    ] {
        let answer = bench
            .partner(
                "acme",
                Method::GET,
                &format!("/v1/acme/engine/transactiondetails{query}"),
            )
            .send();
        assert_eq!(answer.failure(), (400, "validation_failed"), "{query}");
        assert!(
            answer.body["errors"][1]
                .as_str()
                .unwrap()
                .starts_with("transactionId: "),
            "{query}"
        );
    }
}

#[test]
fn guests_name_the_orders_that_they_want() {
    let bench = Bench::new();
    let orders = |query: &str| {
        bench
            .partner(
                "acme",
                Method::GET,
                &format!("/v1/acme/engine/user/orders{query}"),
            )
            .send()
    };
    assert_eq!(orders("").failure(), (400, "validation_failed"));
    assert_eq!(
        orders(&format!("?transactionId={UNKNOWN_TRX}&batchId=x")).data(),
        &json!({ "orderBatches": [] })
    );
    let many = vec!["x"; 51].join(",");
    assert_eq!(
        orders(&format!("?batchId={many}")).failure(),
        (400, "validation_failed")
    );
    assert_eq!(
        orders("?transactionId=x&count=101").failure(),
        (400, "validation_failed")
    );
}

#[test]
fn holdings_need_a_connected_user_on_both_paths() {
    let bench = Bench::new();
    for path in [
        "/v1/acme/engine/user/holdings?version=v9",
        "/gateway/acme/user/holdings?version=v9",
    ] {
        assert_eq!(
            bench.partner("acme", Method::GET, path).send().failure(),
            (403, "connected_user_required"),
            "{path}"
        );
    }
}

#[test]
fn the_market_is_open_on_a_monday_morning() {
    let bench = Bench::new();
    let status = |query: &str| {
        bench
            .partner(
                "acme",
                Method::GET,
                &format!("/v1/acme/engine/market/status{query}"),
            )
            .send()
    };
    let open = status("?broker=kite");
    assert_eq!(
        open.data(),
        &json!({ "exchange": "NSE", "broker": "kite", "marketOpen": true, "amoOpen": false, "serverTime": "2026-01-05T04:30:00.000Z",
            "nextOpen": "2026-01-06T03:45:00.000Z", "nextClose": open.data()["nextClose"], "provisional": false })
    );
    assert_eq!(status("").data()["broker"], json!(null));
    assert_eq!(status("?broker=nobody").failure(), (400, "validation_failed"));
}
