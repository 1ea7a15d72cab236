//! Many closures at once: they must not see or spoil each other.

#![expect(clippy::unwrap_used, clippy::panic, reason = "cases of a test suite")]

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use futures_util::future::join_all;

use super::{int_of, rows_of, run_script, with_accounts};
use crate::{Dialect, Row, Store, StoreError, Tx, Value};

const INSERT_ACCOUNT: &str = "INSERT INTO account (id, balance) VALUES ($1, $2)";
const FIND_BALANCE: &str = "SELECT balance FROM account WHERE id = $1";
const UPDATE_BALANCE: &str = "UPDATE account SET balance = $2 WHERE id = $1";

/// How long a closure waits for another one to be inside too; on one writer it never is.
const MEETING_WAIT: Duration = Duration::from_millis(200);

/// Read your own writes, and everybody's.
pub async fn a_read_sees_what_was_acknowledged(store: Store) {
    with_accounts(&store).await;
    let one = |id: i64| {
        let store = store.clone();
        async move {
            let params = [Value::Int(id), Value::Int(id)];
            store
                .write("insert", move |tx| tx.execute_one(INSERT_ACCOUNT, &params))
                .await
                .unwrap();
            let read = store.read(move |tx| tx.query_one(FIND_BALANCE, &[Value::Int(id)])?.int(0));
            assert_eq!(read.await.unwrap(), id);
        }
    };
    join_all((10..210).map(one)).await;
}

/// Look-ups may be asked for together; each gets its own row, or none, as last acknowledged.
pub async fn a_look_up_finds_its_own_row(store: Store) {
    with_accounts(&store).await;
    run_script(
        &store,
        "CREATE TABLE named (name TEXT NOT NULL PRIMARY KEY, owner BIGINT)",
    )
    .await;
    let one = |id: i64| {
        let store = store.clone();
        async move {
            let (name, account) = (format!("n{id}"), [Value::Int(id), Value::Int(-id)]);
            let named = [name.as_str().into(), Value::Int(id)];
            let written = store.write("insert", move |tx| {
                tx.execute_one(INSERT_ACCOUNT, &account)?;
                tx.execute_one("INSERT INTO named (name, owner) VALUES ($1, $2)", &named)
            });
            written.await.unwrap();
            let balance = store.fetch(FIND_BALANCE, vec![id.into()]).await.unwrap();
            assert_eq!(balance, Some(Row(vec![Value::Int(-id)])), "{id}");
            // By the keys in another order than the statement names them, with a column that is null in no row.
            let sql = "SELECT name, owner FROM named WHERE owner = $2 AND name = $1";
            let found = store
                .fetch(sql, vec![name.as_str().into(), id.into()])
                .await
                .unwrap();
            assert_eq!(found, Some(Row(vec![name.as_str().into(), Value::Int(id)])));
            let absent = store
                .fetch(sql, vec![name.as_str().into(), (id + 1).into()])
                .await
                .unwrap();
            assert_eq!(absent, None);
            let nothing = store.fetch(FIND_BALANCE, vec![Value::Null]).await;
            assert!(matches!(nothing, Ok(None)), "{nothing:?}");
        }
    };
    join_all((10..210).map(one)).await;
}

/// Look-ups may be asked for together; they must not share an error.
pub async fn a_failed_look_up_leaves_its_neighbours_alone(store: Store) {
    with_accounts(&store).await;
    let one = |number: i64| {
        let store = store.clone();
        async move {
            match number % 3 {
                0 => {
                    let sql = "SELECT balance FROM no_such_table WHERE id = $1";
                    let refused = store.fetch(sql, vec![1.into()]).await;
                    assert!(matches!(refused, Err(StoreError::Statement(_))), "{refused:?}");
                }
                1 => {
                    let refused = store.fetch(FIND_BALANCE, vec![1.into(), 2.into()]).await;
                    assert!(matches!(refused, Err(StoreError::Statement(_))), "{refused:?}");
                }
                _ => {
                    let found = store.fetch(FIND_BALANCE, vec![1.into()]).await.unwrap();
                    assert_eq!(found, Some(Row(vec![Value::Int(100)])));
                }
            }
        }
    };
    join_all((0..120).map(one)).await;
}

/// Reads may share a snapshot; they must not share an error.
pub async fn a_failed_read_leaves_its_neighbours_alone(store: Store) {
    with_accounts(&store).await;
    let one = |number: i64| {
        let store = store.clone();
        async move {
            let sql = if number % 3 == 0 {
                "SELECT balance FROM no_such_table WHERE id = $1"
            } else {
                FIND_BALANCE
            };
            let read = store
                .read(move |tx| tx.query_one(sql, &[Value::Int(1)])?.int(0))
                .await;
            assert_eq!(read.is_err(), number % 3 == 0, "{read:?}");
        }
    };
    join_all((0..120).map(one)).await;
}

/// Closures share commits on SQLite; each must stand or fall alone.
pub async fn neighbours_of_a_failed_write_stay(store: Store) {
    with_accounts(&store).await;
    let one = |id: i64| {
        let store = store.clone();
        async move {
            let write = store.write("insert", move |tx| {
                tx.execute_one(INSERT_ACCOUNT, &[Value::Int(id), Value::Int(0)])?;
                match id % 4 {
                    0 => Err(StoreError::Rollback),
                    1 => panic!("on purpose"),
                    2 => tx.execute_one(INSERT_ACCOUNT, &[Value::Int(1), Value::Int(0)]),
                    _ => Ok(()),
                }
            });
            assert_eq!(write.await.is_ok(), id % 4 == 3);
        }
    };
    join_all((10..210).map(one)).await;
    let rows = rows_of(&store, "SELECT id FROM account WHERE id >= 10 ORDER BY id").await;
    let kept: Vec<i64> = rows.iter().map(|row| row.int(0).unwrap()).collect();
    assert_eq!(kept, (10..210).filter(|id| id % 4 == 3).collect::<Vec<_>>());
}

/// Read, add one, write; two thousand times at once.
pub async fn increments_are_not_lost(store: Store) {
    with_accounts(&store).await;
    let one = |_| {
        store.write("increment", |tx| {
            let balance = tx.query_one(FIND_BALANCE, &[Value::Int(1)])?.int(0)?;
            tx.execute_one(UPDATE_BALANCE, &[Value::Int(1), Value::Int(balance + 1)])
        })
    };
    for result in join_all((0..2_000).map(one)).await {
        result.unwrap();
    }
    assert_eq!(
        int_of(&store, "SELECT balance FROM account WHERE id = 1").await,
        2_100
    );
}

/// Each of two closures sees that the other account is full and empties its own; only one may.
pub async fn write_skew_does_not_happen(store: Store) {
    with_accounts(&store).await;
    for _ in 0..5 {
        let meeting = Arc::new(Meeting::default());
        let empty = |id: i64| {
            let meeting = Arc::clone(&meeting);
            store.write("empty", move |tx| {
                let total = tx
                    .query_one("SELECT CAST(SUM(balance) AS BIGINT) FROM account", &[])?
                    .int(0)?;
                meeting.arrive();
                if total < 200 {
                    return Ok(false);
                }
                tx.execute_one(UPDATE_BALANCE, &[Value::Int(id), Value::Int(0)])?;
                Ok(true)
            })
        };
        let emptied = join_all([empty(1), empty(2)]).await;
        let count = emptied
            .into_iter()
            .filter(|result| *result.as_ref().unwrap())
            .count();
        assert_eq!(count, 1, "exactly one closure may empty its account");
        run_script(&store, "UPDATE account SET balance = 100").await;
    }
}

/// Money moves between two accounts while their sum is read in two statements.
pub async fn a_read_is_one_snapshot(store: Store) {
    with_accounts(&store).await;
    let moves = (0..200).map(|number| {
        let amount = if number % 2 == 0 { 7 } else { -5 };
        let store = store.clone();
        async move {
            let write = store.write("move", move |tx| {
                let sql = "UPDATE account SET balance = balance + $2 WHERE id = $1";
                tx.execute_one(sql, &[Value::Int(1), Value::Int(amount)])?;
                tx.execute_one(sql, &[Value::Int(2), Value::Int(-amount)])
            });
            write.await.unwrap();
            let sum = store.read(|tx| {
                let of = |tx: &mut dyn Tx, id| tx.query_one(FIND_BALANCE, &[Value::Int(id)])?.int(0);
                Ok(of(tx, 1)? + of(tx, 2)?)
            });
            assert_eq!(sum.await.unwrap(), 200);
        }
    });
    join_all(moves).await;
}

/// Claiming is the one statement that PostgreSQL runs at READ COMMITTED.
pub async fn each_job_is_claimed_once(store: Store) {
    let script = "CREATE TABLE job (id BIGINT NOT NULL PRIMARY KEY, worker BIGINT)";
    run_script(&store, script).await;
    let insert = store.write("insert", |tx| {
        for id in 1..=200 {
            tx.execute_one(
                "INSERT INTO job (id, worker) VALUES ($1, NULL)",
                &[Value::Int(id)],
            )?;
        }
        Ok(())
    });
    insert.await.unwrap();
    let work = |worker: i64| {
        let store = store.clone();
        async move {
            let mut claimed = Vec::new();
            while let Some(id) = claim(&store, worker).await {
                claimed.push(id);
            }
            claimed
        }
    };
    let mut claimed = join_all((1..=8).map(work)).await.concat();
    claimed.sort_unstable();
    assert_eq!(claimed, (1..=200).collect::<Vec<i64>>());
}

async fn claim(store: &Store, worker: i64) -> Option<i64> {
    let sql = match store.dialect() {
        Dialect::Sqlite => {
            "UPDATE job SET worker = $1 \
             WHERE id = (SELECT id FROM job WHERE worker IS NULL ORDER BY id LIMIT 1) RETURNING id"
        }
        Dialect::Postgres => {
            "UPDATE job SET worker = $1 \
             WHERE id = (SELECT id FROM job WHERE worker IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) \
             RETURNING id"
        }
    };
    let claimed = store.claim("claim", move |tx| {
        tx.query_opt(sql, &[Value::Int(worker)])?
            .map(|row| row.int(0))
            .transpose()
    });
    claimed.await.unwrap()
}

/// A place where two closures wait for each other, so that both have read before one writes.
#[derive(Default)]
struct Meeting {
    arrived: Mutex<u32>,
    changed: Condvar,
}

impl Meeting {
    fn arrive(&self) {
        let mut arrived = self.arrived.lock().unwrap();
        *arrived += 1;
        self.changed.notify_all();
        let waited = self
            .changed
            .wait_timeout_while(arrived, MEETING_WAIT, |arrived| *arrived < 2);
        drop(waited.unwrap());
    }
}
