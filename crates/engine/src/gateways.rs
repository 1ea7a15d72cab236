//! Gateways as the running process sees them: decrypted, parsed, cached behind a version row.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use torana_clock::world::ClockState;
use torana_credentials::jwt::{JwtPolicy, VerifyKeys};
use torana_credentials::origin::OriginPattern;
use torana_credentials::rotation::{SecretKind, SecretPair};
use torana_credentials::sealed_pair::SealedPair;
use torana_domain::gateway::{GatewaySettings, Mode};
use torana_domain::ids::GatewayName;
use torana_domain::time::Timestamp;
use torana_storage::gateway::gateways;
use torana_storage::{StoreError, Tx};

use crate::context::Engine;
use crate::error::{EngineError, from_store};
use crate::logos::name_of;

/// How often a process looks whether another one changed a gateway.
pub const RELOAD_INTERVAL_MS: u64 = 1000;

/// One gateway, ready to serve requests.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Internal key.
    pub id: i64,
    /// Public name.
    pub name: GatewayName,
    /// Sandbox or live.
    pub mode: Mode,
    /// Switched on.
    pub enabled: bool,
    /// Settings.
    pub settings: GatewaySettings,
    /// Whitelisted origins, parsed.
    pub origins: Vec<OriginPattern>,
    /// Key of the user tokens.
    pub secret: SecretPair,
    /// `x-gateway-secret` and key of the body checksum.
    pub api_secret: SecretPair,
    /// Key of the Standard Webhooks signature.
    pub webhook_key: SecretPair,
    /// The world's clock; follows wall time for live gateways.
    pub clock: ClockState,
    /// Name of its own logo, as `/assets/logo/` serves it.
    pub logo: Option<String>,
    /// Creation (wall time).
    pub created_at: Timestamp,
}

impl Gateway {
    /// Name for people.
    #[must_use]
    pub fn display_name(&self) -> &str {
        if self.settings.display_name.is_empty() {
            self.name.as_str()
        } else {
            &self.settings.display_name
        }
    }

    /// Keys that user tokens may be signed with now.
    #[must_use]
    pub fn verify_keys(&self, wall_now: Timestamp) -> VerifyKeys {
        VerifyKeys::new(&self.secret.accepted(wall_now))
    }

    /// Rules for user tokens.
    #[must_use]
    pub const fn jwt_policy(&self) -> JwtPolicy {
        JwtPolicy {
            legacy: self.settings.legacy,
            max_age_seconds: self.settings.jwt_max_age_seconds,
        }
    }

    /// Whether this is a sandbox gateway.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        self.mode == Mode::Sandbox
    }
}

/// All gateways of the process by name, with the version of the database that they were read at.
#[derive(Default)]
pub(crate) struct GatewayCache {
    state: RwLock<CacheState>,
}

#[derive(Default, Clone)]
struct CacheState {
    version: Option<i64>,
    by_name: Arc<BTreeMap<GatewayName, Arc<Gateway>>>,
}

impl GatewayCache {
    fn snapshot(&self) -> CacheState {
        self.state
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    fn replace(&self, next: CacheState) {
        *self
            .state
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = next;
    }
}

struct StoredGateway {
    row: gateways::GatewayRow,
    secrets: Vec<(String, String)>,
    clock: Option<String>,
    logo: Option<String>,
}

fn read_all(tx: &mut dyn Tx) -> Result<Vec<StoredGateway>, StoreError> {
    gateways::list(tx)?
        .into_iter()
        .map(|row| {
            let secrets = gateways::secrets(tx, row.id)?;
            let clock = gateways::clock(tx, row.id)?;
            let logo = gateways::logo(tx, row.id)?.as_deref().map(name_of);
            Ok(StoredGateway {
                row,
                secrets,
                clock,
                logo,
            })
        })
        .collect()
}

/// The place that a secret is sealed for.
pub(crate) fn secret_context(gateway: &GatewayName, kind: SecretKind) -> String {
    format!("gateway/{gateway}/{}", kind.as_str())
}

impl Engine {
    /// The gateway of that name, enabled or not; `None` if there is none.
    #[must_use]
    pub fn gateway(&self, name: &str) -> Option<Arc<Gateway>> {
        let name = GatewayName::parse(name).ok()?;
        self.inner().gateways.snapshot().by_name.get(&name).cloned()
    }

    /// Every gateway, by name.
    #[must_use]
    pub fn gateways(&self) -> Vec<Arc<Gateway>> {
        self.inner()
            .gateways
            .snapshot()
            .by_name
            .values()
            .cloned()
            .collect()
    }

    /// The gateway with that internal key.
    #[must_use]
    pub fn gateway_by_id(&self, id: i64) -> Option<Arc<Gateway>> {
        self.inner()
            .gateways
            .snapshot()
            .by_name
            .values()
            .find(|gateway| gateway.id == id)
            .cloned()
    }

    /// A gateway as the process knows it now, or as it was where it knows none.
    pub(crate) fn fresh(&self, gateway: &Gateway) -> Arc<Gateway> {
        self.gateway_by_id(gateway.id)
            .unwrap_or_else(|| Arc::new(gateway.clone()))
    }

    /// Reads the gateways again if the version row moved.
    ///
    /// # Errors
    /// The storage's. A gateway whose secrets cannot be opened is left out and logged: the others go on.
    pub async fn reload_gateways(&self) -> Result<(), StoreError> {
        let cached = self.inner().gateways.snapshot().version;
        let read = self
            .store()
            .read(move |tx| {
                let version = gateways::version(tx)?;
                if Some(version) == cached {
                    Ok(None)
                } else {
                    Ok(Some((version, read_all(tx)?)))
                }
            })
            .await?;
        let Some((version, stored)) = read else {
            return Ok(());
        };
        let wall = self.wall_now();
        let mut by_name = BTreeMap::new();
        for entry in stored {
            let name = entry.row.name.clone();
            match self.open_gateway(entry, wall) {
                Ok(gateway) => {
                    by_name.insert(name, Arc::new(gateway));
                }
                Err(problem) => {
                    tracing::error!(gateway.name = %name, %problem, "gateway left out: its stored form cannot be used");
                }
            }
        }
        self.inner().gateways.replace(CacheState {
            version: Some(version),
            by_name: Arc::new(by_name),
        });
        Ok(())
    }

    fn open_gateway(&self, stored: StoredGateway, wall: Timestamp) -> Result<Gateway, String> {
        let StoredGateway {
            row,
            secrets,
            clock,
            logo,
        } = stored;
        let open = |kind: SecretKind| -> Result<SecretPair, String> {
            let sealed = secrets
                .iter()
                .find(|(stored_kind, _)| stored_kind == kind.as_str())
                .ok_or_else(|| format!("{} missing", kind.as_str()))?;
            let sealed: SealedPair =
                serde_json::from_str(&sealed.1).map_err(|_| "secret is not readable".to_owned())?;
            sealed
                .open(&self.keyring(), &secret_context(&row.name, kind))
                .map_err(|error| error.to_string())
        };
        let clock = match clock {
            Some(text) if row.mode == Mode::Sandbox => {
                serde_json::from_str(&text).map_err(|_| "clock state is not readable".to_owned())?
            }
            _ => ClockState::following(0, wall),
        };
        let origins = row
            .settings
            .origins
            .iter()
            .map(|text| OriginPattern::parse(text).map_err(|error| format!("origin {text}: {error}")))
            .collect::<Result<_, _>>()?;
        Ok(Gateway {
            id: row.id,
            mode: row.mode,
            enabled: row.enabled,
            origins,
            secret: open(SecretKind::Secret)?,
            api_secret: open(SecretKind::ApiSecret)?,
            webhook_key: open(SecretKind::WebhookKey)?,
            clock,
            logo,
            created_at: row.created_at,
            name: row.name,
            settings: row.settings,
        })
    }

    /// The gateway as it is stored now, for calls that must see what another process has just done.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn fresh_gateway(&self, gateway: &Arc<Gateway>) -> Result<Arc<Gateway>, EngineError> {
        self.reload_gateways().await.map_err(from_store)?;
        Ok(self
            .gateway_by_id(gateway.id)
            .unwrap_or_else(|| Arc::clone(gateway)))
    }

    /// Keeps the cache fresh until the process stops.
    pub async fn watch_gateways(self) {
        while !self.rt().spawn.is_stopping() {
            self.tell_clocks().await;
            self.rt()
                .sleep
                .sleep(std::time::Duration::from_millis(RELOAD_INTERVAL_MS))
                .await;
            self.keep_walks().await;
            if let Err(error) = self.reload_gateways().await {
                tracing::warn!(%error, "gateways could not be read again, going on with what is known");
            }
        }
    }
}
