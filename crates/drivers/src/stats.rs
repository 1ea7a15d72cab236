//! Counters of a driver, for metrics and for the tests of batching.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a driver did since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DriverStats {
    /// Write closures waiting now.
    pub queued_writes: u64,
    /// Read closures waiting now.
    pub queued_reads: u64,
    /// Write closures that ran, whatever became of them; a re-run counts again.
    pub closures: u64,
    /// Commits that succeeded; on SQLite one commit holds many closures.
    pub commits: u64,
    /// Closures that ran again after a conflict (PostgreSQL).
    pub conflicts: u64,
    /// Batches or transactions that were lost to the disk or the connection.
    pub failures: u64,
}

/// The live counters.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub closures: Counter,
    pub commits: Counter,
    pub conflicts: Counter,
    pub failures: Counter,
}

/// One monotonic counter.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub fn snapshot(&self, queued_writes: usize, queued_reads: usize) -> DriverStats {
        DriverStats {
            queued_writes: queued_writes as u64,
            queued_reads: queued_reads as u64,
            closures: self.closures.get(),
            commits: self.commits.get(),
            conflicts: self.conflicts.get(),
            failures: self.failures.get(),
        }
    }
}
