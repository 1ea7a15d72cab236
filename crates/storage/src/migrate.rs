//! The migration runner: numbered scripts, forward only, each in one transaction with its own record.
//!
//! A script is written once in the portable subset. Where the engines need different words it uses a
//! placeholder (`{{id}}`, `{{blob}}`); where that is not enough it exists once per engine. What was applied
//! is remembered with a checksum of the source, so that an edited migration is noticed.

use torana_domain::time::Timestamp;

use crate::{Dialect, Store, StoreError, Tx, Value};

/// Words that differ between the engines: placeholder, SQLite, PostgreSQL.
const PLACEHOLDERS: &[(&str, &str, &str)] = &[
    (
        "{{id}}",
        "INTEGER PRIMARY KEY",
        "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    ),
    ("{{blob}}", "BLOB", "BYTEA"),
];

/// How often creating the record table is tried again when another process creates it at the same moment.
const CREATE_ATTEMPTS_MAX: u32 = 5;

const CREATE_RECORDS: &str = "CREATE TABLE IF NOT EXISTS schema_migration (\
     id BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)";
const FIND_RECORDS_SQLITE: &str =
    "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migration'";
const FIND_RECORDS_POSTGRES: &str = "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_migration'";
const LIST_RECORDS: &str = "SELECT id, name, checksum FROM schema_migration ORDER BY id";
const INSERT_RECORD: &str =
    "INSERT INTO schema_migration (id, name, checksum, applied_at) VALUES ($1, $2, $3, $4)";

/// One step of a schema's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Its number: rising, never used again.
    pub id: u32,
    /// What it does, in snake case, as in its file name.
    pub name: &'static str,
    /// Its SQL.
    pub script: Script,
}

/// The SQL of a migration: several statements, without BEGIN or COMMIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// The same for both engines but for placeholders.
    Common(&'static str),
    /// One text per engine.
    PerDialect {
        /// For SQLite.
        sqlite: &'static str,
        /// For PostgreSQL.
        postgres: &'static str,
    },
}

/// Why migrations cannot be listed or applied.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// An applied migration is not the one of this binary any more.
    #[error(
        "migration {id:04}_{name} was changed after it had been applied to this database; \
         migrations are never edited: run the version of torana that applied it, or restore a backup"
    )]
    Edited {
        /// Its number.
        id: u32,
        /// Its name in this binary.
        name: &'static str,
    },
    /// The database knows a migration that this binary does not.
    #[error(
        "the database has migration {found:04} and this version of torana knows only up to {latest:04}; \
         run the newer version that migrated it"
    )]
    Newer {
        /// The highest number in the database that this binary does not know.
        found: i64,
        /// The highest number in this binary; 0 for none.
        latest: u32,
    },
    /// A migration is missing below one that was applied.
    #[error("migration {id:04}_{name} was never applied although a later one was; restore a backup")]
    Gap {
        /// Its number.
        id: u32,
        /// Its name.
        name: &'static str,
    },
    /// The list in the binary is not in rising order: a programming error.
    #[error("migration {id:04} does not rise above the one before it")]
    OutOfOrder {
        /// The offending number.
        id: u32,
    },
    /// A script contains `{{` that is no known placeholder: a programming error.
    #[error("migration {id:04} contains an unknown placeholder")]
    UnknownPlaceholder {
        /// The offending number.
        id: u32,
    },
    /// A script failed; the database is as it was before it.
    #[error("migration {id:04}_{name} failed and was rolled back")]
    Failed {
        /// Its number.
        id: u32,
        /// Its name.
        name: &'static str,
        /// What the engine said.
        #[source]
        source: StoreError,
    },
    /// The records could not be read or written.
    #[error("the migration records cannot be used")]
    Records(#[source] StoreError),
}

impl Migration {
    /// A migration whose text serves both engines.
    #[must_use]
    pub const fn common(id: u32, name: &'static str, sql: &'static str) -> Self {
        Self {
            id,
            name,
            script: Script::Common(sql),
        }
    }

    /// A migration that is written twice.
    #[must_use]
    pub const fn per_dialect(
        id: u32,
        name: &'static str,
        sqlite: &'static str,
        postgres: &'static str,
    ) -> Self {
        Self {
            id,
            name,
            script: Script::PerDialect { sqlite, postgres },
        }
    }

    const fn source(&self, dialect: Dialect) -> &'static str {
        match (self.script, dialect) {
            (Script::Common(sql), _) => sql,
            (Script::PerDialect { sqlite, .. }, Dialect::Sqlite) => sqlite,
            (Script::PerDialect { postgres, .. }, Dialect::Postgres) => postgres,
        }
    }

    /// The text that one engine runs.
    ///
    /// # Errors
    /// [`MigrateError::UnknownPlaceholder`].
    pub fn render(&self, dialect: Dialect) -> Result<String, MigrateError> {
        let mut text = self.source(dialect).to_owned();
        for (placeholder, sqlite, postgres) in PLACEHOLDERS {
            let word = match dialect {
                Dialect::Sqlite => sqlite,
                Dialect::Postgres => postgres,
            };
            text = text.replace(placeholder, word);
        }
        if text.contains("{{") {
            Err(MigrateError::UnknownPlaceholder { id: self.id })
        } else {
            Ok(text)
        }
    }

    /// FNV-1a over the source without carriage returns: it notices accidents, it is no signature.
    fn checksum(&self, dialect: Dialect) -> String {
        let bytes = self.source(dialect).bytes().filter(|byte| *byte != b'\r');
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("{hash:016x}")
    }
}

/// The migrations that the database lacks, in the order in which [`apply`] would run them. Changes nothing.
///
/// # Errors
/// A database that does not fit this binary ([`MigrateError::Newer`], [`MigrateError::Edited`],
/// [`MigrateError::Gap`]), or one that cannot be read.
pub async fn pending(
    store: &Store,
    migrations: &'static [Migration],
) -> Result<Vec<&'static Migration>, MigrateError> {
    check_order(migrations)?;
    let records = store.read(read_records).await.map_err(MigrateError::Records)?;
    compare(migrations, &records, store.dialect())
}

/// Applies what is pending, one transaction each, and gives what this call applied. Processes that migrate at
/// the same time wait for each other and apply each migration once.
///
/// # Errors
/// As for [`pending`], or a script that fails; the ones before it stay applied.
pub async fn apply(
    store: &Store,
    migrations: &'static [Migration],
    now: Timestamp,
) -> Result<Vec<&'static Migration>, MigrateError> {
    let todo = pending(store, migrations).await?;
    if !todo.is_empty() {
        create_records(store).await?;
    }
    let mut applied = Vec::new();
    for migration in todo {
        if apply_one(store, migrations, migration, now).await? {
            applied.push(migration);
        }
    }
    Ok(applied)
}

/// Two processes may create the table at once; PostgreSQL then tells one of them of a duplicate in its catalogue,
/// as a broken rule of one of its indexes or as a statement that it refuses, whichever it meets first.
async fn create_records(store: &Store) -> Result<(), MigrateError> {
    let mut attempt = 1;
    loop {
        match store
            .write("migrate.create_records", |tx| tx.execute_script(CREATE_RECORDS))
            .await
        {
            Err(StoreError::Duplicate(_) | StoreError::Statement(_)) if attempt < CREATE_ATTEMPTS_MAX => {
                attempt += 1;
            }
            result => return result.map_err(MigrateError::Records),
        }
    }
}

/// What the transaction of one migration found or did.
enum Step {
    Applied,
    AlreadyThere,
    Mismatch(MigrateError),
}

async fn apply_one(
    store: &Store,
    migrations: &'static [Migration],
    migration: &'static Migration,
    now: Timestamp,
) -> Result<bool, MigrateError> {
    let dialect = store.dialect();
    let script = migration.render(dialect)?;
    let checksum = migration.checksum(dialect);
    let step = store.write("migrate.apply", move |tx| {
        lock_records(tx)?;
        match compare(migrations, &read_records(tx)?, dialect) {
            Ok(todo) if todo.first() == Some(&migration) => {}
            Ok(_) => return Ok(Step::AlreadyThere),
            Err(error) => return Ok(Step::Mismatch(error)),
        }
        tx.execute_script(&script)?;
        let record = [
            i64::from(migration.id).into(),
            migration.name.into(),
            checksum.as_str().into(),
            now.into(),
        ];
        tx.execute_one(INSERT_RECORD, &record)?;
        Ok(Step::Applied)
    });
    match step.await {
        Ok(Step::Applied) => Ok(true),
        Ok(Step::AlreadyThere) => Ok(false),
        Ok(Step::Mismatch(error)) => Err(error),
        Err(source) => Err(MigrateError::Failed {
            id: migration.id,
            name: migration.name,
            source,
        }),
    }
}

/// One migrating process at a time. SQLite's writer holds the only write lock already. On PostgreSQL a table
/// lock fits where an advisory lock does not: LOCK TABLE is the one lock that a serializable transaction can
/// wait for before its snapshot is taken, so that the records read after it are the newest.
fn lock_records(tx: &mut dyn Tx) -> Result<(), StoreError> {
    match tx.dialect() {
        Dialect::Sqlite => Ok(()),
        Dialect::Postgres => tx.execute_script("LOCK TABLE schema_migration IN EXCLUSIVE MODE"),
    }
}

/// One row of the record table.
struct Record {
    id: i64,
    checksum: String,
}

fn read_records(tx: &mut dyn Tx) -> Result<Vec<Record>, StoreError> {
    let find = match tx.dialect() {
        Dialect::Sqlite => FIND_RECORDS_SQLITE,
        Dialect::Postgres => FIND_RECORDS_POSTGRES,
    };
    if tx.query_opt(find, &[] as &[Value])?.is_none() {
        return Ok(Vec::new());
    }
    let rows = tx.query(LIST_RECORDS, &[])?;
    rows.iter()
        .map(|row| {
            Ok(Record {
                id: row.int(0)?,
                checksum: row.text(2)?,
            })
        })
        .collect()
}

fn check_order(migrations: &[Migration]) -> Result<(), MigrateError> {
    let mut previous = 0;
    for migration in migrations {
        if migration.id <= previous {
            return Err(MigrateError::OutOfOrder { id: migration.id });
        }
        previous = migration.id;
    }
    Ok(())
}

/// Applied migrations must be exactly the beginning of the binary's list.
fn compare(
    migrations: &'static [Migration],
    records: &[Record],
    dialect: Dialect,
) -> Result<Vec<&'static Migration>, MigrateError> {
    let latest = migrations.last().map_or(0, |migration| migration.id);
    let known = |id: i64| migrations.iter().any(|migration| i64::from(migration.id) == id);
    let ids = || records.iter().map(|record| record.id);
    if let Some(found) = ids().filter(|id| !known(*id)).max() {
        return Err(MigrateError::Newer { found, latest });
    }
    let newest = ids().max().unwrap_or(0);
    let mut todo = Vec::new();
    for migration in migrations {
        let record = records.iter().find(|record| record.id == i64::from(migration.id));
        match record {
            Some(record) if record.checksum != migration.checksum(dialect) => {
                return Err(MigrateError::Edited {
                    id: migration.id,
                    name: migration.name,
                });
            }
            Some(_) => {}
            None if i64::from(migration.id) < newest => {
                return Err(MigrateError::Gap {
                    id: migration.id,
                    name: migration.name,
                });
            }
            None => todo.push(migration),
        }
    }
    Ok(todo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_words_of_the_engine() {
        let migration = Migration::common(1, "t", "CREATE TABLE t (id {{id}}, body {{blob}})");
        assert_eq!(
            migration.render(Dialect::Sqlite).unwrap(),
            "CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)"
        );
        assert_eq!(
            migration.render(Dialect::Postgres).unwrap(),
            "CREATE TABLE t (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body BYTEA)"
        );
        let unknown = Migration::common(2, "t", "CREATE TABLE t (id {{uuid}})");
        let error = unknown.render(Dialect::Sqlite).unwrap_err();
        assert!(matches!(error, MigrateError::UnknownPlaceholder { id: 2 }));
    }

    #[test]
    fn checksum_ignores_line_endings_and_nothing_else() {
        let of = |sql| Migration::common(1, "t", sql).checksum(Dialect::Sqlite);
        assert_eq!(of("a\r\nb"), of("a\nb"));
        assert_ne!(of("a\nb"), of("a b"));
    }

    #[test]
    fn numbers_must_rise() {
        let error = check_order(&[Migration::common(2, "b", ""); 2]).unwrap_err();
        assert!(matches!(error, MigrateError::OutOfOrder { id: 2 }));
    }
}
