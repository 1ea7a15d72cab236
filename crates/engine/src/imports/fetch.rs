//! Reading an account: whose access is used, what is read with it, and what a failure means.

use torana_brokers::{AsOf, Broker, BrokerError, Call, DematFund, Holding, NetPosition, PlatformScope};
use torana_contract::holdings::HoldingsSnapshot;
use torana_domain::time::Timestamp;
use torana_runtime::BoxFuture;
use torana_storage::gateway::investors::InvestorRow;
use torana_storage::gateway::sessions::{self, BrokerSessionRow};
use torana_storage::{StoreError, Tx};

use super::snapshot::snapshot_of;
use crate::context::Engine;
use crate::error::EngineError;
use crate::execution::within_limit;
use crate::jobs::Claimed;

/// Why holdings could not be read.
pub(super) enum FetchFailure {
    /// Trying again is of no use without the user.
    Final,
    /// Perhaps later, after so many seconds if the broker said so.
    Passing(Option<u32>),
}

impl From<BrokerError> for FetchFailure {
    fn from(error: BrokerError) -> Self {
        tracing::warn!(%error, "holdings could not be read");
        match error {
            BrokerError::SessionExpired | BrokerError::Unsupported => Self::Final,
            BrokerError::RateLimited { retry_after_seconds } => Self::Passing(retry_after_seconds),
            BrokerError::Unavailable(_) | BrokerError::Protocol(_) => Self::Passing(None),
        }
    }
}

/// What a broker says about an account.
pub(super) struct Reading {
    pub(super) holdings: AsOf<Vec<Holding>>,
    pub(super) positions: Vec<NetPosition>,
    /// `None` where they were not asked for, or the broker has no such read.
    pub(super) funds: Option<Vec<DematFund>>,
}

impl Engine {
    /// Reads the account: with the user's session while it lives, else by the platform's own access where the
    /// broker grants that.
    pub(super) async fn fetch_snapshot(
        &self,
        job: &Claimed,
        investor: &InvestorRow,
        session: Option<BrokerSessionRow>,
        with_funds: bool,
    ) -> Result<Result<HoldingsSnapshot, FetchFailure>, EngineError> {
        let (Some(session), Some(broker)) = (session, self.broker(&job.gateway, investor.broker)) else {
            return Ok(Err(FetchFailure::Final));
        };
        let (gateway, at) = (&job.gateway, self.present(job).world);
        let mut read = Err(BrokerError::SessionExpired);
        if let Some(call) = self.open_call(gateway, &session, at)? {
            read = self.read_account(&*broker, &call, with_funds).await;
            if let Err(BrokerError::SessionExpired) = &read {
                self.forget_session(session.id, self.present(job).world).await?;
            }
        }
        if let Err(BrokerError::SessionExpired) = &read {
            let granted = self.platform_call(gateway, &*broker, &session, PlatformScope::Holdings, at);
            read = match granted.await? {
                Ok(Some(call)) => self.read_account(&*broker, &call, with_funds).await,
                Ok(None) => read,
                Err(error) => Err(error),
            };
        }
        Ok(read
            .map(|reading| snapshot_of(&self.master_at(at), reading))
            .map_err(FetchFailure::from))
    }

    /// Holdings must be there; a broker without positions or funds has none.
    pub(super) async fn read_account(
        &self,
        broker: &dyn Broker,
        call: &Call,
        with_funds: bool,
    ) -> Result<Reading, BrokerError> {
        let holdings = self.read_in_time(broker.holdings(call.clone())).await?;
        let positions = if_offered(self.read_in_time(broker.positions(call.clone())).await)?;
        let funds = if with_funds {
            if_offered(self.read_in_time(broker.demat_funds(call.clone())).await)?
        } else {
            None
        };
        let positions = positions.unwrap_or_default();
        Ok(Reading {
            holdings,
            positions,
            funds,
        })
    }

    async fn read_in_time<T>(
        &self,
        read: BoxFuture<'static, Result<AsOf<T>, BrokerError>>,
    ) -> Result<AsOf<T>, BrokerError> {
        within_limit(self.rt(), read)
            .await
            .unwrap_or_else(|| Err(BrokerError::Unavailable("no answer in time".to_owned())))
    }
}

fn if_offered<T>(read: Result<AsOf<T>, BrokerError>) -> Result<Option<T>, BrokerError> {
    match read {
        Ok(read) => Ok(Some(read.value)),
        Err(BrokerError::Unsupported) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Seconds until the next try: 1, 2, 4, … or what the broker asked for, a minute at most.
pub(super) fn fetch_wait(attempts: i64, asked: Option<u32>) -> i64 {
    asked
        .map_or(1_i64 << attempts.clamp(1, 6).saturating_sub(1), i64::from)
        .clamp(1, 60)
}

/// The newest living session of a user at the user's broker, else the newest of all, which still says whose account
/// it is.
pub(super) fn newest_session(
    tx: &mut dyn Tx,
    investor: &InvestorRow,
    at: Timestamp,
) -> Result<Option<BrokerSessionRow>, StoreError> {
    let living = sessions::list_living_brokers(tx, investor.id, at)?;
    match living
        .into_iter()
        .find(|session| session.broker == investor.broker)
    {
        Some(session) => Ok(Some(session)),
        None => sessions::newest_broker(tx, investor.id, investor.broker),
    }
}
