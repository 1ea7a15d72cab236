//! Fresh databases of either engine on the measured disk, and filling them straight through the driver.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use postgres::{Client, NoTls};
use torana_domain::gateway::{GatewaySettings, Mode};
use torana_domain::ids::GatewayName;
use torana_domain::time::Timestamp;
use torana_drivers::{PostgresDriver, PostgresOptions, SqliteDriver, SqliteOptions};
use torana_pgtest::{Cluster, ClusterOptions};
use torana_storage::gateway::{MIGRATIONS, gateways};
use torana_storage::{Store, migrate};

use crate::load::runtime;
use crate::rows::{self, Maker};

/// The gateway that everything is measured with.
pub const GATEWAY: &str = "bench";
/// Transactions of one commit while a database is filled.
const FILL_CLOSURE: u64 = 1_000;

/// Which database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// Its name in table and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// Makes databases of one engine below one folder.
pub struct Databases {
    pub engine: Engine,
    folder: PathBuf,
    cluster: Option<Cluster>,
    count: u32,
}

impl Databases {
    /// For PostgreSQL this starts a server in the folder, with fsync and synchronous commits on.
    pub fn start(engine: Engine, folder: &Path) -> Result<Self> {
        let cluster = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => {
                let options = ClusterOptions {
                    durable: true,
                    parent: Some(folder.to_owned()),
                    ..Default::default()
                };
                Some(Cluster::start(&options).context("PostgreSQL")?)
            }
        };
        Ok(Self {
            engine,
            folder: folder.to_owned(),
            cluster,
            count: 0,
        })
    }

    /// An empty place.
    pub fn fresh(&mut self) -> Result<Place> {
        self.count += 1;
        let folder = self
            .folder
            .join(format!("{}-{}", self.engine.as_str(), self.count));
        fs::create_dir(&folder).with_context(|| format!("folder {}", folder.display()))?;
        let postgres = match &self.cluster {
            None => None,
            Some(cluster) => {
                let url = cluster.create_database().context("new database")?;
                Some(PostgresPlace {
                    url,
                    server: cluster.url("postgres"),
                })
            }
        };
        Ok(Place { folder, postgres })
    }
}

/// A folder, and a database in it or beside it. Dropping it removes both.
pub struct Place {
    /// Folder of settings, keys and data.
    pub folder: PathBuf,
    postgres: Option<PostgresPlace>,
}

struct PostgresPlace {
    url: String,
    server: String,
}

impl Place {
    /// `data.dir`.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// `database.url`, where it is not the default.
    pub fn url(&self) -> Option<&str> {
        self.postgres.as_ref().map(|place| place.url.as_str())
    }

    /// The gateway's database, opened as the gateway opens it; `writers` are connections to PostgreSQL, by
    /// default as many as the gateway uses.
    pub fn open(&self, writers: Option<usize>) -> Result<Store> {
        match &self.postgres {
            Some(place) => {
                let mut options = PostgresOptions::default();
                options.writers = writers.unwrap_or(options.writers);
                Ok(Store::new(Arc::new(PostgresDriver::open(&place.url, options)?)))
            }
            None => {
                let folder = self.data_dir();
                fs::create_dir_all(&folder).context("data directory")?;
                let driver = SqliteDriver::open(folder.join("torana.db"), SqliteOptions::default())?;
                Ok(Store::new(Arc::new(driver)))
            }
        }
    }

    /// A database of the exchange in this place, with its schema.
    pub fn open_exchange(&self) -> Result<Store> {
        let store = match &self.postgres {
            Some(_) => self.open(None)?,
            None => Store::new(Arc::new(SqliteDriver::open(
                self.folder.join("exchange.db"),
                SqliteOptions::default(),
            )?)),
        };
        let migrations = torana_storage::exchange::MIGRATIONS;
        runtime()?
            .block_on(migrate::apply(&store, migrations, now()))
            .context("migrations of the exchange")?;
        Ok(store)
    }

    /// Brings the database into the state of one that has been used for a while: statistics and visibility
    /// are known, nothing waits to be written back.
    pub fn settle(&self) -> Result<()> {
        if let Some(place) = &self.postgres {
            let mut client = Client::connect(&place.url, NoTls).context("maintenance connection")?;
            client.batch_execute("VACUUM ANALYZE").context("VACUUM ANALYZE")?;
            client.batch_execute("CHECKPOINT").context("CHECKPOINT")?;
        }
        crate::disk::settle();
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What cannot be removed is in the benchmark's folder, where the next run removes it.
        let _ = fs::remove_dir_all(&self.folder);
        let Some(place) = &self.postgres else { return };
        if let (Ok(mut client), Some((_, name))) =
            (Client::connect(&place.server, NoTls), place.url.rsplit_once('/'))
        {
            let _ = client.batch_execute(&format!("DROP DATABASE \"{name}\" WITH (FORCE)"));
        }
    }
}

/// Wall time.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Makes the schema and a gateway, for measurements without the gateway's binary.
pub fn prepare(store: &Store) -> Result<()> {
    runtime()?.block_on(async {
        migrate::apply(store, MIGRATIONS, now())
            .await
            .context("migrations")?;
        let name = GatewayName::parse(GATEWAY).context("gateway name")?;
        let made = store.write("bench.gateway", move |tx| {
            gateways::insert(tx, &name, Mode::Sandbox, &GatewaySettings::default(), now())
        });
        made.await.context("gateway").map(|_| ())
    })
}

/// Makes transactions of the measured gateway.
pub async fn maker(store: &Store) -> Result<Maker> {
    let name = GatewayName::parse(GATEWAY).context("gateway name")?;
    let found = store
        .read(move |tx| gateways::find(tx, &name))
        .await
        .context("gateway")?;
    Maker::new(found.context("the gateway is not there")?.id)
}

/// Stores that many transactions, one commit after the other: commits side by side would only be in each
/// other's way on PostgreSQL.
pub fn fill(store: &Store, count: u64) -> Result<()> {
    runtime()?.block_on(async {
        let maker = Arc::new(maker(store).await?);
        let mut start = 0;
        while start < count {
            let (maker, at, end) = (maker.clone(), now(), count.min(start + FILL_CLOSURE));
            let stored = store.write("bench.fill", move |tx| {
                (start..end).try_for_each(|number| rows::write(tx, &maker.stored(number, at)))
            });
            stored.await.context("filling the database")?;
            start = end;
        }
        Ok(())
    })
}
