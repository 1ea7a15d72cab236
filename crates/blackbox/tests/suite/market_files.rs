//! An operator's own calendar and lists of securities.

use serde_json::json;
use torana_testkit::partner::{MARKET_OPEN, basket};
use torana_testkit::wait::wait_until;
use torana_testkit::{Options, Torana};

const LIST: &str =
    "SYMBOL,NAME OF COMPANY, SERIES, DATE OF LISTING, PAID UP VALUE, MARKET LOT, ISIN NUMBER, FACE VALUE\r
20MICRONS,20 Microns Limited,EQ,06-OCT-2008,5,1,INE144J01027,5\r
";

/// Writes a file beside the installation and gives its path.
fn file(torana: &Torana, name: &str, text: &str) -> String {
    let path = torana.folder().path().join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn a_list_comes_into_force_with_its_day_without_a_restart() {
    let (torana, partner) = Torana::with_partner(Options::default());
    partner.start_world_at(MARKET_OPEN, true);
    let guest = partner.guest();
    let order = basket(&[("20MICRONS", 2)]);
    partner.create(&guest, &order).refused(422, "ticker_not_found");

    let list = file(&torana, "EQUITY_L.csv", LIST);
    let load = ["market", "load", &list, "--from", "2026-01-06"];
    let checked = torana.cli(&[&load[..], &["--check"]].concat());
    checked.succeeded();
    assert!(
        checked.stdout.contains("checked securities 2026-01-06: 1 added"),
        "{}",
        checked.stdout
    );
    assert!(torana.cli(&["market", "list"]).stdout.contains("nothing loaded"));
    torana.cli(&load).succeeded();
    let files = torana.cli(&["market", "list"]).stdout;
    assert_eq!(files, "securities-2026-01-06.csv\n");
    let shown = torana.cli(&["market", "show", "securities.csv"]).stdout;
    assert!(
        shown.contains("\nNSE,20MICRONS,20 Microns Limited,INE144J01027,EQ,EQ,"),
        "{shown}"
    );

    partner.create(&guest, &order).refused(422, "ticker_not_found");
    let _ = partner.clock(&json!({"set": "2026-01-06T05:00:00.000Z"})).data();
    let id = wait_until("the list of the day", || {
        let answer = partner.create(&guest, &order);
        (answer.status == 200).then(|| answer.data()["transactionId"].as_str().unwrap().to_owned())
    });
    let approve = json!({"decision": "approve", "broker": "kite", "account": "DEMO01"});
    let data = partner.complete(&guest, &id, &approve).data();
    assert_eq!(data["settlement"]["outcome"], "resolve", "{data}");
}

#[test]
fn a_calendar_is_taken_over_and_a_damaged_one_is_not() {
    let (torana, partner) = Torana::with_partner(Options::default());
    partner.start_world_at(MARKET_OPEN, true);
    let guest = partner.guest();
    let next_open = || {
        let status = partner.get(&partner.engine("market/status"), &guest).data();
        status["nextOpen"].as_str().unwrap().to_owned()
    };
    assert_eq!(next_open(), "2026-01-06T03:45:00.000Z");
    let shipped = torana.cli(&["market", "show", "calendar.toml"]).stdout;
    let holiday = "{ on = \"2026-01-15\"";
    let closed = shipped.replacen(
        holiday,
        &format!("{{ on = \"2026-01-06\", name = \"Bandh\" }},\n  {holiday}"),
        1,
    );
    let own = file(&torana, "own.toml", &closed);
    torana.cli(&["market", "load", &own]).succeeded();
    wait_until("the closed day", || {
        (next_open() == "2026-01-07T03:45:00.000Z").then_some(())
    });

    let damaged = closed.replacen("2026-01-26", "2026-01-06", 1);
    let line = damaged
        .lines()
        .position(|line| line.contains("Republic Day"))
        .unwrap()
        + 1;
    let own = file(&torana, "own.toml", &damaged);
    let refused = torana.cli(&["market", "load", &own]);
    refused.exits(1);
    let said = format!("own.toml line {line}: holiday 2026-01-06: is listed twice; nothing was changed");
    assert!(refused.stderr.contains(&said), "{}", refused.stderr);
    assert_eq!(next_open(), "2026-01-07T03:45:00.000Z");

    // Whoever edits the stored file by hand is told at the next start; a running process goes on.
    let stored = torana.folder().path().join("data/market/calendar.toml");
    std::fs::write(&stored, "exchange = ").unwrap();
    wait_until("the log line", || {
        torana
            .logs()
            .contains("changed market data cannot be used")
            .then_some(())
    });
    assert_eq!(next_open(), "2026-01-07T03:45:00.000Z");
    let refused = torana.cli(&["gateway", "list"]);
    refused.exits(3);
    assert!(
        refused.stderr.contains("calendar.toml line 1"),
        "{}",
        refused.stderr
    );
}

#[test]
fn refusals_name_file_line_and_reason_and_change_nothing() {
    let (torana, _) = Torana::with_partner(Options::default());
    let good = file(&torana, "EQUITY_L.csv", LIST);
    let cases = [
        (
            "bad.csv",
            LIST.replace("INE144J01027", "INE144J01028"),
            "bad.csv line 2: isin",
        ),
        (
            "bad.csv",
            LIST.replace("06-OCT-2008", "2008-10-06"),
            "bad.csv line 2: date of listing",
        ),
        (
            "ticks.csv",
            "valid_from,up_to_paise,tick_paise\n".to_owned(),
            "ticks.csv line 1: at least one row",
        ),
        (
            "acts.toml",
            "[[action]]\nisin = 5\n".to_owned(),
            "acts.toml line 2: ",
        ),
        (
            "letter.txt",
            "Dear Sir".to_owned(),
            "letter.txt line 1: not a file that Torana knows",
        ),
    ];
    for (name, text, reason) in cases {
        let bad = file(&torana, name, &text);
        let refused = torana.cli(&["market", "load", &good, &bad]);
        refused.exits(1);
        assert!(refused.stderr.contains(reason), "{}", refused.stderr);
    }
    torana.cli(&["market", "load", "nowhere.csv"]).exits(1);
    torana.cli(&["market", "load"]).exits(2);
    torana
        .cli(&["market", "load", &good, "--from", "tomorrow"])
        .exits(2);
    torana.cli(&["market", "show", "holidays.txt"]).exits(2);
    assert!(torana.cli(&["market", "list"]).stdout.contains("nothing loaded"));
}
