//! The grammar of the command line. Each command's help ends with an example.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use torana_domain::time::Date;

use crate::cli::gateway_args::GatewayCommand;
use crate::cli::setting_flags::SettingFlags;

/// An open, self-hosted broker gateway.
#[derive(Debug, Parser)]
#[command(
    name = "torana",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed or a check found something, 2 wrong usage, 3 refused setting, \
pending migration, address in use or missing key, 4 no such gateway, account, order or transaction, 5 refused by state.

Example:
  torana demo"
)]
pub struct Cli {
    /// Which installation, and its settings.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Default, Args)]
pub struct Common {
    /// Configuration file (TOML) [default: torana.toml in the data directory, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data directory of the installation [default: ./torana-data if it exists, else the demo's]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Settings given as flags.
    #[command(flatten)]
    pub settings: SettingFlags,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything on loopback: gateway, sandbox brokers, a partner shop
    #[command(
        after_help = "Example:\n  torana demo --listen 127.0.0.1:0 --shop 127.0.0.1:0 --kite 127.0.0.1:0 --data /var/tmp/t --seed 7"
    )]
    Demo(DemoArgs),
    /// Run the gateway
    #[command(after_help = "Example:\n  torana serve --config /etc/torana/torana.toml --migrate")]
    Serve(ServeArgs),
    /// The paper exchange as a process of its own
    #[command(
        subcommand,
        after_help = "Example:\n  torana exchange serve --config /etc/torana/exchange.toml"
    )]
    Exchange(ExchangeCommand),
    /// Make and change gateways, one per partner
    #[command(subcommand, after_help = "Example:\n  torana gateway list")]
    Gateway(GatewayCommand),
    /// Keys that encrypt secrets at rest
    #[command(subcommand, after_help = "Example:\n  torana keys rotate")]
    Keys(KeysCommand),
    /// Mint user tokens, as a partner's server would
    #[command(subcommand, after_help = "Example:\n  torana token guest --gateway acme")]
    Token(TokenCommand),
    /// Sandbox gateways: keys for their Kite interface
    #[command(
        subcommand,
        after_help = "Example:\n  torana sandbox kite-session --gateway gatewaydemo --account DEMO01"
    )]
    Sandbox(SandboxCommand),
    /// The market's calendar and securities: bring your own files
    #[command(
        subcommand,
        after_help = "Example:\n  torana market load EQUITY_L.csv --check"
    )]
    Market(MarketCommand),
    /// Bring the databases to this version
    #[command(
        after_help = "Examples:\n  torana migrate\n  torana migrate --check   # exit 3 when something is pending"
    )]
    Migrate(MigrateArgs),
    /// Print the OpenAPI 3.1 document
    #[command(after_help = "Example:\n  torana openapi --out openapi.json")]
    Openapi(OpenapiArgs),
    /// Check the installation: clock, disk, permissions, keys, databases
    #[command(after_help = "Example:\n  torana doctor --data ./torana-data")]
    Doctor(JsonArgs),
    /// Copy the databases while they are in use
    #[command(after_help = "Example:\n  torana backup --to /var/backups/torana-2026-01-05")]
    Backup(BackupArgs),
}

/// Flags of `demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Address of the gateway; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Address of the partner shop [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDR")]
    pub shop: Option<String>,
    /// Address of the Kite interface [default: 127.0.0.1:8082]
    #[arg(long, value_name = "ADDR")]
    pub kite: Option<String>,
    /// Draw ids from this seed, so that runs can be repeated
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Web origin of your own app, added to gatewaydemo
    #[arg(long, value_name = "URL")]
    pub origin: Vec<String>,
    /// Webhook address of your own app, added to gatewaydemo and to egress.allow
    #[arg(long, value_name = "URL")]
    pub webhook_url: Vec<String>,
}

/// Which parts of the server run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Role {
    /// Both of the following
    #[default]
    All,
    /// Answers requests
    Api,
    /// Works on jobs: orders, webhooks, expiry
    Worker,
}

/// Flags of `serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// What this process does
    #[arg(long, value_enum, default_value_t)]
    pub role: Role,
    /// Apply pending migrations before serving
    #[arg(long)]
    pub migrate: bool,
    /// Make the public gateway gatewaydemo (profile sandbox only)
    #[arg(long)]
    pub seed_demo_gateway: bool,
    /// Draw ids from this seed, so that runs can be repeated (profile sandbox only)
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// Commands below `exchange`.
#[derive(Debug, Clone, Subcommand)]
pub enum ExchangeCommand {
    /// Run the exchange alone; gateways reach it by the setting exchange.url
    #[command(
        after_help = "Example:\n  torana exchange serve --config /etc/torana/exchange.toml --kite 127.0.0.1:8082 --migrate"
    )]
    Serve(ExchangeServeArgs),
}

/// Flags of `exchange serve`.
#[derive(Debug, Clone, Args)]
pub struct ExchangeServeArgs {
    /// Address that gateways and Kite clients reach; port 0 takes a free one [default: 127.0.0.1:8082]
    #[arg(long, value_name = "ADDR")]
    pub kite: Option<String>,
    /// Apply pending migrations before serving
    #[arg(long)]
    pub migrate: bool,
    /// Seed of worlds that begin without one of their own (profile sandbox only)
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// Commands below `keys`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum KeysCommand {
    /// Make a new key, encrypt everything with it, report the old one as unused; makes the first keys file too
    #[command(
        after_help = "Examples:\n  torana keys rotate\n  torana keys rotate --keys.file torana.keys   # a first keys file"
    )]
    Rotate,
}

/// Commands below `token`.
#[derive(Debug, Clone, Subcommand)]
pub enum TokenCommand {
    /// A token for somebody who has not connected a broker
    #[command(after_help = "Example:\n  torana token guest --gateway acme --ttl 1h")]
    Guest(TokenArgs),
    /// A token for a connected user
    #[command(
        after_help = "Example:\n  torana token connected --gateway acme --id 507f1f77bcf86cd799439011 --ttl 1h"
    )]
    Connected(ConnectedArgs),
}

/// Flags of both tokens.
#[derive(Debug, Clone, Args)]
pub struct TokenArgs {
    /// Gateway whose secret signs
    #[arg(long, value_name = "NAME")]
    pub gateway: String,
    /// How long it is valid: a number with s, m, h or d
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = parse_seconds)]
    pub ttl: u64,
}

/// Flags of `token connected`.
#[derive(Debug, Clone, Args)]
pub struct ConnectedArgs {
    /// The user's smallcaseAuthId, 24 lowercase hexadecimal digits
    #[arg(long, value_name = "SMALLCASEAUTHID")]
    pub id: String,
    /// The rest.
    #[command(flatten)]
    pub token: TokenArgs,
}

/// Commands below `sandbox`.
#[derive(Debug, Clone, Subcommand)]
pub enum SandboxCommand {
    /// Print an API key and an access token for the Kite interface, without a login page
    #[command(after_help = "Example:\n  torana sandbox kite-session --gateway gatewaydemo --account DEMO01")]
    KiteSession(KiteSessionArgs),
}

/// Flags of `sandbox kite-session`.
#[derive(Debug, Clone, Args)]
pub struct KiteSessionArgs {
    /// The sandbox gateway whose world it is
    #[arg(long, value_name = "NAME")]
    pub gateway: String,
    /// An account of broker kite, such as DEMO01
    #[arg(long, value_name = "ACCOUNT")]
    pub account: String,
}

/// Commands below `market`.
#[derive(Debug, Clone, Subcommand)]
pub enum MarketCommand {
    /// Check files and put them in force, all or none; running processes follow within two seconds
    #[command(
        after_help = "Files: a calendar or corporate actions (TOML), ticks, protection or securities (as `torana market \
show` prints them), and the exchanges' own EQUITY_L.csv, SME_EQUITY_L.csv, NSE_CM_security_ddmmyyyy.csv and \
BSE_EQ_SCRIP_ddmmyyyy.csv, packed with gzip or not.

Examples:
  torana market load NSE_CM_security_27112026.csv.gz BSE_EQ_SCRIP_27112026.csv --from 2026-11-30
  torana market load calendar.toml --check   # change nothing; exit 1 with file, line and reason when it is refused"
    )]
    Load(MarketLoadArgs),
    /// Names of the loaded files
    #[command(after_help = "Example:\n  torana market list")]
    List,
    /// Print a file that is in force, to start from it
    #[command(after_help = "Example:\n  torana market show calendar.toml > calendar.toml")]
    Show(MarketShowArgs),
}

/// Flags of `market load`.
#[derive(Debug, Clone, Args)]
pub struct MarketLoadArgs {
    /// Files to load
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// First trading day of lists of securities, yyyy-mm-dd [default: tomorrow in India]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    pub from: Option<Date>,
    /// Change nothing, say what is wrong
    #[arg(long)]
    pub check: bool,
}

/// Flags of `market show`.
#[derive(Debug, Clone, Args)]
pub struct MarketShowArgs {
    /// calendar.toml, corporate-actions.toml, ticks.csv, protection.csv, securities.csv, or a name of `market list`
    #[arg(value_name = "FILE")]
    pub file: String,
}

fn parse_date(text: &str) -> Result<Date, String> {
    Date::parse(text).map_err(|error| error.to_string())
}

/// Flags of `migrate`.
#[derive(Debug, Clone, Copy, Args)]
pub struct MigrateArgs {
    /// Change nothing; exit 3 when something is pending
    #[arg(long)]
    pub check: bool,
}

/// Flags of `openapi`.
#[derive(Debug, Clone, Args)]
pub struct OpenapiArgs {
    /// Write it here instead of to stdout
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Flags of `backup`.
#[derive(Debug, Clone, Args)]
pub struct BackupArgs {
    /// Directory of the copies; made if it is not there
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
}

/// `--json` of commands that print a table.
#[derive(Debug, Clone, Copy, Args)]
pub struct JsonArgs {
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Longest duration on the command line.
const SECONDS_MAX: u64 = 3650 * 86_400;

/// Reads `90`, `90s`, `15m`, `1h` or `7d` as seconds.
pub(crate) fn parse_seconds(text: &str) -> Result<u64, String> {
    let allowed = || format!("expected a number with s, m, h or d, such as 1h, at most {SECONDS_MAX}s");
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let factor = match text.strip_prefix(digits) {
        Some("" | "s") => 1,
        Some("m") => 60,
        Some("h") => 3600,
        Some("d") => 86_400,
        _ => return Err(allowed()),
    };
    let seconds = digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor));
    seconds
        .filter(|seconds| (1..=SECONDS_MAX).contains(seconds))
        .ok_or_else(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn grammar_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        fn check(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.contains("Example") && help.contains("  torana "),
                "{path}: {help}"
            );
            for inner in command.get_subcommands() {
                check(inner, &path);
            }
        }
        check(&Cli::command(), "");
    }

    #[test]
    fn settings_are_flags_before_and_after_the_command() {
        for words in [
            ["torana", "--server.listen", "127.0.0.1:1", "serve"],
            ["torana", "serve", "--server.listen", "127.0.0.1:1"],
        ] {
            let cli = Cli::try_parse_from(words).unwrap();
            let expected = vec![(
                "server.listen",
                "--server.listen".to_owned(),
                "127.0.0.1:1".to_owned(),
            )];
            assert_eq!(cli.common.settings.0, expected, "{words:?}");
        }
        assert!(
            Cli::try_parse_from(["torana", "serve", "--keys.inline", "x"]).is_err(),
            "no secrets in ps"
        );
    }

    #[test]
    fn durations() {
        assert_eq!(parse_seconds("7d"), Ok(604_800));
        assert_eq!(parse_seconds("90"), Ok(90));
        for bad in ["", "h", "1w", "-1h", "1.5h", "0s", "99999999999d", "1h30m"] {
            assert!(parse_seconds(bad).is_err(), "{bad}");
        }
    }
}
