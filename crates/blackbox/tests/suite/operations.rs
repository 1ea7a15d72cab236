//! Running it: health, metrics, stopping, backup, doctor, keys, the demo.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::json;
use torana_testkit::partner::basket;
use torana_testkit::process::{binary, free_port};
use torana_testkit::{Client, Engine, Options, Partner, TempDir, Torana, cli, wait_until};

on_both_engines!(
    a_stop_finishes_and_a_start_goes_on,
    backup_and_doctor_know_the_database
);

#[test]
fn health_readiness_and_metrics() {
    let port = free_port();
    let options = Options::default().set("metrics.listen", &format!("\"127.0.0.1:{port}\""));
    let (torana, partner) = Torana::with_partner(options);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(
            Client::default()
                .get(&format!("{}{path}", torana.url()), &[])
                .status,
            200,
            "{path}"
        );
    }
    let _ = partner.transaction(&partner.guest(), &json!({"intent": "CONNECT"}));
    let metrics = Client::default().get(&format!("http://127.0.0.1:{port}/metrics"), &[]);
    assert_eq!(metrics.status, 200);
    assert!(metrics.text.contains("# TYPE"), "{}", metrics.text);
    assert!(!metrics.text.contains("TRX_"), "no ids in labels");
    assert_eq!(
        Client::default()
            .get(&format!("{}/metrics", torana.url()), &[])
            .status,
        404,
        "not on the public listener"
    );
}

fn a_stop_finishes_and_a_start_goes_on(engine: Engine) {
    let (mut torana, partner) = Torana::with_partner(Options::new(engine));
    partner.open_market();
    let guest = partner.guest();
    let id = partner.transaction(&guest, &basket(&[("INFY", 1)]));
    assert_eq!(torana.stop(), Some(0), "SIGTERM is a good end");
    torana.run();
    let data = partner
        .complete(
            &guest,
            &id,
            &json!({"decision": "approve", "broker": "kite", "account": "DEMO01"}),
        )
        .data();
    assert_eq!(data["settlement"]["outcome"], "resolve", "{data}");
}

fn backup_and_doctor_know_the_database(engine: Engine) {
    let (torana, partner) = Torana::with_partner(Options::new(engine));
    let guest = partner.guest();
    let id = partner.transaction(&guest, &json!({"intent": "CONNECT"}));
    let doctor = torana.cli(&["doctor"]);
    assert!([0, 1].contains(&doctor.code), "{}", doctor.stderr);
    assert!(!doctor.stdout.is_empty());
    for line in doctor.stdout.lines() {
        let verdict = line.split_whitespace().next().unwrap_or_default();
        assert!(["ok", "warn", "fail"].contains(&verdict), "{line}");
    }
    assert_eq!(
        doctor.code == 1,
        doctor.stdout.lines().any(|line| line.starts_with("fail")),
        "{}",
        doctor.stdout
    );
    let target = torana.folder().join("backup");
    let output = torana.cli(&["backup", "--to", &target]);
    if engine == Engine::Postgres {
        output.exits(5);
        assert!(output.stderr.contains("pg_dump"), "{}", output.stderr);
        return;
    }
    output.succeeded();
    let written: Vec<&str> = output.stdout.lines().collect();
    assert!(
        !written.is_empty() && written.iter().all(|path| std::path::Path::new(path).exists()),
        "{written:?}"
    );
    // The copy is a whole installation's database: it serves what was there.
    let copy = TempDir::new("restored");
    for path in &written {
        let name = std::path::Path::new(path).file_name().unwrap();
        std::fs::copy(path, copy.path().join(name)).unwrap();
    }
    let mut command = std::process::Command::new(binary());
    cli::clean_environment(&mut command);
    let keys = torana.folder().join("torana.keys");
    command.args([
        "gateway",
        "show",
        "acme",
        "--data.dir",
        &copy.join(""),
        "--keys.file",
        &keys,
    ]);
    let shown = cli::run(command);
    assert!(shown.succeeded().stdout.contains("acme"));
    assert!(id.starts_with("TRX_"));
}

#[test]
fn rotated_keys_keep_the_data_readable() {
    let (mut torana, partner) = Torana::with_partner(Options::default());
    let create = |partner: &Partner| {
        let (path, body) = (partner.creation(), json!({"intent": "CONNECT"}));
        partner
            .post_with(&path, &partner.guest(), &body, &[("idempotency-key", "k")])
            .data()
    };
    let stored = create(&partner);
    let first = torana.cli(&["keys", "rotate"]);
    let id = first.succeeded().stdout.trim().to_owned();
    assert!(!id.is_empty(), "the new key's id");
    // The old key may go: everything at rest is encrypted with the new one.
    let file = torana.folder().join("torana.keys");
    let keys = std::fs::read_to_string(&file).unwrap();
    let is_needed = |line: &&str| !line.starts_with("key ") || line.contains(&id);
    std::fs::write(
        &file,
        keys.lines().filter(is_needed).collect::<Vec<_>>().join("\n") + "\n",
    )
    .unwrap();
    torana.restart();
    assert_eq!(create(&partner), stored);
    assert_eq!(
        partner
            .get(&partner.engine("market/status"), &partner.guest())
            .status,
        200
    );
    let keys = std::fs::read_to_string(torana.folder().join("torana.keys")).unwrap();
    for line in keys
        .lines()
        .filter(|line| line.starts_with("key ") || line.starts_with("identity "))
    {
        let secret = line
            .split_whitespace()
            .find(|word| word.len() > 40)
            .unwrap_or("none");
        assert!(!torana.logs().contains(secret) && !first.stdout.contains(secret));
    }
}

#[test]
fn the_demo_prints_three_lines_its_curl_samples_work_and_it_calls_nobody_outside() {
    let folder = TempDir::new("demo");
    // The tracer stands beside the demo and writes down whom it calls.
    let (mut command, calls) = (std::process::Command::new("strace"), folder.join("calls"));
    cli::clean_environment(&mut command);
    command.args([
        "-D",
        "-f",
        "-qq",
        "-e",
        "trace=connect,sendto,sendmsg",
        "-o",
        &calls,
    ]);
    command.arg(binary()).args([
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--shop",
        "127.0.0.1:0",
        "--kite",
        "127.0.0.1:0",
        "--seed",
        "7",
    ]);
    command
        .args(["--data", &folder.join("demo")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = Stopped(command.spawn().unwrap());
    let lines: Vec<String> = BufReader::new(child.0.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .take(3)
        .collect();
    let words: Vec<&str> = lines
        .iter()
        .map(|line| line.rsplit_once(' ').unwrap().0)
        .collect();
    assert_eq!(words, ["torana shop", "torana kite", "torana ready"], "{lines:?}");
    let url = |index: usize| lines[index].rsplit_once(' ').unwrap().1.to_owned();
    for (index, path) in [(0, "/"), (2, "/healthz"), (2, "/readyz")] {
        assert_eq!(
            Client::default()
                .get(&format!("{}{path}", url(index)), &[])
                .status,
            200,
            "{index} {path}"
        );
    }
    let demo = torana_testkit::Partner::new(&url(2), &torana_testkit::GatewayKeys::demo());
    let answer = demo.create(&demo.guest(), &json!({"intent": "CONNECT"}));
    assert_eq!(
        (answer.status, answer.header("x-torana-sandbox")),
        (200, Some("demo"))
    );
    let samples = curl_samples(&mut child);
    assert_eq!(samples.len(), 3, "{samples:?}");
    for sample in samples {
        let output = std::process::Command::new("sh").args(["-c", &sample]).output();
        let Ok(output) = output else { continue };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.code() == Some(127) {
            eprintln!("skipped: there is no curl to try the samples with");
            return;
        }
        assert!(
            output.status.success() && text.contains("\"success\":true"),
            "{sample}: {text}"
        );
    }
    let guest = demo.guest();
    let id = demo.transaction(&guest, &basket(&[("INFY", 1)]));
    let approve = json!({"decision": "approve", "broker": "kite", "account": "DEMO01"});
    let _ = demo.complete(&guest, &id, &approve).data();
    let is_call = |line: &&str| line.contains("sa_family=AF_INET");
    let called = wait_until("the webhook to the shop", || {
        let calls = std::fs::read_to_string(&calls).unwrap_or_default();
        calls.contains("connect(").then_some(calls)
    });
    for line in called.lines().filter(is_call) {
        let is_own = ["inet_addr(\"127.", "\"::1\"", "\"::ffff:127."]
            .iter()
            .any(|own| line.contains(own));
        assert!(is_own, "a call to somewhere else: {line}");
    }
}

/// Ends the demo with the test.
struct Stopped(std::process::Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn curl_samples(child: &mut Stopped) -> Vec<String> {
    let mut found = Vec::new();
    for line in BufReader::new(child.0.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok)
    {
        if line.trim_start().starts_with("curl ") {
            found.push(line.trim().to_owned());
        }
        if found.len() == 3 {
            break;
        }
    }
    found
}
