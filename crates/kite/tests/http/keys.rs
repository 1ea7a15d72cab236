//! Every documented member is in every answer. The lists are written down here once more, from the documentation.

use serde_json::{Value, json};

use crate::bench::{Bench, members, order};

const PROFILE: &str =
    "user_id user_type email user_name user_shortname broker exchanges products order_types avatar_url meta";
const SESSION: &str = "api_key access_token public_token enctoken refresh_token silo login_time";
const FULL: &str = "bank_accounts dp_ids pan phone";
const SEGMENT: &str = "enabled net available utilised";
const AVAILABLE: &str = "adhoc_margin cash opening_balance live_balance collateral intraday_payin";
const UTILISED: &str = "debits exposure m2m_realised m2m_unrealised option_premium payout span holding_sales turnover \
    liquid_collateral stock_collateral delivery";
const ORDER: &str = "placed_by account_id order_id exchange_order_id parent_order_id status status_message \
    status_message_raw order_timestamp exchange_update_timestamp exchange_timestamp variety modified exchange \
    tradingsymbol instrument_token order_type transaction_type validity validity_ttl product quantity \
    disclosed_quantity price trigger_price average_price filled_quantity pending_quantity cancelled_quantity \
    market_protection auction_number meta tag tags guid";
const TRADE: &str = "trade_id order_id exchange_order_id tradingsymbol exchange instrument_token transaction_type \
    product average_price quantity fill_timestamp order_timestamp exchange_timestamp";
const HOLDING: &str = "tradingsymbol exchange instrument_token isin product price quantity used_quantity t1_quantity \
    realised_quantity authorised_quantity authorised_date authorisation opening_quantity short_quantity \
    collateral_quantity collateral_type discrepancy average_price last_price close_price pnl day_change \
    day_change_percentage mtf";
const MTF: &str = "quantity used_quantity average_price value initial_margin";
const SUMMARY: &str = "total_pnl total_pnl_percent today_pnl today_pnl_percent invested_amount current_value";
const COMPACT: &str = "exchange tradingsymbol instrument_token t1_quantity quantity";
const POSITION: &str = "tradingsymbol exchange instrument_token product quantity overnight_quantity multiplier \
    average_price close_price last_price value pnl m2m unrealised realised buy_quantity buy_price buy_value buy_m2m \
    sell_quantity sell_price sell_value sell_m2m day_buy_quantity day_buy_price day_buy_value day_sell_quantity \
    day_sell_price day_sell_value";
const GTT: &str =
    "id user_id parent_trigger type created_at updated_at expires_at status condition orders meta";
const CONDITION: &str = "exchange last_price tradingsymbol trigger_values instrument_token";
const GTT_ORDER: &str = "exchange tradingsymbol product order_type transaction_type quantity price result";
const MARGIN: &str = "type tradingsymbol exchange span exposure option_premium additional bo cash var pnl leverage \
    charges total";
const CHARGES: &str = "transaction_tax transaction_tax_type exchange_turnover_charge sebi_turnover_charge brokerage \
    stamp_duty gst total";
const GST: &str = "igst cgst sgst total";
const NOTE: &str =
    "transaction_type tradingsymbol exchange variety product order_type quantity price charges";

fn has(value: &Value, lists: &[&str]) {
    let mut wanted: Vec<&str> = lists.iter().flat_map(|list| list.split_whitespace()).collect();
    wanted.sort_unstable();
    assert_eq!(members(value), wanted);
}

fn includes(value: &Value, list: &str) {
    let there = members(value);
    for name in list.split_whitespace() {
        assert!(there.contains(&name), "{name} in {value}");
    }
}

#[test]
fn of_users() {
    let bench = Bench::new();
    let keys = bench.app("acme");
    let session = bench
        .exchange_token(&keys, &bench.request_token(&keys, "DEMO01"))
        .data();
    has(&session, &[PROFILE, SESSION]);
    let login = bench.login(&keys, "TPIN01");
    let profile = bench.get(&login, "/user/profile").data();
    has(&profile, &[PROFILE]);
    assert_eq!(
        profile["meta"],
        json!({ "demat_consent": "" }),
        "no standing instruction"
    );
    let full = bench.get(&login, "/user/profile/full").data();
    includes(&full, PROFILE);
    includes(&full, FULL);
    includes(&full["meta"], "poa silo account_blocks");
    let margins = bench.get(&login, "/user/margins").data();
    has(&margins, &["equity commodity"]);
    for segment in ["equity", "commodity"] {
        let alone = bench
            .get(&login, &format!("/user/margins/{segment}?segment={segment}"))
            .data();
        assert_eq!(alone, margins[segment]);
        has(&alone, &[SEGMENT]);
        has(&alone["available"], &[AVAILABLE]);
        has(&alone["utilised"], &[UTILISED]);
    }
    assert_eq!(
        bench.get(&login, "/user/margins/gold").failure().1,
        "InputException"
    );
}

#[test]
fn of_orders_and_trades() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let id = bench.place(&login, &order(&[]));
    bench.place(&login, &order(&[("order_type", "LIMIT"), ("price", "1400")]));
    let rejected = bench.user("ORDERFAIL01");
    bench.place(&rejected, &order(&[]));
    for (login, path) in [
        (&login, "/orders".to_owned()),
        (&rejected, "/orders".to_owned()),
        (&login, format!("/orders/{id}")),
    ] {
        for row in bench.get(login, &path).data().as_array().unwrap() {
            has(row, &[ORDER]);
            assert!(row["meta"].is_object() && row["tags"].is_array());
        }
    }
    let refused = bench.get(&rejected, "/orders").data()[0].clone();
    assert_eq!(refused["status"], "REJECTED");
    assert!(refused["status_message"].is_string() && refused["exchange_order_id"].is_null());
    for row in bench.get(&login, "/trades").data().as_array().unwrap() {
        has(row, &[TRADE]);
    }
}

#[test]
fn of_the_portfolio() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    for row in bench
        .get(&login, "/portfolio/holdings")
        .data()
        .as_array()
        .unwrap()
    {
        has(row, &[HOLDING]);
        has(&row["mtf"], &[MTF]);
        assert_eq!(row["price"], 0);
    }
    has(
        &bench.get(&login, "/portfolio/holdings/summary").data(),
        &[SUMMARY],
    );
    for row in bench
        .get(&login, "/portfolio/holdings/compact")
        .data()
        .as_array()
        .unwrap()
    {
        has(row, &[COMPACT]);
    }
    assert_eq!(
        bench.get(&login, "/portfolio/holdings/auctions").data(),
        json!([])
    );
    bench.place(&login, &order(&[]));
    bench.place(
        &login,
        &order(&[("product", "MIS"), ("transaction_type", "SELL")]),
    );
    let positions = bench.get(&login, "/portfolio/positions").data();
    has(&positions, &["net day"]);
    let all = positions["net"]
        .as_array()
        .unwrap()
        .iter()
        .chain(positions["day"].as_array().unwrap());
    assert_eq!(all.clone().count(), 4);
    all.for_each(|row| has(row, &[POSITION]));
}

#[test]
fn of_triggers_margins_and_charges() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let gtt = [
        ("type", "single"),
        (
            "condition",
            r#"{"exchange":"NSE","tradingsymbol":"ITC","trigger_values":[400.0],"last_price":430}"#,
        ),
        (
            "orders",
            r#"[{"exchange":"NSE","tradingsymbol":"ITC","transaction_type":"BUY","quantity":1,"order_type":"LIMIT","product":"CNC","price":401.0}]"#,
        ),
    ];
    let id = bench.post(&login, "/gtt/triggers", &gtt).data()["trigger_id"].clone();
    let one = bench.get(&login, &format!("/gtt/triggers/{id}")).data();
    assert_eq!(json!([one]), bench.get(&login, "/gtt/triggers").data());
    has(&one, &[GTT]);
    has(&one["condition"], &[CONDITION]);
    has(&one["orders"][0], &[GTT_ORDER]);
    let orders = json!([{ "exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "BUY", "variety": "regular",
        "product": "CNC", "order_type": "LIMIT", "quantity": 1, "price": 1500, "trigger_price": 0 }]);
    let margins = bench.json(&login, "/margins/orders?mode=compact", &orders).data();
    let basket = bench
        .json(
            &login,
            "/margins/basket?consider_positions=true&mode=compact",
            &orders,
        )
        .data();
    includes(&basket, "initial final orders");
    assert_eq!(basket["orders"], margins);
    for row in [&margins[0], &basket["initial"], &basket["final"]] {
        has(row, &[MARGIN]);
        has(&row["pnl"], &["realised unrealised"]);
        has(&row["charges"], &[CHARGES]);
        has(&row["charges"]["gst"], &[GST]);
    }
    let traded = json!([{ "order_id": "1", "exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "BUY",
        "variety": "regular", "product": "CNC", "order_type": "MARKET", "quantity": 1, "average_price": 1500.05 }]);
    let notes = bench.json(&login, "/charges/orders", &traded).data();
    has(&notes[0], &[NOTE]);
    has(&notes[0]["charges"], &[CHARGES]);
}
