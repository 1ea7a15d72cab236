//! What the numbers were measured on.

use std::fs;
use std::path::Path;

/// A machine in words.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Processors that this process may use.
    pub cpus: usize,
    /// Their model.
    pub cpu_model: String,
    /// Kernel version.
    pub kernel: String,
    /// Type of the measured file system and its device.
    pub disk: String,
    /// Load average of the last minute when the run began; other work disturbs the numbers.
    pub load: String,
}

impl Machine {
    /// This one; `folder` must exist.
    pub fn here(folder: &Path) -> Self {
        let first_word = |path: &str| {
            read(path)
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        let cpuinfo = read("/proc/cpuinfo");
        let model = cpuinfo
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Self {
            cpus: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            cpu_model: model.map_or_else(|| "unknown".to_owned(), |(_, model)| model.to_owned()),
            kernel: first_word("/proc/sys/kernel/osrelease"),
            disk: disk_of(folder),
            load: first_word("/proc/loadavg"),
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// `ext4 on /dev/vda`: of the mount whose path is the longest that leads to the folder.
fn disk_of(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let mounts = read("/proc/mounts");
    let mut best: Option<(usize, String)> = None;
    for line in mounts.lines() {
        let mut words = line.split_whitespace();
        let (Some(device), Some(path), Some(kind)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        let is_longer = best.as_ref().is_none_or(|(length, _)| path.len() >= *length);
        if folder.starts_with(path) && is_longer {
            best = Some((path.len(), format!("{kind} on {device}")));
        }
    }
    best.map_or_else(|| "unknown".to_owned(), |(_, text)| text)
}
