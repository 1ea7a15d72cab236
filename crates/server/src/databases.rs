//! The databases of an installation, opened and brought to this version.

use std::path::Path;
use std::sync::Arc;

use torana_config::{Database, Settings};
use torana_domain::time::Timestamp;
use torana_drivers::{DriverStats, PostgresDriver, PostgresOptions, SqliteDriver, SqliteOptions};
use torana_storage::migrate::{self, Migration};
use torana_storage::{Store, exchange, gateway};

use crate::exit::Failure;
use crate::installation::prepare_data_dir;

/// A database with the history that belongs to it.
#[derive(Clone)]
pub struct OpenDatabase {
    /// `gateway` or `exchange`, in messages.
    pub name: &'static str,
    /// The database.
    pub store: Store,
    /// Its history.
    pub migrations: &'static [Migration],
    stats: Arc<dyn Fn() -> DriverStats + Send + Sync>,
    /// The server's version as PostgreSQL counts it; none on SQLite.
    pub postgres_version: Option<i64>,
}

/// The databases that a process works on.
#[derive(Clone)]
pub struct Databases(Vec<OpenDatabase>);

const GATEWAY: &str = "gateway";
const EXCHANGE: &str = "exchange";

impl Databases {
    /// Opens those of a gateway process, making the data directory and SQLite files that are not there: its own,
    /// and the exchange's unless the exchange is a process of its own.
    ///
    /// # Errors
    /// Exit code 3 for a directory that cannot be made, 1 for a database that cannot be opened.
    pub async fn open(settings: &Settings) -> Result<Self, Failure> {
        let gateway = open(GATEWAY, settings.database.clone(), gateway::MIGRATIONS);
        if settings.exchange_url.is_some() {
            return Ok(Self(vec![gateway.await?]));
        }
        let exchange = open(EXCHANGE, settings.exchange_database.clone(), exchange::MIGRATIONS);
        let (gateway, exchange) = tokio::try_join!(gateway, exchange)?;
        Ok(Self(vec![gateway, exchange]))
    }

    /// Opens that of an exchange process.
    ///
    /// # Errors
    /// As [`Databases::open`].
    pub async fn open_exchange(settings: &Settings) -> Result<Self, Failure> {
        let exchange = open(EXCHANGE, settings.exchange_database.clone(), exchange::MIGRATIONS);
        Ok(Self(vec![exchange.await?]))
    }

    /// All of them, for work that is the same for each.
    #[must_use]
    pub fn all(&self) -> &[OpenDatabase] {
        &self.0
    }

    /// Gateways, users, transactions, orders, deliveries, jobs.
    ///
    /// # Errors
    /// Exit code 1 in an exchange process.
    pub fn gateway(&self) -> Result<&Store, Failure> {
        self.find(GATEWAY)
    }

    /// The paper exchange's worlds.
    ///
    /// # Errors
    /// Exit code 1 where the exchange is a process of its own.
    pub fn exchange(&self) -> Result<&Store, Failure> {
        self.find(EXCHANGE)
    }

    fn find(&self, name: &str) -> Result<&Store, Failure> {
        let found = self.0.iter().find(|database| database.name == name);
        found
            .map(|database| &database.store)
            .ok_or_else(|| Failure::failed(format!("this process has no database {name}")))
    }

    /// What is pending, as `database 0001_name`.
    ///
    /// # Errors
    /// Exit code 3: a database that does not fit this version; 1: one that cannot be read.
    pub async fn pending(&self) -> Result<Vec<String>, Failure> {
        let mut lines = Vec::new();
        for database in self.all() {
            let pending = migrate::pending(&database.store, database.migrations).await;
            let pending = pending.map_err(|error| migration_failure(database.name, &error))?;
            lines.extend(
                pending
                    .iter()
                    .map(|migration| migration_line(database.name, migration)),
            );
        }
        Ok(lines)
    }

    /// Applies what is pending and gives it, as [`Databases::pending`] does.
    ///
    /// # Errors
    /// As [`Databases::pending`].
    pub async fn migrate(&self, now: Timestamp) -> Result<Vec<String>, Failure> {
        let mut lines = Vec::new();
        for database in self.all() {
            let applied = migrate::apply(&database.store, database.migrations, now).await;
            let applied = applied.map_err(|error| migration_failure(database.name, &error))?;
            lines.extend(
                applied
                    .iter()
                    .map(|migration| migration_line(database.name, migration)),
            );
        }
        Ok(lines)
    }

    /// Migrates when told so; else refuses to go on with anything pending.
    ///
    /// # Errors
    /// Exit code 3 with the pending migrations.
    pub async fn require_current(&self, may_migrate: bool, now: Timestamp) -> Result<(), Failure> {
        if may_migrate {
            let applied = self.migrate(now).await?;
            if !applied.is_empty() {
                tracing::info!(migrations = applied.len(), "databases brought to this version");
            }
            return Ok(());
        }
        let pending = self.pending().await?;
        if pending.is_empty() {
            return Ok(());
        }
        Err(Failure::refused(format!(
            "pending migrations: {}; apply them with `torana migrate`, or start with --migrate",
            pending.join(", ")
        )))
    }
}

impl OpenDatabase {
    /// What its driver did so far.
    #[must_use]
    pub fn stats(&self) -> DriverStats {
        (self.stats)()
    }
}

fn migration_line(database: &str, migration: &Migration) -> String {
    format!("{database} {:04}_{}", migration.id, migration.name)
}

fn migration_failure(database: &str, error: &migrate::MigrateError) -> Failure {
    let mut message = format!("database {database}: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        message = format!("{message}: {next}");
        cause = next.source();
    }
    match error {
        migrate::MigrateError::Edited { .. }
        | migrate::MigrateError::Newer { .. }
        | migrate::MigrateError::Gap { .. } => Failure::refused(message),
        _ => Failure::failed(message),
    }
}

async fn open(
    name: &'static str,
    database: Database,
    migrations: &'static [Migration],
) -> Result<OpenDatabase, Failure> {
    // Both drivers block until they know that the database is there.
    let opening = tokio::task::spawn_blocking(move || open_blocking(name, &database, migrations));
    opening
        .await
        .map_err(|error| Failure::failed(format!("database {name}: {error}")))?
}

fn open_blocking(
    name: &'static str,
    database: &Database,
    migrations: &'static [Migration],
) -> Result<OpenDatabase, Failure> {
    let failed = |error: torana_storage::StoreError| {
        Failure::failed(format!("database {name} ({}): {error}", database.shown()))
    };
    match database {
        Database::Sqlite { path } => {
            prepare_data_dir(
                path.parent()
                    .filter(|parent| !parent.as_os_str().is_empty())
                    .unwrap_or(Path::new(".")),
            )?;
            let driver = Arc::new(SqliteDriver::open(path, SqliteOptions::default()).map_err(failed)?);
            let (store, of) = (Store::new(driver.clone()), driver);
            Ok(OpenDatabase {
                name,
                store,
                migrations,
                stats: Arc::new(move || of.stats()),
                postgres_version: None,
            })
        }
        Database::Postgres { url, schema } => {
            let options = PostgresOptions {
                schema: schema.map(str::to_owned),
                ..PostgresOptions::default()
            };
            let driver = Arc::new(PostgresDriver::open(url, options).map_err(failed)?);
            let postgres_version = Some(driver.server_version());
            let (store, of) = (Store::new(driver.clone()), driver);
            Ok(OpenDatabase {
                name,
                store,
                migrations,
                stats: Arc::new(move || of.stats()),
                postgres_version,
            })
        }
    }
}
