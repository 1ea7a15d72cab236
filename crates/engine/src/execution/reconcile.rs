//! Finding out what became of the orders of a batch, by reading.

use std::sync::Arc;

use serde_json::Value;
use torana_brokers::{AsOf, BookEntry, Broker, BrokerError, Call, OrderBook, PlatformScope};
use torana_clock::calendar::MarketCalendar;
use torana_domain::order::{Evidence, Order, OrderState};
use torana_domain::time::Timestamp;
use torana_storage::gateway::sessions::{self, BrokerSessionRow};
use torana_storage::gateway::{batches, jobs};
use torana_storage::{StoreError, Tx};

use super::apply::{apply_absence, apply_book_entry};
use super::matching::{Found, absence_is_proof, evidence_of, find, trading_day};
use super::record::BatchRecord;
use super::schedule::{Outlook, next_read};
use super::{settled, within_limit};
use crate::context::Engine;
use crate::error::{EngineError, from_store};
use crate::jobs::{Claimed, Disposition, kind};
use crate::lifecycle::Now;

/// Most look-ups by reference in one round; the rest waits for the next.
const LOOKUPS_MAX: usize = 20;
/// Longest wait that a broker's rate limit can ask for, in seconds.
const RATE_LIMIT_WAIT_MAX: i64 = 3600;

/// What one round of reading learned about one order.
#[derive(Debug, Clone)]
enum Finding {
    /// It looks like this.
    Entry(Box<BookEntry>, Evidence, Timestamp),
    /// It is proven absent.
    Absent(Timestamp),
}

/// What reading needs.
struct Reader {
    broker: Arc<dyn Broker>,
    call: Call,
    /// Whether the call is the platform's own, which shows the book and nothing else.
    is_platform: bool,
}

/// Why a round of reading learned nothing.
enum ReadFailure {
    /// Nobody may read: no living session, and no access of the platform's own.
    NoSession,
    /// The session is over.
    SessionOver,
    /// Not before so many seconds.
    Wait(i64),
    /// The next regular round will do.
    Later,
}

impl Engine {
    /// Reads the broker's truth about a batch and stores what it proves.
    pub(crate) async fn reconcile_batch(&self, job: &Claimed) -> Result<Disposition, EngineError> {
        let (batch_id, world) = (job.row.subject, job.now.world);
        let (record, session) = self
            .store()
            .read(move |tx| {
                let record = BatchRecord::load(tx, batch_id)?;
                let session = session_for(tx, &record, world)?;
                Ok((record, session))
            })
            .await
            .map_err(from_store)?;
        if record.is_final() && record.batch.completed_at.is_some() {
            return Ok(Disposition::Done);
        }
        let findings = match self.reader(job, &record, &session).await? {
            Ok(reader) => self.read_truth(&record, &reader).await,
            Err(failure) => Err(failure),
        };
        match findings {
            Ok(findings) => {
                metrics::counter!("torana_reconciliations_total", "result" => "read").increment(1);
                self.commit_findings(job, session.id, findings).await
            }
            Err(ReadFailure::NoSession) => {
                metrics::counter!("torana_reconciliations_total", "result" => "no_session").increment(1);
                Ok(self.again(job, &record, Outlook::NoSession))
            }
            Err(ReadFailure::SessionOver) => {
                metrics::counter!("torana_reconciliations_total", "result" => "session_over").increment(1);
                self.forget_session(session.id, self.present(job).world).await?;
                // Perhaps the user has a newer one, or the broker lets the platform read; the next round finds out.
                Ok(Disposition::Again(self.present(job).world.plus_seconds(1)))
            }
            Err(ReadFailure::Wait(seconds)) => {
                Ok(Disposition::Again(self.present(job).world.plus_seconds(seconds)))
            }
            Err(ReadFailure::Later) => {
                metrics::counter!("torana_reconciliations_total", "result" => "failed").increment(1);
                Ok(self.again(job, &record, Outlook::Live))
            }
        }
    }

    /// With the user's session while it lives, else by the platform's own access to the account's orders.
    async fn reader(
        &self,
        job: &Claimed,
        record: &BatchRecord,
        session: &BrokerSessionRow,
    ) -> Result<Result<Reader, ReadFailure>, EngineError> {
        // A broker that the gateway no longer offers is still read: its orders are out there.
        let Some(broker) = self
            .inner()
            .parts
            .registry
            .broker(&job.gateway, record.batch.broker)
        else {
            return Ok(Err(ReadFailure::NoSession));
        };
        let at = self.present(job).world;
        if let Some(call) = self.open_call(&job.gateway, session, at)? {
            return Ok(Ok(Reader {
                broker,
                call,
                is_platform: false,
            }));
        }
        let granted = self
            .platform_call(&job.gateway, &*broker, session, PlatformScope::Orders, at)
            .await?;
        Ok(match granted {
            Ok(Some(call)) => Ok(Reader {
                broker,
                call,
                is_platform: true,
            }),
            Ok(None) => Err(ReadFailure::NoSession),
            Err(error) => Err(failure_of(&error, true)),
        })
    }

    fn again(&self, job: &Claimed, record: &BatchRecord, outlook: Outlook) -> Disposition {
        Disposition::Again(next_reading(
            &self.calendar(),
            job,
            record,
            self.present(job).world,
            outlook,
        ))
    }

    /// Reads the book, and by reference what the book does not show of the unproven.
    async fn read_truth(
        &self,
        record: &BatchRecord,
        Reader {
            broker,
            call,
            is_platform,
        }: &Reader,
    ) -> Result<Vec<(i64, Finding)>, ReadFailure> {
        let book = within_limit(self.rt(), broker.order_book(call.clone())).await;
        let book = book.unwrap_or_else(|| Err(BrokerError::Unavailable("no answer in time".to_owned())));
        let (book, failure) = match book {
            Ok(book) => (Some(book), None),
            Err(error) => {
                tracing::warn!(batch.id = %record.batch.public_id, broker.key = %record.batch.broker, %error, "order book could not be read");
                match failure_of(&error, *is_platform) {
                    ReadFailure::Later => (None, Some(ReadFailure::Later)),
                    lasting => return Err(lasting),
                }
            }
        };
        let mut findings = book
            .map(|book| self.findings_in(record, &book))
            .unwrap_or_default();
        if !is_platform && broker.profile().reference.has_lookup {
            let missing: Vec<_> = record
                .orders
                .iter()
                .filter(|row| row.order.state == OrderState::Unknown)
                .filter(|row| !findings.iter().any(|(id, _)| *id == row.id))
                .take(LOOKUPS_MAX)
                .collect();
            for row in missing {
                let reference = row.order.ticket.reference.clone();
                let found = within_limit(self.rt(), broker.order_by_reference(call.clone(), reference)).await;
                if let Some(Ok(AsOf {
                    value: Some(entry),
                    as_of,
                })) = found
                {
                    findings.push((
                        row.id,
                        Finding::Entry(Box::new(entry), Evidence::ReferenceLookup, as_of),
                    ));
                }
            }
        }
        match failure {
            Some(failure) if findings.is_empty() => Err(failure),
            _ => Ok(findings),
        }
    }

    fn findings_in(&self, record: &BatchRecord, book: &AsOf<OrderBook>) -> Vec<(i64, Finding)> {
        let calendar = self.calendar();
        let finding = |order: &Order| match find(order, &book.value.entries) {
            Found::Entry(entry) if order.state == OrderState::Unplaced => {
                tracing::error!(
                    batch.id = %record.batch.public_id,
                    order.reference = order.ticket.reference.as_str(),
                    broker.order_id = entry.broker_order_id,
                    "an order that was proven not placed stands in the broker's book"
                );
                None
            }
            Found::Entry(entry) => Some(Finding::Entry(
                Box::new(entry.clone()),
                evidence_of(order, book, &calendar),
                book.as_of,
            )),
            Found::Ambiguous => {
                tracing::error!(
                    batch.id = %record.batch.public_id,
                    order.reference = order.ticket.reference.as_str(),
                    "several orders in the broker's book carry one reference: none is believed"
                );
                None
            }
            Found::Absent => {
                let is_proof = order.state == OrderState::Unknown && absence_is_proof(order, book, &calendar);
                is_proof.then_some(Finding::Absent(book.as_of))
            }
        };
        record
            .orders
            .iter()
            .filter_map(|row| finding(&row.order).map(|finding| (row.id, finding)))
            .collect()
    }

    async fn commit_findings(
        &self,
        job: &Claimed,
        session_id: i64,
        findings: Vec<(i64, Finding)>,
    ) -> Result<Disposition, EngineError> {
        let (own, calendar, now) = (job.clone(), self.calendar(), self.present(job));
        let outbox = self.outbox(&job.gateway);
        let result = self
            .store()
            .write("batch.reconciled", move |tx| {
                let mut record = BatchRecord::load(tx, own.row.subject)?;
                apply_findings(tx, &mut record, &findings, now)?;
                if record.batch.broker_session_id != session_id {
                    batches::set_session(tx, record.batch.id, session_id)?;
                }
                if record.settle(tx, &outbox, None, now)? {
                    own.finish(tx)
                } else {
                    let outlook = outlook(&calendar, &record, now.world);
                    own.reschedule(tx, next_reading(&calendar, &own, &record, now.world, outlook))
                }
            })
            .await;
        self.wake_jobs();
        settled(result)
    }
}

fn next_reading(
    calendar: &MarketCalendar,
    job: &Claimed,
    record: &BatchRecord,
    now: Timestamp,
    outlook: Outlook,
) -> Timestamp {
    // The first claim of a job counts as its first attempt.
    next_read(
        calendar,
        now,
        job.row.attempts - 1,
        record.batch.created_at,
        outlook,
    )
}

/// Whether anything can happen before the next session opens.
fn outlook(calendar: &MarketCalendar, record: &BatchRecord, now: Timestamp) -> Outlook {
    let waits = |order: &Order| {
        let opens_later = calendar
            .open_of(trading_day(order, calendar))
            .is_some_and(|open| open > now);
        order.state == OrderState::Open && opens_later
    };
    let mut pending = record
        .orders
        .iter()
        .map(|row| &row.order)
        .filter(|order| !order.state.is_final());
    if pending.all(waits) {
        Outlook::AwaitsRelease
    } else {
        Outlook::Live
    }
}

fn apply_findings(
    tx: &mut dyn Tx,
    record: &mut BatchRecord,
    findings: &[(i64, Finding)],
    now: Now,
) -> Result<(), StoreError> {
    for (order_id, finding) in findings {
        record.change(tx, *order_id, now, &Value::Null, |order| match finding {
            Finding::Entry(entry, evidence, as_of) => apply_book_entry(order, entry, *evidence, *as_of),
            Finding::Absent(as_of) => apply_absence(order, *as_of),
        })?;
    }
    Ok(())
}

/// The batch's own session while it lives, else the newest living one of the same user at the same broker, else
/// its own again, which still says whose account it is.
fn session_for(tx: &mut dyn Tx, record: &BatchRecord, at: Timestamp) -> Result<BrokerSessionRow, StoreError> {
    let own = record.batch.broker_session_id;
    let mut living = sessions::list_living_brokers(tx, record.batch.investor_id, at)?;
    living.retain(|session| session.broker == record.batch.broker);
    let position = living.iter().position(|session| session.id == own).unwrap_or(0);
    match living.into_iter().nth(position) {
        Some(session) => Ok(session),
        None => sessions::load_broker(tx, own),
    }
}

fn failure_of(error: &BrokerError, is_platform: bool) -> ReadFailure {
    match error {
        // No session of the user's ended, and the platform has no other.
        BrokerError::SessionExpired if is_platform => ReadFailure::NoSession,
        BrokerError::SessionExpired => ReadFailure::SessionOver,
        BrokerError::RateLimited { retry_after_seconds } => ReadFailure::Wait(
            retry_after_seconds
                .map_or(60, i64::from)
                .clamp(1, RATE_LIMIT_WAIT_MAX),
        ),
        BrokerError::Unavailable(_) | BrokerError::Protocol(_) | BrokerError::Unsupported => {
            ReadFailure::Later
        }
    }
}

/// Has the open batches of a user read again: called in the commit of a login, which may be the first session
/// in which their orders can be read since the last one ended.
///
/// # Errors
/// The storage's.
pub fn wake_open_batches(
    tx: &mut dyn Tx,
    gateway_id: i64,
    investor_id: i64,
    now: Now,
) -> Result<(), StoreError> {
    for batch in batches::list_open(tx, investor_id)? {
        // While orders are still being sent, the end of that job starts the readings.
        if !jobs::exists(tx, kind::PLACE_BATCH, batch.id)? {
            jobs::put(
                tx,
                gateway_id,
                jobs::JobDomain::World,
                kind::RECONCILE_BATCH,
                batch.id,
                now.world,
            )?;
        }
    }
    Ok(())
}
