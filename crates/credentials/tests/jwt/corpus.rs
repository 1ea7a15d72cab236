//! The hostile tokens as code: what `tests/hostile_tokens.json` is written from. The file is what the tests
//! use, here and over HTTP; this only makes it.
//!
//! The tokens' good claims live until 2100 and the strict policy of the file allows that, so that a rightly
//! signed token is refused for its own reason at the file's `now` and at any later time alike.

mod claims;
mod header;
mod payload;
mod shape;
mod signature;

use serde::{Deserialize, Serialize};

use crate::signer::{HEADER, NOW, sign};

/// The secret of the gateway that the tokens attack; the demo gateway's, so that the file can be used
/// against a running demo.
pub const SECRET: &str = "gatewayDemo_secret";

/// 2100-01-01, the `exp` of tokens that are good but for what is tested.
pub const EXP: i64 = 4_102_444_800;

/// A hundred years; makes tokens with [`EXP`] good on a gateway that is not legacy.
pub const MAX_AGE_SECONDS: i64 = 3_153_600_000;

/// The corpus file.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Corpus {
    /// What this is, for whoever opens the file.
    pub about: String,
    /// Wall time of the check, in Unix seconds.
    pub now: i64,
    /// The attacked gateway's `secret`.
    pub secret: String,
    /// `jwtMaxAgeSeconds` of the policy `strict`.
    pub jwt_max_age_seconds: i64,
    /// Good tokens, accepted by both policies: they prove that secret and time are right.
    pub accepted: Vec<Control>,
    /// Tokens of which none may be accepted.
    pub refused: Vec<Hostile>,
}

#[derive(Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Control {
    pub name: String,
    pub token: String,
}

#[derive(Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Hostile {
    pub name: String,
    /// What a weak verifier would fall for.
    pub why: String,
    /// The HMAC key of the signature as text, `null` when there is no signature or its key is no text.
    pub key: Option<String>,
    /// The policies that refuse it: `strict`, `legacy`.
    pub refused_by: Vec<String>,
    /// The rule that it breaks, in the words of the public error's detail.
    pub rule: String,
    pub token: String,
}

/// Collects tokens.
pub struct Collector {
    pub refused: Vec<Hostile>,
}

impl Collector {
    /// A token that both policies refuse.
    pub fn add(&mut self, name: &str, why: &str, key: Option<&str>, rule: &str, token: String) {
        self.refused.push(Hostile {
            name: name.to_owned(),
            why: why.to_owned(),
            key: key.map(str::to_owned),
            refused_by: vec!["strict".to_owned(), "legacy".to_owned()],
            rule: rule.to_owned(),
            token,
        });
    }

    /// A rightly signed token that both policies refuse.
    pub fn add_signed(
        &mut self,
        name: &str,
        why: &str,
        rule: &str,
        header: impl AsRef<[u8]>,
        payload: impl AsRef<[u8]>,
    ) {
        self.add(name, why, Some(SECRET), rule, sign(header, payload, SECRET));
    }

    /// A rightly signed token that only the strict policy refuses.
    pub fn add_strict_only(&mut self, name: &str, why: &str, rule: &str, payload: &str) {
        self.add_signed(name, why, rule, HEADER, payload);
        if let Some(last) = self.refused.last_mut() {
            last.refused_by.pop();
        }
    }
}

/// A good payload.
pub fn good_payload() -> String {
    format!(r#"{{"guest":true,"iat":{NOW},"exp":{EXP}}}"#)
}

/// The whole corpus.
pub fn generate() -> Corpus {
    let mut collector = Collector { refused: Vec::new() };
    shape::add(&mut collector);
    header::add(&mut collector);
    signature::add(&mut collector);
    payload::add(&mut collector);
    claims::add(&mut collector);
    Corpus {
        about: "User JWTs that must be refused with 401 invalid_jwt. Written by the test \
                write_hostile_tokens of crates/credentials/tests/jwt; do not edit by hand."
            .to_owned(),
        now: NOW,
        secret: SECRET.to_owned(),
        jwt_max_age_seconds: MAX_AGE_SECONDS,
        accepted: controls(),
        refused: collector.refused,
    }
}

fn controls() -> Vec<Control> {
    let connected = format!(r#"{{"smallcaseAuthId":"507f1f77bcf86cd799439011","exp":{EXP}}}"#);
    let odd_header =
        r#" { "typ" : "jwt", "\u0061lg" : "HS256", "kid" : "../../dev/null", "jwk" : {"k":"AA"} } "#;
    let odd_payload =
        format!(r#"{{"exp":{EXP}.5e0,"guest":true,"iat":-0.0,"iss":"x","x":[[[1]]],"y":null}}"#);
    [
        ("guest", sign(HEADER, good_payload(), SECRET)),
        ("connected", sign(HEADER, connected, SECRET)),
        (
            "guest without typ",
            sign(r#"{"alg":"HS256"}"#, good_payload(), SECRET),
        ),
        ("allowed oddities", sign(odd_header, odd_payload, SECRET)),
    ]
    .map(|(name, token)| Control {
        name: name.to_owned(),
        token,
    })
    .into()
}
