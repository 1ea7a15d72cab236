//! The public demo gateway: made at the first start, given the addresses of this run at each later one.

use std::path::PathBuf;
use std::time::Duration;

use torana_clock::world::{ClockMode, ClockState};
use torana_credentials::secrets::Secret;
use torana_domain::broker_key::BrokerKey;
use torana_domain::gateway::{GatewaySettings, Mode, RetryLadder};
use torana_domain::ids::{AuthId, GatewayName};
use torana_domain::time::Timestamp;
use torana_engine::admin::NewSecrets;
use torana_engine::{Engine, Gateway};

use crate::exit::Failure;

/// Its name.
pub const GATEWAY: &str = "gatewaydemo";

/// Its secret and its API secret; public, and therefore refused in profile production.
pub const PUBLIC_SECRET: &str = "gatewayDemo_secret";

/// Its webhook signing key: as public as the other two.
pub const WEBHOOK_KEY: &str = "whsec_Z2F0ZXdheWRlbW8tcHVibGljLXdlYmhvb2sta2V5LTAwMQ==";

/// Public id of the user who is connected from the start.
pub const DEMO_USER: &str = "631fad01d9fe7ba34b6c0a3a";

/// That user's account.
const DEMO_USER_ACCOUNT: &str = "DEMO00";

/// File in the data directory that says until when the demo was running.
const ALIVE_FILE: &str = "demo.alive";

/// How often it is written.
const ALIVE_EVERY: Duration = Duration::from_secs(1);

/// Addresses of the demo gateway's partner. Origins and URLs are replaced at each start, because ports change.
#[derive(Debug, Default)]
pub struct PartnerAddresses {
    /// Web origins.
    pub origins: Vec<String>,
    /// Webhook URLs.
    pub webhook_urls: Vec<String>,
}

/// Makes the gateway, or gives the one that is there these addresses. Without addresses an existing gateway
/// keeps its own.
///
/// # Errors
/// Exit code 1 when it cannot be stored.
pub async fn ensure(engine: &Engine, partner: PartnerAddresses) -> Result<(), Failure> {
    if let Some(gateway) = engine.gateway(GATEWAY) {
        if partner.origins.is_empty() && partner.webhook_urls.is_empty() {
            return Ok(());
        }
        let settings = GatewaySettings {
            origins: partner.origins,
            webhook_urls: partner.webhook_urls,
            ..gateway.settings.clone()
        };
        return Ok(engine.update_gateway(GATEWAY, gateway.enabled, settings).await?);
    }
    let name = GatewayName::parse(GATEWAY).map_err(|error| Failure::failed(error.to_string()))?;
    let settings = GatewaySettings {
        display_name: "Marigold".to_owned(),
        origins: partner.origins,
        webhook_urls: partner.webhook_urls,
        legacy: true,
        smallcase_order_webhooks: false,
        retry_ladder: RetryLadder::Legacy,
        ..GatewaySettings::default()
    };
    let secret = Secret::new(PUBLIC_SECRET.to_owned());
    let webhook_key = Secret::new(WEBHOOK_KEY.to_owned());
    let chosen = NewSecrets {
        secret: secret.clone(),
        api_secret: secret,
        webhook_key,
    };
    engine
        .create_gateway(name, Mode::Sandbox, settings, Some(chosen))
        .await?;
    Ok(())
}

/// Gives the documented sample user its account at the sandbox's Zerodha, with imported holdings.
///
/// # Errors
/// Exit code 1 when the exchange or the database does not answer.
pub async fn seed_user(engine: &Engine) -> Result<(), Failure> {
    let Some(gateway) = engine.gateway(GATEWAY) else {
        return Ok(());
    };
    let id = AuthId::parse(DEMO_USER).map_err(|error| Failure::failed(error.to_string()))?;
    let seeded = engine
        .seed_user(&gateway, id, BrokerKey::Kite, DEMO_USER_ACCOUNT)
        .await;
    seeded.map_err(|error| Failure::failed(format!("the demo user cannot be made: {error}")))
}

/// Whether a gateway has one of the public secrets, in any stage of a rotation.
#[must_use]
pub fn has_public_secret(gateway: &Gateway, now: Timestamp) -> bool {
    [&gateway.secret, &gateway.api_secret].into_iter().any(|pair| {
        pair.accepted(now)
            .iter()
            .any(|secret| secret.matches(PUBLIC_SECRET.as_bytes()))
    })
}

/// The moments at which the demo was running, so that its world can stand still while it is not.
pub struct Alive(PathBuf);

impl Alive {
    /// In this data directory.
    #[must_use]
    pub fn new(data_dir: &std::path::Path) -> Self {
        Self(data_dir.join(ALIVE_FILE))
    }

    fn last(&self) -> Option<Timestamp> {
        std::fs::read_to_string(&self.0)
            .ok()?
            .trim()
            .parse()
            .ok()
            .map(Timestamp)
    }

    fn write(&self, now: Timestamp) {
        // A world that stands still a little too early or too late is no damage.
        if let Err(error) = std::fs::write(&self.0, now.0.to_string()) {
            tracing::debug!(%error, "the demo's sign of life cannot be written");
        }
    }

    /// Writes the present every few seconds until the process stops.
    pub async fn keep(self, engine: Engine) {
        while !engine.rt().spawn.is_stopping() {
            self.write(engine.wall_now());
            engine.rt().sleep.sleep(ALIVE_EVERY).await;
        }
        self.write(engine.wall_now());
    }
}

/// Sets the world's clock at a start of the demo: a new world begins on a trading morning; a known one goes on
/// where it stood when the process ended, or on the next trading morning. A clock that a developer stopped or
/// tied to wall time is left alone.
///
/// # Errors
/// Exit code 1 when it cannot be stored.
pub async fn set_clock(engine: &Engine, alive: &Alive) -> Result<(), Failure> {
    let Some(gateway) = engine.gateway(GATEWAY) else {
        return Ok(());
    };
    let (wall, old) = (engine.wall_now(), gateway.clock);
    let world = match alive.last() {
        None => engine.calendar().demo_start(wall),
        Some(last) if old.mode == ClockMode::Running => engine
            .calendar()
            .demo_restart(old.world_now(last.min(wall)), wall),
        Some(_) => return Ok(()),
    };
    let rate = if old.mode == ClockMode::Running {
        old.rate
    } else {
        1
    };
    let state = ClockState::running_from(old.version.saturating_add(1), world, rate, wall)
        .map_err(|error| Failure::failed(error.to_string()))?;
    engine
        .store_clock(&gateway, state)
        .await
        .map_err(|error| Failure::failed(format!("the demo's clock: {error}")))?;
    Ok(())
}
