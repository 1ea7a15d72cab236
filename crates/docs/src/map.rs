//! Holds `ARCHITECTURE.md` and the list of dependencies to the manifests of the crates.

use std::collections::BTreeSet;

use super::docs;

/// What a crate of the first part of the map must not name: a runtime, sockets, a database.
const FORBIDDEN_BELOW_THE_ROUTERS: [&str; 8] = [
    "tokio",
    "axum",
    "hyper",
    "hyper-util",
    "rusqlite",
    "postgres",
    "rustls",
    "tokio-rustls",
];

/// Names in the sections of a manifest whose titles end like this.
fn dependencies(manifest: &str, section: &str) -> BTreeSet<String> {
    let mut is_list = false;
    let mut found = BTreeSet::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_list = line.ends_with(section);
        } else if is_list && !line.starts_with(['#', ' ']) {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            found.insert(name.to_owned());
        }
    }
    found.remove("");
    found
}

/// Folder and manifest of every crate.
fn manifests() -> Vec<(String, String)> {
    let folders = std::fs::read_dir(docs().join("../crates")).unwrap();
    let read = |folder: std::io::Result<std::fs::DirEntry>| {
        let folder = folder.unwrap();
        let manifest = std::fs::read_to_string(folder.path().join("Cargo.toml")).unwrap();
        (folder.file_name().into_string().unwrap(), manifest)
    };
    folders.map(read).collect()
}

/// The map's crates in its order, with the title of the part that they stand in.
fn map() -> Vec<(String, String)> {
    let page = std::fs::read_to_string(docs().join("../ARCHITECTURE.md")).unwrap();
    let mut part = String::new();
    let mut found = Vec::new();
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("### ") {
            title.clone_into(&mut part);
        } else if line.starts_with("## ") {
            part.clear();
        } else if !part.is_empty() {
            let names = line
                .split("**`")
                .skip(1)
                .filter_map(|rest| rest.split_once("`**"));
            found.extend(names.map(|(name, _)| (name.to_owned(), part.clone())));
        }
    }
    found
}

#[test]
fn the_map_names_every_crate_once_below_what_it_needs() {
    let (map, manifests) = (map(), manifests());
    let place = |name: &str| map.iter().position(|(known, _)| known == name);
    for (name, manifest) in &manifests {
        for needed in dependencies(manifest, "[dependencies]") {
            let Some(needed) = needed.strip_prefix("torana-") else {
                continue;
            };
            assert!(
                place(needed) < place(name),
                "{name} needs {needed}, which the map shows below it"
            );
        }
    }
    let mut on_map: Vec<&str> = map.iter().map(|(name, _)| name.as_str()).collect();
    let mut there: Vec<&str> = manifests.iter().map(|(name, _)| name.as_str()).collect();
    on_map.sort_unstable();
    there.sort_unstable();
    assert_eq!(
        on_map, there,
        "left: on the map of ARCHITECTURE.md; right: folders of crates/"
    );
}

#[test]
fn runtime_free_crates_name_no_runtime() {
    let map = map();
    let free = map.iter().filter(|(_, part)| part.starts_with("Runtime-free"));
    let free: BTreeSet<&str> = free.map(|(name, _)| name.as_str()).collect();
    assert!(free.contains("engine") && free.contains("exchange"), "{free:?}");
    for (name, manifest) in manifests()
        .iter()
        .filter(|(name, _)| free.contains(name.as_str()))
    {
        let own = dependencies(manifest, "[dependencies]");
        for forbidden in FORBIDDEN_BELOW_THE_ROUTERS {
            assert!(
                !own.contains(forbidden),
                "{name} is runtime-free and names {forbidden}"
            );
        }
    }
}

#[test]
fn every_dependency_has_its_line() {
    let mut used = BTreeSet::new();
    for (_, manifest) in manifests() {
        used.append(&mut dependencies(&manifest, "dependencies]"));
    }
    used.retain(|name| !name.starts_with("torana-"));
    let page = std::fs::read_to_string(docs().join("adr/0001-dependencies.md")).unwrap();
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let listed: BTreeSet<String> = rows.map(|(name, _)| name.to_owned()).collect();
    assert_eq!(
        used, listed,
        "left: named by a crate; right: has a line in docs/adr/0001-dependencies.md"
    );
}
