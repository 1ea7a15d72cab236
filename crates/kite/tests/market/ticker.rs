//! The ticker.

use axum::body::Body;
use http::Request;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;
use torana_credentials::sha256_hex;
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::Side;
use torana_exchange::core::command::NewTick;
use torana_exchange::core::{AccountKey, Command, OrderRequest, Reply, SecurityName, SessionRef};
use torana_instruments::Exchange;

use crate::bench::{Bench, Login};
use crate::socket::{Client, Said, word};

fn session(account: &str, login: &Login) -> SessionRef {
    SessionRef {
        key: AccountKey::new(BrokerKey::Kite, account).unwrap(),
        token_hash: sha256_hex(login.token.as_bytes()),
    }
}

async fn buy(bench: &Bench, account: &str, login: &Login, ticker: &str) {
    let command = Command::Place {
        session: session(account, login),
        order: OrderRequest::delivery(Side::Buy, ticker, Shares(1)),
    };
    let reply = bench.command(command).await.reply;
    assert!(matches!(reply, Reply::OrderTaken { .. }), "{reply:?}");
}

fn paise(value: &Value) -> u32 {
    u32::try_from(Paise::parse(&value.to_string()).unwrap().0).unwrap()
}

#[tokio::test]
async fn every_mode_tells_what_a_quote_says() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    let mut client = Client::logged_in(&bench, &login).await;
    client.say(r#"{"a":"subscribe","v":[408065]}"#).await;
    let packets = client.packets().await;
    assert_eq!(
        (packets.len(), packets[0].len()),
        (1, 44),
        "a subscription begins with quotes"
    );
    client.say(r#"{"a":"mode","v":["ltp",[408065]]}"#).await;
    assert_eq!(client.packets().await, [packets[0][..8].to_vec()]);
    client.say(r#"{"a":"mode","v":["full",[408065]]}"#).await;
    let full = client.packets().await;
    assert_eq!(full[0].len(), 184);
    assert_eq!(full[0][..44], packets[0]);

    let quote = bench.data(&login, "/quote?i=NSE:INFY").await;
    let (quote, full) = (&quote["NSE:INFY"], &full[0]);
    assert_eq!(word(full, 0), 408_065);
    let ohlc = &quote["ohlc"];
    for (at, price) in [
        (4, &quote["last_price"]),
        (12, &quote["average_price"]),
        (28, &ohlc["open"]),
        (32, &ohlc["high"]),
        (36, &ohlc["low"]),
        (40, &ohlc["close"]),
        (68, &quote["depth"]["buy"][0]["price"]),
        (128, &quote["depth"]["sell"][0]["price"]),
    ] {
        assert_eq!(word(full, at), paise(price), "byte {at}");
    }
    for (at, name) in [
        (8, "last_quantity"),
        (16, "volume"),
        (20, "buy_quantity"),
        (24, "sell_quantity"),
    ] {
        assert_eq!(u64::from(word(full, at)), quote[name].as_u64().unwrap(), "{name}");
    }
    assert_eq!(word(full, 60), 1_767_587_400);
}

#[tokio::test]
async fn prices_come_when_the_world_moves() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    let mut client = Client::logged_in(&bench, &login).await;
    client
        .say(r#"{"a":"mode","v":["ltp",[408065,424961,128053508]]}"#)
        .await;
    assert_eq!(client.packets().await.len(), 3);
    assert!(
        matches!(client.next().await, Said::Heartbeat),
        "a world that stands still"
    );

    let tick = NewTick {
        security: SecurityName::Ticker("INFY".to_owned()),
        exchange: Exchange::Nse,
        price: Price::from_paise(151_000),
        at: None,
    };
    let reply = bench.command(Command::SetPrices(vec![tick])).await.reply;
    assert_eq!(reply, Reply::PricesSet { accepted: 1 });
    let set = client.packets().await;
    assert_eq!(set.len(), 2, "on both exchanges, and nothing else");
    assert_eq!(word(&set[0], 4), 151_000);

    client.say(r#"{"a":"unsubscribe","v":[128053508]}"#).await;
    bench.clock.set("2026-01-05T08:00:00.000Z");
    let moved = client.packets().await;
    let tokens: Vec<u32> = moved.iter().map(|packet| word(packet, 0)).collect();
    assert_eq!(tokens, [408_065, 424_961]);
}

#[tokio::test]
async fn a_user_hears_of_own_orders_only() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    let other = bench.login("DEMO02").await;
    buy(&bench, "DEMO01", &login, "ITC").await;
    let mut client = Client::logged_in(&bench, &login).await;
    buy(&bench, "DEMO02", &other, "INFY").await;
    buy(&bench, "DEMO01", &login, "INFY").await;
    let news = client.text().await;
    assert_eq!(news["type"], "order");
    let order = &news["data"];
    assert_eq!(order["account_id"], "DEMO01");
    assert_eq!(order["tradingsymbol"], "INFY", "not what was there before");
    assert_eq!(order["status"], "COMPLETE");
    let orders = bench.data(&login, "/orders").await;
    let in_book = orders
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["order_id"] == order["order_id"]);
    assert_eq!(in_book, Some(order), "the same members as in the book");
}

#[tokio::test]
async fn wrong_messages_are_answered_and_forgiven() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    let mut client = Client::logged_in(&bench, &login).await;
    let many: Vec<String> = bench
        .text(None, "/instruments")
        .await
        .1
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap().to_owned())
        .collect();
    for wrong in [
        "hello".to_owned(),
        r#"{"a":"buy","v":[408065]}"#.to_owned(),
        r#"{"a":"mode","v":["deep",[408065]]}"#.to_owned(),
    ] {
        client.say(&wrong).await;
        let error = client.text().await;
        assert_eq!(error["type"], "error", "{wrong}");
        assert!(error["data"].as_str().unwrap().contains("allowed"), "{error}");
    }
    client.send(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(client.text().await["type"], "error");
    client.send(Message::Ping(vec![7].into())).await;
    client
        .say(&format!(r#"{{"a":"mode","v":["ltp",[{}]]}}"#, many.join(",")))
        .await;
    assert_eq!(
        client.packets().await.len(),
        many.len(),
        "every listing has a price"
    );
}

#[tokio::test]
async fn strangers_get_no_connection_and_a_token_gets_three() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    let Login { api_key, token } = &login;
    for query in [
        String::new(),
        format!("api_key={api_key}"),
        format!("api_key={api_key}&access_token=wrong"),
        format!("api_key=wrong&access_token={token}"),
    ] {
        assert_eq!(Client::connect(&bench, &query).await.err(), Some(403), "{query}");
    }
    let query = format!("api_key={api_key}&access_token={token}");
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(Client::connect(&bench, &query).await.unwrap());
    }
    assert_eq!(Client::connect(&bench, &query).await.err(), Some(429));
    let mut last = clients.pop().unwrap();
    last.send(Message::Close(None)).await;
    while !matches!(last.next().await, Said::Closed(1000)) {}
    // The place is free as soon as the other side has seen the end.
    let mut again = Client::connect(&bench, &query).await;
    while again.is_err() {
        tokio::task::yield_now().await;
        again = Client::connect(&bench, &query).await;
    }
    let plain = Request::get("/").body(Body::empty()).unwrap();
    assert_eq!(bench.send(plain).await.status(), 404);
}

#[tokio::test]
async fn a_login_that_is_over_ends_the_connection() {
    let bench = Bench::new().await;
    let login = bench.login("DEMO01").await;
    let mut client = Client::logged_in(&bench, &login).await;
    bench.command(Command::Logout(session("DEMO01", &login))).await;
    assert_eq!(client.text().await["type"], "error");
    assert!(matches!(client.next().await, Said::Closed(1008)));
}
