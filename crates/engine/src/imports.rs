//! Holdings: fetched for an import, refreshed in the background, read by partners.

mod seed;
mod snapshot;

use std::sync::Arc;

use serde_json::json;
use torana_brokers::{AsOf, Broker, BrokerError, Call, Holding, NetPosition};
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_contract::holdings::{HoldingsBody, HoldingsSnapshot, HoldingsView};
use torana_contract::webhook::{EventType, HoldingsPayload};
use torana_domain::intent::{HoldingsVersion, Intent};
use torana_domain::time::Timestamp;
use torana_domain::transaction::{Cause, Status};
use torana_storage::gateway::investors::{self, InvestorRow};
use torana_storage::gateway::jobs;
use torana_storage::gateway::sessions::{self, BrokerSessionRow};
use torana_storage::gateway::snapshots::{self, SnapshotRow};
use torana_storage::gateway::transactions::{self, TxnRow};
use torana_storage::{StoreError, Tx};

use self::snapshot::snapshot_of;
use crate::auth::Caller;
use crate::context::Engine;
use crate::create::to_json;
use crate::deliveries::Outbox;
use crate::error::{EngineError, from_store};
use crate::execution::{settled, within_limit};
use crate::gateways::Gateway;
use crate::jobs::{Claimed, Disposition, kind};
use crate::lifecycle::{self, Now};

/// Tries of one import.
const FETCH_ATTEMPTS_MAX: i64 = 5;
/// How long an import may go on failing for passing reasons (wall time).
const FETCH_TIME_MAX_MS: i64 = 5 * 60_000;
/// Shortest time between two background refreshes of one user (wall time).
pub const REFRESH_INTERVAL_MS: i64 = 15_000;
/// A refresh that takes longer is taken for lost (wall time).
const REFRESH_TIME_MAX_MS: i64 = 60_000;

/// Why holdings could not be read.
enum FetchFailure {
    /// Trying again is of no use without the user.
    Final,
    /// Perhaps later, after so many seconds if the broker said so.
    Passing(Option<u32>),
}

impl From<BrokerError> for FetchFailure {
    fn from(error: BrokerError) -> Self {
        tracing::warn!(%error, "holdings could not be read");
        match error {
            BrokerError::SessionExpired | BrokerError::Unsupported => Self::Final,
            BrokerError::RateLimited { retry_after_seconds } => Self::Passing(retry_after_seconds),
            BrokerError::Unavailable(_) | BrokerError::Protocol(_) => Self::Passing(None),
        }
    }
}

impl Engine {
    /// One try of an import's fetch.
    pub(crate) async fn fetch_holdings(&self, job: &Claimed) -> Result<Disposition, EngineError> {
        let (txn_id, world) = (job.row.subject, self.present(job).world);
        let (txn, investor, session) = self
            .store()
            .read(move |tx| {
                let txn = transactions::load(tx, txn_id)?;
                let investor = investors::load(tx, txn.investor_id.ok_or(StoreError::MissingRow)?)?;
                let session = newest_session(tx, &investor, world)?;
                Ok((txn, investor, session))
            })
            .await
            .map_err(from_store)?;
        if txn.status != Status::Processing {
            return Ok(Disposition::Done);
        }
        match self.fetch_snapshot(job, &investor, session).await? {
            Ok(snapshot) => self.commit_import(job, snapshot).await,
            Err(FetchFailure::Final) => self.fail_import(job, 2001).await,
            Err(FetchFailure::Passing(wait)) => {
                let wall = self.wall_now();
                if txn
                    .processing_since
                    .is_some_and(|since| wall.ms_since(since) > FETCH_TIME_MAX_MS)
                {
                    return self.fail_import(job, 4003).await;
                }
                if job.row.attempts >= FETCH_ATTEMPTS_MAX {
                    return self.fail_import(job, 2001).await;
                }
                Ok(Disposition::Again(
                    wall.plus_seconds(fetch_wait(job.row.attempts, wait)),
                ))
            }
        }
    }

    /// Reads the account. Holdings must be there, a broker without positions has none.
    async fn fetch_snapshot(
        &self,
        job: &Claimed,
        investor: &InvestorRow,
        session: Option<BrokerSessionRow>,
    ) -> Result<Result<HoldingsSnapshot, FetchFailure>, EngineError> {
        let Some(session) = session else {
            return Ok(Err(FetchFailure::Final));
        };
        let Some(call) = self.open_call(&job.gateway, &session, self.present(job).world)? else {
            return Ok(Err(FetchFailure::Final));
        };
        let Some(broker) = self.broker(&job.gateway, investor.broker) else {
            return Ok(Err(FetchFailure::Final));
        };
        let read = self.read_account(&*broker, &call).await;
        if let Err(BrokerError::SessionExpired) = &read {
            self.forget_session(session.id, self.present(job).world).await?;
        }
        Ok(read
            .map(|(holdings, positions)| snapshot_of(self.master(), holdings, positions))
            .map_err(FetchFailure::from))
    }

    async fn read_account(
        &self,
        broker: &dyn Broker,
        call: &Call,
    ) -> Result<(AsOf<Vec<Holding>>, Vec<NetPosition>), BrokerError> {
        let late = || Err(BrokerError::Unavailable("no answer in time".to_owned()));
        let holdings = within_limit(self.rt(), broker.holdings(call.clone()))
            .await
            .unwrap_or_else(late)?;
        let late = || Err(BrokerError::Unavailable("no answer in time".to_owned()));
        let positions = match within_limit(self.rt(), broker.positions(call.clone()))
            .await
            .unwrap_or_else(late)
        {
            Ok(positions) => positions.value,
            Err(BrokerError::Unsupported) => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok((holdings, positions))
    }

    /// One commit: snapshot, transaction, event, deliveries, the end of the job.
    async fn commit_import(
        &self,
        job: &Claimed,
        snapshot: HoldingsSnapshot,
    ) -> Result<Disposition, EngineError> {
        let (own, now) = (job.clone(), self.present(job));
        let outbox = self.outbox(&job.gateway, &[EventType::HoldingsImported]);
        let data = to_json(&snapshot)?;
        let result = self
            .store()
            .write("holdings.imported", move |tx| {
                own.finish(tx)?;
                let mut txn = transactions::load(tx, own.row.subject)?;
                if txn.status != Status::Processing {
                    return Ok(());
                }
                let investor = investors::load(tx, txn.investor_id.ok_or(StoreError::MissingRow)?)?;
                let row = SnapshotRow {
                    data: data.clone(),
                    notes: txn.notes.clone(),
                    snapshot_at: snapshot.taken_at,
                    updated_at: now.world,
                    refresh_started_at: None,
                };
                snapshots::put(tx, investor.id, &row)?;
                post_import(tx, &outbox, &mut txn, &investor, &snapshot, now)?;
                let facts = json!({ "securities": snapshot.securities.len() });
                let _ = lifecycle::apply(tx, &mut txn, Cause::WorkDone, &facts, now)?;
                Ok(())
            })
            .await;
        self.wake_jobs();
        settled(result)
    }

    async fn fail_import(&self, job: &Claimed, code: u16) -> Result<Disposition, EngineError> {
        let (own, now) = (job.clone(), self.present(job));
        let result = self
            .store()
            .write("holdings.failed", move |tx| {
                own.finish(tx)?;
                let mut txn = transactions::load(tx, own.row.subject)?;
                // A refusal is logged there; the import has ended by other means then.
                let _ = lifecycle::apply(tx, &mut txn, Cause::FetchFailed { code }, &json!({}), now)?;
                Ok(())
            })
            .await;
        settled(result)
    }

    /// Refreshes a snapshot in the background. A failure keeps the old one, and nobody is told.
    pub(crate) async fn refresh_holdings(&self, job: &Claimed) -> Result<Disposition, EngineError> {
        let (investor_id, world) = (job.row.subject, self.present(job).world);
        let (investor, session) = self
            .store()
            .read(move |tx| {
                let investor = investors::load(tx, investor_id)?;
                let session = newest_session(tx, &investor, world)?;
                Ok((investor, session))
            })
            .await
            .map_err(from_store)?;
        if investor.holdings_consent_at.is_none() {
            return Ok(Disposition::Done);
        }
        let Ok(snapshot) = self.fetch_snapshot(job, &investor, session).await? else {
            return Ok(Disposition::Done);
        };
        let (own, now, data) = (job.clone(), self.present(job), to_json(&snapshot)?);
        let result = self
            .store()
            .write("holdings.refreshed", move |tx| {
                own.finish(tx)?;
                let Some(old) = snapshots::find(tx, investor_id)? else {
                    return Ok(());
                };
                let (data, snapshot_at, updated_at) = (data.clone(), snapshot.taken_at, now.world);
                snapshots::put(
                    tx,
                    investor_id,
                    &SnapshotRow {
                        data,
                        snapshot_at,
                        updated_at,
                        ..old
                    },
                )
            })
            .await;
        settled(result)
    }

    /// The last known holdings of the connected user. At a broker that needs no session for it, this starts a
    /// refresh in the background, which the answer announces.
    ///
    /// # Errors
    /// 403 `connected_user_required`, `consent_denied`; 404 `holdings_not_imported`.
    pub async fn read_holdings(
        &self,
        caller: &Caller,
        version: HoldingsVersion,
        mutual_funds: bool,
    ) -> Result<HoldingsBody, EngineError> {
        let investor_id = caller.connected()?.id;
        let (investor, snapshot, was_refused, is_queued) = self
            .store()
            .read(move |tx| {
                let investor = investors::load(tx, investor_id)?;
                let snapshot = snapshots::find(tx, investor_id)?;
                let was_refused = transactions::was_consent_refused(tx, investor_id)?;
                let is_queued = jobs::exists(tx, kind::REFRESH_HOLDINGS, investor_id)?;
                Ok((investor, snapshot, was_refused, is_queued))
            })
            .await
            .map_err(from_store)?;
        if investor.holdings_consent_at.is_none() && (snapshot.is_some() || was_refused) {
            return Err(ApiError::new(ErrorCode::ConsentDenied));
        }
        let Some(row) = snapshot else {
            return Err(ApiError::new(ErrorCode::HoldingsNotImported));
        };
        let updating = self
            .refresh_if_due(&caller.gateway, &investor, &row, is_queued)
            .await?;
        let snapshot: HoldingsSnapshot = serde_json::from_str(&row.data).map_err(|error| {
            tracing::error!(%error, "stored holdings are not readable");
            ApiError::new(ErrorCode::InternalError)
        })?;
        Ok(HoldingsBody::of(&HoldingsView {
            snapshot: &snapshot,
            version,
            mutual_funds,
            updating,
            last_update: row.updated_at,
            auth_id: &investor.auth_id,
            broker: investor.broker,
            notes: row.notes.as_deref(),
        }))
    }

    /// Whether a refresh runs now, after starting one if it is time for it.
    async fn refresh_if_due(
        &self,
        gateway: &Arc<Gateway>,
        investor: &InvestorRow,
        snapshot: &SnapshotRow,
        is_queued: bool,
    ) -> Result<bool, EngineError> {
        let is_offered = self
            .profile(gateway, investor.broker)
            .is_some_and(|profile| profile.capabilities.sessionless_holdings);
        if !is_offered {
            return Ok(false);
        }
        let (gateway_id, investor_id, wall) = (gateway.id, investor.id, self.wall_now());
        let age = snapshot.refresh_started_at.map(|started| wall.ms_since(started));
        if is_queued && age.is_some_and(|age| age < REFRESH_TIME_MAX_MS) {
            return Ok(true);
        }
        if age.is_some_and(|age| age < REFRESH_INTERVAL_MS) {
            return Ok(false);
        }
        self.store()
            .write("holdings.refresh", move |tx| {
                snapshots::set_refresh(tx, investor_id, wall)?;
                jobs::put(
                    tx,
                    gateway_id,
                    jobs::JobDomain::Wall,
                    kind::REFRESH_HOLDINGS,
                    investor_id,
                    wall,
                )
            })
            .await
            .map_err(from_store)?;
        self.wake_jobs();
        Ok(true)
    }
}

/// Seconds until the next try: 1, 2, 4, … or what the broker asked for, a minute at most.
fn fetch_wait(attempts: i64, asked: Option<u32>) -> i64 {
    asked
        .map_or(1_i64 << attempts.clamp(1, 6).saturating_sub(1), i64::from)
        .clamp(1, 60)
}

/// The newest living session of a user at the user's broker.
fn newest_session(
    tx: &mut dyn Tx,
    investor: &InvestorRow,
    at: Timestamp,
) -> Result<Option<BrokerSessionRow>, StoreError> {
    let living = sessions::list_living_brokers(tx, investor.id, at)?;
    Ok(living
        .into_iter()
        .find(|session| session.broker == investor.broker))
}

fn post_import(
    tx: &mut dyn Tx,
    outbox: &Outbox,
    txn: &mut TxnRow,
    investor: &InvestorRow,
    snapshot: &HoldingsSnapshot,
    now: Now,
) -> Result<(), StoreError> {
    let (version, mutual_funds) = match txn.intent {
        Intent::HoldingsImport { version, mf_holdings } => (version, mf_holdings),
        _ => (HoldingsVersion::V1, false),
    };
    let (notes, transaction_id) = (txn.notes.clone(), txn.public_id.clone());
    let view = HoldingsView {
        snapshot,
        version,
        mutual_funds,
        updating: false,
        last_update: now.world,
        auth_id: &investor.auth_id,
        broker: investor.broker,
        notes: notes.as_deref(),
    };
    outbox.post(
        tx,
        txn,
        EventType::HoldingsImported,
        &investor.auth_id,
        now,
        |stamp| HoldingsPayload::of(&view, &transaction_id, stamp),
    )
}

#[cfg(test)]
mod tests;
