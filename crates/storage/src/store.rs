//! The database as the application sees it: synchronous closures over a transaction.
//!
//! A closure gets ids and instants that were made before, draws no randomness, reads no clock, touches
//! nothing outside and returns owned values, because it may be run again (conflict on either engine, or a
//! simulator that wants to see hidden side effects). No network call can happen inside one: it cannot await.

use std::any::Any;
use std::sync::Arc;

use torana_runtime::BoxFuture;

use crate::value::{Row, Value};

/// What a closure sees.
///
/// After a statement has failed the closure is over: every later statement answers with the same error, and
/// a closure that returns `Ok` all the same is rolled back with it. PostgreSQL works like that by itself, and
/// SQLite is held to it. What may exist already is therefore written with `ON CONFLICT`.
pub trait Tx {
    /// Runs a statement that returns no rows; gives the number of rows changed.
    fn execute(&mut self, sql: &'static str, params: &[Value]) -> Result<u64, StoreError>;
    /// Runs a statement that returns rows.
    fn query(&mut self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, StoreError>;
    /// Compiles a statement and checks that the driver can carry its columns; runs nothing.
    fn prepare(&mut self, sql: &'static str) -> Result<(), StoreError>;
    /// Runs several statements without parameters, for migrations only: the one place where SQL is not a
    /// constant. Time spent here does not count against the closure's limit.
    fn execute_script(&mut self, sql: &str) -> Result<(), StoreError>;
    /// Which engine this is, for the few statements that differ.
    fn dialect(&self) -> Dialect;
}

impl dyn Tx + '_ {
    /// At most one row.
    pub fn query_opt(&mut self, sql: &'static str, params: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// Exactly the first row; none is an inconsistency.
    pub fn query_one(&mut self, sql: &'static str, params: &[Value]) -> Result<Row, StoreError> {
        self.query_opt(sql, params)?.ok_or(StoreError::MissingRow)
    }

    /// A statement that must change exactly one row.
    pub fn execute_one(&mut self, sql: &'static str, params: &[Value]) -> Result<(), StoreError> {
        match self.execute(sql, params)? {
            1 => Ok(()),
            _ => Err(StoreError::MissingRow),
        }
    }
}

/// The two engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Embedded SQLite.
    Sqlite,
    /// PostgreSQL 14 or newer.
    Postgres,
}

/// Why a read or write did not happen.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A unique constraint stopped the write; the engine's name of the constraint or `table.column`.
    #[error("already exists: {0}")]
    Duplicate(String),
    /// A row that must exist does not.
    #[error("a row that must exist is missing")]
    MissingRow,
    /// A stored value is not of its type: a bug or a hand-edited database.
    #[error("column {column} does not hold {expected}")]
    Inconsistent {
        /// Position of the column in the statement.
        column: usize,
        /// What was expected there.
        expected: &'static str,
    },
    /// Overloaded, disk trouble, connection lost: nothing of the closure is known to be kept; try again.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// A conflict that the driver re-runs; it leaves the driver only when its retries are used up.
    #[error("transaction conflict")]
    Conflict,
    /// A statement failed for a reason that a retry does not cure.
    #[error("statement failed: {0}")]
    Statement(String),
    /// The closure itself decided to roll back.
    #[error("rolled back")]
    Rollback,
}

/// A closure's type-erased result.
pub type AnyResult = Result<Box<dyn Any + Send>, StoreError>;
/// A type-erased closure.
pub type AnyClosure = Arc<dyn Fn(&mut dyn Tx) -> AnyResult + Send + Sync>;

/// What an engine implements.
pub trait Driver: Send + Sync {
    /// Runs the closure in a read-write transaction and answers after it is durable.
    fn write(&self, name: &'static str, closure: AnyClosure) -> BoxFuture<'static, AnyResult>;
    /// Runs the closure like `write`, on PostgreSQL at READ COMMITTED: for the single SKIP LOCKED statement
    /// that claims jobs, which serializable workers would make each other repeat.
    fn claim(&self, name: &'static str, closure: AnyClosure) -> BoxFuture<'static, AnyResult> {
        self.write(name, closure)
    }
    /// Runs the closure in a read-only snapshot.
    fn read(&self, closure: AnyClosure) -> BoxFuture<'static, AnyResult>;
    /// Runs one statement that finds a few rows by their keys. A statement and its parameters are plain data, so
    /// that an engine may answer on the calling task or gather look-ups and ask for all of them together.
    fn fetch(&self, sql: &'static str, keys: Vec<Value>) -> BoxFuture<'static, Result<Vec<Row>, StoreError>> {
        fetch_by_read(self, sql, keys)
    }
    /// Which engine.
    fn dialect(&self) -> Dialect;
}

/// A database.
#[derive(Clone)]
pub struct Store(Arc<dyn Driver>);

impl Store {
    /// Wraps a driver.
    #[must_use]
    pub fn new(driver: Arc<dyn Driver>) -> Self {
        Self(driver)
    }

    /// Commits one closure. `name` says in logs and metrics what was committed.
    ///
    /// # Errors
    /// The closure's own error (then nothing is kept), or the driver's.
    pub async fn write<T, F>(&self, name: &'static str, closure: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut dyn Tx) -> Result<T, StoreError> + Send + Sync + 'static,
    {
        let erased: AnyClosure =
            Arc::new(move |tx| closure(tx).map(|value| Box::new(value) as Box<dyn Any + Send>));
        unerase(self.0.write(name, erased).await)
    }

    /// Commits one closure made of a single claiming statement; see [`Driver::claim`].
    ///
    /// # Errors
    /// The closure's own error (then nothing is kept), or the driver's.
    pub async fn claim<T, F>(&self, name: &'static str, closure: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut dyn Tx) -> Result<T, StoreError> + Send + Sync + 'static,
    {
        let erased: AnyClosure =
            Arc::new(move |tx| closure(tx).map(|value| Box::new(value) as Box<dyn Any + Send>));
        unerase(self.0.claim(name, erased).await)
    }

    /// Reads in one snapshot.
    ///
    /// # Errors
    /// The closure's own error, or the driver's.
    pub async fn read<T, F>(&self, closure: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut dyn Tx) -> Result<T, StoreError> + Send + Sync + 'static,
    {
        let erased: AnyClosure =
            Arc::new(move |tx| closure(tx).map(|value| Box::new(value) as Box<dyn Any + Send>));
        unerase(self.0.read(erased).await)
    }

    /// The row with these keys, as it stands. Cheaper than [`Self::read`] where one row is all that is asked for;
    /// `sql` must find it by an index, because it may run on the calling task. A null key finds nothing.
    ///
    /// # Errors
    /// The driver's.
    pub async fn fetch(&self, sql: &'static str, keys: Vec<Value>) -> Result<Option<Row>, StoreError> {
        if keys.contains(&Value::Null) {
            return Ok(None);
        }
        Ok(self.0.fetch(sql, keys).await?.into_iter().next())
    }

    /// Which engine.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.0.dialect()
    }
}

/// A look-up as a closure of its own, for engines and moments without a shorter way.
pub fn fetch_by_read<D: Driver + ?Sized>(
    driver: &D,
    sql: &'static str,
    keys: Vec<Value>,
) -> BoxFuture<'static, Result<Vec<Row>, StoreError>> {
    let rows = driver.read(Arc::new(move |tx| {
        tx.query(sql, &keys)
            .map(|rows| Box::new(rows) as Box<dyn Any + Send>)
    }));
    Box::pin(async move { unerase(rows.await) })
}

fn unerase<T: 'static>(result: AnyResult) -> Result<T, StoreError> {
    let boxed = result?;
    match boxed.downcast::<T>() {
        Ok(value) => Ok(*value),
        Err(_) => Err(StoreError::Statement(
            "a driver answered with another closure's result".to_owned(),
        )),
    }
}
