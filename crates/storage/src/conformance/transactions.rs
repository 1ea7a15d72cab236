//! One closure: what is kept, what is not, what it is told.

#![expect(clippy::unwrap_used, clippy::panic, reason = "cases of a test suite")]

use super::{int_of, rows_of, run_script, with_accounts};
use crate::{Store, StoreError, Value};

const INSERT_ACCOUNT: &str = "INSERT INTO account (id, balance) VALUES ($1, $2)";
const COUNT_ACCOUNTS: &str = "SELECT COUNT(*) FROM account";

/// Every kind of value, at its edges.
pub async fn values_come_back_as_they_went_in(store: Store) {
    run_script(
        &store,
        "CREATE TABLE kinds (id BIGINT NOT NULL PRIMARY KEY, number BIGINT, words TEXT)",
    )
    .await;
    let rows = [
        [Value::Int(1), Value::Int(i64::MIN), Value::from("")],
        [
            Value::Int(2),
            Value::Int(i64::MAX),
            Value::from("'\"$1?1 नमस्ते \u{1F4B0}\n"),
        ],
        [Value::Int(3), Value::Null, Value::Null],
    ];
    let written = rows.clone();
    let write = store.write("insert", move |tx| {
        for row in &written {
            tx.execute_one("INSERT INTO kinds (id, number, words) VALUES ($1, $2, $3)", row)?;
        }
        Ok(())
    });
    write.await.unwrap();
    let read = rows_of(&store, "SELECT id, number, words FROM kinds ORDER BY id").await;
    assert_eq!(read.into_iter().map(|row| row.0).collect::<Vec<_>>(), rows);

    let script = match store.dialect() {
        crate::Dialect::Sqlite => "CREATE TABLE bytes (body BLOB)",
        crate::Dialect::Postgres => "CREATE TABLE bytes (body BYTEA)",
    };
    run_script(&store, script).await;
    for body in [
        vec![],
        vec![0, 255, 10],
        (0..=255).cycle().take(100_000).collect::<Vec<u8>>(),
    ] {
        let value = Value::Blob(body.clone());
        let sql = "INSERT INTO bytes (body) VALUES ($1) RETURNING body";
        let back = store.write("insert", move |tx| {
            tx.query_one(sql, std::slice::from_ref(&value))?.blob(0)
        });
        assert_eq!(back.await.unwrap(), body);
    }
}

/// `$2` before `$1`, and one of them twice.
pub async fn parameters_go_by_number_not_by_order(store: Store) {
    with_accounts(&store).await;
    let sql = "SELECT id FROM account WHERE balance = $2 AND id <> $1 AND id > $2 - 100 AND id <> $1 + 0";
    let read = store.read(move |tx| tx.query_one(sql, &[Value::Int(1), Value::Int(100)])?.int(0));
    assert_eq!(read.await.unwrap(), 2);
}

/// The closure's word is enough.
pub async fn an_error_of_the_closure_rolls_back(store: Store) {
    with_accounts(&store).await;
    let write = store.write::<(), _>("insert", |tx| {
        tx.execute_one(INSERT_ACCOUNT, &[Value::Int(3), Value::Int(0)])?;
        Err(StoreError::Rollback)
    });
    assert!(matches!(write.await, Err(StoreError::Rollback)));
    assert_eq!(int_of(&store, COUNT_ACCOUNTS).await, 2);
}

/// Swallowing an error does not save what was written before it.
pub async fn a_failed_statement_ends_the_closure(store: Store) {
    with_accounts(&store).await;
    let write = store.write("insert", |tx| {
        tx.execute_one(INSERT_ACCOUNT, &[Value::Int(3), Value::Int(0)])?;
        let duplicate = tx.execute(INSERT_ACCOUNT, &[Value::Int(1), Value::Int(0)]);
        assert!(matches!(duplicate, Err(StoreError::Duplicate(_))));
        let after = tx.query(COUNT_ACCOUNTS, &[]);
        assert!(matches!(after, Err(StoreError::Duplicate(_))), "{after:?}");
        Ok(())
    });
    let result = write.await;
    assert!(matches!(result, Err(StoreError::Duplicate(_))), "{result:?}");
    assert_eq!(int_of(&store, COUNT_ACCOUNTS).await, 2);
}

/// A bug in one closure costs that closure.
pub async fn a_panic_rolls_back_and_the_engine_lives_on(store: Store) {
    with_accounts(&store).await;
    for _ in 0..20 {
        let write = store.write::<(), _>("panics", |tx| {
            tx.execute_one(INSERT_ACCOUNT, &[Value::Int(3), Value::Int(0)])?;
            panic!("on purpose")
        });
        assert!(matches!(write.await, Err(StoreError::Statement(_))));
        let read = store.read::<(), _>(|_| panic!("on purpose"));
        assert!(matches!(read.await, Err(StoreError::Statement(_))));
    }
    assert_eq!(int_of(&store, COUNT_ACCOUNTS).await, 2);
}

/// The same words on both engines, and no value in them.
pub async fn duplicates_name_table_and_columns(store: Store) {
    let script = "CREATE TABLE person (id BIGINT NOT NULL PRIMARY KEY, mail TEXT NOT NULL UNIQUE, \
                  house BIGINT NOT NULL, room BIGINT NOT NULL, nick TEXT NOT NULL, state TEXT NOT NULL);\
                  CREATE UNIQUE INDEX person_place ON person (house, room);\
                  CREATE UNIQUE INDEX person_nick ON person (lower(nick));\
                  CREATE UNIQUE INDEX person_owner ON person (house) WHERE state = 'owner';\
                  INSERT INTO person VALUES (1, 'a@b', 7, 8, 'Nick', 'owner')";
    run_script(&store, script).await;
    let cases = [
        (
            "INSERT INTO person VALUES (1, 'x', 1, 1, 'x', 'guest')",
            "person.id",
        ),
        (
            "INSERT INTO person VALUES (2, 'a@b', 1, 1, 'x', 'guest')",
            "person.mail",
        ),
        (
            "INSERT INTO person VALUES (2, 'x', 7, 8, 'x', 'guest')",
            "person.house,room",
        ),
        (
            "INSERT INTO person VALUES (2, 'x', 1, 1, 'nICK', 'guest')",
            "person_nick",
        ),
        (
            "INSERT INTO person VALUES (2, 'x', 7, 1, 'x', 'owner')",
            "person.house",
        ),
    ];
    for (sql, key) in cases {
        match store.write("insert", move |tx| tx.execute(sql, &[])).await {
            Err(StoreError::Duplicate(name)) => assert_eq!(name, key, "{sql}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
}

/// Not at COMMIT, where it would cost the neighbours.
pub async fn a_broken_reference_is_refused_at_once(store: Store) {
    with_accounts(&store).await;
    run_script(
        &store,
        "CREATE TABLE entry (account_id BIGINT NOT NULL REFERENCES account (id))",
    )
    .await;
    let write = store.write("insert", |tx| {
        let refused = tx.execute("INSERT INTO entry (account_id) VALUES ($1)", &[Value::Int(9)]);
        assert!(matches!(refused, Err(StoreError::Statement(_))), "{refused:?}");
        refused
    });
    assert!(matches!(write.await, Err(StoreError::Statement(_))));
}

/// The portable ways to meet a row that exists.
pub async fn conflict_clauses_and_returning_work(store: Store) {
    with_accounts(&store).await;
    let ignored = "INSERT INTO account (id, balance) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    let merged = "INSERT INTO account (id, balance) VALUES ($1, $2) \
                  ON CONFLICT (id) DO UPDATE SET balance = account.balance + excluded.balance RETURNING balance";
    let write = store.write("upsert", move |tx| {
        let params = [Value::Int(1), Value::Int(5)];
        Ok((
            tx.execute(ignored, &params)?,
            tx.query_one(merged, &params)?.int(0)?,
        ))
    });
    assert_eq!(write.await.unwrap(), (0, 105));
}

/// Rows changed, not rows seen.
pub async fn execute_counts_changed_rows(store: Store) {
    with_accounts(&store).await;
    let write = store.write("update", |tx| {
        let all = tx.execute("UPDATE account SET balance = 1", &[])?;
        let none = tx.execute("DELETE FROM account WHERE id = $1", &[Value::Int(9)])?;
        let one = tx.execute_one("DELETE FROM account WHERE id = $1", &[Value::Int(9)]);
        assert!(matches!(one, Err(StoreError::MissingRow)));
        Ok((all, none))
    });
    assert_eq!(write.await.unwrap(), (2, 0));
}

/// Said by us: one engine would bind NULL, the other's client would panic.
pub async fn a_wrong_number_of_parameters_is_an_error(store: Store) {
    with_accounts(&store).await;
    for count in [1, 3] {
        let params = vec![Value::Int(3); count];
        let write = store.write("insert", move |tx| tx.execute(INSERT_ACCOUNT, &params));
        assert!(matches!(write.await, Err(StoreError::Statement(_))));
    }
}

/// Rows that nobody looks at are a mistake.
pub async fn executing_a_query_is_an_error(store: Store) {
    with_accounts(&store).await;
    let write = store.write("query", |tx| tx.execute("SELECT id FROM account", &[]));
    assert!(matches!(write.await, Err(StoreError::Statement(_))));
}

/// A loop that got out of hand ends.
pub async fn a_closure_may_not_run_without_end(store: Store) {
    with_accounts(&store).await;
    let write = store.write::<(), _>("loop", |tx| {
        loop {
            tx.execute("UPDATE account SET balance = balance + 1 WHERE id = 9", &[])?;
        }
    });
    assert!(matches!(write.await, Err(StoreError::Statement(_))));
}

/// What the test over all statements relies on.
pub async fn prepare_checks_and_runs_nothing(store: Store) {
    with_accounts(&store).await;
    let delete = "DELETE FROM account WHERE id = $1";
    store.read(move |tx| tx.prepare(delete)).await.unwrap();
    assert_eq!(int_of(&store, COUNT_ACCOUNTS).await, 2);
    let wrong = store.read(|tx| tx.prepare("SELECT no_such_column FROM account"));
    assert!(matches!(wrong.await, Err(StoreError::Statement(_))));
}

/// A snapshot is for reading.
pub async fn a_read_cannot_write(store: Store) {
    with_accounts(&store).await;
    let read = store.read(|tx| tx.execute(INSERT_ACCOUNT, &[Value::Int(3), Value::Int(0)]));
    assert!(matches!(read.await, Err(StoreError::Statement(_))));
    assert_eq!(int_of(&store, COUNT_ACCOUNTS).await, 2);
}
