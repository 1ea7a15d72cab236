//! The settings as one typed value, with the rules that span several of them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::brokers::KiteBroker;
use crate::layers::{Inputs, Source, merge};
use crate::parse::{self, Reader};
use crate::{Database, HostPort, IpBlock, KeySource, LogFormat, Profile, PublicUrl, SettingError};

/// Greatest value of `ratelimit.auth_failures_per_minute`.
pub const AUTH_FAILURES_PER_MINUTE_MAX: u32 = 1_000_000;

/// Default of `ratelimit.auth_failures_per_minute` in profile production.
pub const AUTH_FAILURES_PER_MINUTE: u32 = 60;

/// Which command the settings are for; it decides defaults and what is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `torana serve`.
    Serve,
    /// `torana demo`, with its own data directory.
    Demo {
        /// Default of `data.dir`.
        data_dir: PathBuf,
    },
    /// `torana exchange serve`.
    Exchange,
    /// Every command that works on an installation without serving it.
    Admin {
        /// Default of `data.dir`.
        data_dir: PathBuf,
    },
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub source: Source,
}

impl<T> Sourced<T> {
    /// Whether somebody asked for this value.
    #[must_use]
    pub fn is_explicit(&self) -> bool {
        self.source != Source::Default
    }
}

/// All settings of a process.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `server.profile`.
    pub profile: Profile,
    /// `server.listen`.
    pub listen: Sourced<SocketAddr>,
    /// `server.public_url`; none means [`Settings::public_url_of`] of the bound address.
    pub public_url: Option<PublicUrl>,
    /// `server.trusted_proxies`.
    pub trusted_proxies: Vec<IpBlock>,
    /// `metrics.listen`; none is off.
    pub metrics_listen: Sourced<Option<SocketAddr>>,
    /// `data.dir`.
    pub data_dir: PathBuf,
    /// `database.url`.
    pub database: Database,
    /// `exchange.database_url`.
    pub exchange_database: Database,
    /// `exchange.url`; none is the embedded exchange.
    pub exchange_url: Option<PublicUrl>,
    /// `exchange.kite.listen`; none is off.
    pub kite_listen: Sourced<Option<SocketAddr>>,
    /// `brokers.kite.*`.
    pub kite: KiteBroker,
    /// `market.dir`.
    pub market_dir: PathBuf,
    /// `sandbox.enabled`.
    pub sandbox_enabled: bool,
    /// `egress.allow`.
    pub egress_allow: Vec<HostPort>,
    /// `ratelimit.shared`.
    pub ratelimit_shared: bool,
    /// `ratelimit.auth_failures_per_minute`; 0 is off.
    pub auth_failures_per_minute: u32,
    /// `keys.file` or `keys.inline`.
    pub keys: Option<KeySource>,
    /// `log.level`: a list of directives that the log's own parser checks.
    pub log_level: Sourced<String>,
    /// `log.format`.
    pub log_format: LogFormat,
}

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

impl Settings {
    /// Default of `server.listen`.
    pub const LISTEN: SocketAddr = loopback(8080);
    /// Default of `metrics.listen`.
    pub const METRICS_LISTEN: SocketAddr = loopback(9464);
    /// Default of `exchange.kite.listen` in the demo and in an exchange process.
    pub const KITE_LISTEN: SocketAddr = loopback(8082);

    /// Merges the inputs, gives every value its type and checks the rules of the profile.
    ///
    /// # Errors
    /// The first refused setting.
    pub fn load(command: &Command, inputs: &Inputs<'_>) -> Result<Self, SettingError> {
        let layers = merge(inputs)?;
        let read = Reader(&layers);
        let is_demo = matches!(command, Command::Demo { .. });
        let has_kite = is_demo || *command == Command::Exchange;
        let profile = profile(&read, is_demo)?;
        let data_dir = match command {
            Command::Serve | Command::Exchange => PathBuf::from("./torana-data"),
            Command::Demo { data_dir } | Command::Admin { data_dir } => data_dir.clone(),
        };
        let data_dir = read.get_or("data.dir", data_dir, parse::path)?.value;
        let (database, exchange_database) = databases(&read, &data_dir)?;
        let failures = if profile == Profile::Sandbox {
            0
        } else {
            AUTH_FAILURES_PER_MINUTE
        };
        let market_dir = read
            .get_or("market.dir", data_dir.join("market"), parse::path)?
            .value;
        let settings = Self {
            profile,
            listen: read.get_or("server.listen", Self::LISTEN, parse::address)?,
            public_url: origin(&read, "server.public_url")?,
            trusted_proxies: read
                .get_or("server.trusted_proxies", Vec::new(), parse::ip_blocks)?
                .value,
            metrics_listen: read.get_or(
                "metrics.listen",
                (!is_demo).then_some(Self::METRICS_LISTEN),
                parse::optional_address,
            )?,
            data_dir,
            database,
            exchange_database,
            exchange_url: origin(&read, "exchange.url")?,
            kite_listen: read.get_or(
                "exchange.kite.listen",
                has_kite.then_some(Self::KITE_LISTEN),
                parse::optional_address,
            )?,
            kite: KiteBroker::read(&read)?,
            market_dir,
            sandbox_enabled: read.get_or("sandbox.enabled", false, parse::boolean)?.value,
            egress_allow: read.get_or("egress.allow", Vec::new(), parse::host_ports)?.value,
            ratelimit_shared: read.get_or("ratelimit.shared", false, parse::boolean)?.value,
            auth_failures_per_minute: read
                .get_or(
                    "ratelimit.auth_failures_per_minute",
                    failures,
                    parse::whole_number_up_to(AUTH_FAILURES_PER_MINUTE_MAX),
                )?
                .value,
            keys: keys(&read)?,
            log_level: read.get_or("log.level", "info".to_owned(), parse::text)?,
            log_format: log_format(&read)?,
        };
        settings.check_public_url(&read, command)?;
        Ok(settings)
    }

    /// The origin that browsers see, once the listener is bound.
    #[must_use]
    pub fn public_url_of(&self, bound: SocketAddr) -> PublicUrl {
        self.public_url.clone().unwrap_or_else(|| PublicUrl::http(bound))
    }

    /// The keys, for commands that cannot work without.
    ///
    /// # Errors
    /// [`SettingError::Missing`] with the way to make a key.
    pub fn require_keys(&self) -> Result<&KeySource, SettingError> {
        self.keys.as_ref().ok_or_else(|| SettingError::Missing {
            key: "keys.file",
            reason: "required, because secrets are stored encrypted; allowed is the path of a keys file. \
                     Make one with: torana keys rotate --keys.file torana.keys"
                .to_owned(),
        })
    }

    fn check_public_url(&self, read: &Reader<'_>, command: &Command) -> Result<(), SettingError> {
        const KEY: &str = "server.public_url";
        const HTTPS: &str =
            "allowed in profile production is an https origin, such as https://gateway.example.org";
        const LOOPBACK: &str = "allowed in profile sandbox is an https origin, or http on loopback, such as http://127.0.0.1:8080";
        match (&self.public_url, self.profile) {
            (Some(url), Profile::Production) if !url.is_https() => Err(read.refuse(KEY, HTTPS)),
            (Some(url), Profile::Sandbox) if !url.is_https() && !url.is_loopback() => {
                Err(read.refuse(KEY, LOOPBACK))
            }
            (None, _) if matches!(command, Command::Admin { .. } | Command::Exchange) => Ok(()),
            (None, Profile::Production) => Err(read.refuse(KEY, &format!("required; {HTTPS}"))),
            (None, Profile::Sandbox) if !self.listen.value.ip().is_loopback() => Err(read.refuse(
                KEY,
                &format!("required, because server.listen is not on loopback; {LOOPBACK}"),
            )),
            _ => Ok(()),
        }
    }
}

fn profile(read: &Reader<'_>, is_demo: bool) -> Result<Profile, SettingError> {
    let default = if is_demo {
        Profile::Sandbox
    } else {
        Profile::Production
    };
    let profile = read
        .get_or("server.profile", default, |raw| {
            match parse::text(raw)?.as_str() {
                "sandbox" => Some(Profile::Sandbox),
                "production" => Some(Profile::Production),
                _ => None,
            }
        })?
        .value;
    if is_demo && profile == Profile::Production {
        return Err(read.refuse("server.profile", "allowed for the demo is sandbox"));
    }
    Ok(profile)
}

pub(crate) fn origin(read: &Reader<'_>, key: &'static str) -> Result<Option<PublicUrl>, SettingError> {
    let found = read.get(key, |raw| {
        let text = parse::text(raw)?;
        if text.is_empty() {
            Some(None)
        } else {
            PublicUrl::parse(&text).map(Some)
        }
    })?;
    Ok(found.and_then(|found| found.value))
}

fn log_format(read: &Reader<'_>) -> Result<LogFormat, SettingError> {
    let format = read.get_or("log.format", LogFormat::Auto, |raw| {
        match parse::text(raw)?.as_str() {
            "auto" => Some(LogFormat::Auto),
            "text" => Some(LogFormat::Text),
            "json" => Some(LogFormat::Json),
            _ => None,
        }
    })?;
    Ok(format.value)
}

fn keys(read: &Reader<'_>) -> Result<Option<KeySource>, SettingError> {
    let file = read.get("keys.file", parse::path)?;
    let inline = read.get("keys.inline", parse::text)?;
    match (file, inline) {
        (Some(_), Some(_)) => Err(read.refuse(
            "keys.inline",
            "allowed is one of keys.file and keys.inline, not both",
        )),
        (Some(file), None) => Ok(Some(KeySource::File(file.value))),
        (None, Some(inline)) => Ok(Some(KeySource::Inline(inline.value))),
        (None, None) => Ok(None),
    }
}

fn databases(read: &Reader<'_>, data_dir: &Path) -> Result<(Database, Database), SettingError> {
    let database = |file: &str| Database::Sqlite {
        path: data_dir.join(file),
    };
    let parse = |schema| {
        move |raw: &crate::layers::RawValue| {
            let text = parse::text(raw)?;
            if text.starts_with("postgres://") || text.starts_with("postgresql://") {
                return Some(Database::Postgres { url: text, schema });
            }
            let file = text
                .strip_prefix("sqlite:")
                .filter(|file| !file.is_empty() && !file.starts_with("//"))?;
            Some(Database::Sqlite {
                path: data_dir.join(file),
            })
        }
    };
    let gateway = read
        .get_or("database.url", database("torana.db"), parse(None))?
        .value;
    let default = match &gateway {
        Database::Sqlite { .. } => database("exchange.db"),
        Database::Postgres { url, .. } => Database::Postgres {
            url: url.clone(),
            schema: Some("exchange"),
        },
    };
    let exchange = read
        .get_or("exchange.database_url", default, parse(Some("exchange")))?
        .value;
    if exchange == gateway {
        return Err(read.refuse(
            "exchange.database_url",
            "allowed is another database than that of database.url",
        ));
    }
    Ok((gateway, exchange))
}
