//! The task that carries out the commands of one world, one batch after another.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;
use torana_domain::time::Timestamp;
use torana_storage::exchange::commands::CommandRow;

use super::batch::{BATCH_MAX, Batch, Carried};
use super::handover::Handover;
use super::log::{self, Loaded, Standing};
use super::world::{Ask, Hold, Running, World};
use super::{Inner, Ownership};
use crate::core::{self, Command, State};
use crate::port::PortError;

/// Most times that a command is tried again because another process was faster.
const ATTEMPTS_MAX: u32 = 16;
/// Pause between two looks at what other processes ask, or answered.
const LOOK_PAUSE: Duration = Duration::from_millis(10);

pub(super) struct Worker {
    inner: Arc<Inner>,
    world: Running,
    hold: Hold,
    handover: Handover,
}

/// How an attempt ended that did not fail.
enum Attempt {
    /// Every command has its answer, or waits for another process.
    Done {
        /// Whether other processes put their commands to this one.
        holds_lease: bool,
    },
    /// The world changed hands: look again.
    Again,
}

impl Worker {
    pub fn new(inner: Arc<Inner>, world: Arc<World>) -> Self {
        let hold = world.take_hold();
        Self {
            inner,
            world: Running::new(world),
            hold,
            handover: Handover::default(),
        }
    }

    /// Runs until nothing waits and no other process can be waiting for us.
    pub async fn run(mut self) {
        loop {
            let asks = self.world.world().take(BATCH_MAX);
            let holds_lease = self.turn(asks).await;
            self.handover.withdraw_overdue(&self.inner).await;
            let is_stopping = self.inner.parts.rt.spawn.is_stopping();
            if !self.handover.is_empty() || (holds_lease && !is_stopping) {
                let pause = self.inner.parts.rt.sleep.sleep(LOOK_PAUSE);
                select(std::pin::pin!(self.world.world().arrival()), pause).await;
                continue;
            }
            if holds_lease {
                self.release().await;
            }
            match self.world.rest(std::mem::take(&mut self.hold)) {
                None => return,
                Some(hold) => self.hold = hold,
            }
        }
    }

    /// Brings a batch to its end. True while this process holds a lease that makes others wait for it.
    async fn turn(&mut self, mut asks: VecDeque<Ask>) -> bool {
        for _ in 0..ATTEMPTS_MAX {
            match self.attempt(&mut asks).await {
                Ok(Attempt::Done { holds_lease }) => return holds_lease,
                Ok(Attempt::Again) => {}
                Err(error) => {
                    fail(asks, &error);
                    return false;
                }
            }
        }
        let name = &self.world.world().name;
        let error = format!("world {name} is being changed by too many processes");
        fail(asks, &PortError::NotDone(error));
        false
    }

    /// What fails here fails before any of `asks` was carried out; those that a failed commit concerns have
    /// their answer already.
    async fn attempt(&mut self, asks: &mut VecDeque<Ask>) -> Result<Attempt, PortError> {
        let parts = &self.inner.parts;
        let (store, name) = (&parts.store, self.world.world().name.as_str());
        let known = self.hold.loaded.take();
        let wants_answers = !self.handover.is_empty();
        let looked = log::look(
            store,
            name,
            parts.ownership,
            self.hold.fence,
            known,
            wants_answers,
        )
        .await;
        let Some(seen) = looked.map_err(not_done)? else {
            return self.create(asks).await;
        };
        self.handover.deliver(store, &seen.answered).await;
        match seen.standing {
            Standing::Mine {
                loaded,
                open,
                holds_lease,
            } => self.own(loaded, open, holds_lease, asks).await,
            Standing::Free(fence) => {
                let taken = log::take_over(store, fence, parts.ownership).await;
                if let Some(fence) = taken.map_err(not_done)? {
                    tracing::debug!(world.name = name, world.token = fence.token, "world taken over");
                    self.hold.fence = Some(fence);
                }
                Ok(Attempt::Again)
            }
            Standing::Foreign => {
                self.handover.hand_over(&self.inner, seen.world_id, asks).await;
                Ok(Attempt::Done { holds_lease: false })
            }
        }
    }

    /// Carries out what other processes asked, then what this one did.
    async fn own(
        &mut self,
        loaded: Loaded,
        open: Vec<CommandRow>,
        holds_lease: bool,
        asks: &mut VecDeque<Ask>,
    ) -> Result<Attempt, PortError> {
        let Some(fence) = self.hold.fence else {
            return Ok(Attempt::Again);
        };
        let batch = Batch::new(&self.inner, fence, loaded);
        // Between two batches of a shared world comes a look at what other processes ask.
        let is_alone = self.inner.parts.ownership == Ownership::Alone;
        match batch
            .carry_out(open, asks, is_alone.then_some(self.world.world()))
            .await
        {
            Carried::All { loaded, committed } => {
                self.hold.loaded = Some(loaded);
                let is_shared = self.inner.parts.ownership == Ownership::Shared;
                let holds_lease = is_shared && (committed || holds_lease);
                Ok(Attempt::Done { holds_lease })
            }
            Carried::Refused => Ok(Attempt::Again),
            Carried::Failed(error) => Err(not_done(error)),
        }
    }

    async fn create(&mut self, asks: &VecDeque<Ask>) -> Result<Attempt, PortError> {
        let Some(first) = asks.front() else {
            return Ok(Attempt::Done { holds_lease: false });
        };
        let (seed, start) = beginning(&self.inner, &first.command, first.at);
        let mut state = State::empty();
        let events = core::start(&mut state, &self.inner.market_at(start), seed, start);
        let (store, name) = (&self.inner.parts.store, self.world.world().name.as_str());
        let made = log::create(store, name, self.inner.parts.ownership, state, &events).await;
        if let Some((fence, loaded)) = made.map_err(not_done)? {
            self.hold.fence = Some(fence);
            self.hold.loaded = Some(loaded);
        }
        Ok(Attempt::Again)
    }

    /// Whoever needs the world next need not wait for a process that stops.
    async fn release(&mut self) {
        if let Some(fence) = self.hold.fence
            && let Err(error) = log::release(&self.inner.parts.store, fence).await
        {
            tracing::debug!(world.name = self.world.world().name, %error, "lease not given back, it will run out");
        }
    }
}

/// Seed and first instant of a world that begins with this command.
fn beginning(inner: &Inner, command: &Command, at: Timestamp) -> (u64, Timestamp) {
    match command {
        Command::EnsureWorld { seed, start } => (*seed, *start),
        Command::Reset { seed, start } => (seed.unwrap_or_else(|| inner.seed()), start.unwrap_or(at)),
        _ => (inner.seed(), at),
    }
}

fn not_done(error: PortError) -> PortError {
    match error {
        PortError::Unavailable(why) => PortError::NotDone(why),
        other => other,
    }
}

fn fail(asks: VecDeque<Ask>, error: &PortError) {
    for ask in asks {
        // A caller that went away needs no answer.
        let _ = ask.sender.send(Err(error.clone()));
    }
}
