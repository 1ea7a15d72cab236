//! Commands that a process puts to the owner of a world, with the owner's answers.

use torana_domain::time::Timestamp;

use crate::{StoreError, Tx, Value};

const INSERT: &str = "INSERT INTO world_command (world_id, key, world_at, body, expires_at) \
    VALUES ($1, $2, $3, $4, $5)";
const OPEN: &str = "SELECT key, world_at, body FROM world_command \
    WHERE world_id = $1 AND answer IS NULL AND expires_at > $2 ORDER BY id LIMIT $3";
const ANSWER: &str = "UPDATE world_command SET answer = $2 WHERE key = $1 AND answer IS NULL";
const ANSWERED: &str =
    "SELECT key, answer FROM world_command WHERE world_id = $1 AND answer IS NOT NULL ORDER BY id";
const FIND_ANSWER: &str = "SELECT answer FROM world_command WHERE key = $1";
const DELETE: &str = "DELETE FROM world_command WHERE key = $1";
const WITHDRAW: &str = "DELETE FROM world_command WHERE key = $1 AND answer IS NULL";
const DELETE_EXPIRED: &str = "DELETE FROM world_command WHERE world_id = $1 AND expires_at < $2";

/// Every statement of this file.
pub const STATEMENTS: &[&str] = &[
    INSERT,
    OPEN,
    ANSWER,
    ANSWERED,
    FIND_ANSWER,
    DELETE,
    WITHDRAW,
    DELETE_EXPIRED,
];

/// A command as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRow {
    /// Drawn by who asks; the answer is found by it.
    pub key: String,
    /// The instant of world time at which it is asked.
    pub world_at: Timestamp,
    /// The command's JSON.
    pub body: String,
}

/// Puts a command to the owner. After `expires_at` (database time) nobody begins to carry it out.
pub fn insert(
    tx: &mut dyn Tx,
    world_id: i64,
    row: &CommandRow,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let params: [Value; 5] = [
        world_id.into(),
        row.key.as_str().into(),
        row.world_at.into(),
        row.body.as_str().into(),
        expires_at.into(),
    ];
    tx.execute_one(INSERT, &params)
}

/// What waits for the owner, in order of arrival.
pub fn list_open(
    tx: &mut dyn Tx,
    world_id: i64,
    now: Timestamp,
    count_max: i64,
) -> Result<Vec<CommandRow>, StoreError> {
    tx.query(OPEN, &[world_id.into(), now.into(), count_max.into()])?
        .iter()
        .map(|row| {
            Ok(CommandRow {
                key: row.text(0)?,
                world_at: row.time(1)?,
                body: row.text(2)?,
            })
        })
        .collect()
}

/// Stores an answer; false if the command was withdrawn or answered meanwhile, and then nothing of the commit may
/// stand.
pub fn answer(tx: &mut dyn Tx, key: &str, body: &str) -> Result<bool, StoreError> {
    Ok(tx.execute(ANSWER, &[key.into(), body.into()])? == 1)
}

/// The answers of a world that nobody has taken yet, as key and JSON.
pub fn list_answered(tx: &mut dyn Tx, world_id: i64) -> Result<Vec<(String, String)>, StoreError> {
    tx.query(ANSWERED, &[world_id.into()])?
        .iter()
        .map(|row| Ok((row.text(0)?, row.text(1)?)))
        .collect()
}

/// Takes a command back, unless it was carried out.
pub fn withdraw(tx: &mut dyn Tx, key: &str) -> Result<Withdrawn, StoreError> {
    if tx.execute(WITHDRAW, &[key.into()])? == 1 {
        return Ok(Withdrawn::Untouched);
    }
    match tx.query_opt(FIND_ANSWER, &[key.into()])? {
        Some(row) => Ok(Withdrawn::Answered(row.text(0)?)),
        None => Ok(Withdrawn::Gone),
    }
}

/// What became of a command that was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Withdrawn {
    /// Nobody has carried it out, and nobody will.
    Untouched,
    /// It was carried out; the answer's JSON.
    Answered(String),
    /// It is not there any more.
    Gone,
}

/// Forgets a command whose answer was taken.
pub fn delete(tx: &mut dyn Tx, key: &str) -> Result<(), StoreError> {
    tx.execute(DELETE, &[key.into()]).map(|_| ())
}

/// Forgets commands of a world whose askers are long gone.
pub fn delete_expired(tx: &mut dyn Tx, world_id: i64, before: Timestamp) -> Result<u64, StoreError> {
    tx.execute(DELETE_EXPIRED, &[world_id.into(), before.into()])
}
