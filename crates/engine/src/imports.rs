//! Holdings: fetched for an import, refreshed in the background, read by partners.

mod fetch;
mod seed;
mod snapshot;

use std::sync::Arc;

use serde_json::json;
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_contract::holdings::{HoldingsBody, HoldingsSnapshot, HoldingsView};
use torana_contract::webhook::{EventType, HoldingsPayload};
use torana_domain::intent::{HoldingsVersion, Intent};
use torana_domain::transaction::{Cause, Status};
use torana_storage::gateway::investors::{self, InvestorRow};
use torana_storage::gateway::jobs;
use torana_storage::gateway::snapshots::{self, SnapshotRow};
use torana_storage::gateway::transactions::{self, TxnRow};
use torana_storage::{StoreError, Tx};

use self::fetch::{FetchFailure, fetch_wait, newest_session};
use crate::auth::Caller;
use crate::context::Engine;
use crate::create::to_json;
use crate::deliveries::Outbox;
use crate::error::{EngineError, from_store};
use crate::execution::settled;
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
        let (_, with_funds) = wanted(&txn.intent);
        match self.fetch_snapshot(job, &investor, session, with_funds).await? {
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

    /// One commit: snapshot, transaction, event, deliveries, the end of the job.
    async fn commit_import(
        &self,
        job: &Claimed,
        snapshot: HoldingsSnapshot,
    ) -> Result<Disposition, EngineError> {
        let (own, now) = (job.clone(), self.present(job));
        let outbox = self.outbox(&job.gateway);
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

    /// Refreshes a snapshot in the background, with funds if the import had them. A failure keeps the old one, and
    /// nobody is told.
    pub(crate) async fn refresh_holdings(&self, job: &Claimed) -> Result<Disposition, EngineError> {
        let (investor_id, world) = (job.row.subject, self.present(job).world);
        let (investor, session, known) = self
            .store()
            .read(move |tx| {
                let investor = investors::load(tx, investor_id)?;
                let session = newest_session(tx, &investor, world)?;
                Ok((investor, session, snapshots::find(tx, investor_id)?))
            })
            .await
            .map_err(from_store)?;
        let Some(known) = known.filter(|_| investor.holdings_consent_at.is_some()) else {
            return Ok(Disposition::Done);
        };
        let with_funds = parse_snapshot(&known)?.mutual_funds.is_some();
        let Ok(snapshot) = self.fetch_snapshot(job, &investor, session, with_funds).await? else {
            return Ok(Disposition::Done);
        };
        let (own, now, data) = (job.clone(), self.present(job), to_json(&snapshot)?);
        let result = self
            .store()
            .write("holdings.refreshed", move |tx| {
                own.finish(tx)?;
                // An import that came in between is newer, and may have asked for something else.
                let unchanged = snapshots::find(tx, investor_id)?.filter(|old| old.data == known.data);
                let Some(old) = unchanged else {
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
        let snapshot = parse_snapshot(&row)?;
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

/// The layout that an import asks for, and whether it asks for funds.
const fn wanted(intent: &Intent) -> (HoldingsVersion, bool) {
    match intent {
        Intent::HoldingsImport { version, mf_holdings } => (*version, *mf_holdings),
        _ => (HoldingsVersion::V1, false),
    }
}

fn parse_snapshot(row: &SnapshotRow) -> Result<HoldingsSnapshot, EngineError> {
    serde_json::from_str(&row.data).map_err(|error| {
        tracing::error!(%error, "stored holdings are not readable");
        ApiError::new(ErrorCode::InternalError)
    })
}

fn post_import(
    tx: &mut dyn Tx,
    outbox: &Outbox,
    txn: &mut TxnRow,
    investor: &InvestorRow,
    snapshot: &HoldingsSnapshot,
    now: Now,
) -> Result<(), StoreError> {
    let (version, mutual_funds) = wanted(&txn.intent);
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
