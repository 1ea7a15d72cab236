//! The gateway's schema: one file per aggregate, plain functions over [`crate::Tx`].

pub mod batches;
pub mod deliveries;
pub mod draws;
pub mod flows;
pub mod gateways;
pub mod idempotency;
pub mod investors;
pub mod jobs;
pub mod logos;
pub mod resets;
pub mod sessions;
pub mod snapshots;
pub mod transactions;
pub mod transcripts;
pub mod walks;

use crate::migrate::Migration;

/// The history of this schema.
pub const MIGRATIONS: &[Migration] = &[
    Migration::common(
        1,
        "gateways",
        include_str!("../../migrations/gateway/0001_gateways.sql"),
    ),
    Migration::common(
        2,
        "transactions",
        include_str!("../../migrations/gateway/0002_transactions.sql"),
    ),
    Migration::common(
        3,
        "flows",
        include_str!("../../migrations/gateway/0003_flows.sql"),
    ),
    Migration::common(
        4,
        "orders",
        include_str!("../../migrations/gateway/0004_orders.sql"),
    ),
    Migration::common(
        5,
        "logos",
        include_str!("../../migrations/gateway/0005_logos.sql"),
    ),
    Migration::common(
        6,
        "seeded_draws",
        include_str!("../../migrations/gateway/0006_seeded_draws.sql"),
    ),
    Migration::common(
        7,
        "transcripts",
        include_str!("../../migrations/gateway/0007_transcripts.sql"),
    ),
    Migration::common(
        8,
        "cookie_life",
        include_str!("../../migrations/gateway/0008_cookie_life.sql"),
    ),
    Migration::common(
        9,
        "sealed_answers",
        include_str!("../../migrations/gateway/0009_sealed_answers.sql"),
    ),
    Migration::common(
        10,
        "walks",
        include_str!("../../migrations/gateway/0010_walks.sql"),
    ),
];

/// Every statement of this schema, for the test that prepares them on both engines.
#[must_use]
pub fn all_statements() -> Vec<&'static str> {
    [
        batches::STATEMENTS,
        deliveries::STATEMENTS,
        draws::STATEMENTS,
        flows::STATEMENTS,
        gateways::STATEMENTS,
        idempotency::STATEMENTS,
        investors::STATEMENTS,
        jobs::STATEMENTS,
        logos::STATEMENTS,
        resets::STATEMENTS,
        sessions::STATEMENTS,
        snapshots::STATEMENTS,
        transactions::STATEMENTS,
        transcripts::STATEMENTS,
        walks::STATEMENTS,
    ]
    .concat()
}

/// Declares the statements of one repository: constants, and their list.
macro_rules! statements {
    ($($name:ident = $sql:expr;)+) => {
        $(const $name: &str = $sql;)+
        /// Every statement of this file.
        pub const STATEMENTS: &[&str] = &[$($name),+];
    };
}
pub(crate) use statements;
