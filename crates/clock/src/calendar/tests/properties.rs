use super::*;
use proptest::prelude::*;
use torana_domain::time::DAY_MS;

/// Any millisecond of 2024 to 2029, with the edges of sessions made likely.
fn any_instant() -> impl Strategy<Value = Timestamp> {
    let anywhere = (1_704_000_000_000i64..1_893_000_000_000).prop_map(Timestamp);
    let edge = (0i64..2190, 0usize..12, -1i64..=1).prop_map(|(n, which, off)| {
        let date = Date {
            year: 2024,
            month: 1,
            day: 1,
        }
        .plus_days(n);
        let windows = nse().windows_on(date);
        let time = windows
            .get(which % windows.len().max(1))
            .map_or(0, |window| window.from.ms());
        midnight(date).plus_ms(time + off)
    });
    prop_oneof![anywhere, edge]
}

proptest! {
    #[test]
    fn next_edges_bound_the_session(ts in any_instant()) {
        let c = nse();
        let (open, close) = (c.next_open(ts), c.next_close(ts));
        prop_assert!(open > ts && close > ts);
        prop_assert!(c.is_open(open) && !c.is_open(open.plus_ms(-1)));
        prop_assert!(!c.is_open(close) && c.is_open(close.plus_ms(-1)));
        prop_assert_eq!(c.is_open(ts), close < open);
        prop_assert!(open.ms_since(ts) <= (CLOSED_RUN_MAX_DAYS + 1) * DAY_MS);
    }

    #[test]
    fn the_market_and_after_market_orders_exclude_each_other(ts in any_instant()) {
        let window = nse().amo_window("kite");
        prop_assert!(!(nse().is_open(ts) && nse().amo_open(ts, &window)));
    }

    #[test]
    fn open_means_that_some_group_accepts_orders(ts in any_instant()) {
        let accepted = [SessionGroup::Auction, SessionGroup::Plain].into_iter().any(|group| {
            nse().window_at(ts, group).is_some_and(|window| {
                matches!(window.phase, Phase::Continuous | Phase::ClosingAuction) && window.accepts != Accepts::None
            })
        });
        prop_assert_eq!(nse().is_open(ts), accepted);
    }

    #[test]
    fn trading_days_are_found_in_both_directions(ts in any_instant()) {
        let today = crate::ist::ist_date(ts);
        let (next, latest) = (nse().next_trading_day(today), nse().latest_trading_day_not_after(today));
        prop_assert!(nse().is_trading_day(next) && next > today);
        prop_assert!(nse().is_trading_day(latest) && latest <= today);
        prop_assert!(days_from_to(latest.plus_days(1), next).filter(|d| *d != today).all(|d| !nse().is_trading_day(d)));
        let entered = nse().trading_day_of(ts);
        prop_assert!(nse().is_trading_day(entered) && entered >= today);
        prop_assert!(nse().close_of(entered).unwrap() > ts);
    }

    #[test]
    fn a_demo_world_is_open_after_each_start(wall in any_instant(), saved in any_instant()) {
        let start = nse().demo_start(wall);
        prop_assert!(nse().is_open(start));
        prop_assert!(crate::ist::ist_date(start) <= crate::ist::ist_date(wall));
        let again = nse().demo_restart(saved, wall);
        prop_assert!(again >= saved && nse().is_open(again));
    }
}
