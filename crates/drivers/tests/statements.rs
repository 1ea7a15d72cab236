//! Every statement of every schema compiles on both engines, on a database made by its own migrations.

mod common;

use std::fmt::Write;

use common::{Folder, block_on};
use torana_domain::time::Timestamp;
use torana_storage::schema::refused_statements;
use torana_storage::{SCHEMAS, Schema, Store, migrate};

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
async fn check(store: &Store, schema: &Schema) {
    let applied = migrate::apply(store, schema.migrations, Timestamp(0))
        .await
        .unwrap();
    assert_eq!(applied.len(), schema.migrations.len());
    let statements = (schema.statements)();
    assert!(
        !statements.is_empty(),
        "schema {} lists no statement",
        schema.name
    );
    let refused = refused_statements(store, statements).await;
    let mut text = String::new();
    for (sql, error) in &refused {
        writeln!(text, "{error}\n    {sql}").unwrap();
    }
    assert!(
        refused.is_empty(),
        "schema {} on {:?}:\n{text}",
        schema.name,
        store.dialect()
    );
}

#[test]
fn all_statements_compile_on_sqlite() {
    for schema in SCHEMAS {
        let folder = Folder::new(&format!("statements-{}", schema.name));
        block_on(check(&common::sqlite(&folder), schema));
    }
}

#[test]
fn all_statements_compile_on_postgres() {
    for schema in SCHEMAS {
        let Some(store) = common::postgres() else { return };
        block_on(check(&store, schema));
    }
}
