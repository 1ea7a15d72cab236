//! What only PostgreSQL does: schemas, lost connections, a server that goes away.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use common::{block_on, int_of, run_script};
use futures_util::future::join_all;
use torana_drivers::{PostgresDriver, PostgresOptions};
use torana_pgtest::{Cluster, ClusterOptions, fresh_database};
use torana_storage::{Store, StoreError, Value};

const INSERT: &str = "INSERT INTO t (id) VALUES ($1)";
const COUNT: &str = "SELECT COUNT(*) FROM t";

fn open(url: &str, options: PostgresOptions) -> (Arc<PostgresDriver>, Store) {
    let driver = Arc::new(PostgresDriver::open(url, options).unwrap());
    (Arc::clone(&driver), Store::new(driver))
}

async fn insert(store: &Store, id: i64) -> Result<(), StoreError> {
    store
        .write("insert", move |tx| tx.execute_one(INSERT, &[Value::Int(id)]))
        .await
}

/// A cluster that a test may crash.
fn own_cluster(durable: bool) -> Option<Cluster> {
    torana_pgtest::own_cluster(&ClusterOptions {
        durable,
        ..ClusterOptions::default()
    })
}

#[test]
fn schemas_of_one_database_are_apart() {
    let Some(url) = fresh_database() else { return };
    let schema = |name: &str| PostgresOptions {
        schema: Some(name.to_owned()),
        ..PostgresOptions::default()
    };
    let (_, public) = open(&url, PostgresOptions::default());
    let (_, exchange) = open(&url, schema("exchange"));
    let (_, quoted) = open(&url, schema("it's \"odd\""));
    for (store, rows) in [(&public, 1), (&exchange, 2), (&quoted, 3)] {
        run_script(store, "CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY)");
        for id in 0..rows {
            block_on(insert(store, id)).unwrap();
        }
    }
    let (_, again) = open(&url, schema("exchange"));
    assert_eq!(
        [&public, &exchange, &quoted, &again].map(|store| int_of(store, COUNT)),
        [1, 2, 3, 2]
    );
}

#[test]
fn a_server_that_restarts_is_found_again_without_an_error() {
    let Some(cluster) = own_cluster(true) else { return };
    let (driver, store) = open(&cluster.create_database().unwrap(), PostgresOptions::default());
    run_script(&store, "CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY)");
    block_on(join_all((0..50).map(|id| insert(&store, id))))
        .into_iter()
        .for_each(|result| result.unwrap());
    block_on(join_all((0..50).map(|_| store.read(|tx| tx.query(COUNT, &[])))));
    cluster.crash_and_restart().unwrap();
    // Every thread holds a dead connection now; nothing was sent, so nothing is in doubt.
    assert_eq!(int_of(&store, COUNT), 50, "an acknowledged write is gone");
    block_on(join_all((50..100).map(|id| insert(&store, id))))
        .into_iter()
        .for_each(|result| result.unwrap());
    assert_eq!(int_of(&store, COUNT), 100);
    assert_eq!(driver.stats().failures, 0);
}

#[test]
fn a_connection_that_breaks_inside_a_closure_runs_it_again() {
    let Some(url) = fresh_database() else { return };
    let (_, store) = open(&url, PostgresOptions::default());
    run_script(&store, "CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY)");
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let write = store.write("breaks", move |tx| {
        tx.execute_one(INSERT, &[Value::Int(1)])?;
        if counted.fetch_add(1, Ordering::Relaxed) == 0 {
            tx.query("SELECT pg_terminate_backend(pg_backend_pid())", &[])?;
        }
        Ok(())
    });
    block_on(write).unwrap();
    assert_eq!((runs.load(Ordering::Relaxed), int_of(&store, COUNT)), (2, 1));
    let read = block_on(store.read::<(), _>(|tx| {
        tx.query("SELECT pg_terminate_backend(pg_backend_pid())", &[])
            .map(|_| ())
    }));
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    assert_eq!(int_of(&store, COUNT), 1);
}

#[test]
fn a_server_that_is_gone_is_unavailable_and_comes_back() {
    let Some(cluster) = own_cluster(false) else { return };
    let (_, store) = open(&cluster.create_database().unwrap(), PostgresOptions::default());
    run_script(&store, "CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY)");
    cluster.stop().unwrap();
    for id in 0..20 {
        let refused = block_on(insert(&store, id));
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        let refused = block_on(store.read(|tx| tx.query(COUNT, &[])));
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    }
    cluster.start_again().unwrap();
    block_on(insert(&store, 0)).unwrap();
    assert_eq!(int_of(&store, COUNT), 1);
}

#[test]
fn commits_are_synchronous_even_where_the_database_says_otherwise() {
    let Some(url) = fresh_database() else { return };
    let (_, store) = open(&url, PostgresOptions::default());
    let name = url.rsplit('/').next().unwrap();
    let script: &'static str = format!("ALTER DATABASE {name} SET synchronous_commit = off").leak();
    run_script(&store, script);
    let (_, store) = open(&url, PostgresOptions::default());
    let shown = |isolation: &'static str| {
        block_on(store.write("show", move |tx| tx.query_one(isolation, &[])?.text(0)))
    };
    assert_eq!(shown("SHOW synchronous_commit").unwrap(), "on");
    assert_eq!(shown("SHOW transaction_isolation").unwrap(), "serializable");
    let read = block_on(store.read(|tx| tx.query_one("SHOW transaction_isolation", &[])?.text(0)));
    assert_eq!(read.unwrap(), "repeatable read");
}

#[test]
fn what_cannot_be_carried_is_said_when_the_statement_is_prepared() {
    let Some(url) = fresh_database() else { return };
    let (_, store) = open(&url, PostgresOptions::default());
    run_script(&store, "CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY)");
    let sum = block_on(store.read(|tx| tx.prepare("SELECT SUM(id) FROM t")));
    assert!(
        matches!(&sum, Err(StoreError::Statement(text)) if text.contains("sum") && text.contains("numeric")),
        "{sum:?}"
    );
    let text_for_number = block_on(store.write("insert", |tx| tx.execute_one(INSERT, &["1".into()])));
    assert!(
        matches!(text_for_number, Err(StoreError::Statement(_))),
        "{text_for_number:?}"
    );
    assert_eq!(int_of(&store, COUNT), 0);
}

#[test]
fn no_server_is_an_error_that_says_so() {
    let refused = PostgresDriver::open(
        "postgres://nobody:sesame@127.0.0.1:1/none",
        PostgresOptions::default(),
    );
    match refused {
        Err(StoreError::Unavailable(text)) => assert!(!text.contains("sesame"), "{text}"),
        other => panic!("{:?}", other.map(|_| ())),
    }
}

#[test]
fn a_cluster_vanishes_with_its_owner() {
    let Some(cluster) = own_cluster(false) else { return };
    let url = cluster.create_database().unwrap();
    assert!(PostgresDriver::open(&url, PostgresOptions::default()).is_ok());
    drop(cluster);
    assert!(PostgresDriver::open(&url, PostgresOptions::default()).is_err());
}
