//! World time: reading it, moving it, and running what falls due on the way.

use torana_clock::world::{ClockEdit, ClockError, ClockState};
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_domain::time::Timestamp;
use torana_exchange::core::{Command, Reply};
use torana_storage::StoreError;
use torana_storage::gateway::{gateways, jobs, walks};

use crate::context::Engine;
use crate::create::to_json;
use crate::error::{EngineError, from_store};
use crate::gateways::Gateway;
use crate::rest::Walk;

/// What a clock call ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ran {
    /// Jobs of the gateway.
    pub jobs: u64,
    /// Webhook attempts among them.
    pub webhook_attempts: u64,
    /// Events of the exchange.
    pub exchange_events: u64,
}

/// Most instants that one clock call visits; a bound against a loop, far above what 400 days can hold.
const INSTANTS_MAX: u64 = 2_000_000;

impl Engine {
    /// The gateway's present: world time for a sandbox gateway, wall time for a live one.
    #[must_use]
    pub fn world_now(&self, gateway: &Gateway) -> Timestamp {
        if !gateway.is_sandbox() {
            return self.wall_now();
        }
        if let Some(at) = self.walk_at(gateway) {
            return at;
        }
        gateway.clock.world_now(self.wall_now())
    }

    /// Whether a clock call of this process is walking through this world now.
    #[must_use]
    pub fn is_stepping(&self, gateway: &Gateway) -> bool {
        self.walk_at(gateway).is_some()
    }

    /// Moves a sandbox gateway's clock. A jump runs everything that falls due, in order of due time, each with
    /// the clock standing at its own instant, and returns when nothing is left.
    ///
    /// # Errors
    /// 409 `clock_backwards`, `clock_busy`; 422 `clock_jump_too_large`; 400 `validation_failed` for a rate out
    /// of range.
    pub async fn edit_clock(
        &self,
        gateway: &Gateway,
        edit: ClockEdit,
    ) -> Result<(ClockState, Ran), EngineError> {
        let walk = self.begin_walk(gateway).await?;
        let walked = self.walk_the_edit(&walk, edit).await;
        if walked.is_err() {
            self.abandon_walk(walk).await;
        }
        walked
    }

    /// Goes to where the edit leads, and stores the clock together with the end of the walk.
    async fn walk_the_edit(&self, walk: &Walk, edit: ClockEdit) -> Result<(ClockState, Ran), EngineError> {
        let gateway = &walk.gateway;
        let start = self.world_now(gateway);
        let next = gateway.clock.apply(edit, self.wall_now()).map_err(clock_error)?;
        let target = next.world_now(self.wall_now());
        self.await_running_jobs(gateway).await?;
        let ran = self.step_world(walk, start, target).await?;
        let clock = rebased(next, target, self.wall_now());
        let (right, version, text) = (walk.right, clock.version, to_json(&clock)?);
        let stored = self.store().write("clock.changed", move |tx| {
            let stands = walks::end(tx, right)? && gateways::put_clock(tx, right.gateway_id, version, &text)?;
            stands.then_some(()).ok_or(StoreError::Rollback)
        });
        match stored.await {
            Ok(()) => {}
            Err(StoreError::Rollback) => return Err(ApiError::new(ErrorCode::ClockBusy)),
            Err(error) => return Err(from_store(error)),
        }
        // The new clock is known before the walk's instant is forgotten.
        self.reload_gateways().await.map_err(from_store)?;
        self.tell_clocks().await;
        Ok((clock, ran))
    }

    /// Stores a clock state made by the caller (creation of a world, reset, start of the demo).
    ///
    /// # Errors
    /// 409 `clock_busy` if another process changed the clock meanwhile; the storage's.
    pub async fn store_clock(&self, gateway: &Gateway, state: ClockState) -> Result<ClockState, EngineError> {
        let text = to_json(&state)?;
        let (gateway_id, version) = (gateway.id, state.version);
        let stored = self
            .store()
            .write("clock.changed", move |tx| {
                gateways::put_clock(tx, gateway_id, version, &text)
            })
            .await
            .map_err(from_store)?;
        if !stored {
            return Err(ApiError::new(ErrorCode::ClockBusy));
        }
        self.reload_gateways().await.map_err(from_store)?;
        self.tell_clocks().await;
        Ok(state)
    }

    /// Visits every instant up to `target` at which a job of the gateway is due. What the exchange does by itself
    /// in between happens on the way, each thing at its own instant.
    async fn step_world(&self, walk: &Walk, start: Timestamp, target: Timestamp) -> Result<Ran, EngineError> {
        let gateway = &walk.gateway;
        let mut ran = Ran::default();
        let mut at = start;
        for _ in 0..INSTANTS_MAX {
            self.keep_walks().await;
            ran.exchange_events += self.advance_exchange(gateway, at).await?;
            let done = self.run_due_jobs(gateway, Some(walk.right), at).await?;
            ran.jobs += done.jobs;
            ran.webhook_attempts += done.webhook_attempts;
            if done.jobs > 0 {
                continue;
            }
            let next = self.next_due(gateway).await?.filter(|next| *next <= target);
            if next.is_none() && at >= target {
                break;
            }
            // The last stretch ends at the target: what brokers push on it may be worth a read there.
            at = next.map_or(target, |next| next.max(at));
            self.walk_to(walk, at);
        }
        Ok(ran)
    }

    async fn advance_exchange(&self, gateway: &Gateway, at: Timestamp) -> Result<u64, EngineError> {
        match self.ask_exchange(gateway, at, Command::AdvanceTo).await? {
            Reply::World(world) => {
                if world.pushes > 0 {
                    self.hear_pushes(gateway, at).await?;
                }
                Ok(world.events as u64)
            }
            Reply::TooFarAhead => Err(ApiError::new(ErrorCode::ClockJumpTooLarge)),
            _ => Err(ApiError::new(ErrorCode::InternalError)),
        }
    }

    /// Puts one command to the paper exchange.
    pub(crate) async fn ask_exchange(
        &self,
        gateway: &Gateway,
        at: Timestamp,
        command: Command,
    ) -> Result<Reply, EngineError> {
        match self.exchange().execute(gateway.name.as_str(), at, command).await {
            Ok(answer) => Ok(answer.reply),
            Err(error) => {
                tracing::warn!(gateway.name = %gateway.name, %error, "paper exchange did not answer");
                Err(ApiError::new(ErrorCode::ServiceUnavailable).retry_after(1))
            }
        }
    }

    /// When the gateway's next job on world time is due.
    async fn next_due(&self, gateway: &Gateway) -> Result<Option<Timestamp>, EngineError> {
        let (gateway_id, wall) = (gateway.id, self.wall_now());
        self.store()
            .read(move |tx| jobs::next_due(tx, gateway_id, jobs::JobDomain::World, wall))
            .await
            .map_err(from_store)
    }
}

/// The state that a finished walk leaves: standing or running from exactly the target.
fn rebased(next: ClockState, target: Timestamp, wall: Timestamp) -> ClockState {
    match next.mode {
        torana_clock::world::ClockMode::Follow => next,
        torana_clock::world::ClockMode::Frozen | torana_clock::world::ClockMode::Running => ClockState {
            real_base: wall,
            world_base: target,
            ..next
        },
    }
}

fn clock_error(error: ClockError) -> EngineError {
    let code = match error {
        ClockError::Backwards { .. } => ErrorCode::ClockBackwards,
        ClockError::JumpTooLarge { .. } => ErrorCode::ClockJumpTooLarge,
        ClockError::RateOutOfRange { .. } => ErrorCode::ValidationFailed,
    };
    ApiError::new(code).with_detail(error.to_string())
}
