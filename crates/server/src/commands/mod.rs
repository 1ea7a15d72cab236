//! The commands that work on an installation without serving it. Each writes its result to stdout.

pub mod backup;
pub mod doctor;
pub mod gateway;
mod gateway_settings;
mod gateway_show;
pub mod keys;
mod logo;
pub mod market;
pub mod migrate;
pub mod openapi;
pub mod sandbox;

pub mod token;

use std::io::Write as _;

use torana_config::Settings;
use torana_engine::Engine;
use torana_engine::admin::AdminError;
use torana_webhooks::egress::AllowList;

use crate::databases::Databases;
use crate::exit::{Exit, Failure};
use crate::installation::read_keyring;
use crate::market_files;
use crate::rim;
use crate::rim::stop::stop_signal;
use crate::wiring::{EngineInputs, build_engine};

/// Writes results to stdout, where nothing else goes.
///
/// # Errors
/// Exit code 1 when nobody reads any more.
pub fn print_lines<T: std::fmt::Display>(lines: impl IntoIterator<Item = T>) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for line in lines {
        writeln!(out, "{line}").map_err(|error| Failure::failed(format!("stdout: {error}")))?;
    }
    out.flush()
        .map_err(|error| Failure::failed(format!("stdout: {error}")))
}

/// An engine over the installation's database, for one command; it runs no job.
///
/// # Errors
/// Exit code 3: missing keys or pending migrations; 1: a database that cannot be opened.
async fn admin_engine(settings: &Settings) -> Result<Engine, Failure> {
    let keyring = read_keyring(settings)?;
    let databases = Databases::open(settings).await?;
    databases.require_current(false, rim::wall::wall_now()).await?;
    let (_, stop) = stop_signal();
    let (rt, _) = rim::runtime(None, AllowList::default(), stop);
    let public_url = settings.public_url_of(settings.listen.value).to_string();
    let egress_allow = AllowList::default();
    let inputs = EngineInputs {
        rt,
        databases: &databases,
        keyring,
        public_url,
        egress_allow,
        seed: None,
        fetches_logos: false,
        kite_url: None,
        market: market_files::open(settings)?,
    };
    Ok(build_engine(settings, inputs).await?.0)
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        let exit = match &error {
            AdminError::NoSuchGateway(_) => Exit::NotFound,
            AdminError::Exists(_) | AdminError::Rotation(_) => Exit::State,
            AdminError::BadSetting(_) | AdminError::WeakSecret(_) => Exit::Usage,
            AdminError::Keys(_) => Exit::Refused,
            AdminError::Store(_) => Exit::Failed,
        };
        Self::new(exit, error.to_string())
    }
}
