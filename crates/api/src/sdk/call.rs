//! A request of the protocol after its checks: gateway, page, SDK version, session.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_credentials::origin::Origin;
use torana_domain::ids::TransactionId;
use torana_engine::Gateway;

use super::cors::PageOrigin;
use crate::call::Arrived;
use crate::failure::Failure;
use crate::state::ApiState;

/// Longest `x-torana-sdk`.
const SDK_VERSION_BYTES_MAX: usize = 64;

/// A request from an SDK. The gateway exists, is enabled and lists the page.
pub struct SdkCall {
    /// The gateway.
    pub gateway: Arc<Gateway>,
    /// The calling page; `None` for mobile apps.
    pub origin: Option<Origin>,
    /// The request.
    pub arrived: Arrived,
}

impl SdkCall {
    /// The value after `Bearer` of the header `Authorization`.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let text = std::str::from_utf8(self.arrived.header("authorization")?).ok()?;
        let (scheme, value) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(value.trim())
    }

    /// The body as it came; nothing counts as `{}`.
    #[must_use]
    pub fn body(&self) -> Bytes {
        if self.arrived.body.is_empty() {
            Bytes::from_static(b"{}")
        } else {
            self.arrived.body.clone()
        }
    }

    /// The transaction that the path names.
    ///
    /// # Errors
    /// 404 `invalid_transactionId` for what can be no id.
    pub fn transaction_id(&self) -> Result<TransactionId, ApiError> {
        TransactionId::parse(self.arrived.path_param("transactionId"))
            .map_err(|bad| ApiError::new(ErrorCode::InvalidTransactionId).with_detail(bad.to_string()))
    }
}

impl FromRequest<ApiState> for SdkCall {
    type Rejection = Response;

    async fn from_request(request: Request, api: &ApiState) -> Result<Self, Response> {
        let refused = |error: ApiError| Failure(error).into_response();
        let origin = request
            .extensions()
            .get::<PageOrigin>()
            .map(|page| page.0.clone());
        let arrived = Arrived::read(request).await.map_err(refused)?;
        arrived.check_failures(api).map_err(refused)?;
        let gateway = api
            .engine()
            .enabled_gateway(arrived.gateway_name())
            .map_err(|error| {
                arrived.count_failure(api, &error);
                refused(error)
            })?;
        check_version(arrived.header("x-torana-sdk")).map_err(refused)?;
        Ok(Self {
            gateway,
            origin,
            arrived,
        })
    }
}

/// `name/version`, such as `web/1.0.0`.
fn check_version(header: Option<&[u8]>) -> Result<(), ApiError> {
    let is_word = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-+_".contains(&byte))
    };
    let text = header
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .unwrap_or("");
    let is_version = text.len() <= SDK_VERSION_BYTES_MAX
        && text
            .split_once('/')
            .is_some_and(|(name, version)| is_word(name) && is_word(version));
    if is_version {
        return Ok(());
    }
    Err(ApiError::validation([
        "x-torana-sdk: is required: name and version of the SDK, such as web/1.0.0".to_owned(),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sdks_say_who_they_are() {
        for good in ["web/1.0.0", "android/2.3.1-rc.1+b7", "react_native/1"] {
            assert!(check_version(Some(good.as_bytes())).is_ok(), "{good}");
        }
        let long = format!("web/{}", "1".repeat(61));
        for bad in [
            None,
            Some(""),
            Some("web"),
            Some("/1"),
            Some("web/"),
            Some("web/1 0"),
            Some("a/b/c"),
            Some(&long),
        ] {
            assert_eq!(
                check_version(bad.map(str::as_bytes)).map_err(|error| error.status()),
                Err(400),
                "{bad:?}"
            );
        }
    }
}
