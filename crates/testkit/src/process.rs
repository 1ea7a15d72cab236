//! The built binary as a process with a data directory of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::cli::{self, Output};
use crate::http::Client;
use crate::options::{Engine, Options};
use crate::partner::{GatewayKeys, Partner};
use crate::receiver::Receiver;
use crate::temp::TempDir;
use crate::wait::{wait_until, wait_until_for};

/// Set to the path of a binary to test that one.
pub const BINARY_VARIABLE: &str = "TORANA_TEST_BINARY";
/// Web origin of the gateways that [`Torana::create_gateway`] makes.
pub const ORIGIN: &str = "https://app.acme.example";

/// In the installation's folder.
const CALLS_FILE: &str = "system-calls.txt";
const FIRST_PORT: u16 = 12_000;
const PORTS: u16 = 18_000;
const START_PATIENCE: Duration = Duration::from_secs(30);
const STOP_PATIENCE: Duration = Duration::from_secs(30);
const LOG_LINES_SHOWN_MAX: usize = 40;

/// An installation, running or not. Dropping it kills the process and removes its data.
#[derive(Debug)]
pub struct Torana {
    pub(crate) folder: Arc<TempDir>,
    pub(crate) url: String,
    /// System calls that a tracer records.
    pub(crate) traces: Option<&'static str>,
    /// The binary, if it is not the one under test.
    pub(crate) binary: Option<PathBuf>,
    /// What the process is started with, after the binary's name.
    pub(crate) serves: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) running: Option<Running>,
    pub(crate) logs: Arc<Mutex<String>>,
}

#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    stdout: Vec<String>,
}

/// The binary under test.
///
/// # Panics
/// If it has not been built.
#[must_use]
pub fn binary() -> PathBuf {
    if let Ok(path) = std::env::var(BINARY_VARIABLE) {
        return PathBuf::from(path);
    }
    let this = std::env::current_exe().expect("the path of this test");
    let built = this
        .ancestors()
        .map(|folder| folder.join("torana"))
        .find(|path| path.is_file());
    built.unwrap_or_else(|| {
        panic!("there is no binary to test: run `cargo build -p torana-server`, or set {BINARY_VARIABLE}")
    })
}

/// A port that is free now and that nobody else is likely to take: below the range from which the system
/// serves port 0 and outgoing connections, and at another place for each process.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn free_port() -> u16 {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..PORTS {
        let place = std::process::id().wrapping_mul(37) + COUNT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST_PORT + u16::try_from(place % u32::from(PORTS)).expect("less than PORTS");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port from {FIRST_PORT} on");
}

impl Torana {
    /// Makes data directory, settings, keys and schema, without starting.
    ///
    /// # Panics
    /// If one of the commands fails, or PostgreSQL is asked for and not there.
    #[must_use]
    pub fn prepare(options: Options) -> Self {
        let folder = TempDir::new("test");
        let database = match options.engine {
            Engine::Sqlite => None,
            Engine::Postgres => {
                Some(torana_pgtest::fresh_database().expect("PostgreSQL is skipped by the environment"))
            }
        };
        // The port stays the same across restarts, as a partner would see it.
        let listen = format!("127.0.0.1:{}", free_port());
        let config = options.config(&folder, &listen, database.as_deref());
        std::fs::write(folder.path().join("torana.toml"), config).expect("the settings");
        let mut serves = vec!["serve".to_owned()];
        if options.demo_gateway {
            serves.push("--seed-demo-gateway".to_owned());
        }
        if let Some(seed) = options.seed {
            serves.extend(["--seed".to_owned(), seed.to_string()]);
        }
        let torana = Self {
            folder: Arc::new(folder),
            url: format!("http://{listen}"),
            traces: options.traced_calls,
            binary: options.binary,
            serves,
            environment: Vec::new(),
            running: None,
            logs: Arc::default(),
        };
        torana.cli(&["keys", "rotate"]).succeeded();
        torana.cli(&["migrate"]).succeeded();
        torana
    }

    /// Prepares and starts.
    #[must_use]
    pub fn start(options: Options) -> Self {
        let mut torana = Self::prepare(options);
        torana.run();
        torana
    }

    /// A running gateway process with the gateway `acme`, and its partner.
    #[must_use]
    pub fn with_partner(options: Options) -> (Self, Partner) {
        Self::with_partner_and(options, &[])
    }

    /// As [`Self::with_partner`], with further flags at the gateway's creation.
    #[must_use]
    pub fn with_partner_and(options: Options, flags: &[&str]) -> (Self, Partner) {
        let mut torana = Self::prepare(options);
        let keys = torana.create_gateway("acme", flags);
        torana.run();
        let partner = torana.partner(&keys);
        (torana, partner)
    }

    /// As [`Self::with_partner`], with a receiver that gets the webhooks.
    #[must_use]
    pub fn with_receiver(options: Options) -> (Self, Partner, Receiver) {
        let receiver = Receiver::new();
        let (torana, partner) =
            Self::with_partner_and(options.allow(&receiver), &["--webhook-url", &receiver.url()]);
        (torana, partner, receiver)
    }

    /// Starts the process and waits until it is ready.
    ///
    /// # Panics
    /// If it ends or stays silent instead.
    pub fn run(&mut self) {
        assert!(self.running.is_none(), "it runs already");
        let mut command = match self.traces {
            None => self.command(),
            Some(names) => self.traced(names),
        };
        command.args(&self.serves).args(["--config", &self.config_file()]);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        self.running = Some(spawn(command, &self.logs));
    }

    /// The binary under a tracer that stands beside it, so that the process is ours as without one.
    fn traced(&self, names: &str) -> Command {
        let mut command = Command::new("strace");
        cli::clean_environment(&mut command);
        command.current_dir(self.folder.path());
        // Every thread; files by their names; whole pages of the database, to find ids in them.
        command.args(["-D", "-f", "-qq", "-y", "-s", "8192"]);
        command.args(["-e", &format!("trace={names}"), "-o", CALLS_FILE]);
        command.arg(binary());
        command
    }

    /// What the tracer wrote so far: a line per system call, or two where another thread came in between.
    #[must_use]
    pub fn traced_calls(&self) -> String {
        let bytes = std::fs::read(self.folder.path().join(CALLS_FILE)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A command of the binary on this installation.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.binary.clone().unwrap_or_else(binary));
        cli::clean_environment(&mut command);
        command.current_dir(self.folder.path());
        command
    }

    /// Runs a command of the command line on this installation.
    #[must_use]
    pub fn cli(&self, arguments: &[&str]) -> Output {
        let mut command = self.command();
        command.args(arguments).args(["--config", &self.config_file()]);
        cli::run(command)
    }

    /// Path of the settings' file.
    #[must_use]
    pub fn config_file(&self) -> String {
        self.folder.join("torana.toml")
    }

    /// Folder of settings, keys and data.
    #[must_use]
    pub fn folder(&self) -> &TempDir {
        &self.folder
    }

    /// Makes a sandbox gateway with [`ORIGIN`] and without rate limits, and reads its secrets. A running
    /// process sees it within 2 s.
    ///
    /// # Panics
    /// If the command fails.
    #[must_use]
    pub fn create_gateway(&self, name: &str, flags: &[&str]) -> GatewayKeys {
        let mut all = vec!["--origin", ORIGIN, "--set", "rateLimits=off"];
        all.extend_from_slice(flags);
        self.create_gateway_with(name, &all)
    }

    /// Makes a gateway with exactly these flags.
    ///
    /// # Panics
    /// If the command fails.
    #[must_use]
    pub fn create_gateway_with(&self, name: &str, flags: &[&str]) -> GatewayKeys {
        let mut arguments = vec!["gateway", "create", name];
        arguments.extend_from_slice(flags);
        let output = self.cli(&arguments);
        output.succeeded();
        GatewayKeys {
            name: name.to_owned(),
            secret: output.value("secret"),
            api_secret: output.value("apiSecret"),
            webhook_key: output.value("webhookKey"),
        }
    }

    /// A partner's backend for a gateway.
    #[must_use]
    pub fn partner(&self, keys: &GatewayKeys) -> Partner {
        Partner::new(self.url(), keys)
    }

    /// The seeded demo gateway's backend.
    #[must_use]
    pub fn demo_partner(&self) -> Partner {
        self.partner(&GatewayKeys::demo())
    }

    /// Address of the running process, whatever its public one is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lines that the running process wrote to stdout.
    ///
    /// # Panics
    /// If it does not run.
    #[must_use]
    pub fn stdout(&self) -> &[String] {
        &self.running.as_ref().expect("a running process").stdout
    }

    /// Everything that the processes of this installation wrote to stderr so far.
    ///
    /// # Panics
    /// Never: a poisoned lock is only text.
    #[must_use]
    pub fn logs(&self) -> String {
        self.logs
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Resident memory of the running process in kB, where the system tells it.
    #[must_use]
    pub fn memory_kb(&self) -> Option<u64> {
        let id = self.running.as_ref()?.child.id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// Kills it as `kill -9` does, between two instructions.
    pub fn kill9(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }

    /// Kills it and starts it again on the same data.
    pub fn crash_and_restart(&mut self) {
        self.kill9();
        self.run();
    }

    /// Asks it to stop and returns its exit code.
    ///
    /// # Panics
    /// If it does not end in time.
    pub fn stop(&mut self) -> Option<i32> {
        let mut running = self.running.take()?;
        let id = i32::try_from(running.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .expect("a process id");
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("SIGTERM");
        let ended = wait_until_for(STOP_PATIENCE, "the process to stop", || {
            running.child.try_wait().ok().flatten()
        });
        ended.code()
    }

    /// Stops it in good order and starts it again.
    pub fn restart(&mut self) {
        let _ = self.stop();
        self.run();
    }

    /// Waits until the running process knows a gateway that the command line has just made or changed.
    pub fn wait_for_gateway(&self, name: &str) {
        let url = format!("{}/v1/{name}/engine/market/status", self.url());
        wait_until("the gateway to be known", || {
            (Client::default().get(&url, &[]).error() != "invalid_gateway").then_some(())
        });
    }
}

impl Drop for Torana {
    fn drop(&mut self) {
        self.kill9();
        let logs = self.logs();
        let lines: Vec<&str> = logs.lines().collect();
        if std::thread::panicking() {
            let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN_MAX)..];
            eprintln!("--- the gateway's last log lines ---\n{}", shown.join("\n"));
        } else {
            let panics: Vec<&&str> = lines.iter().filter(|line| line.contains("panicked")).collect();
            assert!(panics.is_empty(), "the gateway panicked: {panics:?}");
        }
    }
}

fn spawn(mut command: Command, logs: &Arc<Mutex<String>>) -> Running {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    collect(child.stderr.take().expect("stderr"), Arc::clone(logs));
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let reader = BufReader::new(child.stdout.take().expect("stdout"));
    let sink = Arc::clone(&lines);
    std::thread::spawn(move || {
        for line in reader.lines().map_while(Result::ok) {
            sink.lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .push(line);
        }
    });
    wait_until_for(START_PATIENCE, "the ready line", || {
        if let Ok(Some(status)) = child.try_wait() {
            // Its last words may still be on their way through the pipe.
            std::thread::sleep(Duration::from_millis(100));
            let text = logs
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .clone();
            panic!("the gateway ended before it was ready ({status}): {text}");
        }
        let lines = lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        lines
            .iter()
            .any(|line| line.starts_with("torana ready "))
            .then_some(())
    });
    let stdout = lines
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .clone();
    Running { child, stdout }
}

/// Keeps the pipe empty, so that the process never waits for us, and the text for failure messages.
fn collect(mut pipe: impl Read + Send + 'static, into: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        let mut part = [0_u8; 8192];
        while let Ok(count @ 1..) = pipe.read(&mut part) {
            let text = String::from_utf8_lossy(&part[..count]).into_owned();
            into.lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .push_str(&text);
        }
    });
}
