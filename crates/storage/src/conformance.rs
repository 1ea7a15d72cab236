//! The suite that every engine must pass: the same promises of [`Store`] on SQLite and on PostgreSQL.
//!
//! Each case gets an empty database. `torana_storage::conformance_cases!(callback)` hands their names to a
//! macro, which makes a test of each, so that a case that is added here runs on both engines by itself.

mod isolation;
mod migrations;
mod transactions;

pub use isolation::*;
pub use migrations::*;
pub use transactions::*;

use crate::{Row, Store, StoreError};

/// Calls `$callback! { case_a, case_b, … }`; each case is an `async fn(Store)` of this module.
#[macro_export]
macro_rules! conformance_cases {
    ($callback:ident) => {
        $callback! {
            values_come_back_as_they_went_in,
            parameters_go_by_number_not_by_order,
            an_error_of_the_closure_rolls_back,
            a_failed_statement_ends_the_closure,
            a_panic_rolls_back_and_the_engine_lives_on,
            duplicates_name_table_and_columns,
            a_broken_reference_is_refused_at_once,
            conflict_clauses_and_returning_work,
            execute_counts_changed_rows,
            a_wrong_number_of_parameters_is_an_error,
            executing_a_query_is_an_error,
            a_closure_may_not_run_without_end,
            prepare_checks_and_runs_nothing,
            a_read_cannot_write,
            a_read_sees_what_was_acknowledged,
            a_failed_read_leaves_its_neighbours_alone,
            a_look_up_finds_its_own_row,
            a_failed_look_up_leaves_its_neighbours_alone,
            neighbours_of_a_failed_write_stay,
            increments_are_not_lost,
            write_skew_does_not_happen,
            a_read_is_one_snapshot,
            each_job_is_claimed_once,
            migrations_apply_once,
            migrations_race_and_apply_once,
            an_edited_migration_is_refused,
            a_newer_database_is_refused,
            a_skipped_migration_is_refused,
            a_failing_migration_leaves_nothing,
        }
    };
}

/// Two rows of a counter or an account, as most cases need them.
async fn with_accounts(store: &Store) {
    let script = "CREATE TABLE account (id BIGINT NOT NULL PRIMARY KEY, balance BIGINT NOT NULL);\
                  INSERT INTO account (id, balance) VALUES (1, 100), (2, 100)";
    run_script(store, script).await;
}

#[expect(clippy::expect_used, reason = "a case of a test suite")]
async fn run_script(store: &Store, script: &'static str) {
    store
        .write("script", |tx| tx.execute_script(script))
        .await
        .expect("the script runs");
}

/// All rows of a query in a snapshot of its own.
#[expect(clippy::expect_used, reason = "a case of a test suite")]
async fn rows_of(store: &Store, sql: &'static str) -> Vec<Row> {
    store
        .read(move |tx| tx.query(sql, &[]))
        .await
        .expect("the query runs")
}

/// The one integer of a query.
#[expect(clippy::expect_used, reason = "a case of a test suite")]
async fn int_of(store: &Store, sql: &'static str) -> i64 {
    let read: Result<i64, StoreError> = store.read(move |tx| tx.query_one(sql, &[])?.int(0)).await;
    read.expect("the query gives one integer")
}
