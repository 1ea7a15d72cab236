//! `Idempotency-Key`: one effect per key, and the stored answer for everybody who asks again. Answers are stored
//! encrypted, because they may carry a user token.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_domain::time::{DAY_MS, Timestamp};
use torana_storage::gateway::idempotency::{self, StoredAnswer};
use torana_storage::{StoreError, Tx};

use crate::context::{Engine, lock};
use crate::create::Answer;
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
    Replay(Answer),
}

/// An answer on its way into the commit of its effect.
#[derive(Debug, Clone)]
pub(crate) struct SealedAnswer {
    gateway_id: i64,
    key: String,
    answer: StoredAnswer,
    at: Timestamp,
}

impl SealedAnswer {
    /// Stores it; [`StoreError::Duplicate`] if the key has a living answer.
    pub(crate) fn store(&self, tx: &mut dyn Tx) -> Result<(), StoreError> {
        let not_before = oldest_kept(self.at);
        idempotency::insert(tx, self.gateway_id, &self.key, &self.answer, self.at, not_before)
    }
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
                let stored = self.stored_answer(gateway, request).await?;
                return Ok(stored.map_or(Admission::Run(Some(guard)), Admission::Replay));
            }
            if waited >= WAIT_MS {
                return Err(ApiError::new(ErrorCode::RequestInProgress));
            }
            self.rt().sleep.sleep(Duration::from_millis(WAIT_STEP_MS)).await;
            waited += WAIT_STEP_MS;
        }
    }

    /// The answer that was stored for this very request, if it is not too old.
    ///
    /// # Errors
    /// 422 `idempotency_key_reused`; the storage's.
    pub async fn stored_answer(
        &self,
        gateway: &Gateway,
        request: &KeyedRequest,
    ) -> Result<Option<Answer>, EngineError> {
        let (gateway_id, key) = (gateway.id, request.key.clone());
        let not_before = oldest_kept(self.wall_now());
        let found = self
            .store()
            .read(move |tx| idempotency::find(tx, gateway_id, &key, not_before))
            .await
            .map_err(from_store)?;
        match found {
            None => Ok(None),
            Some(stored) if stored.fingerprint == request.fingerprint => {
                self.open_answer(gateway_id, &request.key, &stored).map(Some)
            }
            Some(_) => Err(ApiError::new(ErrorCode::IdempotencyKeyReused)
                .with_detail("this key was used for another route, body or user; use a fresh key")),
        }
    }

    /// Encrypts the answer of a request, to be stored in the commit of its effect.
    pub(crate) fn seal_answer(
        &self,
        gateway: &Gateway,
        request: &KeyedRequest,
        status: u16,
        body: &str,
    ) -> Result<SealedAnswer, EngineError> {
        let context = answer_context(gateway.id, &request.key);
        let sealed_body = self
            .keyring()
            .seal(body.as_bytes(), &context, &*self.rt().entropy)
            .map_err(|error| {
                tracing::error!(%error, "answer could not be encrypted");
                ApiError::new(ErrorCode::InternalError)
            })?;
        Ok(SealedAnswer {
            gateway_id: gateway.id,
            key: request.key.clone(),
            answer: StoredAnswer {
                fingerprint: request.fingerprint.clone(),
                status,
                sealed_body,
            },
            at: self.wall_now(),
        })
    }

    fn open_answer(&self, gateway_id: i64, key: &str, stored: &StoredAnswer) -> Result<Answer, EngineError> {
        // Doing the work a second time would be worse than having no answer.
        let unreadable = |error: &dyn std::fmt::Display| {
            tracing::error!(%error, "stored answer could not be decrypted");
            ApiError::new(ErrorCode::InternalError)
        };
        let plain = self
            .keyring()
            .open(&stored.sealed_body, &answer_context(gateway_id, key))
            .map_err(|error| unreadable(&error))?;
        let body = std::str::from_utf8(&plain).map_err(|error| unreadable(&error))?;
        Ok(Answer {
            status: stored.status,
            body: body.to_owned(),
            is_replay: true,
        })
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
        let sealed = self.seal_answer(gateway, request, status, body)?;
        let stored = self
            .store()
            .write("idempotency.answer", move |tx| sealed.store(tx))
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
    ) -> Result<Answer, EngineError> {
        self.stored_answer(gateway, request)
            .await?
            .ok_or_else(|| ApiError::new(ErrorCode::RequestInProgress))
    }
}

/// The place that a stored answer is sealed for.
pub(crate) fn answer_context(gateway_id: i64, key: &str) -> String {
    format!("gateway/{gateway_id}/answer/{key}")
}

fn oldest_kept(wall_now: Timestamp) -> Timestamp {
    wall_now.plus_ms(-RETENTION_MS)
}
