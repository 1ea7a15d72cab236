//! Checks of the databases: version, migrations, clock, damage.

use torana_config::{Database, Settings};
use torana_storage::health;

use super::Finding;
use crate::databases::{Databases, OpenDatabase};
use crate::rim::wall::wall_now;

/// Difference between the database's clock and ours that is reported; leases are measured by the former.
const CLOCK_WARN_MS: u64 = 500;
const CLOCK_FAIL_MS: u64 = 5_000;

/// Oldest PostgreSQL that works, as it counts itself.
const POSTGRES_VERSION_MIN: i64 = 140_000;

pub(super) async fn run(settings: &Settings) -> Vec<Finding> {
    for database in [&settings.database, &settings.exchange_database] {
        if let Database::Sqlite { path } = database
            && !path.exists()
        {
            let detail = format!("{} is not there yet; `torana migrate` makes it", path.display());
            return vec![Finding::warn("database", detail)];
        }
    }
    let databases = match Databases::open(settings).await {
        Ok(databases) => databases,
        Err(failure) => return vec![Finding::fail("database", failure.message)],
    };
    let mut findings = Vec::new();
    for database in databases.all() {
        findings.push(version(database));
        findings.push(clock(database).await);
        findings.push(damage(database).await);
    }
    findings.push(match databases.pending().await {
        Ok(pending) if pending.is_empty() => Finding::ok("migrations", "none pending"),
        Ok(pending) => Finding::fail(
            "migrations",
            format!("pending: {}; run `torana migrate`", pending.join(", ")),
        ),
        Err(failure) => Finding::fail("migrations", failure.message),
    });
    findings
}

fn version(database: &OpenDatabase) -> Finding {
    let name = database.name;
    match database.postgres_version {
        None => Finding::ok("database", format!("{name}: SQLite, built in")),
        Some(version) if version < POSTGRES_VERSION_MIN => Finding::fail(
            "database",
            format!("{name}: PostgreSQL {}; 14 or newer is needed", version / 10_000),
        ),
        Some(version) => Finding::ok(
            "database",
            format!("{name}: PostgreSQL {}.{}", version / 10_000, version % 10_000),
        ),
    }
}

async fn clock(database: &OpenDatabase) -> Finding {
    let before = wall_now();
    let theirs = match health::database_time(&database.store).await {
        Ok(theirs) => theirs,
        Err(error) => return Finding::fail("database-clock", format!("{}: {error}", database.name)),
    };
    // Their reading was taken somewhere between our two.
    let after = wall_now();
    let off_ms = theirs.0.abs_diff(theirs.0.clamp(before.0, after.0));
    let detail = format!("{}: {off_ms} ms off this machine's clock", database.name);
    if off_ms < CLOCK_WARN_MS {
        Finding::ok("database-clock", detail)
    } else if off_ms < CLOCK_FAIL_MS {
        Finding::warn("database-clock", detail)
    } else {
        Finding::fail("database-clock", detail)
    }
}

async fn damage(database: &OpenDatabase) -> Finding {
    match health::damage(&database.store).await {
        Ok(None) => Finding::ok("database-pages", format!("{}: no damage found", database.name)),
        Ok(Some(found)) => Finding::fail(
            "database-pages",
            format!("{}: {found}; restore a backup", database.name),
        ),
        Err(error) => Finding::fail("database-pages", format!("{}: {error}", database.name)),
    }
}
