//! `torana backup`: consistent copies of databases that are in use.

use std::path::Path;

use torana_config::{Database, Settings};
use torana_drivers::sqlite::BackupError;

use crate::cli::args::BackupArgs;
use crate::commands::print_lines;
use crate::exit::{Exit, Failure};
use crate::installation::prepare_data_dir;

/// Copies both databases into `--to` and prints the paths. The keys file is not copied: whoever has both can
/// read every secret, so they belong in different places.
///
/// # Errors
/// Exit code 5 on PostgreSQL (with the command to use) and when a copy is there already.
pub async fn run(settings: &Settings, args: &BackupArgs) -> Result<(), Failure> {
    let mut files = Vec::new();
    let exchange = ("exchange.db", &settings.exchange_database);
    // The database of an exchange in a process of its own belongs to that process' installation.
    let exchange = settings.exchange_url.is_none().then_some(exchange);
    for (name, database) in [("torana.db", &settings.database)].into_iter().chain(exchange) {
        match database {
            Database::Sqlite { path } => files.push((path.clone(), args.to.join(name))),
            Database::Postgres { .. } => return Err(use_pg_dump(&args.to, database)),
        }
    }
    prepare_data_dir(&args.to)?;
    let copied = tokio::task::spawn_blocking(move || {
        files
            .into_iter()
            .map(|(from, to)| copy(&from, &to).map(|()| to))
            .collect::<Result<Vec<_>, Failure>>()
    });
    let copied = copied
        .await
        .map_err(|error| Failure::failed(error.to_string()))??;
    print_lines(copied.iter().map(|path| path.display()))
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    if !from.exists() {
        return Err(Failure::failed(format!(
            "there is no database {}",
            from.display()
        )));
    }
    torana_drivers::sqlite::backup(from, to).map_err(|error| match error {
        BackupError::TargetExists(_) => Failure::new(Exit::State, error.to_string()),
        other => {
            let cause = std::error::Error::source(&other)
                .map(|cause| format!(": {cause}"))
                .unwrap_or_default();
            Failure::failed(format!("{other}{cause}"))
        }
    })
}

fn use_pg_dump(to: &Path, database: &Database) -> Failure {
    let message = format!(
        "PostgreSQL makes its own consistent copies; use: pg_dump --format=custom --file={}/torana.dump \"{}\"",
        to.display(),
        database.shown()
    );
    Failure::new(Exit::State, message)
}
