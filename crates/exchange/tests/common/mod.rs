//! What the tests over real databases share.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod process;
pub mod steered;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use torana_domain::broker_key::BrokerKey;
use torana_domain::money::Shares;
use torana_domain::order::Side;
use torana_domain::time::{Timestamp, parse_iso};
use torana_drivers::sqlite::Durability;
use torana_drivers::{PostgresDriver, PostgresOptions, SqliteDriver, SqliteOptions};
use torana_exchange::core::{AccountKey, BookView, Command, OrderRequest, Reply, SessionRef};
use torana_exchange::{EmbeddedExchange, Ownership, Port};
use torana_storage::exchange::MIGRATIONS;
use torana_storage::{Store, migrate};

use self::process::Process;

/// A database of one test; every `open` is another process to it.
pub enum Database {
    Sqlite(PathBuf),
    Postgres(String),
}

/// A fresh database on each engine that is here.
pub fn databases(test: &str) -> Vec<Database> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let postgres = torana_pgtest::fresh_database().map(Database::Postgres);
    [Some(Database::Sqlite(folder.join("exchange.db"))), postgres]
        .into_iter()
        .flatten()
        .collect()
}

impl Database {
    pub async fn open(&self) -> Store {
        let store = match self {
            Self::Sqlite(path) => {
                let options = SqliteOptions {
                    durability: Durability::ProcessCrash,
                    ..SqliteOptions::default()
                };
                Store::new(Arc::new(SqliteDriver::open(path, options).unwrap()))
            }
            Self::Postgres(url) => {
                let (url, options) = (url.clone(), PostgresOptions::default());
                // Connecting blocks, which no task of the runtime may do.
                let driver = tokio::task::spawn_blocking(move || PostgresDriver::open(&url, options)).await;
                Store::new(Arc::new(driver.unwrap().unwrap()))
            }
        };
        migrate::apply(&store, MIGRATIONS, Timestamp(0)).await.unwrap();
        store
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Sqlite(path) = self {
            let _ = fs::remove_dir_all(path.parent().unwrap());
        }
    }
}

/// An exchange that has its database for itself: what is opened after it is a restart.
pub fn exchange(store: &Store) -> EmbeddedExchange {
    Process::start(store, Ownership::Alone).port
}

/// Monday, 10:00 in India, and so many seconds.
pub fn monday(seconds: i64) -> Timestamp {
    parse_iso("2026-01-05T04:30:00.000Z")
        .unwrap()
        .plus_seconds(seconds)
}

pub async fn ask(port: &dyn Port, world: &str, at: Timestamp, command: Command) -> Reply {
    port.execute(world, at, command).await.unwrap().reply
}

pub async fn login(port: &dyn Port, world: &str, at: Timestamp, account: &str) -> SessionRef {
    let key = AccountKey::new(BrokerKey::Kite, account).unwrap();
    let session = SessionRef {
        key,
        token_hash: format!("hash of {account}"),
    };
    let command = Command::Login {
        session: session.clone(),
        expires_at: at.plus_seconds(3_600 * 12),
    };
    assert_eq!(ask(port, world, at, command).await, Reply::LoggedIn);
    session
}

pub fn buy(session: &SessionRef, ticker: &str, quantity: i64) -> Command {
    Command::Place {
        session: session.clone(),
        order: OrderRequest::delivery(Side::Buy, ticker, Shares(quantity)),
    }
}

pub async fn book(port: &dyn Port, world: &str, at: Timestamp, session: &SessionRef) -> BookView {
    match ask(port, world, at, Command::OrderBook(session.clone().into())).await {
        Reply::Book(book) => book,
        other => panic!("{other:?}"),
    }
}
