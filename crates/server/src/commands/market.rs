//! `torana market`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use torana_clock::ist::ist_date;
use torana_config::Settings;
use torana_exchange::feed::{Given, MarketFile, bundled_file, load};
use torana_instruments::Master;

use crate::cli::args::{MarketCommand, MarketLoadArgs};
use crate::commands::print_lines;
use crate::exit::{Exit, Failure};
use crate::market_files::{Stored, read_stored, write};
use crate::rim;

/// Longest file that is read, packed or not, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Runs one of them.
///
/// # Errors
/// Exit code 1: a file that is refused or cannot be read; 2: a name that is no file's; 3: damaged stored files.
pub fn run(settings: &Settings, command: &MarketCommand) -> Result<(), Failure> {
    let stored = read_stored(&settings.market_dir)?;
    match command {
        MarketCommand::Load(args) => load_files(&settings.market_dir, &stored, args),
        MarketCommand::List => list(&stored),
        MarketCommand::Show(args) => show(&stored, &args.file),
    }
}

fn load_files(dir: &Path, stored: &Stored, args: &MarketLoadArgs) -> Result<(), Failure> {
    let given: Vec<Given> = args
        .files
        .iter()
        .map(|path| read(path))
        .collect::<Result<_, _>>()?;
    let tomorrow = || ist_date(rim::wall::wall_now()).plus_days(1);
    let loaded = load(stored, &given, args.from.unwrap_or_else(tomorrow))
        .map_err(|error| Failure::failed(format!("{error}; nothing was changed")))?;
    if !args.check {
        write(dir, &loaded)?;
    }
    let word = if args.check { "checked" } else { "loaded" };
    print_lines(loaded.report.iter().map(|line| format!("{word} {line}")))
}

fn read(path: &Path) -> Result<Given, Failure> {
    let failed = |reason: String| Failure::failed(format!("{}: {reason}", path.display()));
    let mut content = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut content))
        .map_err(|error| failed(error.to_string()))?;
    if content.len() as u64 > FILE_BYTES_MAX {
        return Err(failed(format!("longer than {FILE_BYTES_MAX} bytes")));
    }
    let name = path.file_name().unwrap_or(path.as_os_str());
    Ok(Given {
        name: name.to_string_lossy().into_owned(),
        content,
    })
}

fn list(stored: &Stored) -> Result<(), Failure> {
    if stored.is_empty() {
        return print_lines(["nothing loaded: what ships with torana is in force"]);
    }
    print_lines(stored.keys().map(MarketFile::name))
}

/// Prints a file in force: the operator's, else what ships with Torana. Lists are shown by their day.
fn show(stored: &Stored, name: &str) -> Result<(), Failure> {
    let newest_list = || {
        stored
            .iter()
            .rev()
            .find(|(file, _)| matches!(file, MarketFile::Securities(_)))
    };
    let text = match MarketFile::parse(name) {
        Some(MarketFile::Securities(from)) => stored.get(&MarketFile::Securities(from)).map(String::as_str),
        Some(file) => Some(stored.get(&file).map_or(bundled_file(&file), String::as_str)),
        None if name == "securities.csv" => {
            Some(newest_list().map_or(Master::BUNDLED_SECURITIES, |(_, text)| text.as_str()))
        }
        None => None,
    };
    print_lines([text.ok_or_else(|| unknown(name))?.trim_end()])
}

fn unknown(name: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        format!(
            "FILE = {name:?}: allowed are calendar.toml, corporate-actions.toml, ticks.csv, protection.csv, \
             securities.csv, and the names that `torana market list` prints"
        ),
    )
}
