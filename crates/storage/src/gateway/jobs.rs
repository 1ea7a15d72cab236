//! The queue: work that must follow a commit is a row of that commit.

use torana_domain::time::Timestamp;

use super::statements;
use crate::{Row, StoreError, Tx};

/// Which clock a job's due time is read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobDomain {
    /// The machine's clock.
    Wall,
    /// The gateway's world clock.
    World,
}

impl JobDomain {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Wall => "wall",
            Self::World => "world",
        }
    }
}

/// A claimed job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// Internal key.
    pub id: i64,
    /// Owner.
    pub gateway_id: i64,
    /// Kind, a word of the engine's.
    pub kind: String,
    /// Row that it is about.
    pub subject: i64,
    /// When it was due.
    pub due_at: Timestamp,
    /// Claims so far, this one included.
    pub attempts: i64,
    /// Proof of the claim; finishing demands it.
    pub lease_token: i64,
}

/// What counts as busy when a gateway's queue is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// A job that somebody holds.
    Leased,
    /// A job of these kinds that somebody holds, or that is due.
    Work {
        /// Kinds.
        kinds: [&'static str; 4],
        /// World time.
        world: Timestamp,
    },
}

statements! {
    PUT = "INSERT INTO job (gateway_id, domain, kind, subject, due_at, attempts, lease_until, lease_token)
        VALUES ($1, $2, $3, $4, $5, 0, 0, 0)
        ON CONFLICT (subject, kind) DO UPDATE SET due_at = excluded.due_at, attempts = 0, lease_until = 0,
        lease_token = job.lease_token + 1";
    CLAIM = "UPDATE job SET lease_until = $5, lease_token = lease_token + 1, attempts = attempts + 1
        WHERE id IN (SELECT id FROM job WHERE domain = $1 AND gateway_id = $2 AND due_at <= $3 AND lease_until <= $4
        ORDER BY due_at, id LIMIT $6)
        RETURNING id, gateway_id, kind, subject, due_at, attempts, lease_token";
    NEXT_DUE = "SELECT due_at FROM job WHERE domain = $1 AND gateway_id = $2 AND lease_until <= $3
        ORDER BY due_at, id LIMIT 1";
    IS_LEASED = "SELECT 1 FROM job WHERE domain IN ('wall', 'world') AND gateway_id = $1 AND lease_until > $2 LIMIT 1";
    IS_AT_WORK = "SELECT 1 FROM job WHERE domain IN ('wall', 'world') AND gateway_id = $1 AND kind IN ($4, $5, $6, $7)
        AND (lease_until > $2 OR (domain = 'wall' AND due_at <= $2) OR (domain = 'world' AND due_at <= $3)) LIMIT 1";
    IS_MINE = "SELECT 1 FROM job WHERE id = $1 AND lease_token = $2";
    EXTEND = "UPDATE job SET lease_until = $3 WHERE id = $1 AND lease_token = $2";
    EXISTS = "SELECT 1 FROM job WHERE subject = $1 AND kind = $2";
    FINISH = "DELETE FROM job WHERE id = $1 AND lease_token = $2";
    RESCHEDULE = "UPDATE job SET due_at = $3, lease_until = 0, lease_token = lease_token + 1
        WHERE id = $1 AND lease_token = $2";
    RELEASE_ALL = "UPDATE job SET lease_until = 0 WHERE lease_until > 0";
    REMOVE = "DELETE FROM job WHERE subject = $1 AND kind = $2";
}

fn read(row: &Row) -> Result<JobRow, StoreError> {
    Ok(JobRow {
        id: row.int(0)?,
        gateway_id: row.int(1)?,
        kind: row.text(2)?,
        subject: row.int(3)?,
        due_at: row.time(4)?,
        attempts: row.int(5)?,
        lease_token: row.int(6)?,
    })
}

/// Queues a job; one that stands there for the same subject and kind is moved to the new due time and taken
/// from whoever holds it.
pub fn put(
    tx: &mut dyn Tx,
    gateway_id: i64,
    domain: JobDomain,
    kind: &str,
    subject: i64,
    due_at: Timestamp,
) -> Result<(), StoreError> {
    let params = [
        gateway_id.into(),
        domain.as_str().into(),
        kind.into(),
        subject.into(),
        due_at.into(),
    ];
    tx.execute(PUT, &params).map(|_| ())
}

/// Claims up to `limit` due jobs of one gateway and clock, in order of due time. `now` is on the job's clock,
/// `wall_now` and `lease_until` are wall time.
pub fn claim(
    tx: &mut dyn Tx,
    gateway_id: i64,
    domain: JobDomain,
    now: Timestamp,
    wall_now: Timestamp,
    lease_until: Timestamp,
    limit: i64,
) -> Result<Vec<JobRow>, StoreError> {
    let params = [
        domain.as_str().into(),
        gateway_id.into(),
        now.into(),
        wall_now.into(),
        lease_until.into(),
        limit.into(),
    ];
    let mut jobs: Vec<JobRow> = tx
        .query(CLAIM, &params)?
        .iter()
        .map(read)
        .collect::<Result<_, _>>()?;
    jobs.sort_by_key(|job| (job.due_at, job.id));
    Ok(jobs)
}

/// When the next job of a gateway that nobody holds is due.
pub fn next_due(
    tx: &mut dyn Tx,
    gateway_id: i64,
    domain: JobDomain,
    wall_now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    tx.query_opt(
        NEXT_DUE,
        &[domain.as_str().into(), gateway_id.into(), wall_now.into()],
    )?
    .map(|row| row.time(0))
    .transpose()
}

/// Whether the queue of a gateway is busy at `wall` (wall time).
pub fn is_busy(tx: &mut dyn Tx, gateway_id: i64, wall: Timestamp, busy: Busy) -> Result<bool, StoreError> {
    let row = match busy {
        Busy::Leased => tx.query_opt(IS_LEASED, &[gateway_id.into(), wall.into()])?,
        Busy::Work {
            kinds: [first, second, third, fourth],
            world,
        } => {
            let params = [
                gateway_id.into(),
                wall.into(),
                world.into(),
                first.into(),
                second.into(),
                third.into(),
                fourth.into(),
            ];
            tx.query_opt(IS_AT_WORK, &params)?
        }
    };
    Ok(row.is_some())
}

/// Whether the claim still stands; a step that acts on the world commits this check first.
pub fn is_mine(tx: &mut dyn Tx, job: &JobRow) -> Result<bool, StoreError> {
    Ok(tx
        .query_opt(IS_MINE, &[job.id.into(), job.lease_token.into()])?
        .is_some())
}

/// Makes a claim last longer; false if it was lost, and then the step that it was for must not happen.
pub fn extend(tx: &mut dyn Tx, job: &JobRow, lease_until: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.execute(
        EXTEND,
        &[job.id.into(), job.lease_token.into(), lease_until.into()],
    )? == 1)
}

/// Whether a job of that kind stands in the queue for a subject, claimed or not.
pub fn exists(tx: &mut dyn Tx, kind: &str, subject: i64) -> Result<bool, StoreError> {
    Ok(tx.query_opt(EXISTS, &[subject.into(), kind.into()])?.is_some())
}

/// Ends a job; false if the claim was lost, and then nothing of this commit may stand.
pub fn finish(tx: &mut dyn Tx, job: &JobRow) -> Result<bool, StoreError> {
    Ok(tx.execute(FINISH, &[job.id.into(), job.lease_token.into()])? == 1)
}

/// Gives a job a new due time; false if the claim was lost.
pub fn reschedule(tx: &mut dyn Tx, job: &JobRow, due_at: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.execute(
        RESCHEDULE,
        &[job.id.into(), job.lease_token.into(), due_at.into()],
    )? == 1)
}

/// Takes a job out of the queue, whoever holds it.
pub fn remove(tx: &mut dyn Tx, kind: &str, subject: i64) -> Result<(), StoreError> {
    tx.execute(REMOVE, &[subject.into(), kind.into()]).map(|_| ())
}

/// Makes every job free to be claimed. A holder that is alive after all loses its claim to the next one.
pub fn release_all(tx: &mut dyn Tx) -> Result<(), StoreError> {
    tx.execute(RELEASE_ALL, &[]).map(|_| ())
}
