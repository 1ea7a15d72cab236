//! The partner's credentials, checked before a handler sees the request.

use std::marker::PhantomData;

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_domain::ids::TransactionId;
use torana_engine::idempotency::KeyedRequest;
use torana_engine::{Caller, Gateway};

use super::arrived::{Arrived, PathParams};
use crate::failure::Failure;
use crate::keyed;
use crate::limits::rate::RateClass;
use crate::query::Query;
use crate::state::ApiState;

/// What a route asks of its caller.
pub trait Access: Send + Sync + 'static {
    /// Which rate limit counts.
    const RATE: RateClass;
    /// Whether a user token must be sent; without it none is looked at.
    const NEEDS_USER: bool;
    /// Whether the route exists for sandbox gateways only.
    const SANDBOX_ONLY: bool = false;
}

/// Creating transactions.
pub struct Creation;
/// Reading for a user.
pub struct Reading;
/// Sandbox control.
pub struct Control;
/// Sandbox control on behalf of a user.
pub struct ControlForUser;

impl Access for Creation {
    const RATE: RateClass = RateClass::Creation;
    const NEEDS_USER: bool = true;
}

impl Access for Reading {
    const RATE: RateClass = RateClass::Engine;
    const NEEDS_USER: bool = true;
}

impl Access for Control {
    const RATE: RateClass = RateClass::Engine;
    const NEEDS_USER: bool = false;
    const SANDBOX_ONLY: bool = true;
}

impl Access for ControlForUser {
    const RATE: RateClass = RateClass::Engine;
    const NEEDS_USER: bool = true;
    const SANDBOX_ONLY: bool = true;
}

/// A request whose caller is known.
pub struct Call<A> {
    /// Who calls.
    pub caller: Caller,
    /// The query string.
    pub query: Query,
    /// The body as it came.
    pub body: Bytes,
    /// `Idempotency-Key` of a POST, not answered before.
    pub keyed: Option<KeyedRequest>,
    path_params: PathParams,
    access: PhantomData<A>,
}

impl<A> Call<A> {
    /// The transaction that the path names.
    ///
    /// # Errors
    /// 404 `invalid_transactionId` for what can be no id.
    pub fn transaction_id(&self) -> Result<TransactionId, ApiError> {
        TransactionId::parse(self.path_param("transactionId"))
            .map_err(|bad| ApiError::new(ErrorCode::InvalidTransactionId).with_detail(bad.to_string()))
    }

    /// A segment of the path by the name that the route gives it; empty if the route has none of that name.
    #[must_use]
    pub fn path_param(&self, name: &str) -> &str {
        self.path_params.get(name)
    }
}

impl<A: Access> FromRequest<ApiState> for Call<A> {
    type Rejection = Response;

    async fn from_request(request: Request, api: &ApiState) -> Result<Self, Response> {
        let refused = |error: ApiError| Failure(error).into_response();
        let arrived = Arrived::read(request).await.map_err(refused)?;
        arrived.check_failures(api).map_err(refused)?;
        let caller = identify::<A>(api, &arrived).await.map_err(|error| {
            arrived.count_failure(api, &error);
            refused(error)
        })?;
        count(api, &arrived, &caller.gateway, A::RATE).map_err(refused)?;
        let keyed = keyed::of_request(&arrived, &caller).map_err(refused)?;
        if let Some(answer) = keyed::stored(api, &caller, keyed.as_ref())
            .await
            .map_err(refused)?
        {
            return Err(answer);
        }
        let query = arrived.query().map_err(refused)?;
        Ok(Self {
            caller,
            query,
            body: arrived.body,
            keyed,
            path_params: arrived.path_params,
            access: PhantomData,
        })
    }
}

/// Gateway, API secret, user token.
async fn identify<A: Access>(api: &ApiState, arrived: &Arrived) -> Result<Caller, ApiError> {
    let engine = api.engine();
    let gateway = engine.enabled_gateway(arrived.gateway_name())?;
    if A::SANDBOX_ONLY && !gateway.is_sandbox() {
        return Err(ErrorCode::RouteNotFound.into());
    }
    if gateway.settings.rate_limits {
        arrived
            .notes()
            .note_rate(api.rates().peek(gateway.id, A::RATE, api.ticks()));
    }
    engine.check_api_secret(&gateway, arrived.header("x-gateway-secret"))?;
    if !A::NEEDS_USER {
        return Ok(Caller {
            gateway,
            principal: None,
            investor: None,
        });
    }
    let (principal, investor) = engine
        .check_user_token(&gateway, arrived.header("x-gateway-authtoken"))
        .await?;
    Ok(Caller {
        gateway,
        principal: Some(principal),
        investor,
    })
}

fn count(api: &ApiState, arrived: &Arrived, gateway: &Gateway, class: RateClass) -> Result<(), ApiError> {
    if !gateway.settings.rate_limits {
        return Ok(());
    }
    let reading = api.rates().take(gateway.id, class, api.ticks());
    arrived.notes().note_rate(reading);
    match reading.retry_after {
        None => Ok(()),
        Some(seconds) => Err(ApiError::new(ErrorCode::RateLimited).retry_after(seconds)),
    }
}
