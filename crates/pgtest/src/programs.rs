//! Finding PostgreSQL's programs and running them, as another user if we are root.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::PgError;

/// Where distributions keep the server's programs outside of PATH.
const VERSIONS_FOLDER: &str = "/usr/lib/postgresql";
/// Who runs the server when the tests run as root, by preference.
const USERS: &[&str] = &["postgres", "nobody"];

/// Runs programs of PostgreSQL.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    /// Words before the program, when it runs as another user.
    prefix: Vec<String>,
    /// Owner of the cluster's folder, when it is another user.
    owner: Option<(u32, u32)>,
}

impl Programs {
    pub fn new() -> Result<Self, PgError> {
        let is_root = fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0);
        if !is_root {
            return Ok(Self {
                prefix: Vec::new(),
                owner: None,
            });
        }
        let (name, uid, gid) = USERS
            .iter()
            .find_map(|name| find_user(name))
            .ok_or(PgError::NoUser)?;
        let prefix = if in_path("setpriv").is_some() {
            vec![
                "setpriv".into(),
                format!("--reuid={uid}"),
                format!("--regid={gid}"),
                "--clear-groups".into(),
            ]
        } else if in_path("runuser").is_some() {
            vec!["runuser".into(), "-u".into(), name, "--".into()]
        } else {
            return Err(PgError::NoUser);
        };
        Ok(Self {
            prefix,
            owner: Some((uid, gid)),
        })
    }

    /// Makes the folder belong to the user who runs the server.
    pub fn hand_over(&self, folder: &Path) -> std::io::Result<()> {
        match self.owner {
            Some((uid, gid)) => std::os::unix::fs::chown(folder, Some(uid), Some(gid)),
            None => Ok(()),
        }
    }

    /// The whole command line of a program, for use in a script.
    pub fn command_line(&self, program: &'static str) -> Result<Vec<String>, PgError> {
        let path = find(program).ok_or(PgError::NotInstalled(program))?;
        let mut words = self.prefix.clone();
        words.push(path.to_string_lossy().into_owned());
        Ok(words)
    }

    /// Runs a program to its end; its output is the error's text.
    pub fn run<I>(&self, program: &'static str, arguments: I) -> Result<(), PgError>
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        let failed = |text: String| PgError::Failed {
            program: program.to_owned(),
            text,
        };
        let words = self.command_line(program)?;
        let Some((first, rest)) = words.split_first() else {
            return Err(PgError::NotInstalled(program));
        };
        let mut command = Command::new(first);
        // The folder we stand in may be closed to the other user.
        command
            .args(rest)
            .args(arguments)
            .current_dir("/")
            .env("LC_ALL", "C");
        let output = command.output().map_err(|error| failed(error.to_string()))?;
        if output.status.success() {
            return Ok(());
        }
        let text = [output.stderr, output.stdout].concat();
        Err(failed(String::from_utf8_lossy(&text).trim().to_owned()))
    }
}

/// `name:x:uid:gid:…`
fn find_user(name: &str) -> Option<(String, u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((
        name.to_owned(),
        fields.next()?.parse().ok()?,
        fields.next()?.parse().ok()?,
    ))
}

/// A program in PATH, else in the newest version that is installed.
fn find(program: &str) -> Option<PathBuf> {
    in_path(program).or_else(|| {
        let folders = fs::read_dir(VERSIONS_FOLDER).ok()?;
        let versions = folders.filter_map(|folder| {
            let folder = folder.ok()?;
            let version: u32 = folder.file_name().to_str()?.parse().ok()?;
            let path = folder.path().join("bin").join(program);
            path.is_file().then_some((version, path))
        });
        versions.max().map(|(_, path)| path)
    })
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
