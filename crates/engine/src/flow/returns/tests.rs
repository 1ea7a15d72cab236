//! Logins over a broker's own pages, with everything that browsers do to them.

use std::sync::atomic::Ordering;

use proptest::prelude::*;
use torana_brokers::{BrokerError, Deed};
use torana_domain::intent::Intent;
use torana_domain::transaction::Status;

use super::super::view::Form;
use super::*;
use crate::context::lock;
use crate::testbed::{Bed, Visitor, run};

fn bed() -> Bed {
    let bed = Bed::new();
    bed.open_pages();
    bed
}

fn login(account: &str) -> Deed {
    Deed::LogIn {
        account: account.to_owned(),
    }
}

fn completed(bed: &Bed) -> i64 {
    bed.broker.pages.logins_completed.load(Ordering::SeqCst)
}

fn begun(bed: &Bed) -> i64 {
    bed.broker.pages.logins_begun.load(Ordering::SeqCst)
}

fn status(bed: &Bed, visitor: &Visitor<'_>) -> Status {
    bed.seen(visitor.txn).txn.status
}

fn without_state(parameters: &Parameters) -> Parameters {
    let mut kept = parameters.clone();
    kept.retain(|(name, _)| name != STATE);
    kept
}

#[test]
fn a_login_elsewhere_comes_back_and_counts_once() {
    let bed = bed();
    let visitor = bed.visitor(&Intent::Connect);
    let url = visitor.goes_to_login();
    assert!(visitor.at().state.is_external, "the SDK is told so");
    let back = visitor.acts_at(&url, login("CI0001"));
    let effect = visitor.comes_back(&back);
    assert!(effect.broker_cookie.is_some() && effect.redirect.is_none());
    assert_eq!((status(&bed, &visitor), completed(&bed)), (Status::Completed, 1));
    assert!(!visitor.at().state.is_external);
    for again in [back.clone(), without_state(&back)] {
        assert_eq!(visitor.comes_back(&again), Effect::default());
    }
    assert_eq!(completed(&bed), 1, "no second login");
}

#[test]
fn nothing_but_the_value_of_this_login_counts() {
    let bed = bed();
    let (visitor, other) = (bed.visitor(&Intent::Connect), bed.visitor(&Intent::Connect));
    let url = visitor.goes_to_login();
    let (back, foreign) = (
        visitor.acts_at(&url, login("CI0001")),
        other.acts_at(&other.goes_to_login(), login("CI0002")),
    );
    let mut twice = back.clone();
    twice.extend(back.iter().filter(|(name, _)| name == STATE).cloned());
    for bad in [foreign, without_state(&back), twice, Vec::new()] {
        assert_eq!(visitor.comes_back(&bad), Effect::default(), "{bad:?}");
    }
    visitor.comes_back_from(BrokerKey::Groww, &back);
    assert_eq!(
        (completed(&bed), status(&bed, &visitor)),
        (0, Status::Initialized)
    );
    visitor.comes_back(&back);
    assert_eq!(
        status(&bed, &visitor),
        Status::Completed,
        "what is right still counts"
    );
}

#[test]
fn a_login_that_was_left_can_be_begun_again_with_a_new_value() {
    let bed = bed();
    let visitor = bed.visitor(&Intent::Connect);
    let url = visitor.goes_to_login();
    let mut left = visitor.acts_at(&url, login("CI0001"));
    left.retain(|(name, _)| name == STATE);
    left.push(("status".to_owned(), "cancelled".to_owned()));
    visitor.comes_back(&left);
    let page = visitor.looks();
    assert_eq!((page.step, page.view.form), (Step::Login, Some(Form::Elsewhere)));
    assert_eq!(page.run.state.message.as_deref(), Some("You left the login."));
    let again = visitor.does(Action::AcceptNotice).redirect.unwrap();
    assert_ne!(url, again);
    visitor.comes_back(&visitor.acts_at(&url, login("CI0001")));
    assert_eq!(
        status(&bed, &visitor),
        Status::Initialized,
        "the old value is over"
    );
    visitor.comes_back(&visitor.acts_at(&again, login("CI0001")));
    assert_eq!(status(&bed, &visitor), Status::Completed);
}

#[test]
fn looking_at_the_login_page_asks_the_broker_nothing_and_shows_that_the_user_is_here() {
    let bed = bed();
    let visitor = bed.visitor(&Intent::Connect);
    let url = visitor.goes_to_login();
    for _ in 0..3 {
        assert_eq!(visitor.looks().view.form, Some(Form::Elsewhere));
    }
    assert_eq!(begun(&bed), 1);
    assert!(!visitor.at().state.is_external, "a close is believed again");
    visitor.comes_back(&visitor.acts_at(&url, login("CI0001")));
    assert_eq!(
        status(&bed, &visitor),
        Status::Completed,
        "forward again, and logged in"
    );
}

#[test]
fn a_broker_that_brings_no_value_is_believed_without_and_no_other() {
    let bed = bed();
    bed.broker.pages.forget_state.store(true, Ordering::SeqCst);
    let visitor = bed.visitor(&Intent::Connect);
    let url = visitor.goes_to_login();
    let state = visitor.at().state;
    assert!(state.awaits(BrokerKey::Kite, None) && !state.awaits(BrokerKey::Groww, None));
    visitor.comes_back(&visitor.acts_at(&url, login("CI0001")));
    assert_eq!(status(&bed, &visitor), Status::Completed);
    assert!(!visitor.at().state.awaits(BrokerKey::Kite, None));
}

#[test]
fn a_return_after_the_end_changes_nothing() {
    let bed = bed();
    let (cancels, dawdles) = (bed.visitor(&Intent::Connect), bed.visitor(&Intent::Connect));
    let url = cancels.goes_to_login();
    cancels.does(Action::Cancel);
    cancels.comes_back(&cancels.acts_at(&url, login("CI0001")));
    assert_eq!(status(&bed, &cancels), Status::Cancelled);
    assert_eq!(cancels.looks().step, Step::Done);
    let url = dawdles.goes_to_login();
    bed.run_until(bed.now().world.plus_ms(10 * 60_000));
    dawdles.comes_back(&dawdles.acts_at(&url, login("CI0001")));
    assert_eq!(status(&bed, &dawdles), Status::Expired);
    assert_eq!(dawdles.looks().step, Step::Done);
    assert_eq!(completed(&bed), 0);
}

#[test]
fn a_session_that_died_leads_to_the_login_page_and_through_it_again() {
    let bed = bed();
    let visitor = bed.visitor(&Intent::FetchFunds);
    lock(&bed.broker.read_failures).push_back(BrokerError::SessionExpired);
    visitor.logs_in("CI0001");
    let page = visitor.looks();
    assert_eq!((page.step, status(&bed, &visitor)), (Step::Login, Status::Used));
    assert!(!page.run.state.is_external, "the user reads why first");
    let url = visitor.does(Action::AcceptNotice).redirect.unwrap();
    visitor.comes_back(&visitor.acts_at(&url, login("OTHER1")));
    assert_eq!(
        visitor.looks().step,
        Step::Login,
        "another account does not go on"
    );
    let url = visitor.does(Action::AcceptNotice).redirect.unwrap();
    visitor.comes_back(&visitor.acts_at(&url, login("CI0001")));
    visitor.looks();
    assert_eq!(status(&bed, &visitor), Status::Completed);
}

#[test]
fn what_a_broker_posts_waits_sealed_for_its_own_browser() {
    let bed = bed();
    let visitor = bed.visitor(&Intent::Connect);
    let url = visitor.goes_to_login();
    let back = visitor.acts_at(&url, login("SECRET1"));
    let post =
        |broker, parameters: &Parameters| run(bed.engine.keep_posted(broker, parameters.clone())).unwrap();
    let flow_id = visitor.at().flow.public_id;
    assert_eq!(post(BrokerKey::Groww, &back), Posted::NotAwaited(flow_id.clone()));
    assert_eq!(post(BrokerKey::Kite, &without_state(&back)), Posted::Unreadable);
    let Posted::Kept(value) = post(BrokerKey::Kite, &back) else {
        panic!("not kept");
    };
    assert!(visitor.at().state.is_external, "not back yet");
    assert!(!visitor.at().flow.state.contains("SECRET1"));
    assert_eq!(post(BrokerKey::Kite, &back), Posted::NotAwaited(flow_id));
    visitor.comes_back(&back);
    assert_eq!(completed(&bed), 0, "the posted value is used up");
    visitor.comes_back(&vec![(STATE.to_owned(), value)]);
    assert_eq!((completed(&bed), status(&bed, &visitor)), (1, Status::Completed));
    assert_eq!(visitor.at().state.account_masked.as_deref(), Some("•••••T1"));
    assert!(visitor.at().state.posted.is_none());
}

/// What browsers, users and strangers do.
#[derive(Debug, Clone, Copy)]
enum Doing {
    Look,
    Choose,
    Go,
    /// Comes back with the value of that login, counted from the newest.
    Return(usize),
    Leave(usize),
    Post(usize),
    Fetch(usize),
    Forge,
    Cancel,
}

fn doing() -> impl Strategy<Value = Doing> {
    prop_oneof![
        2 => Just(Doing::Look),
        2 => Just(Doing::Choose),
        4 => Just(Doing::Go),
        2 => (0usize..3).prop_map(Doing::Return),
        2 => (0usize..3).prop_map(Doing::Leave),
        2 => (0usize..3).prop_map(Doing::Post),
        2 => (0usize..3).prop_map(Doing::Fetch),
        1 => Just(Doing::Forge),
        1 => Just(Doing::Cancel),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_login_is_completed_once_at_most_whatever_happens(doings in prop::collection::vec(doing(), 1..20)) {
        let bed = bed();
        let visitor = bed.visitor(&Intent::Connect);
        let (mut urls, mut posted): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        let from_end = |list: &[String], back: usize| list.len().checked_sub(back + 1).and_then(|at| list.get(at)).cloned();
        for doing in doings {
            match doing {
                Doing::Look => drop(visitor.looks()),
                Doing::Choose => drop(visitor.does(Action::ChooseBroker(BrokerKey::Kite))),
                Doing::Go => urls.extend(visitor.does(Action::AcceptNotice).redirect),
                Doing::Cancel => drop(visitor.does(Action::Cancel)),
                Doing::Forge => {
                    let value = RoundTrip::generate(&visitor.at().flow.public_id, &*bed.machine).reveal();
                    let all = [("status", "success"), ("code", "EVIL01"), (STATE, value.as_str())];
                    let all = all.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
                    let before = completed(&bed);
                    visitor.comes_back(&all);
                    prop_assert_eq!(completed(&bed), before);
                }
                Doing::Return(at) | Doing::Leave(at) | Doing::Post(at) => {
                    let Some(url) = from_end(&urls, at) else { continue };
                    let mut back = visitor.acts_at(&url, login("CI0001"));
                    if let Doing::Leave(_) = doing {
                        back.retain(|(name, _)| name == STATE);
                    }
                    let before = completed(&bed);
                    if let Doing::Post(_) = doing {
                        if let Posted::Kept(value) = run(bed.engine.keep_posted(BrokerKey::Kite, back)).unwrap() {
                            prop_assert_eq!(at, 0, "only the newest value counts");
                            posted.push(value);
                        }
                    } else {
                        visitor.comes_back(&back);
                        prop_assert!(completed(&bed) == before || at == 0, "only the newest value counts");
                    }
                }
                Doing::Fetch(at) => {
                    let Some(value) = from_end(&posted, at) else { continue };
                    visitor.comes_back(&vec![(STATE.to_owned(), value)]);
                }
            }
            prop_assert!(completed(&bed) <= begun(&bed));
        }
        let seen = bed.seen(visitor.txn);
        prop_assert!(seen.count("transaction.completed") <= 1);
    }
}
