//! Copying a database that is in use.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{create_private, session};

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something is already there; it is left alone.
    #[error("{} exists already", .0.display())]
    TargetExists(PathBuf),
    /// The copy could not be made.
    #[error("cannot copy the database {}", .path.display())]
    Copy {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The copy could not be made safe on the disk.
    #[error("cannot write {}", .path.display())]
    Write {
        /// The copy.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Writes a consistent copy of the database file `from` to the new file `to` (mode 0600), while any process
/// goes on reading and writing it. The copy appears under its name only when it is complete and synced.
/// Blocks for as long as the disk needs.
///
/// # Errors
/// [`BackupError`]; no file is left behind under the name `to`.
pub fn backup(from: &Path, to: &Path) -> Result<(), BackupError> {
    if to.exists() {
        return Err(BackupError::TargetExists(to.to_owned()));
    }
    let mut partial = to.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let result = copy(from, &partial).and_then(|()| publish(&partial, to));
    if result.is_err() {
        // What remains of a failed copy is of no use; that it cannot be removed changes nothing.
        let _ = fs::remove_file(&partial);
    }
    result
}

/// One statement reads one snapshot, so writers in between do not make it start again.
fn copy(from: &Path, partial: &Path) -> Result<(), BackupError> {
    let written = |source| BackupError::Write {
        path: partial.to_owned(),
        source,
    };
    let copied = |source| BackupError::Copy {
        path: from.to_owned(),
        source,
    };
    match fs::remove_file(partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(written(error)),
        _ => {}
    }
    create_private(partial).map_err(written)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(from, flags).map_err(copied)?;
    connection.busy_timeout(session::BUSY_TIMEOUT).map_err(copied)?;
    let target = partial.to_string_lossy();
    connection
        .execute("VACUUM INTO ?1", [target.as_ref()])
        .map(|_| ())
        .map_err(copied)
}

fn publish(partial: &Path, to: &Path) -> Result<(), BackupError> {
    let sync = || -> io::Result<()> {
        File::open(partial)?.sync_all()?;
        fs::rename(partial, to)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    };
    sync().map_err(|source| BackupError::Write {
        path: to.to_owned(),
        source,
    })
}
