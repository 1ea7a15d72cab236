use super::*;
use torana_domain::ids::ClientReference;
use torana_domain::order::{OrderTicket, OrderType, Side, Validity, Variety};

pub(crate) const T0: Timestamp = Timestamp(1_767_605_400_000);

/// A buy of ten shares in a state, as if the process had just put it there.
pub(crate) fn order(state: OrderState) -> Order {
    Order {
        ticket: OrderTicket {
            reference: ClientReference::from_random([1; 10]),
            ticker: "INFY".to_owned(),
            isin: "INE009A01021".to_owned(),
            side: Side::Buy,
            quantity: Shares(10),
            order_type: OrderType::Market,
            price: None,
            validity: Validity::Day,
            variety: Variety::Regular,
        },
        state,
        filled: Shares(0),
        average_price: Price(0),
        broker_order_id: state.is_accepted().then(|| "B1".to_owned()),
        exchange_order_id: None,
        order_timestamp: None,
        error_code: None,
        status_message: None,
        evidence: Evidence::None,
        as_of: T0,
    }
}

/// The broker's view of that order.
pub(crate) fn entry(state: OrderState, filled: i64) -> BookEntry {
    BookEntry {
        broker_order_id: "B1".to_owned(),
        exchange_order_id: None,
        reference: Some(ClientReference::from_random([1; 10])),
        ticker: "INFY".to_owned(),
        side: Side::Buy,
        quantity: Shares(10),
        state,
        filled: Shares(filled),
        average_price: if filled > 0 { Price(15_000_000) } else { Price(0) },
        error_code: None,
        status_message: None,
        order_timestamp: None,
    }
}

use OrderState::{Cancelled, Complete, Open, Partial, Queued, Rejected, Submitting, Unknown, Unplaced};

#[test]
fn answers_to_the_order_call() {
    let accepted = PlaceOutcome::Accepted {
        broker_order_id: "B1".to_owned(),
    };
    let refused = PlaceOutcome::Refused {
        code: OrderErrorCode::MarginsExceeded,
        text: "no money".to_owned(),
    };
    let needs = PlaceOutcome::NeedsAuthorisation {
        text: "clear first".to_owned(),
    };
    let unknown = PlaceOutcome::Unknown {
        why: "time-out".to_owned(),
    };
    let table = [
        (&accepted, Open, Evidence::BrokerAnswer, None, "order.accepted"),
        (
            &refused,
            Unplaced,
            Evidence::BrokerAnswer,
            Some(OrderErrorCode::MarginsExceeded),
            "order.unplaced",
        ),
        (
            &needs,
            Unplaced,
            Evidence::BrokerAnswer,
            Some(OrderErrorCode::CheckHoldings),
            "order.unplaced",
        ),
        (&unknown, Unknown, Evidence::None, None, "order.unknown"),
    ];
    for (outcome, state, evidence, code, event) in table {
        let mut sent = order(Submitting);
        let at = T0.plus_ms(250);
        assert_eq!(
            apply_order_outcome(&mut sent, outcome, at),
            Ok(Applied::Changed(event)),
            "{outcome:?}"
        );
        assert_eq!(
            (sent.state, sent.evidence, sent.error_code),
            (state, evidence, code)
        );
        // Without proof the instant of the send stays: it names the trading day whose book can prove anything.
        assert_eq!(sent.as_of, if state == Unknown { T0 } else { at });
        let before = sent.clone();
        if matches!(
            outcome,
            PlaceOutcome::Accepted { .. } | PlaceOutcome::Unknown { .. }
        ) {
            assert_eq!(
                apply_order_outcome(&mut sent, outcome, at),
                Ok(Applied::Unchanged)
            );
        }
        assert_eq!(sent, before);
    }
}

#[test]
fn late_answers_still_prove_but_never_take_back() {
    let refused = PlaceOutcome::Refused {
        code: OrderErrorCode::AdapterError,
        text: String::new(),
    };
    let mut unknown = order(Unknown);
    assert_eq!(
        apply_order_outcome(&mut unknown, &refused, T0),
        Ok(Applied::Changed("order.unplaced"))
    );
    for state in [Open, Complete, Unplaced] {
        let mut known = order(state);
        assert_eq!(
            apply_order_outcome(&mut known, &refused, T0),
            Err(Disbelief::Backwards {
                from: state,
                to: Unplaced
            })
        );
        assert_eq!(known, order(state));
    }
    let other = PlaceOutcome::Accepted {
        broker_order_id: "B2".to_owned(),
    };
    assert_eq!(
        apply_order_outcome(&mut order(Open), &other, T0),
        Err(Disbelief::OtherId)
    );
}

#[test]
fn states_of_the_book() {
    let cases = [
        (Open, 0, Ok("order.accepted"), Open),
        (Open, 4, Ok("order.accepted"), Open),
        (Open, 10, Ok("order.accepted"), Open),
        (Complete, 10, Ok("order.complete"), Complete),
        (Partial, 4, Ok("order.partial"), Partial),
        (Partial, 10, Ok("order.complete"), Complete),
        (Cancelled, 0, Ok("order.cancelled"), Cancelled),
        (Cancelled, 4, Ok("order.partial"), Partial),
        (Rejected, 0, Ok("order.rejected"), Rejected),
        (Rejected, 4, Ok("order.partial"), Partial),
        (
            Complete,
            9,
            Err(Disbelief::Contradiction {
                state: Complete,
                filled: Shares(9),
            }),
            Unknown,
        ),
        (
            Partial,
            0,
            Err(Disbelief::Contradiction {
                state: Partial,
                filled: Shares(0),
            }),
            Unknown,
        ),
        (
            Open,
            -1,
            Err(Disbelief::Contradiction {
                state: Open,
                filled: Shares(-1),
            }),
            Unknown,
        ),
        (
            Complete,
            11,
            Err(Disbelief::Overfilled {
                ordered: Shares(10),
                said: Shares(11),
            }),
            Unknown,
        ),
        (
            Unknown,
            0,
            Err(Disbelief::Contradiction {
                state: Unknown,
                filled: Shares(0),
            }),
            Unknown,
        ),
        (
            Unplaced,
            0,
            Err(Disbelief::Contradiction {
                state: Unplaced,
                filled: Shares(0),
            }),
            Unknown,
        ),
    ];
    for (state, filled, expected, after) in cases {
        let mut found = order(Unknown);
        let result = apply_book_entry(
            &mut found,
            &entry(state, filled),
            Evidence::OrderBook,
            T0.plus_ms(1000),
        );
        // `FillsShrank` cannot hide a negative number: the state is judged first.
        assert_eq!(result, expected.map(Applied::Changed), "{state:?} {filled}");
        assert_eq!(found.state, after, "{state:?} {filled}");
        assert_eq!(
            found.evidence,
            if result.is_ok() {
                Evidence::OrderBook
            } else {
                Evidence::None
            }
        );
    }
}

#[test]
fn fills_only_rise() {
    let mut open = order(Open);
    let read = |order: &mut Order, entry: &BookEntry| apply_book_entry(order, entry, Evidence::OrderBook, T0);
    assert_eq!(read(&mut open, &entry(Open, 0)), Ok(Applied::Unchanged));
    assert_eq!(
        read(&mut open, &entry(Open, 4)),
        Ok(Applied::Changed("order.filled"))
    );
    assert_eq!(read(&mut open, &entry(Open, 4)), Ok(Applied::Unchanged));
    let shrank = Disbelief::FillsShrank {
        known: Shares(4),
        said: Shares(3),
    };
    assert_eq!(read(&mut open, &entry(Open, 3)), Err(shrank));
    assert_eq!(
        read(&mut open, &entry(Cancelled, 0)),
        Err(Disbelief::FillsShrank {
            known: Shares(4),
            said: Shares(0)
        })
    );
    assert_eq!(
        read(&mut open, &entry(Cancelled, 4)),
        Ok(Applied::Changed("order.partial"))
    );
    assert_eq!(read(&mut open, &entry(Cancelled, 4)), Ok(Applied::Unchanged));
    assert_eq!(
        read(&mut open, &entry(Complete, 10)),
        Err(Disbelief::Backwards {
            from: Partial,
            to: Complete
        })
    );
    assert_eq!((open.state, open.filled), (Partial, Shares(4)));
}

#[test]
fn new_facts_without_a_new_state_are_an_event_too() {
    let mut open = order(Open);
    let mut seen = entry(Open, 0);
    seen.exchange_order_id = Some("X1".to_owned());
    seen.order_timestamp = Some(T0);
    assert_eq!(
        apply_book_entry(&mut open, &seen, Evidence::OrderBook, T0),
        Ok(Applied::Changed("order.updated"))
    );
    // A later book that leaves them out takes nothing back.
    assert_eq!(
        apply_book_entry(&mut open, &entry(Open, 0), Evidence::OrderBook, T0),
        Ok(Applied::Unchanged)
    );
    assert_eq!(open.exchange_order_id.as_deref(), Some("X1"));
}

#[test]
fn entries_of_other_orders_are_not_believed() {
    let change: [fn(&mut BookEntry); 4] = [
        |entry| entry.ticker = "ITC".to_owned(),
        |entry| entry.side = Side::Sell,
        |entry| entry.quantity = Shares(20),
        |entry| entry.broker_order_id = "B2".to_owned(),
    ];
    for (case, change) in change.into_iter().enumerate() {
        let mut wrong = entry(Complete, 10);
        change(&mut wrong);
        let mut open = order(Open);
        let expected = if case == 3 {
            Disbelief::OtherId
        } else {
            Disbelief::OtherOrder
        };
        assert_eq!(
            apply_book_entry(&mut open, &wrong, Evidence::OrderBook, T0),
            Err(expected),
            "{case}"
        );
        assert_eq!(open, order(Open));
    }
}

#[test]
fn what_was_never_sent_and_what_the_closed_book_does_not_know() {
    for state in [Queued, Submitting, Unknown, Open, Complete] {
        let mut known = order(state);
        assert_eq!(
            leave_unsent(&mut known, NotSent::TooLate, T0).is_ok(),
            state == Queued,
            "{state:?}"
        );
        let mut known = order(state);
        assert_eq!(
            apply_absence(&mut known, T0).is_ok(),
            state == Unknown,
            "{state:?}"
        );
        let mut known = order(state);
        assert_eq!(
            begin_submitting(&mut known, T0).is_ok(),
            state == Queued,
            "{state:?}"
        );
    }
    let mut absent = order(Unknown);
    apply_absence(&mut absent, T0.plus_ms(5)).unwrap();
    assert_eq!(
        (absent.state, absent.evidence, absent.as_of),
        (Unplaced, Evidence::ClosedBook, T0.plus_ms(5))
    );
    let mut late = order(Queued);
    leave_unsent(&mut late, NotSent::SessionOver, T0).unwrap();
    assert_eq!(
        (late.evidence, late.error_code),
        (Evidence::NotSent, Some(OrderErrorCode::AdapterError))
    );
}

#[test]
fn only_our_own_failures_count_as_ours() {
    assert!(NotSent::TooLate.is_ours() && NotSent::NoBroker.is_ours() && !NotSent::SessionOver.is_ours());
}

#[test]
fn long_texts_of_brokers_are_cut() {
    let refused = PlaceOutcome::Refused {
        code: OrderErrorCode::AdapterError,
        text: "é".repeat(1000),
    };
    let mut sent = order(Submitting);
    apply_order_outcome(&mut sent, &refused, T0).unwrap();
    assert_eq!(sent.status_message.unwrap().chars().count(), BROKER_TEXT_MAX);
}
