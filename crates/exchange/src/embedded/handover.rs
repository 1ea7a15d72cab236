//! Commands that this process put to the owner of a world, and whoever waits for the answers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use futures_channel::oneshot;
use torana_runtime::Ticks;
use torana_storage::exchange::commands::{self, CommandRow, Withdrawn};
use torana_storage::time::database_now;
use torana_storage::{Store, StoreError};

use super::world::Ask;
use super::{Inner, log};
use crate::core::Answer;
use crate::port::PortError;

/// How long an owner may take. Whoever asked takes the command back then, so that it is known what became of it.
const WAIT_MAX_MS: i64 = 10_000;
/// After this time beyond its end a command is forgotten: nobody waits for its answer any more.
const FORGET_AFTER_MS: i64 = 60_000;

/// Commands on their way, by key.
#[derive(Default)]
pub(super) struct Handover(BTreeMap<String, Waiting>);

struct Waiting {
    sender: oneshot::Sender<Result<Answer, PortError>>,
    until: Ticks,
}

impl Handover {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts all commands to the owner in one commit.
    pub async fn hand_over(&mut self, inner: &Inner, world_id: i64, asks: &mut VecDeque<Ask>) {
        if asks.is_empty() {
            return;
        }
        let until = Ticks(inner.parts.rt.wall.ticks().0 + WAIT_MAX_MS.unsigned_abs() * 1_000);
        let (mut rows, mut waiting) = (Vec::new(), Vec::new());
        for Ask { at, command, sender } in asks.drain(..) {
            let body = match log::to_json(&command) {
                Ok(body) => body,
                Err(error) => {
                    let _ = sender.send(Err(error));
                    continue;
                }
            };
            let key = hex::encode(inner.draw::<16>());
            rows.push(CommandRow {
                key: key.clone(),
                world_at: at,
                body,
            });
            waiting.push((key, Waiting { sender, until }));
        }
        let rows = Arc::new(rows);
        let stored = inner.parts.store.write("exchange.hand_over", move |tx| {
            let now = database_now(tx)?;
            commands::delete_expired(tx, world_id, now.plus_ms(-FORGET_AFTER_MS))?;
            rows.iter()
                .try_for_each(|row| commands::insert(tx, world_id, row, now.plus_ms(WAIT_MAX_MS)))
        });
        match stored.await {
            Ok(()) => self.0.extend(waiting),
            Err(error) => {
                let error = PortError::from(error);
                for (_, waiting) in waiting {
                    let _ = waiting.sender.send(Err(error.clone()));
                }
            }
        }
    }

    /// Hands out answers, and forgets their rows.
    pub async fn deliver(&mut self, store: &Store, answered: &[(String, String)]) {
        let mut taken = Vec::new();
        for (key, body) in answered {
            if let Some(waiting) = self.0.remove(key) {
                let _ = waiting.sender.send(read(body));
                taken.push(key.clone());
            }
        }
        if taken.is_empty() {
            return;
        }
        let deleted = store.write("exchange.answers_taken", move |tx| {
            taken.iter().try_for_each(|key| commands::delete(tx, key))
        });
        if let Err(error) = deleted.await {
            tracing::debug!(%error, "answers that were taken stay until they are too old");
        }
    }

    /// Takes back what has waited too long.
    pub async fn withdraw_overdue(&mut self, inner: &Inner) {
        let now = inner.parts.rt.wall.ticks();
        let is_overdue = |waiting: &Waiting| waiting.until <= now;
        let overdue: Vec<String> = self
            .0
            .iter()
            .filter(|(_, waiting)| is_overdue(waiting))
            .map(|(key, _)| key.clone())
            .collect();
        if overdue.is_empty() {
            return;
        }
        let keys = Arc::new(overdue.clone());
        let withdrawn = inner.parts.store.write("exchange.withdraw", move |tx| {
            keys.iter()
                .map(|key| commands::withdraw(tx, key))
                .collect::<Result<Vec<_>, StoreError>>()
        });
        let answers: Vec<Result<Answer, PortError>> = match withdrawn.await {
            Ok(outcomes) => outcomes.into_iter().map(answer_of).collect(),
            Err(error) => overdue.iter().map(|_| Err(error.clone().into())).collect(),
        };
        for (key, answer) in overdue.iter().zip(answers) {
            if let Some(waiting) = self.0.remove(key) {
                let _ = waiting.sender.send(answer);
            }
        }
    }
}

fn answer_of(withdrawn: Withdrawn) -> Result<Answer, PortError> {
    match withdrawn {
        Withdrawn::Untouched => Err(PortError::NotDone(
            "the process that owns the world did not answer in time".to_owned(),
        )),
        Withdrawn::Answered(body) => read(&body),
        Withdrawn::Gone => Err(PortError::Unavailable("the answer is lost".to_owned())),
    }
}

/// An answer that cannot be read is one all the same: the command was carried out.
fn read(body: &str) -> Result<Answer, PortError> {
    log::parse(body).map_err(|error| PortError::Unavailable(error.to_string()))
}
