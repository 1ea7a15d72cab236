//! Walks over a broker's own pages.

use std::sync::atomic::Ordering;

use torana_brokers::BrokerError;
use torana_domain::broker_key::BrokerKey;
use torana_domain::intent::Intent;
use torana_domain::order::Side;

use super::*;
use crate::context::lock;
use crate::testbed::{Bed, LOCKED, basket, run};

fn request(decision: Decision) -> WalkRequest {
    WalkRequest {
        decision,
        broker: Some(BrokerKey::Kite),
        account: None,
        edits: Vec::new(),
        amo: false,
        authorise: true,
        proceed_if_short: false,
        wait: Duration::ZERO,
    }
}

/// A gateway whose broker has pages of its own, and one transaction there.
struct Case {
    bed: Bed,
    txn: i64,
    flow: i64,
}

impl Case {
    fn new(intent: &Intent) -> Self {
        let bed = Bed::new();
        bed.open_pages();
        let (txn, _) = bed.handle(intent, "");
        let flow = bed.write(move |tx| Ok(flows::find_by_txn(tx, txn)?.unwrap().id));
        Self { bed, txn, flow }
    }

    fn take(&self, decision: Decision, account: &str) -> (Status, Option<u16>) {
        run(self.bed.engine.take(self.flow, &request(decision), Some(account))).unwrap();
        let txn = self.bed.seen(self.txn).txn;
        (txn.status, txn.error_code)
    }

    fn step(&self) -> Step {
        run(self.bed.engine.load_run(self.flow)).unwrap().state.step
    }

    fn completed(&self) -> i64 {
        self.bed.broker.pages.logins_completed.load(Ordering::SeqCst)
    }
}

#[test]
fn a_walk_logs_in_on_the_broker_s_pages() {
    let case = Case::new(&Intent::Connect);
    assert_eq!(case.take(Decision::Approve, "CI0001"), (Status::Completed, None));
    assert_eq!(case.completed(), 1);
}

#[test]
fn a_login_that_the_page_refuses_ends_the_walk_there_and_a_later_one_goes_on() {
    let case = Case::new(&Intent::Connect);
    assert_eq!(case.take(Decision::Approve, LOCKED), (Status::Initialized, None));
    assert_eq!((case.step(), case.completed()), (Step::Login, 0));
    assert_eq!(case.take(Decision::Approve, "CI0001"), (Status::Completed, None));
}

#[test]
fn a_connect_is_cancelled_at_the_login_and_everything_else_after_it() {
    let case = Case::new(&Intent::Connect);
    assert_eq!(
        case.take(Decision::Cancel, "CI0001"),
        (Status::Cancelled, Some(1011))
    );
    assert_eq!(case.completed(), 0);
    let case = Case::new(&Intent::FetchFunds);
    assert_eq!(
        case.take(Decision::Cancel, "CI0001"),
        (Status::Cancelled, Some(1012))
    );
    assert_eq!(case.completed(), 1);
}

#[test]
fn closing_and_expiring_mean_what_they_mean_with_a_form() {
    let case = Case::new(&Intent::FetchFunds);
    assert_eq!(
        case.take(Decision::CloseBeforeLogin, "CI0001"),
        (Status::Initialized, None)
    );
    assert_eq!(
        case.take(Decision::CloseAfterLogin, "CI0001"),
        (Status::Used, None)
    );
    let case = Case::new(&Intent::FetchFunds);
    assert_eq!(
        case.take(Decision::Expire, "CI0001"),
        (Status::Expired, Some(3001))
    );
}

#[test]
fn a_walk_clears_shares_on_the_page_beside_ours_or_goes_on_without() {
    for authorise in [true, false] {
        let case = Case::new(&basket(&[(Side::Sell, "INFY", 3)]));
        case.bed.holds_uncleared(10);
        let asked = WalkRequest {
            authorise,
            ..request(Decision::Approve)
        };
        run(case.bed.engine.take(case.flow, &asked, Some("CI0001"))).unwrap();
        assert_eq!(case.bed.seen(case.txn).txn.status, Status::Processing);
        let pages = &case.bed.broker.pages;
        assert_eq!(pages.are_shares_cleared.load(Ordering::SeqCst), authorise);
        assert_eq!(pages.clearances.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn a_walk_confirms_the_orders_at_the_broker() {
    let case = Case::new(&basket(&[(Side::Buy, "INFY", 3)]));
    case.bed.broker.pages.take_orders.store(true, Ordering::SeqCst);
    assert_eq!(case.take(Decision::Approve, "CI0001"), (Status::Processing, None));
    assert_eq!(lock(&case.bed.broker.pages.confirmed).len(), 1);
    case.bed.run_due();
    assert_eq!(case.bed.seen(case.txn).txn.status, Status::Completed);
    assert_eq!(case.bed.sent_once(), 0);
}

#[test]
fn a_session_that_dies_at_the_confirmation_is_logged_in_to_again() {
    let case = Case::new(&basket(&[(Side::Sell, "INFY", 3)]));
    lock(&case.bed.broker.read_failures).push_back(BrokerError::SessionExpired);
    assert_eq!(case.take(Decision::Approve, "CI0001"), (Status::Processing, None));
    assert_eq!(case.completed(), 2);
    case.bed.run_due();
    assert_eq!(case.bed.sent_once(), 1);
}
