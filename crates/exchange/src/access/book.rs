//! The book of apps and tokens, over the exchange's database.

use std::sync::{Arc, PoisonError, RwLock};

use torana_credentials::keyring::Keyring;
use torana_credentials::secrets::Secret;
use torana_credentials::sha256_hex;
use torana_domain::time::Timestamp;
use torana_runtime::{Entropy, Stream, random_bytes};
use torana_storage::exchange::access::{self, AppRow, NewApp, NewToken, TokenKind, TokenRow};
use torana_storage::{Store, StoreError};

use super::{AccessError, App, AppTerms, Grant};
use crate::core::AccountKey;

/// Random bytes of a public key.
const API_KEY_BYTES: usize = 8;
/// Random bytes of a secret or a token.
const SECRET_BYTES: usize = 16;
/// Where the browser of the command line's app would go; nobody logs in to it with a browser.
const COMMAND_LINE_REDIRECT: &str = "http://127.0.0.1/";

/// Apps and tokens. Clones share everything.
#[derive(Clone)]
pub struct AccessBook(Arc<Inner>);

struct Inner {
    store: Store,
    keyring: RwLock<Arc<Keyring>>,
    entropy: Arc<dyn Entropy>,
}

impl AccessBook {
    /// The book in `store`, a database that is migrated to [`torana_storage::exchange::MIGRATIONS`].
    #[must_use]
    pub fn new(store: Store, keyring: Keyring, entropy: Arc<dyn Entropy>) -> Self {
        Self(Arc::new(Inner {
            store,
            keyring: RwLock::new(Arc::new(keyring)),
            entropy,
        }))
    }

    /// Takes the keys of a keys file that was changed.
    pub fn replace_keyring(&self, keyring: Keyring) {
        *self.0.keyring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
    }

    fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.0.keyring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A new secret text.
    pub(super) fn draw(&self) -> Secret {
        Secret::new(hex::encode(random_bytes::<SECRET_BYTES>(
            &*self.0.entropy,
            Stream::Secrets,
        )))
    }

    /// Makes an app of a world; its secret is known to nobody else from now on.
    ///
    /// # Errors
    /// The database's, or that of the keys.
    pub async fn make_app(&self, world: &str, terms: AppTerms) -> Result<(String, Secret), AccessError> {
        let (app, secret) = self.new_app(world, terms)?;
        let api_key = app.api_key.clone();
        self.0
            .store
            .write("access.app_made", move |tx| access::insert_app(tx, &app))
            .await?;
        Ok((api_key, secret))
    }

    /// The app of the command line in a world; made if there is none.
    ///
    /// # Errors
    /// As [`Self::make_app`].
    pub async fn command_line_app(&self, world: &str) -> Result<App, AccessError> {
        let terms = AppTerms {
            redirect_url: COMMAND_LINE_REDIRECT.to_owned(),
            postback_url: None,
            is_limited: true,
        };
        let (new, _) = self.new_app(world, terms)?;
        let new = NewApp {
            is_command_line: true,
            ..new
        };
        let found = self.0.store.write("access.app_made", move |tx| {
            if let Some(row) = access::find_command_line_app(tx, &new.world)? {
                return Ok(row);
            }
            access::insert_app(tx, &new)?;
            access::find_command_line_app(tx, &new.world)?.ok_or(StoreError::MissingRow)
        });
        Ok(app_of(found.await?))
    }

    /// The app through which the gateway of a world acts there itself, and its secret; made if there is none. The
    /// browsers of its users go to `redirect_url` from now on. Its calls are not counted: the gateway keeps the
    /// broker's limits of orders by itself, and a platform's limits of reads are agreed upon.
    ///
    /// # Errors
    /// As [`Self::make_app`].
    pub async fn gateway_app(&self, world: &str, redirect_url: &str) -> Result<(App, Secret), AccessError> {
        let terms = AppTerms {
            redirect_url: redirect_url.to_owned(),
            postback_url: None,
            is_limited: false,
        };
        let (new, _) = self.new_app(world, terms)?;
        let new = NewApp {
            is_gateway: true,
            ..new
        };
        let found = self.0.store.write("access.gateway_app", move |tx| {
            match access::find_gateway_app(tx, &new.world)? {
                Some(row) if row.redirect_url == new.redirect_url => return Ok(row),
                Some(row) => access::redirect(tx, row.id, &new.redirect_url)?,
                None => access::insert_app(tx, &new)?,
            }
            access::find_gateway_app(tx, &new.world)?.ok_or(StoreError::MissingRow)
        });
        let app = app_of(found.await?);
        let secret = self.secret_of(&app)?;
        Ok((app, secret))
    }

    /// A new app of anybody; its secret is sealed.
    fn new_app(&self, world: &str, terms: AppTerms) -> Result<(NewApp, Secret), AccessError> {
        let entropy = &*self.0.entropy;
        let api_key = hex::encode(random_bytes::<API_KEY_BYTES>(entropy, Stream::Secrets));
        let secret = self.draw();
        let sealed = self.keyring().seal_secret(&secret, &place_of(&api_key), entropy);
        let app = NewApp {
            world: world.to_owned(),
            sealed_secret: sealed.map_err(|error| AccessError::Keys(error.to_string()))?,
            redirect_url: terms.redirect_url,
            postback_url: terms.postback_url,
            is_limited: terms.is_limited,
            is_command_line: false,
            is_gateway: false,
            api_key,
        };
        Ok((app, secret))
    }

    /// The app with this public key. A text that is none is not looked for: what a stranger sends may be nothing that
    /// a database takes.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_app(&self, api_key: &str) -> Result<Option<App>, AccessError> {
        if api_key.is_empty() || !api_key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(None);
        }
        let row = self.0.store.fetch(access::FIND_APP, vec![api_key.into()]).await?;
        let row = row.as_ref().map(access::read_app).transpose()?;
        Ok(row.map(app_of))
    }

    /// The secret of an app.
    ///
    /// # Errors
    /// [`AccessError::Keys`] if its key is not in the keys file.
    pub fn secret_of(&self, app: &App) -> Result<Secret, AccessError> {
        self.keyring()
            .open_secret(&app.sealed_secret, &place_of(&app.api_key))
            .map_err(|error| AccessError::Keys(error.to_string()))
    }

    /// Makes a token of a user at an app.
    ///
    /// # Errors
    /// The database's.
    pub async fn issue(
        &self,
        kind: TokenKind,
        app: &App,
        key: &AccountKey,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Secret, AccessError> {
        let token = self.draw();
        self.enter(kind, &token, app, key, now, expires_at).await?;
        Ok(token)
    }

    /// Enters a token that was drawn before.
    pub(super) async fn enter(
        &self,
        kind: TokenKind,
        token: &Secret,
        app: &App,
        key: &AccountKey,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), AccessError> {
        let new = NewToken {
            hash: sha256_hex(token.as_bytes()),
            kind,
            app_id: app.id,
            account: key.to_string(),
            expires_at,
        };
        let entered = self.0.store.write("access.token_made", move |tx| {
            // A commit whose answer was lost may be tried again.
            if access::find_token(tx, &new.hash, new.kind)?.is_some() {
                return Ok(());
            }
            access::insert_token(tx, &new, now)
        });
        Ok(entered.await?)
    }

    /// Whose a token is; `None` for one that is unknown. Whether it is over, [`Grant::expires_at`] says.
    ///
    /// # Errors
    /// The database's.
    pub async fn find(&self, kind: TokenKind, token: &str) -> Result<Option<Grant>, AccessError> {
        let keys = vec![sha256_hex(token.as_bytes()).into(), kind.into()];
        let row = self.0.store.fetch(access::FIND_TOKEN, keys).await?;
        let row = row.as_ref().map(access::read_token).transpose()?;
        row.map(grant_of).transpose()
    }

    /// Uses a token up: whose it was. `None` if the app has no such token, or no longer.
    ///
    /// # Errors
    /// The database's.
    pub async fn redeem(
        &self,
        kind: TokenKind,
        token: &str,
        app: &App,
        now: Timestamp,
    ) -> Result<Option<AccountKey>, AccessError> {
        let (hash, app_id) = (sha256_hex(token.as_bytes()), app.id);
        let taken = self.0.store.write("access.token_used", move |tx| {
            let found = access::find_token(tx, &hash, kind)?;
            let Some(row) = found.filter(|row| row.app.id == app_id) else {
                return Ok(None);
            };
            access::delete_token(tx, &hash, kind, app_id)?;
            Ok((now < row.expires_at).then_some(row))
        });
        let grant = taken.await?.map(grant_of).transpose()?;
        Ok(grant.map(|grant| grant.key))
    }

    /// Ends a token of an app; false if it has none such.
    ///
    /// # Errors
    /// The database's.
    pub async fn revoke(&self, kind: TokenKind, token: &str, app: &App) -> Result<bool, AccessError> {
        let (hash, app_id) = (sha256_hex(token.as_bytes()), app.id);
        let ended = self.0.store.write("access.token_ended", move |tx| {
            access::delete_token(tx, &hash, kind, app_id)
        });
        Ok(ended.await?)
    }

    /// The worlds that have an app which wants news about its orders.
    ///
    /// # Errors
    /// The database's.
    pub async fn worlds_with_postbacks(&self) -> Result<Vec<String>, AccessError> {
        Ok(self.0.store.read(access::list_worlds_with_postbacks).await?)
    }

    /// Seals every secret again with the active key. Gives the number of those that were moved.
    ///
    /// # Errors
    /// [`AccessError::Keys`] if one cannot be opened; what was moved before stays moved.
    pub async fn reseal(&self) -> Result<u64, AccessError> {
        let keyring = self.keyring();
        let mut moved = 0;
        for (id, api_key, old) in self.0.store.read(access::list_sealed).await? {
            if !keyring.needs_rotation(&old) {
                continue;
            }
            let place = place_of(&api_key);
            let secret = keyring.open_secret(&old, &place);
            let secret = secret.map_err(|error| AccessError::Keys(error.to_string()))?;
            let sealed = keyring.seal_secret(&secret, &place, &*self.0.entropy);
            let sealed = sealed.map_err(|error| AccessError::Keys(error.to_string()))?;
            self.0
                .store
                .write("access.resealed", move |tx| access::reseal(tx, id, &old, &sealed))
                .await?;
            moved += 1;
        }
        Ok(moved)
    }
}

/// The place that an app's secret is sealed for.
fn place_of(api_key: &str) -> String {
    format!("access/{api_key}/secret")
}

fn app_of(row: AppRow) -> App {
    let AppRow {
        id,
        api_key,
        world,
        redirect_url,
        postback_url,
        is_limited,
        sealed_secret,
        is_gateway,
    } = row;
    App {
        id,
        api_key,
        world,
        redirect_url,
        postback_url,
        is_limited,
        is_gateway,
        sealed_secret,
    }
}

fn grant_of(row: TokenRow) -> Result<Grant, AccessError> {
    let inconsistent = |_| StoreError::Inconsistent {
        column: 8,
        expected: "an account",
    };
    Ok(Grant {
        key: AccountKey::try_from(row.account).map_err(inconsistent)?,
        app: app_of(row.app),
        expires_at: row.expires_at,
    })
}
