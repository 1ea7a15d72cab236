//! `torana sandbox`: what a developer needs of a sandbox gateway's world from the command line.

use torana_config::Settings;
use torana_contract::errors::ErrorCode;
use torana_engine::EngineError;

use crate::cli::args::{KiteSessionArgs, SandboxCommand};
use crate::commands::{admin_engine, print_lines};
use crate::exit::{Exit, Failure};

/// Runs one of the commands.
///
/// # Errors
/// Exit code 4: no such gateway or account; 5: a live gateway, or an account whose login is refused.
pub async fn run(settings: &Settings, command: SandboxCommand) -> Result<(), Failure> {
    match command {
        SandboxCommand::KiteSession(args) => kite_session(settings, args).await,
    }
}

async fn kite_session(settings: &Settings, args: KiteSessionArgs) -> Result<(), Failure> {
    let engine = admin_engine(settings).await?;
    let gateway = engine.admin_gateway(&args.gateway)?;
    if !gateway.is_sandbox() {
        let text = format!(
            "gateway {} is a live gateway: only sandbox gateways have a world",
            args.gateway
        );
        return Err(Failure::new(Exit::State, text));
    }
    let opened = engine
        .open_app_session(&gateway, None, args.account.clone())
        .await;
    let session = opened.map_err(|error| failure(&args, &error))?;
    print_lines([
        format!("api_key {}", session.api_key),
        format!("access_token {}", session.access_token),
    ])
}

fn failure(args: &KiteSessionArgs, error: &EngineError) -> Failure {
    let (account, gateway) = (&args.account, &args.gateway);
    match error.code {
        ErrorCode::AccountNotFound => {
            let text = format!("gateway {gateway} has no account {account} at broker kite");
            Failure::new(Exit::NotFound, text)
        }
        ErrorCode::ValidationFailed => {
            let why = error.details.join("; ");
            Failure::new(Exit::State, format!("the login is refused: {why}"))
        }
        _ => Failure::failed(format!("no session: {}", error.code.slug())),
    }
}
