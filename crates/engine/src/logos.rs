//! Logos: the partner's own and those of orders. Each is a PNG that Torana wrote, served under the hash of its
//! bytes, so that a changed picture has another address.
//!
//! The logo of an order is fetched by a job of the commit that creates its transaction, once for each gateway
//! and address. Nobody waits for it: until it is there, and where it never comes, pages show initials.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method};
use torana_credentials::sha256_hex;
use torana_domain::intent::Intent;
use torana_domain::time::{DAY_MS, Timestamp};
use torana_logos::reencode;
use torana_runtime::{EgressClass, HttpRequest};
use torana_storage::gateway::logos::{self, LogoSource};
use torana_storage::gateway::{gateways, jobs};
use torana_storage::{StoreError, Tx};

use crate::context::Engine;
use crate::deliveries::AGENT;
use crate::error::{EngineError, from_store};
use crate::execution::settled;
use crate::jobs::{Claimed, Disposition, kind};

/// Bound on one fetch, connecting included.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read; one that fills them may have been cut off and is not used.
const FETCH_BYTES_MAX: usize = 64 * 1024;
/// How often an address is asked before pages do without.
const TRIES_MAX: i64 = 2;
/// Pause before it is asked again.
const RETRY_AFTER_MS: i64 = 2000;
/// How long a fetch serves every order with the same address; afterwards the next order causes another.
const FRESH_MS: i64 = DAY_MS;
/// Rows that nobody wanted for so long are forgotten; a flow is much shorter than the difference.
pub(crate) const KEPT_MS: i64 = 2 * DAY_MS;
/// Addresses of one gateway that are kept at once; orders with further ones show initials.
const PER_GATEWAY_MAX: i64 = 1000;

/// The name of a picture: it changes with every byte.
pub(crate) fn name_of(png: &[u8]) -> String {
    sha256_hex(png)
}

fn is_name(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn source_of(intent: &Intent) -> Option<LogoSource> {
    let Intent::Securities { meta, .. } = intent else {
        return None;
    };
    let url = meta.order_logo.clone()?;
    let url_hash = sha256_hex(url.as_bytes());
    Some(LogoSource { url, url_hash })
}

/// Queues the fetch of a logo in the commit that creates its transaction, unless it was fetched lately.
pub(crate) fn want(
    tx: &mut dyn Tx,
    gateway_id: i64,
    source: &LogoSource,
    wall: Timestamp,
) -> Result<(), StoreError> {
    match logos::find(tx, gateway_id, &source.url_hash)? {
        Some(row) if wall.ms_since(row.wanted_at) < FRESH_MS => return Ok(()),
        None if logos::count(tx, gateway_id)? >= PER_GATEWAY_MAX => return Ok(()),
        _ => {}
    }
    let id = logos::want(tx, gateway_id, source, wall)?;
    jobs::put(tx, gateway_id, jobs::JobDomain::Wall, kind::FETCH_LOGO, id, wall)
}

impl Engine {
    /// The logo that an intent asks for, where this process may fetch one.
    pub(crate) fn wanted_logo(&self, intent: &Intent) -> Option<LogoSource> {
        source_of(intent).filter(|_| self.inner().parts.fetches_logos)
    }

    /// The name of the logo of a transaction's order, once it is there.
    pub(crate) async fn order_logo(
        &self,
        gateway_id: i64,
        intent: &Intent,
    ) -> Result<Option<String>, EngineError> {
        let Some(source) = source_of(intent) else {
            return Ok(None);
        };
        let row = self
            .store()
            .read(move |tx| logos::find(tx, gateway_id, &source.url_hash))
            .await
            .map_err(from_store)?;
        Ok(row.and_then(|row| row.name))
    }

    /// The PNG of that name; `None` if there is none. Whoever knows a name may see its picture.
    ///
    /// # Errors
    /// The storage's.
    pub async fn logo(&self, name: &str) -> Result<Option<Vec<u8>>, EngineError> {
        if !is_name(name) {
            return Ok(None);
        }
        let gateways = self.gateways();
        let partner = gateways
            .iter()
            .find(|gateway| gateway.logo.as_deref() == Some(name))
            .map(|gateway| gateway.id);
        let name = name.to_owned();
        self.store()
            .read(move |tx| match partner {
                // It may have been replaced a moment ago; then its name means nothing any more.
                Some(id) => Ok(gateways::logo(tx, id)?.filter(|png| name_of(png) == name)),
                None => logos::png(tx, &name),
            })
            .await
            .map_err(from_store)
    }

    /// Fetches the logo of an order.
    pub(crate) async fn fetch_logo(&self, job: &Claimed) -> Result<Disposition, EngineError> {
        let id = job.row.subject;
        let url = self
            .store()
            .read(move |tx| logos::url(tx, id))
            .await
            .map_err(from_store)?;
        let Some(url) = url.filter(|_| self.inner().parts.fetches_logos) else {
            return Ok(Disposition::Done);
        };
        let gateway = &job.gateway.name;
        let body = match self.fetch_picture(url, job.gateway.is_sandbox()).await {
            Ok(body) => body,
            Err(reason) => {
                tracing::info!(gateway.name = %gateway, job.attempts = job.row.attempts, reason, "logo of an order could not be fetched");
                return Ok(if job.row.attempts < TRIES_MAX {
                    Disposition::Again(self.wall_now().plus_ms(RETRY_AFTER_MS))
                } else {
                    Disposition::Done
                });
            }
        };
        let png = match reencode(&body) {
            Ok(png) => png,
            Err(error) => {
                tracing::info!(gateway.name = %gateway, %error, "logo of an order cannot be used");
                return Ok(Disposition::Done);
            }
        };
        let (own, name, wall) = (job.clone(), name_of(&png), self.wall_now());
        let result = self
            .store()
            .write("logo.fetched", move |tx| {
                own.finish(tx)?;
                logos::store(tx, id, &name, &png, wall)
            })
            .await;
        settled(result)
    }

    /// The bytes at an address that a partner chose, or why there are none.
    async fn fetch_picture(&self, url: String, is_sandbox: bool) -> Result<Bytes, String> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("image/png, image/jpeg"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        let request = HttpRequest {
            method: Method::GET,
            url,
            headers,
            body: Bytes::new(),
            timeout: FETCH_TIMEOUT,
            max_response_bytes: FETCH_BYTES_MAX,
            egress: EgressClass::Foreign {
                allow_http_if_listed: is_sandbox,
            },
        };
        let answer = self
            .rt()
            .http
            .send(request)
            .await
            .map_err(|error| error.to_string())?;
        if answer.status != 200 {
            return Err(format!("answered {}", answer.status));
        }
        if answer.body.len() >= FETCH_BYTES_MAX {
            return Err(format!("{FETCH_BYTES_MAX} bytes or more"));
        }
        Ok(answer.body)
    }
}

#[cfg(test)]
mod tests;
