//! Commands that share a commit: applied one after another in memory, stored together, answered afterwards.

use std::collections::VecDeque;
use std::future::ready;
use std::task::Poll;

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use futures_util::poll;
use torana_domain::time::Timestamp;
use torana_storage::exchange::commands::CommandRow;
use torana_storage::exchange::worlds::Fence;

use super::Inner;
use super::log::{self, Addition, Appending, Loaded};
use super::world::{Ask, World};
use crate::core::{self, Answer, Command, Event, Reply};
use crate::port::PortError;

/// Most events of one commit, and a few more: a long jump is stored in parts.
const EVENTS_PER_COMMIT_MAX: usize = 5_000;

/// Most commands of one commit.
pub(super) const BATCH_MAX: usize = 512;

/// How a batch ended.
pub(super) enum Carried {
    /// Everything is stored and answered.
    All {
        /// The state.
        loaded: Loaded,
        /// Whether anything was written, which renews the lease.
        committed: bool,
    },
    /// The log refused: another process owns the world, or a command was withdrawn. What has no answer is back
    /// in the queue.
    Refused,
    /// What has no answer is back in the queue and was not done. Whoever a failed commit concerns knows it.
    Failed(PortError),
}

/// Who gets an answer.
enum Asker {
    Here(oneshot::Sender<Result<Answer, PortError>>),
    /// Another process, or this one before it took the world over; the key of its row.
    There(String),
}

/// A command of the commit in the making.
struct Task {
    at: Timestamp,
    command: Command,
    asker: Asker,
    answer: Option<Answer>,
}

pub(super) struct Batch<'a> {
    inner: &'a Inner,
    fence: Fence,
    /// `None` after the log refused or failed: then the state holds what is not stored.
    loaded: Option<Loaded>,
    events: Vec<Event>,
    tasks: Vec<Task>,
    /// The commit that is being stored while the next one is made.
    flight: Option<Flight>,
    committed: bool,
}

/// A commit on its way to the disk, with the tasks whose answers wait for it.
struct Flight {
    stored: Appending,
    tasks: Vec<Task>,
}

/// Why a batch did not get to its end.
enum Stop {
    Refused,
    Failed(PortError),
}

impl<'a> Batch<'a> {
    pub fn new(inner: &'a Inner, fence: Fence, loaded: Loaded) -> Self {
        Self {
            inner,
            fence,
            loaded: Some(loaded),
            events: Vec::new(),
            tasks: Vec::new(),
            flight: None,
            committed: false,
        }
    }

    /// Carries out what other processes asked, then `asks`, then what arrives in `world` meanwhile, if one is given.
    pub async fn carry_out(
        mut self,
        open: Vec<CommandRow>,
        asks: &mut VecDeque<Ask>,
        world: Option<&World>,
    ) -> Carried {
        let stop = match self.run(open, asks, world).await {
            Ok(loaded) => {
                return Carried::All {
                    loaded,
                    committed: self.committed,
                };
            }
            Err(stop) => stop,
        };
        self.give_back(asks);
        match stop {
            Stop::Refused => Carried::Refused,
            Stop::Failed(error) => Carried::Failed(error),
        }
    }

    async fn run(
        &mut self,
        open: Vec<CommandRow>,
        asks: &mut VecDeque<Ask>,
        world: Option<&World>,
    ) -> Result<Loaded, Stop> {
        for row in open {
            // One that cannot be read is of a newer version of the program: left for it.
            let Ok(command) = log::parse(&row.body) else {
                continue;
            };
            self.tasks.push(Task {
                at: row.world_at,
                command,
                asker: Asker::There(row.key),
                answer: None,
            });
            self.apply_last().await?;
        }
        loop {
            while let Some(Ask { at, command, sender }) = asks.pop_front() {
                self.tasks.push(Task {
                    at,
                    command,
                    asker: Asker::Here(sender),
                    answer: None,
                });
                self.apply_last().await?;
            }
            self.commit(false).await?;
            if let Some(world) = world {
                self.meanwhile(asks, world).await;
            }
            if asks.is_empty() {
                self.land().await?;
                return self.loaded.take().ok_or(Stop::Refused);
            }
        }
    }

    /// Waits until the commit on its way is stored or something else is asked.
    async fn meanwhile(&mut self, asks: &mut VecDeque<Ask>, world: &World) {
        let Some(flight) = &mut self.flight else {
            return;
        };
        let arrival = std::pin::pin!(world.arrival());
        if let Either::Left((stored, _)) = select(flight.stored.as_mut(), arrival).await {
            flight.stored = Box::pin(ready(stored));
        }
        *asks = world.take(BATCH_MAX);
    }

    /// Applies the newest task; stores what there is when it gets too much, and around a reset.
    async fn apply_last(&mut self) -> Result<(), Stop> {
        let Some((at, command)) = self.tasks.last().map(|task| (task.at, task.command.clone())) else {
            return Ok(());
        };
        let is_reset = matches!(command, Command::Reset { .. });
        let page = match &command {
            Command::Events { after, count_max } => Some((*after, *count_max)),
            _ => None,
        };
        let mut caused = 0;
        // What is due before a reset happens no more.
        let mut is_done = is_reset;
        if is_reset {
            self.commit(false).await?;
            self.land().await?;
        }
        while !is_done {
            if self.events.len() >= EVENTS_PER_COMMIT_MAX {
                self.commit(false).await?;
            }
            let loaded = self.loaded.as_mut().ok_or(Stop::Refused)?;
            let (market, until) = self.inner.market_until(loaded.state.now, at);
            let (events, all) = core::advance_to(&mut loaded.state, &market, until, EVENTS_PER_COMMIT_MAX);
            is_done = all && until == at;
            caused += events.len();
            self.events.extend(events);
        }
        let loaded = self.loaded.as_mut().ok_or(Stop::Refused)?;
        let market = self.inner.market_at(at.max(loaded.state.now));
        let (events, mut answer) = core::apply(&mut loaded.state, &market, command, at);
        caused += events.len();
        self.events.extend(events);
        if let Some((after, count_max)) = page {
            // The log is no part of the state: it is read where it ends now, what is being made included.
            self.commit(false).await?;
            self.land().await?;
            let loaded = self.loaded.as_ref().ok_or(Stop::Refused)?;
            let page = log::page(
                &self.inner.parts.store,
                self.fence.world_id,
                loaded,
                after,
                count_max,
            )
            .await;
            answer.reply = Reply::Events(page.map_err(Stop::Failed)?);
        }
        if let Some(task) = self.tasks.last_mut() {
            task.answer = Some(with_event_count(answer, caused));
        }
        if is_reset {
            self.commit(true).await?;
            self.land().await?;
        }
        Ok(())
    }

    /// Begins to store events and answers, once the commit before is stored.
    async fn commit(&mut self, is_reset: bool) -> Result<(), Stop> {
        self.land().await?;
        let loaded = self.loaded.as_mut().ok_or(Stop::Refused)?;
        let mut answers = Vec::new();
        for task in &self.tasks {
            if let (Asker::There(key), Some(answer)) = (&task.asker, &task.answer) {
                answers.push((key.clone(), log::to_json(answer).map_err(Stop::Failed)?));
            }
        }
        // A long jump that is stored in parts is not over.
        let (answered, begun) = std::mem::take(&mut self.tasks)
            .into_iter()
            .partition(|task| task.answer.is_some());
        self.tasks = begun;
        if self.events.is_empty() && answers.is_empty() {
            answer(answered);
            return Ok(());
        }
        let addition = Addition {
            events: &self.events,
            answers,
            is_reset,
        };
        let parts = &self.inner.parts;
        let mut stored =
            log::append(&parts.store, parts.ownership, self.fence, loaded, addition).map_err(Stop::Failed)?;
        // From here on the driver works on it, whoever waits.
        if let Poll::Ready(done) = poll!(stored.as_mut()) {
            stored = Box::pin(ready(done));
        }
        self.flight = Some(Flight {
            stored,
            tasks: answered,
        });
        self.events.clear();
        Ok(())
    }

    /// Waits for the commit on its way, and lets its answers leave.
    async fn land(&mut self) -> Result<(), Stop> {
        let Some(Flight { stored, tasks }) = self.flight.take() else {
            return Ok(());
        };
        match stored.await {
            Ok(true) => {
                self.committed = true;
                answer(tasks);
                Ok(())
            }
            Ok(false) => {
                self.loaded = None;
                // Before those that came later.
                self.tasks.splice(0..0, tasks);
                Err(Stop::Refused)
            }
            Err(error) => {
                self.loaded = None;
                // Nobody knows what became of it.
                for task in tasks {
                    if let Asker::Here(sender) = task.asker {
                        let _ = sender.send(Err(error.clone()));
                    }
                }
                Err(Stop::Failed(error))
            }
        }
    }

    /// Puts callers without an answer back in front; what other processes asked stands in its table.
    fn give_back(self, asks: &mut VecDeque<Ask>) {
        for task in self.tasks.into_iter().rev() {
            if let Asker::Here(sender) = task.asker {
                let (at, command) = (task.at, task.command);
                asks.push_front(Ask { at, command, sender });
            }
        }
    }
}

/// Lets answers leave.
fn answer(tasks: Vec<Task>) {
    for task in tasks {
        if let (Asker::Here(sender), Some(answer)) = (task.asker, task.answer) {
            // A caller that went away needs no answer.
            let _ = sender.send(Ok(answer));
        }
    }
}

fn with_event_count(answer: Answer, events: usize) -> Answer {
    match answer.reply {
        Reply::World(view) => Answer {
            reply: Reply::World(core::WorldView { events, ..view }),
            ..answer
        },
        _ => answer,
    }
}
