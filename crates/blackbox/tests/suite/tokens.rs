//! User tokens over HTTP: each rule of the contract's table, and the corpus of hostile tokens.

use serde_json::{Value, json};
use torana_testkit::{Answer, Options, Partner, Torana, jwt, raw};

const CORPUS: &str = include_str!("../../../credentials/tests/hostile_tokens.json");
/// Longest header that a client may be expected to get through.
const HEADER_BYTES_SAFE: usize = 6000;

fn connect_with(partner: &Partner, token: &str) -> Answer {
    partner.create(token, &json!({"intent": "CONNECT"}))
}

fn refused_for(partner: &Partner, name: &str, token: &str, rule: &str) {
    let answer = connect_with(partner, token);
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (401, "invalid_jwt"),
        "{name}: {}",
        answer.text
    );
    let detail = answer.json()["errors"][1].as_str().unwrap_or_default().to_owned();
    assert!(
        detail.contains(rule),
        "{name}: errors[1] is {detail:?} and should name {rule:?}"
    );
}

#[test]
fn each_rule_of_the_table_refuses_with_its_name() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let secret = partner.keys.secret.clone();
    let now = jwt::now_seconds();
    let sign = |payload: Value| jwt::sign(&secret, &payload);
    let good = sign(json!({"guest": true, "exp": now + 60}));
    // Another character at the front, where every bit counts.
    let (body, tag) = good.rsplit_once('.').unwrap();
    let first = if tag.starts_with('A') { 'B' } else { 'A' };
    let changed = format!("{body}.{first}{}", &tag[1..]);
    let cases = [
        ("signature changed", changed, "signature"),
        (
            "other key",
            jwt::sign(
                "another-secret-of-enough-length-1234",
                &json!({"guest": true, "exp": now + 60}),
            ),
            "signature",
        ),
        (
            "alg HS512",
            jwt::sign_text(
                &secret,
                r#"{"alg":"HS512","typ":"JWT"}"#,
                r#"{"guest":true,"exp":9999999999}"#,
            ),
            "alg",
        ),
        (
            "alg none",
            jwt::sign_text(
                &secret,
                r#"{"alg":"none","typ":"JWT"}"#,
                r#"{"guest":true,"exp":9999999999}"#,
            ),
            "alg",
        ),
        (
            "crit",
            jwt::sign_text(
                &secret,
                r#"{"alg":"HS256","crit":["exp"]}"#,
                r#"{"guest":true,"exp":9999999999}"#,
            ),
            "crit",
        ),
        (
            "typ",
            jwt::sign_text(
                &secret,
                r#"{"alg":"HS256","typ":"at+jwt"}"#,
                r#"{"guest":true,"exp":9999999999}"#,
            ),
            "typ",
        ),
        (
            "expired",
            sign(json!({"guest": true, "exp": now - 61})),
            "expired",
        ),
        ("no exp", sign(json!({"guest": true, "iat": now})), "exp missing"),
        (
            "exp too far",
            sign(json!({"guest": true, "exp": now + 86_400 + 120})),
            "exp",
        ),
        (
            "exp no number",
            sign(json!({"guest": true, "exp": "9999999999"})),
            "exp",
        ),
        (
            "iat in the future",
            sign(json!({"guest": true, "exp": now + 600, "iat": now + 120})),
            "iat",
        ),
        (
            "nbf in the future",
            sign(json!({"guest": true, "exp": now + 600, "nbf": now + 120})),
            "nbf",
        ),
        ("neither shape", sign(json!({"exp": now + 60})), ""),
        (
            "both shapes",
            sign(json!({"guest": true, "smallcaseAuthId": "507f1f77bcf86cd799439011", "exp": now + 60})),
            "",
        ),
        (
            "guest false",
            sign(json!({"guest": false, "exp": now + 60})),
            "guest",
        ),
        (
            "guest as text",
            sign(json!({"guest": "true", "exp": now + 60})),
            "guest",
        ),
        (
            "id in upper case",
            sign(json!({"smallcaseAuthId": "507F1F77BCF86CD799439011", "exp": now + 60})),
            "smallcaseAuthId",
        ),
        (
            "id too short",
            sign(json!({"smallcaseAuthId": "507f1f77", "exp": now + 60})),
            "smallcaseAuthId",
        ),
        ("a loan token", sign(json!({"iss": "acme", "exp": now + 60})), ""),
    ];
    for (name, token, rule) in cases {
        refused_for(&partner, name, &token, rule);
    }
    for (name, payload) in [
        ("within the leeway", json!({"guest": true, "exp": now - 30})),
        (
            "iat within the leeway",
            json!({"guest": true, "exp": now + 60, "iat": now + 30}),
        ),
        (
            "other claims",
            json!({"guest": true, "exp": now + 60, "aud": ["x"], "iss": 7}),
        ),
        ("longest life", json!({"guest": true, "exp": now + 86_400})),
    ] {
        assert_eq!(connect_with(&partner, &sign(payload)).status, 200, "{name}");
    }
    connect_with(
        &partner,
        &sign(json!({"smallcaseAuthId": "507f1f77bcf86cd799439011", "exp": now + 60})),
    )
    .refused(401, "unknown_user");
}

#[test]
fn the_gateways_own_maximum_age_counts() {
    let (_torana, partner) = Torana::with_partner_and(Options::default(), &["--jwt-max-age", "600"]);
    let now = jwt::now_seconds();
    let token = |exp: i64| jwt::sign(&partner.keys.secret, &json!({"guest": true, "exp": exp}));
    assert_eq!(connect_with(&partner, &token(now + 600)).status, 200);
    connect_with(&partner, &token(now + 800)).refused(401, "invalid_jwt");
}

#[test]
fn the_published_vectors_behave_as_published_on_the_demo_gateway() {
    let torana = Torana::start(Options::default().demo());
    let demo = torana.demo_partner();
    let without_exp = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJndWVzdCI6dHJ1ZSwiaWF0IjoxNzAwMDAwMDAwfQ.bVvLT5HkOLn0SN2Af-hoMYnTuTxn38FI1tSQ9Mgcwj0";
    let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJndWVzdCI6dHJ1ZSwiZXhwIjoxODkzNDU2MDAwfQ.";
    assert_eq!(connect_with(&demo, without_exp).status, 200);
    connect_with(&demo, unsigned).refused(401, "invalid_jwt");
}

/// The corpus is signed with the demo gateway's key, so most of its tokens are wrong in one point only.
#[test]
fn no_hostile_token_creates_a_transaction() {
    let torana = Torana::start(Options::default().demo());
    let strict = torana.create_gateway("strict", &[]);
    torana.wait_for_gateway("strict");
    let (demo, strict) = (torana.demo_partner(), torana.partner(&strict));
    let corpus: Value = serde_json::from_str(CORPUS).unwrap();
    let tokens = corpus["refused"].as_array().unwrap();
    assert!(tokens.len() >= 100, "{}", tokens.len());
    let mut accepted = Vec::new();
    for entry in tokens
        .iter()
        .filter(|entry| entry["token"].as_str().is_some_and(fits_a_header))
    {
        let (name, token) = (entry["name"].as_str().unwrap(), entry["token"].as_str().unwrap());
        let by_legacy = entry["refused_by"]
            .as_array()
            .unwrap()
            .iter()
            .any(|by| by == "legacy");
        for partner in [Some(&strict), Some(&demo).filter(|_| by_legacy)]
            .into_iter()
            .flatten()
        {
            let (status, error) = send_token(partner, token);
            let is_plain =
                token.bytes().all(|byte| (0x21..0x7f).contains(&byte)) && token.len() < HEADER_BYTES_SAFE;
            if is_plain {
                assert_eq!(
                    (status, error.as_str()),
                    (401, "invalid_jwt"),
                    "{name} at {}",
                    partner.keys.name
                );
            } else {
                assert!(
                    [400, 401, 431].contains(&status),
                    "{name} at {}: {status}",
                    partner.keys.name
                );
            }
            if status < 400 {
                accepted.push(name);
            }
        }
    }
    assert_eq!(accepted, Vec::<&str>::new());
    for entry in corpus["accepted"].as_array().unwrap() {
        let (status, error) = send_token(&demo, entry["token"].as_str().unwrap());
        assert!(
            status == 200 || error == "unknown_user",
            "{}: {status} {error}",
            entry["name"]
        );
    }
}

/// White space around a header's value is no part of it, and a line break ends it: HTTP cannot carry those.
fn fits_a_header(token: &str) -> bool {
    token.trim() == token && !token.contains(['\r', '\n'])
}

/// Sends the token byte for byte, also where a client library would refuse it.
fn send_token(partner: &Partner, token: &str) -> (u16, String) {
    let body = r#"{"intent":"CONNECT"}"#;
    let request = format!(
        "POST {} HTTP/1.1\r\nhost: torana\r\nconnection: close\r\nx-gateway-secret: {}\r\nx-gateway-authtoken: {token}\r\ncontent-length: {}\r\n\r\n{body}",
        partner.creation(),
        partner.keys.api_secret,
        body.len(),
    );
    let answer = raw::exchange(&partner.base, request.as_bytes());
    let text = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let parsed: Value = serde_json::from_str(text).unwrap_or_default();
    (
        raw::status_of(&answer),
        parsed["errors"][0].as_str().unwrap_or_default().to_owned(),
    )
}
