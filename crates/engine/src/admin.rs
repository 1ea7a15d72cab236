//! What the operator does with gateways: create, change, rotate secrets. Works on the database,
//! with or without a running server.

use torana_credentials::origin::OriginPattern;
use torana_credentials::rotation::{RotationError, SecretKind, SecretPair};
use torana_credentials::sealed_pair::SealedPair;
use torana_credentials::secrets::{Secret, WeakSecret};
use torana_domain::gateway::{GatewaySettings, Mode};
use torana_domain::ids::GatewayName;
use torana_storage::StoreError;
use torana_storage::gateway::{gateways, jobs};

use crate::context::Engine;
use crate::gateways::{Gateway, secret_context};
use crate::jobs::kind;

/// Why an administrative command did nothing.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// No gateway of that name.
    #[error("there is no gateway {0}")]
    NoSuchGateway(String),
    /// The name is taken.
    #[error("gateway {0} exists already")]
    Exists(GatewayName),
    /// A setting is not allowed.
    #[error("{0}")]
    BadSetting(String),
    /// A chosen secret is too weak.
    #[error(transparent)]
    WeakSecret(#[from] WeakSecret),
    /// The rotation is not in the right state.
    #[error(transparent)]
    Rotation(#[from] RotationError),
    /// A value could not be sealed or opened with the keys at hand.
    #[error("the keys file does not fit the database: {0}")]
    Keys(String),
    /// The database's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The values of a new gateway, shown once.
#[derive(Debug, Clone)]
pub struct NewSecrets {
    /// Key of the user tokens.
    pub secret: Secret,
    /// `x-gateway-secret`.
    pub api_secret: Secret,
    /// `whsec_...`.
    pub webhook_key: Secret,
}

impl NewSecrets {
    fn of(&self, kind: SecretKind) -> &Secret {
        match kind {
            SecretKind::Secret => &self.secret,
            SecretKind::ApiSecret => &self.api_secret,
            SecretKind::WebhookKey => &self.webhook_key,
        }
    }
}

/// One step of a rotation.
#[derive(Debug, Clone)]
pub enum RotationStep {
    /// Issue a second value.
    Prepare {
        /// How long the old one stays accepted after the activation.
        overlap_ms: i64,
    },
    /// Switch signing to it.
    Activate,
    /// Drop the old one.
    Finish,
}

const KINDS: [SecretKind; 3] = [SecretKind::Secret, SecretKind::ApiSecret, SecretKind::WebhookKey];

/// Checks what a database must not hold.
fn check_settings(settings: &GatewaySettings, mode: Mode) -> Result<(), AdminError> {
    for origin in &settings.origins {
        OriginPattern::parse(origin)
            .map_err(|error| AdminError::BadSetting(format!("origin {origin}: {error}")))?;
    }
    let urls = settings
        .webhook_urls
        .iter()
        .chain(settings.webhook_overrides.values().flatten());
    for url in urls {
        let http_may_do = mode == Mode::Sandbox && url.starts_with("http://");
        if !(url.starts_with("https://") || http_may_do) || url.contains('@') {
            return Err(AdminError::BadSetting(format!(
                "webhook URL {url}: allowed are https URLs without credentials, and http URLs of listed targets for sandbox gateways"
            )));
        }
    }
    if !(60..=31_536_000).contains(&settings.jwt_max_age_seconds) {
        return Err(AdminError::BadSetting(format!(
            "jwt-max-age = {}: allowed are 60 to 31536000 seconds",
            settings.jwt_max_age_seconds
        )));
    }
    Ok(())
}

impl Engine {
    /// Creates a gateway. Without `chosen` its secrets are drawn.
    ///
    /// # Errors
    /// [`AdminError::Exists`], [`AdminError::BadSetting`], [`AdminError::WeakSecret`].
    pub async fn create_gateway(
        &self,
        name: GatewayName,
        mode: Mode,
        settings: GatewaySettings,
        chosen: Option<NewSecrets>,
    ) -> Result<NewSecrets, AdminError> {
        check_settings(&settings, mode)?;
        let entropy = &*self.rt().entropy;
        let secrets = chosen.unwrap_or_else(|| NewSecrets {
            secret: SecretKind::Secret.generate(entropy),
            api_secret: SecretKind::ApiSecret.generate(entropy),
            webhook_key: SecretKind::WebhookKey.generate(entropy),
        });
        let wall = self.wall_now();
        let mut sealed = Vec::new();
        for kind in KINDS {
            let pair = SecretPair::new(secrets.of(kind).clone());
            sealed.push((kind, self.seal_pair(&name, kind, &pair)?));
        }
        let row_name = name.clone();
        self.store()
            .write("gateway.created", move |tx| {
                let id = gateways::insert(tx, &row_name, mode, &settings, wall)?;
                for (kind, text) in &sealed {
                    gateways::put_secret(tx, id, kind.as_str(), text, wall)?;
                }
                jobs::put(
                    tx,
                    id,
                    jobs::JobDomain::Wall,
                    kind::PURGE,
                    id,
                    wall.plus_ms(torana_domain::time::DAY_MS),
                )
            })
            .await
            .map_err(|error| match error {
                StoreError::Duplicate(_) => AdminError::Exists(name),
                other => AdminError::Store(other),
            })?;
        self.reload_gateways().await?;
        Ok(secrets)
    }

    /// The gateway of that name, for a command.
    ///
    /// # Errors
    /// [`AdminError::NoSuchGateway`].
    pub fn admin_gateway(&self, name: &str) -> Result<std::sync::Arc<Gateway>, AdminError> {
        self.gateway(name)
            .ok_or_else(|| AdminError::NoSuchGateway(name.to_owned()))
    }

    /// Replaces settings and the enabled flag.
    ///
    /// # Errors
    /// [`AdminError::NoSuchGateway`], [`AdminError::BadSetting`].
    pub async fn update_gateway(
        &self,
        name: &str,
        enabled: bool,
        settings: GatewaySettings,
    ) -> Result<(), AdminError> {
        let gateway = self.admin_gateway(name)?;
        check_settings(&settings, gateway.mode)?;
        let (id, wall) = (gateway.id, self.wall_now());
        self.store()
            .write("gateway.updated", move |tx| {
                gateways::update(tx, id, enabled, &settings, wall)
            })
            .await?;
        Ok(self.reload_gateways().await?)
    }

    /// Stores a logo, already re-encoded as PNG.
    ///
    /// # Errors
    /// [`AdminError::NoSuchGateway`].
    pub async fn set_logo(&self, name: &str, png: Vec<u8>) -> Result<(), AdminError> {
        let id = self.admin_gateway(name)?.id;
        self.store()
            .write("gateway.logo", move |tx| gateways::put_logo(tx, id, &png))
            .await?;
        Ok(self.reload_gateways().await?)
    }

    /// One step of a secret's rotation; preparing gives the new value.
    ///
    /// # Errors
    /// [`AdminError::NoSuchGateway`], [`AdminError::Rotation`].
    pub async fn rotate_secret(
        &self,
        name: &str,
        kind: SecretKind,
        step: RotationStep,
    ) -> Result<Option<Secret>, AdminError> {
        let gateway = self.admin_gateway(name)?;
        let pair = match kind {
            SecretKind::Secret => gateway.secret.clone(),
            SecretKind::ApiSecret => gateway.api_secret.clone(),
            SecretKind::WebhookKey => gateway.webhook_key.clone(),
        };
        let wall = self.wall_now();
        let pair = pair.settled(wall);
        let (next, shown) = match step {
            RotationStep::Prepare { overlap_ms } => {
                let fresh = kind.generate(&*self.rt().entropy);
                (pair.prepare(fresh.clone(), overlap_ms, wall)?, Some(fresh))
            }
            RotationStep::Activate => (pair.activate(wall)?, None),
            RotationStep::Finish => (pair.finish(wall)?, None),
        };
        let (id, sealed) = (gateway.id, self.seal_pair(&gateway.name, kind, &next)?);
        self.store()
            .write("gateway.secret_rotated", move |tx| {
                gateways::put_secret(tx, id, kind.as_str(), &sealed, wall)
            })
            .await?;
        self.reload_gateways().await?;
        Ok(shown)
    }

    pub(crate) fn seal_pair(
        &self,
        name: &GatewayName,
        kind: SecretKind,
        pair: &SecretPair,
    ) -> Result<String, AdminError> {
        let sealed = SealedPair::seal(
            pair,
            &self.keyring(),
            &secret_context(name, kind),
            &*self.rt().entropy,
        )
        .map_err(|error| AdminError::Keys(error.to_string()))?;
        serde_json::to_string(&sealed).map_err(|error| AdminError::Keys(error.to_string()))
    }
}
