//! The life of a transaction: one pure state machine, the contract's table of legal transitions as code.
//!
//! A cause says what happened; [`advance`] says what it means. Everything that is not in the table is
//! refused. Repeating the transition that led to a state is a no-op, never an error, because a retry after a
//! crash must be harmless.

use serde::{Deserialize, Serialize};

use crate::intent::IntentKind;

/// A transaction's real status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Created; the broker login is not finished.
    Initialized,
    /// Login done, flow not finished.
    Used,
    /// Work goes on without the user; for orders from the hand-over of the first one.
    Processing,
    /// A smallcase order needs another action first. Final.
    ActionRequired,
    /// Ended with an error. Final.
    Errored,
    /// Done. Final.
    Completed,
    /// The user pressed cancel. Final.
    Cancelled,
    /// Time ran out. Final.
    Expired,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Initialized,
        Self::Used,
        Self::Processing,
        Self::ActionRequired,
        Self::Errored,
        Self::Completed,
        Self::Cancelled,
        Self::Expired,
    ];

    /// The contract's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initialized => "INITIALIZED",
            Self::Used => "USED",
            Self::Processing => "PROCESSING",
            Self::ActionRequired => "ACTION_REQUIRED",
            Self::Errored => "ERRORED",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
            Self::Expired => "EXPIRED",
        }
    }

    /// Parses the contract's exact word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether nothing more can happen.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Initialized | Self::Used | Self::Processing)
    }

    /// The status that partners see who know the six documented ones only.
    #[must_use]
    pub const fn reported(self, extended: bool) -> Self {
        match self {
            Self::Cancelled | Self::Expired if !extended => Self::Errored,
            other => other,
        }
    }
}

/// A numbered failure as partners see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Failure {
    /// The contract's number.
    pub code: u16,
    /// The contract's message for that number.
    pub message: &'static str,
}

macro_rules! failures {
    ($($(#[$meta:meta])* $name:ident = $code:literal, $message:literal;)+) => {
        impl Failure {
            $($(#[$meta])* pub const $name: Self = Self { code: $code, message: $message };)+

            /// The failure with this number.
            #[must_use]
            pub const fn from_code(code: u16) -> Option<Self> {
                match code { $($code => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

failures! {
    /// Another broker account than the mapped one.
    USER_MISMATCH = 1001, "user_mismatch";
    /// Holdings consent refused.
    CONSENT_DENIED = 1003, "consent_denied";
    /// Not enough holdings to sell.
    INSUFFICIENT_HOLDINGS = 1004, "insufficient_holdings";
    /// Not finished in time, after the login.
    EXPIRED_AFTER_LOGIN = 1005, "transaction_expired";
    /// The user's broker is not in the list.
    BROKER_MISSING = 1006, "no_broker";
    /// The user chose to open an account.
    OPEN_ACCOUNT = 1007, "no_broker";
    /// No broker is available for the intent.
    NO_BROKER_FOR_INTENT = 1008, "no_broker";
    /// Cancelled or closed before the broker's login page.
    CANCELLED_BEFORE_LOGIN = 1010, "user_cancelled";
    /// Cancelled or closed at the broker's login page.
    CANCELLED_AT_LOGIN = 1011, "user_cancelled";
    /// Cancelled or closed after the login.
    CANCELLED_AFTER_LOGIN = 1012, "user_cancelled";
    /// Anything unexpected.
    INTERNAL = 2000, "internal_error";
    /// Holdings could not be fetched.
    HOLDINGS_IMPORT = 2001, "holdings_import_error";
    /// The broker lacks the feature.
    NOT_ENABLED_FOR_BROKER = 3000, "intent_not_enabled_for_broker";
    /// Expired before the login, or started by somebody else.
    EXPIRED_BEFORE_LOGIN = 3001, "transaction_expired";
    /// Unknown transaction id.
    UNKNOWN_TRANSACTION = 3002, "invalid_transactionId";
    /// An active subscription exists.
    ALREADY_SUBSCRIBED = 4000, "already_subscribed";
    /// Holdings waiting time over.
    TIMED_OUT = 4003, "timed_out";
    /// Stock order, market closed, no after-market order.
    MARKET_CLOSED_STOCKS = 4004, "market_closed";
    /// The same for smallcase orders.
    MARKET_CLOSED_SMALLCASE = 4005, "market_closed";
    /// Order sent, no final state yet.
    ORDER_PENDING = 4006, "order_pending";
    /// Account not enabled for the exchange.
    TRADING_NOT_ENABLED = 7104, "trading_not_enabled";
    /// Nothing to do.
    NO_ORDER = 7105, "no_order";
    /// The investment was archived.
    SMALLCASE_ARCHIVED = 7106, "smallcase_archived";
}

/// What happened to a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// Broker login (or OTP) verified and the identity matches.
    LoginVerified,
    /// The flow failed with this number before anything was sent.
    Failed {
        /// A number of [`Failure`].
        code: u16,
    },
    /// The user pressed cancel.
    UserCancelled {
        /// 1010, 1011 or 1012.
        code: u16,
    },
    /// `expireAt` passed.
    TimeRanOut,
    /// The first order's write-ahead row is committed with this very transition.
    HandedOver,
    /// A fetch (holdings, statement) is running.
    FetchStarted,
    /// The result is final at once, nothing was handed over.
    ResultFinal,
    /// A smallcase repair is pending.
    RepairPending,
    /// All orders are final, or the data is stored.
    WorkDone,
    /// The fetch failed: 2001 or 4003.
    FetchFailed {
        /// 2001 or 4003.
        code: u16,
    },
    /// Proof that by a failure of our own no order reached the broker.
    NothingReachedBroker,
}

/// What a cause means for a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The transaction moves.
    Moved {
        /// To this status.
        to: Status,
        /// With this failure, if it failed.
        failure: Option<Failure>,
    },
    /// The same transition was made before: nothing changes.
    Unchanged,
}

/// A pair that is not in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{intent:?}: {from:?} does not allow {cause:?}")]
pub struct IllegalTransition {
    /// Status before.
    pub from: Status,
    /// What was tried.
    pub cause: Cause,
    /// Of which intent.
    pub intent: IntentKind,
}

const AT_CHOOSER: [u16; 7] = [1001, 1006, 1007, 3000, 4004, 4005, 2000];
const AFTER_LOGIN: [u16; 10] = [1003, 1004, 2000, 2001, 4000, 4004, 4005, 7104, 7105, 7106];

const fn places_orders(intent: IntentKind) -> bool {
    matches!(intent, IntentKind::Transaction | IntentKind::CancelAmo)
}

const fn fetches(intent: IntentKind) -> bool {
    matches!(intent, IntentKind::HoldingsImport | IntentKind::MfHoldingsImport)
}

/// Where `cause` leads from `from`.
///
/// # Errors
/// [`IllegalTransition`] for every pair that the contract's table does not list.
pub fn advance(from: Status, intent: IntentKind, cause: Cause) -> Result<Step, IllegalTransition> {
    use Status::{ActionRequired, Cancelled, Completed, Errored, Expired, Initialized, Processing, Used};
    let moved = |to| Ok(Step::Moved { to, failure: None });
    let failed = |to, failure| Ok(Step::Moved { to, failure });
    let refused = Err(IllegalTransition { from, cause, intent });
    let connect = matches!(intent, IntentKind::Connect);
    match (from, cause) {
        (Initialized, Cause::LoginVerified) => moved(if connect { Completed } else { Used }),
        (Initialized, Cause::Failed { code }) if AT_CHOOSER.contains(&code) => {
            failed(Errored, Failure::from_code(code))
        }
        (
            Initialized,
            Cause::UserCancelled {
                code: code @ (1010 | 1011),
            },
        ) => failed(Cancelled, Failure::from_code(code)),
        (Initialized, Cause::TimeRanOut) => failed(Expired, Some(Failure::EXPIRED_BEFORE_LOGIN)),

        // A CONNECT is never USED: its login is its end.
        (Used, _) if connect => refused,
        (Used, Cause::HandedOver) if places_orders(intent) => moved(Processing),
        (Used, Cause::FetchStarted) if fetches(intent) => moved(Processing),
        (Used, Cause::ResultFinal) => moved(Completed),
        (Used, Cause::RepairPending) if matches!(intent, IntentKind::Transaction) => moved(ActionRequired),
        (Used, Cause::Failed { code }) if AFTER_LOGIN.contains(&code) => {
            failed(Errored, Failure::from_code(code))
        }
        (Used, Cause::UserCancelled { code: 1012 }) => {
            failed(Cancelled, Some(Failure::CANCELLED_AFTER_LOGIN))
        }
        (Used, Cause::TimeRanOut) => failed(Expired, Some(Failure::EXPIRED_AFTER_LOGIN)),

        (Processing, Cause::WorkDone) if places_orders(intent) || fetches(intent) => moved(Completed),
        (
            Processing,
            Cause::FetchFailed {
                code: code @ (2001 | 4003),
            },
        ) if fetches(intent) => failed(Errored, Failure::from_code(code)),
        (Processing, Cause::NothingReachedBroker) if places_orders(intent) => {
            failed(Errored, Some(Failure::INTERNAL))
        }

        // Repetitions of the transition that led here.
        (Used, Cause::LoginVerified) => Ok(Step::Unchanged),
        (Completed, Cause::LoginVerified) if connect => Ok(Step::Unchanged),
        (Processing, Cause::HandedOver) if places_orders(intent) => Ok(Step::Unchanged),
        (Processing, Cause::FetchStarted) if fetches(intent) => Ok(Step::Unchanged),
        (Completed, Cause::ResultFinal) if !connect => Ok(Step::Unchanged),
        (Completed, Cause::WorkDone) if places_orders(intent) || fetches(intent) => Ok(Step::Unchanged),
        (Cancelled, Cause::UserCancelled { .. }) | (Expired, Cause::TimeRanOut) => Ok(Step::Unchanged),
        (ActionRequired, Cause::RepairPending) => Ok(Step::Unchanged),
        _ => refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn every_cause() -> Vec<Cause> {
        let codes = [
            1001, 1003, 1004, 1005, 1006, 1007, 1008, 1010, 1011, 1012, 2000, 2001, 3000, 3001, 3002, 4000,
            4003, 4004, 4005, 4006, 7104, 7105, 7106, 9,
        ];
        let mut causes = vec![
            Cause::LoginVerified,
            Cause::TimeRanOut,
            Cause::HandedOver,
            Cause::FetchStarted,
            Cause::ResultFinal,
            Cause::RepairPending,
            Cause::WorkDone,
            Cause::NothingReachedBroker,
        ];
        for code in codes {
            causes.extend([
                Cause::Failed { code },
                Cause::UserCancelled { code },
                Cause::FetchFailed { code },
            ]);
        }
        causes
    }

    /// The contract's table, written down once more in its own form: (from, to, intents, codes of the cause).
    fn is_listed(intent: IntentKind, from: Status, to: Status) -> bool {
        use Status::{ActionRequired, Cancelled, Completed, Errored, Expired, Initialized, Processing, Used};
        let connect = intent == IntentKind::Connect;
        let works = matches!(
            intent,
            IntentKind::Transaction
                | IntentKind::CancelAmo
                | IntentKind::HoldingsImport
                | IntentKind::MfHoldingsImport
        );
        match (from, to) {
            (Initialized, Used) => !connect,
            (Initialized, Completed) => connect,
            (Initialized, Errored | Cancelled | Expired) => true,
            (Used, Processing) => works,
            (Used, Completed | Errored | Cancelled | Expired) => !connect,
            (Used, ActionRequired) => intent == IntentKind::Transaction,
            (Processing, Completed | Errored) => works,
            _ => false,
        }
    }

    #[test]
    fn every_pair_agrees_with_the_table() {
        for intent in IntentKind::ALL {
            for from in Status::ALL {
                let mut reached = std::collections::BTreeSet::new();
                for cause in every_cause() {
                    if let Ok(Step::Moved { to, failure }) = advance(from, intent, cause) {
                        assert!(
                            is_listed(intent, from, to),
                            "{intent:?} {from:?} -> {to:?} by {cause:?}"
                        );
                        let failing = matches!(to, Status::Errored | Status::Cancelled | Status::Expired);
                        assert_eq!(failure.is_some(), failing, "{intent:?} {from:?} {cause:?}");
                        reached.insert(to);
                    }
                }
                let expected: std::collections::BTreeSet<_> = Status::ALL
                    .into_iter()
                    .filter(|to| is_listed(intent, from, *to))
                    .collect();
                assert_eq!(reached, expected, "{intent:?} from {from:?}");
            }
        }
    }

    #[test]
    fn hand_over_leaves_only_proof() {
        for cause in every_cause() {
            if let Ok(Step::Moved { to, .. }) = advance(Status::Processing, IntentKind::Transaction, cause) {
                assert!(
                    matches!(cause, Cause::WorkDone | Cause::NothingReachedBroker),
                    "{cause:?}"
                );
                assert!(matches!(to, Status::Completed | Status::Errored));
            }
        }
    }

    #[test]
    fn cancel_codes_fit_the_stage() {
        assert!(
            advance(
                Status::Initialized,
                IntentKind::Connect,
                Cause::UserCancelled { code: 1012 }
            )
            .is_err()
        );
        assert!(
            advance(
                Status::Used,
                IntentKind::FetchFunds,
                Cause::UserCancelled { code: 1010 }
            )
            .is_err()
        );
    }

    proptest! {
        /// Random commands: a terminal status never changes, status only moves along the table, and making the
        /// same transition twice in a row changes nothing the second time.
        #[test]
        fn random_commands(intent in 0usize..10, picks in proptest::collection::vec(0usize..80, 1..40)) {
            let intent = IntentKind::ALL[intent];
            let causes = every_cause();
            let mut status = Status::Initialized;
            for pick in picks {
                let cause = causes[pick % causes.len()];
                match advance(status, intent, cause) {
                    Ok(Step::Moved { to, .. }) => {
                        prop_assert!(!status.is_terminal());
                        prop_assert!(is_listed(intent, status, to));
                        status = to;
                        if let Ok(step) = advance(status, intent, cause) {
                            prop_assert_eq!(step, Step::Unchanged);
                        }
                    }
                    Ok(Step::Unchanged) | Err(_) => {}
                }
            }
        }
    }
}
