//! What the drivers' tests share.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "helpers of tests; each test binary uses a part"
)]

use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use torana_drivers::sqlite::Durability;
use torana_drivers::{PostgresDriver, PostgresOptions, SqliteDriver, SqliteOptions};
use torana_storage::{Store, StoreError, Tx};

/// A folder for one test, removed when it ends.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn database(&self) -> PathBuf {
        self.0.join("test.db")
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Syncs nothing, so that tests are fast.
pub fn fast() -> SqliteOptions {
    SqliteOptions {
        durability: Durability::ProcessCrash,
        ..SqliteOptions::default()
    }
}

pub fn sqlite(folder: &Folder) -> Store {
    Store::new(Arc::new(SqliteDriver::open(folder.database(), fast()).unwrap()))
}

/// A store on an empty database, or `None` where PostgreSQL is to be skipped.
pub fn postgres() -> Option<Store> {
    let url = torana_pgtest::fresh_database()?;
    Some(Store::new(Arc::new(
        PostgresDriver::open(&url, PostgresOptions::default()).unwrap(),
    )))
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

pub fn run_script(store: &Store, script: &'static str) {
    block_on(store.write("script", |tx| tx.execute_script(script))).unwrap();
}

pub fn int_of(store: &Store, sql: &'static str) -> i64 {
    let read: Result<i64, StoreError> = block_on(store.read(move |tx| tx.query_one(sql, &[])?.int(0)));
    read.unwrap()
}

/// A closure that stops inside its transaction until it is let go.
pub struct Gate {
    entered: Receiver<()>,
    release: Sender<()>,
}

impl Gate {
    /// The gate and the closure body to call.
    pub fn new() -> (
        Self,
        impl Fn(&mut dyn Tx) -> Result<(), StoreError> + Send + Sync + 'static,
    ) {
        let (enter, entered) = channel();
        let (release, released) = channel();
        let (enter, released) = (Mutex::new(enter), Mutex::new(released));
        let body = move |_: &mut dyn Tx| {
            enter
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .send(())
                .unwrap();
            released
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv()
                .unwrap();
            Ok(())
        };
        (Self { entered, release }, body)
    }

    pub fn wait_until_entered(&self) {
        self.entered.recv().unwrap();
    }

    pub fn open(&self) {
        self.release.send(()).unwrap();
    }
}
