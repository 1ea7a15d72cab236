//! Rightly signed tokens with proper JSON and wrong claims.

use super::{Collector, EXP};
use crate::signer::{HEADER, NOW};

pub fn add(collector: &mut Collector) {
    principals(collector);
    auth_ids(collector);
    expiry(collector);
    beginnings(collector);
}

fn principals(collector: &mut Collector) {
    let id = r#""smallcaseAuthId":"507f1f77bcf86cd799439011""#;
    let (nobody, both, guest) = (
        "neither guest nor smallcaseAuthId",
        "both guest and smallcaseAuthId",
        "guest is not true",
    );
    let table = [
        ("nobody", nobody, String::new()),
        ("loan payload", nobody, r#""iss":"gatewaydemo","#.to_owned()),
        (
            "sub instead",
            nobody,
            r#""sub":"507f1f77bcf86cd799439011","#.to_owned(),
        ),
        ("Guest", nobody, r#""Guest":true,"#.to_owned()),
        ("GUEST", nobody, r#""GUEST":true,"#.to_owned()),
        ("guest with a space", nobody, r#""guest ":true,"#.to_owned()),
        ("guest with NUL", nobody, r#""guest\u0000":true,"#.to_owned()),
        (
            "guest with a Cyrillic letter",
            nobody,
            "\"gu\u{435}st\":true,".to_owned(),
        ),
        (
            "smallcaseAuthID",
            nobody,
            r#""smallcaseAuthID":"507f1f77bcf86cd799439011","#.to_owned(),
        ),
        (
            "smallcaseauthid",
            nobody,
            r#""smallcaseauthid":"507f1f77bcf86cd799439011","#.to_owned(),
        ),
        ("guest nested", nobody, r#""data":{"guest":true},"#.to_owned()),
        (
            "guest in a prototype",
            nobody,
            r#""__proto__":{"guest":true},"#.to_owned(),
        ),
        ("both shapes", both, format!(r#""guest":true,{id},"#)),
        ("both shapes, id first", both, format!(r#"{id},"guest":true,"#)),
        ("both, guest false", both, format!(r#""guest":false,{id},"#)),
        ("both, guest null", both, format!(r#""guest":null,{id},"#)),
        (
            "both, id null",
            both,
            r#""guest":true,"smallcaseAuthId":null,"#.to_owned(),
        ),
        (
            "both, id empty",
            both,
            r#""guest":true,"smallcaseAuthId":"","#.to_owned(),
        ),
        (
            "both, both null",
            both,
            r#""guest":null,"smallcaseAuthId":null,"#.to_owned(),
        ),
    ];
    for (name, rule, members) in table {
        let payload = format!(r#"{{{members}"exp":{EXP}}}"#);
        collector.add_signed(
            &format!("principal: {name}"),
            "a token for nobody or for two",
            rule,
            HEADER,
            payload,
        );
    }
    for value in [
        "false",
        "null",
        "0",
        "1",
        "1.0",
        "-1",
        r#""true""#,
        r#""1""#,
        r#""""#,
        r#""guest""#,
        "[]",
        "[true]",
        "{}",
        r#"{"value":true}"#,
    ] {
        let payload = format!(r#"{{"guest":{value},"exp":{EXP}}}"#);
        collector.add_signed(
            &format!("guest is {value}"),
            "anything that counts as true accepted",
            guest,
            HEADER,
            payload,
        );
    }
}

fn auth_ids(collector: &mut Collector) {
    for value in [
        "null",
        "true",
        "0",
        "507",
        "5e3",
        "[]",
        r#"["507f1f77bcf86cd799439011"]"#,
        r#"{"$ne":null}"#,
        r#"{"$oid":"507f1f77bcf86cd799439011"}"#,
        r#""""#,
        r#""507F1F77BCF86CD799439011""#,
        r#""507f1f77bcf86cd79943901""#,
        r#""507f1f77bcf86cd7994390111""#,
        r#""507f1f77bcf86cd79943901g""#,
        r#"" 507f1f77bcf86cd799439011""#,
        r#""507f1f77bcf86cd799439011 ""#,
        r#""507f1f77bcf86cd799439011\n""#,
        r#""507f1f77bcf86cd799439011\u0000""#,
        r#""507f1f77bcf86cd79943901\uff11""#,
        r#""507f1f77bcf86cd79943901\u0000""#,
        r#""0x507f1f77bcf86cd7994390""#,
        r#""507f1f77-bcf8-6cd7-9943-9011""#,
        r#""x' OR '1'='1' -- xxxxxxxx""#,
        r#""../../../../etc/passwd12""#,
        r#""507f1f77bcf86cd799439011,507f1f77bcf86cd799439012""#,
        r#""%35%30%37f1f77bcf86cd79""#,
    ] {
        let payload = format!(r#"{{"smallcaseAuthId":{value},"exp":{EXP}}}"#);
        let why = "an id of another form looked up, or used before it is checked";
        let rule = "smallcaseAuthId is not 24 lowercase hexadecimal digits";
        collector.add_signed(&format!("id is {value}"), why, rule, HEADER, payload);
    }
}

fn expiry(collector: &mut Collector) {
    for (name, exp) in [
        ("a minute ago", format!("{}", NOW - 60)),
        ("a minute and a fraction ago", format!("{}.999", NOW - 61)),
        ("an hour ago", format!("{}", NOW - 3600)),
        ("written with an exponent", "1.7e9".to_owned()),
        ("zero", "0".to_owned()),
        ("minus zero", "-0".to_owned()),
        ("negative", "-1".to_owned()),
        ("negative as far away as the good one", format!("-{EXP}")),
        ("minus 1e308", "-1e308".to_owned()),
        ("almost zero", "1e-400".to_owned()),
    ] {
        let payload = format!(r#"{{"guest":true,"exp":{exp}}}"#);
        collector.add_signed(
            &format!("exp {name}"),
            "old tokens live on",
            "expired",
            HEADER,
            payload,
        );
    }
    let connected = format!(
        r#"{{"smallcaseAuthId":"507f1f77bcf86cd799439011","iat":{},"exp":{}}}"#,
        NOW - 7200,
        NOW - 3600
    );
    collector.add_signed(
        "connected token expired",
        "old tokens live on",
        "expired",
        HEADER,
        connected,
    );
    for exp in [
        format!(r#""{EXP}""#),
        r#""never""#.to_owned(),
        r#""2100-01-01T00:00:00Z""#.to_owned(),
        "null".to_owned(),
        "true".to_owned(),
        "false".to_owned(),
        "[]".to_owned(),
        format!("[{EXP}]"),
        "{}".to_owned(),
        r#""""#.to_owned(),
    ] {
        let payload = format!(r#"{{"guest":true,"exp":{exp}}}"#);
        let why = "a comparison with something that is no number succeeds, or counts as absent";
        collector.add_signed(&format!("exp is {exp}"), why, "exp not numeric", HEADER, payload);
    }
    let far = "exp too far in the future";
    for (name, exp) in [
        ("in milliseconds", "4102444800000"),
        ("beyond the longest life", "4921205461"),
        ("2^53", "9007199254740992"),
        ("2^63", "9223372036854775808"),
        ("2^64 + 1", "18446744073709551617"),
        ("1e308", "1e308"),
        ("beyond by a fraction", "4921205460.0000001"),
    ] {
        let payload = format!(r#"{{"guest":true,"exp":{exp}}}"#);
        collector.add_strict_only(
            &format!("exp {name}"),
            "a token for ever, or an overflow",
            far,
            &payload,
        );
    }
    collector.add_strict_only("no exp", "a token for ever", "exp missing", r#"{"guest":true}"#);
    collector.add_strict_only(
        "no exp, but expires",
        "a token for ever",
        "exp missing",
        r#"{"guest":true,"expires":4102444800}"#,
    );
    let payload = r#"{"smallcaseAuthId":"507f1f77bcf86cd799439011","iat":1767605400}"#;
    collector.add_strict_only(
        "connected without exp",
        "a token for ever",
        "exp missing",
        payload,
    );
}

fn beginnings(collector: &mut Collector) {
    for claim in ["iat", "nbf"] {
        for value in [
            "7258118400",
            "7258118400.5",
            "7.2581184e9",
            "1e300",
            "9223372036854775808",
        ] {
            let payload = format!(r#"{{"guest":true,"{claim}":{value},"exp":{EXP}}}"#);
            let (why, rule) = (
                "a token from the future used today",
                format!("{claim} in the future"),
            );
            collector.add_signed(&format!("{claim} {value}"), why, &rule, HEADER, payload);
        }
        for value in [
            r#""1767605400""#,
            r#""now""#,
            "null",
            "true",
            "[]",
            "[1767605400]",
            "{}",
        ] {
            let payload = format!(r#"{{"guest":true,"{claim}":{value},"exp":{EXP}}}"#);
            let (why, rule) = (
                "a claim of a wrong type passed over",
                format!("{claim} not numeric"),
            );
            collector.add_signed(&format!("{claim} is {value}"), why, &rule, HEADER, payload);
        }
    }
}
