//! PostgreSQL: threads with a connection each. The server itself shares the syncs of concurrent commits.

mod connection;
mod errors;
mod fetch;
mod values;
mod worker;

use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use postgres::Config;
use postgres::config::SslMode;
use tokio::sync::oneshot;
use torana_runtime::BoxFuture;
use torana_storage::store::{AnyClosure, AnyResult};
use torana_storage::{Dialect, Driver, Row, StoreError, Value};

use crate::closure::{Isolation, Job, answered, submit};
use crate::queue::Queue;
use crate::stats::{Counters, DriverStats};
use connection::Connection;
use fetch::Fetch;
use worker::{Shared, Worker};

/// How long one attempt to connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long sent data may stay unacknowledged before the connection counts as lost.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(10);

/// Settings of [`PostgresDriver::open`].
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// Writing threads, each with a connection.
    pub writers: usize,
    /// Reading threads, each with a connection.
    pub readers: usize,
    /// Threads for look-ups by key, each with a connection.
    pub fetchers: usize,
    /// Closures that may wait, writes and reads counted apart; one more is refused at once.
    pub queue_max: usize,
    /// Schema to work in, made if it is not there; the connection's default (`public`) if none.
    pub schema: Option<String>,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            writers: 8,
            readers: 4,
            fetchers: 2,
            queue_max: 4_096,
            schema: None,
        }
    }
}

/// PostgreSQL behind [`torana_storage::Store`]. Dropping it runs what is queued and joins its threads.
pub struct PostgresDriver {
    writes: Arc<Queue<Job>>,
    reads: Arc<Queue<Job>>,
    fetches: Arc<Queue<Fetch>>,
    counters: Arc<Counters>,
    threads: Vec<JoinHandle<()>>,
    server_version: i64,
}

impl PostgresDriver {
    /// Connects to the database of a `postgres://` URL, checks the server's version and makes the schema.
    /// Blocks until that is done. A connection that is lost later is made again when it is needed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: a URL that cannot be read or asks for TLS, no connection, a server older
    /// than 14, a schema that cannot be made. The URL's password is in no error.
    pub fn open(url: &str, options: PostgresOptions) -> Result<Self, StoreError> {
        let config = parse(url)?;
        let server_version = check_server(&config, options.schema.as_deref())?;
        let mut driver = Self {
            writes: Arc::new(Queue::new(options.queue_max)),
            reads: Arc::new(Queue::new(options.queue_max)),
            fetches: Arc::new(Queue::new(options.queue_max)),
            counters: Arc::default(),
            threads: Vec::new(),
            server_version,
        };
        let shared = Shared {
            config: Arc::new(config),
            options,
            counters: Arc::clone(&driver.counters),
            slow_lane: Arc::new(Mutex::new(())),
        };
        driver.start_threads(&shared)?;
        Ok(driver)
    }

    fn start_threads(&mut self, shared: &Shared) -> Result<(), StoreError> {
        for index in (0..).take(shared.options.writers.max(1)) {
            let (worker, jobs) = (Worker::new(shared.clone(), index), Arc::clone(&self.writes));
            self.start("postgres-write", move || worker.run_writes(&jobs))?;
        }
        for index in (0..).take(shared.options.readers.max(1)) {
            let (worker, jobs) = (Worker::new(shared.clone(), index), Arc::clone(&self.reads));
            self.start("postgres-read", move || worker.run_reads(&jobs))?;
        }
        for index in (0..).take(shared.options.fetchers.max(1)) {
            let (worker, fetches) = (Worker::new(shared.clone(), index), Arc::clone(&self.fetches));
            self.start("postgres-fetch", move || worker.run_fetches(&fetches))?;
        }
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
        self.counters
            .snapshot(self.writes.len(), self.reads.len() + self.fetches.len())
    }

    /// The server's version as PostgreSQL counts it: 150004 is 15.4.
    #[must_use]
    pub fn server_version(&self) -> i64 {
        self.server_version
    }
}

impl Driver for PostgresDriver {
    fn write(&self, name: &'static str, closure: AnyClosure) -> BoxFuture<'static, AnyResult> {
        submit(&self.writes, name, Isolation::Serializable, closure)
    }

    fn claim(&self, name: &'static str, closure: AnyClosure) -> BoxFuture<'static, AnyResult> {
        submit(&self.writes, name, Isolation::ReadCommitted, closure)
    }

    fn read(&self, closure: AnyClosure) -> BoxFuture<'static, AnyResult> {
        submit(&self.reads, "read", Isolation::Serializable, closure)
    }

    fn fetch(&self, sql: &'static str, keys: Vec<Value>) -> BoxFuture<'static, Result<Vec<Row>, StoreError>> {
        let (answer, receiver) = oneshot::channel();
        let pushed = self.fetches.push(Fetch { sql, keys, answer });
        answered(pushed, receiver)
    }

    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }
}

impl Drop for PostgresDriver {
    fn drop(&mut self) {
        self.writes.close();
        self.reads.close();
        self.fetches.close();
        for thread in self.threads.drain(..) {
            // A thread that panicked has already said so.
            let _ = thread.join();
        }
    }
}

fn parse(url: &str) -> Result<Config, StoreError> {
    let parsed: Result<Config, _> = url.parse();
    let mut config = parsed.map_err(|error| {
        // The parser's own text names the parameter, not its value.
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        StoreError::Unavailable(format!(
            "the PostgreSQL URL cannot be read ({cause}); it has the form postgres://user:password@host:port/database"
        ))
    })?;
    if !matches!(config.get_ssl_mode(), SslMode::Disable | SslMode::Prefer) {
        return Err(StoreError::Unavailable(
            "TLS to PostgreSQL is not supported: sslmode can be disable or prefer (which goes without); \
             use a local socket, a private network or a tunnel"
                .to_owned(),
        ));
    }
    config.ssl_mode(SslMode::Disable);
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(TCP_USER_TIMEOUT);
    }
    if config.get_application_name().is_none() {
        config.application_name("torana");
    }
    Ok(config)
}

/// On a thread of its own: the client runs an event loop, which must not start inside the caller's.
fn check_server(config: &Config, schema: Option<&str>) -> Result<i64, StoreError> {
    let check = || Connection::open(config, None)?.check_server(schema);
    let checked = thread::scope(|scope| scope.spawn(check).join());
    checked.unwrap_or_else(|_| {
        Err(StoreError::Unavailable(
            "the PostgreSQL client panicked".to_owned(),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_asks_for_tls_is_refused_with_the_way_out() {
        let error = parse("postgres://u:sesame@localhost/db?sslmode=require")
            .unwrap_err()
            .to_string();
        assert!(error.contains("sslmode can be disable or prefer"), "{error}");
        assert!(parse("postgres://u:sesame@localhost/db?sslmode=prefer").is_ok());
    }

    #[test]
    fn an_unreadable_url_is_explained_without_its_password() {
        for url in [
            "postgres://u:sesame@localhost:port/db",
            "postgres://u:sesame@h/db?sesame=1",
            "host",
        ] {
            let error = parse(url).unwrap_err().to_string();
            assert!(
                error.contains("postgres://user:password@host:port/database"),
                "{error}"
            );
            assert!(!error.contains("u:sesame"), "{error}");
        }
    }
}
