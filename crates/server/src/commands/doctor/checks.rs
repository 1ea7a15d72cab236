//! Checks of the machine: clock, disk, permissions, keys, settings.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use torana_config::{Database, KeySource, Profile, Settings};

use super::Finding;
use crate::disk::free_bytes;
use crate::installation::read_keyring;
use crate::rim::http::system_roots;
use crate::rim::wall::wall_now;

/// How long the wall clock is watched against the monotonic one.
const CLOCK_WATCH: Duration = Duration::from_millis(500);

/// Drift that is reported: parts per million over the watch, far above what a disciplined clock shows.
const CLOCK_DRIFT_MS_MAX: u64 = 20;

/// No machine that runs this has an earlier date.
const EARLIEST_MS: i64 = 1_767_225_600_000;

/// Free space below which the disk check warns, and below which it fails.
const DISK_WARN_BYTES: u64 = 1024 * 1024 * 1024;
const DISK_FAIL_BYTES: u64 = 128 * 1024 * 1024;

pub(super) async fn run(settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![clock().await];
    for directory in directories(settings) {
        findings.push(disk(&directory));
        findings.push(permissions(&directory));
    }
    findings.extend(keys(settings));
    findings.push(certificates().await);
    findings.push(public_url(settings));
    findings
}

/// The wall clock against the monotonic clock: a step or a wrong rate shows within half a second.
async fn clock() -> Finding {
    let (wall, monotonic) = (wall_now(), Instant::now());
    tokio::time::sleep(CLOCK_WATCH).await;
    let (wall_ms, real) = (wall_now().0 - wall.0, monotonic.elapsed());
    let real_ms = i64::try_from(real.as_millis()).unwrap_or(i64::MAX);
    let drift_ms = wall_ms.abs_diff(real_ms);
    if wall.0 < EARLIEST_MS {
        return Finding::fail(
            "clock",
            format!("the machine's clock says {}; set it", wall.to_iso()),
        );
    }
    if drift_ms > CLOCK_DRIFT_MS_MAX {
        let detail =
            format!("the wall clock moved {wall_ms} ms while {real_ms} ms passed; check the time service");
        return Finding::warn("clock", detail);
    }
    Finding::ok(
        "clock",
        format!("{}, {drift_ms} ms off the monotonic clock", wall.to_iso()),
    )
}

fn directories(settings: &Settings) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for database in [&settings.database, &settings.exchange_database] {
        if let Database::Sqlite { path } = database {
            let directory = path.parent().unwrap_or(Path::new(".")).to_path_buf();
            if !found.contains(&directory) {
                found.push(directory);
            }
        }
    }
    found
}

fn disk(directory: &Path) -> Finding {
    let shown = directory.display();
    let free = match free_bytes(directory) {
        Ok(free) => free,
        Err(error) => return Finding::fail("disk", format!("{shown}: {error}")),
    };
    let detail = format!("{shown}: {} MiB free", free / (1024 * 1024));
    if free < DISK_FAIL_BYTES {
        Finding::fail("disk", detail)
    } else if free < DISK_WARN_BYTES {
        Finding::warn("disk", detail)
    } else {
        Finding::ok("disk", detail)
    }
}

fn permissions(directory: &Path) -> Finding {
    let shown = directory.display();
    let metadata = match std::fs::metadata(directory) {
        Ok(metadata) => metadata,
        Err(error) => return Finding::fail("permissions", format!("{shown}: {error}")),
    };
    if let Err(error) = rustix::fs::access(
        directory,
        rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK,
    ) {
        return Finding::fail(
            "permissions",
            format!("{shown}: this user cannot write there: {error}"),
        );
    }
    if metadata.mode() & 0o077 != 0 {
        let detail = format!("{shown}: other users may read it; chmod 700 {shown}");
        return Finding::warn("permissions", detail);
    }
    Finding::ok("permissions", format!("{shown}: private to its owner"))
}

fn keys(settings: &Settings) -> Vec<Finding> {
    let keyring = match read_keyring(settings) {
        Ok(keyring) => keyring,
        Err(failure) => return vec![Finding::fail("keys", failure.message)],
    };
    let count = keyring.key_ids().count();
    let mut findings = vec![Finding::ok(
        "keys",
        format!("{count} readable, {} active", keyring.active_id()),
    )];
    if let Some(KeySource::File(path)) = &settings.keys
        && let Ok(metadata) = std::fs::metadata(path)
        && metadata.mode() & 0o077 != 0
    {
        let detail = format!(
            "{0}: other users may read the keys; chmod 600 {0}",
            path.display()
        );
        findings.push(Finding::fail("keys", detail));
    }
    findings
}

/// Root certificates are needed for https webhooks only.
async fn certificates() -> Finding {
    let count = tokio::task::spawn_blocking(|| system_roots().len())
        .await
        .unwrap_or(0);
    match count {
        0 => Finding::warn(
            "certificates",
            "no root certificates; https webhooks will fail. Install ca-certificates",
        ),
        count => Finding::ok("certificates", format!("{count} root certificates")),
    }
}

fn public_url(settings: &Settings) -> Finding {
    match (&settings.public_url, settings.profile) {
        (Some(url), _) => Finding::ok("public_url", url.to_string()),
        (None, Profile::Sandbox) => Finding::ok("public_url", "that of the listen address"),
        (None, Profile::Production) => Finding::fail(
            "public_url",
            "server.public_url is not set; profile production needs an https origin",
        ),
    }
}
