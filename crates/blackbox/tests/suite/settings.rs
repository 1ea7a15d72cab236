//! Bad settings stop the start with exit 3 and a message that names the key, its value and what is allowed.

use torana_testkit::process::binary;
use torana_testkit::{Options, Output, TempDir, Torana, cli};

fn serve(folder: &TempDir, config: &str, environment: &[(&str, &str)], flags: &[&str]) -> Output {
    let file = folder.join("torana.toml");
    std::fs::write(&file, config).unwrap();
    let mut command = std::process::Command::new(binary());
    cli::clean_environment(&mut command);
    command
        .args(["serve", "--config", &file])
        .args(flags)
        .envs(environment.iter().copied());
    command.current_dir(folder.path());
    cli::run(command)
}

#[test]
fn a_bad_value_names_key_value_source_and_what_is_allowed() {
    let folder = TempDir::new("settings");
    let output = serve(&folder, "", &[("TORANA_SERVER__PROFILE", "prod")], &[]);
    output.exits(3);
    let line = r#"server.profile = "prod" (TORANA_SERVER__PROFILE): allowed are sandbox, production"#;
    assert!(output.stderr.contains(line), "{}", output.stderr);
    assert_eq!(output.stdout, "", "messages belong on stderr");
}

#[test]
fn every_kind_of_bad_setting_is_refused() {
    let cases = [
        ("server.profil = \"sandbox\"", "server.profil"),
        (
            "server.profile = \"sandbox\"\nserver.listen = \"nowhere\"",
            "server.listen",
        ),
        (
            "server.profile = \"sandbox\"\ndatabase.url = \"mysql://x\"",
            "database.url",
        ),
        (
            "server.profile = \"sandbox\"\negress.allow = [\"127.0.0.1\"]",
            "egress.allow",
        ),
        (
            "server.profile = \"sandbox\"\nserver.trusted_proxies = [\"10.0.0.0/99\"]",
            "server.trusted_proxies",
        ),
        (
            "server.profile = \"sandbox\"\nratelimit.auth_failures_per_minute = -1",
            "auth_failures_per_minute",
        ),
        (
            "server.profile = \"sandbox\"\nserver.public_url = \"http://gateway.example\"",
            "server.public_url",
        ),
        ("server.profile = \"production\"", "server.public_url"),
        (
            "server.profile = \"production\"\nserver.public_url = \"http://127.0.0.1:1\"",
            "server.public_url",
        ),
        ("server.profile = \"sandbox\"", "keys.file"),
        ("this is not TOML", "torana.toml"),
    ];
    let folder = TempDir::new("settings");
    for (config, key) in cases {
        let output = serve(&folder, config, &[], &[]);
        assert_eq!(output.code, 3, "{config}: {}", output.stderr);
        assert!(output.stderr.contains(key), "{config}: {}", output.stderr);
        assert!(!output.stderr.contains("panicked"), "{config}: {}", output.stderr);
    }
}

#[test]
fn production_refuses_what_only_a_sandbox_may_do() {
    let options = Options {
        profile: "production",
        ..Options::default()
    };
    let torana = Torana::prepare(options.set("server.public_url", "\"https://gateway.example\""));
    for flags in [&["serve", "--seed-demo-gateway"][..], &["serve", "--seed", "7"]] {
        let output = torana.cli(flags);
        assert_eq!(output.code, 3, "{flags:?}: {}", output.stderr);
    }
}

#[test]
fn pending_migrations_stop_the_start_until_migrate_is_given() {
    let folder = TempDir::new("settings");
    let keys = folder.join("torana.keys");
    let config = format!(
        "server.profile = \"sandbox\"\nserver.listen = \"127.0.0.1:0\"\nmetrics.listen = \"off\"\nkeys.file = {keys:?}\ndata.dir = {:?}",
        folder.join("data")
    );
    std::fs::write(folder.join("torana.toml"), &config).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(binary());
        cli::clean_environment(&mut command);
        command
            .args(arguments)
            .args(["--config", &folder.join("torana.toml")])
            .current_dir(folder.path());
        cli::run(command)
    };
    run(&["keys", "rotate"]).succeeded();
    run(&["migrate", "--check"]).exits(3);
    let output = run(&["serve"]);
    output.exits(3);
    assert!(
        output.stderr.contains("--migrate"),
        "it says what to do: {}",
        output.stderr
    );
    let migrated = run(&["migrate"]);
    assert!(!migrated.succeeded().stdout.is_empty(), "one line per migration");
    run(&["migrate", "--check"]).succeeded();
}

#[test]
fn an_address_in_use_is_exit_3() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let torana = Torana::prepare(Options::default());
    let output = torana.cli(&[
        "serve",
        "--server.listen",
        &taken.local_addr().unwrap().to_string(),
    ]);
    output.exits(3);
    let port = taken.local_addr().unwrap().port().to_string();
    assert!(output.stderr.contains(&port), "{}", output.stderr);
}
