//! What can go wrong with messages that are pushed.

use super::catalogue::{Effect, PushError, RequestClass};
use super::request::Request;
use crate::core::Step;
use crate::core::push::{Push, PushKind};

impl PushError {
    /// A forged message needs an order that it can lie about, the others a fill.
    const fn is_about(self, kind: PushKind) -> bool {
        match self {
            Self::Dropped | Self::Duplicated | Self::OutOfOrder => matches!(kind, PushKind::Filled),
            Self::Forged => matches!(kind, PushKind::Accepted),
        }
    }
}

impl Step<'_> {
    /// The messages as they arrive.
    pub(in crate::core) fn pushes_under_faults(&mut self, pushes: Vec<Push>) -> Vec<Push> {
        let mut arriving = Vec::with_capacity(pushes.len());
        let mut is_reversed = false;
        for push in pushes {
            let request = Request {
                class: RequestClass::Event,
                key: push.key.clone(),
                session: None,
                order: None,
            };
            let struck = self.struck(&request, |_, effect| match effect {
                Effect::Push(error) if error.is_about(push.kind) => Some(error),
                _ => None,
            });
            match struck {
                Some(PushError::Dropped) => continue,
                Some(PushError::Duplicated) => arriving.push(push.clone()),
                Some(PushError::OutOfOrder) => is_reversed = true,
                Some(PushError::Forged) => arriving.push(Push {
                    kind: PushKind::Filled,
                    is_genuine: false,
                    ..push.clone()
                }),
                None => {}
            }
            arriving.push(push);
        }
        if is_reversed {
            arriving.reverse();
        }
        arriving
    }
}
