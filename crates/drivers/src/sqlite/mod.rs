//! SQLite: one writer thread that shares commits, a few reading threads, one that empties the log.

mod backup;
mod errors;
mod inline;
mod lookup;
mod params;
mod reader;
mod session;
mod writer;

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use torana_runtime::BoxFuture;
use torana_storage::store::{AnyClosure, AnyResult, fetch_by_read};
use torana_storage::{Dialect, Driver, Row, StoreError, Value};

use crate::closure::{Isolation, Job, submit};
use crate::queue::Queue;
use crate::stats::{Counters, DriverStats};
use lookup::Lookups;
use session::{Purpose, Session};

pub use backup::{BackupError, backup};
pub use inline::InlineDriver;

/// What an acknowledged write survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process and of the machine: the log is synced before each answer.
    Full,
    /// The end of the process only. For tests, where the disk is the slow part.
    ProcessCrash,
}

/// Settings of [`SqliteDriver::open`].
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// Reading threads, each with a connection.
    pub readers: usize,
    /// Closures that may wait, writes and reads counted apart; one more is refused at once.
    pub queue_max: usize,
    /// Closures in one commit at most.
    pub batch_closures_max: usize,
    /// How long closures may join a batch before it is committed.
    pub batch_work_max: Duration,
    /// How long one attempt to get the write lock waits for another process.
    pub busy_timeout: Duration,
    /// Page cache of one connection at most, in KiB.
    pub cache_kib: u32,
    /// Size limit of the database file in pages of 4 KiB; none for the file system's own.
    pub pages_max: Option<u32>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            durability: Durability::Full,
            readers: 2,
            queue_max: 4_096,
            batch_closures_max: 512,
            batch_work_max: Duration::from_millis(5),
            busy_timeout: session::BUSY_TIMEOUT,
            cache_kib: 8_192,
            pages_max: None,
        }
    }
}

/// SQLite behind [`torana_storage::Store`]. Dropping it runs what is queued and joins its threads.
pub struct SqliteDriver {
    writes: Arc<Queue<Job>>,
    reads: Arc<Queue<Job>>,
    checkpoints: Arc<Queue<()>>,
    lookups: Option<Arc<Lookups>>,
    counters: Arc<Counters>,
    threads: Vec<JoinHandle<()>>,
}

/// What all threads of one driver share.
#[derive(Clone)]
struct Shared {
    path: PathBuf,
    options: SqliteOptions,
    counters: Arc<Counters>,
    /// Held during a checkpoint.
    checkpointing: Arc<Mutex<()>>,
}

impl Shared {
    fn open(&self, purpose: Purpose) -> Result<Session, StoreError> {
        Session::open(&self.path, &self.options, purpose)
    }
}

impl SqliteDriver {
    /// Opens the database file, making it (mode 0600) if it is not there; its folder must be.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the file cannot be made, opened or read, or a thread not started.
    pub fn open(path: impl Into<PathBuf>, options: SqliteOptions) -> Result<Self, StoreError> {
        let path = path.into();
        create_private(&path)
            .map_err(|error| StoreError::Unavailable(format!("cannot open {}: {error}", path.display())))?;
        let mut driver = Self {
            writes: Arc::new(Queue::new(options.queue_max)),
            reads: Arc::new(Queue::new(options.queue_max)),
            checkpoints: Arc::new(Queue::new(1)),
            lookups: None,
            counters: Arc::default(),
            threads: Vec::new(),
        };
        let counters = Arc::clone(&driver.counters);
        let shared = Shared {
            path,
            options,
            counters,
            checkpointing: Arc::default(),
        };
        driver.start_threads(&shared)?;
        Ok(driver)
    }

    /// The writer's connection is opened first: it is the one that makes the log.
    fn start_threads(&mut self, shared: &Shared) -> Result<(), StoreError> {
        let session = shared.open(Purpose::Write)?;
        let (jobs, wakes) = (Arc::clone(&self.writes), Arc::clone(&self.checkpoints));
        let writer = writer::Writer::new(shared.clone(), session, jobs, wakes);
        self.start("sqlite-write", move || writer.run())?;
        let (mut session, wakes) = (shared.open(Purpose::Checkpoint)?, Arc::clone(&self.checkpoints));
        let its_shared = shared.clone();
        self.start("sqlite-checkpoint", move || {
            writer::run_checkpoints(&its_shared, &mut session, &wakes);
        })?;
        for _ in 0..shared.options.readers.max(1) {
            let (session, jobs) = (shared.open(Purpose::Read)?, Arc::clone(&self.reads));
            let shared = shared.clone();
            self.start("sqlite-read", move || reader::run(&shared, session, &jobs))?;
        }
        self.lookups = Some(Arc::new(Lookups::open(shared)?));
        Ok(())
    }

    fn start(&mut self, name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(body);
        let thread =
            thread.map_err(|error| StoreError::Unavailable(format!("cannot start {name}: {error}")))?;
        self.threads.push(thread);
        Ok(())
    }

    /// What it did so far.
    #[must_use]
    pub fn stats(&self) -> DriverStats {
        self.counters.snapshot(self.writes.len(), self.reads.len())
    }
}

impl Driver for SqliteDriver {
    fn write(&self, name: &'static str, closure: AnyClosure) -> BoxFuture<'static, AnyResult> {
        submit(&self.writes, name, Isolation::Serializable, closure)
    }

    fn read(&self, closure: AnyClosure) -> BoxFuture<'static, AnyResult> {
        submit(&self.reads, "read", Isolation::Serializable, closure)
    }

    fn fetch(&self, sql: &'static str, keys: Vec<Value>) -> BoxFuture<'static, Result<Vec<Row>, StoreError>> {
        match self.lookups.as_ref().and_then(|lookups| lookups.run(sql, &keys)) {
            Some(rows) => Box::pin(std::future::ready(rows)),
            None => fetch_by_read(self, sql, keys),
        }
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }
}

impl Drop for SqliteDriver {
    fn drop(&mut self) {
        self.writes.close();
        self.reads.close();
        self.checkpoints.close();
        for thread in self.threads.drain(..) {
            // A thread that panicked has already said so.
            let _ = thread.join();
        }
    }
}

/// SQLite gives its log the mode of the database file, so the mode is set before SQLite sees it.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}
