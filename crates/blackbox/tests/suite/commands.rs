//! The command line: exit codes, help, output; secrets once.

use serde_json::Value;
use torana_testkit::{Client, Engine, Options, Torana, cli, jwt, wait_until};

#[test]
fn help_of_each_command_shows_an_example() {
    let commands = [
        "demo",
        "serve",
        "gateway create",
        "gateway list",
        "gateway show",
        "gateway update",
        "gateway rotate-secret",
        "gateway disable",
        "keys rotate",
        "token guest",
        "token connected",
        "migrate",
        "openapi",
        "doctor",
        "backup",
    ];
    for command in commands {
        let mut arguments: Vec<&str> = command.split(' ').collect();
        arguments.push("--help");
        let output = cli::bare(&arguments);
        output.succeeded();
        let text = output.stdout.to_lowercase();
        assert!(
            text.contains("example") && text.contains(&format!("torana {command}")),
            "{command}: {}",
            output.stdout
        );
    }
}

#[test]
fn wrong_usage_is_exit_2() {
    for arguments in [
        &["no-such-command"][..],
        &["gateway", "create"],
        &["gateway", "create", "acme", "--mode", "paper"],
        &["gateway", "rotate-secret", "acme", "--which", "password"],
        &["token", "connected", "--gateway", "acme"],
    ] {
        let output = cli::bare(arguments);
        assert_eq!(output.code, 2, "{arguments:?}: {}", output.stderr);
        assert_eq!(output.stdout, "", "{arguments:?}");
    }
}

fn gateways_live_by_the_exit_codes(engine: Engine) {
    let torana = Torana::prepare(Options::new(engine));
    for arguments in [
        &["gateway", "show", "nobody"][..],
        &["gateway", "update", "nobody", "--display-name", "X"],
        &["gateway", "disable", "nobody"],
        &["gateway", "rotate-secret", "nobody", "--which", "secret"],
        &["token", "guest", "--gateway", "nobody"],
    ] {
        assert_eq!(torana.cli(arguments).code, 4, "{arguments:?}");
    }
    let _ = torana.create_gateway("acme", &[]);
    torana.cli(&["gateway", "create", "acme"]).exits(5);
    for flags in [["--set", "mode=live"], ["--mode", "live"]] {
        let output = torana.cli(&[["gateway", "update", "acme"].as_slice(), &flags].concat());
        assert!(
            [2, 5].contains(&output.code),
            "{flags:?}: {} {}",
            output.code,
            output.stderr
        );
    }
    assert!(
        torana
            .cli(&["gateway", "show", "acme"])
            .stdout
            .contains("sandbox"),
        "a mode never changes"
    );
    let reserved = [
        "mf", "v1", "gateway", "flow", "scdk", "torana", "docs", "assets", "return", "health", "openapi",
    ];
    for name in reserved
        .into_iter()
        .chain(["Acme", "a", "-acme", "ac_me", &"a".repeat(41)])
    {
        let output = torana.cli(&["gateway", "create", name]);
        assert!(
            [2, 3].contains(&output.code),
            "{name}: {} {}",
            output.code,
            output.stderr
        );
        assert!(!output.stdout.contains("secret"), "{name}");
    }
}
on_both_engines!(
    gateways_live_by_the_exit_codes,
    a_disabled_gateway_answers_403_until_it_is_enabled
);

#[test]
fn bad_gateway_settings_are_refused() {
    let torana = Torana::prepare(Options::default());
    for flags in [
        &["--origin", "app.acme.example"][..],
        &["--origin", "https://app.acme.example/path"],
        &["--origin", "https://*.*.example"],
        &["--origin", "null"],
        &["--webhook-url", "ftp://acme.example/hook"],
        &["--webhook-url", "https://user:pass@acme.example/hook"],
        &["--jwt-max-age", "-1"],
        &["--set", "noSuchSetting=1"],
        &["--set", "rateLimits=maybe"],
    ] {
        let mut arguments = vec!["gateway", "create", "acme"];
        arguments.extend_from_slice(flags);
        let output = torana.cli(&arguments);
        assert!(
            [2, 3].contains(&output.code),
            "{flags:?}: {} {}{}",
            output.code,
            output.stdout,
            output.stderr
        );
    }
    torana.cli(&["gateway", "show", "acme"]).exits(4);
}

#[test]
fn secrets_are_shown_once_and_later_only_as_fingerprints() {
    let torana = Torana::prepare(Options::default());
    let keys = torana.create_gateway(
        "acme",
        &[
            "--display-name",
            "Acme & Sons",
            "--webhook-url",
            "https://acme.example/hook",
        ],
    );
    assert_ne!(keys.secret, keys.api_secret);
    for secret in [&keys.secret, &keys.api_secret] {
        assert!(
            secret.len() >= 43,
            "32 random bytes need 43 characters of base64: {secret}"
        );
    }
    assert!(keys.webhook_key.starts_with("whsec_"));
    let shown = [
        torana.cli(&["gateway", "show", "acme"]),
        torana.cli(&["gateway", "list"]),
        torana.cli(&["gateway", "show", "acme", "--json"]),
        torana.cli(&["gateway", "list", "--json"]),
    ];
    for output in &shown {
        output.succeeded();
        for secret in [&keys.secret, &keys.api_secret, &keys.webhook_key] {
            assert!(!output.stdout.contains(secret.as_str()), "{}", output.stdout);
        }
    }
    let text = &shown[0].stdout;
    for needed in [
        "acme",
        "sandbox",
        "Acme & Sons",
        "https://app.acme.example",
        "https://acme.example/hook",
    ] {
        assert!(text.contains(needed), "{needed} in {text}");
    }
    for secret in [&keys.secret, &keys.api_secret, &keys.webhook_key] {
        assert!(
            text.contains(&jwt::fingerprint(secret)),
            "fingerprint of each secret in {text}"
        );
    }
    for output in &shown[2..] {
        let _: Value = serde_json::from_str(&output.stdout).expect("--json prints JSON");
    }
}

#[test]
fn tokens_of_the_command_line_are_accepted() {
    let (torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let guest = torana.cli(&["token", "guest", "--gateway", "acme", "--ttl", "1h"]);
    let guest = guest.succeeded().stdout.trim().to_owned();
    let claims = jwt::open(&partner.keys.secret, &guest);
    assert_eq!(claims["guest"], true);
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        3600
    );
    assert_eq!(
        partner
            .create(&guest, &serde_json::json!({"intent": "CONNECT"}))
            .status,
        200
    );
    let id = partner.connect("kite", "DEMO01");
    let connected = torana.cli(&["token", "connected", "--gateway", "acme", "--id", &id]);
    let connected = connected.succeeded().stdout.trim().to_owned();
    assert_eq!(
        partner
            .create(&connected, &serde_json::json!({"intent": "FETCH_FUNDS"}))
            .status,
        200
    );
}

fn a_disabled_gateway_answers_403_until_it_is_enabled(engine: Engine) {
    let (torana, partner) = Torana::with_partner(Options::new(engine));
    let ask = || partner.get(&partner.engine("market/status"), &partner.guest());
    assert_eq!(ask().status, 200);
    assert_eq!(
        torana
            .cli(&["gateway", "disable", "acme"])
            .succeeded()
            .stdout
            .trim(),
        "disabled acme"
    );
    wait_until("the gateway to be disabled", || {
        (ask().status == 403).then_some(())
    });
    ask().refused(403, "gateway_disabled");
    let updated = torana.cli(&["gateway", "update", "acme", "--set", "enabled=true"]);
    assert_eq!(updated.succeeded().stdout.trim(), "updated acme");
    wait_until("the gateway to be enabled", || {
        (ask().status == 200).then_some(())
    });
}

#[test]
fn openapi_prints_the_document_that_the_server_serves() {
    let (torana, _partner) = Torana::with_partner(Options::default());
    let printed = cli::bare(&["openapi"]);
    let mut printed: Value = serde_json::from_str(&printed.succeeded().stdout).expect("JSON");
    let mut served = Client::default()
        .get(&format!("{}/openapi.json", torana.url()), &[])
        .json();
    for document in [&mut printed, &mut served] {
        document.as_object_mut().unwrap().remove("servers");
    }
    assert_eq!(printed, served);
    let file = torana.folder().join("api.json");
    cli::bare(&["openapi", "--out", &file]).succeeded();
    let written: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(written["paths"], printed["paths"]);
}
