//! Lines over the days.

use super::*;

const DAY: Date = Date {
    year: 2026,
    month: 1,
    day: 6,
};

fn delivery(bought: i64, bought_worth: i64, sold: i64, sold_worth: i64) -> OnEach<Traded> {
    let traded = Traded {
        bought: Shares(bought),
        bought_worth: Worth(bought_worth),
        sold: Shares(sold),
        sold_worth: Worth(sold_worth),
    };
    OnEach {
        nse: traded,
        ..OnEach::default()
    }
}

#[test]
fn buys_become_t1_and_then_settled() {
    let bought = Line {
        settled: Shares(10),
        cost: Worth(1_000),
        delivery: delivery(4, 600, 1, 200),
        authorised: Shares(3),
        ..Line::default()
    };
    assert_eq!(
        (bought.net(), bought.used(), bought.sellable()),
        (Shares(3), Shares(0), Shares(13))
    );
    let next = bought.settle(true, DAY);
    let expected = Line {
        settled: Shares(10),
        t1: Shares(3),
        cost: Worth(1_450),
        ..Line::default()
    };
    assert_eq!(next, expected);
    // A day without settlement leaves them where they are.
    assert_eq!(next.settle(false, DAY), expected);
    let after = next.settle(true, DAY);
    assert_eq!(
        after,
        Line {
            settled: Shares(13),
            cost: Worth(1_450),
            ..Line::default()
        }
    );
}

#[test]
fn sales_leave_at_cost() {
    let sold = Line {
        settled: Shares(10),
        t1: Shares(2),
        cost: Worth(1_200),
        delivery: delivery(0, 0, 3, 0),
        ..Line::default()
    };
    assert_eq!((sold.used(), sold.sellable()), (Shares(3), Shares(9)));
    assert_eq!(
        sold.settle(true, DAY),
        Line {
            settled: Shares(9),
            cost: Worth(900),
            ..Line::default()
        }
    );
    // T1 shares go first: without a settlement none is left of them.
    let next = sold.settle(false, DAY);
    assert_eq!((next.settled, next.t1), (Shares(9), Shares(0)));
}

#[test]
fn both_exchanges_are_settled_together() {
    let mut line = Line {
        settled: Shares(5),
        ..Line::default()
    };
    line.delivery
        .on_mut(Exchange::Nse)
        .book(Side::Sell, Shares(5), Worth(500));
    line.delivery
        .on_mut(Exchange::Bse)
        .book(Side::Buy, Shares(2), Worth(190));
    assert_eq!(
        (line.net(), line.sellable(), line.used()),
        (Shares(-3), Shares(2), Shares(3))
    );
    assert_eq!(line.settle(true, DAY).settled, Shares(2));
}

#[test]
fn clearances_count_settled_shares_only() {
    let line = Line {
        settled: Shares(10),
        t1: Shares(2),
        delivery: delivery(1, 0, 0, 0),
        authorised: Shares(4),
        ..Line::default()
    };
    assert_eq!(line.needs_cleared(Shares(3)), Shares(0));
    assert_eq!(line.needs_cleared(Shares(7)), Shares(4));
    let used = Line {
        delivery: delivery(1, 0, 5, 0),
        selling: Shares(1),
        ..line
    };
    assert_eq!(
        (used.needs_cleared(Shares(0)), used.cleared_left()),
        (Shares(3), Shares(1))
    );
    // A waiting after-market sale keeps its clearance over the night.
    assert_eq!(used.settle(true, DAY).authorised, Shares(1));
    // So does a clearance that was given for the next day.
    let later = Line {
        authorised_for: Some(DAY),
        ..used
    };
    assert_eq!(later.settle(true, DAY).authorised, Shares(4));
    assert_eq!(later.settle(true, DAY.plus_days(1)).authorised, Shares(1));
}

#[test]
fn shares_that_do_not_come_cannot_be_delivered() {
    let line = Line {
        settled: Shares(2),
        t1: Shares(10),
        failing: Shares(6),
        cost: Worth(1_200),
        delivery: delivery(0, 0, 9, 0),
        ..Line::default()
    };
    assert_eq!(line.short(true, true), Shares(3), "2 + 4 of 9 are there");
    assert_eq!(line.short(true, false), Shares(5), "nothing settled is cleared");
    assert_eq!(line.short(false, true), Shares(0), "nothing is due");
    let covered = Line {
        covered: Shares(3),
        ..line
    };
    let next = covered.settle(true, DAY);
    // The auction delivered three for the account; the six come a day later.
    assert_eq!(
        (next.settled, next.t1, next.failing, next.cost),
        (Shares(0), Shares(6), Shares(0), Worth(600))
    );
    assert_eq!(next.settle(true, DAY).settled, Shares(6));
}

#[test]
fn a_bonus_keeps_the_cost_and_leaves_a_fraction() {
    let line = Line {
        settled: Shares(7),
        t1: Shares(2),
        collateral: Shares(3),
        cost: Worth(9_000),
        authorised: Shares(4),
        ..Line::default()
    };
    let (changed, left) = line.exchanged(3, 2);
    assert_eq!(
        (changed.settled, changed.t1, changed.collateral),
        (Shares(11), Shares(3), Shares(4))
    );
    assert_eq!(
        (changed.cost, changed.authorised, left),
        (Worth(9_000), Shares(0), 0)
    );
    let (few, left) = line.exchanged(1, 10);
    assert_eq!((few.settled, few.t1, left), (Shares(1), Shares(0), 2));
    assert_eq!(changed.joined(&line).settled, Shares(18));
}
