//! Worlds: an append-only log of events with one optimistic version and one owner per world.

use torana_domain::time::Timestamp;

use crate::{StoreError, Tx, Value};

const FIND: &str = "SELECT id, epoch, seq, token, lease_until FROM world WHERE name = $1";
const INSERT: &str = "INSERT INTO world (name, epoch, seq, token, lease_until) VALUES ($1, $2, $3, 1, $4) \
    ON CONFLICT (name) DO NOTHING RETURNING id";
const MOVE: &str = "UPDATE world SET epoch = $5, seq = $6, lease_until = $7 \
    WHERE id = $1 AND token = $2 AND epoch = $3 AND seq = $4";
const TAKE: &str = "UPDATE world SET token = token + 1, lease_until = $3 WHERE id = $1 AND token = $2 \
    AND lease_until <= $4";
const RELEASE: &str = "UPDATE world SET lease_until = 0 WHERE id = $1 AND token = $2";
const INSERT_EVENT: &str = "INSERT INTO world_event (world_id, epoch, seq, happened_at, kind, body) \
    VALUES ($1, $2, $3, $4, $5, $6)";
const EVENTS_AFTER: &str = "SELECT seq, body FROM world_event WHERE world_id = $1 AND epoch = $2 AND seq > $3 \
    ORDER BY seq LIMIT $4";
const DELETE_EVENTS_BEFORE: &str = "DELETE FROM world_event WHERE world_id = $1 AND epoch < $2";
const PUT_SNAPSHOT: &str = "INSERT INTO world_snapshot (world_id, epoch, seq, body) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (world_id) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, body = excluded.body";
const FIND_SNAPSHOT: &str = "SELECT seq, body FROM world_snapshot WHERE world_id = $1 AND epoch = $2";

/// Every statement of this file.
pub const STATEMENTS: &[&str] = &[
    FIND,
    INSERT,
    MOVE,
    TAKE,
    RELEASE,
    INSERT_EVENT,
    EVENTS_AFTER,
    DELETE_EVENTS_BEFORE,
    PUT_SNAPSHOT,
    FIND_SNAPSHOT,
];

/// The newest event of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Number of resets, from 1.
    pub epoch: i64,
    /// Events of that epoch.
    pub seq: i64,
}

/// A world as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorldRow {
    /// Internal key.
    pub id: i64,
    /// Its newest event.
    pub version: Version,
    /// Rises at each change of the owner, from 1; whoever holds this number owns the world.
    pub token: i64,
    /// Until when nobody else takes the world over, in database time.
    pub lease_until: Timestamp,
}

impl WorldRow {
    /// The present owner's right.
    #[must_use]
    pub const fn fence(&self) -> Fence {
        Fence {
            world_id: self.id,
            token: self.token,
        }
    }
}

/// The right to append to a world: only the newest token is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The world's internal key.
    pub world_id: i64,
    /// The owner's token.
    pub token: i64,
}

/// An event as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// World time.
    pub happened_at: Timestamp,
    /// Word of its kind.
    pub kind: &'static str,
    /// Its JSON.
    pub body: String,
}

/// A state with the number of the last event that is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRow {
    /// Number of that event.
    pub seq: i64,
    /// The state's JSON.
    pub body: String,
}

/// A world by its name.
pub fn find(tx: &mut dyn Tx, name: &str) -> Result<Option<WorldRow>, StoreError> {
    let row = tx.query_opt(FIND, &[name.into()])?;
    row.map(|row| {
        Ok(WorldRow {
            id: row.int(0)?,
            version: Version {
                epoch: row.int(1)?,
                seq: row.int(2)?,
            },
            token: row.int(3)?,
            lease_until: row.time(4)?,
        })
    })
    .transpose()
}

/// Makes a world at a version, owned by whoever makes it; `None` if there is one of that name.
pub fn insert(
    tx: &mut dyn Tx,
    name: &str,
    version: Version,
    lease_until: Timestamp,
) -> Result<Option<Fence>, StoreError> {
    let params: [Value; 4] = [
        name.into(),
        version.epoch.into(),
        version.seq.into(),
        lease_until.into(),
    ];
    let row = tx.query_opt(INSERT, &params)?;
    let fence = |row: crate::Row| {
        Ok(Fence {
            world_id: row.int(0)?,
            token: 1,
        })
    };
    row.map(fence).transpose()
}

/// Moves a world from one version to the next and renews the lease; false if it has another owner or is at
/// another version, and then nothing of the commit may stand.
pub fn advance(
    tx: &mut dyn Tx,
    fence: Fence,
    from: Version,
    to: Version,
    lease_until: Timestamp,
) -> Result<bool, StoreError> {
    let params: [Value; 7] = [
        fence.world_id.into(),
        fence.token.into(),
        from.epoch.into(),
        from.seq.into(),
        to.epoch.into(),
        to.seq.into(),
        lease_until.into(),
    ];
    Ok(tx.execute(MOVE, &params)? == 1)
}

/// Makes the caller the owner in place of whoever holds `from`, if that lease ran out before `now`; gives the new
/// right, `None` if another process was faster or the lease was renewed.
pub fn take_over(
    tx: &mut dyn Tx,
    from: Fence,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Option<Fence>, StoreError> {
    let params: [Value; 4] = [
        from.world_id.into(),
        from.token.into(),
        lease_until.into(),
        now.into(),
    ];
    let fence = Fence {
        token: from.token + 1,
        ..from
    };
    Ok((tx.execute(TAKE, &params)? == 1).then_some(fence))
}

/// Ends the owner's lease early: the next process that needs the world takes it without waiting.
pub fn release(tx: &mut dyn Tx, fence: Fence) -> Result<(), StoreError> {
    tx.execute(RELEASE, &[fence.world_id.into(), fence.token.into()])
        .map(|_| ())
}

/// Appends events; the first one gets the number after `after`.
pub fn append(tx: &mut dyn Tx, id: i64, after: Version, events: &[EventRow]) -> Result<(), StoreError> {
    for (seq, event) in (after.seq + 1..).zip(events) {
        let at = event.happened_at.into();
        let params: [Value; 6] = [
            id.into(),
            after.epoch.into(),
            seq.into(),
            at,
            event.kind.into(),
            event.body.as_str().into(),
        ];
        tx.execute_one(INSERT_EVENT, &params)?;
    }
    Ok(())
}

/// The JSON of the events after a version, in order, at most `count_max`.
pub fn list_events(
    tx: &mut dyn Tx,
    id: i64,
    after: Version,
    count_max: i64,
) -> Result<Vec<String>, StoreError> {
    let params: [Value; 4] = [id.into(), after.epoch.into(), after.seq.into(), count_max.into()];
    tx.query(EVENTS_AFTER, &params)?
        .iter()
        .map(|row| row.text(1))
        .collect()
}

/// Deletes the events of all epochs before this one.
pub fn delete_epochs_before(tx: &mut dyn Tx, id: i64, epoch: i64) -> Result<u64, StoreError> {
    tx.execute(DELETE_EVENTS_BEFORE, &[id.into(), epoch.into()])
}

/// Replaces a world's snapshot.
pub fn put_snapshot(tx: &mut dyn Tx, id: i64, version: Version, body: &str) -> Result<(), StoreError> {
    tx.execute_one(
        PUT_SNAPSHOT,
        &[id.into(), version.epoch.into(), version.seq.into(), body.into()],
    )
}

/// A world's snapshot, if it is one of this epoch.
pub fn find_snapshot(tx: &mut dyn Tx, id: i64, epoch: i64) -> Result<Option<SnapshotRow>, StoreError> {
    let row = tx.query_opt(FIND_SNAPSHOT, &[id.into(), epoch.into()])?;
    row.map(|row| {
        Ok(SnapshotRow {
            seq: row.int(0)?,
            body: row.text(1)?,
        })
    })
    .transpose()
}
