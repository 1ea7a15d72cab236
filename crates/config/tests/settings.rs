//! Every setting one by one, the precedence of the sources, and the exact refusals.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use torana_config::{
    Command, ConfigFile, Database, HostPort, Inputs, IpBlock, KEYS, KeySource, LogFormat, Profile, PublicUrl,
    SettingError, Settings,
};

#[derive(Default)]
struct Given {
    file: Option<String>,
    environment: Vec<(&'static str, String)>,
    flags: Vec<(&'static str, &'static str)>,
}

fn no_files(path: &Path) -> Result<String, String> {
    match path.to_str() {
        Some("/run/secrets/db") => Ok("postgres://torana:hunter2@db/torana\n".to_owned()),
        _ => Err("No such file or directory".to_owned()),
    }
}

impl Given {
    fn load(&self, command: &Command) -> Result<Settings, SettingError> {
        let inputs = Inputs {
            file: self.file.clone().map(|text| ConfigFile {
                path: PathBuf::from("/etc/torana/torana.toml"),
                text,
            }),
            environment: self
                .environment
                .iter()
                .map(|(k, v)| ((*k).to_owned(), v.clone()))
                .collect::<BTreeMap<_, _>>(),
            flags: self
                .flags
                .iter()
                .map(|(key, value)| (*key, format!("--{key}"), (*value).to_owned()))
                .collect(),
            read_file: &no_files,
        };
        Settings::load(command, &inputs)
    }
}

fn demo() -> Command {
    Command::Demo {
        data_dir: PathBuf::from("/home/u/demo"),
    }
}

/// A sandbox server with one more variable, so that `server.public_url` is not in the way.
fn with(variable: &'static str, value: &str) -> Result<Settings, SettingError> {
    let mut environment = vec![("TORANA_SERVER__PROFILE", "sandbox".to_owned())];
    environment.retain(|(name, _)| *name != variable);
    environment.push((variable, value.to_owned()));
    Given {
        environment,
        ..Given::default()
    }
    .load(&Command::Serve)
}

fn refusal(variable: &'static str, value: &str) -> String {
    match with(variable, value) {
        Ok(settings) => unreachable!("{variable} = {value} was taken: {settings:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn defaults_of_serve_and_demo() {
    let serve = with("TORANA_SERVER__PROFILE", "sandbox").unwrap();
    assert_eq!(serve.listen.value, "127.0.0.1:8080".parse().unwrap());
    assert!(!serve.listen.is_explicit());
    assert_eq!(
        serve.metrics_listen.value,
        Some("127.0.0.1:9464".parse().unwrap())
    );
    assert_eq!(serve.kite_listen.value, None);
    assert_eq!(serve.data_dir, PathBuf::from("./torana-data"));
    assert_eq!(
        serve.database,
        Database::Sqlite {
            path: "./torana-data/torana.db".into()
        }
    );
    assert_eq!(
        serve.exchange_database,
        Database::Sqlite {
            path: "./torana-data/exchange.db".into()
        }
    );
    assert_eq!(serve.auth_failures_per_minute, 0);
    assert!(!serve.sandbox_enabled && !serve.ratelimit_shared);
    assert_eq!((serve.keys, serve.exchange_url), (None, None));
    assert_eq!(serve.log_format, LogFormat::Auto);

    let demo = Given::default().load(&demo()).unwrap();
    assert_eq!(demo.profile, Profile::Sandbox);
    assert_eq!(demo.metrics_listen.value, None);
    assert_eq!(demo.kite_listen.value, Some("127.0.0.1:8082".parse().unwrap()));
    assert_eq!(demo.data_dir, PathBuf::from("/home/u/demo"));
    assert_eq!(
        demo.public_url_of("127.0.0.1:40123".parse().unwrap()).to_string(),
        "http://127.0.0.1:40123"
    );
}

#[test]
fn profile() {
    assert_eq!(
        refusal("TORANA_SERVER__PROFILE", "prod"),
        "server.profile = \"prod\" (TORANA_SERVER__PROFILE): allowed are sandbox, production"
    );
    let error = Given {
        flags: vec![("server.profile", "production")],
        ..Given::default()
    }
    .load(&demo())
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "server.profile = \"production\" (--server.profile): allowed for the demo is sandbox"
    );
}

#[test]
fn addresses() {
    assert_eq!(
        with("TORANA_SERVER__LISTEN", "[::1]:0").unwrap().listen.value,
        "[::1]:0".parse().unwrap()
    );
    for bad in ["8080", "localhost:8080", "127.0.0.1", "127.0.0.1:99999", ""] {
        let shown = refusal("TORANA_SERVER__LISTEN", bad);
        assert!(
            shown.starts_with(&format!(
                "server.listen = {bad:?} (TORANA_SERVER__LISTEN): allowed is an IP"
            )),
            "{shown}"
        );
    }
    assert_eq!(
        with("TORANA_METRICS__LISTEN", "off")
            .unwrap()
            .metrics_listen
            .value,
        None
    );
    assert!(refusal("TORANA_METRICS__LISTEN", "no").contains("metrics.listen = \"no\""));
    let kite = with("TORANA_EXCHANGE__KITE__LISTEN", "127.0.0.1:9").unwrap();
    assert_eq!(kite.kite_listen.value, Some("127.0.0.1:9".parse().unwrap()));
    assert!(refusal("TORANA_EXCHANGE__KITE__LISTEN", "on").contains("exchange.kite.listen"));
}

#[test]
fn public_url_by_profile() {
    let ok = |url: &str| {
        with("TORANA_SERVER__PUBLIC_URL", url)
            .unwrap()
            .public_url
            .unwrap()
            .to_string()
    };
    assert_eq!(ok("http://localhost:8080/"), "http://localhost:8080");
    assert_eq!(
        ok("https://Gateway.Example.org:443"),
        "https://gateway.example.org"
    );
    assert_eq!(ok("http://[::1]:9000"), "http://[::1]:9000");
    for bad in [
        "gateway.example.org",
        "http://example.org",
        "https://a/b",
        "ftp://a",
        "https://u@a",
        "https://",
        "https://a:0",
    ] {
        assert!(
            refusal("TORANA_SERVER__PUBLIC_URL", bad).starts_with("server.public_url = "),
            "{bad}"
        );
    }

    let missing = Given::default().load(&Command::Serve).unwrap_err().to_string();
    assert_eq!(
        missing,
        "server.public_url (not set): required; allowed in profile production is an https origin, such as https://gateway.example.org"
    );
    let http = Given {
        flags: vec![("server.public_url", "http://127.0.0.1:1")],
        ..Given::default()
    };
    assert!(
        http.load(&Command::Serve)
            .unwrap_err()
            .to_string()
            .contains("an https origin")
    );
    let https = Given {
        flags: vec![("server.public_url", "https://g.example")],
        ..Given::default()
    };
    assert!(
        https
            .load(&Command::Serve)
            .unwrap()
            .public_url
            .unwrap()
            .is_https()
    );
    assert!(
        Given::default()
            .load(&Command::Admin { data_dir: "x".into() })
            .is_ok(),
        "not needed to administer"
    );

    let wide = Given {
        flags: vec![("server.profile", "sandbox"), ("server.listen", "0.0.0.0:80")],
        ..Given::default()
    };
    assert!(
        wide.load(&Command::Serve)
            .unwrap_err()
            .to_string()
            .contains("server.listen is not on loopback")
    );
}

#[test]
fn trusted_proxies() {
    let blocks = with("TORANA_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1")
        .unwrap()
        .trusted_proxies;
    let inside = |ip: &str| blocks.iter().any(|block| block.contains(ip.parse().unwrap()));
    assert!(inside("10.255.0.1") && inside("::1") && inside("::ffff:10.1.1.1"));
    assert!(!inside("11.0.0.1") && !inside("::2"));
    assert!(
        IpBlock::parse("0.0.0.0/0")
            .unwrap()
            .contains("203.0.113.9".parse().unwrap())
    );
    assert!(
        !IpBlock::parse("0.0.0.0/0")
            .unwrap()
            .contains("::1".parse().unwrap())
    );
    for bad in ["10.0.0.0/33", "proxy", "10.0.0/8", "::/129"] {
        assert!(
            refusal("TORANA_SERVER__TRUSTED_PROXIES", bad).contains("server.trusted_proxies"),
            "{bad}"
        );
    }
}

#[test]
fn data_and_databases() {
    assert_eq!(
        with("TORANA_DATA__DIR", "/srv/t").unwrap().database,
        Database::Sqlite {
            path: "/srv/t/torana.db".into()
        }
    );
    assert!(refusal("TORANA_DATA__DIR", "").contains("data.dir = \"\""));
    let other = with("TORANA_DATABASE__URL", "sqlite:/var/lib/x.db").unwrap();
    assert_eq!(
        other.database,
        Database::Sqlite {
            path: "/var/lib/x.db".into()
        }
    );
    let postgres = with("TORANA_DATABASE__URL", "postgres://u:hunter2@h/d").unwrap();
    assert_eq!(postgres.database.shown(), "postgres://***@h/d");
    assert!(!format!("{postgres:?}").contains("hunter2"));
    assert!(matches!(
        postgres.exchange_database,
        Database::Postgres {
            schema: Some("exchange"),
            ..
        }
    ));
    assert!(matches!(
        with("TORANA_EXCHANGE__DATABASE_URL", "sqlite:e.db").unwrap().exchange_database,
        Database::Sqlite { path } if path.ends_with("e.db")
    ));
    assert!(refusal("TORANA_EXCHANGE__DATABASE_URL", "sqlite:torana.db").contains("another database"));
    for bad in ["mysql://h/d", "sqlite:", "sqlite://x", "torana.db"] {
        assert!(
            refusal("TORANA_DATABASE__URL", bad).contains("allowed are sqlite:FILE"),
            "{bad}"
        );
    }
    let masked = refusal("TORANA_DATABASE__URL", "mysql://u:hunter2@h/d?password=hunter2");
    assert!(!masked.contains("hunter2"), "{masked}");
}

#[test]
fn exchange_url() {
    assert_eq!(with("TORANA_EXCHANGE__URL", "").unwrap().exchange_url, None);
    assert_eq!(
        with("TORANA_EXCHANGE__URL", "http://10.0.0.1:8082")
            .unwrap()
            .exchange_url,
        PublicUrl::parse("http://10.0.0.1:8082")
    );
    assert!(refusal("TORANA_EXCHANGE__URL", "10.0.0.1").contains("exchange.url"));
}

#[test]
fn booleans_and_numbers() {
    assert!(with("TORANA_SANDBOX__ENABLED", "true").unwrap().sandbox_enabled);
    assert!(refusal("TORANA_SANDBOX__ENABLED", "yes").ends_with("allowed are true, false"));
    assert!(with("TORANA_RATELIMIT__SHARED", "true").unwrap().ratelimit_shared);
    assert!(refusal("TORANA_RATELIMIT__SHARED", "1").contains("ratelimit.shared"));
    let failures = with("TORANA_RATELIMIT__AUTH_FAILURES_PER_MINUTE", "7").unwrap();
    assert_eq!(failures.auth_failures_per_minute, 7);
    for bad in ["-1", "1000001", "many", "1.5"] {
        assert!(
            refusal("TORANA_RATELIMIT__AUTH_FAILURES_PER_MINUTE", bad).contains("from 0 to 1000000"),
            "{bad}"
        );
    }
    let production = Given {
        flags: vec![("server.public_url", "https://g.example")],
        ..Given::default()
    };
    assert_eq!(
        production.load(&Command::Serve).unwrap().auth_failures_per_minute,
        60
    );
}

#[test]
fn egress() {
    let allowed = with(
        "TORANA_EGRESS__ALLOW",
        "127.0.0.1:8081,Hooks.Internal:9443,[::1]:1",
    )
    .unwrap()
    .egress_allow;
    assert_eq!(
        allowed.iter().map(HostPort::to_string).collect::<Vec<_>>(),
        ["127.0.0.1:8081", "hooks.internal:9443", "[::1]:1"]
    );
    for bad in ["hooks.internal", "http://a:1", "a:0", "a:b", "*:80"] {
        assert!(
            refusal("TORANA_EGRESS__ALLOW", bad).contains("egress.allow"),
            "{bad}"
        );
    }
}

#[test]
fn keys() {
    assert_eq!(
        with("TORANA_KEYS__FILE", "/k").unwrap().keys,
        Some(KeySource::File("/k".into()))
    );
    assert!(refusal("TORANA_KEYS__FILE", " ").contains("keys.file"));
    assert_eq!(
        with("TORANA_KEYS__INLINE", "k1 c2VjcmV0").unwrap().keys,
        Some(KeySource::Inline("k1 c2VjcmV0".into()))
    );
    let both = Given {
        environment: vec![
            ("TORANA_KEYS__INLINE", "k1 c2VjcmV0".to_owned()),
            ("TORANA_KEYS__FILE", "/k".to_owned()),
        ],
        ..Given::default()
    };
    let shown = both.load(&demo()).unwrap_err().to_string();
    assert_eq!(
        shown,
        "keys.inline = *** (TORANA_KEYS__INLINE): allowed is one of keys.file and keys.inline, not both"
    );
    assert!(
        Given::default()
            .load(&demo())
            .unwrap()
            .require_keys()
            .unwrap_err()
            .to_string()
            .starts_with("keys.file (not set)")
    );
}

#[test]
fn logs() {
    assert_eq!(
        with("TORANA_LOG__LEVEL", "info,torana_engine=debug")
            .unwrap()
            .log_level
            .value,
        "info,torana_engine=debug"
    );
    assert_eq!(
        with("TORANA_LOG__FORMAT", "json").unwrap().log_format,
        LogFormat::Json
    );
    assert!(refusal("TORANA_LOG__FORMAT", "xml").ends_with("allowed are auto, text, json"));
}

#[test]
fn flags_beat_environment_beats_file() {
    let mut given = Given {
        file: Some("[server]\nprofile = \"sandbox\"\nlisten = \"127.0.0.1:1\"".to_owned()),
        ..Given::default()
    };
    assert_eq!(given.load(&Command::Serve).unwrap().listen.value.port(), 1);
    given
        .environment
        .push(("TORANA_SERVER__LISTEN", "127.0.0.1:2".to_owned()));
    assert_eq!(given.load(&Command::Serve).unwrap().listen.value.port(), 2);
    given.flags.push(("server.listen", "127.0.0.1:3"));
    let listen = given.load(&Command::Serve).unwrap().listen;
    assert_eq!(
        (listen.value.port(), listen.source.to_string().as_str()),
        (3, "--server.listen")
    );
}

#[test]
fn file_forms_and_refusals() {
    let file = |text: &str| {
        Given {
            file: Some(text.to_owned()),
            ..Given::default()
        }
        .load(&demo())
    };
    let settings = file(
        "server.trusted_proxies = [\"10.0.0.0/8\"]\negress.allow = \"a:1\"\nsandbox.enabled = true\n\
         ratelimit.auth_failures_per_minute = 5\nkeys.file = \"torana.keys\"\nexchange.kite.listen = \"off\"",
    )
    .unwrap();
    assert_eq!(settings.trusted_proxies.len(), 1);
    assert_eq!(settings.auth_failures_per_minute, 5);
    assert_eq!(
        settings.keys,
        Some(KeySource::File("/etc/torana/torana.keys".into())),
        "relative to the file"
    );
    assert_eq!(settings.kite_listen.value, None);

    assert_eq!(
        file("[sandbox]\nenabled = \"yes\"").unwrap_err().to_string(),
        "sandbox.enabled = \"yes\" (/etc/torana/torana.toml): allowed are true, false"
    );
    assert!(
        file("server.listen = 8080")
            .unwrap_err()
            .to_string()
            .starts_with("server.listen = 8080 (/etc")
    );
    assert!(
        file("egress.allow = [1]")
            .unwrap_err()
            .to_string()
            .starts_with("egress.allow = [1] (/etc")
    );
    let unknown = file("server.porfile = \"x\"").unwrap_err().to_string();
    assert!(
        unknown.starts_with("server.porfile = \"x\" (/etc/torana/torana.toml): no such setting"),
        "{unknown}"
    );
    assert!(unknown.contains("server.profile, server.listen"));
    assert!(
        file("server = {")
            .unwrap_err()
            .to_string()
            .starts_with("/etc/torana/torana.toml is not valid TOML:")
    );
}

#[test]
fn unknown_variables_are_refused_and_foreign_ones_ignored() {
    let shown = refusal("TORANA_SERVER__LISTN", "x");
    assert!(
        shown.starts_with("server.listn = \"x\" (TORANA_SERVER__LISTN): no such setting"),
        "{shown}"
    );
    assert!(with("PATH", "/bin").is_ok());
}

#[test]
fn values_from_files() {
    let database = with("TORANA_DATABASE__URL_FILE", "/run/secrets/db")
        .unwrap()
        .database;
    assert_eq!(
        database,
        Database::Postgres {
            url: "postgres://torana:hunter2@db/torana".into(),
            schema: None
        }
    );
    assert_eq!(
        refusal("TORANA_DATABASE__URL_FILE", "/nowhere"),
        "cannot read /nowhere (TORANA_DATABASE__URL_FILE): No such file or directory"
    );
    let twice = Given {
        environment: vec![
            ("TORANA_DATABASE__URL", "sqlite:a".to_owned()),
            ("TORANA_DATABASE__URL_FILE", "/run/secrets/db".to_owned()),
        ],
        ..Given::default()
    };
    assert!(twice.load(&demo()).unwrap_err().to_string().contains("not both"));
}

#[test]
fn every_key_is_read_from_every_source() {
    // A value that is wrong for each key must be noticed, whichever way it comes in.
    for key in KEYS {
        let bad = match key.name {
            "keys.inline" | "log.level" | "keys.file" | "data.dir" | "market.dir" => continue,
            _ => "\u{1}?",
        };
        let variable: &'static str = torana_config::keys::environment_name(key.name).leak();
        assert!(
            refusal(variable, bad).starts_with(&format!("{} = ", key.name)),
            "{}",
            key.name
        );
        let flags = vec![("server.public_url", "https://g.example"), (key.name, bad)];
        assert!(
            Given {
                flags,
                ..Given::default()
            }
            .load(&Command::Serve)
            .is_err(),
            "{}",
            key.name
        );
    }
}

#[test]
fn the_keys_of_an_app_come_together() {
    let given = |pairs: &[(&'static str, &str)]| {
        let environment = pairs.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let given = Given {
            environment: environment.collect(),
            ..Given::default()
        };
        given.load(&demo())
    };
    let (key, secret) = (
        "TORANA_BROKERS__KITE__API_KEY",
        "TORANA_BROKERS__KITE__API_SECRET",
    );
    assert_eq!(given(&[]).unwrap().kite.keys, None);
    let both = given(&[(key, "k"), (secret, "hushed")]).unwrap();
    assert!(!format!("{:?}", both.kite).contains("hushed"));
    assert_eq!(both.kite.keys.unwrap().api_secret, "hushed");
    for (alone, missing) in [(key, "brokers.kite.api_secret"), (secret, "brokers.kite.api_key")] {
        let refused = given(&[(alone, "x")]).unwrap_err().to_string();
        assert!(refused.starts_with(missing), "{refused}");
    }
}
