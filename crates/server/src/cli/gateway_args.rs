//! The grammar of `torana gateway`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use crate::cli::args::{JsonArgs, parse_seconds};

/// Commands below `gateway`.
#[derive(Debug, Clone, Subcommand)]
pub enum GatewayCommand {
    /// Make a gateway and print its secrets, once
    #[command(after_help = "Example:
  torana gateway create acme --mode sandbox --display-name \"Acme\" \\
      --origin https://app.acme.example --webhook-url https://api.acme.example/hook")]
    Create(CreateArgs),
    /// List all gateways
    #[command(after_help = "Example:\n  torana gateway list --json")]
    List(JsonArgs),
    /// Show one gateway; of secrets only fingerprints
    #[command(after_help = "Example:\n  torana gateway show acme")]
    Show(ShowArgs),
    /// Change a gateway; running servers follow within 2 seconds
    #[command(
        after_help = "Example:\n  torana gateway update acme --origin https://app.acme.example --set legacy=true"
    )]
    Update(UpdateArgs),
    /// Change a secret without an outage: prepare, activate, finish
    #[command(after_help = "Example:
  torana gateway rotate-secret acme --which api-secret --overlap 7d   # prints the new value
  torana gateway rotate-secret acme --which api-secret --activate     # new value signs, old one is accepted
  torana gateway rotate-secret acme --which api-secret --finish       # old value is refused")]
    RotateSecret(RotateArgs),
    /// Switch a gateway off; undone by `update NAME --set enabled=true`
    #[command(after_help = "Example:\n  torana gateway disable acme")]
    Disable(NameArgs),
}

/// The name alone.
#[derive(Debug, Clone, Args)]
pub struct NameArgs {
    /// Name of the gateway
    pub name: String,
}

/// Flags of `show`.
#[derive(Debug, Clone, Args)]
pub struct ShowArgs {
    /// Name of the gateway
    pub name: String,
    /// Output form.
    #[command(flatten)]
    pub json: JsonArgs,
}

/// What kind of gateway; fixed at creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ModeArg {
    /// Paper exchange only
    #[default]
    Sandbox,
    /// Live brokers
    Live,
}

/// Settings of a gateway that have a flag of their own.
#[derive(Debug, Clone, Default, Args)]
pub struct GatewayFlags {
    /// Name shown on the hosted pages [default: the gateway's name]
    #[arg(long, value_name = "TEXT")]
    pub display_name: Option<String>,
    /// Picture shown on the hosted pages (PNG or JPEG)
    #[arg(long, value_name = "FILE")]
    pub logo: Option<PathBuf>,
    /// Web origin of the partner's pages; repeatable
    #[arg(long, value_name = "URL")]
    pub origin: Vec<String>,
    /// Webhook address; repeatable
    #[arg(long, value_name = "URL")]
    pub webhook_url: Vec<String>,
    /// Longest life of a user token [default: 86400]
    #[arg(long, value_name = "SECONDS")]
    pub jwt_max_age: Option<u32>,
    /// Any other setting of the gateway, such as legacy=true; repeatable
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub set: Vec<(String, String)>,
}

/// Flags of `create`.
#[derive(Debug, Clone, Args)]
pub struct CreateArgs {
    /// Name: 2 to 40 of a-z, 0-9 and -
    pub name: String,
    /// Which brokers it reaches; cannot be changed later
    #[arg(long, value_enum, default_value_t)]
    pub mode: ModeArg,
    /// Settings.
    #[command(flatten)]
    pub flags: GatewayFlags,
}

/// Flags of `update`.
#[derive(Debug, Clone, Args)]
pub struct UpdateArgs {
    /// Name of the gateway
    pub name: String,
    /// Settings; lists are replaced.
    #[command(flatten)]
    pub flags: GatewayFlags,
    /// Refused: the mode is fixed at creation
    #[arg(long, value_enum, hide = true)]
    pub mode: Option<ModeArg>,
}

/// Which secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WhichSecret {
    /// Signs user tokens
    Secret,
    /// Authenticates server calls and signs webhook checksums
    ApiSecret,
    /// Signs webhooks
    WebhookKey,
}

/// Flags of `rotate-secret`.
#[derive(Debug, Clone, Args)]
#[command(group(ArgGroup::new("step").args(["overlap", "activate", "finish"])))]
pub struct RotateArgs {
    /// Name of the gateway
    pub name: String,
    /// Which secret
    #[arg(long, value_enum)]
    pub which: WhichSecret,
    /// How long the old value stays valid after activation
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = parse_seconds)]
    pub overlap: u64,
    /// Sign with the prepared value
    #[arg(long)]
    pub activate: bool,
    /// Drop the old value now
    #[arg(long)]
    pub finish: bool,
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}
