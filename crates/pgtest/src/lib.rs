//! A throw-away PostgreSQL cluster for tests and benchmarks, on loopback and a free port.
//!
//! Tests call [`fresh_database`]; the cluster behind it starts once per test process and ends with it, also
//! if the process is killed. Benchmarks call [`Cluster::start`] with a durable cluster on the disk they want.
//!
//! Environment: `TORANA_TEST_SKIP_POSTGRES=1` skips what needs PostgreSQL; `TORANA_TEST_POSTGRES_URL` names a
//! running server, where the tests then make their databases, instead of a cluster of their own.

mod cluster;
mod programs;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

pub use cluster::{Cluster, ClusterOptions};

/// Set to `1` to skip the tests that need PostgreSQL.
pub const SKIP_VARIABLE: &str = "TORANA_TEST_SKIP_POSTGRES";
/// URL of a running server whose user may create databases; its database part is not used.
pub const URL_VARIABLE: &str = "TORANA_TEST_POSTGRES_URL";

/// Why there is no PostgreSQL for the tests.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PgError {
    /// The programs are not there.
    #[error(
        "PostgreSQL 14 or newer is not installed: `{0}` is neither in PATH nor in /usr/lib/postgresql/*/bin. \
         Install it (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql), or set \
         TORANA_TEST_SKIP_POSTGRES=1 to skip the tests that need it"
    )]
    NotInstalled(&'static str),
    /// The tests run as root, which PostgreSQL refuses, and no other user can be taken.
    #[error(
        "PostgreSQL refuses to run as root and there is no user `postgres` or `nobody` to run it as (with \
         `setpriv` or `runuser`): run the tests as another user, or set TORANA_TEST_SKIP_POSTGRES=1"
    )]
    NoUser,
    /// A program failed.
    #[error("`{program}` failed: {text}")]
    Failed {
        /// Which one.
        program: String,
        /// What it said, the end of the server's log included.
        text: String,
    },
    /// The folder of the cluster cannot be used.
    #[error("cannot prepare the cluster's folder {path}: {text}")]
    Folder {
        /// Which one.
        path: String,
        /// What the system said.
        text: String,
    },
}

/// URL of a new, empty database for one test, or `None` (with a line on stderr) where PostgreSQL is to be
/// skipped. It vanishes with the process's cluster; on a server named by the environment it stays.
///
/// # Panics
/// If PostgreSQL cannot be started and is not to be skipped: a missing engine must not look like a passed test.
#[must_use]
pub fn fresh_database() -> Option<String> {
    unless_skipped(try_fresh_database)
}

/// A cluster of its own for one test, which may then crash it; `None` and panics as for [`fresh_database`].
///
/// # Panics
/// As for [`fresh_database`].
#[must_use]
pub fn own_cluster(options: &ClusterOptions) -> Option<Cluster> {
    unless_skipped(|| Cluster::start(options))
}

#[expect(clippy::panic, reason = "a helper of tests: the panic is the test's failure")]
fn unless_skipped<T>(start: impl FnOnce() -> Result<T, PgError>) -> Option<T> {
    if std::env::var(SKIP_VARIABLE).is_ok_and(|value| value == "1") {
        eprintln!("skipped: needs PostgreSQL and {SKIP_VARIABLE}=1 is set");
        return None;
    }
    match start() {
        Ok(started) => Some(started),
        Err(error) => panic!("{error}"),
    }
}

/// URL of a new, empty database on the server of the tests.
///
/// # Errors
/// [`PgError`]: not installed, or the cluster does not start.
pub fn try_fresh_database() -> Result<String, PgError> {
    match std::env::var(URL_VARIABLE) {
        Ok(server) => cluster::create_database(&server, &database_name()),
        Err(_) => process_cluster()?.create_database(),
    }
}

/// The one cluster of this process, not durable: tests of durability start their own.
fn process_cluster() -> Result<&'static Cluster, PgError> {
    static CLUSTER: OnceLock<Result<Cluster, PgError>> = OnceLock::new();
    CLUSTER
        .get_or_init(|| Cluster::start(&ClusterOptions::default()))
        .as_ref()
        .map_err(Clone::clone)
}

/// Unique among the processes that share a server.
fn database_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!(
        "t_{}_{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}
