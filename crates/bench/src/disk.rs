//! The disk: what kind it is, and how long a sync of it takes.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::fs::{fdatasync, statfs};

use crate::samples::{Samples, Summary};

/// Bytes of one write of the probe: a page of a database.
const WRITE_BYTES: usize = 4096;
/// Length of the probe's file, after which it starts again from the front, as a log does.
const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// File systems that live in memory, by their magic numbers: tmpfs, ramfs.
const IN_MEMORY: [i64; 2] = [0x0102_1994, 0x8584_58f6];

/// Makes the folder and refuses one that is not on a disk.
pub fn require_disk(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("folder {}", folder.display()))?;
    let found = statfs(folder).with_context(|| format!("file system of {}", folder.display()))?;
    if IN_MEMORY.contains(&found.f_type) {
        bail!(
            "{} is in memory (tmpfs or ramfs), where a sync costs nothing; give a folder on a disk with --dir",
            folder.display()
        );
    }
    Ok(())
}

/// Latency of write and fdatasync, one after the other, for that long.
pub fn probe(folder: &Path, duration: Duration) -> Result<Summary> {
    let path = folder.join("fdatasync-probe");
    let mut file = File::create(&path).with_context(|| format!("probe {}", path.display()))?;
    let (page, mut written) = ([0xa5_u8; WRITE_BYTES], 0);
    let mut samples = Samples::default();
    let started = Instant::now();
    while started.elapsed() < duration {
        if written >= FILE_BYTES_MAX {
            file = OpenOptions::new().write(true).open(&path).context("probe")?;
            written = 0;
        }
        let began = Instant::now();
        file.write_all(&page).context("probe")?;
        fdatasync(&file).context("fdatasync")?;
        samples.record(began.elapsed(), true);
        written += WRITE_BYTES;
    }
    fs::remove_file(&path).context("probe")?;
    Ok(samples.summary(duration))
}

/// Writes back what earlier work left in memory, so that it does not slow the next syncs.
pub fn settle() {
    rustix::fs::sync();
}

/// Writes a file, making its folder.
pub fn write_text(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("folder {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_refused() {
        // Present on every Linux; elsewhere there is nothing to test.
        if Path::new("/dev/shm").is_dir() {
            let error = require_disk(Path::new("/dev/shm")).unwrap_err().to_string();
            assert!(error.contains("--dir"), "{error}");
        }
    }
}
