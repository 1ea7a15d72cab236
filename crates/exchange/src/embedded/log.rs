//! A world's log and its owner, as stored: reading the state, appending to it, changing hands.

use std::sync::Arc;

use torana_domain::time::Timestamp;
use torana_runtime::BoxFuture;
use torana_storage::exchange::commands::{self, CommandRow};
use torana_storage::exchange::worlds::{self, EventRow, Fence, SnapshotRow, Version, WorldRow};
use torana_storage::time::database_now;
use torana_storage::{Store, StoreError, Tx};

use super::Ownership;
use crate::core::transcript::EVENTS_PER_PAGE_MAX;
use crate::core::{Event, EventPage, LoggedEvent, Place, State};
use crate::port::PortError;

/// How long others wait for an owner that does not append anything, before they take its world over.
const LEASE_MS: i64 = 2_000;
/// Bytes of events after which the state is stored too, so that a start need not read the whole log; with a
/// larger state, so many times the bytes of its last snapshot.
const SNAPSHOT_BYTES_MIN: usize = 64 * 1024;
const SNAPSHOT_TIMES: usize = 3;
/// Events that are read at a time.
const EVENTS_PER_READ: i64 = 5_000;
/// Commands of other processes that are read at a time.
const OPEN_PER_READ: i64 = 512;

/// A world's state with its place in the log.
pub(super) struct Loaded {
    version: Version,
    /// Size of the stored snapshot.
    snapshot_bytes: usize,
    /// Size of the events after it.
    later_bytes: usize,
    pub state: Box<State>,
}

/// A world as it stands in the database.
pub(super) struct Seen {
    pub world_id: i64,
    pub standing: Standing,
    /// Answers for this process and others, as key and JSON.
    pub answered: Vec<(String, String)>,
}

/// Whose world it is.
pub(super) enum Standing {
    /// This process'.
    Mine {
        /// The state at the end of the log.
        loaded: Loaded,
        /// What other processes ask.
        open: Vec<CommandRow>,
        /// Whether others wait for this process.
        holds_lease: bool,
    },
    /// Nobody's any more: it can be taken from this right.
    Free(Fence),
    /// Another process', whose lease has not run out.
    Foreign,
}

/// What a commit adds to the log.
pub(super) struct Addition<'a> {
    pub events: &'a [Event],
    /// Answers for other processes, by key.
    pub answers: Vec<(String, String)>,
    /// Begins a new epoch and forgets the ones before it.
    pub is_reset: bool,
}

impl From<StoreError> for PortError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Inconsistent { .. } | StoreError::MissingRow => Self::Damaged(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

/// What a look at a world reads in one snapshot.
struct Read {
    row: WorldRow,
    now: Timestamp,
    answered: Vec<(String, String)>,
    open: Vec<CommandRow>,
    snapshot: Option<SnapshotRow>,
    /// Bodies of the events that are not known yet.
    events: Vec<String>,
}

/// Looks at a world; `None` if there is none of that name. If it is ours, the state is brought to the end of the
/// log, starting from what is known already.
pub(super) async fn look(
    store: &Store,
    name: &str,
    ownership: Ownership,
    held: Option<Fence>,
    known: Option<Loaded>,
    wants_answers: bool,
) -> Result<Option<Seen>, PortError> {
    let (wanted, place) = (name.to_owned(), known.as_ref().map(|loaded| loaded.version));
    let is_shared = ownership == Ownership::Shared;
    let read = store.read(move |tx| {
        let Some(row) = worlds::find(tx, &wanted)? else {
            return Ok(None);
        };
        let now = if is_shared {
            database_now(tx)?
        } else {
            row.lease_until
        };
        let mut read = Read {
            row,
            now,
            answered: Vec::new(),
            open: Vec::new(),
            snapshot: None,
            events: Vec::new(),
        };
        if wants_answers {
            read.answered = commands::list_answered(tx, row.id)?;
        }
        if held == Some(row.fence()) {
            if is_shared {
                read.open = commands::list_open(tx, row.id, now, OPEN_PER_READ)?;
            }
            read_news(tx, &mut read, place)?;
        }
        Ok(Some(read))
    });
    let Some(read) = read.await? else {
        return Ok(None);
    };
    let (row, now) = (read.row, read.now);
    let is_leased = row.lease_until > now;
    let (world_id, answered) = (row.id, read.answered);
    let standing = if held == Some(row.fence()) {
        Standing::Mine {
            loaded: follow(store, row, known, read.snapshot, read.events).await?,
            open: read.open,
            holds_lease: is_leased,
        }
    } else if is_leased {
        Standing::Foreign
    } else {
        Standing::Free(row.fence())
    };
    Ok(Some(Seen {
        world_id,
        standing,
        answered,
    }))
}

/// Reads what follows `place`, or the snapshot and what follows it.
fn read_news(tx: &mut dyn Tx, read: &mut Read, place: Option<Version>) -> Result<(), StoreError> {
    let WorldRow { id, version, .. } = read.row;
    if place == Some(version) {
        return Ok(());
    }
    let after = match place.filter(|place| place.epoch == version.epoch) {
        Some(place) => place,
        None => {
            read.snapshot = worlds::find_snapshot(tx, id, version.epoch)?;
            let seq = read.snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
            Version { seq, ..version }
        }
    };
    read.events = worlds::list_events(tx, id, after, EVENTS_PER_READ)?;
    Ok(())
}

/// Brings the state to the end of the log.
async fn follow(
    store: &Store,
    row: WorldRow,
    known: Option<Loaded>,
    snapshot: Option<SnapshotRow>,
    mut events: Vec<String>,
) -> Result<Loaded, PortError> {
    let mut loaded = match known.filter(|known| known.version.epoch == row.version.epoch) {
        Some(known) => known,
        None => restored(row.version, snapshot)?,
    };
    loop {
        for body in &events {
            loaded.state.evolve(&parse::<Event>(body)?);
            loaded.version.seq += 1;
            loaded.later_bytes += body.len();
        }
        if i64::try_from(events.len()).is_ok_and(|count| count < EVENTS_PER_READ) {
            return Ok(loaded);
        }
        let (id, version) = (row.id, loaded.version);
        events = store
            .read(move |tx| worlds::list_events(tx, id, version, EVENTS_PER_READ))
            .await?;
    }
}

fn restored(version: Version, snapshot: Option<SnapshotRow>) -> Result<Loaded, PortError> {
    let (seq, snapshot_bytes, state) = match snapshot {
        Some(snapshot) => (snapshot.seq, snapshot.body.len(), parse(&snapshot.body)?),
        None => (0, 0, Box::new(State::empty())),
    };
    Ok(Loaded {
        version: Version { seq, ..version },
        snapshot_bytes,
        later_bytes: 0,
        state,
    })
}

/// Makes the world with its first events, as its owner; `None` if another process was faster.
pub(super) async fn create(
    store: &Store,
    name: &str,
    ownership: Ownership,
    state: State,
    events: &[Event],
) -> Result<Option<(Fence, Loaded)>, PortError> {
    let (name, rows) = (name.to_owned(), Arc::new(rows_of(events)?));
    let later_bytes = bytes_of(&rows);
    let start = Version { epoch: 1, seq: 0 };
    let end = Version {
        seq: count(&rows),
        ..start
    };
    let made = store.write("exchange.create_world", move |tx| {
        let lease_until = lease_end(tx, ownership)?;
        let Some(fence) = worlds::insert(tx, &name, end, lease_until)? else {
            return Ok(None);
        };
        worlds::append(tx, fence.world_id, start, &rows)?;
        Ok(Some(fence))
    });
    let loaded = Loaded {
        version: end,
        snapshot_bytes: 0,
        later_bytes,
        state: Box::new(state),
    };
    Ok(made.await?.map(|fence| (fence, loaded)))
}

/// Takes a world whose lease has run out; `None` if another process was faster.
pub(super) async fn take_over(
    store: &Store,
    from: Fence,
    ownership: Ownership,
) -> Result<Option<Fence>, PortError> {
    let taken = store.write("exchange.take_over", move |tx| {
        let now = match ownership {
            Ownership::Alone => Timestamp(i64::MAX),
            Ownership::Shared => database_now(tx)?,
        };
        let lease_until = lease_end(tx, ownership)?;
        worlds::take_over(tx, from, now, lease_until)
    });
    Ok(taken.await?)
}

/// Ends the own lease.
pub(super) async fn release(store: &Store, fence: Fence) -> Result<(), StoreError> {
    store
        .write("exchange.release", move |tx| worlds::release(tx, fence))
        .await
}

fn lease_end(tx: &mut dyn Tx, ownership: Ownership) -> Result<Timestamp, StoreError> {
    match ownership {
        Ownership::Alone => Ok(Timestamp(0)),
        Ownership::Shared => Ok(database_now(tx)?.plus_ms(LEASE_MS)),
    }
}

/// What becomes of an append: false if the log refused, because the world has another owner or a command was
/// withdrawn.
pub(super) type Appending = BoxFuture<'static, Result<bool, PortError>>;

/// Begins to append the events that led to the state, with the answers that rest on them. `loaded` is counted as
/// stored at once: when the append does not succeed, it is worth nothing any more.
pub(super) fn append(
    store: &Store,
    ownership: Ownership,
    fence: Fence,
    loaded: &mut Loaded,
    addition: Addition<'_>,
) -> Result<Appending, PortError> {
    let Addition {
        events,
        answers,
        is_reset,
    } = addition;
    let (rows, answers) = (Arc::new(rows_of(events)?), Arc::new(answers));
    let from = loaded.version;
    let base = if is_reset {
        Version {
            epoch: from.epoch + 1,
            seq: 0,
        }
    } else {
        from
    };
    let to = Version {
        seq: base.seq + count(&rows),
        ..base
    };
    let later_bytes = loaded.later_bytes + bytes_of(&rows);
    let is_due = is_reset || later_bytes >= SNAPSHOT_BYTES_MIN.max(loaded.snapshot_bytes * SNAPSHOT_TIMES);
    let snapshot = if is_due {
        Some(Arc::new(to_json(&loaded.state)?))
    } else {
        None
    };
    loaded.version = to;
    (loaded.snapshot_bytes, loaded.later_bytes) = match &snapshot {
        Some(body) => (body.len(), 0),
        None => (loaded.snapshot_bytes, later_bytes),
    };
    let write = move |tx: &mut dyn Tx| {
        let lease_until = lease_end(tx, ownership)?;
        if !worlds::advance(tx, fence, from, to, lease_until)? {
            return Err(StoreError::Rollback);
        }
        worlds::append(tx, fence.world_id, base, &rows)?;
        for (key, body) in answers.iter() {
            if !commands::answer(tx, key, body)? {
                return Err(StoreError::Rollback);
            }
        }
        if let Some(body) = &snapshot {
            worlds::put_snapshot(tx, fence.world_id, to, body)?;
        }
        if is_reset {
            worlds::delete_epochs_before(tx, fence.world_id, to.epoch)?;
        }
        Ok(())
    };
    let store = store.clone();
    Ok(Box::pin(async move {
        match store.write("exchange.append", write).await {
            Ok(()) => Ok(true),
            Err(StoreError::Rollback) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }))
}

/// The events of a world's epoch after a place, up to where the log ends for this state.
pub(super) async fn page(
    store: &Store,
    world_id: i64,
    loaded: &Loaded,
    after: Place,
    count_max: u32,
) -> Result<EventPage, PortError> {
    let Version { epoch, seq } = loaded.version;
    let after = if after.epoch == epoch { after.seq.max(0) } else { 0 };
    let count_max = i64::from(count_max.min(EVENTS_PER_PAGE_MAX)).min(seq - after);
    if count_max <= 0 {
        return Ok(EventPage {
            epoch,
            events: Vec::new(),
        });
    }
    let from = Version { epoch, seq: after };
    let bodies = store
        .read(move |tx| worlds::list_events(tx, world_id, from, count_max))
        .await?;
    let events = (after + 1..).zip(&bodies).map(|(seq, body)| {
        LoggedEvent::from_stored(seq, body)
            .ok_or_else(|| PortError::Damaged(format!("event {seq} of epoch {epoch}")))
    });
    Ok(EventPage {
        epoch,
        events: events.collect::<Result<_, _>>()?,
    })
}

fn rows_of(events: &[Event]) -> Result<Vec<EventRow>, PortError> {
    let row = |event: &Event| {
        Ok(EventRow {
            happened_at: event.at,
            kind: event.fact.kind(),
            body: to_json(event)?,
        })
    };
    events.iter().map(row).collect()
}

fn count(rows: &[EventRow]) -> i64 {
    i64::try_from(rows.len()).unwrap_or(i64::MAX)
}

fn bytes_of(rows: &[EventRow]) -> usize {
    rows.iter().map(|row| row.body.len()).sum()
}

pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, PortError> {
    serde_json::to_string(value).map_err(|error| PortError::Damaged(error.to_string()))
}

pub(super) fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, PortError> {
    serde_json::from_str(text).map_err(|error| PortError::Damaged(error.to_string()))
}
