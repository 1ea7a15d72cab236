//! `torana gateway`.

use torana_config::Settings;
use torana_credentials::rotation::SecretKind;
use torana_domain::gateway::{GatewaySettings, Mode, RetryLadder};
use torana_domain::ids::GatewayName;
use torana_engine::Engine;
use torana_engine::admin::{AdminError, RotationStep};

use crate::cli::GatewayCommand;
use crate::cli::gateway_args::{CreateArgs, ModeArg, RotateArgs, UpdateArgs, WhichSecret};
use crate::commands::gateway_settings::{apply_flags, wants_enabled};
use crate::commands::{admin_engine, gateway_show, logo, print_lines};
use crate::exit::{Exit, Failure};

/// Runs one of them.
///
/// # Errors
/// Exit codes 2 to 5 as the command line documents.
pub async fn run(settings: &Settings, command: GatewayCommand) -> Result<(), Failure> {
    // What can be refused without a database is refused before one is opened or made.
    let name = match &command {
        GatewayCommand::Create(args) => Some(parse_name(&args.name)?),
        _ => None,
    };
    let engine = admin_engine(settings).await?;
    match command {
        GatewayCommand::Create(args) => create(&engine, name, &args).await,
        GatewayCommand::List(args) => gateway_show::list(&engine, args),
        GatewayCommand::Show(args) => gateway_show::show(&engine, &args),
        GatewayCommand::Update(args) => update(&engine, &args).await,
        GatewayCommand::RotateSecret(args) => rotate(&engine, &args).await,
        GatewayCommand::Disable(args) => disable(&engine, &args.name).await,
    }
}

fn parse_name(text: &str) -> Result<GatewayName, Failure> {
    GatewayName::parse(text).map_err(|error| Failure::new(Exit::Usage, format!("NAME = {text:?}: {error}")))
}

async fn create(engine: &Engine, name: Option<GatewayName>, args: &CreateArgs) -> Result<(), Failure> {
    let name = name.map_or_else(|| parse_name(&args.name), Ok)?;
    let mode = match args.mode {
        ModeArg::Sandbox => Mode::Sandbox,
        ModeArg::Live => Mode::Live,
    };
    let mut settings = GatewaySettings::default();
    apply_flags(&mut settings, &args.flags)?;
    adapt_to_legacy(&mut settings, args);
    let enabled = wants_enabled(&args.flags)?;
    let logo = args.flags.logo.as_deref().map(logo::read).transpose()?;
    let secrets = engine
        .create_gateway(name.clone(), mode, settings.clone(), None)
        .await?;
    if let Some(png) = logo {
        engine.set_logo(name.as_str(), png).await?;
    }
    if enabled == Some(false) {
        engine.update_gateway(name.as_str(), false, settings).await?;
    }
    print_lines([
        format!("secret {}", secrets.secret.reveal()),
        format!("apiSecret {}", secrets.api_secret.reveal()),
        format!("webhookKey {}", secrets.webhook_key.reveal()),
    ])
}

/// Defaults of a `legacy` gateway that were not asked for otherwise.
fn adapt_to_legacy(settings: &mut GatewaySettings, args: &CreateArgs) {
    let is_set = |key: &str| args.flags.set.iter().any(|(given, _)| given == key);
    if settings.legacy && !is_set("retryLadder") {
        settings.retry_ladder = RetryLadder::Legacy;
    }
    if settings.legacy && !is_set("smallcaseOrderWebhooks") {
        settings.smallcase_order_webhooks = false;
    }
}

async fn update(engine: &Engine, args: &UpdateArgs) -> Result<(), Failure> {
    let gateway = engine.admin_gateway(&args.name)?;
    if args.mode.is_some() {
        let text = format!(
            "mode_immutable: gateway {} was made for {} and stays so",
            args.name,
            gateway.mode.as_str()
        );
        return Err(Failure::new(Exit::State, text));
    }
    let mut settings = gateway.settings.clone();
    apply_flags(&mut settings, &args.flags)?;
    let enabled = wants_enabled(&args.flags)?.unwrap_or(gateway.enabled);
    let logo = args.flags.logo.as_deref().map(logo::read).transpose()?;
    engine.update_gateway(&args.name, enabled, settings).await?;
    if let Some(png) = logo {
        engine.set_logo(&args.name, png).await?;
    }
    print_lines([format!("updated {}", args.name)])
}

async fn disable(engine: &Engine, name: &str) -> Result<(), Failure> {
    let gateway = engine.admin_gateway(name)?;
    engine
        .update_gateway(name, false, gateway.settings.clone())
        .await?;
    print_lines([format!("disabled {name}")])
}

async fn rotate(engine: &Engine, args: &RotateArgs) -> Result<(), Failure> {
    let kind = match args.which {
        WhichSecret::Secret => SecretKind::Secret,
        WhichSecret::ApiSecret => SecretKind::ApiSecret,
        WhichSecret::WebhookKey => SecretKind::WebhookKey,
    };
    let step = match (args.activate, args.finish) {
        (true, _) => RotationStep::Activate,
        (_, true) => RotationStep::Finish,
        _ => RotationStep::Prepare {
            overlap_ms: i64::try_from(args.overlap)
                .unwrap_or(i64::MAX)
                .saturating_mul(1000),
        },
    };
    let shown = match (engine.rotate_secret(&args.name, kind, step).await, args.activate) {
        (Err(AdminError::Rotation(torana_credentials::rotation::RotationError::OverlapOutOfRange)), _) => {
            return Err(Failure::new(Exit::Usage, "--overlap: allowed are 1s to 365d"));
        }
        (Err(error), _) => return Err(error.into()),
        (Ok(Some(secret)), _) => secret.reveal().to_owned(),
        (Ok(None), true) => "activated".to_owned(),
        (Ok(None), false) => "finished".to_owned(),
    };
    print_lines([shown])
}
