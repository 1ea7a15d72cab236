//! Clearing shares at a page beside ours.

use std::sync::atomic::Ordering;

use torana_brokers::Deed;
use torana_exchange::TPIN;

use super::super::act::Action;
use super::super::view::Form;
use super::*;
use crate::testbed::{Bed, Visitor, basket, run};

fn bed() -> Bed {
    let bed = Bed::new();
    bed.open_pages();
    bed.holds_uncleared(10);
    bed
}

fn requests(bed: &Bed) -> i64 {
    bed.broker.pages.clearances.load(Ordering::SeqCst)
}

/// The page of the depository, as the present page of ours leads there.
fn beside(visitor: &Visitor<'_>) -> String {
    match visitor.looks().view.form {
        Some(Form::Beside(url)) => url,
        other => panic!("no page beside ours: {other:?}"),
    }
}

fn says_done(visitor: &Visitor<'_>) {
    let effect = visitor.does(Action::SubmitAuthorisation(BrokerReturn::Fields(Vec::new())));
    assert_eq!(effect, Effect::default(), "this window stays with us");
}

fn clears(visitor: &Visitor<'_>) {
    let tpin = TPIN.to_owned();
    visitor.acts_at(&beside(visitor), Deed::ClearShares { tpin });
}

#[test]
fn sells_wait_for_a_page_that_does_not_come_back() {
    let bed = bed();
    let visitor = bed.visitor(&basket(&[(Side::Sell, "INFY", 3)]));
    visitor.logs_in("CI0001");
    visitor.looks();
    let effect = visitor.does(Action::ConfirmReview(Vec::new()));
    assert_eq!(effect, Effect::default());
    let first = beside(&visitor);
    for _ in 0..3 {
        assert_eq!(beside(&visitor), first);
    }
    assert_eq!(requests(&bed), 1, "looking asks the broker for nothing");
    says_done(&visitor);
    let page = visitor.looks();
    assert_eq!(page.step, Step::Authorise);
    assert_eq!(
        page.run.state.message.as_deref(),
        Some("The shares are not authorised.")
    );
    assert_ne!(beside(&visitor), first, "the first page may be used up");
    clears(&visitor);
    says_done(&visitor);
    assert_eq!(bed.seen(visitor.txn).txn.status, Status::Processing);
    assert_eq!(requests(&bed), 2);
}

#[test]
fn the_shares_of_an_account_are_cleared_in_the_session_that_asked() {
    let bed = bed();
    let visitor = bed.visitor(&Intent::AuthoriseHoldings);
    visitor.logs_in("CI0001");
    let first = beside(&visitor);
    let session = visitor.at().state.broker_session.unwrap();
    run(bed.engine.forget_session(session, bed.now().world)).unwrap();
    assert!(matches!(visitor.looks().view.form, Some(Form::Words(_))));
    says_done(&visitor);
    assert_eq!(visitor.looks().step, Step::Login);
    let url = visitor.does(Action::AcceptNotice).redirect.unwrap();
    let account = "CI0001".to_owned();
    visitor.comes_back(&visitor.acts_at(&url, Deed::LogIn { account }));
    assert_ne!(beside(&visitor), first, "asked for again");
    clears(&visitor);
    says_done(&visitor);
    assert_eq!(bed.seen(visitor.txn).txn.status, Status::Completed);
}

#[test]
fn orders_go_on_without_it() {
    let bed = bed();
    let visitor = bed.visitor(&basket(&[(Side::Sell, "INFY", 3)]));
    visitor.logs_in("CI0001");
    visitor.looks();
    visitor.does(Action::ConfirmReview(Vec::new()));
    visitor.does(Action::SkipAuthorisation);
    assert_eq!(bed.seen(visitor.txn).txn.status, Status::Processing);
}
