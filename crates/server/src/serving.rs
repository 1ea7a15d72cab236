//! An embedded database is served by one process: at its start it frees what the last one had claimed. Commands
//! that work on the database beside it need no permission.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use torana_config::Database;

use crate::exit::Failure;
use crate::installation::prepare_data_dir;

/// The right to serve a database, held until it is dropped or the process ends, however it ends.
#[derive(Debug)]
#[must_use = "the right ends when this is dropped"]
pub struct Serving {
    _file: Option<File>,
}

impl Serving {
    /// Takes the right. On PostgreSQL everybody has it.
    ///
    /// # Errors
    /// Exit code 3 while another process serves the same database; 1 if that cannot be found out.
    pub fn begin(database: &Database) -> Result<Self, Failure> {
        let Database::Sqlite { path } = database else {
            return Ok(Self { _file: None });
        };
        prepare_data_dir(path.parent().unwrap_or(Path::new(".")))?;
        let lock = lock_path(path);
        let unusable = |error: std::io::Error| Failure::failed(format!("{}: {error}", lock.display()));
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock)
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(path, &mut file)),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        // Who it is, for the message that another process shows.
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()))
            .map_err(unusable)?;
        Ok(Self { _file: Some(file) })
    }
}

/// Beside the database, as its other companions are.
fn lock_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-serving");
    name.into()
}

fn in_use(database: &Path, lock: &mut File) -> Failure {
    let mut holder = String::new();
    let holder = match lock.read_to_string(&mut holder) {
        Ok(1..) => format!(" (process {holder})"),
        _ => String::new(),
    };
    Failure::refused(format!(
        "{} is in use: another torana serves it{holder}; stop that one, or choose another place with --data",
        database.display()
    ))
}
