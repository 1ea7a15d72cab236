use super::*;
use proptest::prelude::*;
use std::io::Write as _;
use torana_instruments::{DataError, Exchange};

const EQUITY_L: &str = "SYMBOL,NAME OF COMPANY, SERIES, DATE OF LISTING, PAID UP VALUE, MARKET LOT, ISIN NUMBER, FACE VALUE\n20MICRONS,20 Microns Limited,EQ,06-OCT-2008,5,1,INE144J01027,5\n";
const TICKS: &str = "valid_from,up_to_paise,tick_paise\n2026-01-01,,25\n";

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn given(name: &str, content: &[u8]) -> Given {
    Given {
        name: name.to_owned(),
        content: content.to_vec(),
    }
}

fn loaded(stored: &BTreeMap<MarketFile, String>, files: &[Given]) -> Result<Loaded, DataError> {
    load(stored, files, date("2026-11-30"))
}

fn packed(text: &str) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

#[test]
fn names_of_files_are_read_as_they_are_written() {
    for file in MarketFile::SINGLE
        .into_iter()
        .chain([MarketFile::Securities(date("2026-11-30"))])
    {
        assert_eq!(MarketFile::parse(&file.name()), Some(file));
    }
    for other in [
        "",
        "calendar.toml.new",
        "securities-2026-02-30.csv",
        "securities-.csv",
        "README",
    ] {
        assert_eq!(MarketFile::parse(other), None, "{other}");
    }
}

#[test]
fn a_list_is_in_force_from_its_day_on_and_from_six_in_the_morning() {
    let files = loaded(&BTreeMap::new(), &[given("EQUITY_L.csv.gz", &packed(EQUITY_L))]).unwrap();
    assert_eq!(
        files.report,
        ["securities 2026-11-30: 1 added, 0 updated, 0 removed, 0 rows of other markets left out"]
    );
    let data = read_files(&files.write).unwrap();
    let knows = |at: &str| {
        let at = torana_domain::time::parse_iso(at).unwrap();
        data.master_at(at).by_ticker("20MICRONS").is_some()
    };
    assert!(!knows("2026-11-27T10:00:00.000Z"));
    assert!(
        !knows("2026-11-30T00:29:59.999Z"),
        "the book of Friday is shown until 06:00 IST"
    );
    let instant = |text: &str| torana_domain::time::parse_iso(text).unwrap();
    assert_eq!(
        data.next_list(instant("2026-11-27T10:00:00.000Z")),
        Some(instant("2026-11-30T00:30:00.000Z"))
    );
    assert_eq!(data.next_list(instant("2026-11-30T00:30:00.000Z")), None);
    assert!(knows("2026-11-30T00:30:00.000Z") && knows("2027-05-03T05:00:00.000Z"));
}

#[test]
fn lists_build_on_the_one_before_and_the_oldest_make_room() {
    let own: Vec<&str> = bundled_file(&MarketFile::Securities(date("2026-12-01")))
        .lines()
        .take(2)
        .collect();
    let own = [given("own.csv", format!("{}\n", own.join("\n")).as_bytes())];
    let mut stored = load(&BTreeMap::new(), &own, date("2026-12-01")).unwrap().write;
    let mut removed = Vec::new();
    for day in 1..=15 {
        let text = EQUITY_L.replace("20 Microns", &format!("{day} Microns"));
        let from = date("2026-12-01").plus_days(day);
        let files = load(&stored, &[given("EQUITY_L.csv", text.as_bytes())], from).unwrap();
        stored.extend(files.write);
        stored.retain(|file, _| !files.remove.contains(file));
        removed.extend(files.remove);
    }
    assert_eq!(
        removed,
        [date("2026-12-01"), date("2026-12-02")].map(MarketFile::Securities)
    );
    let data = read_files(&stored).unwrap();
    let on = |day: &str| Arc::clone(data.master_on(date(day)));
    let name = |day: &str| {
        on(day)
            .by_ticker("20MICRONS")
            .map(|security| security.name.clone())
    };
    assert_eq!(name("2026-12-05").as_deref(), Some("4 Microns Limited"));
    assert_eq!(name("2027-01-01").as_deref(), Some("15 Microns Limited"));
    assert_eq!(on("2027-01-01").iter().count(), 2, "built on the list of our own");
    assert_eq!(name("2026-12-02"), None, "what ships with Torana");
    let old = load(
        &stored,
        &[given("EQUITY_L.csv", EQUITY_L.as_bytes())],
        date("2026-11-01"),
    );
    assert!(old.unwrap_err().reason.contains("lists of later days"));
}

#[test]
fn each_kind_is_told_by_its_content() {
    let calendar = bundled_file(&MarketFile::Calendar);
    let own_list = bundled_file(&MarketFile::Securities(date("2026-11-30")));
    let action =
        "[[action]]\nisin = \"INE009A01021\"\nex_date = \"2026-12-01\"\nkind = \"split\"\nratio = \"2:1\"\n";
    let files = [
        given("a", calendar.as_bytes()),
        given("b", TICKS.as_bytes()),
        given("c", bundled_file(&MarketFile::Protection).as_bytes()),
        given("d", action.as_bytes()),
        given("e", own_list.as_bytes()),
    ];
    let files = loaded(&BTreeMap::new(), &files).unwrap();
    assert_eq!(
        (files.write.len(), files.report.len()),
        (5, 5),
        "{:?}",
        files.report
    );
    let data = read_files(&files.write).unwrap();
    let master = data.master_on(date("2026-11-30"));
    let infy = master.by_symbol(Exchange::Nse, "INFY").unwrap();
    assert_eq!(infy.tick, torana_domain::money::Price::from_paise(25));
    assert_ne!(*data.actions().as_ref(), CorporateActions::default());
}

#[test]
fn refusals_name_file_line_and_reason() {
    let calendar = bundled_file(&MarketFile::Calendar).replace("2026-01-15", "2025-01-15");
    let line = calendar
        .lines()
        .position(|line| line.contains("2025-01-15"))
        .unwrap()
        + 1;
    let action =
        "[[action]]\nisin = \"INE009A01022\"\nex_date = \"2026-12-01\"\nkind = \"split\"\nratio = \"2:1\"\n";
    let bad_row = format!("{EQUITY_L}OTHER,Other,EQ,06-OCT-2008,5,1,INE144J01028,5\n");
    let gzip = packed(EQUITY_L);
    let cases: [(&str, &[u8], usize, &str); 8] = [
        ("cal.toml", calendar.as_bytes(), line, "is not in its year"),
        ("acts.toml", action.as_bytes(), 2, "check digit"),
        (
            "ticks.csv",
            b"valid_from,up_to_paise,tick_paise\n2026-01-01,100,25\n",
            2,
            "upper end",
        ),
        ("EQUITY_L.csv", bad_row.as_bytes(), 3, "check digit"),
        ("letter.txt", b"Dear Sir\n", 1, "not a file that Torana knows"),
        ("empty", b"", 1, "not a file that Torana knows"),
        ("latin.csv", b"SYMBOL,SERIES,ISIN\nA\xe9,EQ,INE\n", 2, "not UTF-8"),
        ("cut.gz", &gzip[..gzip.len() / 2], 1, "gzip"),
    ];
    for (name, content, line, reason) in cases {
        let error = loaded(&BTreeMap::new(), &[given(name, content)]).unwrap_err();
        assert_eq!((error.file.as_str(), error.line), (name, line), "{error}");
        assert!(error.reason.contains(reason), "{error}");
    }
    let twice = [given("a.csv", TICKS.as_bytes()), given("b.csv", TICKS.as_bytes())];
    let error = loaded(&BTreeMap::new(), &twice).unwrap_err().to_string();
    assert_eq!(error, "b.csv line 1: a second file of its kind (ticks)");
}

#[test]
fn a_feed_is_replaced_for_all_that_share_it() {
    let feed = MarketFeed::bundled();
    let (other, before) = (feed.clone(), feed.current());
    let files = BTreeMap::from([(MarketFile::Ticks, TICKS.to_owned())]);
    other.replace(Arc::new(read_files(&files).unwrap()));
    assert!(!Arc::ptr_eq(&before, &feed.current()));
    assert!(Arc::ptr_eq(&other.current(), &feed.current()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_bytes_are_loaded_or_refused_with_file_and_line(
        bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 0usize..5, place in any::<prop::sample::Index>(),
    ) {
        let good = [
            EQUITY_L,
            TICKS,
            bundled_file(&MarketFile::Calendar),
            bundled_file(&MarketFile::Protection),
            "[[action]]\nisin = \"INE009A01021\"\nex_date = \"2026-12-01\"\nkind = \"split\"\nratio = \"2:1\"\n",
        ];
        let mut mutated = good[kind].as_bytes().to_vec();
        let at = place.index(mutated.len());
        let end = (at + bytes.len() / 40).min(mutated.len());
        mutated.splice(at..end, bytes.iter().copied().take(5));
        for content in [bytes.clone(), mutated] {
            let lines = content.iter().filter(|byte| **byte == b'\n').count() + 1;
            if let Err(error) = loaded(&BTreeMap::new(), &[given("any", &content)]) {
                prop_assert_eq!(&error.file, "any");
                prop_assert!((1..=lines).contains(&error.line), "{}", error);
            }
        }
    }
}
