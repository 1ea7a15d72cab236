//! Worlds in a database: restarts, neighbours, resets, failures, shared commits.

#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::process::Process;
use common::steered::{Fate, Steered};
use common::{ask, book, buy, databases, exchange, login, monday};
use futures_util::future::join_all;
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::{OrderState, Side, Variety};
use torana_domain::time::{Date, Timestamp};
use torana_exchange::core::{Command, EventPage, OrderRequest, OrderType, Place, Reply, WorldView};
use torana_exchange::feed::{MarketFeed, MarketFile, bundled_file, read_files};
use torana_exchange::{Ownership, Port, PortError, TEST_ACCOUNTS};

async fn world(port: &dyn Port, name: &str, command: Command) -> WorldView {
    reply_of_world(ask(port, name, monday(0), command).await)
}

/// Lets a world come to an instant.
async fn world_at(port: &dyn Port, name: &str, at: Timestamp) -> WorldView {
    reply_of_world(ask(port, name, at, Command::AdvanceTo).await)
}

fn reply_of_world(reply: Reply) -> WorldView {
    match reply {
        Reply::World(view) => view,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_statement_prepares() {
    for database in databases("prepare") {
        let store = database.open().await;
        let prepared = store.read(|tx| {
            torana_storage::exchange::statements()
                .into_iter()
                .try_for_each(|sql| tx.prepare(sql))
        });
        prepared.await.unwrap();
    }
}

#[tokio::test]
async fn a_restart_in_the_middle_of_a_day_changes_nothing() {
    for database in databases("restart") {
        let before = exchange(&database.open().await);
        let session = login(&before, "acme", monday(0), "SLOW01").await;
        ask(&before, "acme", monday(1), buy(&session, "INFY", 3)).await;
        let seen = book(&before, "acme", monday(2), &session).await;
        assert_eq!(seen.orders[0].state(), OrderState::Open);
        drop(before);

        let after = exchange(&database.open().await);
        assert_eq!(book(&after, "acme", monday(2), &session).await, seen);
        let filled = book(&after, "acme", monday(61), &session).await;
        assert_eq!(filled.orders[0].state(), OrderState::Complete);
        drop(after);

        let again = exchange(&database.open().await);
        assert_eq!(book(&again, "acme", monday(61), &session).await, filled);
    }
}

#[tokio::test]
async fn worlds_never_touch() {
    for database in databases("isolation") {
        let port = exchange(&database.open().await);
        let here = login(&port, "here", monday(0), "DEMO01").await;
        let there = login(&port, "there", monday(86_400), "DEMO02").await;
        ask(&port, "here", monday(1), buy(&here, "INFY", 3)).await;
        // A session, an order or an instant of one world means nothing in the other.
        assert_eq!(
            ask(&port, "there", monday(1), Command::Funds(here.clone())).await,
            Reply::SessionExpired
        );
        let other = login(&port, "there", monday(86_400), "DEMO01").await;
        assert!(book(&port, "there", monday(0), &other).await.orders.is_empty());
        let untouched = Reply::Funds(Paise(100_000_000));
        assert_eq!(
            ask(&port, "there", monday(0), Command::Funds(other)).await,
            untouched
        );
        assert_eq!(
            book(&port, "here", monday(2), &here)
                .await
                .trading_day
                .to_string(),
            "2026-01-05"
        );
        let reset = Command::Reset {
            seed: Some(9),
            start: Some(monday(0)),
        };
        assert_eq!(world(&port, "there", reset).await.seed, 9);
        assert_eq!(
            ask(&port, "there", monday(0), Command::Funds(there)).await,
            Reply::SessionExpired
        );
        assert_eq!(book(&port, "here", monday(2), &here).await.orders.len(), 1);
    }
}

#[tokio::test]
async fn a_reset_reaches_every_process_and_empties_the_log() {
    for database in databases("reset") {
        let store = database.open().await;
        let (one, two) = (Process::shared(&store).port, Process::shared(&store).port);
        let session = login(&one, "acme", monday(0), "DEMO01").await;
        ask(&one, "acme", monday(1), buy(&session, "INFY", 3)).await;
        assert_eq!(book(&two, "acme", monday(2), &session).await.orders.len(), 1);
        let view = world(
            &one,
            "acme",
            Command::Reset {
                seed: None,
                start: Some(monday(-86_400 * 3)),
            },
        )
        .await;
        assert_eq!((view.seed, view.now, view.events), (7, monday(-86_400 * 3), 1));
        let back = monday(-86_400 * 3);
        assert_eq!(
            ask(&two, "acme", back, Command::Funds(session)).await,
            Reply::SessionExpired
        );
        let rows = store
            .read(|tx| tx.query_one("SELECT COUNT(*), MIN(seq), MIN(epoch) FROM world_event", &[]))
            .await
            .unwrap();
        let numbers: Vec<i64> = (0..3).map(|column| rows.int(column).unwrap()).collect();
        assert_eq!(numbers, [1, 1, 2], "one event, the first of the second epoch");
    }
}

#[tokio::test]
async fn long_logs_are_read_from_a_snapshot() {
    for database in databases("snapshot") {
        let port = exchange(&database.open().await);
        // More trading days than one commit holds events.
        let view = world(
            &port,
            "acme",
            Command::EnsureWorld {
                seed: 3,
                start: monday(0),
            },
        )
        .await;
        assert_eq!((view.seed, view.started_at), (3, monday(0)));
        let jump = monday(86_400 * 9_000);
        let Reply::World(view) = ask(&port, "acme", jump, Command::AdvanceTo).await else {
            panic!()
        };
        assert!(view.events > 5_000 && view.now == jump, "{view:?}");
        let store = database.open().await;
        let row = store
            .read(|tx| tx.query_one("SELECT seq, epoch FROM world_snapshot", &[]))
            .await
            .unwrap();
        assert!(row.int(0).unwrap() > 5_000);
        // Only the snapshot and what follows it are needed.
        store
            .write("cut", |tx| {
                tx.execute("DELETE FROM world_event WHERE seq <= 5000", &[])
            })
            .await
            .unwrap();
        let Reply::World(again) = ask(&exchange(&store), "acme", jump, Command::AdvanceTo).await else {
            panic!()
        };
        assert_eq!(again, WorldView { events: 0, ..view });
    }
}

#[tokio::test]
async fn worlds_begin_by_themselves_with_a_seed() {
    for database in databases("seeds") {
        let store = database.open().await;
        let seeded = exchange(&store);
        assert_eq!(world(&seeded, "one", Command::AdvanceTo).await.seed, 7);
        let ensured = Command::EnsureWorld {
            seed: 99,
            start: monday(0),
        };
        assert_eq!(
            world(&seeded, "one", ensured.clone()).await.seed,
            7,
            "it exists already"
        );
        assert_eq!(world(&seeded, "two", ensured).await.seed, 99);
        let random = Process::seeded(&store, Ownership::Alone, None).port;
        let (three, four) = (
            world(&random, "three", Command::AdvanceTo).await,
            world(&random, "four", Command::AdvanceTo).await,
        );
        assert_ne!(three.seed, four.seed);
        assert!(three.seed < 1 << 53 && four.seed < 1 << 53);
        let Reply::Accounts(accounts) = ask(
            &random,
            "three",
            monday(0),
            Command::ListAccounts(BrokerKey::Kite),
        )
        .await
        else {
            panic!()
        };
        assert_eq!(accounts.len(), TEST_ACCOUNTS.len());
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_a_world_that_works() {
    for database in databases("gone") {
        let port = exchange(&database.open().await);
        let session = login(&port, "acme", monday(0), "DEMO01").await;
        for polls in 1..12 {
            let mut call = port.execute("acme", monday(1), buy(&session, "ITC", 1));
            for _ in 0..polls {
                if futures_util::poll!(&mut call).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(call);
            // A write that was on its way is done now, or finds that it came too late.
            let session = login(&port, "acme", monday(1), "DEMO01").await;
            let seen = book(&port, "acme", monday(2), &session).await;
            let stored = book(&exchange(&database.open().await), "acme", monday(2), &session).await;
            assert_eq!(seen, stored);
        }
    }
}

#[tokio::test]
async fn nothing_is_answered_that_is_not_stored() {
    const TOGETHER: usize = 5;
    for database in databases("failing") {
        let steered = Steered::new(database.open().await, "exchange.append");
        let port = exchange(&steered.store);
        let session = login(&port, "acme", monday(0), "DEMO01").await;
        for (failure, orders) in [(Fate::FailsBefore, 0), (Fate::FailsAfter, TOGETHER)] {
            steered.set(failure);
            let calls = (0..TOGETHER).map(|_| port.execute("acme", monday(1), buy(&session, "ITC", 1)));
            for answer in join_all(calls).await {
                assert_eq!(
                    answer,
                    Err(PortError::Unavailable(
                        "database unavailable: disk full".to_owned()
                    ))
                );
            }
            steered.set(Fate::Works);
            let stored = book(&port, "acme", monday(1), &session).await;
            assert_eq!(stored.orders.len(), orders);
        }
    }
}

#[tokio::test]
async fn commands_that_arrive_together_share_a_commit() {
    const TOGETHER: usize = 50;
    for database in databases("group") {
        let steered = Steered::new(database.open().await, "exchange.append");
        let port = exchange(&steered.store);
        let session = login(&port, "acme", monday(0), "DEMO01").await;
        let before = steered.count("exchange.append");
        steered.set(Fate::Waits);
        let order = || port.execute("acme", monday(1), buy(&session, "ITC", 1));
        let first = tokio::spawn(order());
        steered.reached("exchange.append", before + 1).await;
        let rest = tokio::spawn(join_all((0..TOGETHER).map(|_| order())));
        tokio::task::yield_now().await;
        steered.set(Fate::Works);
        let mut ids = BTreeSet::new();
        for answer in rest.await.unwrap().into_iter().chain([first.await.unwrap()]) {
            match answer.unwrap().reply {
                Reply::OrderTaken { broker_order_id } => ids.insert(broker_order_id),
                other => panic!("{other:?}"),
            };
        }
        assert_eq!(ids.len(), TOGETHER + 1);
        assert_eq!(steered.count("exchange.append"), before + 2);
        let seen = book(&port, "acme", monday(2), &session).await;
        assert_eq!(
            book(&exchange(&database.open().await), "acme", monday(2), &session).await,
            seen
        );
    }
}

#[tokio::test]
async fn a_damaged_log_says_so() {
    for database in databases("damaged") {
        let store = database.open().await;
        let port = exchange(&store);
        login(&port, "acme", monday(0), "DEMO01").await;
        store
            .write("damage", |tx| {
                tx.execute("UPDATE world_event SET body = '{}' WHERE seq = 2", &[])
            })
            .await
            .unwrap();
        let answer = exchange(&store)
            .execute("acme", monday(1), Command::AdvanceTo)
            .await;
        assert!(matches!(answer, Err(PortError::Damaged(_))), "{answer:?}");
    }
}

async fn events(port: &dyn Port, after: (i64, i64), count_max: u32) -> EventPage {
    let after = Place {
        epoch: after.0,
        seq: after.1,
    };
    match ask(port, "acme", monday(5), Command::Events { after, count_max }).await {
        Reply::Events(page) => page,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_log_is_read_in_pages_and_begins_anew_with_a_reset() {
    for database in databases("events") {
        let port = exchange(&database.open().await);
        let session = login(&port, "acme", monday(0), "DEMO01").await;
        ask(&port, "acme", monday(1), buy(&session, "INFY", 3)).await;
        let all = events(&port, (0, 0), 1000).await;
        let numbers: Vec<i64> = all.events.iter().map(|event| event.seq).collect();
        assert_eq!(
            numbers,
            (1..=i64::try_from(numbers.len()).unwrap()).collect::<Vec<_>>()
        );
        let kinds: BTreeSet<&str> = all.events.iter().map(|event| event.kind.as_str()).collect();
        for kind in [
            "world_started",
            "account_made",
            "session_opened",
            "order_accepted",
        ] {
            assert!(kinds.contains(kind), "{kinds:?}");
        }
        assert!(!serde_json::to_string(&all).unwrap().contains("hash of DEMO01"));

        let mut paged = Vec::new();
        loop {
            let page = events(&port, (all.epoch, i64::try_from(paged.len()).unwrap()), 3).await;
            if page.events.is_empty() {
                break;
            }
            paged.extend(page.events);
        }
        assert_eq!(paged, all.events);
        assert_eq!(
            events(&port, (all.epoch, -5), 1000).await,
            all,
            "before the first is the first"
        );

        let reset = Command::Reset {
            seed: None,
            start: Some(monday(0)),
        };
        ask(&port, "acme", monday(5), reset).await;
        let anew = events(&port, (all.epoch, 4), 1000).await;
        assert_eq!(
            (anew.epoch, anew.events.len(), anew.events[0].kind.as_str()),
            (all.epoch + 1, 1, "world_started")
        );
    }
}

/// A feed in which INFY costs twice as much from Wednesday on.
fn with_a_list_of_wednesday() -> MarketFeed {
    let from = Date::parse("2026-01-07").unwrap();
    let shipped = bundled_file(&MarketFile::Securities(from));
    let infy = shipped
        .lines()
        .find(|line| line.starts_with("NSE,INFY,"))
        .unwrap();
    let changed = infy.replace(",150000,", ",300000,");
    assert_ne!(infy, changed);
    let files = [(MarketFile::Securities(from), shipped.replace(infy, &changed))];
    MarketFeed::new(Arc::new(read_files(&files.into()).unwrap()))
}

#[tokio::test]
async fn a_list_counts_from_its_day_on_however_far_a_call_goes() {
    const DAY: i64 = 86_400;
    const EVENING: i64 = 25_200;
    let cash_after = async |name: &str, steps: &[i64]| {
        let store = databases(name).remove(0).open().await;
        let port = Process::of_market(&store, Ownership::Alone, Some(7), with_a_list_of_wednesday()).port;
        let session = login(&port, "acme", monday(0), "DEMO01").await;
        // Released on Tuesday, whose list it fits; on Wednesday's it would be far below the band.
        let order = OrderRequest {
            variety: Variety::Amo,
            order_type: OrderType::Limit,
            price: Some(Price::from_paise(155_000)),
            ..OrderRequest::delivery(Side::Buy, "INFY", Shares(3))
        };
        let place = Command::Place {
            session: session.clone(),
            order,
        };
        ask(&port, "acme", monday(EVENING), place).await;
        for step in steps {
            world_at(&port, "acme", monday(*step)).await;
        }
        let session = login(&port, "acme", monday(2 * DAY), "DEMO01").await;
        match ask(&port, "acme", monday(2 * DAY), Command::Funds(session)).await {
            Reply::Funds(cash) => cash,
            other => panic!("{other:?}"),
        }
    };
    let stepped = cash_after("lists-stepped", &[DAY, 2 * DAY]).await;
    assert!(stepped < Paise(100_000_000 - 3 * 140_000), "{stepped:?}");
    assert_eq!(cash_after("lists-jump", &[2 * DAY]).await, stepped);
}

#[tokio::test]
async fn a_split_that_an_operator_brings_reaches_a_world() {
    let actions =
        "[[action]]\nisin = \"INE009A01021\"\nex_date = \"2026-01-06\"\nkind = \"split\"\nratio = \"2:1\"\n";
    let files = [(MarketFile::CorporateActions, actions.to_owned())];
    let feed = MarketFeed::new(Arc::new(read_files(&files.into()).unwrap()));
    let store = databases("split").remove(0).open().await;
    let port = Process::of_market(&store, Ownership::Alone, Some(7), feed).port;
    let shares = async |at: Timestamp| {
        let session = login(&port, "acme", at, "DEMO01").await;
        match ask(&port, "acme", at, Command::Holdings(session.into())).await {
            Reply::Holdings(holdings) => {
                let infy = holdings.iter().find(|line| line.isin == "INE009A01021").unwrap();
                (infy.quantity.0, infy.last_price.unwrap().0)
            }
            other => panic!("{other:?}"),
        }
    };
    let (before, dear) = shares(monday(0)).await;
    let (after, cheap) = shares(monday(86_400)).await;
    assert_eq!(after, before * 2);
    assert!((cheap * 2 - dear).abs() * 5 < dear, "{dear} {cheap}");
}
