//! One world, several processes: one owns it, the others hand their commands over, a dead owner is replaced, and
//! one that comes back is fenced off.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::process::Process;
use common::steered::{Fate, Steered};
use common::{ask, book, buy, databases, exchange, login, monday};
use torana_exchange::core::{Command, Reply, SessionRef};
use torana_exchange::{Port, PortError};
use torana_storage::exchange::worlds::{self, Version, WorldRow};
use torana_storage::{Store, StoreError};

/// The one world of a database.
async fn row(store: &Store) -> WorldRow {
    store.read(|tx| worlds::find(tx, "acme")).await.unwrap().unwrap()
}

/// What an owner looks like that others take for dead: its lease has run out.
async fn end_lease(store: &Store) {
    let ended = store.write("end", |tx| tx.execute("UPDATE world SET lease_until = 0", &[]));
    ended.await.unwrap();
}

async fn place(port: &dyn Port, session: &SessionRef) -> String {
    match ask(port, "acme", monday(1), buy(session, "ITC", 1)).await {
        Reply::OrderTaken { broker_order_id } => broker_order_id,
        other => panic!("{other:?}"),
    }
}

/// The ids of the book as each process sees it, and as a reader of the log does.
async fn census(store: &Store, processes: &[&Process], session: &SessionRef) -> BTreeSet<String> {
    let mut books = Vec::new();
    for process in processes {
        books.push(book(&process.port, "acme", monday(2), session).await);
    }
    books.push(book(&exchange(store), "acme", monday(2), session).await);
    for pair in books.windows(2) {
        assert_eq!(pair[0], pair[1]);
    }
    let ids: Vec<String> = books[0]
        .orders
        .iter()
        .map(|order| order.broker_order_id.clone())
        .collect();
    let distinct: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!(ids.len(), distinct.len(), "no order overwrote another");
    distinct
}

#[tokio::test]
async fn two_processes_serve_one_world() {
    const EACH: usize = 12;
    for database in databases("processes") {
        let store = database.open().await;
        let processes = [Process::shared(&store), Process::shared(&database.open().await)];
        let session = login(&processes[0].port, "acme", monday(0), "DEMO01").await;
        let tasks: Vec<_> = processes
            .iter()
            .map(|process| {
                let (port, session) = (process.port.clone(), session.clone());
                tokio::spawn(async move {
                    let mut ids = Vec::new();
                    for _ in 0..EACH {
                        ids.push(place(&port, &session).await);
                    }
                    ids
                })
            })
            .collect();
        let mut ids = BTreeSet::new();
        for task in tasks {
            ids.extend(task.await.unwrap());
        }
        assert_eq!(ids.len(), 2 * EACH);
        assert_eq!(row(&store).await.token, 1, "the first one stayed the owner");
        let [one, two] = &processes;
        assert_eq!(census(&store, &[one, two], &session).await, ids);
        let left = store
            .read(|tx| tx.query_one("SELECT COUNT(*) FROM world_command", &[])?.int(0))
            .await;
        assert_eq!(left.unwrap(), 0, "answers that were taken are forgotten");
    }
}

#[tokio::test]
async fn a_dead_owner_is_replaced() {
    for database in databases("dead") {
        let store = database.open().await;
        let (one, two) = (Process::shared(&store), Process::shared(&database.open().await));
        let session = login(&one.port, "acme", monday(0), "DEMO01").await;
        let first = place(&one.port, &session).await;
        one.kill();
        let second = place(&two.port, &session).await;
        assert_eq!(row(&store).await.token, 2);
        assert_eq!(
            census(&store, &[&two], &session).await,
            BTreeSet::from([first, second])
        );
    }
}

#[tokio::test]
async fn an_owner_that_stops_lets_go_at_once() {
    for database in databases("stops") {
        let store = database.open().await;
        let one = Process::shared(&store);
        let session = login(&one.port, "acme", monday(0), "DEMO01").await;
        assert!(row(&store).await.lease_until.0 > 0);
        one.stop().await;
        assert_eq!(row(&store).await.lease_until.0, 0);
        place(&Process::shared(&store).port, &session).await;
    }
}

#[tokio::test]
async fn an_older_token_is_refused_by_the_log() {
    for database in databases("token") {
        let store = database.open().await;
        login(&exchange(&store), "acme", monday(0), "DEMO01").await;
        let before = row(&store).await;
        ask(&exchange(&store), "acme", monday(0), Command::NextDue).await;
        let after = row(&store).await;
        assert_eq!((after.token, after.version), (before.token + 1, before.version));
        let append = |fence: worlds::Fence| {
            let to = Version {
                seq: after.version.seq + 1,
                ..after.version
            };
            store.write("append", move |tx| {
                worlds::advance(tx, fence, after.version, to, monday(0))
            })
        };
        assert!(
            !append(before.fence()).await.unwrap(),
            "the log ends where it wants to append"
        );
        assert!(append(after.fence()).await.unwrap());
    }
}

/// An owner that stands still in the middle of its commit while another one takes over. Nothing of that commit may
/// be seen, even though the new owner has only read and the log still ends where the old one's state ends.
#[tokio::test]
async fn an_owner_that_comes_back_is_fenced_off() {
    for database in databases("fenced") {
        let store = database.open().await;
        let steered = Steered::new(database.open().await, "exchange.append");
        let (one, two) = (Process::shared(&steered.store), Process::shared(&store));
        let session = login(&one.port, "acme", monday(0), "DEMO01").await;
        let appends = steered.count("exchange.append");
        steered.set(Fate::Waits);
        let late = tokio::spawn({
            let (port, session) = (one.port.clone(), session.clone());
            async move { place(&port, &session).await }
        });
        steered.reached("exchange.append", appends + 1).await;
        end_lease(&store).await;
        assert!(
            book(&two.port, "acme", monday(1), &session)
                .await
                .orders
                .is_empty()
        );
        let between = row(&store).await;
        assert_eq!(between.token, 2);
        steered.set(Fate::Works);
        steered.reached("exchange.hand_over", 1).await;
        let late = late.await.unwrap();
        assert_eq!(row(&store).await.token, 2, "it asked the new owner");
        assert_eq!(
            census(&store, &[&one, &two], &session).await,
            BTreeSet::from([late])
        );
    }
}

#[tokio::test]
async fn what_was_handed_over_is_carried_out_once() {
    // The owner stops before its commit, or after it and before anybody has learned of it.
    for (name, fate) in [("once-before", Fate::Waits), ("once-after", Fate::FailsAfter)] {
        for database in databases(name) {
            let store = database.open().await;
            let steered = Steered::new(database.open().await, "exchange.append");
            let (one, two) = (Process::shared(&steered.store), Process::shared(&store));
            let session = login(&one.port, "acme", monday(0), "DEMO01").await;
            let appends = steered.count("exchange.append");
            steered.set(fate);
            let asked = tokio::spawn({
                let (port, session) = (two.port.clone(), session.clone());
                async move { place(&port, &session).await }
            });
            steered.reached("exchange.append", appends + 1).await;
            end_lease(&store).await;
            let id = asked.await.unwrap();
            steered.set(Fate::Works);
            assert_eq!(
                census(&store, &[&two, &one], &session).await,
                BTreeSet::from([id])
            );
        }
    }
}

#[tokio::test]
async fn a_command_that_nobody_answers_is_taken_back() {
    for database in databases("silent") {
        let store = database.open().await;
        let (one, two) = (Process::shared(&store), Process::shared(&store));
        let session = login(&one.port, "acme", monday(0), "DEMO01").await;
        one.kill();
        // It is dead, but by the database's clock nobody can know that yet.
        let endless = store.write("endless", |tx| {
            tx.execute("UPDATE world SET lease_until = 9000000000000", &[])
        });
        endless.await.unwrap();
        let asked = tokio::spawn({
            let (port, session) = (two.port.clone(), session.clone());
            async move { port.execute("acme", monday(1), buy(&session, "ITC", 1)).await }
        });
        let waiting = || {
            store.read(|tx| -> Result<i64, StoreError> {
                tx.query_one("SELECT COUNT(*) FROM world_command", &[])?.int(0)
            })
        };
        while waiting().await.unwrap() == 0 {
            tokio::task::yield_now().await;
        }
        two.pass(Duration::from_secs(10));
        assert!(matches!(asked.await.unwrap(), Err(PortError::NotDone(_))));
        assert_eq!(waiting().await.unwrap(), 0);
        end_lease(&store).await;
        assert!(census(&store, &[&two], &session).await.is_empty());
    }
}
