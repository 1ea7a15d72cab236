//! A world's log: reading the state from it, appending to it.

use std::sync::Arc;

use torana_storage::exchange::worlds::{self, EventRow, SnapshotRow, Version, WorldRow};
use torana_storage::{Store, StoreError};

use crate::core::transcript::EVENTS_PER_PAGE_MAX;
use crate::core::{Event, EventPage, LoggedEvent, Place, State};
use crate::port::PortError;

/// Events after which the next commit also stores the state, so that a start need not read the whole log.
const SNAPSHOT_EVERY: i64 = 200;
/// Events that are read at a time.
const EVENTS_PER_READ: i64 = 5_000;

/// A world's state with its place in the log.
pub(super) struct Loaded {
    row: WorldRow,
    /// Number of the last event that the stored snapshot holds.
    snapshot_seq: i64,
    pub state: State,
}

impl Loaded {
    /// Where the log ends for this state.
    pub const fn place(&self) -> WorldRow {
        self.row
    }
}

/// What became of an append.
#[expect(
    clippy::large_enum_variant,
    reason = "one per commit, and it is moved on at once"
)]
pub(super) enum Appended {
    /// It is durable; this is the new place.
    Yes(Loaded),
    /// The log ends elsewhere: another process wrote.
    Conflict,
}

impl From<StoreError> for PortError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Inconsistent { .. } | StoreError::MissingRow => Self::Damaged(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

/// The world at the end of its log, starting from what is known already; `None` if there is no such world.
pub(super) async fn load(
    store: &Store,
    name: &str,
    known: Option<Loaded>,
) -> Result<Option<Loaded>, PortError> {
    let wanted = name.to_owned();
    let place = known.as_ref().map(|loaded| loaded.row);
    let read = store.read(move |tx| {
        let Some(row) = worlds::find(tx, &wanted)? else {
            return Ok(None);
        };
        if place == Some(row) {
            return Ok(Some((row, None, Vec::new())));
        }
        let is_known =
            place.is_some_and(|known| known.id == row.id && known.version.epoch == row.version.epoch);
        let snapshot = if is_known {
            None
        } else {
            worlds::find_snapshot(tx, row.id, row.version.epoch)?
        };
        let start = if is_known {
            place.map_or(0, |known| known.version.seq)
        } else {
            0
        };
        let after = snapshot.as_ref().map_or(start, |snapshot| snapshot.seq);
        let after = Version {
            seq: after,
            ..row.version
        };
        Ok(Some((
            row,
            snapshot,
            worlds::list_events(tx, row.id, after, EVENTS_PER_READ)?,
        )))
    });
    let Some((row, snapshot, bodies)) = read.await? else {
        return Ok(None);
    };
    let mut loaded = match known {
        Some(known) if known.row.id == row.id && known.row.version.epoch == row.version.epoch => known,
        _ => restored(row, snapshot)?,
    };
    let mut bodies = bodies;
    loop {
        let count = i64::try_from(bodies.len()).unwrap_or(EVENTS_PER_READ);
        for body in &bodies {
            loaded.state.evolve(&parse::<Event>(body)?);
            loaded.row.version.seq += 1;
        }
        if count < EVENTS_PER_READ {
            return Ok(Some(loaded));
        }
        let WorldRow { id, version } = loaded.row;
        bodies = store
            .read(move |tx| worlds::list_events(tx, id, version, EVENTS_PER_READ))
            .await?;
    }
}

fn restored(row: WorldRow, snapshot: Option<SnapshotRow>) -> Result<Loaded, PortError> {
    let (seq, state) = match snapshot {
        Some(snapshot) => (snapshot.seq, parse(&snapshot.body)?),
        None => (0, State::empty()),
    };
    let row = WorldRow {
        version: Version { seq, ..row.version },
        ..row
    };
    Ok(Loaded {
        row,
        snapshot_seq: seq,
        state,
    })
}

/// Makes the world with its first events.
pub(super) async fn create(
    store: &Store,
    name: &str,
    state: State,
    events: Vec<Event>,
) -> Result<Appended, PortError> {
    let (name, rows) = (name.to_owned(), Arc::new(rows_of(&events)?));
    let start = Version { epoch: 1, seq: 0 };
    let end = Version {
        seq: count(&rows),
        ..start
    };
    let made = store.write("exchange.create_world", move |tx| {
        let Some(id) = worlds::insert(tx, &name, end)? else {
            return Ok(None);
        };
        worlds::append(tx, id, start, &rows)?;
        Ok(Some(id))
    });
    Ok(match made.await? {
        Some(id) => Appended::Yes(Loaded {
            row: WorldRow { id, version: end },
            snapshot_seq: 0,
            state,
        }),
        None => Appended::Conflict,
    })
}

/// Appends the events that led to the state. `is_reset` begins a new epoch and forgets the ones before it.
pub(super) async fn append(
    store: &Store,
    loaded: Loaded,
    events: Vec<Event>,
    is_reset: bool,
) -> Result<Appended, PortError> {
    if events.is_empty() {
        return Ok(Appended::Yes(loaded));
    }
    let Loaded {
        row: WorldRow { id, version: from },
        snapshot_seq,
        state,
    } = loaded;
    let rows = Arc::new(rows_of(&events)?);
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
    let is_due = is_reset || to.seq - snapshot_seq >= SNAPSHOT_EVERY;
    let snapshot = if is_due {
        Some(Arc::new(to_json(&state)?))
    } else {
        None
    };
    let written = store.write("exchange.append", move |tx| {
        if !worlds::advance(tx, id, from, to)? {
            return Ok(false);
        }
        worlds::append(tx, id, base, &rows)?;
        if let Some(body) = &snapshot {
            worlds::put_snapshot(tx, id, to, body)?;
        }
        if is_reset {
            worlds::delete_epochs_before(tx, id, to.epoch)?;
        }
        Ok(true)
    });
    if !written.await? {
        return Ok(Appended::Conflict);
    }
    let snapshot_seq = if is_due { to.seq } else { snapshot_seq };
    Ok(Appended::Yes(Loaded {
        row: WorldRow { id, version: to },
        snapshot_seq,
        state,
    }))
}

/// The events of a world's epoch after a place, up to where the log ended for the caller's state.
pub(super) async fn page(
    store: &Store,
    row: WorldRow,
    after: Place,
    count_max: u32,
) -> Result<EventPage, PortError> {
    let epoch = row.version.epoch;
    let after = if after.epoch == epoch { after.seq.max(0) } else { 0 };
    let count_max = i64::from(count_max.min(EVENTS_PER_PAGE_MAX)).min(row.version.seq - after);
    if count_max <= 0 {
        return Ok(EventPage {
            epoch,
            events: Vec::new(),
        });
    }
    let from = Version { epoch, seq: after };
    let bodies = store
        .read(move |tx| worlds::list_events(tx, row.id, from, count_max))
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

fn to_json<T: serde::Serialize>(value: &T) -> Result<String, PortError> {
    serde_json::to_string(value).map_err(|error| PortError::Damaged(error.to_string()))
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, PortError> {
    serde_json::from_str(text).map_err(|error| PortError::Damaged(error.to_string()))
}
