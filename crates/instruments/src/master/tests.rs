use super::*;

const SECURITIES: &str = include_str!("../../data/securities.csv");

/// The members of the index on 31 March 2026.
const NIFTY_50: [&str; 50] = [
    "ADANIENT",
    "ADANIPORTS",
    "APOLLOHOSP",
    "ASIANPAINT",
    "AXISBANK",
    "BAJAJ-AUTO",
    "BAJAJFINSV",
    "BAJFINANCE",
    "BEL",
    "BHARTIARTL",
    "CIPLA",
    "COALINDIA",
    "DRREDDY",
    "EICHERMOT",
    "ETERNAL",
    "GRASIM",
    "HCLTECH",
    "HDFCBANK",
    "HDFCLIFE",
    "HINDALCO",
    "HINDUNILVR",
    "ICICIBANK",
    "INDIGO",
    "INFY",
    "ITC",
    "JIOFIN",
    "JSWSTEEL",
    "KOTAKBANK",
    "LT",
    "M&M",
    "MARUTI",
    "MAXHEALTH",
    "NESTLEIND",
    "NTPC",
    "ONGC",
    "POWERGRID",
    "RELIANCE",
    "SBILIFE",
    "SBIN",
    "SHRIRAMFIN",
    "SUNPHARMA",
    "TATACONSUM",
    "TATASTEEL",
    "TCS",
    "TECHM",
    "TITAN",
    "TMPV",
    "TRENT",
    "ULTRACEMCO",
    "WIPRO",
];

fn master() -> &'static Master {
    Master::bundled()
}

fn parse(text: &str) -> Result<Master, DataError> {
    let ticks = TickTable::parse(include_str!("../../data/ticks.csv")).unwrap();
    let protection = ProtectionTable::parse(include_str!("../../data/protection.csv")).unwrap();
    Master::parse(text, ticks, protection)
}

#[test]
fn the_bundled_data_is_valid() {
    assert!(
        Master::parse_bundled().is_ok(),
        "{:?}",
        Master::parse_bundled().err()
    );
    assert!(std::ptr::eq(Master::bundled(), Master::bundled()));
}

#[test]
fn every_isin_has_its_check_digit_and_every_key_is_unique() {
    let (mut isins, mut tickers) = (Vec::new(), Vec::new());
    for security in master().iter() {
        assert!(isin_is_valid(&security.isin), "{}", security.isin);
        isins.push(security.isin.as_str());
        tickers.push(security.ticker.as_str());
    }
    for mut keys in [isins, tickers] {
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }
}

#[test]
fn the_nifty_50_is_complete_with_derivatives_and_orderly_prices() {
    for ticker in NIFTY_50 {
        let security = master()
            .by_ticker(ticker)
            .unwrap_or_else(|| panic!("{ticker} is missing"));
        assert_eq!(
            (security.kind, security.series.as_str(), security.lot),
            (Kind::Equity, "EQ", Shares(1))
        );
        assert!(security.has_derivatives, "{ticker}");
        assert_eq!(security.bse_ticker.as_deref(), Some(ticker));
    }
}

#[test]
fn well_known_securities_are_themselves() {
    let cases = [
        ("INFY", "INE009A01021", Kind::Equity),
        ("ITC", "INE154A01025", Kind::Equity),
        ("RELIANCE", "INE002A01018", Kind::Equity),
        ("M&M", "INE101A01026", Kind::Equity),
        ("BAJAJ-AUTO", "INE917I01010", Kind::Equity),
        ("NIFTYBEES", "INF204KB14I2", Kind::Etf),
        ("GOLDBEES", "INF204KB17I5", Kind::Etf),
        ("INDIGRID", "INE219X23014", Kind::Invit),
        ("PGINVIT", "INE0GGX23010", Kind::Invit),
        ("EMBASSY", "INE041025011", Kind::Reit),
        ("MINDSPACE", "INE0CCU25019", Kind::Reit),
        ("SCHNEIDER", "INE839M01018", Kind::TradeToTrade),
        ("ALPEXSOLAR", "INE0R4701017", Kind::Sme),
    ];
    for (ticker, isin, kind) in cases {
        let security = master().by_ticker(ticker).unwrap();
        assert_eq!((security.isin.as_str(), security.kind), (isin, kind), "{ticker}");
        assert!(std::ptr::eq(master().by_isin(isin).unwrap(), security));
        assert_eq!(security.nse_ticker(), Some(ticker));
    }
    assert!(master().iter().filter(|s| s.is_tradable_on_nse()).count() >= 400);
    assert!(master().iter().filter(|s| s.kind == Kind::Etf).count() >= 10);
}

#[test]
fn what_is_not_on_nse_is_not_found_by_ticker() {
    for ticker in ["HAWKINCOOK", "infy", " INFY", "", "NOSUCHTICKER"] {
        assert!(master().by_ticker(ticker).is_none(), "{ticker:?}");
    }
    let hawkins = master().by_isin("INE979B01015").unwrap();
    assert!(!hawkins.is_tradable_on_nse());
    assert_eq!(
        (hawkins.nse_ticker(), hawkins.bse_ticker.as_deref()),
        (None, Some("HAWKINCOOK"))
    );
    assert!(master().by_isin("INE009A0102").is_none() && master().by_isin("").is_none());
}

#[test]
fn every_price_is_on_tick_inside_its_band_and_tradable_at_market() {
    for security in master().iter() {
        let (tick, band, close) = (security.tick, security.price_band(), security.previous_close);
        assert!(
            close.is_on_tick(tick) && band.contains(close),
            "{}",
            security.ticker
        );
        assert!(band.low < close && close < band.high, "{}", security.ticker);
        let (buy, sell) = (
            master().protected_limit(security, Side::Buy, close),
            master().protected_limit(security, Side::Sell, close),
        );
        assert!(
            buy > close && sell < close && band.contains(buy) && band.contains(sell),
            "{}",
            security.ticker
        );
        assert!(
            buy.is_on_tick(tick) && sell.is_on_tick(tick),
            "{}",
            security.ticker
        );
        let by_rule = master().tick_for(close);
        let expected = if security.kind == Kind::Etf {
            Price::from_paise(1)
        } else {
            by_rule
        };
        assert!(
            tick == expected || matches!(security.kind, Kind::Invit | Kind::Reit),
            "{}",
            security.ticker
        );
    }
}

#[test]
fn the_samples_of_the_demo_have_familiar_prices() {
    for (ticker, close) in [("INFY", "1500"), ("ITC", "430"), ("RELIANCE", "1400")] {
        assert_eq!(
            master().by_ticker(ticker).unwrap().previous_close,
            Price::parse(close).unwrap()
        );
    }
    let itc = master().by_ticker("ITC").unwrap();
    assert!(Price::parse("431.5").unwrap().is_on_tick(itc.tick));
}

#[test]
fn search_puts_tickers_before_names() {
    let tickers = |query: &str| {
        master()
            .search(query)
            .iter()
            .map(|s| s.ticker.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(tickers("infy"), ["INFY"]);
    assert_eq!(tickers(" Infosys ").first(), Some(&"INFY"));
    assert_eq!(tickers("TATA").first(), Some(&"TATACAP"));
    assert!(tickers("bees").contains(&"NIFTYBEES"));
    assert!(tickers("hawkins").is_empty(), "not on NSE");
    assert_eq!(tickers("A").len(), SEARCH_RESULTS_MAX);
    assert!(tickers("").is_empty() && tickers("   ").is_empty() && tickers("\u{130}\u{df}").is_empty());
}

#[test]
fn damaged_files_are_refused_with_line_and_reason() {
    let infy = SECURITIES.lines().find(|line| line.starts_with("INFY,")).unwrap();
    let file = |row: &str| format!("{}\n{row}\n", HEADER.join(","));
    assert!(parse(&file(infy)).is_ok());
    let cases = [
        ("INFY,", "infy,", "ticker \"infy\""),
        ("INFY,", ",", "ticker \"\""),
        ("INE009A01021", "INE009A01022", "check digit"),
        (",NSE,", ",MCX,", "allowed are NSE, BSE"),
        (",EQ,EQ,", ",EQ,FUTURE,", "kind \"FUTURE\""),
        (",EQ,EQ,", ",,EQ,", "series"),
        (",1,100000,", ",0,100000,", "lot"),
        (",1,100000,", ",1,1e5,", "freeze"),
        (",10,y,", ",101,y,", "band_percent"),
        (",10,y,", ",10,n,", "derivatives"),
        (",150000", ",150001", "not a multiple of the tick 0.1"),
        (",150000", ",150000,", "expected 13 fields, found 14"),
        (",Infosys Ltd,", ", Infosys Ltd,", "name"),
    ];
    for (from, to, reason) in cases {
        assert!(infy.contains(from), "{from}");
        let error = parse(&file(&infy.replacen(from, to, 1))).unwrap_err().to_string();
        assert!(
            error.starts_with("securities.csv line 2: ") && error.contains(reason),
            "{error}"
        );
    }
    let twice = parse(&file(&format!("{infy}\n{infy}"))).unwrap_err().to_string();
    assert_eq!(twice, "securities.csv line 3: ticker INFY is listed twice");
    let renamed = parse(&file(&format!("{infy}\n{}", infy.replacen("INFY", "OTHER", 1))))
        .unwrap_err()
        .to_string();
    assert_eq!(
        renamed,
        "securities.csv line 3: isin INE009A01021 is listed twice"
    );
    assert_eq!(parse("").unwrap_err().line, 1);
}
