//! The operator's market data on disk: a directory of checked files that every process follows.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use torana_config::Settings;
use torana_exchange::feed::{Loaded, MarketData, MarketFeed, MarketFile, read_files};
use torana_runtime::Rt;

use crate::exit::Failure;
use crate::installation::{prepare_data_dir, replace_file};

/// Longest stored file, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// How often a running process looks whether files have changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is stored.
pub type Stored = BTreeMap<MarketFile, String>;

/// The market data of an installation, for a process that starts.
///
/// # Errors
/// Exit code 3 with file, line and reason, or with what the system says of a file.
pub fn open(settings: &Settings) -> Result<MarketFeed, Failure> {
    let dir = &settings.market_dir;
    let data = read_stored(dir).and_then(|stored| read(dir, &stored))?;
    Ok(MarketFeed::new(data))
}

fn read(dir: &Path, stored: &Stored) -> Result<Arc<MarketData>, Failure> {
    if stored.is_empty() {
        return Ok(MarketData::bundled());
    }
    read_files(stored)
        .map(Arc::new)
        .map_err(|error| Failure::refused(format!("market.dir = \"{}\": {error}", dir.display())))
}

/// Reads the stored files; other files of the directory are nobody's business. No directory is no file.
///
/// # Errors
/// Exit code 3 with what the system says.
pub fn read_stored(dir: &Path) -> Result<Stored, Failure> {
    let refuse = |path: &Path, error: std::io::Error| {
        Failure::refused(format!("market.dir: {} cannot be read: {error}", path.display()))
    };
    let mut stored = Stored::new();
    for file in names(dir).map_err(|error| refuse(dir, error))? {
        let path = dir.join(file.name());
        let text = read_text(&path).map_err(|error| refuse(&path, error))?;
        stored.insert(file, text);
    }
    Ok(stored)
}

fn names(dir: &Path) -> std::io::Result<Vec<MarketFile>> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().to_str().and_then(MarketFile::parse));
    }
    names.sort();
    Ok(names)
}

fn read_text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// Writes what was checked. Each file is whole at any instant.
///
/// # Errors
/// Exit code 1 with what the system says; files written before it stay.
pub fn write(dir: &Path, loaded: &Loaded) -> Result<(), Failure> {
    prepare_data_dir(dir)?;
    let failed = |file: &MarketFile, error: std::io::Error| {
        Failure::failed(format!("{}: {error}", dir.join(file.name()).display()))
    };
    for (file, text) in &loaded.write {
        replace_file(&dir.join(file.name()), text.as_bytes()).map_err(|error| failed(file, error))?;
    }
    for file in &loaded.remove {
        std::fs::remove_file(dir.join(file.name())).map_err(|error| failed(file, error))?;
    }
    Ok(())
}

/// Starts to follow the directory.
pub fn follow(settings: &Settings, feed: &MarketFeed, rt: &Rt) {
    let watch = watch(settings.market_dir.clone(), feed.clone(), rt.clone());
    rt.spawn.spawn("market-data", Box::pin(watch));
}

/// Follows the directory until the process stops, so that `torana market load` needs no restart. Damaged data is
/// reported, and what is in force stays.
async fn watch(dir: PathBuf, feed: MarketFeed, rt: Rt) {
    let mut known = None;
    while !rt.spawn.is_stopping() {
        let now = state_of(&dir);
        if known.as_ref().is_some_and(|known| *known != now) {
            match read_stored(&dir).and_then(|stored| read(&dir, &stored)) {
                Ok(data) => {
                    tracing::info!(market.files = now.len(), "market data read again");
                    feed.replace(data);
                }
                Err(failure) => {
                    tracing::error!(reason = %failure, "changed market data cannot be used, going on with what is known");
                }
            }
        }
        known = Some(now);
        rt.sleep.sleep(LOOK_EVERY).await;
    }
}

/// Names, times and sizes of the stored files: what changes when one of them does.
fn state_of(dir: &Path) -> Vec<(MarketFile, Option<SystemTime>, u64)> {
    let state = |file: MarketFile| {
        let metadata = std::fs::metadata(dir.join(file.name())).ok();
        let changed_at = metadata.as_ref().and_then(|metadata| metadata.modified().ok());
        let bytes = metadata.map_or(0, |metadata| metadata.len());
        (file, changed_at, bytes)
    };
    names(dir).unwrap_or_default().into_iter().map(state).collect()
}
