//! Writes the tables of `docs/` that repeat what code says: `cargo run -p torana-docs`. A test compares them,
//! so that neither can change alone.
//!
//! Invariant: only the text between a pair of markers is touched.

#[cfg(test)]
mod map;
mod regions;
mod tables;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use regions::replace;

/// One generated table: the file below `docs/`, the name in its markers, and what makes it.
type Table = (&'static str, &'static str, fn() -> String);

const TABLES: &[Table] = &[
    ("errors.md", "errors", tables::errors),
    ("errors.md", "failures", tables::failures),
    ("operations.md", "settings", tables::settings),
    ("sandbox.md", "accounts", tables::accounts),
    ("sandbox.md", "behaviours", tables::behaviours),
    ("sandbox.md", "brokers", tables::brokers),
    ("sandbox.md", "faults", tables::faults),
    ("webhooks.md", "ladders", tables::ladders),
];

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// The text that each file should have, with the text that it has.
fn files() -> Result<Vec<(PathBuf, String, String)>, String> {
    let mut names: Vec<&str> = TABLES.iter().map(|(file, ..)| *file).collect();
    names.dedup();
    let mut found = Vec::new();
    for name in names {
        let path = docs().join(name);
        let present = std::fs::read_to_string(&path).map_err(|error| format!("docs/{name}: {error}"))?;
        let mut wanted = present.clone();
        for (_, marker, table) in TABLES.iter().filter(|(file, ..)| *file == name) {
            wanted = replace(&wanted, marker, &table()).map_err(|error| format!("docs/{name}: {error}"))?;
        }
        found.push((path, present, wanted));
    }
    Ok(found)
}

fn write_all() -> Result<(), String> {
    for (path, present, wanted) in files()? {
        if present != wanted {
            std::fs::write(&path, wanted).map_err(|error| format!("{}: {error}", path.display()))?;
            println!("wrote {}", path.display());
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    match write_all() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_say_what_the_code_says() {
        for (path, present, wanted) in files().unwrap() {
            assert_eq!(
                present,
                wanted,
                "{}: run `cargo run -p torana-docs`",
                path.display()
            );
        }
    }

    /// The queue's words are constants without a list, so they are read from the source.
    #[test]
    fn every_kind_of_job_is_in_its_table() {
        let root = docs().join("..");
        let source = std::fs::read_to_string(root.join("crates/engine/src/jobs.rs")).unwrap();
        let page = std::fs::read_to_string(root.join("docs/dev/jobs.md")).unwrap();
        let constants = source
            .lines()
            .filter_map(|line| line.trim().strip_prefix("pub const "));
        let kinds: Vec<&str> = constants
            .filter_map(|rest| rest.split_once(": &str = \"")?.1.strip_suffix("\";"))
            .collect();
        assert!(kinds.len() >= 7, "{kinds:?}");
        for kind in &kinds {
            assert!(
                page.contains(&format!("| `{kind}` |")),
                "docs/dev/jobs.md has no row for {kind}"
            );
        }
        let rows = page.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, kinds.len(), "a row of docs/dev/jobs.md is of no kind");
    }
}
