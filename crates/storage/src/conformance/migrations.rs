//! The migration runner on a real engine.

#![expect(clippy::unwrap_used, clippy::panic, reason = "cases of a test suite")]

use futures_util::future::join_all;
use torana_domain::time::Timestamp;

use super::{int_of, rows_of, run_script};
use crate::migrate::{MigrateError, Migration, apply, pending};
use crate::{Store, StoreError};

const FIRST: Migration = Migration::common(1, "first", "CREATE TABLE a (id {{id}}, body {{blob}});");
const SECOND: Migration = Migration::per_dialect(
    2,
    "second",
    "ALTER TABLE a ADD COLUMN extra TEXT; INSERT INTO a (extra) VALUES ('sqlite');",
    "ALTER TABLE a ADD COLUMN extra TEXT; INSERT INTO a (extra) VALUES ('postgres');",
);
const THIRD: Migration = Migration::common(3, "third", "CREATE INDEX a_extra ON a (extra);");
const EDITED: Migration = Migration::common(
    1,
    "first",
    "CREATE TABLE a (id {{id}}, body {{blob}}, more TEXT);",
);
const FAILING: Migration = Migration::common(
    3,
    "third",
    "CREATE TABLE b (id {{id}}); INSERT INTO no_such_table VALUES (1);",
);

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const COUNT_RECORDS: &str = "SELECT COUNT(*) FROM schema_migration";

fn ids(migrations: &[&'static Migration]) -> Vec<u32> {
    migrations.iter().map(|migration| migration.id).collect()
}

/// From nothing, from the middle, and once more.
pub async fn migrations_apply_once(store: Store) {
    assert_eq!(ids(&pending(&store, &[FIRST, SECOND]).await.unwrap()), [1, 2]);
    assert_eq!(ids(&apply(&store, &[FIRST, SECOND], NOW).await.unwrap()), [1, 2]);
    assert_eq!(ids(&pending(&store, &[FIRST, SECOND]).await.unwrap()), [0_u32; 0]);
    assert_eq!(
        ids(&apply(&store, &[FIRST, SECOND], NOW).await.unwrap()),
        [0_u32; 0]
    );
    assert_eq!(
        ids(&apply(&store, &[FIRST, SECOND, THIRD], NOW).await.unwrap()),
        [3]
    );
    assert_eq!(
        int_of(&store, "SELECT COUNT(*) FROM a").await,
        1,
        "a script ran twice"
    );
    assert_eq!(
        int_of(&store, "SELECT id FROM a").await,
        1,
        "the engine numbers rows"
    );
    let records = rows_of(
        &store,
        "SELECT id, name, applied_at FROM schema_migration ORDER BY id",
    )
    .await;
    let last = records.last().unwrap();
    assert_eq!(
        (records.len(), last.int(0).unwrap(), last.text(1).unwrap()),
        (3, 3, "third".to_owned())
    );
    assert_eq!(last.time(2).unwrap(), NOW);
}

/// Several processes start at once after an update.
pub async fn migrations_race_and_apply_once(store: Store) {
    let results = join_all((0..4).map(|_| apply(&store, &[FIRST, SECOND, THIRD], NOW))).await;
    let mut applied: Vec<u32> = results
        .into_iter()
        .flat_map(|result| ids(&result.unwrap()))
        .collect();
    applied.sort_unstable();
    assert_eq!(applied, [1, 2, 3]);
    assert_eq!(int_of(&store, COUNT_RECORDS).await, 3);
}

/// What was applied is not what the binary has.
pub async fn an_edited_migration_is_refused(store: Store) {
    apply(&store, &[FIRST], NOW).await.unwrap();
    let refused = apply(&store, &[EDITED, SECOND], NOW).await;
    assert!(
        matches!(refused, Err(MigrateError::Edited { id: 1, .. })),
        "{refused:?}"
    );
    assert_eq!(int_of(&store, COUNT_RECORDS).await, 1);
}

/// The binary is older than the database.
pub async fn a_newer_database_is_refused(store: Store) {
    apply(&store, &[FIRST, SECOND], NOW).await.unwrap();
    let refused = pending(&store, &[FIRST]).await;
    assert!(
        matches!(refused, Err(MigrateError::Newer { found: 2, latest: 1 })),
        "{refused:?}"
    );
    let refused = apply(&store, &[], NOW).await;
    assert!(
        matches!(refused, Err(MigrateError::Newer { found: 2, latest: 0 })),
        "{refused:?}"
    );
}

/// A number that was slipped in below an applied one.
pub async fn a_skipped_migration_is_refused(store: Store) {
    apply(&store, &[FIRST], NOW).await.unwrap();
    apply(&store, &[FIRST, SECOND, THIRD], NOW).await.unwrap();
    run_script(&store, "DELETE FROM schema_migration WHERE id = 2").await;
    let refused = pending(&store, &[FIRST, SECOND, THIRD]).await;
    assert!(
        matches!(refused, Err(MigrateError::Gap { id: 2, .. })),
        "{refused:?}"
    );
}

/// One migration is one transaction, its data definitions included.
pub async fn a_failing_migration_leaves_nothing(store: Store) {
    let failed = apply(&store, &[FIRST, SECOND, FAILING], NOW).await;
    match failed {
        Err(MigrateError::Failed {
            id: 3,
            source: StoreError::Statement(_),
            ..
        }) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(int_of(&store, COUNT_RECORDS).await, 2, "the ones before it stay");
    let missing = store.read(|tx| tx.prepare("SELECT id FROM b")).await;
    assert!(missing.is_err(), "a table of the failed script is still there");
    assert_eq!(
        ids(&apply(&store, &[FIRST, SECOND, THIRD], NOW).await.unwrap()),
        [3]
    );
}
