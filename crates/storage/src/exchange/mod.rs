//! The exchange's schema, in a database of its own: worlds, their events, their snapshots,
//! what processes ask of a world that another one owns, and who has access to worlds.

pub mod access;
pub mod clocks;
pub mod commands;
pub mod worlds;

use crate::migrate::Migration;

/// The history of this schema.
pub const MIGRATIONS: &[Migration] = &[
    Migration::common(
        1,
        "worlds",
        include_str!("../../migrations/exchange/0001_worlds.sql"),
    ),
    Migration::common(
        2,
        "ownership",
        include_str!("../../migrations/exchange/0002_ownership.sql"),
    ),
    Migration::common(
        3,
        "access",
        include_str!("../../migrations/exchange/0003_access.sql"),
    ),
    Migration::common(
        4,
        "gateway_app",
        include_str!("../../migrations/exchange/0004_gateway_app.sql"),
    ),
];

/// Every statement of this schema, for the test that prepares them on both engines.
#[must_use]
pub fn statements() -> Vec<&'static str> {
    [
        worlds::STATEMENTS,
        commands::STATEMENTS,
        access::STATEMENTS,
        clocks::STATEMENTS,
    ]
    .concat()
}
