//! What every request passes on its way to a route: client address, request id, log span, bounded body; and
//! on the way back: the id as header, metrics, and an answer even when a route panicked.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use futures_util::FutureExt as _;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::{Body as _, Incoming};
use torana_config::IpBlock;
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_domain::ids::RequestId;
use torana_runtime::{Entropy, Stream, random_bytes};
use tower::ServiceExt as _;
use tracing::Instrument as _;

use crate::net::Limits;
use crate::net::body::{BodyFate, TimedBody};
use crate::net::proxies::client_address;
use crate::telemetry::metrics::RequestMetrics;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// First path segments under which every failure carries the contract's JSON body.
const JSON_PREFIXES: [&str; 3] = ["/gateway/", "/v1/", "/torana/"];

/// The way to one router. Requests reach it with the extensions [`RequestId`] and [`IpAddr`] (the client's).
pub struct Gate {
    name: &'static str,
    router: Router,
    trusted_proxies: Vec<IpBlock>,
    documentation_base: String,
    entropy: Arc<dyn Entropy>,
    limits: Limits,
    metrics: RequestMetrics,
}

/// An answer, and what it means for its connection.
pub(super) struct Answered {
    /// What is sent.
    pub(super) response: Response<Body>,
    /// Whether the request's body did not come to its end: the connection ends after the answer.
    pub(super) has_unread_body: bool,
}

impl Gate {
    /// A gate for the listener `name`; `public_url` is the origin in links to the error pages.
    #[must_use]
    pub fn new(
        name: &'static str,
        router: Router,
        public_url: &str,
        trusted_proxies: Vec<IpBlock>,
        entropy: Arc<dyn Entropy>,
        limits: Limits,
    ) -> Self {
        let documentation_base = format!("{public_url}/docs/errors");
        let metrics = RequestMetrics::new(name);
        Self {
            name,
            router,
            trusted_proxies,
            documentation_base,
            entropy,
            limits,
            metrics,
        }
    }

    /// Which listener this is, in logs and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Answers one request, whatever its route does.
    pub(super) async fn answer(&self, peer: IpAddr, request: Request<Incoming>) -> Answered {
        let started = Instant::now();
        let id = RequestId::from_random(random_bytes(&*self.entropy, Stream::Secrets));
        let client = client_address(peer, request.headers(), &self.trusted_proxies);
        let span = tracing::info_span!("request", request.id = id.as_str());
        let (mut head, body) = request.into_parts();
        head.extensions.insert(id.clone());
        head.extensions.insert(client);
        let (method, path) = (head.method.clone(), head.uri.path().to_owned());
        let fate = (!body.is_end_stream()).then(BodyFate::default);
        let body = match &fate {
            None => Body::empty(),
            Some(fate) => Body::new(TimedBody::new(body, self.limits.body_time_max, fate.clone())),
        };
        let routed = self.router.clone().oneshot(Request::from_parts(head, body));
        let result = AssertUnwindSafe(routed)
            .catch_unwind()
            .instrument(span.clone())
            .await;
        let mut answer = match result {
            Ok(Ok(answer)) => answer,
            Ok(Err(never)) => match never {},
            Err(_) => self.failure(&path, ErrorCode::InternalError, &id),
        };
        let is_drained = match &fate {
            None => true,
            Some(fate) => fate.drain().await,
        };
        let _entered = span.enter();
        let was_slow = fate.is_some_and(|fate| fate.was_slow());
        if was_slow {
            metrics::counter!("torana_http_slow_requests_total", "part" => "body").increment(1);
            answer = self.failure(&path, ErrorCode::RequestTimeout, &id);
        }
        let has_unread_body = was_slow || !is_drained;
        if has_unread_body {
            answer
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Ok(value) = HeaderValue::from_str(id.as_str()) {
            answer.headers_mut().entry(&REQUEST_ID).or_insert(value);
        }
        let (status, elapsed) = (answer.status(), started.elapsed());
        self.metrics.record(status, elapsed);
        if status.is_server_error() {
            tracing::error!(http.method = %method, http.path = %path, http.status = status.as_u16(), client.address = %client, "request failed");
        } else {
            let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
            tracing::debug!(http.method = %method, http.path = %path, http.status = status.as_u16(), client.address = %client, elapsed_us = micros, "request answered");
        }
        Answered {
            response: answer,
            has_unread_body,
        }
    }

    /// A failure that no route could answer itself.
    fn failure(&self, path: &str, code: ErrorCode, id: &RequestId) -> Response<Body> {
        let error = ApiError::new(code);
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (kind, body) = if JSON_PREFIXES.iter().any(|prefix| path.starts_with(prefix)) {
            let body =
                serde_json::to_vec(&error.body(id.as_str(), &self.documentation_base)).unwrap_or_default();
            ("application/json", body)
        } else {
            let text = format!("{}\n\n{}\nRequest {id}\n", status, code.spec().explanation);
            ("text/plain; charset=utf-8", text.into_bytes())
        };
        let mut answer = Response::new(Body::from(body));
        *answer.status_mut() = status;
        answer
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        answer
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }
}
