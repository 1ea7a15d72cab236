//! Bodies that pass.

use torana_domain::intent::{HoldingsVersion, Intent};
use torana_domain::money::{Price, Shares};
use torana_domain::order::{OrderType, Side, Validity};

use super::*;

#[test]
fn basket_sample() {
    let body = r#"{ "intent": "TRANSACTION",
      "orderConfig": { "type": "SECURITIES",
        "securities": [ { "ticker": " infy ", "quantity": 3, "type": "BUY", "exchange": "nse" },
          { "ticker": "ITC", "quantity": 7, "type": "SELL", "orderType": "LIMIT", "price": 431.5, "validity": "IOC" } ],
        "meta": { "orderName": "January plan", "orderLogo": "https://partner.example/logo.png" } }, "notes": "plan-42" }"#;
    let judged = judge(body).unwrap();
    assert_eq!(judged.notes.as_deref(), Some("plan-42"));
    assert_eq!(judged.check_exchanges(), Ok(()));
    let Ok(Intent::Securities { lines, meta }) = judged.intent.enabled() else {
        panic!("no basket")
    };
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (lines[0].ticker.as_str(), lines[0].quantity, lines[0].side),
        ("INFY", Some(Shares(3)), Some(Side::Buy))
    );
    assert_eq!(
        (lines[0].order_type, lines[0].price, lines[0].validity),
        (OrderType::Market, None, Validity::Day)
    );
    assert_eq!(
        (lines[1].side, lines[1].order_type),
        (Some(Side::Sell), OrderType::Limit)
    );
    assert_eq!(
        (lines[1].price, lines[1].validity),
        (Some(Price(4_315_000)), Validity::Ioc)
    );
    assert_eq!(meta.order_name.as_deref(), Some("January plan"));
    assert_eq!(
        meta.order_logo.as_deref(),
        Some("https://partner.example/logo.png")
    );
}

#[test]
fn accepted_bodies() {
    let good = [
        order(r#"[{"ticker":"INFY"},{"ticker":"ITC"}]"#),
        order(r#"[{"ticker":"INFY","quantity":1},{"ticker":"ITC","quantity":10000000}]"#),
        order(r#"[{"ticker":"INFY","type":"BUY"},{"ticker":"INFY","type":"SELL"}]"#),
        order(r#"[{"ticker":"M&M"},{"ticker":"BAJAJ-AUTO"},{"ticker":"ABCDEFGHIJ0123456789"}]"#),
        order(r#"[{"ticker":"INFY","quantity":null,"type":null,"price":null,"exchange":null}]"#),
        line(r#""quantity":1,"type":"BUY","orderType":"LIMIT","price":1503"#),
        line(r#""quantity":1,"type":"BUY","orderType":"LIMIT","price":0.05"#),
        line(r#""quantity":1,"type":"BUY","orderType":"LIMIT","price":1.5035e3"#),
        line(r#""quantity":1,"type":"BUY","orderType":"LIMIT","price":10000000.00"#),
        line(r#""quantity":2,"quantity":1"#),
        line(r#""unknown":{"deep":[1,{"x":null}]}"#),
        order_with(r#""meta":null"#),
        order_with(r#""meta":{}"#),
        order_with(r#""meta":{"orderName":null,"orderLogo":null}"#),
        format!(r#"{{"intent":"CONNECT","notes":"{}"}}"#, "é".repeat(256)),
        r#"{"intent":"CONNECT","orderConfig":7,"version":9}"#.to_owned(),
        r#"{"intent":"FETCH_FUNDS"}"#.to_owned(),
        r#"{"intent":"AUTHORISE_HOLDINGS"}"#.to_owned(),
        r#"{"intent":"HOLDINGS_IMPORT"}"#.to_owned(),
    ];
    for body in good {
        assert!(accepted(&body).enabled().is_ok(), "{body}");
    }
    let not_built = [
        smallcase("BUY", SCID),
        smallcase("INVESTMORE", ISCID),
        smallcase("EXIT", SCID),
        smallcase("REPAIR", &format!("{SCID}{ISCID}")),
        smallcase("RECONCILIATION", ""),
        r#"{"intent":"SIP_SETUP","orderConfig":{"iscid":"60C72B2F9b1e8a0012345678"}}"#.to_owned(),
        r#"{"intent":"IMR_SETUP","orderConfig":{"iscid":"60c72b2f9b1e8a0012345678"}}"#.to_owned(),
        r#"{"intent":"CANCEL_AMO","orderConfig":{"iscid":"60c72b2f9b1e8a0012345678"}}"#.to_owned(),
        r#"{"intent":"SUBSCRIPTION","config":{"scid":"SCXX_0001","iscid":"60c72b2f9b1e8a0012345678"}}"#
            .to_owned(),
        r#"{"intent":"SUBSCRIPTION","orderConfig":{"scid":"SCXX_0001"}}"#.to_owned(),
        r#"{"intent":"MF_HOLDINGS_IMPORT"}"#.to_owned(),
        mf(
            r#""pan":"abcde1234f","phone":"+919800000000","fromDate":"2026-01-05","toDate":"2026-01-05","flow":"wealth""#,
        ),
        mf(r#""pan":"ABCDE1234F","phone":"919800000000","email":"a.b+c@mail.example.in""#),
        mf(r#""phone":"09800000000""#),
        mf(r#""phone":"9198000000""#),
        r#"{"intent":"MF_HOLDINGS_IMPORT","responseConfig":{"casDetail":true,"casSummary":"True"}}"#
            .to_owned(),
    ];
    for body in not_built {
        let error = accepted(&body).enabled().unwrap_err();
        assert_eq!(
            (error.status(), error.code.slug()),
            (403, "intent_not_enabled"),
            "{body}"
        );
    }
}

#[test]
fn holdings_options() {
    let funds = |members: &str| {
        let body = format!(r#"{{"intent":"HOLDINGS_IMPORT","version":"v2","assetConfig":{{{members}}}}}"#);
        match accepted(&body).enabled() {
            Ok(Intent::HoldingsImport {
                version: HoldingsVersion::V2,
                mf_holdings,
            }) => mf_holdings,
            other => panic!("{other:?}"),
        }
    };
    for yes in ["true", r#""true""#, r#""True""#, r#""TRUE""#] {
        assert!(funds(&format!(r#""mfHoldings":{yes}"#)), "{yes}");
    }
    for no in ["false", r#""False""#, "null"] {
        assert!(!funds(&format!(r#""mfHoldings":{no}"#)), "{no}");
    }
    assert!(!funds(""));
}
