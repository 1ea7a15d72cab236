//! Whole stories, told with the official Rust client, of which nothing is changed but its base address.

use std::collections::BTreeMap;
use std::time::Duration;

use kite_client::{Demo, text};
use kiteconnect::{
    ApiSecret, Error, Exchange, GttParams, GttTrigger, GttTriggerParams, Holding, HoldingAuthParams,
    HoldingsAuthInstruments, KiteConnect, Mode, Order, OrderParams, OrderType, Product, Tick, TickerEvent,
    TickerEvents, TransactionType, Variety,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

/// How long an event that is expected may take.
const PATIENCE: Duration = Duration::from_secs(30);

fn terms(side: TransactionType, ticker: &str, quantity: i64) -> OrderParams {
    OrderParams::new()
        .exchange(Exchange::Nse)
        .tradingsymbol(ticker)
        .transaction_type(side)
        .quantity(quantity)
        .product(Product::Cnc)
}

fn at_market(side: TransactionType, ticker: &str, quantity: i64) -> OrderParams {
    let terms = terms(side, ticker, quantity).order_type(OrderType::Market);
    terms.market_protection(-1.0)
}

fn limit(side: TransactionType, ticker: &str, quantity: i64, price: f64) -> OrderParams {
    terms(side, ticker, quantity)
        .order_type(OrderType::Limit)
        .price(price)
}

async fn place(kite: &KiteConnect, params: OrderParams) -> String {
    kite.place_order(Variety::Regular, params).await.unwrap().order_id
}

/// Where an order is now.
async fn state(kite: &KiteConnect, order_id: &str) -> Order {
    let history = kite.order_history(order_id).await.unwrap();
    history.last().unwrap().clone()
}

async fn holding(kite: &KiteConnect, ticker: &str) -> Holding {
    let holdings = kite.holdings().await.unwrap();
    let found = holdings
        .into_iter()
        .find(|holding| holding.tradingsymbol == ticker);
    found.unwrap()
}

/// Status and Kite's word of a refusal.
fn refusal<T: std::fmt::Debug>(result: kiteconnect::Result<T>) -> (u16, String) {
    match result.unwrap_err() {
        Error::Api(error) => (error.status, error.kind.as_str().to_owned()),
        other => panic!("no error of the interface: {other}"),
    }
}

#[tokio::test]
async fn a_login_in_the_browser_holds_until_it_is_ended() {
    let demo = Demo::start().await;
    let mut kite = demo.client();
    let path = format!(
        "/connect/login?v=3&api_key={}&redirect_params=a%3D1",
        demo.api_key
    );
    assert!(demo.page(&path).await.contains("DEMO02"));
    let fields = [
        ("api_key", demo.api_key.as_str()),
        ("redirect_params", "a=1"),
        ("account", "DEMO02"),
    ];
    let answer = demo.post_form("/connect/login", &fields).await;
    assert_eq!(answer.status(), 303);
    let back = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    let back: BTreeMap<_, _> = back.query_pairs().into_owned().collect();
    assert_eq!(
        (back["x"].as_str(), back["a"].as_str(), back["status"].as_str()),
        ("1", "1", "success")
    );
    let token = &back["request_token"];
    let wrong = kite
        .generate_session(token, &ApiSecret::new("wrong").unwrap())
        .await;
    assert_eq!(refusal(wrong), (403, "TokenException".to_owned()));

    let secret = ApiSecret::new(&demo.api_secret).unwrap();
    let session = kite.generate_session(token, &secret).await.unwrap();
    kite.set_access_token(session.access_token.clone());
    assert_eq!(kite.profile().await.unwrap().user_id, "DEMO02");
    let again = kite.generate_session(token, &secret).await;
    assert_eq!(refusal(again).0, 403, "a request token is good once");
    let refresh = session.refresh_token.expect("a refresh token");
    kite.renew_access_token(&refresh, &secret).await.unwrap();
    assert!(kite.invalidate_access_token().await.unwrap());
    assert!(kite.profile().await.unwrap_err().is_session_expired());
}

#[tokio::test]
async fn an_order_is_placed_changed_and_cancelled() {
    let demo = Demo::start().await;
    let kite = demo.user("DEMO01").await;
    let order = place(&kite, limit(TransactionType::Buy, "INFY", 10, 1400.0).tag("mine")).await;
    let seen = state(&kite, &order).await;
    assert_eq!(
        (seen.status.as_str(), seen.tag.as_deref()),
        ("OPEN", Some("mine"))
    );
    let change = OrderParams::new()
        .quantity(12)
        .price(1410.5)
        .order_type(OrderType::Limit);
    kite.modify_order(Variety::Regular, &order, change).await.unwrap();
    let seen = state(&kite, &order).await;
    assert_eq!((seen.quantity, seen.price), (12.0, 1410.5));
    kite.cancel_order(Variety::Regular, &order, None).await.unwrap();
    assert_eq!(state(&kite, &order).await.status, "CANCELLED");
    let again = kite.cancel_order(Variety::Regular, &order, None).await;
    assert_eq!(refusal(again), (400, "OrderException".to_owned()));
}

#[tokio::test]
async fn half_of_an_order_fills_and_the_rest_ends_with_the_day() {
    let demo = Demo::start().await;
    let kite = demo.user("PARTIAL01").await;
    let order = place(&kite, at_market(TransactionType::Buy, "ITC", 10)).await;
    let seen = state(&kite, &order).await;
    assert_eq!(
        (seen.status.as_str(), seen.filled_quantity, seen.pending_quantity),
        ("OPEN", 5.0, 5.0)
    );
    let trades = kite.order_trades(&order).await.unwrap();
    assert_eq!(trades.iter().map(|trade| trade.quantity).sum::<f64>(), 5.0);
    demo.control("clock", &json!({"advance": "PT6H"})).await;
    let seen = state(&kite, &order).await;
    assert_eq!(
        (
            seen.status.as_str(),
            seen.filled_quantity,
            seen.cancelled_quantity
        ),
        ("CANCELLED", 5.0, 5.0)
    );
}

#[tokio::test]
async fn shares_are_authorised_at_the_depository_and_sold() {
    let demo = Demo::start().await;
    let kite = demo.user("TPIN01").await;
    let sale = || kite.place_order(Variety::Regular, at_market(TransactionType::Sell, "INFY", 2));
    assert_eq!(refusal(sale().await).0, 428);
    let wanted =
        HoldingAuthParams::new().instruments(vec![HoldingsAuthInstruments::new("INE009A01021", 5.0)]);
    let request = kite.initiate_holdings_auth(wanted).await.unwrap().request_id;
    let page = format!("/connect/portfolio/authorise/holdings/{}/{request}", demo.api_key);
    assert!(demo.page(&page).await.contains("TPIN"));
    demo.post_form(&page, &[("tpin", "123456")]).await;
    assert_eq!(holding(&kite, "INFY").await.authorised_quantity, 5);
    let order = sale().await.unwrap().order_id;
    assert_eq!(state(&kite, &order).await.status, "COMPLETE");
    assert_eq!(holding(&kite, "INFY").await.used_quantity, 2);
}

#[tokio::test]
async fn a_trigger_sends_its_order_when_the_price_is_there() {
    let demo = Demo::start().await;
    let kite = demo.user("DEMO01").await;
    let last = kite.ltp(&["NSE:ITC"]).await.unwrap()["NSE:ITC"].last_price;
    let below = (last * 0.98).floor();
    // A buy at the last price would rest: shares are offered above it.
    let leg = GttTrigger::Single(GttTriggerParams::new(below, below + 2.0, 3));
    let wanted = GttParams::new("ITC", Exchange::Nse, last, TransactionType::Buy, leg);
    let id = kite.place_gtt(wanted).await.unwrap().trigger_id;
    assert_eq!(kite.gtt(id).await.unwrap().status, "active");
    demo.set_price("ITC", below).await;
    let gtt = kite.gtt(id).await.unwrap();
    assert_eq!(gtt.status, "triggered");
    let orders = kite.orders().await.unwrap();
    let sent = orders.iter().find(|order| order.tradingsymbol == "ITC").unwrap();
    assert_eq!(
        (sent.quantity, sent.price, sent.status.as_str()),
        (3.0, below + 2.0, "COMPLETE")
    );
}

#[tokio::test]
async fn an_app_is_told_what_happens_to_its_orders() {
    let demo = Demo::start().await;
    let kite = demo.user("DEMO01").await;
    let order = place(&kite, at_market(TransactionType::Buy, "ITC", 2)).await;
    let body = demo.postbacks.wait_for(&order, "COMPLETE");
    let signed = format!("{order}{}{}", text(&body, "order_timestamp"), demo.api_secret);
    let checksum: String = Sha256::digest(signed)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(text(&body, "checksum"), checksum);
    let told: Order = serde_json::from_value(body.clone()).expect("a postback is an order");
    assert_eq!(
        (told.filled_quantity, &body["unfilled_quantity"]),
        (2.0, &json!(0))
    );
}

/// Reads events until `wanted` finds what it looks for in one.
async fn wait_for<T>(events: &mut TickerEvents, mut wanted: impl FnMut(TickerEvent) -> Option<T>) -> T {
    let found = async {
        loop {
            let event = events.recv().await.expect("the ticker goes on");
            if let TickerEvent::InvalidOrderUpdate { error, frame } = &event {
                panic!("{error}: {frame}");
            }
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    };
    timeout(PATIENCE, found).await.expect("an event in time")
}

#[tokio::test]
async fn the_ticker_tells_prices_in_three_modes_and_orders() {
    const INFY: u32 = 408_065;
    let demo = Demo::start().await;
    let kite = demo.user("DEMO01").await;
    let quotes = kite.ltp(&["NSE:ITC", "NSE:SBIN"]).await.unwrap();
    let (itc, sbin) = (
        quotes["NSE:ITC"].instrument_token,
        quotes["NSE:SBIN"].instrument_token,
    );
    let socket = demo.root.replace("http://", "ws://").parse().unwrap();
    let (ticker, mut events) = kite.ticker().url(socket).spawn().unwrap();
    ticker.subscribe(&[INFY], Mode::Ltp).unwrap();
    ticker.subscribe(&[itc], Mode::Quote).unwrap();
    ticker.subscribe(&[sbin], Mode::Full).unwrap();
    let mut seen: BTreeMap<u32, Tick> = BTreeMap::new();
    wait_for(&mut events, |event| {
        if let TickerEvent::Ticks(ticks) = event {
            seen.extend(ticks.into_iter().map(|tick| (tick.instrument_token, tick)));
        }
        (seen.len() == 3).then_some(())
    })
    .await;
    assert!(seen.values().all(|tick| tick.last_price.is_some()), "{seen:?}");
    assert_eq!((seen[&INFY].close, seen[&INFY].volume), (None, None));
    assert!(seen[&itc].close.is_some() && seen[&itc].volume.is_some() && seen[&itc].depth.is_none());
    assert_eq!(
        seen[&sbin]
            .depth
            .as_ref()
            .map(|depth| (depth.buy.len(), depth.sell.len())),
        Some((5, 5))
    );

    let wanted = seen[&INFY].last_price.unwrap().floor() - 1.0;
    demo.set_price("INFY", wanted).await;
    wait_for(&mut events, |event| match event {
        TickerEvent::Ticks(ticks) => ticks
            .iter()
            .any(|tick| tick.instrument_token == INFY && tick.last_price == Some(wanted))
            .then_some(()),
        _ => None,
    })
    .await;

    let order = place(&kite, at_market(TransactionType::Buy, "ITC", 1)).await;
    wait_for(&mut events, |event| match event {
        TickerEvent::OrderUpdate(told) => (told.order_id == order && told.status == "COMPLETE").then_some(()),
        _ => None,
    })
    .await;
    ticker.close();
}
