//! One SQLite connection: how it is opened, its transactions, its statements.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, ToSql};
use torana_storage::{Dialect, Row, StoreError, Value};

use super::errors::{classify, is_busy};
use super::params::Rewritten;
use super::{Durability, SqliteOptions};
use crate::closure::Engine;

/// Compiled statements kept per connection; above the number of statements in the code.
const STATEMENT_CACHE_MAX: usize = 1_024;
/// How often the write lock is asked for, each time waiting [`SqliteOptions::busy_timeout`].
const BEGIN_ATTEMPTS_MAX: u32 = 3;

/// How long restarting the log waits for its readers.
const RESTART_BUSY_TIMEOUT: Duration = Duration::from_millis(250);

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Write,
    Read,
    /// Moves the log into the database file.
    Checkpoint,
}

/// An open connection.
pub(super) struct Session {
    connection: Connection,
    rewritten: Rewritten,
    /// Pages in the write-ahead log after the newest commit of this connection.
    log_pages: Arc<AtomicI32>,
}

impl Session {
    pub fn open(path: &Path, options: &SqliteOptions, purpose: Purpose) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| classify(&error))?;
        let mut session = Self {
            connection,
            rewritten: Rewritten::default(),
            log_pages: Arc::default(),
        };
        session
            .configure(options, purpose)
            .map_err(|error| classify(&error))?;
        Ok(session)
    }

    /// A connection to a database that lives and ends with it.
    pub fn open_in_memory() -> Result<Self, StoreError> {
        let connection = Connection::open_in_memory().map_err(|error| classify(&error))?;
        connection
            .execute_batch("PRAGMA foreign_keys = ON")
            .map_err(|error| classify(&error))?;
        keep_statements(&connection).map_err(|error| classify(&error))?;
        Ok(Self {
            connection,
            rewritten: Rewritten::default(),
            log_pages: Arc::default(),
        })
    }

    fn configure(&mut self, options: &SqliteOptions, purpose: Purpose) -> rusqlite::Result<()> {
        let connection = &mut self.connection;
        connection.busy_timeout(options.busy_timeout)?;
        keep_statements(connection)?;
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
        if mode != "wal" {
            let text = format!("the file system cannot hold a write-ahead log (journal mode is {mode})");
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN),
                Some(text),
            ));
        }
        let synchronous = match options.durability {
            Durability::Full => "FULL",
            Durability::ProcessCrash => "NORMAL",
        };
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update(None, "fullfsync", true)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "cache_size", -i64::from(options.cache_kib))?;
        match purpose {
            Purpose::Read => connection.pragma_update(None, "query_only", true),
            Purpose::Checkpoint => Ok(()),
            Purpose::Write => {
                if let Some(pages) = options.pages_max {
                    connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
                }
                let pages = Arc::clone(&self.log_pages);
                // The hook takes the place of SQLite's own checkpoints inside COMMIT.
                connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count| {
                    pages.store(count, Ordering::Relaxed);
                    Ok(())
                }))
            }
        }
    }

    /// Takes the write lock, waiting for other processes.
    pub fn begin_write(&mut self) -> Result<(), StoreError> {
        let mut attempt = 1;
        loop {
            match self.run_cached("BEGIN IMMEDIATE") {
                Err(error) if is_busy(&error) && attempt < BEGIN_ATTEMPTS_MAX => attempt += 1,
                result => return result.map_err(|error| classify(&error)),
            }
        }
    }

    /// Refuses writes from now on, or takes them again.
    pub fn set_query_only(&mut self, query_only: bool) -> Result<(), StoreError> {
        self.connection
            .pragma_update(None, "query_only", query_only)
            .map_err(|error| classify(&error))
    }

    /// Begins a transaction whose snapshot is taken by its first statement.
    pub fn begin_read(&mut self) -> Result<(), StoreError> {
        self.run_cached("BEGIN").map_err(|error| classify(&error))
    }

    pub fn commit(&mut self) -> Result<(), StoreError> {
        self.run_cached("COMMIT").map_err(|error| classify(&error))
    }

    /// SQLite may have rolled back by itself after an error; that is as good.
    pub fn rollback(&mut self) -> Result<(), StoreError> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.run_cached("ROLLBACK").map_err(|error| classify(&error))
    }

    pub fn savepoint(&mut self) -> Result<(), StoreError> {
        self.run_cached("SAVEPOINT closure")
            .map_err(|error| classify(&error))
    }

    pub fn release(&mut self) -> Result<(), StoreError> {
        self.run_cached("RELEASE closure")
            .map_err(|error| classify(&error))
    }

    pub fn rollback_to_savepoint(&mut self) -> Result<(), StoreError> {
        self.run_cached("ROLLBACK TO closure")
            .map_err(|error| classify(&error))?;
        self.release()
    }

    /// Moves what it can of the log into the database file, without waiting for anybody.
    pub fn checkpoint(&mut self) -> Result<(), StoreError> {
        self.connection
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
            .map_err(|error| classify(&error))
    }

    /// Moves the whole log into the database file, so that the next commit starts it from the front. Waits
    /// for readers of the log, but not long: then the log just goes on growing.
    pub fn checkpoint_and_restart_log(&mut self, busy_timeout: Duration) -> Result<(), StoreError> {
        let connection = &self.connection;
        let restart = || {
            connection.busy_timeout(RESTART_BUSY_TIMEOUT)?;
            connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))
        };
        let restarted = restart();
        connection
            .busy_timeout(busy_timeout)
            .and(restarted)
            .map_err(|error| classify(&error))
    }

    /// Length of the write-ahead log after the newest commit of this connection, in pages.
    pub fn log_pages(&self) -> i32 {
        self.log_pages.load(Ordering::Relaxed)
    }

    fn run_cached(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.raw_execute().map(|_| ())
    }

    fn bound(&mut self, sql: &'static str, params: &[Value]) -> Result<CachedStatement<'_>, StoreError> {
        let text = self.rewritten.get(sql);
        let mut statement = self
            .connection
            .prepare_cached(text)
            .map_err(|error| classify(&error))?;
        let wanted = statement.parameter_count();
        if wanted != params.len() {
            let given = params.len();
            return Err(StoreError::Statement(format!(
                "{wanted} parameters wanted, {given} given"
            )));
        }
        for (position, value) in (1..).zip(params) {
            statement
                .raw_bind_parameter(position, Bound(value))
                .map_err(|error| classify(&error))?;
        }
        Ok(statement)
    }
}

impl Engine for Session {
    fn execute(&mut self, sql: &'static str, params: &[Value]) -> Result<u64, StoreError> {
        let mut statement = self.bound(sql, params)?;
        statement
            .raw_execute()
            .map(|count| count as u64)
            .map_err(|error| classify(&error))
    }

    fn query(&mut self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.bound(sql, params)?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        let mut out = Vec::new();
        while let Some(row) = rows.next().map_err(|error| classify(&error))? {
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                values.push(value_of(
                    column,
                    row.get_ref(column).map_err(|error| classify(&error))?,
                )?);
            }
            out.push(Row(values));
        }
        Ok(out)
    }

    fn prepare(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let text = self.rewritten.get(sql);
        self.connection
            .prepare_cached(text)
            .map(|_| ())
            .map_err(|error| classify(&error))
    }

    fn execute_script(&mut self, sql: &str) -> Result<(), StoreError> {
        self.connection
            .execute_batch(sql)
            .map_err(|error| classify(&error))
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }
}

/// Compiles each statement once. SQLite would choose its plan by the values of the parameters otherwise, and compile
/// it again for the next values.
fn keep_statements(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE_MAX);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// A parameter without copying it.
struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Int(value) => ValueRef::Integer(*value),
            Value::Text(value) => ValueRef::Text(value.as_bytes()),
            Value::Blob(value) => ValueRef::Blob(value),
        }))
    }
}

fn value_of(column: usize, value: ValueRef<'_>) -> Result<Value, StoreError> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(value) => Ok(Value::Int(value)),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes)
            .map(|text| Value::Text(text.to_owned()))
            .map_err(|_| StoreError::Inconsistent {
                column,
                expected: "UTF-8 text",
            }),
        ValueRef::Blob(bytes) => Ok(Value::Blob(bytes.to_owned())),
        ValueRef::Real(_) => Err(StoreError::Inconsistent {
            column,
            expected: "an integer, a text or bytes",
        }),
    }
}

/// How long the busy handler waits by default.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_is_compiled_once_whatever_its_parameters_are() {
        const FIND: &str = "SELECT name FROM thing WHERE name = $1 AND kind = $2 LIMIT $3";
        let mut session = Session::open_in_memory().unwrap();
        let schema = "CREATE TABLE thing (name TEXT NOT NULL UNIQUE, kind BIGINT NOT NULL)";
        session.execute_script(schema).unwrap();
        for number in 0..5_i64 {
            let keys = [Value::Text(number.to_string()), number.into(), number.into()];
            assert!(session.query(FIND, &keys).unwrap().is_empty());
        }
        let text = session.rewritten.get(FIND);
        let statement = session.connection.prepare_cached(text).unwrap();
        let status = |counter| statement.get_status(counter);
        assert_eq!(
            (status(StatementStatus::Run), status(StatementStatus::RePrepare)),
            (5, 0)
        );
    }
}
