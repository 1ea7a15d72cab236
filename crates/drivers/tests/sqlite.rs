//! What only SQLite does: shared commits, its queue, its files, other processes.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::any::Any;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use common::{Folder, Gate, block_on, fast, int_of, run_script};
use futures_util::future::join_all;
use torana_drivers::sqlite::{BackupError, backup};
use torana_drivers::{SqliteDriver, SqliteOptions};
use torana_storage::store::AnyClosure;
use torana_storage::{Driver, Store, StoreError, Tx, Value};

const CREATE: &str = "CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY, body TEXT NOT NULL)";
const INSERT: &str = "INSERT INTO t (id, body) VALUES ($1, $2)";
const COUNT: &str = "SELECT COUNT(*) FROM t";

fn open(folder: &Folder, options: SqliteOptions) -> (Arc<SqliteDriver>, Store) {
    let driver = Arc::new(SqliteDriver::open(folder.database(), options).unwrap());
    (Arc::clone(&driver), Store::new(driver))
}

async fn insert(store: &Store, id: i64, body: String) -> Result<(), StoreError> {
    store
        .write("insert", move |tx| {
            tx.execute_one(INSERT, &[Value::Int(id), body.as_str().into()])
        })
        .await
}

/// A closure as a driver takes it.
fn erased(body: impl Fn(&mut dyn Tx) -> Result<(), StoreError> + Send + Sync + 'static) -> AnyClosure {
    Arc::new(move |tx| body(tx).map(|()| Box::new(()) as Box<dyn Any + Send>))
}

/// Submits without waiting: what a driver queues it queues at the first poll.
fn submit<F: Future>(future: F) -> std::pin::Pin<Box<F>> {
    let mut future = Box::pin(future);
    assert!(
        future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    future
}

#[test]
fn what_waits_shares_one_commit_and_a_failure_costs_only_itself() {
    let folder = Folder::new("batch");
    let (driver, store) = open(&folder, fast());
    run_script(&store, CREATE);
    let (gate, body) = Gate::new();
    let gated = submit(store.write("gate", body));
    gate.wait_until_entered();
    let before = driver.stats();

    let one = |id: i64| {
        store.write("insert", move |tx| {
            tx.execute_one(INSERT, &[Value::Int(id), "x".into()])?;
            match id % 10 {
                3 => Err(StoreError::Rollback),
                6 => panic!("on purpose"),
                9 => tx.execute_one(INSERT, &[Value::Int(0), "again".into()]),
                _ => Ok(()),
            }
        })
    };
    let waiting: Vec<_> = (0..100).map(|id| submit(one(id))).collect();
    assert_eq!(driver.stats().queued_writes, 100);
    gate.open();
    let results = block_on(async {
        gated.await.unwrap();
        join_all(waiting).await
    });
    for (id, result) in results.iter().enumerate() {
        let fits = match id % 10 {
            3 => matches!(result, Err(StoreError::Rollback)),
            6 => matches!(result, Err(StoreError::Statement(_))),
            9 => matches!(result, Err(StoreError::Duplicate(key)) if key == "t.id"),
            _ => result.is_ok(),
        };
        assert!(fits, "{id}: {result:?}");
    }
    assert_eq!(int_of(&store, COUNT), 70);
    let after = driver.stats();
    assert_eq!(after.closures - before.closures, 101);
    assert!(
        after.commits - before.commits <= 20,
        "{} commits for 101 closures",
        after.commits - before.commits
    );
}

#[test]
fn a_full_queue_refuses_at_once() {
    let folder = Folder::new("queue");
    let (_, store) = open(
        &folder,
        SqliteOptions {
            queue_max: 4,
            ..fast()
        },
    );
    run_script(&store, CREATE);
    let (gate, body) = Gate::new();
    let gated = submit(store.write("gate", body));
    gate.wait_until_entered();
    let waiting: Vec<_> = (0..4)
        .map(|id| submit(insert(&store, id, "x".to_owned())))
        .collect();
    let mut refused = pin!(insert(&store, 4, "x".to_owned()));
    match refused.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(StoreError::Unavailable(_))) => {}
        other => panic!("{other:?}"),
    }
    gate.open();
    block_on(async {
        gated.await.unwrap();
        join_all(waiting)
            .await
            .into_iter()
            .for_each(|result| result.unwrap());
        insert(&store, 4, "x".to_owned()).await.unwrap();
    });
    assert_eq!(int_of(&store, COUNT), 5);
}

#[test]
fn dropping_the_driver_runs_what_is_queued_and_everything_is_there_again() {
    let folder = Folder::new("restart");
    let (driver, store) = open(&folder, SqliteOptions::default());
    run_script(&store, CREATE);
    let (gate, body) = Gate::new();
    let gated = driver.write("gate", erased(body));
    gate.wait_until_entered();
    let one = |id: i64| move |tx: &mut dyn Tx| tx.execute_one(INSERT, &[Value::Int(id), "x".into()]);
    let waiting: Vec<_> = (0..50)
        .map(|id| driver.write("insert", erased(one(id))))
        .collect();
    let closing = std::thread::spawn(move || drop((store, driver)));
    gate.open();
    block_on(async {
        gated.await.unwrap();
        join_all(waiting)
            .await
            .into_iter()
            .for_each(|result| drop(result.unwrap()));
    });
    closing.join().unwrap();
    let (_, store) = open(&folder, SqliteOptions::default());
    assert_eq!(int_of(&store, COUNT), 50);
}

#[test]
fn a_full_disk_fails_the_whole_batch_and_the_engine_recovers() {
    let folder = Folder::new("full");
    let (driver, store) = open(
        &folder,
        SqliteOptions {
            pages_max: Some(100),
            ..fast()
        },
    );
    run_script(&store, CREATE);
    let (gate, body) = Gate::new();
    let gated = submit(store.write("gate", body));
    gate.wait_until_entered();
    let small = submit(insert(&store, 1, "x".to_owned()));
    let refused = submit(store.write::<(), _>("refuses", |_| Err(StoreError::Rollback)));
    let large = submit(insert(&store, 2, "x".repeat(1_000_000)));
    gate.open();
    block_on(async {
        // The gate is in the same batch if its closures were quick to run; the three are so in any case.
        let _ = gated.await;
        for result in [small.await, refused.await, large.await] {
            assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
        }
    });
    assert_eq!(driver.stats().failures, 1);
    assert_eq!(int_of(&store, COUNT), 0);
    block_on(insert(&store, 1, "x".to_owned())).unwrap();
    assert_eq!(int_of(&store, COUNT), 1);
}

#[test]
fn two_processes_write_the_same_file() {
    let folder = Folder::new("two");
    let (_, one) = open(&folder, fast());
    let (_, two) = open(&folder, fast());
    run_script(&one, CREATE);
    run_script(&one, "INSERT INTO t (id, body) VALUES (0, '0')");
    block_on(async {
        let each = (0..600).map(|number| {
            let store = if number % 2 == 0 { one.clone() } else { two.clone() };
            async move {
                let write = store.write("increment", |tx| {
                    let count = tx.query_one("SELECT CAST(body AS BIGINT) FROM t", &[])?.int(0)?;
                    tx.execute_one("UPDATE t SET body = $1", &[(count + 1).to_string().into()])
                });
                write.await.unwrap();
            }
        });
        join_all(each).await;
    });
    assert_eq!(int_of(&two, "SELECT CAST(body AS BIGINT) FROM t"), 600);
}

#[test]
fn another_process_that_holds_the_lock_for_ever_is_not_waited_for_for_ever() {
    let folder = Folder::new("busy");
    let options = SqliteOptions {
        busy_timeout: std::time::Duration::from_millis(20),
        ..fast()
    };
    let (_, store) = open(&folder, options);
    run_script(&store, CREATE);
    let other = rusqlite::Connection::open(folder.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = block_on(insert(&store, 1, "x".to_owned()));
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert_eq!(int_of(&store, COUNT), 0, "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    block_on(insert(&store, 1, "x".to_owned())).unwrap();
}

#[test]
fn the_log_starts_again_from_the_front() {
    let folder = Folder::new("log");
    let (_, store) = open(&folder, fast());
    run_script(&store, CREATE);
    let body = "x".repeat(40_000);
    block_on(async {
        for round in 0..80 {
            let each = (0..50).map(|number| insert(&store, round * 50 + number, body.clone()));
            join_all(each)
                .await
                .into_iter()
                .for_each(|result| result.unwrap());
        }
    });
    // 4,000 rows of 10 pages each went through it.
    let log = folder.database().with_extension("db-wal");
    let length = std::fs::metadata(log).unwrap().len();
    assert!(length < 120_000_000, "the write-ahead log grew to {length} bytes");
}

#[cfg(unix)]
#[test]
fn files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("mode");
    let (_, store) = open(&folder, fast());
    run_script(&store, CREATE);
    backup(&folder.database(), &folder.path().join("copy.db")).unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        names.push(entry.file_name().into_string().unwrap());
        assert_eq!(mode, 0o600, "{names:?}");
    }
    names.sort();
    assert_eq!(names, ["copy.db", "test.db", "test.db-shm", "test.db-wal"]);
}

#[test]
fn a_backup_is_one_moment_of_a_database_in_use() {
    let folder = Folder::new("backup");
    let (_, store) = open(&folder, fast());
    run_script(
        &store,
        "CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY, body TEXT NOT NULL); CREATE TABLE pair (id BIGINT)",
    );
    let writer = {
        let store = store.clone();
        std::thread::spawn(move || {
            block_on(async {
                for id in 0..2_000 {
                    let write = store.write("pair", move |tx| {
                        tx.execute_one(INSERT, &[Value::Int(id), "x".repeat(500).into()])?;
                        tx.execute_one("INSERT INTO pair (id) VALUES ($1)", &[Value::Int(id)])
                    });
                    write.await.unwrap();
                }
            });
        })
    };
    let mut copies = 0;
    while !writer.is_finished() {
        let to = folder.path().join(format!("copy-{copies}.db"));
        backup(&folder.database(), &to).unwrap();
        let copy = Store::new(Arc::new(SqliteDriver::open(&to, fast()).unwrap()));
        assert_eq!(int_of(&copy, COUNT), int_of(&copy, "SELECT COUNT(*) FROM pair"));
        assert!(matches!(
            backup(&folder.database(), &to),
            Err(BackupError::TargetExists(_))
        ));
        copies += 1;
    }
    writer.join().unwrap();
    assert!(copies > 0);
    let partial = std::fs::read_dir(folder.path()).unwrap().flatten();
    assert!(
        partial
            .into_iter()
            .all(|entry| !entry.file_name().to_string_lossy().ends_with(".partial"))
    );
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let folder = Folder::new("alien");
    std::fs::write(
        folder.database(),
        "this is no database, but it is long enough to be looked at".repeat(10),
    )
    .unwrap();
    let refused = SqliteDriver::open(folder.database(), fast());
    assert!(matches!(refused, Err(StoreError::Unavailable(_))));
    let missing = SqliteDriver::open(folder.path().join("no/such/folder/test.db"), fast());
    assert!(matches!(missing, Err(StoreError::Unavailable(text)) if text.contains("no/such/folder")));
}
