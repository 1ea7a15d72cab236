//! The moments at which faults fire: before a command, at an order, at a book, after a command.

use torana_domain::time::Timestamp;

use super::catalogue::Effect;
use super::disturbance::Disturbance;
use super::door::Door;
use super::request::Request;
use super::{ACTIVE_FAULTS_MAX, Fault, NewFault};
use crate::core::Step;
use crate::core::command::{Command, Reply};
use crate::core::event::Fact;

const MINUTE_MS: i64 = 60_000;

/// What a fault does instead of the command.
enum Instead {
    Nothing(Disturbance),
    Refusal(Door),
    SessionEnd,
}

impl Step<'_> {
    /// Carries out a command under the faults of the world.
    pub(in crate::core) fn under_faults(&mut self, command: Command) -> Reply {
        let request = Request::of(&command).filter(|request| self.is_admitted(request));
        let Some(request) = request.filter(|_| self.state.faults.active(self.at).next().is_some()) else {
            return self.obey(command);
        };
        if let Some(reply) = self.instead_of(&request) {
            return reply;
        }
        if let Command::Cancel { broker_order_id, .. } = &command {
            self.fills_before_cancel(&request, broker_order_id);
        }
        let reply = self.obey(command);
        let reply = self.misread(&request, reply);
        self.after(&request, &reply);
        reply
    }

    /// A request with a session that is over is refused for that, whatever else is wrong.
    fn is_admitted(&self, request: &Request) -> bool {
        match &request.session {
            Some(session) => self.is_alive(session),
            None => true,
        }
    }

    fn instead_of(&mut self, request: &Request) -> Option<Reply> {
        let struck = self.struck(request, |fault, effect| match effect {
            Effect::Unreached(wire) | Effect::UnreachedFor(_, wire) => {
                Some(Instead::Nothing(wire(&fault.asked.params)))
            }
            Effect::Refused(door) if door.fits(request) => Some(Instead::Refusal(door)),
            Effect::SessionExpires if request.session.is_some() => Some(Instead::SessionEnd),
            _ => None,
        })?;
        Some(match struck {
            Instead::Nothing(disturbance) => {
                self.disturbance = Some(disturbance);
                Reply::Unreached
            }
            Instead::Refusal(door) => door.reply(request.class),
            Instead::SessionEnd => {
                if let Some(session) = &request.session {
                    self.end_session(session);
                }
                Reply::SessionExpired
            }
        })
    }

    /// What a book shows in place of the truth.
    fn misread(&mut self, request: &Request, reply: Reply) -> Reply {
        let struck = self.struck(request, |fault, effect| match effect {
            Effect::Book(error) if error.fits(&reply) => Some((error, fault.asked.params.clone())),
            _ => None,
        });
        match struck {
            Some((error, params)) => error.distort(reply, &params, self.at),
            None => reply,
        }
    }

    /// What happens to the answer, and to the session behind it.
    fn after(&mut self, request: &Request, reply: &Reply) {
        let is_acceptance = matches!(reply, Reply::OrderTaken { .. } | Reply::Done);
        if matches!(reply, Reply::OrderTaken { .. }) {
            self.session_dies(request);
        }
        self.disturbance = self.struck(request, |fault, effect| match effect {
            Effect::Acceptance(wire) if is_acceptance => Some(wire(&fault.asked.params)),
            Effect::Answer(wire) => Some(wire(&fault.asked.params)),
            _ => None,
        });
    }

    fn session_dies(&mut self, request: &Request) {
        let Some(session) = &request.session else { return };
        let orders = self
            .state
            .accounts
            .get(&request.key)
            .map(|account| &account.orders);
        let numbers: Vec<u64> = orders
            .map(|orders| orders.keys().copied().collect())
            .unwrap_or_default();
        let is_last = |fault: &Fault, limit: i64| {
            let taken = numbers
                .iter()
                .filter(|number| **number > fault.orders_before)
                .count();
            i64::try_from(taken).is_ok_and(|taken| taken >= limit)
        };
        let struck = self.struck(request, |fault, effect| match effect {
            Effect::SessionDies(after) if is_last(fault, fault.asked.params.whole(after)) => Some(()),
            _ => None,
        });
        if struck.is_some() {
            self.end_session(session);
        }
    }

    /// What the oldest fault does that has something to do here, by `pick`, and fires for this request.
    pub(super) fn struck<T>(
        &mut self,
        request: &Request,
        pick: impl Fn(&Fault, Effect) -> Option<T>,
    ) -> Option<T> {
        let class = request.class;
        let holds = |fault: &&Fault| {
            fault.asked.kind.spec().classes.contains(&class) && fault.asked.scope.holds(&request.key, class)
        };
        let found: Vec<(Fault, T)> = self
            .state
            .faults
            .active(self.at)
            .filter(holds)
            .filter_map(|fault| Some((fault.clone(), pick(fault, fault.asked.kind.spec().effect)?)))
            .collect();
        let fires = found.into_iter().find(|(fault, _)| self.strike(request, fault));
        fires.map(|(_, what)| what)
    }

    /// Draws for one fault and records how it went.
    fn strike(&mut self, request: &Request, fault: &Fault) -> bool {
        if fault.is_open(self.at) {
            return true;
        }
        let number = fault.number;
        let fires = fault.strikes(self.state.seed);
        self.emit(if fires {
            Fact::FaultFired {
                number,
                key: request.key.clone(),
                request: request.class,
                open_until: self.end_of(fault),
            }
        } else {
            Fact::FaultPassed { number }
        });
        fires
    }

    fn end_of(&self, fault: &Fault) -> Option<Timestamp> {
        match fault.asked.kind.spec().effect {
            Effect::UnreachedFor(minutes, _) => {
                Some(self.at.plus_ms(fault.asked.params.whole(minutes) * MINUTE_MS))
            }
            _ => None,
        }
    }

    pub(in crate::core) fn set_fault(&mut self, asked: NewFault) -> Reply {
        if self.state.faults.active(self.at).count() >= ACTIVE_FAULTS_MAX {
            return Reply::TooManyFaults;
        }
        let fault = self.state.faults.next(asked, self.at, self.state.order_count);
        self.emit(Fact::FaultSet { fault: fault.clone() });
        Reply::FaultSet(Box::new(fault))
    }

    pub(in crate::core) fn list_faults(&self) -> Reply {
        Reply::Faults {
            active: self.state.faults.active(self.at).cloned().collect(),
            spent: self.state.faults.spent(self.at).cloned().collect(),
        }
    }

    /// Removes one active fault, or all.
    pub(in crate::core) fn remove_faults(&mut self, only: Option<u64>) -> Reply {
        let active = self.state.faults.active(self.at).map(|fault| fault.number);
        let removed: Vec<u64> = active
            .filter(|number| only.is_none_or(|only| only == *number))
            .collect();
        for number in &removed {
            self.emit(Fact::FaultRemoved { number: *number });
        }
        Reply::FaultsRemoved(removed.len())
    }
}
