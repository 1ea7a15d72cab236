//! The operator's and developer's hands on a sandbox gateway: accounts and reset.

use serde_json::json;
use torana_clock::world::ClockState;
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_domain::broker_key::BrokerKey;
use torana_domain::order::{Evidence, OrderState};
use torana_domain::time::{DAY_MS, Timestamp};
use torana_exchange::core::command::{AccountView, NewAccount, NewTick, TickProblem, WorldView};
use torana_exchange::core::{Command, Reply};
use torana_storage::gateway::jobs::{self, JobDomain};
use torana_storage::gateway::{batches, gateways, resets, transactions, transcripts, walks};
use torana_storage::{StoreError, Tx};

use crate::context::{Engine, lock};
use crate::create::to_json;
use crate::error::{EngineError, from_store};
use crate::gateways::Gateway;
use crate::jobs::kind;
use crate::lifecycle::{self, Now};
use crate::rest::Walk;

/// How much a reset throws away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetScope {
    /// Prices, books, accounts and clock; users and transactions stay.
    Exchange,
    /// The gateway's users, transactions, jobs and stored answers too.
    World,
}

/// What a reset asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reset {
    /// How much.
    pub scope: ResetScope,
    /// New seed of the prices.
    pub seed: Option<u64>,
    /// New start instant.
    pub start_at: Option<Timestamp>,
    /// Whether the clock stands still there.
    pub freeze: bool,
}

impl Engine {
    /// Makes an account on the paper exchange.
    ///
    /// # Errors
    /// 409 `account_exists`, 422 `ticker_not_found`, 400 `validation_failed`.
    pub async fn create_account(
        &self,
        gateway: &Gateway,
        new: NewAccount,
    ) -> Result<AccountView, EngineError> {
        let names: Vec<String> = new
            .holdings
            .iter()
            .map(|holding| holding.security.as_str().to_owned())
            .collect();
        self.await_quiet(gateway).await?;
        match self
            .ask_exchange(gateway, self.world_now(gateway), Command::CreateAccount(new))
            .await?
        {
            Reply::AccountMade(account) => Ok(account),
            Reply::AccountExists => Err(ApiError::new(ErrorCode::AccountExists)),
            Reply::SecurityNotFound { holding } => {
                let name = names.get(holding).cloned().unwrap_or_default();
                Err(ApiError::new(ErrorCode::TickerNotFound)
                    .with_detail(format!("holdings[{holding}]: {name}")))
            }
            Reply::BadAccount { text } => Err(ApiError::validation([text])),
            _ => Err(ApiError::new(ErrorCode::InternalError)),
        }
    }

    /// Sets prices of this world, all or none; gives their number.
    ///
    /// # Errors
    /// 422 `ticker_not_found`, `tick_in_past`, `invalid_price`, with each price that is refused.
    pub async fn set_prices(&self, gateway: &Gateway, ticks: Vec<NewTick>) -> Result<usize, EngineError> {
        match self
            .ask_exchange(gateway, self.world_now(gateway), Command::SetPrices(ticks))
            .await?
        {
            Reply::PricesSet { accepted } => Ok(accepted),
            Reply::TicksRefused { why, ticks } => {
                let code = match why {
                    TickProblem::Unknown => ErrorCode::TickerNotFound,
                    TickProblem::InPast => ErrorCode::TickInPast,
                    TickProblem::Price => ErrorCode::InvalidPrice,
                };
                let details = ticks
                    .into_iter()
                    .map(|(index, text)| format!("ticks[{index}]: {text}"));
                Err(ApiError::new(code).with_details(details))
            }
            _ => Err(ApiError::new(ErrorCode::InternalError)),
        }
    }

    /// The accounts of a broker in this world.
    ///
    /// # Errors
    /// 503 when the exchange does not answer.
    pub async fn accounts(
        &self,
        gateway: &Gateway,
        broker: BrokerKey,
    ) -> Result<Vec<AccountView>, EngineError> {
        match self
            .ask_exchange(gateway, self.world_now(gateway), Command::ListAccounts(broker))
            .await?
        {
            Reply::Accounts(accounts) => Ok(accounts),
            _ => Err(ApiError::new(ErrorCode::InternalError)),
        }
    }

    /// Starts the world again; the only way to move its clock back.
    ///
    /// Two databases cannot change in one commit. First the exchange begins anew, in one commit; then the gateway
    /// follows in one: what it forgets, the transcript and the clock. A process that ends in between leaves users and
    /// transactions of a world that is gone; the same call again makes it whole, because both steps may be repeated.
    ///
    /// # Errors
    /// 409 `clock_busy`; 503 when the exchange does not answer.
    pub async fn reset(
        &self,
        gateway: &Gateway,
        reset: Reset,
    ) -> Result<(WorldView, ClockState), EngineError> {
        let walk = self.begin_walk(gateway).await?;
        let done = self.reset_within(&walk, reset).await;
        if done.is_err() {
            self.abandon_walk(walk).await;
            return done;
        }
        drop(walk);
        self.seed_again(gateway).await?;
        done
    }

    async fn reset_within(&self, walk: &Walk, reset: Reset) -> Result<(WorldView, ClockState), EngineError> {
        let gateway = &walk.gateway;
        self.await_running_jobs(gateway).await?;
        let command = Command::Reset {
            seed: reset.seed,
            start: reset.start_at,
        };
        let reply = self
            .ask_exchange(gateway, self.world_now(gateway), command)
            .await?;
        let Reply::World(world) = reply else {
            return Err(ApiError::new(ErrorCode::InternalError));
        };
        let clock = self.reset_gateway(walk, reset, world.started_at).await?;
        Ok((world, clock))
    }

    /// The gateway's part of a reset, the end of its walk included.
    async fn reset_gateway(
        &self,
        walk: &Walk,
        reset: Reset,
        start: Timestamp,
    ) -> Result<ClockState, EngineError> {
        let (gateway, right) = (&walk.gateway, walk.right);
        let wall = self.wall_now();
        let version = gateway.clock.version.saturating_add(1);
        let clock = if reset.freeze {
            ClockState::frozen_at(version, start, wall)
        } else {
            ClockState::running_from(version, start, 1, wall)
                .map_err(|_| ApiError::new(ErrorCode::InternalError))?
        };
        let (gateway_id, text) = (gateway.id, to_json(&clock)?);
        let now = Now { world: start, wall };
        let written = self
            .store()
            .write("world.reset", move |tx| {
                if !walks::end(tx, right)? || !gateways::put_clock(tx, gateway_id, version, &text)? {
                    return Err(StoreError::Rollback);
                }
                transactions::turn_back(tx, gateway_id, start)?;
                transcripts::begin(tx, gateway_id)?;
                match reset.scope {
                    ResetScope::Exchange => lose_proof(tx, gateway_id, now),
                    ResetScope::World => {
                        resets::delete_world(tx, gateway_id)?;
                        let tomorrow = wall.plus_ms(DAY_MS);
                        jobs::put(tx, gateway_id, JobDomain::Wall, kind::PURGE, gateway_id, tomorrow)
                    }
                }
            })
            .await;
        match written {
            Ok(()) => {}
            // Another process moved the clock meanwhile.
            Err(StoreError::Rollback) => return Err(ApiError::new(ErrorCode::ClockBusy)),
            Err(error) => return Err(from_store(error)),
        }
        self.reload_gateways().await.map_err(from_store)?;
        self.tell_clocks().await;
        Ok(clock)
    }

    /// The user that exists from the start exists after a reset too.
    async fn seed_again(&self, gateway: &Gateway) -> Result<(), EngineError> {
        let seeded = lock(&self.inner().seeded_user).clone();
        let Some(user) = seeded.filter(|user| user.gateway_id == gateway.id) else {
            return Ok(());
        };
        let Some(gateway) = self.gateway_by_id(gateway.id) else {
            return Ok(());
        };
        self.seed_user(&gateway, user.auth_id, user.broker, &user.account)
            .await
    }
}

/// The exchange forgot its books: what was known of open orders can be proven no more. This is the one step back
/// that an order can make, and only a sandbox has it.
fn lose_proof(tx: &mut dyn Tx, gateway_id: i64, now: Now) -> Result<(), StoreError> {
    for batch in batches::list_open_of_gateway(tx, gateway_id)? {
        let mut txn = transactions::load(tx, batch.txn_id)?;
        for mut row in batches::orders(tx, batch.id)? {
            if row.order.state != OrderState::Open {
                continue;
            }
            row.order.state = OrderState::Unknown;
            row.order.evidence = Evidence::None;
            batches::update_order(tx, &row)?;
            let facts = json!({ "line": row.line, "from": "open", "to": "unknown", "why": "world reset" });
            lifecycle::record(tx, &mut txn, "order.unknown", &facts, now)?;
        }
    }
    Ok(())
}
