//! The states of an order as its broker tells them, and the only ways from one to the next.

use serde::{Deserialize, Serialize};
use torana_domain::money::Shares;
use torana_domain::order::OrderState;

/// Where an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The broker has it.
    Received,
    /// The broker checks it.
    ValidationPending,
    /// It is on its way to the exchange.
    OpenPending,
    /// The exchange has it.
    Open,
    /// The exchange has it, asleep until its trigger is reached.
    TriggerPending,
    /// The broker checks a modification.
    ModifyValidationPending,
    /// A modification is on its way to the exchange.
    ModifyPending,
    /// The exchange took a modification.
    Modified,
    /// A cancellation is on its way to the exchange.
    CancelPending,
    /// It ended before all of it was filled.
    Cancelled,
    /// All of it is filled.
    Complete,
    /// Broker or exchange refused it.
    Rejected,
    /// The broker keeps it for the next session.
    AmoReceived,
    /// The broker changes an order that it keeps.
    ModifyAmoReceived,
    /// The broker cancels an order that it keeps.
    CancelAmoReceived,
}

/// What can happen to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// The broker starts its checks; for an order that it kept that is the release.
    Validate,
    /// The broker keeps it for the next session.
    Park,
    /// The broker's checks are passed.
    Forward,
    /// The exchange has it, or took the modification.
    Confirm,
    /// The exchange has it, asleep.
    Hold,
    /// The trigger is reached.
    Trigger,
    /// The user wants other terms.
    AskModify,
    /// The modification comes too late.
    RefuseModify,
    /// The user wants its end.
    AskCancel,
    /// The last share is filled.
    Complete,
    /// It ends: by its user, by its validity or by the exchange.
    Cancel,
    /// Broker or exchange refuses it, even after fills.
    Reject,
}

impl Turn {
    /// Every turn.
    pub const ALL: [Self; 12] = [
        Self::Validate,
        Self::Park,
        Self::Forward,
        Self::Confirm,
        Self::Hold,
        Self::Trigger,
        Self::AskModify,
        Self::RefuseModify,
        Self::AskCancel,
        Self::Complete,
        Self::Cancel,
        Self::Reject,
    ];
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 15] = [
        Self::Received,
        Self::ValidationPending,
        Self::OpenPending,
        Self::Open,
        Self::TriggerPending,
        Self::ModifyValidationPending,
        Self::ModifyPending,
        Self::Modified,
        Self::CancelPending,
        Self::Cancelled,
        Self::Complete,
        Self::Rejected,
        Self::AmoReceived,
        Self::ModifyAmoReceived,
        Self::CancelAmoReceived,
    ];

    /// The status after a turn; `None` if it cannot happen here. What the exchange has can fill and end while
    /// a modification or cancellation is on its way.
    #[must_use]
    pub const fn after(self, turn: Turn) -> Option<Self> {
        use Status as S;
        Some(match (self, turn) {
            (S::Received | S::AmoReceived, Turn::Validate) => S::ValidationPending,
            (S::Received | S::ModifyAmoReceived, Turn::Park) => S::AmoReceived,
            (S::ValidationPending, Turn::Forward) => S::OpenPending,
            (S::ModifyValidationPending, Turn::Forward) => S::ModifyPending,
            (S::ModifyPending, Turn::Confirm) => S::Modified,
            (S::OpenPending | S::Modified, Turn::Confirm)
            | (S::TriggerPending, Turn::Trigger)
            | (S::ModifyValidationPending | S::ModifyPending, Turn::RefuseModify) => S::Open,
            (S::OpenPending | S::Modified, Turn::Hold) => S::TriggerPending,
            (S::Open | S::TriggerPending, Turn::AskModify) => S::ModifyValidationPending,
            (S::AmoReceived, Turn::AskModify) => S::ModifyAmoReceived,
            (S::Open | S::TriggerPending, Turn::AskCancel) => S::CancelPending,
            (S::AmoReceived, Turn::AskCancel) => S::CancelAmoReceived,
            (_, Turn::Complete) if self.can_fill() => S::Complete,
            (_, Turn::Cancel) if !self.is_final() => S::Cancelled,
            (_, Turn::Reject) if !self.is_final() => S::Rejected,
            _ => return None,
        })
    }

    /// What happens next by itself to an order that is on its way; `None` where it stays until something
    /// happens to it. `is_asleep`: it waits for its trigger; `is_kept`: it waits for the next session.
    #[must_use]
    pub const fn onward(self, is_asleep: bool, is_kept: bool) -> Option<Turn> {
        Some(match self {
            Self::Received if is_kept => Turn::Park,
            Self::Received => Turn::Validate,
            Self::AmoReceived if !is_kept => Turn::Validate,
            Self::ValidationPending | Self::ModifyValidationPending => Turn::Forward,
            Self::OpenPending | Self::Modified if is_asleep => Turn::Hold,
            Self::OpenPending | Self::Modified | Self::ModifyPending => Turn::Confirm,
            Self::CancelPending | Self::CancelAmoReceived => Turn::Cancel,
            Self::ModifyAmoReceived => Turn::Park,
            _ => return None,
        })
    }

    /// Whether nothing more can happen.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Cancelled | Self::Complete | Self::Rejected)
    }

    /// Whether the exchange has the order, so that it can fill if it is awake.
    #[must_use]
    pub const fn can_fill(self) -> bool {
        matches!(
            self,
            Self::Open
                | Self::ModifyValidationPending
                | Self::ModifyPending
                | Self::Modified
                | Self::CancelPending
        )
    }

    /// What the gateway makes of it.
    #[must_use]
    pub const fn state(self, filled: Shares) -> OrderState {
        match self {
            Self::Complete => OrderState::Complete,
            Self::Cancelled | Self::Rejected if filled.0 > 0 => OrderState::Partial,
            Self::Cancelled => OrderState::Cancelled,
            Self::Rejected => OrderState::Rejected,
            _ => OrderState::Open,
        }
    }

    /// The broker's words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "PUT ORDER REQ RECEIVED",
            Self::ValidationPending => "VALIDATION PENDING",
            Self::OpenPending => "OPEN PENDING",
            Self::Open => "OPEN",
            Self::TriggerPending => "TRIGGER PENDING",
            Self::ModifyValidationPending => "MODIFY VALIDATION PENDING",
            Self::ModifyPending => "MODIFY PENDING",
            Self::Modified => "MODIFIED",
            Self::CancelPending => "CANCEL PENDING",
            Self::Cancelled => "CANCELLED",
            Self::Complete => "COMPLETE",
            Self::Rejected => "REJECTED",
            Self::AmoReceived => "AMO REQ RECEIVED",
            Self::ModifyAmoReceived => "MODIFY AMO REQ RECEIVED",
            Self::CancelAmoReceived => "CANCEL AMO REQ RECEIVED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Status::{self as S};
    use super::Turn as T;
    use super::*;

    /// Every way, written out: what is not here is refused.
    const WAYS: &[(Status, &[(Turn, Status)])] = &[
        (
            S::Received,
            &[
                (T::Validate, S::ValidationPending),
                (T::Park, S::AmoReceived),
                (T::Cancel, S::Cancelled),
                (T::Reject, S::Rejected),
            ],
        ),
        (
            S::ValidationPending,
            &[
                (T::Forward, S::OpenPending),
                (T::Cancel, S::Cancelled),
                (T::Reject, S::Rejected),
            ],
        ),
        (
            S::OpenPending,
            &[
                (T::Confirm, S::Open),
                (T::Hold, S::TriggerPending),
                (T::Cancel, S::Cancelled),
                (T::Reject, S::Rejected),
            ],
        ),
        (
            S::Open,
            &[
                (T::AskModify, S::ModifyValidationPending),
                (T::AskCancel, S::CancelPending),
                (T::Complete, S::Complete),
                (T::Cancel, S::Cancelled),
                (T::Reject, S::Rejected),
            ],
        ),
        (
            S::TriggerPending,
            &[
                (T::Trigger, S::Open),
                (T::AskModify, S::ModifyValidationPending),
                (T::AskCancel, S::CancelPending),
                (T::Cancel, S::Cancelled),
                (T::Reject, S::Rejected),
            ],
        ),
        (
            S::ModifyValidationPending,
            &[
                (T::Forward, S::ModifyPending),
                (T::RefuseModify, S::Open),
                (T::Complete, S::Complete),
                (T::Cancel, S::Cancelled),
                (T::Reject, S::Rejected),
            ],
        ),
        (
            S::ModifyPending,
            &[
                (T::Confirm, S::Modified),
                (T::RefuseModify, S::Open),
                (T::Complete, S::Complete),
                (T::Cancel, S::Cancelled),
                (T::Reject, S::Rejected),
            ],
        ),
        (
            S::Modified,
            &[
                (T::Confirm, S::Open),
                (T::Hold, S::TriggerPending),
                (T::Complete, S::Complete),
                (T::Cancel, S::Cancelled),
                (T::Reject, S::Rejected),
            ],
        ),
        (
            S::CancelPending,
            &[
                (T::Complete, S::Complete),
                (T::Cancel, S::Cancelled),
                (T::Reject, S::Rejected),
            ],
        ),
        (S::Cancelled, &[]),
        (S::Complete, &[]),
        (S::Rejected, &[]),
        (
            S::AmoReceived,
            &[
                (T::Validate, S::ValidationPending),
                (T::AskModify, S::ModifyAmoReceived),
                (T::AskCancel, S::CancelAmoReceived),
                (T::Cancel, S::Cancelled),
                (T::Reject, S::Rejected),
            ],
        ),
        (
            S::ModifyAmoReceived,
            &[
                (T::Park, S::AmoReceived),
                (T::Cancel, S::Cancelled),
                (T::Reject, S::Rejected),
            ],
        ),
        (
            S::CancelAmoReceived,
            &[(T::Cancel, S::Cancelled), (T::Reject, S::Rejected)],
        ),
    ];

    #[test]
    fn the_table_is_this_one() {
        assert_eq!(WAYS.len(), Status::ALL.len());
        for from in Status::ALL {
            let (_, ways) = WAYS.iter().find(|(status, _)| *status == from).unwrap();
            for turn in Turn::ALL {
                let wanted = ways.iter().find(|(known, _)| *known == turn).map(|(_, to)| *to);
                assert_eq!(from.after(turn), wanted, "{from:?} {turn:?}");
            }
        }
    }

    #[test]
    fn what_is_on_its_way_arrives() {
        for from in Status::ALL {
            for (is_asleep, is_kept) in [(false, false), (true, false), (false, true)] {
                let mut status = from;
                for _ in 0..6 {
                    let Some(turn) = status.onward(is_asleep, is_kept) else {
                        break;
                    };
                    status = status.after(turn).unwrap();
                }
                assert_eq!(
                    status.onward(is_asleep, is_kept),
                    None,
                    "{from:?} stops at {status:?}"
                );
            }
        }
    }

    #[test]
    fn words_and_states() {
        let words: std::collections::BTreeSet<_> = Status::ALL.iter().map(|status| status.as_str()).collect();
        assert_eq!(words.len(), Status::ALL.len());
        for status in Status::ALL {
            assert_eq!(status.is_final(), status.state(Shares(0)).is_final());
        }
        assert_eq!(S::Cancelled.state(Shares(1)), OrderState::Partial);
        assert_eq!(S::Rejected.state(Shares(1)), OrderState::Partial);
        assert_eq!(S::Rejected.state(Shares(0)), OrderState::Rejected);
    }
}
