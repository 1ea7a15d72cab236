use super::*;

#[test]
fn damaged_files_are_refused_with_a_reason() {
    let good = include_str!("../../../data/nse.toml");
    let cases = [
        (
            "valid_from = \"2026-08-03\"",
            "valid_from = \"2026-09-07\"",
            "sorted by date",
        ),
        (
            "valid_from = \"2026-08-03\"",
            "valid_from = \"2026-02-30\"",
            "line ",
        ),
        (
            "{ on = \"2026-01-15\"",
            "{ on = \"2025-01-15\"",
            "not in its year",
        ),
        ("{ on = \"2026-01-26\"", "{ on = \"2026-01-15\"", "listed twice"),
        ("to = \"09:08\", accepts", "to = \"09:30\", accepts", "overlap"),
        (
            "to = \"09:08\", accepts",
            "to = \"08:30\", accepts",
            "ends before it starts",
        ),
        ("amo_closes = \"17:43\"\n", "", "together"),
        ("amo_closes = \"17:43\"", "amo_closes = \"18:30\"", "after-market"),
        ("to = \"08:58\"", "to = \"09:30\"", "overlaps the market hours"),
        (
            "demo_starts = \"10:00\"",
            "demo_starts = \"08:00\"",
            "within the market hours",
        ),
        ("\"01-26\"", "\"26-01\"", "mm-dd"),
        ("[amo.default]", "[amo.nobody]", "default is needed"),
        ("year = 2026", "year = 2025", "each year once"),
        ("phase = \"pre_open\"", "phase = \"closed\"", "line "),
        (
            "exchange = \"NSE\"",
            "exchange = \"NSE\"\nsurprise = 1",
            "surprise",
        ),
    ];
    for (from, to, reason) in cases {
        assert!(good.contains(from), "{from}");
        let error = MarketCalendar::parse(&good.replacen(from, to, 1))
            .unwrap_err()
            .to_string();
        assert!(error.contains(reason), "{from} -> {to}: {error}");
    }
    let everything_closed = good.replace(
        "[\"saturday\", \"sunday\"]",
        r#"["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]"#,
    );
    assert!(
        MarketCalendar::parse(&everything_closed)
            .unwrap_err()
            .to_string()
            .contains("closed days in a row")
    );
    let long = " ".repeat(parse::CALENDAR_FILE_MAX + 1);
    assert!(
        MarketCalendar::parse(&long)
            .unwrap_err()
            .to_string()
            .contains("longer than")
    );
}
