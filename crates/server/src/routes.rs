//! Where the routers of the other crates are mounted.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use torana_api::{ApiOptions, ApiState};
use torana_config::{Database, Settings};
use torana_engine::Engine;
use torana_hosted::{ClientAddress, HostedState};
use torana_storage::health as database_health;
use torana_ui::Renderer;

use crate::databases::Databases;
use crate::demo_gateway::GATEWAY;
use crate::disk::free_bytes;
use crate::exit::Failure;
use crate::installation::watch_keys;
use crate::net::health::{self, Check};

/// Free space below which this process takes no traffic: what is acknowledged must fit.
const DISK_FREE_BYTES_MIN: u64 = 64 * 1024 * 1024;

/// Everything behind the public listener.
///
/// # Errors
/// Exit code 1 when the pages' templates cannot be used, which a test of theirs rules out.
pub fn public(
    engine: &Engine,
    databases: &Databases,
    settings: &Settings,
    is_demo_seeded: bool,
) -> Result<Router, Failure> {
    let options = ApiOptions {
        is_demo_seeded,
        auth_failures_per_minute: settings.auth_failures_per_minute,
    };
    let api = torana_api::router(ApiState::new(engine.clone(), options));
    let hosted = hosted(engine, is_demo_seeded)?;
    // The API answers what nobody else knows, so it is the fallback of everything beside it.
    let router = health::router(readiness(databases, settings))
        .merge(crate::sdk_script::router())
        .merge(hosted)
        .fallback_service(api);
    Ok(router)
}

/// The pages of the flow, with the client's address where they look for it.
fn hosted(engine: &Engine, is_demo_seeded: bool) -> Result<Router, Failure> {
    let renderer = Renderer::new().map_err(|error| Failure::failed(format!("the pages cannot be used: {error}")))?;
    let state = HostedState {
        engine: engine.clone(),
        renderer: Arc::new(renderer),
        demo_gateway: is_demo_seeded.then(|| GATEWAY.to_owned()),
    };
    let router = torana_hosted::router(state).layer(axum::middleware::map_request(|mut request: Request| async move {
        if let Some(address) = request.extensions().get::<std::net::IpAddr>().copied() {
            request.extensions_mut().insert(ClientAddress(address));
        }
        request
    }));
    Ok(router)
}

/// Starts what a process does beside requests: jobs, and the watch over changed gateways.
pub fn start_tasks(engine: &Engine, settings: &Settings) {
    start_watch(engine, settings);
    engine
        .rt()
        .spawn
        .spawn("jobs", Box::pin(engine.clone().run_jobs()));
}

/// Starts the watch over what other processes change: gateways and the keys file.
pub fn start_watch(engine: &Engine, settings: &Settings) {
    engine.rt().spawn.spawn(
        "keys-file",
        Box::pin(watch_keys(settings.clone(), engine.clone())),
    );
    engine
        .rt()
        .spawn
        .spawn("gateways", Box::pin(engine.clone().watch_gateways()));
}

/// What has to be well before this process takes traffic. Migrations are current when the listener starts, so
/// the probe of their table is enough.
fn readiness(databases: &Databases, settings: &Settings) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    for database in databases.all() {
        let store = database.store.clone();
        checks.push((
            database.name,
            Arc::new(move || {
                let store = store.clone();
                Box::pin(async move {
                    database_health::probe(&store)
                        .await
                        .map_err(|error| error.to_string())
                })
            }),
        ));
    }
    if let Database::Sqlite { path } = &settings.database {
        let directory = path
            .parent()
            .map(std::path::Path::to_path_buf)
            .unwrap_or_default();
        checks.push((
            "disk",
            Arc::new(move || {
                let directory = directory.clone();
                Box::pin(async move {
                    match free_bytes(&directory)? {
                        ..DISK_FREE_BYTES_MIN => Err(format!("less than {DISK_FREE_BYTES_MIN} bytes free")),
                        _ => Ok(()),
                    }
                })
            }),
        ));
    }
    checks
}
