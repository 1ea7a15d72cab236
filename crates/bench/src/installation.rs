//! The gateway as a user runs it: settings, keys, schema, one gateway without rate limits, `torana serve`.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::databases::{GATEWAY, Place, fill};
use crate::process::{Child, output};
use crate::requests::Credentials;

/// An installation with transactions in it.
pub struct Installation {
    binary: PathBuf,
    /// Where it lives.
    pub place: Place,
    /// What a partner's backend of its gateway knows.
    pub credentials: Credentials,
}

/// The running process; dropping it kills it.
pub struct Running {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Installation {
    /// Prepares one that holds `stored` transactions.
    pub fn prepare(binary: &Path, place: Place, stored: u64) -> Result<Self> {
        let config = settings(&place.folder, place.url());
        fs::write(place.folder.join("torana.toml"), config).context("settings")?;
        let command = |arguments: &[&str]| output(command(binary, &place.folder, arguments));
        command(&["keys", "rotate"])?;
        command(&["migrate"])?;
        let created = command(&[
            "gateway",
            "create",
            GATEWAY,
            "--mode",
            "sandbox",
            "--origin",
            "https://bench.example",
            "--set",
            "rateLimits=off",
        ])?;
        let api_secret = created.lines().find_map(|line| line.strip_prefix("apiSecret "));
        let api_secret = api_secret
            .context("`gateway create` printed no apiSecret")?
            .trim()
            .to_owned();
        let token = command(&["token", "guest", "--gateway", GATEWAY, "--ttl", "12h"])?
            .trim()
            .to_owned();
        let store = place.open(None)?;
        fill(&store, stored)?;
        drop(store);
        place.settle()?;
        let credentials = Credentials {
            gateway: GATEWAY.to_owned(),
            api_secret,
            token,
        };
        Ok(Self {
            binary: binary.to_owned(),
            place,
            credentials,
        })
    }

    /// Starts it and waits until it is ready.
    pub fn start(&self) -> Result<Running> {
        Self::ready(self.spawn()?)
    }

    /// Starts it with a Kite interface, which [`add_setting`] asked for, and gives the address of that too.
    pub fn start_with_kite(&self) -> Result<(Running, SocketAddr)> {
        let mut child = self.spawn()?;
        let kite = address_in(&child.wait_for_line("torana kite ")?)?;
        Ok((Self::ready(child)?, kite))
    }

    fn spawn(&self) -> Result<Child> {
        let command = command(&self.binary, &self.place.folder, &["serve"]);
        Child::start(command, &self.place.folder.join("server.log"))
    }

    fn ready(mut child: Child) -> Result<Running> {
        let address = address_in(&child.wait_for_line("torana ready ")?)?;
        Ok(Running { child, address })
    }
}

impl Running {
    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Stops it in good order.
    pub fn stop(self) -> Result<()> {
        self.child.stop()
    }
}

fn address_in(url: &str) -> Result<SocketAddr> {
    let address = url.trim().strip_prefix("http://").context("an http address")?;
    address.parse().context("its address")
}

/// Adds a line to the settings of `folder`.
pub fn add_setting(folder: &Path, line: &str) -> Result<()> {
    let path = folder.join("torana.toml");
    let settings = fs::read_to_string(&path).context("settings")?;
    fs::write(&path, format!("{settings}{line}\n")).context("settings")
}

/// Settings on free ports, everything else as by default.
pub fn settings(folder: &Path, database: Option<&str>) -> String {
    let mut lines = vec![
        "server.profile = \"sandbox\"".to_owned(),
        "server.listen = \"127.0.0.1:0\"".to_owned(),
        "metrics.listen = \"127.0.0.1:0\"".to_owned(),
        format!("data.dir = {:?}", folder.join("data")),
        format!("keys.file = {:?}", folder.join("torana.keys")),
    ];
    lines.extend(database.map(|url| format!("database.url = {url:?}")));
    lines.join("\n") + "\n"
}

/// A command of the binary with the settings file of `folder`, free of the surrounding shell's settings.
pub fn command(binary: &Path, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TORANA_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(folder)
        .args(arguments)
        .arg("--config")
        .arg(folder.join("torana.toml"));
    command
}
