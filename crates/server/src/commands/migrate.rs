//! `torana migrate`.

use torana_config::Settings;

use crate::cli::args::MigrateArgs;
use crate::commands::print_lines;
use crate::databases::Databases;
use crate::exit::Failure;
use crate::rim::wall::wall_now;

/// Applies what is pending, one line per migration; `--check` only lists it.
///
/// # Errors
/// Exit code 3 when `--check` finds something.
pub async fn run(settings: &Settings, args: MigrateArgs) -> Result<(), Failure> {
    let databases = Databases::open(settings).await?;
    if !args.check {
        return print_lines(databases.migrate(wall_now()).await?);
    }
    let pending = databases.pending().await?;
    print_lines(&pending)?;
    match pending.len() {
        0 => Ok(()),
        count => Err(Failure::refused(format!(
            "{count} migrations are pending; apply them with `torana migrate`"
        ))),
    }
}
