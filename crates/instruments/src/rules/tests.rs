use super::*;
use proptest::prelude::*;

const TICKS: &str = include_str!("../../data/ticks.csv");
const PROTECTION: &str = include_str!("../../data/protection.csv");

fn rupees(text: &str) -> Price {
    Price::parse(text).unwrap()
}

#[test]
fn ticks_follow_the_previous_close() {
    let table = TickTable::parse("ticks.csv", TICKS).unwrap();
    let cases = [
        ("0.05", "0.01"),
        ("249.99", "0.01"),
        ("250", "0.05"),
        ("1000", "0.05"),
        ("1000.05", "0.1"),
        ("5000", "0.1"),
        ("5000.1", "0.5"),
        ("10000", "0.5"),
        ("10000.5", "1"),
        ("20000", "1"),
        ("20001", "5"),
        ("150000", "5"),
    ];
    for (close, tick) in cases {
        assert_eq!(table.newest_for(rupees(close)), rupees(tick), "{close}");
    }
}

#[test]
fn protection_follows_the_last_price() {
    let table = ProtectionTable::parse("protection.csv", PROTECTION).unwrap();
    for (price, bps) in [
        ("1", 200),
        ("99.99", 200),
        ("100", 100),
        ("500", 100),
        ("500.05", 50),
        ("90000", 50),
    ] {
        assert_eq!(table.bps_at(rupees(price)), bps, "{price}");
    }
}

#[test]
fn bands_round_inwards() {
    let band = PriceBand::around(rupees("431.55"), 20, rupees("0.05"));
    assert_eq!(
        (band.low, band.high),
        (rupees("345.25"), rupees("517.85")),
        "345.24 and 517.86 unrounded"
    );
    let penny = PriceBand::around(rupees("0.01"), 20, rupees("0.01"));
    assert_eq!((penny.low, penny.high), (rupees("0.01"), rupees("0.01")));
    assert!(band.contains(band.low) && band.contains(band.high));
    assert!(!band.contains(Price(band.low.0 - 1)) && !band.contains(Price(band.high.0 + 1)));
}

#[test]
fn market_orders_get_a_limit_beyond_the_last_price() {
    let wide = PriceBand {
        low: rupees("1"),
        high: rupees("100000"),
    };
    let limit = |side, last, bps, tick| protected_limit(side, rupees(last), bps, rupees(tick), &wide);
    assert_eq!(limit(Side::Buy, "1500", 50, "0.1"), Some(rupees("1507.5")));
    assert_eq!(limit(Side::Sell, "1500", 50, "0.1"), Some(rupees("1492.5")));
    assert_eq!(
        limit(Side::Buy, "431.55", 100, "0.05"),
        Some(rupees("435.9")),
        "435.8655 rounded up"
    );
    assert_eq!(
        limit(Side::Sell, "431.55", 100, "0.05"),
        Some(rupees("427.2")),
        "427.2345 rounded down"
    );
    let narrow = PriceBand {
        low: rupees("1495"),
        high: rupees("1505"),
    };
    assert_eq!(
        protected_limit(Side::Buy, rupees("1500"), 50, rupees("0.1"), &narrow),
        Some(narrow.high)
    );
    assert_eq!(
        protected_limit(Side::Sell, rupees("1500"), 50, rupees("0.1"), &narrow),
        Some(narrow.low)
    );
    assert_eq!(
        protected_limit(Side::Buy, rupees("1500"), 50, Price(0), &wide),
        None,
        "no tick, no limit"
    );
}

#[test]
fn slabs_are_in_force_from_their_dates() {
    let table = TickTable::parse("ticks.csv", TICKS).unwrap();
    let cases = [
        ("2000-01-01", "3000", "0.05"),
        ("2024-06-09", "100", "0.05"),
        ("2024-06-10", "100", "0.01"),
        ("2025-04-14", "3000", "0.05"),
        ("2025-04-15", "3000", "0.1"),
        ("2099-01-01", "30000", "5"),
    ];
    for (date, close, tick) in cases {
        let date = Date::parse(date).unwrap();
        assert_eq!(
            table.tick_for(date, rupees(close)),
            rupees(tick),
            "{date} {close}"
        );
    }
}

#[test]
fn damaged_tables_are_refused_with_line_and_reason() {
    let header = "valid_from,up_to_paise,tick_paise\n";
    let cases = [
        ("", "line 1: expected the header"),
        (
            "up_to_paise,tick_paise\n,1\n",
            "line 1: expected the header valid_from,up_to_paise,tick_paise",
        ),
        (header, "line 1: at least one row"),
        (&format!("{header}2025-01-01,100,1\n"), "line 2: the last row"),
        (
            &format!("{header}2025-01-01,100,1\n2025-01-01,,1\n\n2026-01-01,5,1\n"),
            "line 5: the last row",
        ),
        (
            &format!("{header}2025-01-01,100,1\n2025-01-01,100,2\n2025-01-01,,3\n"),
            "line 4: rows must be sorted",
        ),
        (&format!("{header}2025-01-01,,1\n2025-01-01,,2\n"), "sorted"),
        (
            &format!("{header}2025-01-01,,1\n2024-01-01,,2\n"),
            "line 3: valid_from 2024-01-01",
        ),
        (
            &format!("{header}2025-02-30,,1\n"),
            "line 2: valid_from \"2025-02-30\"",
        ),
        (&format!("{header}2025-01-01,100,0\n"), "line 2: tick_paise \"0\""),
        (&format!("{header}2025-01-01,100,-1\n"), "whole number"),
        (
            &format!("{header}2025-01-01,100,1,1\n"),
            "line 2: expected 3 fields, found 4",
        ),
        (
            &format!("{header}2025-01-01,99999999999999999999,1\n"),
            "line 2: up_to_paise",
        ),
    ];
    for (text, reason) in cases {
        let error = TickTable::parse("own.csv", text).unwrap_err().to_string();
        assert!(
            error.starts_with("own.csv line ") && error.contains(reason),
            "{text:?}: {error}"
        );
    }
    let error = ProtectionTable::parse("own.csv", "up_to_paise,protection_bps\n100,1\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "own.csv line 2: the last row must have no upper end"
    );
}

proptest! {
    #[test]
    fn a_protected_limit_is_in_band_on_tick_and_on_the_right_side(
        close_paise in 1i64..20_000_000, off in -2_000i64..2_000, percent in prop::sample::select(vec![2i64, 5, 10, 20]),
        buy in any::<bool>(),
    ) {
        let ticks = TickTable::parse("ticks.csv", TICKS).unwrap();
        let tick = ticks.newest_for(Price::from_paise(close_paise));
        let close = Price((Price::from_paise(close_paise).0 / tick.0).max(1) * tick.0);
        let band = PriceBand::around(close, percent, tick);
        prop_assert!(band.low.is_on_tick(tick) && band.high.is_on_tick(tick) && band.contains(close));
        prop_assert!(i128::from(band.high.0) * 100 <= i128::from(close.0) * i128::from(100 + percent));
        prop_assert!(i128::from(band.low.0) * 100 >= i128::from(close.0) * i128::from(100 - percent));

        let last = Price(close.0 + off * tick.0);
        let side = if buy { Side::Buy } else { Side::Sell };
        let bps = ProtectionTable::parse("protection.csv", PROTECTION).unwrap().bps_at(last);
        let limit = protected_limit(side, last, bps, tick, &band).unwrap();
        prop_assert!(band.contains(limit), "{:?} outside {:?}", limit, band);
        prop_assert!(limit.is_on_tick(tick));
        if band.contains(last) {
            let on_the_right_side = if buy { limit >= last } else { limit <= last };
            prop_assert!(on_the_right_side);
        }
    }
}
