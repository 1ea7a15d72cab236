//! How a gateway is started.

use std::path::PathBuf;

use crate::process::free_port;
use crate::receiver::Receiver;
use crate::temp::TempDir;

/// Which database the gateway keeps its data in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded.
    Sqlite,
    /// A fresh database of a throw-away cluster.
    Postgres,
}

/// How a gateway is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Database.
    pub engine: Engine,
    /// `server.profile`.
    pub profile: &'static str,
    /// Whether `gatewaydemo` is seeded.
    pub demo_gateway: bool,
    /// `--seed`.
    pub seed: Option<u64>,
    /// `host:port` pairs of `egress.allow`.
    pub egress: Vec<String>,
    /// Another binary than the one under test.
    pub binary: Option<PathBuf>,
    /// Further settings: dotted key and its value as TOML.
    pub settings: Vec<(String, String)>,
    /// Names of the system calls that are written down while it serves, separated by commas.
    pub traced_calls: Option<&'static str>,
}

/// The engine of tests that do not care: `sqlite`, or `postgres` to see the whole suite on it.
const ENGINE_VARIABLE: &str = "TORANA_TEST_ENGINE";

impl Default for Options {
    /// [`Options::new`] on the engine of the run.
    fn default() -> Self {
        let is_postgres = std::env::var(ENGINE_VARIABLE).is_ok_and(|name| name == "postgres");
        Self::new(if is_postgres {
            Engine::Postgres
        } else {
            Engine::Sqlite
        })
    }
}

impl Options {
    /// Profile `sandbox`, nothing seeded.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            profile: "sandbox",
            demo_gateway: false,
            seed: None,
            egress: Vec::new(),
            binary: None,
            settings: Vec::new(),
            traced_calls: None,
        }
    }

    /// With `gatewaydemo`.
    #[must_use]
    pub fn demo(mut self) -> Self {
        self.demo_gateway = true;
        self
    }

    /// With `--seed`.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Lets webhooks reach a receiver on loopback.
    #[must_use]
    pub fn allow(mut self, receiver: &Receiver) -> Self {
        self.egress.push(receiver.host_port());
        self
    }

    /// With one more setting.
    #[must_use]
    pub fn set(mut self, key: &str, toml: &str) -> Self {
        self.settings.push((key.to_owned(), toml.to_owned()));
        self
    }

    /// Writes down these system calls (names separated by commas) while it serves.
    #[must_use]
    pub fn trace_calls(mut self, names: &'static str) -> Self {
        self.traced_calls = Some(names);
        self
    }

    pub(crate) fn config(&self, folder: &TempDir, listen: &str, database: Option<&str>) -> String {
        let mut lines = vec![
            format!("server.profile = {:?}", self.profile),
            format!("server.listen = {listen:?}"),
            format!("data.dir = {:?}", folder.join("data")),
            format!("keys.file = {:?}", folder.join("torana.keys")),
            format!("egress.allow = {:?}", self.egress),
        ];
        if let Some(url) = database {
            lines.push(format!("database.url = {url:?}"));
        }
        if !self.settings.iter().any(|(key, _)| key == "metrics.listen") {
            lines.push("metrics.listen = \"off\"".to_owned());
        }
        // Zerodha's orders and reads go over its own interface, as in the demo, unless a test wants something else.
        let decides = |key: &str| ["exchange.kite.listen", "exchange.url"].contains(&key);
        if !self.settings.iter().any(|(key, _)| decides(key)) {
            // The port stays the same across restarts: a user may be on the broker's page meanwhile.
            lines.push(format!("exchange.kite.listen = \"127.0.0.1:{}\"", free_port()));
        }
        lines.extend(
            self.settings
                .iter()
                .map(|(key, value)| format!("{key} = {value}")),
        );
        lines.join("\n") + "\n"
    }
}
