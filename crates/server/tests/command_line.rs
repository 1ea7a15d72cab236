//! The built binary: exit codes, what goes to stdout, ports, pending migrations.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may stop the test"
)]

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// A directory of one test, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("torana-cli-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn torana(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_torana"));
    command
        .args(words)
        .env_clear()
        .env("HOME", "/nonexistent")
        .current_dir(std::env::temp_dir());
    command
}

fn run(words: &[&str]) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = torana(words).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// A running process that is ended with SIGTERM.
struct Server {
    child: Child,
    lines: Vec<String>,
}

impl Server {
    fn start(words: &[&str], lines: usize) -> Self {
        let mut child = torana(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .take(lines)
            .map(Result::unwrap)
            .collect();
        Self { child, lines }
    }

    fn stop(mut self) -> i32 {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get(url: &str) -> String {
    use std::io::{Read as _, Write as _};
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    write!(
        socket,
        "GET /{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn usage_is_2_and_refused_settings_are_3() {
    assert_eq!(run(&["serve", "--no-such-flag"]).0, 2);
    assert_eq!(
        run(&["gateway", "rotate-secret", "acme", "--which", "password"]).0,
        2
    );
    let (code, out, err) = run(&["serve", "--server.profile", "prod"]);
    assert_eq!((code, out.as_str()), (3, ""));
    assert_eq!(
        err,
        "torana: server.profile = \"prod\" (--server.profile): allowed are sandbox, production\n"
    );
    let output = torana(&["serve"])
        .env("TORANA_SERVER__PROFILE", "prod")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("(TORANA_SERVER__PROFILE)")
    );
    assert_eq!(run(&["serve", "--server.profile", "sandbox"]).0, 3, "no keys");
    assert_eq!(run(&["serve", "--config", "/nonexistent.toml"]).0, 3);
    assert_eq!(
        run(&["serve", "--server.profile=sandbox", "--log.level", "loud=yes=no"]).0,
        3
    );
}

#[test]
fn demo_prints_three_lines_and_serves_them() {
    let scratch = Scratch::new("demo");
    let data = scratch.path("data");
    let words = [
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--shop",
        "127.0.0.1:0",
        "--kite",
        "127.0.0.1:0",
        "--data",
        &data,
    ];
    let server = Server::start(&words, 3);
    let kinds: Vec<&str> = server
        .lines
        .iter()
        .map(|line| line.rsplit_once(' ').unwrap().0)
        .collect();
    assert_eq!(kinds, ["torana shop", "torana kite", "torana ready"]);
    let url = |index: usize| server.lines[index].rsplit_once(' ').unwrap().1.to_owned();
    assert!(get(&format!("{}/", url(0))).contains("Marigold"));
    let refused = get(&format!("{}/orders", url(1)));
    assert!(refused.starts_with("HTTP/1.1 403 "), "{refused}");
    assert!(refused.contains("\"error_type\":\"TokenException\""), "{refused}");
    assert!(get(&format!("{}/readyz", url(2))).starts_with("HTTP/1.1 200 "));

    let address = url(2).trim_start_matches("http://").to_owned();
    let other = scratch.path("other");
    let (code, out, err) = run(&["demo", "--listen", &address, "--data", &other]);
    assert_eq!((code, out.as_str()), (3, ""), "an explicit address that is taken");
    assert!(
        err.contains(&format!(
            "server.listen = \"{address}\" (--listen): address in use"
        )),
        "{err}"
    );

    for words in [
        &["demo", "--data", &data][..],
        &[
            "serve",
            "--data",
            &data,
            "--server.profile",
            "sandbox",
            "--server.listen",
            "127.0.0.1:0",
        ],
    ] {
        let (code, out, err) = run(words);
        assert_eq!((code, out.as_str()), (3, ""), "{words:?}: {err}");
        let holder = format!(
            "torana.db is in use: another torana serves it (process {})",
            server.child.id()
        );
        assert!(err.contains(&holder), "{words:?}: {err}");
    }

    // Commands work beside it.
    assert_eq!(run(&["gateway", "create", "acme", "--data", &data]).0, 0);
    let (code, out, _) = run(&["doctor", "--data", &data]);
    assert_eq!(code, 0, "{out}");
    assert!(
        out.lines()
            .all(|line| line.starts_with("ok ") || line.starts_with("warn ")),
        "{out}"
    );
    assert!(out.contains("ok migrations none pending"));
    assert_eq!(server.stop(), 0);
    let again = Server::start(&words, 3);
    assert_eq!(again.lines.len(), 3, "the data is free again");
    assert_eq!(again.stop(), 0);
}

#[test]
fn demo_stays_on_loopback() {
    let scratch = Scratch::new("loopback");
    let (code, _, err) = run(&["demo", "--listen", "0.0.0.0:0", "--data", &scratch.path("d")]);
    assert_eq!(code, 3, "{err}");
    let (code, _, err) = run(&["demo", "--shop", "0.0.0.0:0", "--data", &scratch.path("d")]);
    assert_eq!(code, 3);
    assert!(err.contains("(--shop)"), "{err}");
}

#[test]
fn pending_migrations_stop_serve_and_are_listed() {
    let scratch = Scratch::new("migrate");
    let data = scratch.path("data");
    let (code, out, _) = run(&["migrate", "--check", "--data", &data]);
    assert_eq!(code, 3);
    assert!(out.lines().any(|line| line.starts_with("gateway 0001_")), "{out}");
    assert!(
        out.lines().any(|line| line.starts_with("exchange 0001_")),
        "{out}"
    );
    let (code, applied, _) = run(&["migrate", "--data", &data]);
    assert_eq!((code, applied), (0, out));
    assert_eq!(
        run(&["migrate", "--check", "--data", &data]),
        (0, String::new(), String::new())
    );
}

#[test]
fn backup_writes_copies_once() {
    let scratch = Scratch::new("backup");
    let (data, to) = (scratch.path("data"), scratch.path("copies"));
    assert_eq!(run(&["migrate", "--data", &data]).0, 0);
    let (code, out, _) = run(&["backup", "--data", &data, "--to", &to]);
    assert_eq!(code, 0);
    assert_eq!(out, format!("{to}/torana.db\n{to}/exchange.db\n"));
    assert_eq!(
        run(&["backup", "--data", &data, "--to", &to]).0,
        5,
        "never over a copy"
    );
    let (code, _, err) = run(&[
        "backup",
        "--database.url",
        "postgres://u:hunter2@h/d",
        "--data",
        &data,
        "--to",
        &to,
    ]);
    assert_eq!(code, 5);
    assert!(err.contains("pg_dump") && !err.contains("hunter2"), "{err}");
}
