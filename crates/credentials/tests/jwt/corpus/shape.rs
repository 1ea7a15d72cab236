//! Tokens whose outer form is wrong.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};

use super::{Collector, SECRET, good_payload};
use crate::signer::{HEADER, encode, sign, sign_text};

const PARTS: &str = "not three base64url parts without padding";
const TOO_LONG: &str = "token longer than 4096 bytes";

pub fn add(collector: &mut Collector) {
    counts(collector);
    padding(collector);
    surroundings(collector);
    sizes(collector);
}

fn counts(collector: &mut Collector) {
    let good = sign(HEADER, good_payload(), SECRET);
    let (header, payload) = (encode(HEADER), encode(good_payload()));
    let mut add = |name, why, token| collector.add(name, why, None, PARTS, token);
    add("no token", "an empty header taken for no check", String::new());
    add("one part", "the payload alone", payload.clone());
    add(
        "two parts",
        "signature left away with its point",
        format!("{header}.{payload}"),
    );
    add(
        "four parts",
        "what follows the third part ignored",
        format!("{good}.{payload}"),
    );
    add(
        "four parts, last empty",
        "a closing point ignored",
        format!("{good}."),
    );
    add("first part empty", "a leading point ignored", format!(".{good}"));
    add(
        "five parts",
        "taken for an encrypted token",
        format!("{header}..{payload}.{payload}.{payload}"),
    );
    add(
        "payload not encoded",
        "an unencoded payload taken as it is",
        sign_text(&format!("{header}.{}", good_payload()), SECRET.as_bytes()),
    );
    let json = format!(
        r#"{{"protected":"{header}","payload":"{payload}","signature":"{}"}}"#,
        &good[good.len() - 43..]
    );
    add(
        "JSON serialisation",
        "the other serialisation of signatures accepted",
        json,
    );
}

fn padding(collector: &mut Collector) {
    let good = sign(HEADER, good_payload(), SECRET);
    let (header, payload) = (encode(HEADER), encode(good_payload()));
    // A payload whose encodings differ between the alphabets and need padding.
    let telling = format!(r#"{{"guest":true,"exp":{},"x":"???>>>~~ "}}"#, super::EXP);
    let signed = |message: String| sign_text(&message, SECRET.as_bytes());
    let mut add = |name, why, token| collector.add(name, why, Some(SECRET), PARTS, token);
    add("padded signature", "padding accepted", format!("{good}="));
    add(
        "padded header",
        "padding accepted under a right signature",
        signed(format!("{header}=.{payload}")),
    );
    add(
        "padded payload",
        "padding accepted under a right signature",
        signed(format!("{header}.{}", URL_SAFE.encode(&telling))),
    );
    add(
        "padding in the middle",
        "everything behind padding ignored",
        format!("{}=={}", &good[..80], &good[80..]),
    );
    add(
        "standard alphabet in the payload",
        "+ and / accepted under a right signature",
        signed(format!("{header}.{}", STANDARD_NO_PAD.encode(&telling))),
    );
    add(
        "standard base64 throughout",
        "padded standard base64 accepted",
        signed(format!(
            "{}.{}",
            STANDARD.encode(HEADER),
            STANDARD.encode(&telling)
        )),
    );
    let last = good.chars().last().unwrap();
    add(
        "trailing bits in the signature",
        "a second text for one signature",
        format!("{}{}", &good[..good.len() - 1], next_letter(last)),
    );
    let odd = encode(r#"{"alg":"HS256","typ":"JWT" }"#);
    add(
        "trailing bits in the header",
        "a second text for one header, rightly signed",
        signed(format!("{}.{payload}", bump_last(&odd))),
    );
    let odd = encode(format!("{telling} "));
    let odd = if odd.len() % 4 == 0 {
        encode(format!("{telling}  "))
    } else {
        odd
    };
    add(
        "trailing bits in the payload",
        "a second text for one payload, rightly signed",
        signed(format!("{header}.{}", bump_last(&odd))),
    );
    add(
        "impossible length",
        "a part of 4n+1 characters",
        signed(format!("{header}.{payload}A")).replace(&format!("{payload}A"), &cut_to_4n_plus_1(&payload)),
    );
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    add(
        "spaces as separators",
        "other separators accepted",
        good.replace('.', " "),
    );
    add(
        "hexadecimal header in braces",
        "another encoding guessed",
        signed(format!("{{{}}}.{payload}", hex(HEADER))),
    );
}

/// The next letter of the base64url alphabet: same meaningful bits, other trailing ones.
fn next_letter(letter: char) -> char {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = ALPHABET
        .iter()
        .position(|known| char::from(*known) == letter)
        .unwrap();
    char::from(ALPHABET[at + 1])
}

fn bump_last(part: &str) -> String {
    assert_ne!(part.len() % 4, 0, "a part without trailing bits");
    format!(
        "{}{}",
        &part[..part.len() - 1],
        next_letter(part.chars().last().unwrap())
    )
}

fn cut_to_4n_plus_1(part: &str) -> String {
    part[..part.len() / 4 * 4 - 3].to_owned()
}

fn surroundings(collector: &mut Collector) {
    let good = sign(HEADER, good_payload(), SECRET);
    let mut add = |name, why, token| collector.add(name, why, Some(SECRET), PARTS, token);
    add("space before", "input trimmed", format!(" {good}"));
    add("space behind", "input trimmed", format!("{good} "));
    add(
        "line feed behind",
        "input trimmed, or matched up to the end of a line",
        format!("{good}\n"),
    );
    add(
        "carriage return and line feed behind",
        "a header smuggled in",
        format!("{good}\r\nx-gateway-secret: x"),
    );
    add(
        "line feed inside",
        "white space skipped while decoding",
        good.replacen("eyJ", "eyJ\n", 1),
    );
    add(
        "tab inside",
        "white space skipped while decoding",
        good.replacen('.', ".\t", 1),
    );
    add(
        "NUL behind",
        "read as a text that ends at NUL",
        format!("{good}\0"),
    );
    add(
        "NUL and more behind",
        "read as a text that ends at NUL",
        format!("{good}\0{good}"),
    );
    add("Bearer before", "a scheme skipped", format!("Bearer {good}"));
    add("quoted", "quotes stripped", format!("\"{good}\""));
    add(
        "twice with a comma",
        "the first of a list taken",
        format!("{good},{good}"),
    );
    add(
        "twice with a semicolon",
        "cookie-like parameters skipped",
        format!("{good};a=b"),
    );
    add(
        "percent-encoded points",
        "decoded as a URL",
        good.replace('.', "%2E"),
    );
    add(
        "full-width points",
        "normalised before splitting",
        good.replace('.', "\u{ff0e}"),
    );
    add(
        "Cyrillic letter",
        "a look-alike letter mapped",
        good.replacen('e', "\u{435}", 1),
    );
    add(
        "zero-width joiner",
        "invisible characters dropped",
        good.replacen('.', ".\u{200d}", 1),
    );
    add(
        "byte order mark before",
        "a byte order mark dropped",
        format!("\u{feff}{good}"),
    );
}

fn sizes(collector: &mut Collector) {
    let long_claim = |length: usize| {
        format!(
            r#"{{"guest":true,"exp":{},"x":"{}"}}"#,
            super::EXP,
            "x".repeat(length)
        )
    };
    let mut add = |name, why, token: String| {
        assert!(token.len() > 4096);
        collector.add(name, why, Some(SECRET), TOO_LONG, token);
    };
    let at_4098 = (3000 - 120..)
        .map(|length| sign(HEADER, long_claim(length), SECRET))
        .find(|token| token.len() > 4096);
    add(
        "just over the limit",
        "a limit off by a little, or none",
        at_4098.unwrap(),
    );
    add(
        "6 kB payload",
        "no limit on the token",
        sign(HEADER, long_claim(4500), SECRET),
    );
    let header = format!(r#"{{"alg":"HS256","x":"{}"}}"#, "x".repeat(4000));
    add(
        "oversized header",
        "a limit on the payload only",
        sign(header, good_payload(), SECRET),
    );
    add("many points", "split without a limit", ".".repeat(5000));
    add(
        "long signature",
        "a limit on the signed text only",
        format!("{}{}", sign(HEADER, good_payload(), SECRET), "A".repeat(4000)),
    );
}
