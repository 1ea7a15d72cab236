//! `Idempotency-Key`: one effect per key, and the stored answer for everybody who asks again.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_domain::time::{DAY_MS, Timestamp};
use torana_storage::gateway::idempotency::{self, StoredAnswer};
use torana_storage::{StoreError, Tx};

use crate::context::{Engine, lock};
use crate::error::{EngineError, from_store};
use crate::gateways::Gateway;

/// How long an answer is kept (wall time).
pub const RETENTION_MS: i64 = 7 * DAY_MS;
/// How long an equal request waits for the first one.
const WAIT_MS: u64 = 5000;
/// Pause between two looks while waiting.
const WAIT_STEP_MS: u64 = 20;

/// A request that carries a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRequest {
    /// 1..=255 printable ASCII characters.
    pub key: String,
    /// Hash over route, raw body and principal.
    pub fingerprint: String,
}

/// What to do with a request.
#[derive(Debug)]
pub enum Admission<'a> {
    /// Carry it out; the guard keeps equal requests waiting until it is dropped.
    Run(Option<Guard<'a>>),
    /// It was answered before: say the same again.
    Replay(StoredAnswer),
}

/// Keys that are being worked on in this process.
#[derive(Debug, Default)]
pub(crate) struct InFlight(Mutex<BTreeSet<(i64, String)>>);

/// Marks a key as being worked on.
#[derive(Debug)]
pub struct Guard<'a> {
    set: &'a InFlight,
    key: (i64, String),
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        lock(&self.set.0).remove(&self.key);
    }
}

impl Engine {
    /// Decides whether a request runs or is answered from store. Without a key it always runs.
    ///
    /// # Errors
    /// 422 `idempotency_key_reused`, 409 `request_in_progress`.
    pub async fn admit(
        &self,
        gateway: &Gateway,
        request: Option<&KeyedRequest>,
    ) -> Result<Admission<'_>, EngineError> {
        let Some(request) = request else {
            return Ok(Admission::Run(None));
        };
        let entry = (gateway.id, request.key.clone());
        let in_flight = &self.inner().in_flight;
        let mut waited = 0;
        loop {
            // Reserve first, then look: an equal request that finished in between has stored its answer.
            let guard = lock(&in_flight.0).insert(entry.clone()).then(|| Guard {
                set: in_flight,
                key: entry.clone(),
            });
            if let Some(guard) = guard {
                return match self.stored_answer(gateway, &request.key).await? {
                    None => Ok(Admission::Run(Some(guard))),
                    Some(answer) => replay(answer, request),
                };
            }
            if waited >= WAIT_MS {
                return Err(ApiError::new(ErrorCode::RequestInProgress));
            }
            self.rt().sleep.sleep(Duration::from_millis(WAIT_STEP_MS)).await;
            waited += WAIT_STEP_MS;
        }
    }

    /// The answer that was stored for a key, if it is not too old.
    ///
    /// # Errors
    /// The storage's.
    pub async fn stored_answer(
        &self,
        gateway: &Gateway,
        key: &str,
    ) -> Result<Option<StoredAnswer>, EngineError> {
        let (gateway_id, key, not_before) = (gateway.id, key.to_owned(), oldest_kept(self.wall_now()));
        self.store()
            .read(move |tx| idempotency::find(tx, gateway_id, &key, not_before))
            .await
            .map_err(from_store)
    }

    /// Stores the answer of a request whose effect was committed in steps of its own (clock, reset, a walk
    /// through the hosted flow): the last of its commits.
    ///
    /// # Errors
    /// The storage's.
    pub async fn remember_answer(
        &self,
        gateway: &Gateway,
        request: &KeyedRequest,
        status: u16,
        body: &str,
    ) -> Result<(), EngineError> {
        let (gateway_id, request, body, now) =
            (gateway.id, request.clone(), body.to_owned(), self.wall_now());
        let stored = self
            .store()
            .write("idempotency.answer", move |tx| {
                remember(tx, gateway_id, &request, status, &body, now)
            })
            .await;
        match stored {
            Ok(()) | Err(StoreError::Duplicate(_)) => Ok(()),
            Err(error) => Err(from_store(error)),
        }
    }

    /// Turns the loss of a race between two processes into the winner's answer.
    pub(crate) async fn after_lost_race(
        &self,
        gateway: &Gateway,
        request: &KeyedRequest,
    ) -> Result<StoredAnswer, EngineError> {
        match self.stored_answer(gateway, &request.key).await? {
            Some(answer) => match replay(answer, request)? {
                Admission::Replay(answer) => Ok(answer),
                Admission::Run(_) => Err(ApiError::new(ErrorCode::RequestInProgress)),
            },
            None => Err(ApiError::new(ErrorCode::RequestInProgress)),
        }
    }
}

fn replay<'a>(answer: StoredAnswer, request: &KeyedRequest) -> Result<Admission<'a>, EngineError> {
    if answer.fingerprint == request.fingerprint {
        Ok(Admission::Replay(answer))
    } else {
        Err(ApiError::new(ErrorCode::IdempotencyKeyReused)
            .with_detail("this key was used for another route, body or user; use a fresh key"))
    }
}

fn oldest_kept(wall_now: Timestamp) -> Timestamp {
    wall_now.plus_ms(-RETENTION_MS)
}

/// Stores an answer in the caller's commit.
pub(crate) fn remember(
    tx: &mut dyn Tx,
    gateway_id: i64,
    request: &KeyedRequest,
    status: u16,
    body: &str,
    wall_now: Timestamp,
) -> Result<(), StoreError> {
    let answer = StoredAnswer {
        fingerprint: request.fingerprint.clone(),
        status,
        body: body.to_owned(),
    };
    idempotency::insert(
        tx,
        gateway_id,
        &request.key,
        &answer,
        wall_now,
        oldest_kept(wall_now),
    )
}
