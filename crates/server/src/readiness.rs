//! What has to be well before this process takes traffic: its databases, their writes, the disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use torana_config::{Database, Settings};
use torana_storage::health;

use crate::databases::{Databases, OpenDatabase};
use crate::disk::free_bytes;
use crate::net::health::{Check, CheckFn};

/// Free space below which this process takes no traffic: what is acknowledged must fit.
const DISK_FREE_BYTES_MIN: u64 = 64 * 1024 * 1024;

/// The checks of `/readyz`. Migrations are current when the listener starts, so reading their table is enough.
pub fn checks(databases: &Databases, settings: &Settings) -> Vec<Check> {
    let mut checks: Vec<Check> = databases
        .all()
        .iter()
        .map(|database| (database.name, check_of(database)))
        .collect();
    for (name, is_here, database) in [
        ("disk", databases.gateway().is_ok(), &settings.database),
        (
            "exchange_disk",
            databases.exchange().is_ok(),
            &settings.exchange_database,
        ),
    ] {
        if !is_here {
            continue;
        }
        if let Database::Sqlite { path } = database {
            let directory = path
                .parent()
                .map(std::path::Path::to_path_buf)
                .unwrap_or_default();
            checks.push((name, disk_check(directory)));
        }
    }
    checks
}

/// Reads always; writes too from the moment at which a write was lost until one succeeds.
fn check_of(database: &OpenDatabase) -> CheckFn {
    let database = database.clone();
    let forgiven = Arc::new(AtomicU64::new(0));
    Arc::new(move || {
        let (database, forgiven) = (database.clone(), forgiven.clone());
        Box::pin(async move {
            health::probe(&database.store)
                .await
                .map_err(|error| error.to_string())?;
            let failures = database.stats().failures;
            if failures != forgiven.load(Ordering::Relaxed) {
                health::probe_write(&database.store)
                    .await
                    .map_err(|error| format!("writes are lost: {error}"))?;
                forgiven.store(failures, Ordering::Relaxed);
            }
            Ok(())
        })
    })
}

fn disk_check(directory: PathBuf) -> CheckFn {
    Arc::new(move || {
        let directory = directory.clone();
        Box::pin(async move {
            match free_bytes(&directory)? {
                ..DISK_FREE_BYTES_MIN => Err(format!("less than {DISK_FREE_BYTES_MIN} bytes free")),
                _ => Ok(()),
            }
        })
    })
}
