//! Who is calling: gateway, API secret, user token, in the order of the contract.

use std::sync::Arc;

use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_credentials::jwt;
pub use torana_credentials::jwt::Principal;
use torana_domain::gateway::Mode;
use torana_domain::ids::AuthId;
use torana_storage::gateway::investors::{self, InvestorRow};

use crate::context::Engine;
use crate::error::{EngineError, from_store};
use crate::gateways::Gateway;

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The gateway.
    pub gateway: Arc<Gateway>,
    /// For whom; `None` where a route needs no user token and none was sent.
    pub principal: Option<Principal>,
    /// The connected user's row.
    pub investor: Option<InvestorRow>,
}

impl Caller {
    /// The connected user, or the refusal of a guest.
    ///
    /// # Errors
    /// 403 `connected_user_required`.
    pub fn connected(&self) -> Result<&InvestorRow, EngineError> {
        self.investor
            .as_ref()
            .ok_or_else(|| ApiError::new(ErrorCode::ConnectedUserRequired))
    }

    /// The connected user's public id.
    #[must_use]
    pub fn auth_id(&self) -> Option<&AuthId> {
        self.investor.as_ref().map(|investor| &investor.auth_id)
    }

    /// Whom a stored answer belongs to: `guest`, the user's id, or `gateway` without a user token.
    #[must_use]
    pub fn principal_text(&self) -> &str {
        match &self.principal {
            None => "gateway",
            Some(Principal::Guest) => "guest",
            Some(Principal::Connected(id)) => id.as_str(),
        }
    }
}

impl Engine {
    /// Finds a gateway that serves requests.
    ///
    /// # Errors
    /// 404 `invalid_gateway`, 403 `gateway_disabled`.
    pub fn enabled_gateway(&self, name: &str) -> Result<Arc<Gateway>, EngineError> {
        let gateway = self
            .gateway(name)
            .ok_or_else(|| ApiError::new(ErrorCode::InvalidGateway))?;
        let served = match gateway.mode {
            Mode::Sandbox => self.inner().parts.allows_sandbox,
            Mode::Live => self.inner().parts.allows_live,
        };
        if !gateway.enabled {
            return Err(ApiError::new(ErrorCode::GatewayDisabled)
                .with_detail("the operator switched this gateway off"));
        }
        if !served {
            let detail = format!("this server does not serve {} gateways", gateway.mode.as_str());
            return Err(ApiError::new(ErrorCode::GatewayDisabled).with_detail(detail));
        }
        Ok(gateway)
    }

    /// Checks `x-gateway-secret`.
    ///
    /// # Errors
    /// 401 `invalid_api_secret`.
    pub fn check_api_secret(&self, gateway: &Gateway, presented: Option<&[u8]>) -> Result<(), EngineError> {
        let presented = presented.ok_or_else(|| {
            ApiError::new(ErrorCode::InvalidApiSecret).with_detail("header x-gateway-secret is missing")
        })?;
        if gateway.api_secret.accepted(self.wall_now()).matches(presented) {
            Ok(())
        } else {
            Err(ApiError::new(ErrorCode::InvalidApiSecret))
        }
    }

    /// Checks a user token, the existence of its user included.
    ///
    /// # Errors
    /// 401 `invalid_jwt` with the failed rule, 401 `unknown_user`.
    pub async fn check_user_token(
        &self,
        gateway: &Gateway,
        token: Option<&[u8]>,
    ) -> Result<(Principal, Option<InvestorRow>), EngineError> {
        let token = token.ok_or_else(|| {
            ApiError::new(ErrorCode::InvalidJwt).with_detail("header x-gateway-authtoken is missing")
        })?;
        let now = self.wall_now();
        let principal = jwt::verify(token, &gateway.verify_keys(now), &gateway.jwt_policy(), now)
            .map_err(|rejection| ApiError::new(ErrorCode::InvalidJwt).with_detail(rejection.to_string()))?;
        match &principal {
            Principal::Guest => Ok((principal, None)),
            Principal::Connected(id) => {
                let investor = self.find_investor(gateway, id).await?;
                let investor = investor.ok_or_else(|| ApiError::new(ErrorCode::UnknownUser))?;
                Ok((principal, Some(investor)))
            }
        }
    }

    /// The investor with that public id on that gateway.
    ///
    /// # Errors
    /// The storage's.
    pub async fn find_investor(
        &self,
        gateway: &Gateway,
        id: &AuthId,
    ) -> Result<Option<InvestorRow>, EngineError> {
        investors::fetch(self.store(), gateway.id, id)
            .await
            .map_err(from_store)
    }

    /// Mints the token that a partner gets for a connected user: one hour, signed with the active secret.
    #[must_use]
    pub fn mint_user_token(&self, gateway: &Gateway, id: &AuthId) -> String {
        let principal = Principal::Connected(id.clone());
        jwt::mint(
            &principal,
            gateway.secret.signing(),
            self.wall_now(),
            USER_TOKEN_SECONDS,
        )
    }
}

/// Life of a minted user token.
pub const USER_TOKEN_SECONDS: i64 = 3600;
