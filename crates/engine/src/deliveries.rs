//! Webhooks: queued in the commit of the event that they report, delivered by jobs.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, Method};
use serde::Serialize;
use serde_json::json;
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_contract::webhook::{EventType, Stamp};
use torana_credentials::naming::Root;
use torana_credentials::webhook::{WebhookKey, checksum, signature_header};
use torana_domain::gateway::{GatewaySettings, RetryLadder};
use torana_domain::ids::{AuthId, DeliveryId, GatewayName};
use torana_domain::time::Timestamp;
use torana_runtime::{EgressClass, HttpRequest, HttpResponse, Stream, random_bytes};
use torana_storage::gateway::deliveries::{self, Attempt, DeliveryRow, DeliveryState, NewDelivery};
use torana_storage::gateway::transactions::TxnRow;
use torana_storage::gateway::{gateways, jobs};
use torana_storage::{StoreError, Tx};
use torana_webhooks::retry_after;
use torana_webhooks::schedule::{
    ATTEMPT_TIMEOUT_MS, AttemptResult, Ladder, MAX_ANSWER_BYTES, MAX_JITTER_PERMILLE, Made, Next,
    after_attempt,
};

use crate::context::Engine;
use crate::error::{EngineError, from_store};
use crate::execution::settled;
use crate::gateways::Gateway;
use crate::jobs::{Claimed, Disposition, kind};
use crate::lifecycle::{self, Now};

/// Longest description of a failed attempt that is kept, in characters.
const ERROR_TEXT_MAX: usize = 300;
pub(crate) const AGENT: &str = concat!("torana/", env!("CARGO_PKG_VERSION"));

/// Everything that a commit needs to queue deliveries: it draws nothing itself, because it may run again.
pub(crate) struct Outbox {
    gateway: Arc<Gateway>,
    root: Root,
}

impl Engine {
    /// An outbox for one commit.
    pub(crate) fn outbox(&self, gateway: &Arc<Gateway>) -> Outbox {
        Outbox {
            gateway: self.fresh(gateway),
            root: self.id_root(),
        }
    }
}

impl Outbox {
    /// Records an event of a transaction that partners hear of, and queues its deliveries: one to each URL,
    /// all with the same bytes.
    pub(crate) fn post<P: Serialize>(
        &self,
        tx: &mut dyn Tx,
        txn: &mut TxnRow,
        event: EventType,
        auth_id: &AuthId,
        now: Now,
        payload: impl FnOnce(&Stamp<'_>) -> P,
    ) -> Result<(), StoreError> {
        txn.webhook_seq += 1;
        let signature = checksum(
            self.gateway.api_secret.signing(),
            &now.world.to_iso(),
            auth_id.as_str(),
        );
        let stamp = Stamp {
            gateway: &self.gateway.name,
            sequence: u32::try_from(txn.webhook_seq).unwrap_or(u32::MAX),
            timestamp: now.world,
            checksum: &signature,
        };
        let body = serde_json::to_string(&payload(&stamp))
            .map_err(|error| StoreError::Statement(error.to_string()))?;
        let sequence = txn.webhook_seq.to_string();
        for (number, url) in self.gateway.settings.urls_for(event.as_str()).iter().enumerate() {
            let name = ["delivery", txn.public_id.as_str(), &sequence, &number.to_string()];
            let new = NewDelivery {
                public_id: DeliveryId::from_random(self.root.bytes(&name)),
                gateway_id: txn.gateway_id,
                txn_id: Some(txn.id),
                event_type: event.as_str(),
                sequence: txn.webhook_seq,
                url: url.clone(),
                body: body.clone(),
                created_at: now.world,
            };
            let id = deliveries::insert(tx, &new)?;
            jobs::put(
                tx,
                txn.gateway_id,
                jobs::JobDomain::World,
                kind::DELIVER_WEBHOOK,
                id,
                now.world,
            )?;
        }
        lifecycle::record(
            tx,
            txn,
            event.as_str(),
            &json!({ "sequence": txn.webhook_seq }),
            now,
        )
    }
}

/// An attempt that was made, before it is stored.
struct FinishedAttempt {
    result: AttemptResult,
    attempt: Attempt,
}

impl Engine {
    /// Makes one attempt of a delivery.
    pub(crate) async fn deliver_webhook(&self, job: &Claimed) -> Result<Disposition, EngineError> {
        let id = job.row.subject;
        let delivery = self
            .store()
            .read(move |tx| deliveries::load(tx, id))
            .await
            .map_err(from_store)?;
        if delivery.state != DeliveryState::Pending {
            return Ok(Disposition::Done);
        }
        let gateway = self.fresh(&job.gateway);
        let now = self.present(job);
        let made = self.attempt(&gateway, &delivery, now).await?;
        self.store_attempt(job, &gateway, delivery, made, now).await
    }

    async fn attempt(
        &self,
        gateway: &Gateway,
        delivery: &DeliveryRow,
        now: Now,
    ) -> Result<FinishedAttempt, EngineError> {
        let request = HttpRequest {
            method: Method::POST,
            url: delivery.url.clone(),
            headers: signed_headers(gateway, delivery, now.wall)?,
            body: Bytes::from(delivery.body.clone()),
            timeout: Duration::from_millis(ATTEMPT_TIMEOUT_MS.unsigned_abs()),
            max_response_bytes: MAX_ANSWER_BYTES,
            egress: EgressClass::Foreign {
                allow_http_if_listed: gateway.is_sandbox(),
            },
        };
        let started = self.rt().wall.ticks();
        let answer = self.rt().http.send(request).await;
        let took_us = self.rt().wall.ticks().0.saturating_sub(started.0);
        let duration_ms = i64::try_from(took_us / 1000).unwrap_or(i64::MAX);
        let attempt = |status, error| Attempt {
            at: now.wall,
            status,
            error,
            duration_ms,
        };
        Ok(match answer {
            Ok(answer) => {
                let failure =
                    (!(200..300).contains(&answer.status)).then(|| format!("answered {}", answer.status));
                FinishedAttempt {
                    result: answered(&answer, now.wall),
                    attempt: attempt(Some(answer.status), failure),
                }
            }
            Err(error) => {
                let text = error.to_string().chars().take(ERROR_TEXT_MAX).collect();
                FinishedAttempt {
                    result: AttemptResult::Unanswered,
                    attempt: attempt(None, Some(text)),
                }
            }
        })
    }

    async fn store_attempt(
        &self,
        job: &Claimed,
        gateway: &Gateway,
        delivery: DeliveryRow,
        made: FinishedAttempt,
        now: Now,
    ) -> Result<Disposition, EngineError> {
        let mut row = delivery;
        row.attempts += 1;
        let first_at = *row.first_attempt_at.get_or_insert(now.world);
        row.last_attempt_at = Some(now.world);
        let count = usize::try_from(row.attempts).unwrap_or(usize::MAX);
        let so_far = Made {
            count,
            first_at,
            last_at: now.world,
        };
        let next = after_attempt(ladder(gateway), so_far, made.result, self.jitter_permille());
        row.state = match next {
            Next::Delivered => DeliveryState::Done,
            Next::RetryAt(_) => DeliveryState::Pending,
            Next::Parked | Next::EndpointGone => DeliveryState::Parked,
        };
        log_attempt(gateway, &row, &made.attempt, next);
        let (job, name, wall) = (job.clone(), gateway.name.clone(), now.wall);
        let is_gone = next == Next::EndpointGone;
        let result = self
            .store()
            .write("webhook.attempt", move |tx| {
                match next {
                    Next::RetryAt(due) => job.reschedule(tx, due)?,
                    Next::Delivered | Next::Parked | Next::EndpointGone => job.finish(tx)?,
                }
                deliveries::record_attempt(tx, &row, &made.attempt)?;
                if is_gone {
                    switch_off(tx, &name, &row.url, wall)
                } else {
                    Ok(())
                }
            })
            .await;
        if is_gone {
            self.reload_gateways().await.map_err(from_store)?;
        }
        settled(result)
    }

    fn jitter_permille(&self) -> i64 {
        let drawn = u16::from_le_bytes(random_bytes(&*self.rt().entropy, Stream::Jitter));
        i64::from(drawn) % (2 * MAX_JITTER_PERMILLE + 1) - MAX_JITTER_PERMILLE
    }
}

fn answered(answer: &HttpResponse, wall: Timestamp) -> AttemptResult {
    let header = answer
        .headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let retry_after_ms = header.and_then(|text| retry_after::parse(text, wall));
    AttemptResult::Answered {
        status: answer.status,
        retry_after_ms,
    }
}

const fn ladder(gateway: &Gateway) -> Ladder {
    match gateway.settings.retry_ladder {
        RetryLadder::Standard => Ladder::Standard,
        RetryLadder::Legacy => Ladder::Legacy,
    }
}

/// The headers of one attempt: id as ever, time and signature fresh, one signature by each accepted key.
fn signed_headers(
    gateway: &Gateway,
    delivery: &DeliveryRow,
    wall: Timestamp,
) -> Result<HeaderMap, EngineError> {
    let keys: Vec<WebhookKey> = gateway
        .webhook_key
        .accepted(wall)
        .iter()
        .map(WebhookKey::parse)
        .collect::<Result<_, _>>()
        .map_err(|error| broken(gateway, &error))?;
    let (id, seconds) = (delivery.public_id.as_str(), wall.unix_seconds());
    let signature = signature_header(&keys, id, seconds, delivery.body.as_bytes());
    let text = |text: &str| HeaderValue::from_str(text).map_err(|error| broken(gateway, &error));
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(HeaderName::from_static("webhook-id"), text(id)?);
    headers.insert(
        HeaderName::from_static("webhook-timestamp"),
        text(&seconds.to_string())?,
    );
    headers.insert(HeaderName::from_static("webhook-signature"), text(&signature)?);
    Ok(headers)
}

fn broken(gateway: &Gateway, error: &dyn std::error::Error) -> EngineError {
    tracing::error!(gateway.name = %gateway.name, %error, "webhook could not be signed");
    ApiError::new(ErrorCode::InternalError)
}

fn log_attempt(gateway: &Gateway, row: &DeliveryRow, attempt: &Attempt, next: Next) {
    let outcome = match next {
        Next::Delivered => "delivered",
        Next::RetryAt(_) => "failed",
        Next::Parked => "parked",
        Next::EndpointGone => "gone",
    };
    metrics::counter!("torana_webhook_attempts_total", "outcome" => outcome).increment(1);
    let (name, id, error) = (
        &gateway.name,
        row.public_id.as_str(),
        attempt.error.as_deref().unwrap_or_default(),
    );
    match next {
        Next::Delivered => tracing::debug!(gateway.name = %name, delivery.id = id, "webhook delivered"),
        Next::RetryAt(due) => {
            tracing::info!(gateway.name = %name, delivery.id = id, error, delivery.due_at = %due.to_iso(), "webhook attempt failed");
        }
        Next::Parked => {
            tracing::warn!(gateway.name = %name, delivery.id = id, error, "webhook parked after its last attempt");
        }
        Next::EndpointGone => {
            tracing::warn!(gateway.name = %name, delivery.id = id, "endpoint answered 410 and was switched off");
        }
    }
}

/// Takes a URL out of a gateway's settings. An event type whose own list gets empty stays without deliveries.
fn switch_off(tx: &mut dyn Tx, gateway: &GatewayName, url: &str, wall: Timestamp) -> Result<(), StoreError> {
    let Some(row) = gateways::find(tx, gateway)? else {
        return Ok(());
    };
    let settings = without_url(row.settings, url);
    gateways::update(tx, row.id, row.enabled, &settings, wall)
}

fn without_url(mut settings: GatewaySettings, url: &str) -> GatewaySettings {
    settings.webhook_urls.retain(|known| known != url);
    for urls in settings.webhook_overrides.values_mut() {
        urls.retain(|known| known != url);
    }
    settings
}

#[cfg(test)]
mod tests;
