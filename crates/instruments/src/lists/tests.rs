use super::*;
use crate::master::Master;
use crate::security::{Assumed, Kind, Security};
use proptest::prelude::*;
use torana_domain::money::{Price, Shares};

const EQUITY_L: &str =
    "SYMBOL,NAME OF COMPANY, SERIES, DATE OF LISTING, PAID UP VALUE, MARKET LOT, ISIN NUMBER, FACE VALUE\r
20MICRONS,20 Microns Limited,EQ,06-OCT-2008,5,1,INE144J01027,5\r
INFY,Infosys Limited,EQ,08-FEB-1995,5,1,INE009A01021,5\r
8KMILES,\"8K Miles, Software\",BE,29-JAN-2014,5,1,INE650K01021,5\r
";
const SME: &str = "SYMBOL,NAME_OF_COMPANY,SERIES,DATE_OF_LISTING,PAID_UP_VALUE,ISIN_NUMBER,FACE_VALUE,
ETL,Emkay Tools Limited,SM,08-Jul-25,1,INE0PXC01024,1,
";
/// The columns that count, in an order of their own and with one between them that says nothing.
const SECURITY_FILE: &str = "FinInstrmId,TckrSymb,SctySrs,Rsvd01,FinInstrmNm,ISIN,NewBrdLotQty,BidIntrvl,PricRg,DelFlg,ElgbltyNrmlMkt,SctyStsNrmlMkt,ElgbltyClsgAuctnSsn,IssdCptl,FreezePercent
16921,20MICRONS,EQ,,20 MICRONS LIMITED,INE144J01027,1,1,191.20-286.80,N,1,2,0,3.52865E+07,1.00
1594,INFY,EQ,,INFOSYS LIMITED,INE009A01021,1,10,1485.00-1815.00,N,1,2,1,4.1E+09,0.05
11139,INFY,BL,,INFOSYS LIMITED,INE009A01021,1,10,,N,1,2,0,,
14747,011NSETEST,EQ,,TEST,DUMMYSAN005,1,5,,N,1,2,0,,
99,OLDNAME,EQ,,GONE,INE002A01018,1,5,,Y,1,2,0,,
1357,HIMADCHEM,EQ,,HIMADRI,INE019C01026,1,5,,N,1,3,0,,
14334,HSCL,EQ,,HIMADRI SPECIALITY,INE019C01026,1,5,,N,1,2,0,,
";
const BSE: &str = "FinInstrmId,TckrSymb,SctySrs,ISIN,ParVal,BidIntrvl,Xchg,Sts
500209,INFY,A,INE009A01021,500,0.10,BSE,A
543210,NEWONE,T,INE144J01027,500,0.01,BSE,A
543211,SUSPENDED,A,INE002A01018,500,0.05,BSE,S
";

fn list(file: &str, text: &str) -> PublicList {
    PublicList::parse(file, text).unwrap()
}

fn merged(lists: &[(&str, &str)]) -> Merged {
    let lists: Vec<PublicList> = lists.iter().map(|(file, text)| list(file, text)).collect();
    merge(Master::bundled(), &lists).unwrap()
}

fn on<'a>(master: &'a Master, exchange: Exchange, isin: &str) -> &'a Security {
    master.listing(isin, exchange).unwrap()
}

#[test]
fn the_list_of_companies_adds_names_and_keeps_what_it_does_not_say() {
    let merged = merged(&[("EQUITY_L.csv", EQUITY_L), ("SME_EQUITY_L.csv", SME)]);
    assert_eq!((merged.added, merged.updated, merged.removed), (3, 1, 0));
    let before = Master::bundled().by_ticker("INFY").unwrap();
    let infy = merged.master.by_ticker("INFY").unwrap();
    assert_eq!(infy.name, "Infosys Limited");
    assert_eq!(
        *infy,
        Security {
            name: infy.name.clone(),
            ..before.clone()
        }
    );
    let added = merged.master.by_ticker("8KMILES").unwrap();
    assert_eq!(
        (added.name.as_str(), added.series.as_str()),
        ("8K Miles, Software", "BE")
    );
    assert_eq!(
        (added.band_percent, added.previous_close),
        (5, Price::parse("100").unwrap())
    );
    assert_eq!(added.assumed, [Assumed::Freeze, Assumed::Band, Assumed::Close]);
    assert!(added.token >= crate::token::DERIVED_FIRST && added.is_delivery_only());
    let sme = merged.master.by_ticker("ETL").unwrap();
    assert_eq!((sme.kind, sme.lot), (Kind::Sme, Shares(1)));
    assert!(sme.assumed.contains(&Assumed::Lot));
}

#[test]
fn the_security_file_says_numbers_bands_and_prices() {
    let merged = merged(&[("NSE_CM_security_27112026.csv", SECURITY_FILE)]);
    let microns = merged.master.by_ticker("20MICRONS").unwrap();
    assert_eq!((microns.token, microns.band_percent), (16_921, 20));
    assert_eq!(microns.previous_close, Price::parse("239").unwrap());
    assert_eq!(microns.freeze, Shares(352_865), "1 % of the capital");
    assert_eq!((microns.assumed.as_slice(), microns.fixed_tick), (&[][..], None));
    let infy = merged.master.by_ticker("INFY").unwrap();
    assert_eq!(
        (infy.band_percent, infy.previous_close),
        (10, Price::parse("1650").unwrap())
    );
    assert!(infy.has_derivatives && infy.series == "EQ");
    assert_eq!(on(&merged.master, Exchange::Nse, "INE019C01026").ticker, "HSCL");
    let list = list("NSE_CM_security_27112026.csv", SECURITY_FILE);
    assert_eq!((list.len(), list.left_out), (3, 3));
}

#[test]
fn both_exchanges_have_their_own_listing() {
    let lists = [
        ("/data/NSE_CM_security_27112026.csv", SECURITY_FILE),
        ("scrips.csv", BSE),
    ];
    let master = merged(&lists).master;
    let new = on(&master, Exchange::Bse, "INE144J01027");
    assert_eq!(
        (new.ticker.as_str(), new.token, new.series.as_str()),
        ("NEWONE", 543_210, "T")
    );
    assert_eq!(
        new.previous_close,
        on(&master, Exchange::Nse, "INE144J01027").previous_close
    );
    assert!(
        new.assumed.contains(&Assumed::Close),
        "taken from the other exchange"
    );
    assert_eq!(on(&master, Exchange::Bse, "INE009A01021").token, 500_209);
}

#[test]
fn a_ticker_goes_over_to_a_new_isin_and_numbers_stay_unique() {
    let text = "Token,Symbol,Series,ISIN\n1594,INFY,EQ,INE144J01027\n";
    let merged = merged(&[("NSE_own.csv", text)]);
    assert_eq!((merged.added, merged.updated, merged.removed), (1, 0, 1));
    let infy = merged.master.by_ticker("INFY").unwrap();
    assert_eq!((infy.isin.as_str(), infy.token), ("INE144J01027", 1594));
    assert!(merged.master.listing("INE009A01021", Exchange::Nse).is_none());
    let taking = "Token,Symbol,Series,ISIN\n2885,20MICRONS,EQ,INE144J01027\n";
    let master = super::merge(Master::bundled(), &[list("NSE_own.csv", taking)])
        .unwrap()
        .master;
    assert_eq!(master.by_token(Exchange::Nse, 2885).unwrap().ticker, "20MICRONS");
    assert_ne!(master.by_ticker("RELIANCE").unwrap().token, 2885);
}

#[test]
fn damaged_lists_are_refused_with_file_line_and_reason() {
    let cases = [
        (
            "EQUITY_L.csv",
            EQUITY_L,
            "20MICRONS",
            "20 MICRONS",
            2,
            "symbol \"20 MICRONS\"",
        ),
        (
            "EQUITY_L.csv",
            EQUITY_L,
            "INE009A01021",
            "INE009A01022",
            3,
            "check digit",
        ),
        (
            "EQUITY_L.csv",
            EQUITY_L,
            "INE009A01021",
            "",
            3,
            "the ISIN is empty",
        ),
        (
            "EQUITY_L.csv",
            EQUITY_L,
            "06-OCT-2008",
            "06-10-2008",
            2,
            "date of listing",
        ),
        (
            "EQUITY_L.csv",
            EQUITY_L,
            "06-OCT-2008",
            "31-FEB-2008",
            2,
            "date of listing",
        ),
        (
            "EQUITY_L.csv",
            EQUITY_L,
            ",5,1,INE144",
            ",5,0,INE144",
            2,
            "lot \"0\"",
        ),
        (
            "EQUITY_L.csv",
            EQUITY_L,
            ",INE144J01027,5",
            "",
            2,
            "expected 8 fields, found 6",
        ),
        (
            "EQUITY_L.csv",
            EQUITY_L,
            " SERIES,",
            " SERIE,",
            1,
            "no column SERIES",
        ),
        (
            "EQUITY_L.csv",
            EQUITY_L,
            "INE144J01027",
            "INE009A01021",
            3,
            "is listed on line 2",
        ),
        (
            "EQUITY_L.csv",
            EQUITY_L,
            "Software\"",
            "Software",
            4,
            "does not end",
        ),
        ("NSE_x.csv", SECURITY_FILE, "16921", "9999999", 2, "token"),
        ("NSE_x.csv", SECURITY_FILE, "16921", "1594", 2, "token 1594"),
        (
            "NSE_x.csv",
            SECURITY_FILE,
            "16921,20MICRONS",
            "16921,INFY",
            2,
            "symbol INFY",
        ),
        (
            "NSE_x.csv",
            SECURITY_FILE,
            "191.20-286.80",
            "286.80-191.20",
            2,
            "price range",
        ),
        (
            "NSE_x.csv",
            SECURITY_FILE,
            "191.20-286.80",
            "191.20",
            2,
            "price range",
        ),
        (
            "NSE_x.csv",
            SECURITY_FILE,
            "3.52865E+07",
            "many",
            2,
            "freeze percent",
        ),
        (
            "NSE_x.csv",
            SECURITY_FILE,
            "Rsvd01",
            "ISIN",
            1,
            "two columns are named",
        ),
        (
            "x.csv",
            SECURITY_FILE,
            "Rsvd01",
            "Rsvd02",
            2,
            "says whose list it is",
        ),
        (
            "BSE_x.csv",
            BSE,
            "0.10,BSE",
            "0.10,NSE",
            2,
            "a row of another exchange",
        ),
        ("BSE_x.csv", BSE, "0.10", "0.001", 2, "tick"),
        ("BSE_x.csv", BSE, "0.10", "0.015", 2, "from 0.01"),
    ];
    for (file, text, from, to, line, reason) in cases {
        assert!(text.contains(from), "{from}");
        let error = PublicList::parse(file, &text.replacen(from, to, 1))
            .and_then(|list| merge(Master::bundled(), &[list]))
            .unwrap_err();
        assert_eq!((error.file.as_str(), error.line), (file, line), "{error}");
        assert!(error.reason.contains(reason), "{from} -> {to}: {error}");
    }
    let header_only = EQUITY_L.lines().next().unwrap();
    assert!(
        PublicList::parse("e.csv", header_only)
            .unwrap_err()
            .reason
            .contains("no row of it")
    );
    assert_eq!(
        PublicList::parse("e.csv", "").unwrap_err().reason,
        "the file is empty"
    );
}

#[test]
fn two_lists_that_contradict_each_other_are_refused() {
    let other = "Token,Symbol,Series,ISIN\n7,20MICRONS,EQ,INE650K01021\n";
    let lists = [list("EQUITY_L.csv", EQUITY_L), list("NSE_b.csv", other)];
    let error = merge(Master::bundled(), &lists[..1]).map(|_| ());
    assert_eq!(error, Ok(()));
    let error = merge(Master::bundled(), &lists).unwrap_err().to_string();
    assert_eq!(
        error,
        "NSE_b.csv line 2: symbol 20MICRONS of INE650K01021 is that of INE144J01027 too"
    );
}

proptest! {
    #[test]
    fn any_text_is_a_list_or_refused_with_a_line_of_it(text in any::<String>(), place in 0usize..600, with in "[ -~\n\u{e9}]{0,6}") {
        let few: Vec<Security> = Master::bundled().iter().take(3).cloned().collect();
        let base = Master::bundled().with_securities("few.csv", &few).unwrap();
        for good in [EQUITY_L, SME, SECURITY_FILE, BSE] {
            let mut cut = place.min(good.len());
            while !good.is_char_boundary(cut) {
                cut -= 1;
            }
            let mutated = format!("{}{with}{}", good.get(..cut).unwrap_or_default(), good.get(cut + with.len()..).unwrap_or_default());
            for text in [&text, &mutated] {
                let read = PublicList::parse("NSE_x.csv", text).and_then(|list| merge(&base, &[list]));
                if let Err(error) = read {
                    prop_assert_eq!(&error.file, "NSE_x.csv");
                    prop_assert!(error.line >= 1 && error.line <= text.lines().count().max(1), "{}", error);
                }
            }
        }
    }
}
