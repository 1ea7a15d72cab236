//! `torana serve`.

use tokio::net::TcpListener;
use torana_config::{Profile, PublicUrl, Settings};
use torana_engine::{Engine, Gateway};

use crate::cli::args::{Role, ServeArgs};
use crate::databases::Databases;
use crate::demo_gateway::{self, PartnerAddresses};
use crate::exit::Failure;
use crate::installation::read_keyring;
use crate::market_files;
use crate::net::{Limits, bind};
use crate::process::{ListenerSpec, Process, allow_list};
use crate::routes;
use crate::serving::Serving;
use crate::wiring::{EngineInputs, build_engine};

/// Serves until the process is asked to stop.
///
/// # Errors
/// Exit code 3: a refused setting, pending migrations, a taken address, missing keys.
pub async fn run(settings: &Settings, args: &ServeArgs) -> Result<(), Failure> {
    check_rules(settings, args)?;
    let _serving = Serving::begin(&settings.database)?;
    let keyring = read_keyring(settings)?;
    let egress_allow = allow_list(settings, &[])?;
    let mut process = Process::new(args.seed, egress_allow.clone());
    let databases = Databases::open(settings).await?;
    databases
        .require_current(args.migrate, process.rt.wall.now())
        .await?;
    process.serve_metrics(settings, &databases).await?;
    let listener = match args.role {
        Role::Worker => None,
        Role::All | Role::Api => Some(bind::bind("server.listen", &settings.listen).await?),
    };
    let bound = listener
        .as_ref()
        .map_or(Ok(settings.listen.value), bind::bound_address)?;
    let public_url = settings.public_url_of(bound);
    let market = market_files::open(settings)?;
    let kite = match args.role {
        Role::Worker => None,
        Role::All | Role::Api => bind_kite(settings).await?,
    };
    let inputs = EngineInputs {
        rt: process.rt.clone(),
        databases: &databases,
        keyring,
        public_url: public_url.to_string(),
        egress_allow,
        seed: args.seed,
        // With the public secrets anybody could have this process fetch things.
        fetches_logos: !args.seed_demo_gateway,
        market: market.clone(),
        kite_url: kite.as_ref().map(|(_, url)| url.clone()),
    };
    let (engine, side) = build_engine(settings, inputs).await?;
    check_gateways(settings, &engine)?;
    let mut ready = Vec::new();
    // Before everything that logs in at the broker behind it.
    if let Some((listener, url)) = kite {
        ready.push(format!("torana kite {url}"));
        let router = routes::kite(&engine, &side, &market, &url)?;
        let spec = ListenerSpec {
            name: "kite",
            limits: Limits::PUBLIC,
            public_url: url,
            settings,
        };
        process.listen(spec, listener, router);
    }
    if args.seed_demo_gateway {
        demo_gateway::ensure(&engine, PartnerAddresses::default()).await?;
        demo_gateway::seed_user(&engine).await?;
        tracing::warn!("the secrets of gatewaydemo are public: this process is for trying things out only");
    }
    match args.role {
        Role::All | Role::Worker => routes::start_tasks(&engine, &side, settings, &market),
        Role::Api => routes::start_watch(&engine, &side, settings, &market),
    }
    let Some(listener) = listener else {
        return process.run(vec!["torana ready worker".to_owned()]).await;
    };
    ready.push(format!("torana ready {public_url}"));
    let spec = ListenerSpec {
        name: "public",
        limits: Limits::PUBLIC,
        public_url,
        settings,
    };
    process.listen(
        spec,
        listener,
        routes::public(&engine, &databases, settings, args.seed_demo_gateway)?,
    );
    process.run(ready).await
}

/// The listener of the Kite interface, if the settings want one.
async fn bind_kite(settings: &Settings) -> Result<Option<(TcpListener, PublicUrl)>, Failure> {
    let Some(address) = settings.kite_listen.value else {
        return Ok(None);
    };
    let wanted = torana_config::Sourced {
        value: address,
        source: settings.kite_listen.source.clone(),
    };
    let listener = bind::bind("exchange.kite.listen", &wanted).await?;
    let url = PublicUrl::http(bind::bound_address(&listener)?);
    Ok(Some((listener, url)))
}

/// What the profile forbids of the gateways that are there.
fn check_gateways(settings: &Settings, engine: &Engine) -> Result<(), Failure> {
    let now = engine.wall_now();
    let public = |gateway: &&std::sync::Arc<Gateway>| demo_gateway::has_public_secret(gateway, now);
    match engine.gateways().iter().find(public) {
        Some(gateway) if settings.profile == Profile::Production => Err(Failure::refused(format!(
            "gateway {} has the public secret of the demo gateway; profile production does not start with it. \
             Rotate its secrets, or use another database",
            gateway.name
        ))),
        _ => Ok(()),
    }
}

/// What the profile forbids, before anything is opened.
fn check_rules(settings: &Settings, args: &ServeArgs) -> Result<(), Failure> {
    let production = settings.profile == Profile::Production;
    if production && args.seed.is_some() {
        return Err(Failure::refused(
            "--seed: allowed in profile sandbox only, because ids must not be guessable",
        ));
    }
    if production && args.seed_demo_gateway {
        return Err(Failure::refused(
            "--seed-demo-gateway: allowed in profile sandbox only, because its secrets are public",
        ));
    }
    if let (Some(listen), Some(url)) = (settings.kite_listen.value, &settings.exchange_url) {
        return Err(Failure::refused(format!(
            "exchange.kite.listen = \"{listen}\" ({}): allowed with exchange.url = \"{url}\" is off, because that \
             exchange serves the interface itself",
            settings.kite_listen.source
        )));
    }
    if settings.ratelimit_shared {
        return Err(Failure::refused(
            "ratelimit.shared = true: allowed in this version is false, because limits are counted per process",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Common;
    use crate::cli::setting_flags::SettingFlags;
    use crate::installation::{Purpose, load_settings};

    fn check(flags: &[(&'static str, &str)], args: &ServeArgs) -> Result<(), Failure> {
        let flags = flags
            .iter()
            .map(|(key, value)| (*key, format!("--{key}"), (*value).to_owned()))
            .collect();
        let common = Common {
            settings: SettingFlags(flags),
            ..Common::default()
        };
        check_rules(&load_settings(&common, Purpose::Serve, Vec::new())?, args)
    }

    #[test]
    fn production_refuses_what_is_for_trying_out() {
        let plain = ServeArgs {
            role: Role::All,
            migrate: false,
            seed_demo_gateway: false,
            seed: None,
        };
        let seeded = ServeArgs {
            seed: Some(7),
            ..plain.clone()
        };
        let demo = ServeArgs {
            seed_demo_gateway: true,
            ..plain.clone()
        };
        let production = [("server.public_url", "https://g.example")];
        let sandbox = [("server.profile", "sandbox")];
        assert!(check(&production, &plain).is_ok());
        for refused in [&seeded, &demo] {
            assert_eq!(
                check(&production, refused).unwrap_err().exit,
                crate::exit::Exit::Refused
            );
            assert!(check(&sandbox, refused).is_ok());
        }
    }
}
