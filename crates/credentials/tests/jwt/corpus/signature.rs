//! Tokens whose signature is not by the gateway's secret, the injected keys among them.

use base64::Engine as _;
use ring::digest::{SHA256, digest};
use ring::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256, HMAC_SHA512};

use super::{Collector, EXP, SECRET, good_payload};
use crate::signer::{HEADER, encode, hmac_with, sign, sign_text};

const RULE: &str = "signature";

/// A public key as a confused verifier would use it for HMAC (a made-up one).
const PUBLIC_KEY_PEM: &str = "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf\n9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==\n-----END PUBLIC KEY-----\n";

pub fn add(collector: &mut Collector) {
    injected_keys(collector);
    other_keys(collector);
    other_constructions(collector);
    spliced(collector);
}

fn injected_keys(collector: &mut Collector) {
    let own = "attackers-own-key-0123456789abcdef";
    let jwk = format!(r#""jwk":{{"kty":"oct","alg":"HS256","k":"{}"}}"#, encode(own));
    let kid_jwk = format!(r#""kid":"mine",{jwk}"#);
    let jwks = format!(r#""jwks":{{"keys":[{{"kty":"oct","k":"{}"}}]}}"#, encode(own));
    let data = format!(
        r#""jku":"data:application/json;base64,{}""#,
        base64::engine::general_purpose::STANDARD.encode("{}")
    );
    let table = [
        ("jwk with the attacker's key", jwk.as_str(), own),
        ("jwk and kid", kid_jwk.as_str(), own),
        (
            "jwk of another type",
            r#""jwk":{"kty":"RSA","n":"AQAB","e":"AQAB"}"#,
            own,
        ),
        ("jwk set", jwks.as_str(), own),
        ("jku", r#""jku":"https://evil.example/jwks.json""#, own),
        ("jku on loopback", r#""jku":"http://127.0.0.1:1/jwks.json""#, own),
        (
            "jku with a user name",
            r#""jku":"https://torana.example.org@evil.example/jwks.json""#,
            own,
        ),
        ("jku with data", data.as_str(), own),
        ("jku of a file", r#""jku":"file:///etc/passwd""#, own),
        ("x5u", r#""x5u":"https://evil.example/cert.pem""#, own),
        (
            "x5u of the metadata service",
            r#""x5u":"http://169.254.169.254/latest/meta-data""#,
            own,
        ),
        (
            "x5c",
            r#""x5c":["MIIBkTCB+wIJAKHBfpegPjMCMA0GCSqGSIb3DQEBCwUAMA=="]"#,
            own,
        ),
        ("x5t", r#""x5t":"dGh1bWJwcmludA""#, own),
        (
            "kid of an empty file",
            r#""kid":"../../../../../../dev/null""#,
            "",
        ),
        (
            "kid of a known file",
            r#""kid":"/proc/sys/kernel/randomize_va_space""#,
            "2\n",
        ),
        (
            "kid with SQL",
            r#""kid":"x' UNION SELECT 'attackers-own-key-0123456789abcdef' -- ""#,
            own,
        ),
        (
            "kid with a command",
            r#""kid":"key; echo attackers-own-key-0123456789abcdef""#,
            own,
        ),
        (
            "kid of another gateway",
            r#""kid":"acme""#,
            "acme-secret-0123456789abcdefghijkl",
        ),
        (
            "kid as its own key",
            r#""kid":"attackers-own-key-0123456789abcdef""#,
            own,
        ),
        ("kid with NUL", r#""kid":"gatewaydemo\u0000x""#, own),
        ("kid of no text", r#""kid":{"$ne":""}"#, own),
        ("kid of a URL", r#""kid":"https://evil.example/key""#, own),
        (
            "secret in the header",
            r#""secret":"attackers-own-key-0123456789abcdef""#,
            own,
        ),
        (
            "k in the header",
            r#""k":"YXR0YWNrZXJzLW93bi1rZXktMDEyMzQ1Njc4OWFiY2RlZg""#,
            own,
        ),
    ];
    for (name, members, key) in table {
        let header = format!(r#"{{"alg":"HS256","typ":"JWT",{members}}}"#);
        let why = "the key taken from where the token says";
        collector.add(name, why, Some(key), RULE, sign(header, good_payload(), key));
    }
}

fn other_keys(collector: &mut Collector) {
    let base64 = base64::engine::general_purpose::STANDARD.encode(SECRET);
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let fingerprint: String = digest(&SHA256, SECRET.as_bytes())
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let table = [
        ("empty key", String::new()),
        (
            "another gateway's secret",
            "acme-secret-0123456789abcdefghijkl".to_owned(),
        ),
        ("gateway name as key", "gatewaydemo".to_owned()),
        ("common key secret", "secret".to_owned()),
        ("common key your-256-bit-secret", "your-256-bit-secret".to_owned()),
        ("secret in lower case", SECRET.to_lowercase()),
        ("secret in upper case", SECRET.to_uppercase()),
        ("secret with a line feed", format!("{SECRET}\n")),
        ("secret with a space", format!("{SECRET} ")),
        ("secret twice", format!("{SECRET}{SECRET}")),
        ("secret cut short", SECRET[..SECRET.len() - 1].to_owned()),
        ("secret in base64", base64),
        ("secret in hexadecimal", hex),
        ("hash of the secret", fingerprint),
        ("RSA public key as HMAC key", PUBLIC_KEY_PEM.to_owned()),
        (
            "RSA public key without line feeds as HMAC key",
            PUBLIC_KEY_PEM.replace('\n', ""),
        ),
        ("redacted secret as key", "[redacted]".to_owned()),
    ];
    for (name, key) in table {
        collector.add(
            name,
            "a guessed or wrongly derived key",
            Some(&key),
            RULE,
            sign(HEADER, good_payload(), &key),
        );
    }
    let connected = format!(r#"{{"smallcaseAuthId":"507f1f77bcf86cd799439011","exp":{EXP}}}"#);
    let other = "acme-secret-0123456789abcdefghijkl";
    collector.add(
        "another gateway's connected token",
        "tenants not kept apart",
        Some(other),
        RULE,
        sign(HEADER, connected, other),
    );
    for (name, key) in [
        ("key of 32 bytes 0x01", [1; 32]),
        ("key of 32 bytes 0xff", [0xff; 32]),
    ] {
        let token = sign_text(&format!("{}.{}", encode(HEADER), encode(good_payload())), &key);
        collector.add(name, "a key that was never set", None, RULE, token);
    }
}

fn other_constructions(collector: &mut Collector) {
    let (header, payload) = (encode(HEADER), encode(good_payload()));
    let message = format!("{header}.{payload}");
    let key = SECRET.as_bytes();
    let right = hmac_with(HMAC_SHA256, key, &message);
    let hash = |bytes: Vec<u8>| digest(&SHA256, &bytes).as_ref().to_vec();
    let longer = [right.as_slice(), &[0]].concat();
    let flipped = |at: usize, bit: u8| {
        let mut bytes = right.clone();
        bytes[at] ^= bit;
        bytes
    };
    let hex: String = right.iter().map(|byte| format!("{byte:02x}")).collect();
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("empty signature", Vec::new()),
        ("signature of one zero byte", vec![0]),
        ("signature of 32 zero bytes", vec![0; 32]),
        ("signature of 32 bytes 0xff", vec![0xff; 32]),
        ("first byte of the signature", right[..1].to_vec()),
        ("half of the signature", right[..16].to_vec()),
        ("signature without its last byte", right[..31].to_vec()),
        ("signature with a byte more", longer),
        ("signature twice", [right.as_slice(), &right].concat()),
        ("signature backwards", right.iter().rev().copied().collect()),
        ("first bit of the signature flipped", flipped(0, 0x80)),
        ("last bit of the signature flipped", flipped(31, 1)),
        ("signature in hexadecimal", hex.into_bytes()),
        (
            "signature of the payload alone",
            hmac_with(HMAC_SHA256, key, &payload),
        ),
        (
            "signature of the header alone",
            hmac_with(HMAC_SHA256, key, &header),
        ),
        (
            "signature of the decoded parts",
            hmac_with(HMAC_SHA256, key, &format!("{HEADER}.{}", good_payload())),
        ),
        (
            "signature without the point",
            hmac_with(HMAC_SHA256, key, &format!("{header}{payload}")),
        ),
        ("signature of the empty text", hmac_with(HMAC_SHA256, key, "")),
        (
            "HMAC-SHA1",
            hmac_with(HMAC_SHA1_FOR_LEGACY_USE_ONLY, key, &message),
        ),
        ("HMAC-SHA512", hmac_with(HMAC_SHA512, key, &message)),
        (
            "HMAC-SHA512 cut to 32 bytes",
            hmac_with(HMAC_SHA512, key, &message)[..32].to_vec(),
        ),
        ("plain SHA-256", hash(message.clone().into_bytes())),
        (
            "SHA-256 of key and text",
            hash([key, message.as_bytes()].concat()),
        ),
        (
            "SHA-256 of text and key",
            hash([message.as_bytes(), key].concat()),
        ),
        (
            "HMAC with key and text swapped",
            hmac_with(HMAC_SHA256, message.as_bytes(), SECRET),
        ),
    ];
    for (name, signature) in table {
        let why = "signature cut, missing, or computed in another way";
        collector.add(
            name,
            why,
            Some(SECRET),
            RULE,
            format!("{message}.{}", encode(signature)),
        );
    }
}

fn spliced(collector: &mut Collector) {
    let connected = encode(format!(
        r#"{{"smallcaseAuthId":"507f1f77bcf86cd799439011","exp":{EXP}}}"#
    ));
    let other = encode(format!(
        r#"{{"smallcaseAuthId":"507f1f77bcf86cd799439012","exp":{EXP}}}"#
    ));
    let (header, payload) = (encode(HEADER), encode(good_payload()));
    let signature_of = |payload: &str| {
        encode(hmac_with(
            HMAC_SHA256,
            SECRET.as_bytes(),
            &format!("{header}.{payload}"),
        ))
    };
    let (guest_signature, connected_signature) = (signature_of(&payload), signature_of(&connected));
    let spaced = encode(good_payload().replace(',', ", "));
    let no_typ = encode(r#"{"alg":"HS256"}"#);
    let table = [
        (
            "guest's signature under a connected payload",
            format!("{header}.{connected}.{guest_signature}"),
            RULE,
        ),
        (
            "one user's signature under another's id",
            format!("{header}.{other}.{connected_signature}"),
            RULE,
        ),
        (
            "payload written otherwise",
            format!("{header}.{spaced}.{guest_signature}"),
            RULE,
        ),
        (
            "header written otherwise",
            format!("{no_typ}.{payload}.{guest_signature}"),
            RULE,
        ),
        (
            "header in the payload's place too",
            format!("{header}.{header}.{guest_signature}"),
            RULE,
        ),
        (
            "header and payload swapped",
            format!("{payload}.{header}.{guest_signature}"),
            "alg is not HS256",
        ),
        (
            "payload and signature swapped",
            format!("{header}.{guest_signature}.{payload}"),
            RULE,
        ),
        (
            "signature first",
            format!("{guest_signature}.{header}.{payload}"),
            "header: not UTF-8",
        ),
        (
            "signature in all places",
            format!("{guest_signature}.{guest_signature}.{guest_signature}"),
            "header: not UTF-8",
        ),
        (
            "payload in all places",
            format!("{payload}.{payload}.{payload}"),
            "alg is not HS256",
        ),
    ];
    for (name, token, rule) in table {
        collector.add(name, "parts of good tokens put together anew", None, rule, token);
    }
}
