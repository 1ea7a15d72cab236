//! Every resource that the client knows, called once. The client's decoders are strict: a member that is missing or of another
//! type fails here.

use std::collections::HashMap;

use kite_client::Demo;
use kiteconnect::{
    AlertOperator, AlertParams, AlertRhsType, AlertStatus, AlertType, BasketParams, ChargesParams,
    ConvertPositionParams, Exchange, GttParams, GttTrigger, GttTriggerParams, HoldingAuthParams, KiteConnect,
    MarginParams, MfOrderParams, MfSipParams, OrderChargesParam, OrderMarginParam, OrderParams, OrderType,
    PositionType, Product, TransactionType, Validity, Variety,
};
use serde_json::json;

const INFY: u32 = 408_065;

async fn demo_and_user() -> (Demo, KiteConnect) {
    let demo = Demo::start().await;
    let kite = demo.user("DEMO01").await;
    (demo, kite)
}

fn buy(ticker: &str, quantity: i64) -> OrderParams {
    OrderParams::new()
        .exchange(Exchange::Nse)
        .tradingsymbol(ticker)
        .transaction_type(TransactionType::Buy)
        .quantity(quantity)
        .product(Product::Mis)
        .order_type(OrderType::Market)
        .validity(Validity::Day)
        .market_protection(-1.0)
}

#[tokio::test]
async fn the_user_and_the_money() {
    let (_demo, kite) = demo_and_user().await;
    assert_eq!(kite.profile().await.unwrap().user_id, "DEMO01");
    kite.full_profile().await.unwrap();
    let margins = kite.margins().await.unwrap();
    assert!(margins.equity.enabled && margins.equity.net > 0.0);
    kite.segment_margins("equity").await.unwrap();
    kite.segment_margins("commodity").await.unwrap();
    let order = || {
        let (regular, mis) = (Variety::Regular, Product::Mis);
        OrderMarginParam::new(
            Exchange::Nse,
            "INFY",
            TransactionType::Buy,
            regular,
            mis,
            OrderType::Market,
            2,
        )
    };
    for compact in [false, true] {
        let wanted = MarginParams::new(vec![order()]).compact(compact);
        assert!(kite.order_margins(wanted).await.unwrap()[0].total > 0.0);
        let wanted = BasketParams::new(vec![order()])
            .compact(compact)
            .consider_positions(true);
        assert!(kite.basket_margins(wanted).await.unwrap().final_margin.total > 0.0);
    }
    let (variety, cnc, market) = (Variety::Regular, Product::Cnc, OrderType::Market);
    let done = OrderChargesParam::new(
        "1",
        Exchange::Nse,
        "INFY",
        TransactionType::Buy,
        variety,
        cnc,
        market,
        1,
        1500.0,
    );
    let charges = kite.order_charges(ChargesParams::new(vec![done])).await.unwrap();
    assert!(charges[0].charges.total > 0.0);
}

#[tokio::test]
async fn orders_of_every_variety() {
    let (demo, kite) = demo_and_user().await;
    kite.place_order(Variety::Regular, buy("ITC", 2)).await.unwrap();
    kite.place_order(
        Variety::Iceberg,
        buy("ITC", 10).iceberg_legs(3).iceberg_quantity(4),
    )
    .await
    .unwrap();
    let last = kite.ltp(&["NSE:ITC"]).await.unwrap()["NSE:ITC"].last_price;
    let cover = buy("ITC", 3).trigger_price((last * 0.97).floor());
    let cover = kite.place_order(Variety::Co, cover).await.unwrap();
    kite.exit_order(Variety::Co, &cover.order_id, None).await.unwrap();
    let rich = json!({"broker": "kite", "account": "RUST01", "fundsInr": 900_000_000});
    demo.control("accounts", &rich).await;
    let sliced = buy("ITC", 250_000)
        .order_type(OrderType::Limit)
        .price((last * 0.95).floor())
        .autoslice(true);
    let sliced = demo
        .user("RUST01")
        .await
        .place_order(Variety::Regular, sliced)
        .await
        .unwrap();
    assert!(sliced.children.len() > 1 && sliced.children.iter().all(|child| child.error.is_none()));
    assert!(kite.orders().await.unwrap().len() >= 6);
    assert!(!kite.trades().await.unwrap().is_empty());
    demo.control("clock", &json!({"advance": "PT8H"})).await;
    let amo = buy("ITC", 1)
        .product(Product::Cnc)
        .order_type(OrderType::Limit)
        .price((last * 0.95).floor());
    let amo = kite.place_order(Variety::Amo, amo).await.unwrap();
    let history = kite.order_history(&amo.order_id).await.unwrap();
    assert_eq!(history.last().unwrap().status, "AMO REQ RECEIVED");
    let refused = kite
        .place_order(Variety::Auction, buy("ITC", 1).auction_number("1"))
        .await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn the_portfolio() {
    let (_demo, kite) = demo_and_user().await;
    kite.place_order(Variety::Regular, buy("ITC", 5)).await.unwrap();
    let (side, day) = (TransactionType::Buy, PositionType::Day);
    let wanted = ConvertPositionParams::new(Exchange::Nse, "ITC", Product::Mis, Product::Cnc, day, side, 5);
    assert!(kite.convert_position(wanted).await.unwrap());
    let positions = kite.positions().await.unwrap();
    assert_eq!(
        (positions.net[0].product.as_str(), positions.day.is_empty()),
        ("CNC", false)
    );
    assert!(!kite.holdings().await.unwrap().is_empty());
    kite.holdings_summary().await.unwrap();
    assert!(!kite.holdings_compact().await.unwrap().is_empty());
    kite.auction_instruments().await.unwrap();
    kite.initiate_holdings_auth(HoldingAuthParams::new())
        .await
        .unwrap();
}

#[tokio::test]
async fn triggers_and_alerts() {
    let (demo, kite) = demo_and_user().await;
    let last = kite.ltp(&["NSE:ITC"]).await.unwrap()["NSE:ITC"].last_price;
    let leg = |factor: f64| {
        let price = (last * factor).floor();
        GttTriggerParams::new(price, price, 1)
    };
    let (lower, upper) = (leg(0.95), leg(1.05));
    let both = GttTrigger::TwoLeg { lower, upper };
    let wanted = |trigger| GttParams::new("ITC", Exchange::Nse, last, TransactionType::Sell, trigger);
    let two = kite.place_gtt(wanted(both)).await.unwrap().trigger_id;
    let single = kite
        .place_gtt(wanted(GttTrigger::Single(upper)))
        .await
        .unwrap()
        .trigger_id;
    kite.modify_gtt(single, wanted(GttTrigger::Single(leg(1.04))))
        .await
        .unwrap();
    demo.set_price("ITC", (last * 1.045).floor()).await;
    assert_eq!(kite.gtt(single).await.unwrap().status, "triggered");
    assert_eq!(kite.gtts().await.unwrap().len(), 2);
    kite.delete_gtt(two).await.unwrap();

    let constant = |name: &str, value| {
        let (kind, operator) = (AlertType::Simple, AlertOperator::Ge);
        let rhs = AlertRhsType::Constant;
        AlertParams::new(name, kind, "NSE", "INFY", "LastTradedPrice", operator, rhs).rhs_constant(value)
    };
    let made = kite.create_alert(constant("high", 9_000.0)).await.unwrap();
    let changed = kite
        .modify_alert(&made.uuid, constant("higher", 9_500.0))
        .await
        .unwrap();
    assert_eq!(changed.name, "higher");
    let fires = kite.create_alert(constant("at once", 1.0)).await.unwrap();
    demo.control("clock", &json!({"advance": "PT1M"})).await;
    assert_eq!(
        kite.alert(&fires.uuid).await.unwrap().status,
        AlertStatus::Disabled
    );
    assert_eq!(kite.alert_history(&fires.uuid).await.unwrap().len(), 1);
    assert_eq!(kite.alerts(&HashMap::new()).await.unwrap().len(), 2);
    assert!(
        kite.delete_alerts(&[&made.uuid, &fires.uuid])
            .unwrap()
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn the_market() {
    let (_demo, kite) = demo_and_user().await;
    let names = ["NSE:INFY", "BSE:ITC", "NSE:NOSUCH"];
    let quotes = kite.quote(&names).await.unwrap();
    assert_eq!((quotes.len(), quotes["NSE:INFY"].instrument_token), (2, INFY));
    kite.ohlc(&names).await.unwrap();
    kite.ltp(&names).await.unwrap();
    let all = kite.instruments().await.unwrap();
    let nse = kite.instruments_by_exchange("NSE").await.unwrap();
    assert!(all.len() > nse.len() && nse.iter().any(|row| row.instrument_token == INFY));
    let at = |text: &str| text.parse().unwrap();
    for (interval, from) in [("day", "2025-12-01T00:00:00"), ("minute", "2026-01-05T09:15:00")] {
        let (from, to) = (at(from), at("2026-01-05T10:00:00"));
        let candles = kite
            .historical_data(INFY, interval, from, to, false, true)
            .await
            .unwrap();
        assert!(candles.len() > 10, "{interval}: {}", candles.len());
    }
}

#[tokio::test]
async fn mutual_funds() {
    let (_demo, kite) = demo_and_user().await;
    assert!(kite.mf_orders().await.unwrap().is_empty());
    let day = |text: &str| text.parse().unwrap();
    assert!(
        kite.mf_orders_by_date(day("2026-01-01"), day("2026-01-05"))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(kite.mf_sips().await.unwrap().is_empty());
    kite.mf_holdings().await.unwrap();
    kite.mf_allotted_isins().await.unwrap();
    assert!(!kite.mf_instruments().await.unwrap().is_empty());
    let order = MfOrderParams::new("INF174K01LS2", TransactionType::Buy).amount(5_000.0);
    assert!(kite.place_mf_order(order).await.is_err());
    let sip = MfSipParams::new("INF174K01LS2", 1_000.0, 12, "monthly");
    assert!(kite.place_mf_sip(sip).await.is_err());
}
