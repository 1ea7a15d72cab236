//! A request that is here completely, before anything about it was believed.

use std::net::IpAddr;

use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams, Request};
use bytes::Bytes;
use http::request::Parts;
use http_body_util::{BodyExt as _, Limited};
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;

use crate::frame::Notes;
use crate::query::Query;
use crate::state::ApiState;

/// Largest body of a request.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// The named segments of a path.
#[derive(Debug)]
pub struct PathParams(Vec<(String, String)>);

impl PathParams {
    /// A segment by the name that the route gives it; empty if the route has none of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }
}

/// A request with its body.
#[derive(Debug)]
pub struct Arrived {
    parts: Parts,
    /// The segments that the route names.
    pub path_params: PathParams,
    /// The body as it came.
    pub body: Bytes,
}

impl Arrived {
    /// Reads a routed request.
    ///
    /// # Errors
    /// 413 `payload_too_large`, 400 `validation_failed` for a path that is no UTF-8.
    pub async fn read(request: Request) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let body = read_body(body).await?;
        let params = RawPathParams::from_request_parts(&mut parts, &())
            .await
            .map_err(|_| ApiError::validation(["path: must be percent-encoded UTF-8".to_owned()]))?;
        let path_params = params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Ok(Self {
            parts,
            path_params: PathParams(path_params),
            body,
        })
    }

    /// A segment of the path by the name that the route gives it; empty if the route has none of that name.
    #[must_use]
    pub fn path_param(&self, name: &str) -> &str {
        self.path_params.get(name)
    }

    /// The gateway's name.
    #[must_use]
    pub fn gateway_name(&self) -> &str {
        self.path_param("gatewayName")
    }

    /// A header's bytes; of several the first one.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.parts.headers.get(name).map(http::HeaderValue::as_bytes)
    }

    /// The query string, decoded.
    ///
    /// # Errors
    /// 400 `validation_failed`.
    pub fn query(&self) -> Result<Query, ApiError> {
        Query::parse(self.parts.uri.query())
    }

    /// The path, without its query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &http::Method {
        &self.parts.method
    }

    /// Where the headers of the answer are noted.
    #[must_use]
    pub fn notes(&self) -> Notes {
        self.parts.extensions.get::<Notes>().cloned().unwrap_or_default()
    }

    /// Refuses an address that failed too many checks lately.
    ///
    /// # Errors
    /// 429 `rate_limited`.
    pub fn check_failures(&self, api: &ApiState) -> Result<(), ApiError> {
        let Some(client) = self.client() else {
            return Ok(());
        };
        match api.failures().wait_of(client, api.ticks()) {
            None => Ok(()),
            Some(seconds) => Err(ApiError::new(ErrorCode::RateLimited)
                .retry_after(seconds)
                .with_detail("too many failed gateway, secret or token checks from this address")),
        }
    }

    /// Counts a failed check of gateway, API secret or user token against the address; other errors are none.
    pub fn count_failure(&self, api: &ApiState, error: &ApiError) {
        let is_credential = matches!(
            error.code,
            ErrorCode::InvalidGateway
                | ErrorCode::GatewayDisabled
                | ErrorCode::InvalidApiSecret
                | ErrorCode::InvalidJwt
                | ErrorCode::UnknownUser
        );
        if let Some(client) = self.client().filter(|_| is_credential) {
            api.failures().record(client, api.ticks());
        }
    }

    fn client(&self) -> Option<IpAddr> {
        self.parts.extensions.get::<IpAddr>().copied()
    }
}

async fn read_body(body: Body) -> Result<Bytes, ApiError> {
    use axum::body::HttpBody as _;
    let too_large = || {
        ApiError::new(ErrorCode::PayloadTooLarge)
            .with_detail(format!("a body may have at most {BODY_BYTES_MAX} bytes"))
    };
    // An announced length is believed when it is too long: nothing of such a body is read.
    if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
        return Err(too_large());
    }
    match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(too_large()),
        Err(_) => Err(ApiError::new(ErrorCode::MalformedJson).with_detail("the body broke off")),
    }
}
