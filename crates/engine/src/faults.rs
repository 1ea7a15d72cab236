//! Faults of a sandbox world: set, listed, removed.

use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_exchange::core::faults::ACTIVE_FAULTS_MAX;
use torana_exchange::core::{Command, Fault, NewFault, Reply};

use crate::context::Engine;
use crate::error::EngineError;
use crate::gateways::Gateway;

/// The faults of a world, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldFaults {
    /// Those that can still fire.
    pub active: Vec<Fault>,
    /// The latest of those that cannot fire any more.
    pub spent: Vec<Fault>,
}

impl Engine {
    /// Sets a fault on the paper exchange.
    ///
    /// # Errors
    /// 400 `validation_failed` when the world has as many as it may have.
    pub async fn set_fault(&self, gateway: &Gateway, new: NewFault) -> Result<Fault, EngineError> {
        let at = self.world_now(gateway);
        match self.ask_exchange(gateway, at, Command::SetFault(new)).await? {
            Reply::FaultSet(fault) => Ok(*fault),
            Reply::TooManyFaults => Err(ApiError::validation([format!(
                "name: a world has at most {ACTIVE_FAULTS_MAX} active faults; remove one first"
            )])),
            _ => Err(ApiError::new(ErrorCode::InternalError)),
        }
    }

    /// The faults of a world.
    ///
    /// # Errors
    /// 503 when the exchange does not answer.
    pub async fn faults(&self, gateway: &Gateway) -> Result<WorldFaults, EngineError> {
        let at = self.world_now(gateway);
        match self.ask_exchange(gateway, at, Command::ListFaults).await? {
            Reply::Faults { active, spent } => Ok(WorldFaults { active, spent }),
            _ => Err(ApiError::new(ErrorCode::InternalError)),
        }
    }

    /// Removes the active fault of this number, or all, and gives how many that were.
    ///
    /// # Errors
    /// 404 `fault_not_found` when there is none of this number.
    pub async fn remove_faults(&self, gateway: &Gateway, only: Option<u64>) -> Result<usize, EngineError> {
        let at = self.world_now(gateway);
        match self
            .ask_exchange(gateway, at, Command::RemoveFaults(only))
            .await?
        {
            Reply::FaultsRemoved(0) if only.is_some() => Err(ApiError::new(ErrorCode::FaultNotFound)),
            Reply::FaultsRemoved(count) => Ok(count),
            _ => Err(ApiError::new(ErrorCode::InternalError)),
        }
    }
}
