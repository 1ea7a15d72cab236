use super::*;
use crate::isin::isin_is_valid;
use crate::security::{Assumed, Kind};
use crate::token::{DERIVED_FIRST, derived_token};
use torana_domain::money::Shares;

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
    let ticks = TickTable::parse("ticks.csv", include_str!("../../data/ticks.csv")).unwrap();
    let protection =
        ProtectionTable::parse("protection.csv", include_str!("../../data/protection.csv")).unwrap();
    Master::parse("own.csv", text, ticks, protection)
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
fn every_isin_has_its_check_digit() {
    for security in master().iter() {
        assert!(isin_is_valid(&security.isin), "{}", security.isin);
    }
}

#[test]
fn every_listing_is_found_by_each_of_its_keys() {
    for security in master().iter() {
        let Security {
            exchange,
            ticker,
            isin,
            token,
            ..
        } = security;
        for found in [
            master().by_symbol(*exchange, ticker),
            master().listing(isin, *exchange),
            master().by_token(*exchange, *token),
        ] {
            assert!(std::ptr::eq(found.unwrap(), security), "{exchange} {ticker}");
        }
        assert_eq!(master().ticker_on(isin, *exchange), Some(ticker.as_str()));
    }
}

#[test]
fn numbers_that_no_exchange_gave_follow_from_the_key() {
    let derived: Vec<_> = master().iter().filter(|s| s.token >= DERIVED_FIRST).collect();
    assert!(derived.len() > 100);
    for security in derived {
        let expected = derived_token(security.exchange, &security.isin, &Default::default());
        assert_eq!(
            security.token, expected,
            "{} {}",
            security.exchange, security.ticker
        );
    }
}

#[test]
fn a_written_master_is_read_to_the_same() {
    let text = master().to_file();
    assert_eq!(text, SECURITIES);
    let infy = master().by_ticker("INFY").unwrap();
    let odd = Security {
        name: "Dyes, \"Pigments\" & Sons".to_owned(),
        assumed: vec![Assumed::Lot, Assumed::Close],
        fixed_tick: Some(infy.tick),
        ..infy.clone()
    };
    let again = parse(&file::write(std::slice::from_ref(&odd))).unwrap();
    assert_eq!(again.by_ticker("INFY"), Some(&odd));
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
        let on_bse = master().listing(&security.isin, Exchange::Bse).unwrap();
        assert_eq!((on_bse.ticker.as_str(), on_bse.series.as_str()), (ticker, "A"));
        let numbers_of_the_exchange = security.token < DERIVED_FIRST && on_bse.token < DERIVED_FIRST;
        assert!(numbers_of_the_exchange, "{ticker}");
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
        ("SCHNEIDER", "INE839M01018", Kind::Equity),
        ("ALPEXSOLAR", "INE0R4701017", Kind::Sme),
    ];
    for (ticker, isin, kind) in cases {
        let security = master().by_ticker(ticker).unwrap();
        assert_eq!((security.isin.as_str(), security.kind), (isin, kind), "{ticker}");
        assert!(std::ptr::eq(master().by_isin(isin).unwrap(), security));
        assert_eq!(security.exchange, Exchange::Nse);
    }
    let count = |wanted: &dyn Fn(&&Security) -> bool| master().iter().filter(wanted).count();
    assert!(count(&|s| s.exchange == Exchange::Nse && s.kind == Kind::Equity) >= 500);
    assert!(count(&|s| s.exchange == Exchange::Nse && s.kind == Kind::Etf) >= 10);
    assert!(count(&|s| s.exchange == Exchange::Nse && s.is_delivery_only()) >= 3);
    assert!(count(&|s| s.kind == Kind::Sme && s.lot > Shares(1)) >= 4);
    let on_bse_only = |s: &&Security| s.exchange == master().by_isin(&s.isin).unwrap().exchange;
    assert!(count(&|s| s.exchange == Exchange::Bse && on_bse_only(s)) >= 4);
}

#[test]
fn what_is_not_on_nse_is_not_found_by_ticker() {
    for ticker in ["HAWKINCOOK", "infy", " INFY", "", "NOSUCHTICKER"] {
        assert!(master().by_ticker(ticker).is_none(), "{ticker:?}");
    }
    let hawkins = master().by_isin("INE979B01015").unwrap();
    assert_eq!((hawkins.exchange, hawkins.token), (Exchange::Bse, 508_486));
    assert!(master().listing("INE979B01015", Exchange::Nse).is_none());
    assert_eq!(master().by_symbol(Exchange::Bse, "HAWKINCOOK"), Some(hawkins));
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
        let bounds = PriceBounds {
            tick,
            low: band.low,
            high: band.high,
        };
        let (buy, sell) = (
            master().protected_limit(Side::Buy, close, &bounds),
            master().protected_limit(Side::Sell, close, &bounds),
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
        let by_rule = master().ticks().newest_for(close);
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
fn a_close_between_two_ticks_counts_as_the_nearest_on_tick() {
    let infy = SECURITIES
        .lines()
        .find(|line| line.starts_with("NSE,INFY,"))
        .unwrap();
    let close_of = |paise: &str| {
        let row = infy.replacen(",150000,", &format!(",{paise},"), 1);
        let master = parse(&format!("{}\n{row}\n", HEADER.join(","))).unwrap();
        master.by_ticker("INFY").unwrap().previous_close.to_decimal()
    };
    assert_eq!(close_of("150004"), "1500");
    assert_eq!(close_of("150005"), "1500.1");
    let dear = |paise: &str| close_of(paise);
    assert_eq!(dear("2000100"), "20000", "a tick of 5 rupees");
}

#[test]
fn damaged_files_are_refused_with_line_and_reason() {
    let infy = SECURITIES
        .lines()
        .find(|line| line.starts_with("NSE,INFY,"))
        .unwrap();
    let file = |row: &str| format!("{}\n{row}\n", HEADER.join(","));
    assert!(parse(&file(infy)).is_ok());
    let cases = [
        (",INFY,", ",infy,", "ticker \"infy\""),
        (",INFY,", ",,", "ticker \"\""),
        ("INE009A01021", "INE009A01022", "check digit"),
        ("NSE,", "MCX,", "allowed are NSE, BSE"),
        (",EQ,EQ,", ",EQ,FUTURE,", "kind \"FUTURE\""),
        (",EQ,EQ,", ",,EQ,", "series"),
        (",1594,", ",,", "token \"\""),
        (",1594,", ",8000000,", "token"),
        (",1,100000,", ",0,100000,", "lot"),
        (",1,100000,", ",1,1e5,", "freeze"),
        (",10,y,", ",101,y,", "band_percent"),
        (",10,y,", ",10,n,", "derivatives"),
        (",150000,", ",1500.00,", "previous_close_paise"),
        (
            ",150000,",
            ",150000,guess",
            "assumed \"guess\": allowed are lot, freeze",
        ),
        (",150000,", ",150000,,", "expected 14 fields, found 15"),
        (",Infosys Ltd,", ", Infosys Ltd,", "name"),
        (",Infosys Ltd,", ",\"Infosys Ltd,", "does not end"),
    ];
    for (from, to, reason) in cases {
        assert!(infy.contains(from), "{from}");
        let error = parse(&file(&infy.replacen(from, to, 1))).unwrap_err().to_string();
        assert!(
            error.starts_with("own.csv line 2: ") && error.contains(reason),
            "{error}"
        );
    }
    let second = |from: &str, to: &str| {
        let other = infy.replacen(from, to, 1);
        parse(&file(&format!("{infy}\n{other}"))).map_err(|error| error.to_string())
    };
    assert_eq!(
        second("x", "x").unwrap_err(),
        "own.csv line 3: ticker INFY is listed twice on NSE"
    );
    assert_eq!(
        second("INFY", "OTHER").unwrap_err(),
        "own.csv line 3: isin INE009A01021 is listed twice on NSE"
    );
    assert_eq!(
        second("INFY,Infosys Ltd,INE009A01021", "ITC,ITC Ltd,INE154A01025").unwrap_err(),
        "own.csv line 3: token 1594 is listed twice on NSE"
    );
    assert!(
        second("NSE,", "BSE,").is_ok(),
        "the other exchange has keys of its own"
    );
    assert_eq!(parse("").unwrap_err().line, 1);
    assert_eq!(
        parse(&file("")).unwrap_err().reason,
        "at least one listing is needed"
    );
}
