use super::*;

#[test]
fn a_demo_starts_at_ten_on_the_latest_trading_day() {
    let start = |text: &str| nse().demo_start(ist(text));
    assert_eq!(
        start("2026-01-05 03:00:00.000"),
        ist("2026-01-05 10:00:00.000"),
        "before the market opens"
    );
    assert_eq!(start("2026-01-05 23:00:00.000"), ist("2026-01-05 10:00:00.000"));
    assert_eq!(
        start("2026-01-11 12:00:00.000"),
        ist("2026-01-09 10:00:00.000"),
        "a Sunday"
    );
    assert_eq!(
        start("2026-01-26 12:00:00.000"),
        ist("2026-01-23 10:00:00.000"),
        "a Monday holiday"
    );
    assert_eq!(start("2026-11-23 00:00:00.000"), ist("2026-11-23 10:00:00.000"));
    assert_eq!(
        start("2026-11-08 20:00:00.000"),
        ist("2026-11-06 10:00:00.000"),
        "Muhurat is closed at ten"
    );
}

#[test]
fn a_demo_that_was_down_goes_on_where_it_can_trade() {
    let restart = |saved: &str, wall: &str| nse().demo_restart(ist(saved), ist(wall));
    let cases = [
        (
            "2026-01-05 11:00:00.000",
            "2026-01-06 03:00:00.000",
            "2026-01-06 10:00:00.000",
            "a new day",
        ),
        (
            "2026-01-05 11:00:00.000",
            "2026-01-05 12:00:00.000",
            "2026-01-05 11:00:00.000",
            "the same day, open",
        ),
        (
            "2026-01-05 18:00:00.000",
            "2026-01-05 12:00:00.000",
            "2026-01-06 10:00:00.000",
            "the same day, closed",
        ),
        (
            "2026-01-09 18:00:00.000",
            "2026-01-10 12:00:00.000",
            "2026-01-12 10:00:00.000",
            "over a weekend",
        ),
        (
            "2026-03-02 18:00:00.000",
            "2026-01-10 12:00:00.000",
            "2026-03-04 10:00:00.000",
            "moved ahead, holiday",
        ),
        (
            "2026-03-02 08:00:00.000",
            "2026-01-10 12:00:00.000",
            "2026-03-02 10:00:00.000",
            "its own day is to come",
        ),
        (
            "2026-03-02 14:00:00.000",
            "2026-01-10 12:00:00.000",
            "2026-03-02 14:00:00.000",
            "moved ahead, open",
        ),
    ];
    for (saved, wall, expected, why) in cases {
        assert_eq!(restart(saved, wall), ist(expected), "{why}");
    }
}
