//! Gateways, their secrets and clocks.

use torana_domain::gateway::{GatewaySettings, Mode};
use torana_domain::ids::GatewayName;
use torana_domain::time::Timestamp;

use super::statements;
use crate::{Row, StoreError, Tx};

/// One gateway as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayRow {
    /// Internal key.
    pub id: i64,
    /// Public name.
    pub name: GatewayName,
    /// Sandbox or live.
    pub mode: Mode,
    /// Switched on.
    pub enabled: bool,
    /// Everything that can be set.
    pub settings: GatewaySettings,
    /// Creation (wall time).
    pub created_at: Timestamp,
}

statements! {
    INSERT = "INSERT INTO gateway (name, mode, enabled, settings, created_at, updated_at)
        VALUES ($1, $2, 1, $3, $4, $4) RETURNING id";
    LIST = "SELECT id, name, mode, enabled, settings, created_at FROM gateway ORDER BY name";
    FIND = "SELECT id, name, mode, enabled, settings, created_at FROM gateway WHERE name = $1";
    UPDATE = "UPDATE gateway SET enabled = $2, settings = $3, updated_at = $4 WHERE id = $1";
    BUMP = "UPDATE setting_version SET version = version + 1 WHERE id = 1";
    VERSION = "SELECT version FROM setting_version WHERE id = 1";
    PUT_SECRET = "INSERT INTO gateway_secret (gateway_id, kind, sealed, updated_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (gateway_id, kind) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at";
    SECRETS = "SELECT kind, sealed FROM gateway_secret WHERE gateway_id = $1 ORDER BY kind";
    PUT_CLOCK = "INSERT INTO world_clock (gateway_id, version, state) VALUES ($1, $2, $3)
        ON CONFLICT (gateway_id) DO UPDATE SET version = excluded.version, state = excluded.state
        WHERE world_clock.version < excluded.version";
    CLOCK = "SELECT state FROM world_clock WHERE gateway_id = $1";
    PUT_LOGO = "INSERT INTO logo (gateway_id, png) VALUES ($1, $2)
        ON CONFLICT (gateway_id) DO UPDATE SET png = excluded.png";
    LOGO = "SELECT png FROM logo WHERE gateway_id = $1";
}

fn read(row: &Row) -> Result<GatewayRow, StoreError> {
    Ok(GatewayRow {
        id: row.int(0)?,
        name: row.parsed(1, GatewayName::parse)?,
        mode: row.parsed(2, |text| Mode::parse(text).ok_or(()))?,
        enabled: row.bool(3)?,
        settings: row.json(4)?,
        created_at: row.time(5)?,
    })
}

fn to_json(settings: &GatewaySettings) -> Result<String, StoreError> {
    serde_json::to_string(settings).map_err(|error| StoreError::Statement(error.to_string()))
}

/// Inserts a gateway; [`StoreError::Duplicate`] if the name is taken.
pub fn insert(
    tx: &mut dyn Tx,
    name: &GatewayName,
    mode: Mode,
    settings: &GatewaySettings,
    at: Timestamp,
) -> Result<i64, StoreError> {
    let params = [
        name.as_str().into(),
        mode.as_str().into(),
        to_json(settings)?.into(),
        at.into(),
    ];
    let id = tx.query_one(INSERT, &params)?.int(0)?;
    tx.execute_one(BUMP, &[])?;
    Ok(id)
}

/// All gateways by name.
pub fn list(tx: &mut dyn Tx) -> Result<Vec<GatewayRow>, StoreError> {
    tx.query(LIST, &[])?.iter().map(read).collect()
}

/// One gateway.
pub fn find(tx: &mut dyn Tx, name: &GatewayName) -> Result<Option<GatewayRow>, StoreError> {
    tx.query_opt(FIND, &[name.as_str().into()])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Stores enabled flag and settings.
pub fn update(
    tx: &mut dyn Tx,
    id: i64,
    enabled: bool,
    settings: &GatewaySettings,
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute_one(
        UPDATE,
        &[id.into(), enabled.into(), to_json(settings)?.into(), at.into()],
    )?;
    tx.execute_one(BUMP, &[])
}

/// The version that rises with every change of a gateway, secret or clock.
pub fn version(tx: &mut dyn Tx) -> Result<i64, StoreError> {
    tx.query_one(VERSION, &[])?.int(0)
}

/// Stores one sealed secret (or pair in rotation); `kind` is the command line's word for it.
pub fn put_secret(
    tx: &mut dyn Tx,
    gateway_id: i64,
    kind: &str,
    sealed: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        PUT_SECRET,
        &[gateway_id.into(), kind.into(), sealed.into(), at.into()],
    )?;
    tx.execute_one(BUMP, &[])
}

/// The sealed secrets of a gateway by kind.
pub fn secrets(tx: &mut dyn Tx, gateway_id: i64) -> Result<Vec<(String, String)>, StoreError> {
    tx.query(SECRETS, &[gateway_id.into()])?
        .iter()
        .map(|row| Ok((row.text(0)?, row.text(1)?)))
        .collect()
}

/// Stores a clock state if its version is newer; false if another process was first.
pub fn put_clock(tx: &mut dyn Tx, gateway_id: i64, version: i64, state: &str) -> Result<bool, StoreError> {
    let changed = tx.execute(PUT_CLOCK, &[gateway_id.into(), version.into(), state.into()])? == 1;
    if changed {
        tx.execute_one(BUMP, &[])?;
    }
    Ok(changed)
}

/// The stored clock state of a world.
pub fn clock(tx: &mut dyn Tx, gateway_id: i64) -> Result<Option<String>, StoreError> {
    tx.query_opt(CLOCK, &[gateway_id.into()])?
        .map(|row| row.text(0))
        .transpose()
}

/// Stores the logo.
pub fn put_logo(tx: &mut dyn Tx, gateway_id: i64, png: &[u8]) -> Result<(), StoreError> {
    tx.execute(PUT_LOGO, &[gateway_id.into(), png.to_vec().into()])?;
    tx.execute_one(BUMP, &[])
}

/// The logo, if there is one.
pub fn logo(tx: &mut dyn Tx, gateway_id: i64) -> Result<Option<Vec<u8>>, StoreError> {
    tx.query_opt(LOGO, &[gateway_id.into()])?
        .map(|row| row.blob(0))
        .transpose()
}
