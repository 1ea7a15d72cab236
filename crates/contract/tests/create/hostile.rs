//! Bodies made to break the reader.

use proptest::prelude::*;

use super::*;

#[test]
fn bodies_that_are_no_object() {
    let bad: &[&[u8]] = &[
        b"",
        b" ",
        b"null",
        b"[]",
        b"\"x\"",
        b"5",
        b"{",
        b"{\"intent\":}",
        b"{}x",
        b"{'intent':1}",
        b"{\"intent\":NaN}",
        b"\xff\xfe{}",
        b"{\"intent\":\"\xc3\x28\"}",
        b"\xef\xbb\xbf{}",
        b"{\"a\":1,}",
        b"intent=CONNECT",
    ];
    for body in bad {
        let error = judge_bytes(body).unwrap_err();
        assert_eq!(
            (error.status(), error.code.slug()),
            (400, "malformed_json"),
            "{body:?}"
        );
        assert!(!error.details[0].is_empty());
    }
}

#[test]
fn bombs_are_harmless() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(40_000), "}".repeat(40_000));
    for bomb in [&deep, &objects] {
        assert!(judge(&format!(r#"{{"intent":"CONNECT","x":{bomb}}}"#)).is_ok());
        for body in [
            format!(r#"{{"intent":{bomb}}}"#),
            format!(r#"{{"intent":"CONNECT","notes":{bomb}}}"#),
            order(bomb),
            line(&format!(r#""quantity":{bomb}"#)),
            order_with(&format!(r#""meta":{{"orderName":{bomb}}}"#)),
        ] {
            assert_eq!(judge(&body).unwrap_err().status(), 400);
        }
    }
    assert!(judge(&"[".repeat(250_000)).is_err());
    assert!(judge(&format!(r#"{{"intent":"CONNECT","x":{}}}"#, "[".repeat(250_000))).is_err());
    let many = (0..20_000)
        .map(|n| format!(r#""k{n}":0"#))
        .collect::<Vec<_>>()
        .join(",");
    assert!(judge(&format!(r#"{{"intent":"CONNECT",{many}}}"#)).is_ok());
}

fn valid_bodies() -> Vec<String> {
    vec![
        order(
            r#"[{"ticker":"INFY","quantity":3,"type":"BUY","exchange":"NSE"},{"ticker":"ITC","quantity":7,"type":"SELL","orderType":"LIMIT","price":431.5,"validity":"DAY"}]"#,
        ),
        order_with(r#""meta":{"orderName":"plan","orderLogo":"https://partner.example/l.png"}"#),
        r#"{"intent":"HOLDINGS_IMPORT","version":"v2","assetConfig":{"mfHoldings":true},"notes":"u-17"}"#
            .to_owned(),
        mf(r#""pan":"ABCDE1234F","phone":"9800000000","fromDate":"2015-04-01","email":"a@b.in""#),
        smallcase("EXIT", ISCID),
        r#"{"intent":"SUBSCRIPTION","config":{"scid":"SCXX_0001"}}"#.to_owned(),
    ]
}

/// Stand-ins that mutations put where a value was.
const STAND_INS: [&str; 12] = [
    "null",
    "true",
    "-1",
    "1e309",
    "\"\"",
    "\"\\u0000\"",
    "[]",
    "{}",
    "[[]]",
    "{\"type\":\"SECURITIES\"}",
    "\"SECURITIES\"",
    "9999999999999999999999",
];

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = judge_bytes(&bytes);
    }

    #[test]
    fn arbitrary_members_never_panic(pick in 0usize..6, key in "\\PC{0,10}", value in "\\PC{0,20}") {
        let body = valid_bodies()[pick].replacen('{', &format!("{{\"{key}\":{value},"), 1);
        let _ = judge(&body);
    }

    /// Bytes of a valid body overwritten, cut out or doubled: no panic, and a refusal is always a 400.
    #[test]
    fn mutated_bodies_never_panic(pick in 0usize..6, edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..6)) {
        let mut bytes = valid_bodies()[pick].clone().into_bytes();
        for (at, byte, how) in edits {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => { bytes.remove(at); }
                _ => bytes.insert(at, byte),
            }
            if bytes.is_empty() { break; }
        }
        if let Err(error) = judge_bytes(&bytes) {
            prop_assert_eq!(error.status(), 400);
            prop_assert!(!error.details.is_empty());
        }
    }

    /// Values of a valid body replaced by others of any type: no panic, and a refusal is always a 400.
    #[test]
    fn replaced_values_never_panic(pick in 0usize..6, nth in 0usize..12, stand_in in 0usize..12) {
        let body = valid_bodies()[pick].clone();
        let Some((colon, _)) = body.match_indices(':').nth(nth) else { return Ok(()) };
        let rest = &body[colon + 1..];
        let end = rest.find([',', '}', ']']).unwrap_or(rest.len());
        let mutated = format!("{}{}{}", &body[..=colon], STAND_INS[stand_in], &rest[end..]);
        if let Err(error) = judge(&mutated) {
            prop_assert_eq!(error.status(), 400);
        }
    }
}
