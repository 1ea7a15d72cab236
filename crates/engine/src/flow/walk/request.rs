//! What is asked of a walk, and what it answers.

use std::time::Duration;

use torana_contract::sdk::SettlementBody;
use torana_contract::transaction::TransactionDetailsData;
use torana_domain::broker_key::BrokerKey;
use torana_domain::intent::Intent;
use torana_domain::time::Timestamp;
use torana_domain::transaction::Status;
use torana_storage::gateway::transactions::TxnRow;

use super::super::access::FlowRun;
use super::super::review::LineEdit;
use super::super::state::Step;

/// What the user of the walk decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Log in, agree, review, confirm.
    Approve,
    /// Press cancel on the last page before the work starts.
    Cancel,
    /// Refuse the consent.
    DenyConsent,
    /// Log in to another account than the mapped one.
    WrongAccount,
    /// Leave because the broker is not listed.
    NoBroker,
    /// Leave to open an account.
    OpenAccount,
    /// Close the window before the login.
    CloseBeforeLogin,
    /// Close the window after the login.
    CloseAfterLogin,
    /// Let the time run out.
    Expire,
}

impl Decision {
    /// Every decision with its word.
    pub const ALL: [(&'static str, Self); 9] = [
        ("approve", Self::Approve),
        ("cancel", Self::Cancel),
        ("deny_consent", Self::DenyConsent),
        ("wrong_account", Self::WrongAccount),
        ("no_broker", Self::NoBroker),
        ("open_account", Self::OpenAccount),
        ("close_before_login", Self::CloseBeforeLogin),
        ("close_after_login", Self::CloseAfterLogin),
        ("expire", Self::Expire),
    ];

    /// Parses the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(word, _)| *word == text)
            .map(|(_, decision)| decision)
    }
}

/// What the user types on the review page, matched by ticker, and by side where the line has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkEdit {
    /// NSE ticker.
    pub ticker: String,
    /// Everything else, as a page would send it; `line` is found by the ticker.
    pub edit: LineEdit,
}

/// A walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkRequest {
    /// What the user decides.
    pub decision: Decision,
    /// Broker, where the decision logs in.
    pub broker: Option<BrokerKey>,
    /// Account there.
    pub account: Option<String>,
    /// What is typed on the review page.
    pub edits: Vec<WalkEdit>,
    /// Whether an after-market order is taken when it is offered.
    pub amo: bool,
    /// Whether shares are authorised when that is asked for.
    pub authorise: bool,
    /// Whether the user goes on although something is short.
    pub proceed_if_short: bool,
    /// How long to wait for the fills (wall time).
    pub wait: Duration,
}

/// What a walk ends with.
#[derive(Debug, Clone, PartialEq)]
pub struct WalkAnswer {
    /// The transaction as `transactiondetails` shows it.
    pub details: TransactionDetailsData,
    /// How the SDK's promise would settle.
    pub settlement: SettlementBody,
    /// World time.
    pub world_time: Timestamp,
}

/// Whether the decision logs in, and so needs an account. A flow that is past its login needs none.
pub(super) fn needs_login(request: &WalkRequest, txn: &TxnRow) -> bool {
    txn.status == Status::Initialized
        && match request.decision {
            Decision::Approve
            | Decision::DenyConsent
            | Decision::WrongAccount
            | Decision::CloseAfterLogin => true,
            // A CONNECT is cancelled at the login page, everything else after the login.
            Decision::Cancel => !matches!(txn.intent, Intent::Connect),
            Decision::Expire => request.account.is_some(),
            Decision::NoBroker | Decision::OpenAccount | Decision::CloseBeforeLogin => false,
        }
}

/// Whether the decision stops on this page.
pub(super) fn is_end(run: &FlowRun, request: &WalkRequest) -> bool {
    let txn = &run.loaded.txn;
    let logged_in = txn.status == Status::Used;
    match request.decision {
        Decision::CloseBeforeLogin => true,
        Decision::CloseAfterLogin => logged_in,
        Decision::Expire => logged_in || !needs_login(request, txn),
        Decision::Cancel if matches!(txn.intent, Intent::Connect) => run.state.step == Step::Login,
        Decision::Cancel => logged_in,
        _ => false,
    }
}
