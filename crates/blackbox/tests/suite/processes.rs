//! Several processes: the exchange apart from the gateway, each killed and started again, and two gateways on one
//! database.

use std::time::Duration;

use serde_json::{Value, json};
use torana_testkit::flow::{self, Plan};
use torana_testkit::partner::{AFTER_CLOSE, MARKET_OPEN, basket};
use torana_testkit::receiver::Reply;
use torana_testkit::{Client, Engine, Options, Partner, Receiver, Sdk, Torana, wait_until, walk};

on_both_engines!(a_story_with_an_exchange_of_its_own_survives_its_end,);

fn approve() -> Value {
    json!({"decision": "approve", "broker": "kite", "account": "DEMO01"})
}

/// What the user can see of the account: money and shares, positions and average prices with them.
fn account(partner: &Partner, user: &str) -> (Value, Value) {
    let token = partner.connected(user);
    let funds = partner.transaction(&token, &json!({"intent": "FETCH_FUNDS"}));
    let _ = partner.complete(&token, &funds, &approve()).data();
    let import = partner.transaction(&token, &json!({"intent": "HOLDINGS_IMPORT", "version": "v2"}));
    let _ = partner.complete(&token, &import, &approve()).data();
    let details = partner.details(&token, &funds).data();
    let holdings = partner
        .get(&partner.engine("user/holdings?version=v2"), &token)
        .data();
    (
        details["transactionDetails"]["success"]["data"]["funds"].clone(),
        holdings["securities"].clone(),
    )
}

/// Buys a basket and gives what became of it.
fn buy(partner: &Partner, user: &str, tickers: &[(&str, i64)]) -> Value {
    let token = partner.connected(user);
    let id = partner.transaction(&token, &basket(tickers));
    let _ = partner.complete(&token, &id, &approve()).data();
    let data = partner.wait_for_status(&id, "COMPLETED");
    data["transactionDetails"]["success"]["data"]["batches"].clone()
}

/// Shares of the day's trading in one ticker.
fn bought(holdings: &Value, ticker: &str) -> Value {
    let all = holdings.as_array().unwrap();
    let security = all.iter().find(|security| security["nseTicker"] == ticker);
    security.map_or(json!(0), |security| {
        security["positions"]["nse"]["quantity"].clone()
    })
}

fn a_story_with_an_exchange_of_its_own_survives_its_end(engine: Engine) {
    let receiver = Receiver::new();
    let (mut gateway, mut exchange) = Torana::with_exchange(Options::new(engine).allow(&receiver));
    let keys = gateway.create_gateway("acme", &["--webhook-url", &receiver.url()]);
    exchange.run();
    gateway.run();
    assert_eq!(
        exchange.stdout(),
        [
            format!("torana kite {}", exchange.url()),
            format!("torana ready {}", exchange.url())
        ]
    );
    let partner = gateway.partner(&keys);
    partner.start_world_at(MARKET_OPEN, true);
    let user = partner.connect("kite", "DEMO01");
    let batches = buy(&partner, &user, &[("INFY", 2), ("ITC", 3)]);
    assert_eq!(batches[0]["filled"], 2, "{batches}");
    let before = account(&partner, &user);
    assert_eq!(bought(&before.1, "ITC"), json!(3), "{}", before.1);

    exchange.kill9();
    let token = partner.connected(&user);
    let id = partner.transaction(&token, &json!({"intent": "FETCH_FUNDS"}));
    let answer = partner.complete(&token, &id, &approve());
    assert!(
        answer.status == 503 || answer.data()["settlement"]["outcome"] != "resolve",
        "{}",
        answer.text
    );
    exchange.run();
    assert_eq!(
        account(&partner, &user),
        before,
        "nothing has changed by the restart"
    );
    let _ = buy(&partner, &user, &[("ITC", 4)]);
    assert_eq!(bought(&account(&partner, &user).1, "ITC"), json!(7));

    let before = account(&partner, &user);
    gateway.crash_and_restart();
    assert_eq!(account(&partner, &user), before);
    assert_eq!(exchange.stop(), Some(0));
    assert_eq!(gateway.stop(), Some(0));
}

#[test]
fn a_killed_gateway_places_nothing_twice() {
    let (mut gateway, mut exchange) = Torana::with_exchange(Options::default());
    let keys = gateway.create_gateway("acme", &[]);
    exchange.run();
    gateway.run();
    let partner = gateway.partner(&keys);
    let wanted = [("INFY", 2), ("ITC", 3), ("RELIANCE", 1)];
    for pause_ms in [0, 3, 10, 30] {
        partner.open_market();
        let mut expected = [0, 0, 0];
        let guest = partner.guest();
        let sdk = Sdk::initialised(&partner.base, "acme", &guest);
        let id = partner.transaction(&guest, &basket(&wanted));
        let mut browser = flow::open(&sdk, &id, &json!({}));
        let _ = walk(&mut browser, &Plan::approve("kite", "DEMO01").until("review"));
        browser.press("action", "confirm", &[]);
        // Wherever in the placement this hits; the exchange goes on with what it has.
        std::thread::sleep(Duration::from_millis(pause_ms));
        gateway.crash_and_restart();
        // The closed book of the day proves what the cut left open.
        let _ = partner.clock(&json!({"set": AFTER_CLOSE})).data();
        let data = partner.final_state_after_a_crash(&id);
        let batch = &data["transactionDetails"]["success"]["data"]["batches"][0];
        let orders = [
            batch["orders"].as_array().unwrap().clone(),
            batch["unplaced"].as_array().unwrap().clone(),
        ]
        .concat();
        assert_eq!(orders.len(), wanted.len(), "{batch}");
        for order in &orders {
            let line = wanted
                .iter()
                .position(|(ticker, _)| order["tradingsymbol"] == *ticker);
            expected[line.unwrap()] += order["filledQuantity"].as_i64().unwrap();
        }
        // The exchange's own books say the same as the gateway, share by share.
        let user = data["smallcaseAuthId"].as_str().unwrap();
        let holdings = account(&partner, user).1;
        for ((ticker, _), quantity) in wanted.iter().zip(expected) {
            assert_eq!(bought(&holdings, ticker), json!(quantity), "{ticker}: {holdings}");
        }
    }
}

#[test]
fn an_exchange_answers_nobody_without_its_key() {
    let (_gateway, mut exchange) = Torana::with_exchange(Options::default());
    exchange.run();
    let url = |path: &str| format!("{}{path}", exchange.url());
    let port = url("/torana/internal/exchange/v1");
    let client = Client::default();
    let body = br#"{"world":"acme","at":0,"command":"next_due"}"#;
    for headers in [
        vec![],
        vec![("authorization", "Bearer x")],
        vec![("authorization", "Basic x")],
    ] {
        assert_eq!(client.send("POST", &port, &headers, body).status, 401);
        let desk = client.send("POST", &format!("{port}/access"), &headers, body);
        assert_eq!(desk.status, 401);
    }
    assert_eq!(client.get(&url("/readyz"), &[]).status, 200);
    assert_eq!(
        client.get(&url("/orders"), &[]).status,
        403,
        "the Kite interface has keys of its own"
    );
    assert_eq!(client.get(&url("/nothing"), &[]).status, 404);
}

#[test]
fn two_processes_on_postgres_agree() {
    if std::env::var("TORANA_TEST_SKIP_POSTGRES").is_ok_and(|value| value == "1") {
        eprintln!("skipped: TORANA_TEST_SKIP_POSTGRES=1");
        return;
    }
    let (torana, here, receiver) = Torana::with_receiver(Options::new(Engine::Postgres));
    let mut other = torana.beside();
    other.run();
    let there = other.partner(&here.keys);
    let clock = |partner: &Partner| partner.get_as_gateway(&partner.sandbox("clock")).data();
    here.start_world_at(MARKET_OPEN, true);
    assert_eq!(clock(&there), clock(&here));

    // One world, traded by both.
    let user = here.connect("kite", "DEMO01");
    let sides = [&here, &there];
    for side in [&here, &there, &there, &here] {
        let batches = buy(side, &user, &[("ITC", 1), ("INFY", 2)]);
        assert_eq!(batches[0]["filled"], 2, "{batches}");
    }
    let [one, two] = sides.map(|side| account(side, &user));
    assert_eq!(one, two);
    assert_eq!(bought(&one.1, "ITC"), json!(4));

    // A clock call by one of them runs every job once, whoever else looks at the queue. Two webhooks belong to each
    // basket, and their first attempts are made beside the calls: they must be over before anything is counted, for
    // which a first short walk waits.
    let all_came = |count: usize| {
        wait_until("the first attempts", || {
            (receiver.received().len() >= count).then_some(())
        });
    };
    all_came(8);
    receiver.answer(vec![Reply::status(500)]);
    let _ = buy(&there, &user, &[("ITC", 1)]);
    all_came(10);
    let _ = here.clock(&json!({"advance": "PT1S"})).data();
    for side in sides {
        let before = receiver.received().len();
        let ran = side.clock(&json!({"advance": "PT30M"})).data()["ran"].clone();
        let attempts = receiver.received().len() - before;
        assert!(
            attempts > 0 && ran["webhookAttempts"] == attempts,
            "{ran}, {attempts} came"
        );
        assert_eq!(clock(&there), clock(&here));
    }

    // A second call meanwhile is refused, wherever it arrives.
    let slow = Reply {
        delay: Duration::from_secs(2),
        ..Reply::status(500)
    };
    receiver.answer(vec![slow, Reply::status(200)]);
    let before = receiver.received().len();
    std::thread::scope(|scope| {
        let walk = scope.spawn(|| here.clock(&json!({"advance": "PT12H"})).data());
        wait_until("the walk to be under way", || {
            (receiver.received().len() > before).then_some(())
        });
        let _ = there
            .clock(&json!({"advance": "PT1M"}))
            .refused(409, "clock_busy");
        let _ = here.clock(&json!({"advance": "PT1M"})).refused(409, "clock_busy");
        let _ = walk.join().unwrap();
    });
    assert_eq!(clock(&there), clock(&here));
    let [one, two] = sides.map(|side| account(side, &user));
    assert_eq!(one, two);
}
