//! Tokens whose header is wrong: another algorithm, doubtful JSON, extensions.

use ring::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA384, HMAC_SHA512};

use super::{Collector, SECRET, good_payload};
use crate::signer::{encode, hmac_with};

const ALG: &str = "alg is not HS256";
const TYP: &str = "typ is not JWT";
const CRIT: &str = "crit is not supported";

pub fn add(collector: &mut Collector) {
    none(collector);
    other_algorithms(collector);
    doubtful_json(collector);
    types_and_extensions(collector);
}

/// Without a signature, as these are meant.
fn unsigned(header: &str) -> String {
    format!("{}.{}.", encode(header), encode(good_payload()))
}

fn none(collector: &mut Collector) {
    let spellings = [
        r#""none""#,
        r#""None""#,
        r#""NONE""#,
        r#""nOnE""#,
        r#""noNe""#,
        r#""none ""#,
        r#"" none""#,
        r#""none\u0000""#,
        r#""\u006eone""#,
        r#""n\u043ene""#,
        r#""NoNe\n""#,
        r#""null""#,
        r#""""#,
        "null",
        "false",
        "true",
        "0",
        "[]",
        "{}",
        r#"["none"]"#,
        r#"["HS256","none"]"#,
        r#"{"name":"none"}"#,
    ];
    for alg in spellings {
        let header = format!(r#"{{"alg":{alg},"typ":"JWT"}}"#);
        collector.add(
            &format!("alg {alg}, unsigned"),
            "no algorithm means no signature to check",
            None,
            ALG,
            unsigned(&header),
        );
    }
    for (name, header) in [
        ("alg missing", r#"{"typ":"JWT"}"#),
        ("header {}", "{}"),
        ("Alg instead of alg", r#"{"Alg":"HS256","typ":"JWT"}"#),
        ("ALG instead of alg", r#"{"ALG":"HS256","typ":"JWT"}"#),
        ("alg nested", r#"{"header":{"alg":"HS256"}}"#),
        ("alg with Cyrillic a", "{\"\u{430}lg\":\"HS256\",\"typ\":\"JWT\"}"),
    ] {
        collector.add(
            &format!("{name}, unsigned"),
            "a default algorithm, or none",
            None,
            ALG,
            unsigned(header),
        );
        collector.add_signed(
            &format!("{name}, signed"),
            "a default algorithm",
            ALG,
            header,
            good_payload(),
        );
    }
    for alg in ["none", "None", "NONE", "nOnE"] {
        let header = format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#);
        collector.add_signed(
            &format!("alg {alg} under a right signature"),
            "alg not looked at",
            ALG,
            header,
            good_payload(),
        );
    }
}

fn other_algorithms(collector: &mut Collector) {
    for alg in [
        "hs256",
        "Hs256",
        "HS-256",
        "HS256 ",
        " HS256",
        "HS256\\u0000",
        "HS256,none",
        "\u{397}S256",
        "HMAC-SHA256",
        "SHA256",
        "HS1",
        "HS224",
        "HS384",
        "HS512",
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "PS512",
        "ES256",
        "ES256K",
        "ES512",
        "EdDSA",
        "dir",
        "A256GCM",
        "RSA-OAEP",
        "PBES2-HS256+A128KW",
    ] {
        let header = format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#);
        let why = "the key used as HS256's although another algorithm is named";
        collector.add_signed(
            &format!("alg {alg}, signed with HS256"),
            why,
            ALG,
            header,
            good_payload(),
        );
    }
    for (alg, algorithm) in [
        ("HS384", HMAC_SHA384),
        ("HS512", HMAC_SHA512),
        ("HS1", HMAC_SHA1_FOR_LEGACY_USE_ONLY),
    ] {
        let message = format!(
            "{}.{}",
            encode(format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#)),
            encode(good_payload())
        );
        let token = format!(
            "{message}.{}",
            encode(hmac_with(algorithm, SECRET.as_bytes(), &message))
        );
        collector.add(
            &format!("alg {alg}, signed so"),
            "algorithm chosen by the token",
            Some(SECRET),
            ALG,
            token,
        );
    }
    let psychic = format!(
        "{}.{}.{}",
        encode(r#"{"alg":"ES256","typ":"JWT"}"#),
        encode(good_payload()),
        encode([0; 64])
    );
    collector.add(
        "ES256 with a signature of zeros",
        "elliptic curve signature (0, 0) accepted",
        None,
        ALG,
        psychic,
    );
    let array = r#"{"alg":["HS256"],"typ":"JWT"}"#;
    collector.add_signed(
        "alg in an array",
        "an array compared as a text",
        ALG,
        array,
        good_payload(),
    );
}

fn doubtful_json(collector: &mut Collector) {
    let deep = format!(r#"{{"alg":"HS256","x":{}{}}}"#, "[".repeat(900), "]".repeat(900));
    let table: &[(&str, &str, &[u8])] = &[
        (
            "alg twice, none last",
            "duplicate member",
            br#"{"alg":"HS256","alg":"none"}"#,
        ),
        (
            "alg twice, none first",
            "duplicate member",
            br#"{"alg":"none","alg":"HS256"}"#,
        ),
        (
            "alg twice, the same",
            "duplicate member",
            br#"{"alg":"HS256","alg":"HS256"}"#,
        ),
        (
            "alg twice, one escaped",
            "duplicate member",
            br#"{"alg":"HS256","\u0061lg":"none"}"#,
        ),
        (
            "typ twice",
            "duplicate member",
            br#"{"alg":"HS256","typ":"JWT","typ":"JWT"}"#,
        ),
        (
            "kid twice",
            "duplicate member",
            br#"{"kid":"1","alg":"HS256","kid":"2"}"#,
        ),
        (
            "members twice inside jwk",
            "duplicate member",
            br#"{"alg":"HS256","jwk":{"k":"AA","k":"BB"}}"#,
        ),
        (
            "members twice deep inside",
            "duplicate member",
            br#"{"alg":"HS256","x":[[{"a":1,"a":1}]]}"#,
        ),
        (
            "five levels of objects",
            "nested deeper than 4 levels",
            br#"{"alg":"HS256","a":{"a":{"a":{"a":{}}}}}"#,
        ),
        (
            "five levels of arrays",
            "nested deeper than 4 levels",
            br#"{"alg":"HS256","a":[[[[]]]]}"#,
        ),
        (
            "900 levels of arrays",
            "nested deeper than 4 levels",
            deep.as_bytes(),
        ),
        (
            "number 1e400",
            "number not finite",
            br#"{"alg":"HS256","x":1e400}"#,
        ),
        (
            "number -1e400",
            "number not finite",
            br#"{"alg":"HS256","x":-1e400}"#,
        ),
        ("NaN", "malformed JSON", br#"{"alg":"HS256","x":NaN}"#),
        ("Infinity", "malformed JSON", br#"{"alg":"HS256","x":Infinity}"#),
        ("leading zero", "malformed JSON", br#"{"alg":"HS256","x":01}"#),
        (
            "invalid UTF-8",
            "not UTF-8",
            b"{\"alg\":\"HS256\",\"x\":\"\xff\"}",
        ),
        (
            "overlong UTF-8",
            "not UTF-8",
            b"{\"alg\":\"HS256\",\"x\":\"\xc0\xaf\"}",
        ),
        (
            "UTF-8 of a surrogate",
            "not UTF-8",
            b"{\"alg\":\"HS256\",\"x\":\"\xed\xa0\x80\"}",
        ),
        (
            "UTF-16",
            "not a JSON object",
            b"\0{\0\"\0a\0l\0g\0\"\0:\0\"\0H\0S\x002\x005\x006\0\"\0}",
        ),
        (
            "byte order mark",
            "not a JSON object",
            b"\xef\xbb\xbf{\"alg\":\"HS256\"}",
        ),
        (
            "half a surrogate pair",
            "malformed JSON",
            br#"{"alg":"HS256","x":"\ud800"}"#,
        ),
        (
            "control character",
            "malformed JSON",
            b"{\"alg\":\"HS256\",\"x\":\"\x01\"}",
        ),
        (
            "comment",
            "malformed JSON",
            br#"{"alg":"HS256"/*,"alg":"none"*/}"#,
        ),
        ("comma at the end", "malformed JSON", br#"{"alg":"HS256",}"#),
        ("single quotes", "malformed JSON", br#"{'alg':'HS256'}"#),
        ("names without quotes", "malformed JSON", br#"{alg:"HS256"}"#),
        ("cut off", "malformed JSON", br#"{"alg":"HS256""#),
        (
            "two objects",
            "trailing data",
            br#"{"alg":"HS256"}{"alg":"none"}"#,
        ),
        ("text behind", "trailing data", br#"{"alg":"HS256"}x"#),
        ("NUL behind", "trailing data", b"{\"alg\":\"HS256\"}\0"),
        ("empty", "not a JSON object", b""),
        ("an array", "not a JSON object", br#"["HS256"]"#),
        ("a text", "not a JSON object", br#""HS256""#),
        ("null", "not a JSON object", b"null"),
        ("a number", "not a JSON object", b"256"),
    ];
    for (name, fault, header) in table {
        let why = "two readers understand this header differently, or a reader breaks on it";
        collector.add_signed(
            &format!("header: {name}"),
            why,
            &format!("header: {fault}"),
            header,
            good_payload(),
        );
    }
}

fn types_and_extensions(collector: &mut Collector) {
    for typ in [
        r#""JWE""#,
        r#""JOSE""#,
        r#""at+jwt""#,
        r#""application/jwt""#,
        r#""secevent+jwt""#,
        r#""""#,
        r#""JWT ""#,
        r#""JWT\u0000""#,
        "null",
        "true",
        "1",
        r#"["JWT"]"#,
        r#"{"a":"JWT"}"#,
    ] {
        let header = format!(r#"{{"alg":"HS256","typ":{typ}}}"#);
        collector.add_signed(
            &format!("typ {typ}"),
            "another kind of token taken for a user JWT",
            TYP,
            header,
            good_payload(),
        );
    }
    for members in [
        r#""crit":["exp"]"#,
        r#""crit":[]"#,
        r#""crit":null"#,
        r#""crit":"exp""#,
        r#""crit":false"#,
        r#""crit":{}"#,
        r#""crit":["b64"],"b64":false"#,
        r#""crit":["http://example.org/must-understand"],"http://example.org/must-understand":true"#,
        r#""crit":["crit"]"#,
        r#""c\u0072it":["exp"]"#,
    ] {
        let header = format!(r#"{{"alg":"HS256","typ":"JWT",{members}}}"#);
        let why = "an extension that the signer calls critical passed over";
        collector.add_signed(
            &format!("header with {members}"),
            why,
            CRIT,
            header,
            good_payload(),
        );
    }
}
