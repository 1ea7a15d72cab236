//! One test per row of the contract's verification table. Row 10, whether the id exists, is the caller's.

use torana_credentials::jwt::{JsonFault, JwtPolicy, JwtRejection, Principal, VerifyKeys, verify};
use torana_credentials::secrets::Accepted;
use torana_domain::ids::AuthId;
use torana_domain::time::Timestamp;

use crate::signer::{HEADER, NOW, check, encode, secret, sign, sign_text};

const KEY: &str = "rules-secret-0123456789abcdefghij";
const STRICT: JwtPolicy = JwtPolicy {
    legacy: false,
    max_age_seconds: 86_400,
};
const LEGACY: JwtPolicy = JwtPolicy {
    legacy: true,
    max_age_seconds: 86_400,
};

fn verdict(token: &str) -> Result<Principal, JwtRejection> {
    check(token, KEY, STRICT, NOW)
}

fn with_header(header: &str) -> Result<Principal, JwtRejection> {
    verdict(&sign(
        header,
        format!(r#"{{"guest":true,"exp":{}}}"#, NOW + 60),
        KEY,
    ))
}

fn with_payload(payload: &str) -> Result<Principal, JwtRejection> {
    verdict(&sign(HEADER, payload, KEY))
}

fn with_claims(claims: &str, policy: JwtPolicy) -> Result<Principal, JwtRejection> {
    check(
        &sign(HEADER, format!(r#"{{"guest":true{claims}}}"#), KEY),
        KEY,
        policy,
        NOW,
    )
}

#[test]
fn rule_1_three_unpadded_parts_within_the_size() {
    let good = sign(HEADER, format!(r#"{{"guest":true,"exp":{}}}"#, NOW + 60), KEY);
    assert_eq!(verdict(&good), Ok(Principal::Guest));
    for bad in [
        "".to_owned(),
        ".".to_owned(),
        format!("{good}="),
        format!("{good}."),
        format!(".{good}"),
        good.replace('.', ""),
    ] {
        assert_eq!(verdict(&bad), Err(JwtRejection::NotThreeParts), "{bad}");
    }
    let raw = |token: &[u8]| {
        let key = secret(KEY);
        verify(
            token,
            &VerifyKeys::new(&Accepted::only(&key)),
            &STRICT,
            Timestamp(NOW * 1000),
        )
    };
    assert_eq!(raw(b"\xff.\xfe.\xfd"), Err(JwtRejection::NotThreeParts));

    let of_length = |length: usize| {
        let padded = |(in_header, in_payload): (usize, usize)| {
            let header = format!("{HEADER}{}", " ".repeat(in_header));
            sign(
                header,
                format!(r#"{{"guest":true,"exp":{}}}{}"#, NOW + 60, " ".repeat(in_payload)),
                KEY,
            )
        };
        let paddings = (2900..3100).flat_map(|header| (0..3).map(move |payload| (header, payload)));
        paddings.map(padded).find(|token| token.len() == length).unwrap()
    };
    assert_eq!(verdict(&of_length(4096)), Ok(Principal::Guest));
    assert_eq!(verdict(&of_length(4097)), Err(JwtRejection::TooLong));
    assert_eq!(raw(&[b'.'; 4097]), Err(JwtRejection::TooLong));
    assert_eq!(raw(&[b'A'; 4096]), Err(JwtRejection::NotThreeParts));
}

#[test]
fn rule_2_header() {
    for good in [
        HEADER,
        r#"{"alg":"HS256"}"#,
        r#" {"typ":"jWt", "alg":"HS256"} "#,
        r#"{"alg":"\u0048S256"}"#,
    ] {
        assert_eq!(with_header(good), Ok(Principal::Guest), "{good}");
    }
    // In a rightly signed token these are simply not read, and no reference is followed.
    for ignored in [
        r#""kid":"../../dev/null""#,
        r#""jku":"https://evil.example/keys""#,
        r#""jwk":{"kty":"oct","k":"AA"}"#,
        r#""x5u":"https://evil.example/cert""#,
        r#""zip":"DEF""#,
        r#""b64":false"#,
    ] {
        assert_eq!(
            with_header(&format!(r#"{{"alg":"HS256",{ignored}}}"#)),
            Ok(Principal::Guest),
            "{ignored}"
        );
    }
    for bad in [
        r#"{}"#,
        r#"{"alg":"none"}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":null}"#,
    ] {
        assert_eq!(with_header(bad), Err(JwtRejection::Algorithm), "{bad}");
    }
    for bad in [r#"{"alg":"HS256","typ":"JWE"}"#, r#"{"alg":"HS256","typ":null}"#] {
        assert_eq!(with_header(bad), Err(JwtRejection::Type), "{bad}");
    }
    for bad in [
        r#"{"alg":"HS256","crit":["exp"]}"#,
        r#"{"alg":"HS256","crit":null}"#,
    ] {
        assert_eq!(with_header(bad), Err(JwtRejection::Critical), "{bad}");
    }
    let table = [
        (r#"{"alg":"HS256","alg":"HS256"}"#, JsonFault::DuplicateMember),
        (r#"{"alg":"HS256","a":[[[[1]]]]}"#, JsonFault::TooDeep),
        (r#"{"alg":"HS256","a":1e400}"#, JsonFault::NumberNotFinite),
        (r#"["HS256"]"#, JsonFault::NotAnObject),
    ];
    for (bad, fault) in table {
        assert_eq!(with_header(bad), Err(JwtRejection::Header(fault)), "{bad}");
    }
}

#[test]
fn rule_3_signature_comes_before_any_claim() {
    for payload in ["", "not json", "{}", r#"{"guest":true,"exp":1}"#] {
        assert_eq!(
            verdict(&sign(HEADER, payload, "another key")),
            Err(JwtRejection::Signature),
            "{payload}"
        );
    }
    let message = format!("{}.{}", encode(HEADER), encode("{}"));
    assert_eq!(verdict(&format!("{message}.")), Err(JwtRejection::Signature));
    assert_eq!(
        verdict(&format!("{message}.{}", encode([0; 32]))),
        Err(JwtRejection::Signature)
    );
    let empty_key = sign_text(&message, b"");
    assert_eq!(
        check(&empty_key, "", LEGACY, NOW),
        Err(JwtRejection::Signature),
        "an empty secret signs nothing"
    );
}

#[test]
fn rule_3_accepts_both_keys_of_a_rotation() {
    let (old, new) = (secret("old-secret"), secret("new-secret"));
    let keys = VerifyKeys::new(&Accepted {
        signing: &old,
        other: Some(&new),
    });
    let payload = format!(r#"{{"guest":true,"exp":{}}}"#, NOW + 60);
    let at_now = |key: &str| {
        verify(
            sign(HEADER, &payload, key).as_bytes(),
            &keys,
            &STRICT,
            Timestamp(NOW * 1000),
        )
    };
    assert_eq!(at_now("old-secret"), Ok(Principal::Guest));
    assert_eq!(at_now("new-secret"), Ok(Principal::Guest));
    assert_eq!(at_now("third-secret"), Err(JwtRejection::Signature));
}

#[test]
fn rule_4_exactly_one_principal() {
    let exp = NOW + 60;
    let id = "507f1f77bcf86cd799439011";
    let connected = Principal::Connected(AuthId::parse(id).unwrap());
    assert_eq!(
        with_payload(&format!(r#"{{"guest":true,"exp":{exp}}}"#)),
        Ok(Principal::Guest)
    );
    assert_eq!(
        with_payload(&format!(r#"{{"smallcaseAuthId":"{id}","exp":{exp}}}"#)),
        Ok(connected)
    );
    let table = [
        ("".to_owned(), JwtRejection::NoPrincipal),
        (r#""iss":"acme","#.to_owned(), JwtRejection::NoPrincipal),
        (
            format!(r#""guest":true,"smallcaseAuthId":"{id}","#),
            JwtRejection::TwoPrincipals,
        ),
        (
            format!(r#""guest":false,"smallcaseAuthId":"{id}","#),
            JwtRejection::TwoPrincipals,
        ),
        (
            r#""guest":true,"smallcaseAuthId":null,"#.to_owned(),
            JwtRejection::TwoPrincipals,
        ),
        (r#""guest":false,"#.to_owned(), JwtRejection::GuestNotTrue),
        (r#""guest":"true","#.to_owned(), JwtRejection::GuestNotTrue),
        (r#""guest":1,"#.to_owned(), JwtRejection::GuestNotTrue),
        (
            format!(r#""smallcaseAuthId":"{}","#, id.to_uppercase()),
            JwtRejection::MalformedAuthId,
        ),
        (
            format!(r#""smallcaseAuthId":"{id}0","#),
            JwtRejection::MalformedAuthId,
        ),
        (
            r#""smallcaseAuthId":null,"#.to_owned(),
            JwtRejection::MalformedAuthId,
        ),
        (
            r#""smallcaseAuthId":5,"#.to_owned(),
            JwtRejection::MalformedAuthId,
        ),
    ];
    for (members, rejection) in table {
        assert_eq!(
            with_payload(&format!(r#"{{{members}"exp":{exp}}}"#)),
            Err(rejection),
            "{members}"
        );
    }
    let table = [
        (
            r#"{"guest":true,"guest":true,"exp":1}"#,
            JsonFault::DuplicateMember,
        ),
        (r#"{"guest":true} x"#, JsonFault::TrailingData),
        (r#"[true]"#, JsonFault::NotAnObject),
        (r#"{"guest":true,"exp":1e999}"#, JsonFault::NumberNotFinite),
        (r#"{"guest":true,"a":{"a":{"a":{"a":{}}}}}"#, JsonFault::TooDeep),
    ];
    for (bad, fault) in table {
        let fault = if fault == JsonFault::Malformed {
            JsonFault::TooDeep
        } else {
            fault
        };
        assert_eq!(with_payload(bad), Err(JwtRejection::Payload(fault)), "{bad}");
    }
}

#[test]
fn rule_5_exp_is_numeric_and_later_than_a_minute_ago() {
    for policy in [STRICT, LEGACY] {
        for good in [
            format!("{}", NOW - 59),
            format!("{}.001", NOW - 60),
            format!("{}e-3", (NOW - 60) * 1000 + 1),
        ] {
            assert_eq!(
                with_claims(&format!(r#","exp":{good}"#), policy),
                Ok(Principal::Guest),
                "{good}"
            );
        }
        for old in [
            format!("{}", NOW - 60),
            format!("{}.999", NOW - 61),
            "0".to_owned(),
            "-1e300".to_owned(),
            "1e-300".to_owned(),
        ] {
            assert_eq!(
                with_claims(&format!(r#","exp":{old}"#), policy),
                Err(JwtRejection::Expired),
                "{old}"
            );
        }
        for bad in [
            format!(r#""{}""#, NOW + 60),
            "null".to_owned(),
            "true".to_owned(),
            "[]".to_owned(),
            "{}".to_owned(),
        ] {
            assert_eq!(
                with_claims(&format!(r#","exp":{bad}"#), policy),
                Err(JwtRejection::ExpNotNumeric),
                "{bad}"
            );
        }
    }
}

#[test]
fn rule_6_exp_may_be_missing_only_if_legacy() {
    assert_eq!(with_claims("", STRICT), Err(JwtRejection::ExpMissing));
    assert_eq!(with_claims("", LEGACY), Ok(Principal::Guest));
}

#[test]
fn rule_7_exp_is_not_too_far_away_unless_legacy() {
    let last = NOW + 86_400 + 60;
    for (exp, strict) in [
        (format!("{last}"), Ok(Principal::Guest)),
        (format!("{last}.000"), Ok(Principal::Guest)),
        (format!("{last}.0000001"), Err(JwtRejection::ExpTooFar)),
        (format!("{}", last + 1), Err(JwtRejection::ExpTooFar)),
        ("1e308".to_owned(), Err(JwtRejection::ExpTooFar)),
    ] {
        let claims = format!(r#","exp":{exp}"#);
        assert_eq!(with_claims(&claims, STRICT), strict, "{exp}");
        assert_eq!(with_claims(&claims, LEGACY), Ok(Principal::Guest), "{exp}");
    }
    let hour = JwtPolicy {
        legacy: false,
        max_age_seconds: 3600,
    };
    assert_eq!(
        with_claims(&format!(r#","exp":{}"#, NOW + 3661), hour),
        Err(JwtRejection::ExpTooFar)
    );
    let unbounded = JwtPolicy {
        legacy: false,
        max_age_seconds: i64::MAX,
    };
    assert_eq!(
        with_claims(r#","exp":99999999999999"#, unbounded),
        Ok(Principal::Guest)
    );
}

#[test]
fn rule_8_iat_and_nbf_are_numeric_and_not_in_the_future() {
    let cases = [
        ("iat", JwtRejection::IatNotNumeric, JwtRejection::IatInFuture),
        ("nbf", JwtRejection::NbfNotNumeric, JwtRejection::NbfInFuture),
    ];
    for (name, not_numeric, in_future) in cases {
        for policy in [STRICT, LEGACY] {
            let with =
                |value: &str| with_claims(&format!(r#","exp":{},"{name}":{value}"#, NOW + 600), policy);
            for good in [
                format!("{}", NOW + 60),
                format!("{}.0", NOW + 60),
                "0".to_owned(),
                "-5".to_owned(),
            ] {
                assert_eq!(with(&good), Ok(Principal::Guest), "{name} {good}");
            }
            for late in [
                format!("{}", NOW + 61),
                format!("{}.0001", NOW + 60),
                "1e300".to_owned(),
            ] {
                assert_eq!(with(&late), Err(in_future), "{name} {late}");
            }
            for bad in [
                format!(r#""{NOW}""#),
                "null".to_owned(),
                "false".to_owned(),
                "[1]".to_owned(),
            ] {
                assert_eq!(with(&bad), Err(not_numeric), "{name} {bad}");
            }
        }
    }
}

#[test]
fn rule_9_other_claims_are_ignored() {
    let claims = format!(
        r#","exp":{},"iss":"x","aud":["y"],"sub":null,"Guest":false,"jti":{{"a":[1]}}"#,
        NOW + 60
    );
    assert_eq!(with_claims(&claims, STRICT), Ok(Principal::Guest));
}

#[test]
fn rejections_say_the_rule_in_words() {
    let table = [
        (JwtRejection::Expired, "expired"),
        (JwtRejection::Signature, "signature"),
        (JwtRejection::ExpMissing, "exp missing"),
        (
            JwtRejection::Header(JsonFault::DuplicateMember),
            "header: duplicate member",
        ),
        (
            JwtRejection::Payload(JsonFault::TooDeep),
            "payload: nested deeper than 4 levels",
        ),
    ];
    for (rejection, words) in table {
        assert_eq!(rejection.to_string(), words);
    }
}
