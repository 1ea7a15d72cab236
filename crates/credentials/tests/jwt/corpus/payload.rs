//! Rightly signed tokens whose payload is no strict JSON object.

use super::{Collector, EXP, SECRET, good_payload};
use crate::signer::{HEADER, sign};

pub fn add(collector: &mut Collector) {
    doubtful_json(collector);
    not_an_object(collector);
}

fn doubtful_json(collector: &mut Collector) {
    let id = r#""smallcaseAuthId":"507f1f77bcf86cd799439011""#;
    let texts = [
        (
            "guest twice, true last",
            "duplicate member",
            format!(r#"{{"guest":false,"guest":true,"exp":{EXP}}}"#),
        ),
        (
            "guest twice, true first",
            "duplicate member",
            format!(r#"{{"guest":true,"guest":false,"exp":{EXP}}}"#),
        ),
        (
            "guest twice, the same",
            "duplicate member",
            format!(r#"{{"guest":true,"guest":true,"exp":{EXP}}}"#),
        ),
        (
            "guest twice, one escaped",
            "duplicate member",
            format!(r#"{{"guest":true,"g\u0075est":true,"exp":{EXP}}}"#),
        ),
        (
            "exp twice, later one last",
            "duplicate member",
            format!(r#"{{"guest":true,"exp":1,"exp":{EXP}}}"#),
        ),
        (
            "exp twice, later one first",
            "duplicate member",
            format!(r#"{{"guest":true,"exp":{EXP},"exp":1}}"#),
        ),
        (
            "id twice",
            "duplicate member",
            format!(r#"{{{id},"smallcaseAuthId":"507f1f77bcf86cd799439012","exp":{EXP}}}"#),
        ),
        (
            "id twice, one escaped",
            "duplicate member",
            format!(r#"{{{id},"smallcaseAuth\u0049d":"507f1f77bcf86cd799439012","exp":{EXP}}}"#),
        ),
        (
            "iat twice",
            "duplicate member",
            format!(r#"{{"guest":true,"iat":1,"iat":2,"exp":{EXP}}}"#),
        ),
        (
            "ignored claim twice",
            "duplicate member",
            format!(r#"{{"guest":true,"exp":{EXP},"x":1,"x":1}}"#),
        ),
        (
            "members twice inside a claim",
            "duplicate member",
            format!(r#"{{"guest":true,"exp":{EXP},"x":{{"a":1,"a":2}}}}"#),
        ),
        (
            "empty name twice",
            "duplicate member",
            format!(r#"{{"guest":true,"exp":{EXP},"":1,"":2}}"#),
        ),
        (
            "five levels of objects",
            "nested deeper than 4 levels",
            format!(r#"{{"guest":true,"exp":{EXP},"a":{{"a":{{"a":{{"a":{{}}}}}}}}}}"#),
        ),
        (
            "five levels of arrays",
            "nested deeper than 4 levels",
            format!(r#"{{"guest":true,"exp":{EXP},"a":[[[[]]]]}}"#),
        ),
        (
            "1000 levels of arrays",
            "nested deeper than 4 levels",
            format!(r#"{{"guest":true,"a":{}{}}}"#, "[".repeat(1000), "]".repeat(1000)),
        ),
        (
            "1000 levels, not closed",
            "nested deeper than 4 levels",
            format!(r#"{{"a":{}"#, r#"{"a":"#.repeat(400)),
        ),
        (
            "exp 1e400",
            "number not finite",
            r#"{"guest":true,"exp":1e400}"#.to_owned(),
        ),
        (
            "exp of 400 digits",
            "number not finite",
            format!(r#"{{"guest":true,"exp":{}}}"#, "9".repeat(400)),
        ),
        (
            "ignored claim -1e400",
            "number not finite",
            format!(r#"{{"guest":true,"exp":{EXP},"x":-1e400}}"#),
        ),
        (
            "exp NaN",
            "malformed JSON",
            r#"{"guest":true,"exp":NaN}"#.to_owned(),
        ),
        (
            "exp Infinity",
            "malformed JSON",
            r#"{"guest":true,"exp":Infinity}"#.to_owned(),
        ),
        (
            "exp in hexadecimal",
            "malformed JSON",
            r#"{"guest":true,"exp":0xf4865700}"#.to_owned(),
        ),
        (
            "exp with a plus sign",
            "malformed JSON",
            format!(r#"{{"guest":true,"exp":+{EXP}}}"#),
        ),
        (
            "exp with a leading zero",
            "malformed JSON",
            format!(r#"{{"guest":true,"exp":0{EXP}}}"#),
        ),
        (
            "exp with separators",
            "malformed JSON",
            r#"{"guest":true,"exp":4_102_444_800}"#.to_owned(),
        ),
        (
            "half a surrogate pair",
            "malformed JSON",
            format!(r#"{{"guest":true,"exp":{EXP},"x":"\udc00"}}"#),
        ),
        (
            "control character",
            "malformed JSON",
            format!("{{\"guest\":true,\"exp\":{EXP},\"x\":\"\n\"}}"),
        ),
        (
            "comment",
            "malformed JSON",
            format!(r#"{{"guest":true,"exp":{EXP} // }}{}"#, '\n'),
        ),
        (
            "comma at the end",
            "malformed JSON",
            format!(r#"{{"guest":true,"exp":{EXP},}}"#),
        ),
        (
            "single quotes",
            "malformed JSON",
            format!("{{'guest':true,'exp':{EXP}}}"),
        ),
        (
            "Python's True",
            "malformed JSON",
            format!(r#"{{"guest":True,"exp":{EXP}}}"#),
        ),
        (
            "cut off",
            "malformed JSON",
            format!(r#"{{"guest":true,"exp":{EXP}"#),
        ),
        (
            "two objects",
            "trailing data",
            format!("{}{}", good_payload(), good_payload()),
        ),
        ("object and text", "trailing data", format!("{},", good_payload())),
        ("object and NUL", "trailing data", format!("{}\0", good_payload())),
        (
            "lines of objects",
            "trailing data",
            format!("{}\n{{\"exp\":1}}", good_payload()),
        ),
        (
            "byte order mark",
            "not a JSON object",
            format!("\u{feff}{}", good_payload()),
        ),
    ];
    let why = "two readers understand this payload differently, or a reader breaks on it";
    for (name, fault, payload) in texts {
        collector.add_signed(
            &format!("payload: {name}"),
            why,
            &format!("payload: {fault}"),
            HEADER,
            payload,
        );
    }
    let with_bytes = |bytes: &[u8]| [br#"{"guest":true,"exp":4102444800,"x":""#, bytes, br#""}"#].concat();
    for (name, bytes) in [
        ("invalid UTF-8", &b"\xff\xfe"[..]),
        ("overlong UTF-8", b"\xc0\xaf"),
        ("UTF-8 of a surrogate", b"\xed\xa0\x80"),
        ("UTF-8 beyond Unicode", b"\xf5\x80\x80\x80"),
        ("UTF-8 cut short", b"\xe2\x82"),
        ("Latin-1", b"caf\xe9"),
    ] {
        collector.add_signed(
            &format!("payload: {name}"),
            why,
            "payload: not UTF-8",
            HEADER,
            with_bytes(bytes),
        );
    }
    let utf16: Vec<u8> = good_payload().encode_utf16().flat_map(u16::to_be_bytes).collect();
    collector.add_signed(
        "payload: UTF-16",
        why,
        "payload: not a JSON object",
        HEADER,
        utf16,
    );
    let header = r#"{"alg":"HS256","typ":"JWT","zip":"DEF"}"#;
    // The good payload in a stored block of raw deflate.
    let length = u16::try_from(good_payload().len()).unwrap();
    let deflated = [
        &[1][..],
        &length.to_le_bytes(),
        &(!length).to_le_bytes(),
        good_payload().as_bytes(),
    ]
    .concat();
    collector.add_signed(
        "payload: compressed",
        "the payload inflated",
        "payload: not UTF-8",
        header,
        deflated,
    );
}

fn not_an_object(collector: &mut Collector) {
    let array = format!("[{}]", good_payload());
    let text = serde_json::to_string(&good_payload()).unwrap();
    let nested = sign(HEADER, good_payload(), SECRET);
    let table = [
        ("empty", ""),
        ("space", " "),
        ("null", "null"),
        ("true", "true"),
        ("a number", "1"),
        ("an array", array.as_str()),
        ("a text", text.as_str()),
        ("the word guest", "guest"),
        ("form fields", "guest=true&exp=4102444800"),
        ("a good token", nested.as_str()),
    ];
    for (name, payload) in table {
        let header = if name == "a good token" {
            r#"{"alg":"HS256","typ":"JWT","cty":"JWT"}"#
        } else {
            HEADER
        };
        let why = "a payload that is no object taken for one, or opened a second time";
        collector.add_signed(
            &format!("payload is {name}"),
            why,
            "payload: not a JSON object",
            header,
            payload,
        );
    }
}
