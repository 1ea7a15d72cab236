//! `torana token`: user tokens as a partner's server would make them.

use torana_config::Settings;
use torana_credentials::jwt::{Principal, mint};
use torana_domain::ids::AuthId;

use crate::cli::args::{TokenArgs, TokenCommand};
use crate::commands::{admin_engine, print_lines};
use crate::exit::{Exit, Failure};

/// Prints the token.
///
/// # Errors
/// Exit code 4: no such gateway, or no such user of it; 2: a malformed id.
pub async fn run(settings: &Settings, command: TokenCommand) -> Result<(), Failure> {
    match command {
        TokenCommand::Guest(args) => print(settings, &args, None).await,
        TokenCommand::Connected(args) => {
            let id = AuthId::parse(&args.id)
                .map_err(|error| Failure::new(Exit::Usage, format!("--id = {:?}: {error}", args.id)))?;
            print(settings, &args.token, Some(id)).await
        }
    }
}

async fn print(settings: &Settings, args: &TokenArgs, id: Option<AuthId>) -> Result<(), Failure> {
    let engine = admin_engine(settings).await?;
    let gateway = engine.admin_gateway(&args.gateway)?;
    let principal = match id {
        None => Principal::Guest,
        Some(id) => {
            let found = engine.find_investor(&gateway, &id).await;
            let found =
                found.map_err(|error| Failure::failed(format!("the user cannot be looked up: {error}")))?;
            if found.is_none() {
                let text = format!("gateway {} has no user {id}", args.gateway);
                return Err(Failure::new(Exit::NotFound, text));
            }
            Principal::Connected(id)
        }
    };
    let ttl = i64::try_from(args.ttl).unwrap_or(i64::MAX);
    let max = gateway.settings.jwt_max_age_seconds;
    if !gateway.settings.legacy && ttl > max {
        return Err(Failure::new(
            Exit::Usage,
            format!("--ttl = {ttl}s: allowed at this gateway are at most {max}s"),
        ));
    }
    print_lines([mint(&principal, gateway.secret.signing(), engine.wall_now(), ttl)])
}
