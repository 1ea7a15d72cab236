//! Alerts.

use http::Method;
use serde_json::{Value, json};
use torana_domain::money::Price;
use torana_exchange::core::command::NewTick;
use torana_exchange::core::{Command, Reply, SecurityName};
use torana_instruments::Exchange;

use crate::bench::Bench;

const SIMPLE: &str = "name=Infosys&type=simple&lhs_exchange=NSE&lhs_tradingsymbol=INFY&lhs_attribute=LastTradedPrice&operator=%3E%3D&rhs_type=constant&rhs_constant=1520";
const BASKET: &str = r#"{"name":"b","type":"alert","tags":[],"items":[{"type":"insert","tradingsymbol":"ITC","exchange":"NSE","weight":10000,"params":{"transaction_type":"BUY","product":"CNC","order_type":"MARKET","validity":"DAY","validity_ttl":1,"quantity":2,"price":0,"trigger_price":0,"disclosed_quantity":0,"variety":"regular","tags":[],"gtt":{"target":0,"stoploss":0}}}]}"#;
const KEYS: [&str; 18] = [
    "alert_count",
    "created_at",
    "disabled_reason",
    "lhs_attribute",
    "lhs_exchange",
    "lhs_tradingsymbol",
    "name",
    "operator",
    "rhs_attribute",
    "rhs_constant",
    "rhs_exchange",
    "rhs_tradingsymbol",
    "rhs_type",
    "status",
    "type",
    "updated_at",
    "user_id",
    "uuid",
];

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

async fn infy_at(bench: &Bench, paise: i64) {
    let tick = NewTick {
        security: SecurityName::Ticker("INFY".to_owned()),
        exchange: Exchange::Nse,
        price: Price::from_paise(paise),
        at: None,
    };
    let reply = bench.command(Command::SetPrices(vec![tick])).await.reply;
    assert_eq!(reply, Reply::PricesSet { accepted: 1 });
}

#[tokio::test]
async fn an_alert_lives_and_fires_once() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    let (status, body) = bench.form(&login, Method::POST, "/alerts", SIMPLE).await;
    assert_eq!(status, 200, "{body}");
    let alert = &body["data"];
    assert_eq!(keys(alert), KEYS);
    assert_eq!(alert["status"], "enabled");
    assert_eq!(alert["rhs_constant"], 1520);
    let uuid = alert["uuid"].as_str().unwrap();
    let path = format!("/alerts/{uuid}");
    assert_eq!(&bench.data(&login, &path).await, alert);
    assert_eq!(bench.data(&login, &format!("{path}/history")).await, json!([]));

    infy_at(&bench, 152_000).await;
    let fired = bench.data(&login, &path).await;
    assert_eq!(
        (&fired["status"], &fired["alert_count"]),
        (&json!("disabled"), &json!(1))
    );
    assert_eq!(bench.data(&login, "/alerts?status=enabled").await, json!([]));
    assert_eq!(
        bench.data(&login, "/alerts?status=disabled").await,
        json!([fired])
    );
    let history = bench.data(&login, &format!("{path}/history")).await;
    let line = &history[0];
    assert_eq!(line["condition"], "LastTradedPrice(\"NSE:INFY\") >= 1520");
    assert_eq!(line["meta"][0]["last_price"], 1520);
    assert_eq!(line["meta"][0]["instrument_token"], 408_065);
    assert_eq!(line["order_meta"], Value::Null);

    let (status, body) = bench
        .form(&login, Method::PUT, &path, &SIMPLE.replace("1520", "1530.5"))
        .await;
    assert_eq!((status, &body["data"]["status"]), (200, &json!("enabled")));
    assert_eq!(body["data"]["rhs_constant"], json!(1530.5));
    let (status, body) = bench
        .form(&login, Method::DELETE, &format!("/alerts?uuid={uuid}"), "")
        .await;
    assert_eq!((status, &body["data"]), (200, &Value::Null));
    assert_eq!(bench.data(&login, "/alerts").await, json!([]));
}

#[tokio::test]
async fn the_basket_of_an_alert_goes_to_the_market() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    let basket = BASKET.replace('"', "%22");
    let form = format!("{}&basket={basket}", SIMPLE.replace("simple", "ato"));
    let (status, body) = bench.form(&login, Method::POST, "/alerts", &form).await;
    assert_eq!(status, 200, "{body}");
    let item = &body["data"]["basket"]["items"][0];
    assert_eq!(
        (&item["tradingsymbol"], &item["params"]["quantity"]),
        (&json!("ITC"), &json!(2))
    );
    let uuid = body["data"]["uuid"].as_str().unwrap().to_owned();
    let path = format!("/alerts/{uuid}");

    // Its items can be changed by their ids, and the alert can be kept from waiting meanwhile.
    let changes = r#"{"items":[{"type":"delete","id":1},{"type":"insert","tradingsymbol":"INFY","exchange":"NSE","weight":1,"params":{"transaction_type":"BUY","product":"CNC","order_type":"MARKET","quantity":1}}]}"#;
    let ato = SIMPLE.replace("simple", "ato");
    let form = format!("{ato}&status=disabled&basket={}", changes.replace('"', "%22"));
    let (status, body) = bench.form(&login, Method::PUT, &path, &form).await;
    let items = body["data"]["basket"]["items"].as_array().unwrap();
    assert_eq!(
        (status, &body["data"]["status"], items.len()),
        (200, &json!("disabled"), 1)
    );
    assert_eq!(
        (&items[0]["tradingsymbol"], &items[0]["id"]),
        (&json!("INFY"), &json!(1))
    );
    let wrong = changes.replace("\"id\":1", "\"id\":7").replace('"', "%22");
    let form = format!("{ato}&basket={wrong}");
    let (status, body) = bench.form(&login, Method::PUT, &path, &form).await;
    assert_eq!(status, 400, "{body}");
    infy_at(&bench, 152_000).await;
    assert_eq!(bench.data(&login, &path).await["alert_count"], 0);
    infy_at(&bench, 151_000).await;
    let (status, body) = bench.form(&login, Method::PUT, &path, &ato).await;
    assert_eq!(
        (status, &body["data"]["status"]),
        (200, &json!("enabled")),
        "{body}"
    );

    infy_at(&bench, 152_000).await;
    let history = bench.data(&login, &format!("/alerts/{uuid}/history")).await;
    let order_id = &history[0]["order_meta"][0]["order_id"];
    let orders = bench.data(&login, "/orders").await;
    assert_eq!(
        (&orders[0]["order_id"], &orders[0]["status"]),
        (order_id, &json!("COMPLETE"))
    );
}

#[tokio::test]
async fn what_is_wrong_is_named_and_alerts_are_their_users_own() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    for (from, to, field) in [
        ("type=simple", "type=loud", "`type`"),
        ("type=simple", "type=ato", "`basket`"),
        ("type=simple", "type=ato&basket=x", "`basket`"),
        ("type=simple", "type=ato&basket=%7B%7D", "`basket`"),
        ("name=Infosys", "name=", "`name`"),
        ("lhs_exchange=NSE", "lhs_exchange=INDICES", "`lhs_exchange`"),
        ("lhs_tradingsymbol=INFY", "lhs_tradingsymbol=NOSUCH", "instrument"),
        ("LastTradedPrice", "OpenInterest", "`lhs_attribute`"),
        ("%3E%3D", "%3D%3E", "`operator`"),
        ("rhs_type=constant", "rhs_type=instrument", "`rhs_type`"),
        ("rhs_constant=1520", "rhs_constant=much", "`rhs_constant`"),
        ("rhs_constant=1520", "rhs_constant=0", "`rhs_constant`"),
    ] {
        let form = SIMPLE.replace(from, to);
        assert_ne!(form, SIMPLE);
        let (status, body) = bench.form(&login, Method::POST, "/alerts", &form).await;
        assert_eq!(
            (status, &body["error_type"]),
            (400, &json!("InputException")),
            "{to}"
        );
        assert!(body["message"].as_str().unwrap().contains(field), "{to}: {body}");
    }
    let (_, body) = bench.form(&login, Method::POST, "/alerts", SIMPLE).await;
    let path = format!("/alerts/{}", body["data"]["uuid"].as_str().unwrap());
    let other = bench.login("DEMO02").await;
    assert_eq!(bench.data(&other, "/alerts").await, json!([]));
    let (status, class, _) = bench.failure(Some(&other), &path).await;
    assert_eq!((status, class.as_str()), (404, "GeneralException"));
    let (status, _) = bench.form(&other, Method::PUT, &path, SIMPLE).await;
    assert_eq!(status, 404);
    let (status, body) = bench.form(&login, Method::DELETE, "/alerts", "").await;
    assert_eq!((status, &body["error_type"]), (400, &json!("InputException")));
}
