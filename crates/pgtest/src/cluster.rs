//! One cluster: a folder, a port, a server.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::programs::Programs;
use crate::{PgError, database_name};

/// How often a port is looked for: another process may take it between our look and the server's.
const PORT_ATTEMPTS_MAX: u32 = 5;
/// Lines of the server's log in an error.
const LOG_LINES_MAX: usize = 12;
/// The cluster's superuser; it needs no password, and only loopback can reach it.
const USER: &str = "postgres";

/// Waits for the end of its input, which is the end of our process however it comes, and removes everything.
/// Its arguments: the cluster's folder, then the command line of `pg_ctl`.
const WATCH_SCRIPT: &str = r#"trap '' INT TERM HUP
folder=$1; shift
cat >/dev/null
"$@" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1
rm -rf -- "$folder""#;

/// How a cluster is made.
#[derive(Debug, Clone, Default)]
pub struct ClusterOptions {
    /// Whether commits reach the disk (`fsync`, `synchronous_commit`, full-page writes). Off makes tests fast.
    pub durable: bool,
    /// Folder in which the cluster's own folder is made; the system's temporary folder if none.
    pub parent: Option<PathBuf>,
    /// Further settings of the server, as `name=value`.
    pub settings: Vec<String>,
}

/// A running server; dropping it stops the server and removes its folder.
#[derive(Debug)]
pub struct Cluster {
    programs: Programs,
    folder: PathBuf,
    port: u16,
    server_options: String,
    watch: Child,
}

impl Cluster {
    /// Makes a cluster and starts its server.
    ///
    /// # Errors
    /// [`PgError`].
    pub fn start(options: &ClusterOptions) -> Result<Self, PgError> {
        let programs = Programs::new()?;
        programs.command_line("postgres")?;
        let folder = make_folder(&programs, options)?;
        let watch = match start_watch(&programs, &folder) {
            Ok(watch) => watch,
            Err(error) => {
                // Nothing runs there yet; the folder is all that there is to clean up.
                let _ = fs::remove_dir_all(&folder);
                return Err(error);
            }
        };
        let mut cluster = Self {
            programs,
            folder,
            port: 0,
            server_options: String::new(),
            watch,
        };
        cluster.initialise(options)?;
        Ok(cluster)
    }

    fn initialise(&mut self, options: &ClusterOptions) -> Result<(), PgError> {
        let data = self.data();
        let arguments = [
            "-D",
            &data,
            "-U",
            USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ];
        self.programs.run("initdb", arguments)?;
        for attempt in 1.. {
            self.port = free_port()?;
            self.server_options = server_options(self.port, options);
            match self.start_server() {
                Err(_) if attempt < PORT_ATTEMPTS_MAX => {}
                result => return result,
            }
        }
        Ok(())
    }

    fn data(&self) -> String {
        self.folder.join("data").to_string_lossy().into_owned()
    }

    fn start_server(&self) -> Result<(), PgError> {
        let (data, log) = (self.data(), self.folder.join("server.log"));
        let log_name = log.to_string_lossy();
        let arguments = [
            "-D",
            &data,
            "-l",
            &log_name,
            "-o",
            &self.server_options,
            "-w",
            "-t",
            "60",
            "start",
        ];
        self.programs
            .run("pg_ctl", arguments)
            .map_err(|error| match error {
                PgError::Failed { program, text } => PgError::Failed {
                    program,
                    text: format!("{text}\n{}", last_lines(&log)),
                },
                other => other,
            })
    }

    /// Stops the server as a crash would (`immediate`) and starts it again on the same port.
    ///
    /// # Errors
    /// [`PgError::Failed`].
    pub fn crash_and_restart(&self) -> Result<(), PgError> {
        self.stop()?;
        self.start_server()
    }

    /// Stops the server as a crash would.
    ///
    /// # Errors
    /// [`PgError::Failed`].
    pub fn stop(&self) -> Result<(), PgError> {
        self.programs
            .run("pg_ctl", ["-D", &self.data(), "-m", "immediate", "-w", "stop"])
    }

    /// Starts the server after [`Self::stop`].
    ///
    /// # Errors
    /// [`PgError::Failed`].
    pub fn start_again(&self) -> Result<(), PgError> {
        self.start_server()
    }

    /// URL of a new, empty database.
    ///
    /// # Errors
    /// [`PgError::Failed`].
    pub fn create_database(&self) -> Result<String, PgError> {
        create_database(&self.url("postgres"), &database_name())
    }

    /// URL of a database of this cluster.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        // The watcher has done its work or cannot; there is nobody left to tell.
        let _ = self.watch.wait();
    }
}

/// Makes a database with the server's own client and gives its URL.
pub(crate) fn create_database(server: &str, name: &str) -> Result<String, PgError> {
    Programs::new()?.run(
        "createdb",
        ["--maintenance-db", server, "--template", "template0", name],
    )?;
    Ok(with_database(server, name))
}

/// Puts another database into a URL, keeping its parameters.
fn with_database(url: &str, name: &str) -> String {
    let (address, parameters) = url
        .split_once('?')
        .map_or((url, String::new()), |(a, p)| (a, format!("?{p}")));
    let (scheme, rest) = address.split_once("://").unwrap_or(("postgres", address));
    let authority = rest.split('/').next().unwrap_or(rest);
    format!("{scheme}://{authority}/{name}{parameters}")
}

fn make_folder(programs: &Programs, options: &ClusterOptions) -> Result<PathBuf, PgError> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let parent = options.parent.clone().unwrap_or_else(std::env::temp_dir);
    let name = format!(
        "torana-pg-{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    let folder = parent.join(name);
    let made = fs::create_dir(&folder).and_then(|()| programs.hand_over(&folder));
    made.map_err(|error| PgError::Folder {
        path: folder.display().to_string(),
        text: error.to_string(),
    })?;
    Ok(folder)
}

fn start_watch(programs: &Programs, folder: &Path) -> Result<Child, PgError> {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", WATCH_SCRIPT, "watch"])
        .arg(folder)
        .args(programs.command_line("pg_ctl")?);
    // A group of its own: the terminal's interrupt must not end it before it has cleaned up.
    command.current_dir("/").process_group(0);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().map_err(|error| PgError::Failed {
        program: "/bin/sh".to_owned(),
        text: error.to_string(),
    })
}

fn server_options(port: u16, options: &ClusterOptions) -> String {
    let switch = if options.durable { "on" } else { "off" };
    let mut settings = vec![
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        "unix_socket_directories=''".to_owned(),
        "max_connections=200".to_owned(),
        format!("fsync={switch}"),
        format!("synchronous_commit={switch}"),
        format!("full_page_writes={switch}"),
    ];
    settings.extend(options.settings.iter().cloned());
    settings
        .iter()
        .map(|setting| format!("-c {setting}"))
        .collect::<Vec<_>>()
        .join(" ")
}

fn free_port() -> Result<u16, PgError> {
    let bound = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    let failed = |error: std::io::Error| PgError::Failed {
        program: "bind".to_owned(),
        text: error.to_string(),
    };
    bound.map(|address| address.port()).map_err(failed)
}

fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.len().saturating_sub(LOG_LINES_MAX);
    lines.get(start..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn the_database_of_a_url_is_replaced() {
        assert_eq!(with_database("postgres://u@h:1/db", "t"), "postgres://u@h:1/t");
        assert_eq!(with_database("postgresql://u:p@h", "t"), "postgresql://u:p@h/t");
        assert_eq!(
            with_database("postgres://h/db?sslmode=disable", "t"),
            "postgres://h/t?sslmode=disable"
        );
    }
}
