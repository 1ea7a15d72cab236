//! Outgoing HTTP: one connection per request, so that the checked address is the connected one and so that
//! "not sent" can be told from "outcome unknown" without guessing.
//!
//! Redirects are not followed, proxies of the environment are not used, cookies do not exist.

mod connect;
mod destination;
mod exchange;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use torana_runtime::{BoxFuture, Http, HttpError, HttpRequest, HttpResponse};
use torana_webhooks::egress::AllowList;

use destination::Destination;
pub(crate) use exchange::exchange;
pub(crate) use tls::system_roots;

/// Longest time for name look-up, connection and TLS together, within the request's own time-out.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);

/// The client.
pub struct HttpClient {
    allow: Arc<AllowList>,
    tls: Arc<tls::LazyTls>,
}

impl HttpClient {
    /// A client that lets private addresses through for these targets only.
    #[must_use]
    pub fn new(allow: AllowList) -> Self {
        Self {
            allow: Arc::new(allow),
            tls: Arc::default(),
        }
    }
}

impl Http for HttpClient {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
        let (allow, tls) = (self.allow.clone(), self.tls.clone());
        Box::pin(async move {
            let result = send(request, &allow, &tls).await;
            let outcome = match &result {
                Ok(_) => "answered",
                Err(HttpError::NotSent(_)) => "not_sent",
                Err(HttpError::Unknown(_)) => "unknown",
            };
            metrics::counter!("torana_outgoing_requests_total", "outcome" => outcome).increment(1);
            result
        })
    }
}

async fn send(
    request: HttpRequest,
    allow: &AllowList,
    tls: &tls::LazyTls,
) -> Result<HttpResponse, HttpError> {
    let deadline = tokio::time::Instant::now() + request.timeout;
    let connected_by = deadline.min(tokio::time::Instant::now() + CONNECT_TIME_MAX);
    let destination = Destination::of(&request, allow).map_err(HttpError::NotSent)?;
    let stream = tokio::time::timeout_at(connected_by, connect::connect(&destination, tls))
        .await
        .map_err(|_| HttpError::NotSent(format!("no connection to {} in time", destination.host_header)))?
        .map_err(HttpError::NotSent)?;

    let cap = request.max_response_bytes;
    let message = http_message(request, &destination).map_err(HttpError::NotSent)?;
    let answer = tokio::time::timeout_at(deadline, exchange(stream, message, cap))
        .await
        .map_err(|_| HttpError::Unknown("no complete answer in time".to_owned()))??;
    Ok(HttpResponse {
        status: answer.status,
        headers: answer.headers,
        body: answer.body,
    })
}

fn http_message(
    request: HttpRequest,
    destination: &Destination,
) -> Result<http::Request<http_body_util::Full<bytes::Bytes>>, String> {
    let mut message = http::Request::builder()
        .method(request.method)
        .uri(&destination.path_and_query)
        .body(http_body_util::Full::new(request.body))
        .map_err(|error| format!("the request cannot be written: {error}"))?;
    *message.headers_mut() = request.headers;
    let host = http::HeaderValue::from_str(&destination.host_header)
        .map_err(|_| "the host cannot stand in a header".to_owned())?;
    message.headers_mut().insert(http::header::HOST, host);
    Ok(message)
}

#[cfg(test)]
mod tests;
