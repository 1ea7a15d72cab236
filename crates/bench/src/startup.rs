//! What a user sees before the first request: time to ready, idle memory, size of the binary.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::installation::{command, settings};
use crate::process::{Child, output, resident_bytes};
use crate::samples::median;

/// How long the process is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(2);

/// Ways to start, each on an empty data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `torana serve --migrate --seed-demo-gateway`
    Serve,
    /// `torana demo`
    Demo,
}

impl Way {
    pub const ALL: [Self; 2] = [Self::Serve, Self::Demo];

    /// Its name in table and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Demo => "demo",
        }
    }
}

/// What was seen.
#[derive(Debug, Clone)]
pub struct Startup {
    /// Per way: milliseconds from start to the ready line, median; idle memory in bytes, largest.
    pub ways: Vec<(Way, f64, u64)>,
    /// Size of the binary in bytes.
    pub binary_bytes: u64,
}

/// Starts the binary `rounds` times each way.
pub fn measure(binary: &Path, folder: &Path, rounds: u32) -> Result<Startup> {
    let binary_bytes = fs::metadata(binary)
        .with_context(|| format!("{}", binary.display()))?
        .len();
    let mut ways = Vec::new();
    for way in Way::ALL {
        let (mut ready, mut resident) = (Vec::new(), 0);
        for round in 0..rounds {
            let place = Scratch::new(folder.join(format!("start-{}-{round}", way.as_str())))?;
            let (ready_ms, bytes) = start_once(binary, &place.0, way)?;
            ready.push(ready_ms);
            resident = resident.max(bytes);
        }
        ways.push((way, median(ready).context("no rounds")?, resident));
    }
    Ok(Startup { ways, binary_bytes })
}

fn start_once(binary: &Path, place: &Path, way: Way) -> Result<(f64, u64)> {
    let command = match way {
        Way::Serve => {
            // The keys are made in a place of their own, because making them may touch the data directory.
            let keys = Scratch::new(place.join("keys"))?;
            fs::write(keys.0.join("torana.toml"), settings(&keys.0, None)).context("settings")?;
            output(command(binary, &keys.0, &["keys", "rotate"]))?;
            fs::copy(keys.0.join("torana.keys"), place.join("torana.keys")).context("keys")?;
            fs::write(place.join("torana.toml"), settings(place, None)).context("settings")?;
            command(binary, place, &["serve", "--migrate", "--seed-demo-gateway"])
        }
        Way::Demo => {
            let mut command = std::process::Command::new(binary);
            let any = "127.0.0.1:0";
            command.args(["demo", "--listen", any, "--shop", any, "--kite", any, "--data"]);
            command.arg(place.join("data"));
            command
        }
    };
    let started = Instant::now();
    let mut child = Child::start(command, &place.join("server.log"))?;
    child.wait_for_line("torana ready ")?;
    let ready = started.elapsed();
    thread::sleep(IDLE);
    let resident = resident_bytes(child.id()).context("memory of the process")?;
    child.stop()?;
    Ok((ready.as_secs_f64() * 1e3, resident))
}

/// A folder that vanishes with its owner.
struct Scratch(PathBuf);

impl Scratch {
    fn new(path: PathBuf) -> Result<Self> {
        fs::create_dir_all(&path).with_context(|| format!("folder {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is in the benchmark's folder, where the next run removes it.
        let _ = fs::remove_dir_all(&self.0);
    }
}
