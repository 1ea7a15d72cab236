//! Apps that act in a world over the exchange's own HTTP interface, and the tokens of users who logged in to them.

use torana_domain::time::Timestamp;

use crate::{Row, StoreError, Tx, Value};

const INSERT_APP: &str = "INSERT INTO access_app \
    (api_key, world, sealed_secret, redirect_url, postback_url, is_limited, is_command_line, is_gateway) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
/// The look-up of an app by its key, for [`crate::Store::fetch`]; [`read_app`] reads the row.
pub const FIND_APP: &str = "SELECT id, api_key, world, redirect_url, postback_url, is_limited, sealed_secret, \
    is_gateway FROM access_app WHERE api_key = $1";
const FIND_COMMAND_LINE_APP: &str = "SELECT id, api_key, world, redirect_url, postback_url, is_limited, \
    sealed_secret, is_gateway FROM access_app WHERE world = $1 AND is_command_line = 1";
const FIND_GATEWAY_APP: &str = "SELECT id, api_key, world, redirect_url, postback_url, is_limited, \
    sealed_secret, is_gateway FROM access_app WHERE world = $1 AND is_gateway = 1";
const REDIRECT: &str = "UPDATE access_app SET redirect_url = $2 WHERE id = $1";
const LIST_WORLDS: &str =
    "SELECT DISTINCT world FROM access_app WHERE postback_url IS NOT NULL ORDER BY world";
const LIST_SEALED: &str = "SELECT id, api_key, sealed_secret FROM access_app ORDER BY id";
const RESEAL: &str = "UPDATE access_app SET sealed_secret = $3 WHERE id = $1 AND sealed_secret = $2";
const INSERT_TOKEN: &str = "INSERT INTO access_token (hash, kind, app_id, account, expires_at) \
    VALUES ($1, $2, $3, $4, $5)";
/// The look-up of a token by hash and kind, for [`crate::Store::fetch`]; [`read_token`] reads the row.
pub const FIND_TOKEN: &str = "SELECT a.id, a.api_key, a.world, a.redirect_url, a.postback_url, a.is_limited, \
    a.sealed_secret, a.is_gateway, t.account, t.expires_at FROM access_token t JOIN access_app a ON a.id = t.app_id \
    WHERE t.hash = $1 AND t.kind = $2";
const DELETE_TOKEN: &str = "DELETE FROM access_token WHERE hash = $1 AND kind = $2 AND app_id = $3";
const DELETE_ENDED: &str = "DELETE FROM access_token WHERE app_id = $1 AND expires_at < $2";

/// Every statement of this file.
pub const STATEMENTS: &[&str] = &[
    INSERT_APP,
    FIND_APP,
    FIND_COMMAND_LINE_APP,
    FIND_GATEWAY_APP,
    REDIRECT,
    LIST_WORLDS,
    LIST_SEALED,
    RESEAL,
    INSERT_TOKEN,
    FIND_TOKEN,
    DELETE_TOKEN,
    DELETE_ENDED,
];

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// One exchange for an access token.
    Request,
    /// Calls.
    Access,
    /// New access tokens without another login.
    Refresh,
}

impl From<TokenKind> for Value {
    fn from(kind: TokenKind) -> Self {
        Self::Int(match kind {
            TokenKind::Request => 1,
            TokenKind::Access => 2,
            TokenKind::Refresh => 3,
        })
    }
}

/// An app that is to be stored.
#[derive(Clone, PartialEq, Eq)]
pub struct NewApp {
    /// Its public key.
    pub api_key: String,
    /// In which world it acts.
    pub world: String,
    /// Its secret, sealed.
    pub sealed_secret: String,
    /// Where a user's browser goes after a login.
    pub redirect_url: String,
    /// Where news about its orders go.
    pub postback_url: Option<String>,
    /// Whether its calls are counted.
    pub is_limited: bool,
    /// Whether it is the one of the command line; a world has one at most.
    pub is_command_line: bool,
    /// Whether the gateway itself acts through it; a world has one at most.
    pub is_gateway: bool,
}

/// An app as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct AppRow {
    /// Internal key.
    pub id: i64,
    /// Its public key.
    pub api_key: String,
    /// In which world it acts.
    pub world: String,
    /// Where a user's browser goes after a login.
    pub redirect_url: String,
    /// Where news about its orders go.
    pub postback_url: Option<String>,
    /// Whether its calls are counted.
    pub is_limited: bool,
    /// Its secret, sealed.
    pub sealed_secret: String,
    /// Whether the gateway itself acts through it.
    pub is_gateway: bool,
}

/// A token that is to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// SHA-256 of its text, hexadecimal.
    pub hash: String,
    /// What it is good for.
    pub kind: TokenKind,
    /// Of which app.
    pub app_id: i64,
    /// Whose: an account's key.
    pub account: String,
    /// When it ends (world time).
    pub expires_at: Timestamp,
}

/// A token as stored, with its app.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its app.
    pub app: AppRow,
    /// Whose: an account's key.
    pub account: String,
    /// When it ends (world time).
    pub expires_at: Timestamp,
}

/// The app in a row of [`FIND_APP`].
pub fn read_app(row: &Row) -> Result<AppRow, StoreError> {
    Ok(AppRow {
        id: row.int(0)?,
        api_key: row.text(1)?,
        world: row.text(2)?,
        redirect_url: row.text(3)?,
        postback_url: row.opt_text(4)?,
        is_limited: row.bool(5)?,
        sealed_secret: row.text(6)?,
        is_gateway: row.bool(7)?,
    })
}

/// Stores an app.
pub fn insert_app(tx: &mut dyn Tx, app: &NewApp) -> Result<(), StoreError> {
    let params: [Value; 8] = [
        app.api_key.as_str().into(),
        app.world.as_str().into(),
        app.sealed_secret.as_str().into(),
        app.redirect_url.as_str().into(),
        app.postback_url.clone().into(),
        app.is_limited.into(),
        app.is_command_line.into(),
        app.is_gateway.into(),
    ];
    tx.execute_one(INSERT_APP, &params)
}

/// The app of the command line in a world.
pub fn find_command_line_app(tx: &mut dyn Tx, world: &str) -> Result<Option<AppRow>, StoreError> {
    let row = tx.query_opt(FIND_COMMAND_LINE_APP, &[world.into()])?;
    row.as_ref().map(read_app).transpose()
}

/// The app through which the gateway itself acts in a world.
pub fn find_gateway_app(tx: &mut dyn Tx, world: &str) -> Result<Option<AppRow>, StoreError> {
    let row = tx.query_opt(FIND_GATEWAY_APP, &[world.into()])?;
    row.as_ref().map(read_app).transpose()
}

/// Sends the browsers of an app's users elsewhere from now on.
pub fn redirect(tx: &mut dyn Tx, id: i64, redirect_url: &str) -> Result<(), StoreError> {
    tx.execute_one(REDIRECT, &[id.into(), redirect_url.into()])
}

/// The worlds that have an app which wants news.
pub fn list_worlds_with_postbacks(tx: &mut dyn Tx) -> Result<Vec<String>, StoreError> {
    tx.query(LIST_WORLDS, &[])?
        .iter()
        .map(|row| row.text(0))
        .collect()
}

/// Every app's internal key, public key and sealed secret.
pub fn list_sealed(tx: &mut dyn Tx) -> Result<Vec<(i64, String, String)>, StoreError> {
    let rows = tx.query(LIST_SEALED, &[])?;
    rows.iter()
        .map(|row| Ok((row.int(0)?, row.text(1)?, row.text(2)?)))
        .collect()
}

/// Replaces a sealed secret, unless somebody else did.
pub fn reseal(tx: &mut dyn Tx, id: i64, old: &str, new: &str) -> Result<(), StoreError> {
    tx.execute(RESEAL, &[id.into(), old.into(), new.into()])
        .map(|_| ())
}

/// Stores a token and forgets those of its app that ended before `now` (world time).
pub fn insert_token(tx: &mut dyn Tx, token: &NewToken, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(DELETE_ENDED, &[token.app_id.into(), now.into()])?;
    let params: [Value; 5] = [
        token.hash.as_str().into(),
        token.kind.into(),
        token.app_id.into(),
        token.account.as_str().into(),
        token.expires_at.into(),
    ];
    tx.execute_one(INSERT_TOKEN, &params)
}

/// The token in a row of [`FIND_TOKEN`].
pub fn read_token(row: &Row) -> Result<TokenRow, StoreError> {
    Ok(TokenRow {
        app: read_app(row)?,
        account: row.text(8)?,
        expires_at: row.time(9)?,
    })
}

/// A token of an app.
pub fn find_token(tx: &mut dyn Tx, hash: &str, kind: TokenKind) -> Result<Option<TokenRow>, StoreError> {
    let row = tx.query_opt(FIND_TOKEN, &[hash.into(), kind.into()])?;
    row.as_ref().map(read_token).transpose()
}

/// Ends a token; false if the app has none of this hash.
pub fn delete_token(tx: &mut dyn Tx, hash: &str, kind: TokenKind, app_id: i64) -> Result<bool, StoreError> {
    Ok(tx.execute(DELETE_TOKEN, &[hash.into(), kind.into(), app_id.into()])? == 1)
}
