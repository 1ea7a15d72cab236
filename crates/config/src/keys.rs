//! The list of settings: the only place that says which keys exist.

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Dotted name, as in the file.
    pub name: &'static str,
    /// What it does and its default, one line for `--help`.
    pub meaning: &'static str,
    /// What may be given, as it stands in refusals.
    pub allowed: &'static str,
    /// Whether the value must not be shown, nor given on the command line where others can read it.
    pub secret: bool,
}

const fn key(name: &'static str, meaning: &'static str, allowed: &'static str) -> Key {
    Key {
        name,
        meaning,
        allowed,
        secret: false,
    }
}

/// Every setting, in the order of the documentation.
pub const KEYS: &[Key] = &[
    key(
        "server.profile",
        "what this process is for [default: production; demo: sandbox]",
        "allowed are sandbox, production",
    ),
    key(
        "server.listen",
        "address that partners and browsers reach [default: 127.0.0.1:8080]",
        "allowed is an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080",
    ),
    key(
        "server.public_url",
        "origin that browsers see; required in profile production [default in sandbox: http and the listen address]",
        "allowed is an origin without path, such as https://gateway.example.org",
    ),
    key(
        "server.trusted_proxies",
        "proxies whose x-forwarded-for is believed [default: none]",
        "allowed are IP addresses and networks such as 10.0.0.0/8 or fd00::/8",
    ),
    key(
        "metrics.listen",
        "address of the Prometheus metrics [default: 127.0.0.1:9464; demo: off]",
        "allowed are off, or an IP address and a port, such as 127.0.0.1:9464",
    ),
    key(
        "data.dir",
        "directory of the embedded databases [default: ./torana-data; demo: its own]",
        "allowed is the path of a directory",
    ),
    key(
        "database.url",
        "the gateway's database [default: sqlite:torana.db in data.dir]",
        "allowed are sqlite:FILE (relative to data.dir) and postgres://USER:PASSWORD@HOST/DATABASE",
    ),
    key(
        "exchange.database_url",
        "the paper exchange's database [default: sqlite:exchange.db in data.dir, or schema exchange of the PostgreSQL database]",
        "allowed are sqlite:FILE (relative to data.dir) and postgres://USER:PASSWORD@HOST/DATABASE",
    ),
    key(
        "exchange.url",
        "a paper exchange that runs as a process of its own [default: empty, embedded]",
        "allowed are nothing, or an origin such as http://127.0.0.1:8082",
    ),
    key(
        "exchange.kite.listen",
        "address of the exchange's Kite interface [default: off; demo, exchange serve: 127.0.0.1:8082]",
        "allowed are off, or an IP address and a port, such as 127.0.0.1:8082",
    ),
    key(
        "brokers.kite.mode",
        "how orders reach Zerodha: sent by Torana, or confirmed by the user on the broker's own page [default: direct]",
        "allowed are direct, hand-off",
    ),
    key(
        "brokers.kite.url",
        "Zerodha's interface [default: the paper exchange's own or exchange.url, where browsers get to it]",
        "allowed are nothing, or an origin such as http://127.0.0.1:8082",
    ),
    key(
        "brokers.kite.login_url",
        "where Zerodha's pages for browsers are [default: brokers.kite.url]",
        "allowed are nothing, or an origin such as http://127.0.0.1:8082",
    ),
    key(
        "brokers.kite.api_key",
        "public key of the app at Zerodha [default: each sandbox gateway has an app of its own]",
        "allowed is the public key of an app",
    ),
    Key {
        name: "brokers.kite.api_secret",
        meaning: "secret of that app; required with brokers.kite.api_key",
        allowed: "allowed is the secret of an app",
        secret: true,
    },
    key(
        "market.dir",
        "directory of market data that was loaded [default: market in data.dir]",
        "allowed is the path of a directory",
    ),
    key(
        "sandbox.enabled",
        "whether sandbox gateways work in profile production [default: false]",
        "allowed are true, false",
    ),
    key(
        "egress.allow",
        "private targets that may be called, as written in their URLs [default: none]",
        "allowed are host:port pairs such as 127.0.0.1:8081 or hooks.internal:9443",
    ),
    key(
        "ratelimit.shared",
        "whether processes share their rate limits through the database [default: false]",
        "allowed are true, false",
    ),
    key(
        "ratelimit.auth_failures_per_minute",
        "failed authentications per client address and minute, 0 is off [default: 60; sandbox: 0]",
        "allowed is a whole number from 0 to 1000000",
    ),
    key(
        "keys.file",
        "file with the keys that encrypt secrets at rest; required, demo makes one",
        "allowed is the path of a file",
    ),
    Key {
        name: "keys.inline",
        meaning: "content of a keys file, for environments without files; instead of keys.file",
        allowed: "allowed is the content of a keys file, and keys.file must not be set",
        secret: true,
    },
    key(
        "log.level",
        "which log lines are written [default: info]",
        "allowed are error, warn, info, debug, trace, or a list such as info,torana_engine=debug",
    ),
    key(
        "log.format",
        "form of the log lines [default: text on a terminal, json elsewhere]",
        "allowed are auto, text, json",
    ),
];

/// Finds a setting by its dotted name.
#[must_use]
pub fn find_key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The environment variable of a setting: `a.b_c` is `TORANA_A__B_C`.
#[must_use]
pub fn environment_name(key: &str) -> String {
    format!(
        "{ENVIRONMENT_PREFIX}{}",
        key.replace('.', "__").to_ascii_uppercase()
    )
}

/// What every environment variable of ours starts with.
pub const ENVIRONMENT_PREFIX: &str = "TORANA_";

/// What the variables of the project's own tests start with; they are no settings.
pub const TEST_PREFIX: &str = "TORANA_TEST_";

/// Refusal of an unknown key: the nearest names first, then all.
pub(crate) fn unknown_key_reason(name: &str) -> String {
    let all: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    let last = name.rsplit('.').next().unwrap_or(name);
    let near = KEYS.iter().find(|key| {
        let own = key.name.rsplit('.').next().unwrap_or(key.name);
        own.starts_with(last) || last.starts_with(own)
    });
    let hint = near
        .filter(|_| !last.is_empty())
        .map_or(String::new(), |key| format!("did you mean {}? ", key.name));
    format!("no such setting; {hint}allowed are {}", all.join(", "))
}
