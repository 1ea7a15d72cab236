//! The transcript of a sandbox world: which event of which log has which number. The events themselves stay where
//! they are.

use torana_domain::ids::TransactionId;
use torana_domain::time::Timestamp;

use super::statements;
use crate::{StoreError, Tx, Value};

/// How far a transcript has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Number of its beginnings.
    pub generation: i64,
    /// Epoch of the exchange's log; 0 before the first line.
    pub epoch: i64,
    /// Last event of that epoch that has a line.
    pub exchange_seq: i64,
    /// Number of the last line.
    pub last_seq: i64,
}

/// An event of one of the two logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The event of this number in the exchange's log.
    Exchange(i64),
    /// An event of a transaction's log.
    Transaction {
        /// Key of the transaction.
        txn_id: i64,
        /// Number of the event.
        seq: i64,
    },
}

/// An event of a transaction that has no line yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// World time.
    pub at: Timestamp,
    /// Key of the transaction.
    pub txn_id: i64,
    /// Number of the event.
    pub seq: i64,
}

/// A line with what the gateway's database knows of its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number.
    pub seq: i64,
    /// Its event.
    pub event: LineEvent,
}

/// What a line refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineEvent {
    /// The event of this number in the exchange's log.
    Exchange(i64),
    /// An event of a transaction.
    Transaction {
        /// Whose.
        public_id: TransactionId,
        /// What happened.
        kind: String,
        /// World time.
        at: Timestamp,
        /// Facts, JSON.
        data: String,
    },
}

statements! {
    HEAD = "SELECT generation, epoch, exchange_seq, last_seq FROM transcript WHERE gateway_id = $1";
    PUT_HEAD = "INSERT INTO transcript (gateway_id, generation, epoch, exchange_seq, last_seq)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (gateway_id) DO UPDATE SET generation = excluded.generation, epoch = excluded.epoch,
        exchange_seq = excluded.exchange_seq, last_seq = excluded.last_seq";
    PENDING = "SELECT e.at, e.txn_id, e.seq FROM txn t JOIN event e ON e.txn_id = t.id AND e.seq > t.sealed_seq
        WHERE t.gateway_id = $1 AND t.event_seq > t.sealed_seq ORDER BY e.at, e.txn_id, e.seq LIMIT $2";
    INSERT_LINE = "INSERT INTO transcript_line (gateway_id, seq, txn_id, source_seq) VALUES ($1, $2, $3, $4)";
    SEAL = "UPDATE txn SET sealed_seq = $2 WHERE id = $1 AND sealed_seq < $2";
    LINES = "SELECT l.seq, l.source_seq, t.public_id, e.type, e.at, e.data FROM transcript_line l
        LEFT JOIN txn t ON t.id = l.txn_id LEFT JOIN event e ON e.txn_id = l.txn_id AND e.seq = l.source_seq
        WHERE l.gateway_id = $1 AND l.seq > $2 ORDER BY l.seq LIMIT $3";
    DELETE_LINES = "DELETE FROM transcript_line WHERE gateway_id = $1";
    SEAL_ALL = "UPDATE txn SET sealed_seq = event_seq WHERE gateway_id = $1";
}

/// How far the transcript of a gateway has come; of one that was never read, its beginning.
pub fn head(tx: &mut dyn Tx, gateway_id: i64) -> Result<Head, StoreError> {
    let Some(row) = tx.query_opt(HEAD, &[gateway_id.into()])? else {
        return Ok(Head::default());
    };
    Ok(Head {
        generation: row.int(0)?,
        epoch: row.int(1)?,
        exchange_seq: row.int(2)?,
        last_seq: row.int(3)?,
    })
}

fn put_head(tx: &mut dyn Tx, gateway_id: i64, head: Head) -> Result<(), StoreError> {
    let params: [Value; 5] = [
        gateway_id.into(),
        head.generation.into(),
        head.epoch.into(),
        head.exchange_seq.into(),
        head.last_seq.into(),
    ];
    tx.execute_one(PUT_HEAD, &params)
}

/// Events of transactions that have no line yet, by world time, then transaction, then number. An event never
/// comes before an earlier one of its transaction, because their instants do not fall.
pub fn list_pending(tx: &mut dyn Tx, gateway_id: i64, count_max: i64) -> Result<Vec<Pending>, StoreError> {
    tx.query(PENDING, &[gateway_id.into(), count_max.into()])?
        .iter()
        .map(|row| {
            Ok(Pending {
                at: row.time(0)?,
                txn_id: row.int(1)?,
                seq: row.int(2)?,
            })
        })
        .collect()
}

/// Gives the next numbers to events, in this order; false, and nothing written, if the transcript has moved on from
/// `known` meanwhile. `epoch` is that of the exchange's events.
pub fn append(
    tx: &mut dyn Tx,
    gateway_id: i64,
    known: Head,
    epoch: i64,
    sources: &[Source],
) -> Result<bool, StoreError> {
    if head(tx, gateway_id)? != known {
        return Ok(false);
    }
    let mut next = Head { epoch, ..known };
    for source in sources {
        next.last_seq += 1;
        let (txn_id, source_seq) = match *source {
            Source::Exchange(seq) => {
                next.exchange_seq = seq;
                (0, seq)
            }
            Source::Transaction { txn_id, seq } => {
                tx.execute_one(SEAL, &[txn_id.into(), seq.into()])?;
                (txn_id, seq)
            }
        };
        let params: [Value; 4] = [
            gateway_id.into(),
            next.last_seq.into(),
            txn_id.into(),
            source_seq.into(),
        ];
        tx.execute_one(INSERT_LINE, &params)?;
    }
    put_head(tx, gateway_id, next)?;
    Ok(true)
}

/// The lines after a number, in order.
pub fn list_lines(
    tx: &mut dyn Tx,
    gateway_id: i64,
    after: i64,
    count_max: i64,
) -> Result<Vec<Line>, StoreError> {
    tx.query(LINES, &[gateway_id.into(), after.into(), count_max.into()])?
        .iter()
        .map(|row| {
            let event = if row.opt_text(2)?.is_some() {
                LineEvent::Transaction {
                    public_id: row.parsed(2, TransactionId::parse)?,
                    kind: row.text(3)?,
                    at: row.time(4)?,
                    data: row.text(5)?,
                }
            } else {
                LineEvent::Exchange(row.int(1)?)
            };
            Ok(Line {
                seq: row.int(0)?,
                event,
            })
        })
        .collect()
}

/// Begins a new transcript: the lines go, and what transactions went through so far is not told again.
pub fn begin(tx: &mut dyn Tx, gateway_id: i64) -> Result<(), StoreError> {
    let old = head(tx, gateway_id)?;
    tx.execute(DELETE_LINES, &[gateway_id.into()])?;
    tx.execute(SEAL_ALL, &[gateway_id.into()])?;
    let head = Head {
        generation: old.generation + 1,
        ..Head::default()
    };
    put_head(tx, gateway_id, head)
}
