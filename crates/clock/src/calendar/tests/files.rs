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
        ("band_percent = 3", "band_percent = 0", "band_percent 1 to 100"),
        (
            "random_close_minutes = 2",
            "random_close_minutes = 1441",
            "minutes must be",
        ),
        ("[10, 15, 20]", "[10, 10, 20]", "above the one before"),
        ("etf = [10, 20]", "etf = []", "at least one"),
        ("{ percent = 15 },", "{ percent = 9 },", "sorted by percent"),
        ("{ percent = 20 },", "{ percent = 120 },", "1 to 99"),
        ("halt_minutes = 45,", "halt_minutes = -1,", "minutes 0 to"),
        (
            "[amo.default]",
            "[[halt]]\non = \"2026-01-05\"\nfrom = \"11:00\"\nto = \"10:00\"\nreason = \"x\"\n[amo.default]",
            "must end after it starts",
        ),
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
        let changed = good.replacen(from, to, 1);
        let error = MarketCalendar::parse(&changed).unwrap_err();
        let (line, error) = (error.line, error.to_string());
        assert!(error.contains(reason), "{from} -> {to}: {error}");
        assert!((1..=changed.lines().count()).contains(&line), "{error}");
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

#[test]
fn halts_of_a_day_are_read_and_must_not_overlap() {
    let good = include_str!("../../../data/nse.toml");
    let halt = |from: &str, to: &str| {
        format!(
            "[[halt]]\non = \"2026-01-05\"\nfrom = \"{from}\"\nto = \"{to}\"\nauction_minutes = 15\nreason = \"a fault at the exchange\"\n"
        )
    };
    let parse = |second: &str| {
        let halts = halt("11:00", "11:30") + &halt(second, "14:00");
        MarketCalendar::parse(&good.replacen("[amo.default]", &(halts + "[amo.default]"), 1))
    };
    let calendar = parse("11:45").unwrap();
    let [first, second] = calendar.halts_on(day("2026-01-05")) else {
        panic!("two halts");
    };
    assert_eq!(
        (first.from, first.until, first.reopens),
        (
            ist("2026-01-05 11:00:00.000"),
            ist("2026-01-05 11:30:00.000"),
            ist("2026-01-05 11:45:00.000")
        )
    );
    assert_eq!(second.reason, "a fault at the exchange");
    assert!(calendar.halts_on(day("2026-01-06")).is_empty());
    let error = parse("11:44").unwrap_err().to_string();
    assert!(error.contains("must not overlap"), "{error}");
}

#[test]
fn the_circuit_breaker_depends_on_the_time_of_day() {
    let rules = MarketCalendar::nse().rules();
    let minutes = |percent, time: &str| {
        rules
            .breaker_halt(percent, TimeOfDay::parse(time).unwrap())
            .map(|length| match length {
                HaltLength::Ms { halt_ms, auction_ms } => (halt_ms / 60_000, auction_ms / 60_000),
                HaltLength::RestOfDay => (-1, -1),
            })
    };
    assert_eq!(rules.breaker_levels().collect::<Vec<_>>(), [10, 15, 20]);
    let cases = [
        (10, "09:15", Some((45, 15))),
        (10, "12:59:59", Some((45, 15))),
        (10, "13:00", Some((15, 15))),
        (10, "14:30", None),
        (15, "12:59:59", Some((105, 15))),
        (15, "13:00", Some((45, 15))),
        (15, "14:00", Some((-1, -1))),
        (20, "09:30", Some((-1, -1))),
        (20, "15:10", Some((-1, -1))),
    ];
    for (percent, time, expected) in cases {
        assert_eq!(minutes(percent, time), expected, "{percent} % at {time}");
    }
}

#[test]
fn refusals_name_the_line_of_their_entry() {
    let good = include_str!("../../../data/nse.toml");
    // (from, to, a text on the refused line)
    let cases = [
        ("{ on = \"2026-01-26\"", "{ on = \"2026-01-15\"", "Republic Day"),
        ("{ on = \"2026-01-15\"", "{ on = \"2025-01-15\"", "2025-01-15"),
        (
            "valid_from = \"2026-09-07\"",
            "valid_from = \"2026-08-03\"",
            "valid_from = \"2026-08-03\"",
        ),
        ("\"01-26\"", "\"26-01\"", "provisional_closed = "),
        (
            "demo_starts = \"10:00\"",
            "demo_starts = \"08:00\"",
            "demo_starts",
        ),
        (
            "phase = \"post_close\", from = \"15:40\"",
            "phase = \"post_cloze\", from = \"15:40\"",
            "post_cloze",
        ),
    ];
    for (from, to, on_line) in cases {
        let changed = good.replacen(from, to, 1);
        let error = MarketCalendar::parse(&changed).unwrap_err();
        let line = changed.lines().nth(error.line - 1).unwrap();
        assert!(line.contains(on_line), "{error}: {line}");
    }
}
