//! Orders that the user confirms at the broker, and everything that can go wrong on the way.

use std::sync::atomic::Ordering;

use proptest::prelude::*;
use torana_brokers::{BookEntry, BrowserForm, Deed};
use torana_domain::order::{Evidence, Side};
use torana_domain::transaction::Status;
use torana_storage::gateway::batches;

use super::super::act::Action;
use super::super::state::Step;
use super::*;
use crate::context::lock;
use crate::testbed::{Bed, Seen, Visitor, at, basket, run};

fn bed() -> Bed {
    let bed = Bed::new();
    bed.open_pages();
    bed.broker.pages.take_orders.store(true, Ordering::SeqCst);
    bed
}

fn confirm(account: &str) -> Deed {
    Deed::ConfirmOrders {
        account: account.to_owned(),
    }
}

/// Somebody who confirmed two orders to us; gives the form for the broker too.
fn handed_over(bed: &Bed) -> (Visitor<'_>, BrowserForm) {
    let visitor = bed.visitor(&basket(&[(Side::Buy, "INFY", 3), (Side::Buy, "ITC", 5)]));
    visitor.logs_in("CI0001");
    visitor.looks();
    let form = visitor.does(Action::ConfirmReview(Vec::new())).hand_off.unwrap();
    (visitor, form)
}

fn seen(bed: &Bed, visitor: &Visitor<'_>) -> Seen {
    bed.seen(visitor.txn)
}

fn states(seen: &Seen) -> Vec<OrderState> {
    seen.orders.iter().map(|order| order.state).collect()
}

fn book(bed: &Bed) -> Vec<BookEntry> {
    lock(&bed.broker.pages.confirmed).clone()
}

#[test]
fn orders_are_committed_before_the_browser_leaves_and_nobody_of_us_sends_them() {
    let bed = bed();
    let (visitor, form) = handed_over(&bed);
    let before = seen(&bed, &visitor);
    assert_eq!(
        (before.txn.status, states(&before)),
        (Status::Processing, vec![OrderState::Unknown; 2])
    );
    let words = before.orders.iter().map(|order| order.state.wire_raw_status());
    assert!(words.eq(["UNKNOWN"; 2]), "that is what partners read");
    assert!(visitor.at().state.is_external);
    let tickets = lock(&bed.broker.pages.forms)[0].clone();
    let references = |orders: &[Order]| -> Vec<_> {
        orders
            .iter()
            .map(|order| order.ticket.reference.clone())
            .collect()
    };
    assert!(
        tickets
            .iter()
            .map(|ticket| ticket.reference.clone())
            .eq(references(&before.orders))
    );
    bed.run_until(at("2026-01-05T04:40:00.000Z"));
    assert_eq!(
        (bed.sent_once(), states(&seen(&bed, &visitor))),
        (0, states(&before))
    );
    let back = visitor.acts_on(&form, confirm("CI0001"));
    visitor.comes_back(&back);
    bed.run_due();
    let after = seen(&bed, &visitor);
    assert_eq!(
        (after.txn.status, states(&after), bed.sent_once()),
        (Status::Completed, vec![OrderState::Complete; 2], 0)
    );
    assert_eq!(after.count("order.unknown"), 2);
    assert!(
        after
            .orders
            .iter()
            .all(|order| order.evidence == Evidence::OrderBook)
    );
}

#[test]
fn the_session_of_the_confirmation_reads_the_book_where_the_old_one_is_over() {
    let bed = bed();
    let (visitor, form) = handed_over(&bed);
    let old = visitor.at().state.broker_session.unwrap();
    run(bed.engine.forget_session(old, bed.now().world)).unwrap();
    bed.run_due();
    visitor.comes_back(&visitor.acts_on(&form, confirm("CI0001")));
    assert_ne!(visitor.at().state.broker_session, Some(old));
    bed.run_due();
    assert_eq!(seen(&bed, &visitor).txn.status, Status::Completed, "at once");
}

#[test]
fn the_batch_goes_on_with_the_session_of_the_confirmation() {
    let bed = bed();
    let (visitor, form) = handed_over(&bed);
    let old = visitor.at().state.broker_session;
    visitor.comes_back(&visitor.acts_on(&form, confirm("CI0001")));
    let new = visitor.at().state.broker_session;
    let txn = visitor.txn;
    let batch = bed.write(move |tx| batches::find_by_txn(tx, txn)).unwrap();
    assert!(
        new != old && Some(batch.broker_session_id) == new,
        "{old:?} {new:?}"
    );
}

#[test]
fn what_is_in_the_book_is_not_asked_for_again() {
    let bed = bed();
    let (visitor, form) = handed_over(&bed);
    visitor.acts_on(&form, confirm("CI0001"));
    // One of the two did not get through there.
    lock(&bed.broker.pages.confirmed).truncate(1);
    let too_early = visitor.does(Action::ContinueHandOff);
    assert_eq!(
        too_early,
        Effect::default(),
        "one is there, and not taken over yet"
    );
    bed.run_until(at("2026-01-05T04:31:00.000Z"));
    assert_eq!(
        states(&seen(&bed, &visitor)),
        [OrderState::Complete, OrderState::Unknown]
    );
    visitor.does(Action::ContinueHandOff).hand_off.unwrap();
    let forms = lock(&bed.broker.pages.forms).clone();
    assert_eq!(forms[1], forms[0][1..]);
}

#[test]
fn orders_of_a_user_who_never_comes_back_are_found_in_the_book() {
    let bed = bed();
    let (visitor, form) = handed_over(&bed);
    visitor.acts_on(&form, confirm("CI0001"));
    bed.run_until(at("2026-01-05T04:32:00.000Z"));
    assert_eq!(seen(&bed, &visitor).txn.status, Status::Completed);
    assert_eq!(
        visitor.does(Action::ContinueHandOff),
        Effect::default(),
        "there is nothing left to confirm"
    );
}

#[test]
fn orders_that_were_left_stay_without_proof_until_the_closed_book() {
    let bed = bed();
    let (visitor, form) = handed_over(&bed);
    let left = visitor.acts_on(&form, Deed::LeaveOrders);
    visitor.comes_back(&left);
    let state = visitor.at().state;
    assert!(state.is_in_user_s_hands() && !state.is_external);
    assert!(state.hand_off.unwrap().was_left);
    bed.run_until(at("2026-01-05T09:59:00.000Z"));
    assert_eq!(states(&seen(&bed, &visitor)), [OrderState::Unknown; 2]);
    // A second tab may have the form: only the close of the day takes it away.
    bed.run_until(at("2026-01-05T11:00:00.000Z"));
    let after = seen(&bed, &visitor);
    assert_eq!(states(&after), [OrderState::Unplaced; 2]);
    assert!(
        after
            .orders
            .iter()
            .all(|order| order.evidence == Evidence::ClosedBook)
    );
}

#[test]
fn orders_that_were_left_can_be_confirmed_later_under_the_same_references() {
    let bed = bed();
    let (visitor, form) = handed_over(&bed);
    visitor.comes_back(&visitor.acts_on(&form, Deed::LeaveOrders));
    let again = visitor.does(Action::ContinueHandOff).hand_off.unwrap();
    assert!(visitor.at().state.is_external);
    let forms = lock(&bed.broker.pages.forms).clone();
    assert_eq!((forms.len(), &forms[0]), (2, &forms[1]));
    visitor.comes_back(&visitor.acts_on(&form, Deed::LeaveOrders));
    assert!(visitor.at().state.is_external, "the first form's value is over");
    visitor.comes_back(&visitor.acts_on(&again, confirm("CI0001")));
    bed.run_due();
    assert_eq!(seen(&bed, &visitor).txn.status, Status::Completed);
}

#[test]
fn the_form_is_not_given_out_again_unless_the_book_shows_that_nothing_was_placed() {
    let bed = bed();
    let (visitor, form) = handed_over(&bed);
    lock(&bed.broker.read_failures).extend([
        torana_brokers::BrokerError::Unavailable("down".to_owned()),
        torana_brokers::BrokerError::SessionExpired,
    ]);
    for _ in 0..2 {
        assert_eq!(visitor.does(Action::ContinueHandOff), Effect::default());
        assert_eq!(visitor.at().state.message.as_deref(), Some(NOT_KNOWN));
    }
    visitor.acts_on(&form, confirm("CI0001"));
    assert_eq!(
        visitor.does(Action::ContinueHandOff),
        Effect::default(),
        "confirmed, and not back"
    );
    assert_eq!(lock(&bed.broker.pages.forms).len(), 1);
    bed.run_until(at("2026-01-05T04:32:00.000Z"));
    assert_eq!(seen(&bed, &visitor).txn.status, Status::Completed);
}

#[test]
fn a_confirmation_in_another_account_proves_nothing_about_this_one() {
    let bed = bed();
    let (visitor, form) = handed_over(&bed);
    let session = visitor.at().state.broker_session;
    let back = visitor.acts_on(&form, confirm("OTHER1"));
    // They are in the other account's book.
    lock(&bed.broker.pages.confirmed).clear();
    visitor.comes_back(&back);
    let state = visitor.at().state;
    assert_eq!(state.message.as_deref(), Some(OTHER_ACCOUNT));
    assert_eq!(state.broker_session, session, "nothing of that account is kept");
    assert!(
        !state.is_in_user_s_hands(),
        "nobody is asked to confirm them twice"
    );
    bed.run_until(at("2026-01-05T09:00:00.000Z"));
    assert_eq!(states(&seen(&bed, &visitor)), [OrderState::Unknown; 2]);
}

#[test]
fn a_value_counts_once_and_only_while_the_orders_wait() {
    let bed = bed();
    let (visitor, form) = handed_over(&bed);
    let back = visitor.acts_on(&form, confirm("CI0001"));
    visitor.comes_back(&back);
    let sessions = visitor.at().state.broker_session;
    for _ in 0..2 {
        assert_eq!(visitor.comes_back(&back), Effect::default());
    }
    assert_eq!(visitor.at().state.broker_session, sessions);
    let run_again = visitor.does(Action::SubmitLogin(BrokerReturn::Parameters(back)));
    assert_eq!(run_again, Effect::default());
    assert_eq!(visitor.looks().step, Step::Progress);
}

/// What a user does with the form and the pages.
#[derive(Debug, Clone, Copy)]
enum Doing {
    Look,
    Continue,
    Confirm(usize),
    ConfirmElsewhere(usize),
    Leave(usize),
    ForgetToReturn(usize),
    Wait,
    Restart,
}

fn doing() -> impl Strategy<Value = Doing> {
    prop_oneof![
        Just(Doing::Look),
        Just(Doing::Continue),
        (0usize..2).prop_map(Doing::Confirm),
        (0usize..2).prop_map(Doing::ConfirmElsewhere),
        (0usize..2).prop_map(Doing::Leave),
        (0usize..2).prop_map(Doing::ForgetToReturn),
        Just(Doing::Wait),
        Just(Doing::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// At the end of the day each order is what the book says: there once and complete, not there and not placed,
    /// there twice (two tabs) and believed in neither.
    #[test]
    fn whatever_happens_orders_end_as_the_book_says(doings in prop::collection::vec(doing(), 0..10)) {
        let bed = bed();
        let (visitor, form) = handed_over(&bed);
        let mut forms = vec![form];
        for doing in doings {
            let pick = |at: usize, forms: &[BrowserForm]| forms[at.min(forms.len() - 1)].clone();
            match doing {
                Doing::Look => drop(visitor.looks()),
                Doing::Continue => forms.extend(visitor.does(Action::ContinueHandOff).hand_off),
                Doing::Confirm(at) => drop(visitor.comes_back(&visitor.acts_on(&pick(at, &forms), confirm("CI0001")))),
                Doing::ForgetToReturn(at) => drop(visitor.acts_on(&pick(at, &forms), confirm("CI0001"))),
                Doing::Leave(at) => drop(visitor.comes_back(&visitor.acts_on(&pick(at, &forms), Deed::LeaveOrders))),
                Doing::ConfirmElsewhere(at) => {
                    let ours = book(&bed);
                    let back = visitor.acts_on(&pick(at, &forms), confirm("OTHER1"));
                    *lock(&bed.broker.pages.confirmed) = ours;
                    visitor.comes_back(&back);
                }
                Doing::Wait => bed.run_until(bed.now().world.plus_ms(20_000)),
                Doing::Restart => bed.run_due(),
            }
        }
        bed.run_until(at("2026-01-05T12:00:00.000Z"));
        prop_assert_eq!(bed.sent_once(), 0);
        let (book, seen) = (book(&bed), seen(&bed, &visitor));
        for order in &seen.orders {
            let there = book.iter().filter(|entry| entry.reference.as_ref() == Some(&order.ticket.reference)).count();
            let expected: &[OrderState] = match there {
                0 => &[OrderState::Unplaced],
                1 => &[OrderState::Complete],
                // Read before the second one was confirmed, or after.
                _ => &[OrderState::Complete, OrderState::Unknown],
            };
            prop_assert!(expected.contains(&order.state), "{} times there: {:?}", there, order.state);
        }
    }
}
