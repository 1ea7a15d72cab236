//! One connection to PostgreSQL: how it is set up, one transaction, its statements.

use std::collections::BTreeMap;

use postgres::{Client, Config, IsolationLevel, NoTls, Statement, Transaction};
use torana_storage::store::AnyResult;
use torana_storage::{Dialect, Row, StoreError, Value};

use super::errors::{Meaning, classify};
use super::fetch::{self, Fetch};
use super::values::{Bound, Column, check_column};
use crate::closure::{CLOSURE_TIME_MAX, Engine, Isolation, Job, Outcome, run};

/// Oldest server that is supported, as `server_version_num` counts.
const SERVER_VERSION_MIN: i64 = 140_000;

/// Statements of this connection, found by the address of their constant: bounded by the code.
type Statements = BTreeMap<(usize, usize), Statement>;

pub(super) struct Connection {
    client: Client,
    statements: Statements,
    /// The same constants as statements for many keys.
    lookups: BTreeMap<String, Statement>,
}

/// How a transaction ended.
pub(super) enum Ended {
    /// Answer the caller with this.
    Done(Outcome),
    /// Another transaction was in the way; proven to be rolled back.
    Conflict,
    /// The connection broke before COMMIT was sent; proven to be rolled back.
    LostBefore(StoreError),
    /// The connection broke during COMMIT; nobody knows.
    LostDuring(StoreError),
}

/// How a transaction of several closures ended.
pub(super) enum Together {
    /// All are durable; their results in order.
    Done(Vec<AnyResult>),
    /// Nothing of it is kept.
    Apart,
    /// The connection broke during COMMIT; nobody knows.
    LostDuring(StoreError),
}

impl Connection {
    /// Connects and prepares the session; `schema` must exist.
    pub fn open(config: &Config, schema: Option<&str>) -> Result<Self, StoreError> {
        let mut client = config.connect(NoTls).map_err(|error| classify(&error).error)?;
        let mut setup = format!(
            "SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {}; \
             SELECT set_config('synchronous_commit', 'on', false) \
                 WHERE current_setting('synchronous_commit') = 'off'",
            CLOSURE_TIME_MAX.as_millis(),
            2 * CLOSURE_TIME_MAX.as_millis(),
        );
        if let Some(schema) = schema {
            setup.push_str("; SET search_path TO ");
            setup.push_str(&quoted(schema));
        }
        client
            .batch_execute(&setup)
            .map_err(|error| classify(&error).error)?;
        Ok(Self {
            client,
            statements: Statements::new(),
            lookups: BTreeMap::new(),
        })
    }

    /// Refuses a server that is too old, and makes the schema if it is not there.
    pub fn check_server(&mut self, schema: Option<&str>) -> Result<i64, StoreError> {
        let classified = |error: postgres::Error| classify(&error).error;
        let sql = "SELECT current_setting('server_version_num')::BIGINT, \
                   EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1)";
        let row = self
            .client
            .query_one(sql, &[&schema.unwrap_or("")])
            .map_err(classified)?;
        let version: i64 = row.try_get(0).map_err(classified)?;
        if version < SERVER_VERSION_MIN {
            let (found, wanted) = (version / 10_000, SERVER_VERSION_MIN / 10_000);
            return Err(StoreError::Unavailable(format!(
                "the PostgreSQL server is version {found}; version {wanted} or newer is needed"
            )));
        }
        let exists: bool = row.try_get(1).map_err(classified)?;
        if let (Some(schema), false) = (schema, exists) {
            let sql = format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(schema));
            self.client.batch_execute(&sql).map_err(classified)?;
        }
        Ok(version)
    }

    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Answers look-ups of one shape with one statement, in the order of the group.
    pub fn fetch(&mut self, group: &[Fetch]) -> Result<Vec<Vec<Row>>, Meaning> {
        let classified = |error: postgres::Error| classify(&error);
        let Some(first) = group.first() else {
            return Ok(Vec::new());
        };
        let sql = fetch::statement(first).map_err(Meaning::of_statement)?;
        let statement = match self.lookups.get(&sql) {
            Some(statement) => statement.clone(),
            None => {
                let statement = self.client.prepare(&sql).map_err(classified)?;
                for column in statement.columns() {
                    check_column(column.name(), column.type_()).map_err(Meaning::of_statement)?;
                }
                self.lookups.insert(sql, statement.clone());
                statement
            }
        };
        let parameters = fetch::parameters(group);
        let references: Vec<&(dyn postgres::types::ToSql + Sync)> =
            parameters.iter().map(|parameter| &**parameter).collect();
        let rows = self.client.query(&statement, &references).map_err(classified)?;
        let mut found = vec![Vec::new(); group.len()];
        for row in &rows {
            let mut row = row_of(row).map_err(Meaning::of_statement)?;
            let place = row.0.remove(0);
            let index = match place {
                Value::Int(place) => usize::try_from(place - 1).ok(),
                _ => None,
            };
            if let Some(rows) = index.and_then(|index| found.get_mut(index)) {
                rows.push(row);
            }
        }
        Ok(found)
    }

    /// Runs closures in one write transaction, if each of them gives a result; the first that does not, or a
    /// conflict, undoes all of them, and they must be run one by one.
    pub fn write_together(&mut self, jobs: &[Job]) -> Together {
        let begun = self
            .client
            .build_transaction()
            .isolation_level(IsolationLevel::Serializable)
            .start();
        let Ok(transaction) = begun else {
            return Together::Apart;
        };
        let mut engine = Postgres {
            transaction,
            statements: &mut self.statements,
            lost: false,
        };
        let mut results = Vec::with_capacity(jobs.len());
        for job in jobs {
            let outcome = run(&mut engine, job.name, &job.closure);
            if outcome.result.is_err() {
                // If this fails the connection is gone, and with it the transaction.
                let _ = engine.transaction.rollback();
                return Together::Apart;
            }
            results.push(outcome.result);
        }
        match engine.transaction.commit() {
            Ok(()) => Together::Done(results),
            Err(error) => {
                let meaning = classify(&error);
                if meaning.connection_lost {
                    Together::LostDuring(meaning.error)
                } else {
                    Together::Apart
                }
            }
        }
    }

    /// Runs one closure in one write transaction.
    pub fn write(&mut self, job: &Job) -> Ended {
        let level = match job.isolation {
            Isolation::Serializable => IsolationLevel::Serializable,
            Isolation::ReadCommitted => IsolationLevel::ReadCommitted,
        };
        let begun = self.client.build_transaction().isolation_level(level).start();
        let transaction = match begun {
            Ok(transaction) => transaction,
            Err(error) => return Ended::LostBefore(classify(&error).error),
        };
        let mut engine = Postgres {
            transaction,
            statements: &mut self.statements,
            lost: false,
        };
        let outcome = run(&mut engine, job.name, &job.closure);
        let Postgres {
            transaction, lost, ..
        } = engine;
        match &outcome.failure {
            Some(StoreError::Conflict) => return Ended::Conflict,
            Some(error) if lost => return Ended::LostBefore(error.clone()),
            _ => {}
        }
        if outcome.result.is_err() {
            // If this fails the connection is gone, and with it the transaction.
            let _ = transaction.rollback();
            return Ended::Done(outcome);
        }
        match transaction.commit() {
            Ok(()) => Ended::Done(outcome),
            Err(error) => {
                let meaning = classify(&error);
                match meaning.error {
                    error if meaning.connection_lost => Ended::LostDuring(error),
                    StoreError::Conflict => Ended::Conflict,
                    error => Ended::Done(Outcome {
                        result: Err(error.clone()),
                        failure: Some(error),
                    }),
                }
            }
        }
    }

    /// Runs closures in one snapshot for as long as none of their statements fails. Gives the outcomes, at
    /// least one, and whether the connection is still good.
    pub fn read(&mut self, jobs: &[Job]) -> (Vec<Outcome>, bool) {
        let begun = self
            .client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead);
        let transaction = match begun.read_only(true).start() {
            Ok(transaction) => transaction,
            Err(error) => {
                let error = StoreError::Unavailable(classify(&error).error.to_string());
                return (
                    vec![Outcome {
                        result: Err(error.clone()),
                        failure: Some(error),
                    }],
                    false,
                );
            }
        };
        let mut engine = Postgres {
            transaction,
            statements: &mut self.statements,
            lost: false,
        };
        let mut outcomes = Vec::with_capacity(jobs.len());
        for job in jobs {
            let outcome = run(&mut engine, job.name, &job.closure);
            let failed = outcome.failure.is_some();
            outcomes.push(outcome);
            if failed {
                break;
            }
        }
        let alive = !engine.lost && engine.transaction.rollback().is_ok();
        (outcomes, alive)
    }
}

/// A transaction as a closure's engine.
struct Postgres<'a> {
    transaction: Transaction<'a>,
    statements: &'a mut Statements,
    lost: bool,
}

impl Postgres<'_> {
    fn failed(&mut self, error: &postgres::Error) -> StoreError {
        let meaning = classify(error);
        self.lost |= meaning.connection_lost;
        meaning.error
    }

    fn statement(&mut self, sql: &'static str) -> Result<Statement, StoreError> {
        let key = (sql.as_ptr().addr(), sql.len());
        if let Some(statement) = self.statements.get(&key) {
            return Ok(statement.clone());
        }
        let statement = self
            .transaction
            .prepare(sql)
            .map_err(|error| self.failed(&error))?;
        for column in statement.columns() {
            check_column(column.name(), column.type_())?;
        }
        self.statements.insert(key, statement.clone());
        Ok(statement)
    }
}

/// Wraps parameters, after counting them: the client would panic on a wrong count.
fn bound<'a>(statement: &Statement, params: &'a [Value]) -> Result<Vec<Bound<'a>>, StoreError> {
    let (wanted, given) = (statement.params().len(), params.len());
    if wanted == given {
        return Ok(params.iter().map(Bound).collect());
    }
    Err(StoreError::Statement(format!(
        "{wanted} parameters wanted, {given} given"
    )))
}

impl Engine for Postgres<'_> {
    fn execute(&mut self, sql: &'static str, params: &[Value]) -> Result<u64, StoreError> {
        let statement = self.statement(sql)?;
        if !statement.columns().is_empty() {
            return Err(StoreError::Statement(
                "a statement that returns rows was executed".to_owned(),
            ));
        }
        let bound = bound(&statement, params)?;
        let references: Vec<&(dyn postgres::types::ToSql + Sync)> =
            bound.iter().map(|value| value as _).collect();
        self.transaction
            .execute(&statement, &references)
            .map_err(|error| self.failed(&error))
    }

    fn query(&mut self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let statement = self.statement(sql)?;
        let bound = bound(&statement, params)?;
        let references: Vec<&(dyn postgres::types::ToSql + Sync)> =
            bound.iter().map(|value| value as _).collect();
        let rows = self
            .transaction
            .query(&statement, &references)
            .map_err(|error| self.failed(&error))?;
        rows.iter().map(row_of).collect()
    }

    fn prepare(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.statement(sql).map(|_| ())
    }

    /// A migration may take longer than a closure: its transaction is freed of the limit.
    fn execute_script(&mut self, sql: &str) -> Result<(), StoreError> {
        let free = self.transaction.batch_execute("SET LOCAL statement_timeout = 0");
        free.and_then(|()| self.transaction.batch_execute(sql))
            .map_err(|error| self.failed(&error))
    }

    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }
}

fn row_of(row: &postgres::Row) -> Result<Row, StoreError> {
    let mut values = Vec::with_capacity(row.len());
    for column in 0..row.len() {
        let value: Result<Column, _> = row.try_get(column);
        let value = value.map_err(|_| StoreError::Inconsistent {
            column,
            expected: "an integer, a text or bytes",
        })?;
        values.push(value.0);
    }
    Ok(Row(values))
}

fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}
