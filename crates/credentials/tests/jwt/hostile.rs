//! The corpus file `tests/hostile_tokens.json`: not one of its tokens is accepted.

use std::collections::BTreeSet;

use torana_credentials::jwt::{JwtPolicy, VerifyKeys, verify};
use torana_credentials::secrets::Accepted;
use torana_domain::time::Timestamp;

use crate::corpus::{self, Corpus};
use crate::signer::{check, secret};

const FILE: &str = include_str!("../hostile_tokens.json");

fn corpus() -> Corpus {
    serde_json::from_str(FILE).unwrap()
}

fn policies(corpus: &Corpus) -> [(&'static str, JwtPolicy); 2] {
    let max_age_seconds = corpus.jwt_max_age_seconds;
    [
        (
            "strict",
            JwtPolicy {
                legacy: false,
                max_age_seconds,
            },
        ),
        (
            "legacy",
            JwtPolicy {
                legacy: true,
                max_age_seconds,
            },
        ),
    ]
}

#[test]
fn no_hostile_token_is_accepted_and_each_is_refused_for_its_own_reason() {
    let corpus = corpus();
    for (name, policy) in policies(&corpus) {
        for hostile in corpus
            .refused
            .iter()
            .filter(|hostile| hostile.refused_by.iter().any(|by| by == name))
        {
            match check(&hostile.token, &corpus.secret, policy, corpus.now) {
                Ok(principal) => panic!("{name} accepted `{}` as {principal:?}", hostile.name),
                Err(rejection) => assert_eq!(rejection.to_string(), hostile.rule, "{name}: {}", hostile.name),
            }
        }
    }
}

#[test]
fn the_default_policy_and_a_running_rotation_accept_none_either() {
    let corpus = corpus();
    let (current, next) = (
        secret(&corpus.secret),
        secret("next-secret-0123456789abcdefghijkl"),
    );
    let keys = VerifyKeys::new(&Accepted {
        signing: &current,
        other: Some(&next),
    });
    let policy = JwtPolicy {
        legacy: false,
        max_age_seconds: 86_400,
    };
    for hostile in &corpus.refused {
        let verdict = verify(
            hostile.token.as_bytes(),
            &keys,
            &policy,
            Timestamp(corpus.now * 1000),
        );
        assert!(verdict.is_err(), "{}", hostile.name);
    }
}

#[test]
fn no_token_becomes_good_by_waiting() {
    let corpus = corpus();
    let in_three_years = corpus.now + 3 * 365 * 86_400;
    for (name, policy) in policies(&corpus) {
        // A longest life counts from the present, so it alone may come into reach.
        let refused = |by: &corpus::Hostile| {
            by.refused_by.iter().any(|by| by == name) && by.rule != "exp too far in the future"
        };
        for hostile in corpus.refused.iter().filter(|hostile| refused(hostile)) {
            let verdict = check(&hostile.token, &corpus.secret, policy, in_three_years);
            assert_eq!(
                verdict.map_err(|rejection| rejection.to_string()),
                Err(hostile.rule.clone()),
                "{}",
                hostile.name
            );
        }
    }
}

#[test]
fn the_control_tokens_are_accepted() {
    let corpus = corpus();
    assert!(corpus.accepted.len() >= 4);
    for (name, policy) in policies(&corpus) {
        for control in &corpus.accepted {
            let verdict = check(&control.token, &corpus.secret, policy, corpus.now);
            assert!(verdict.is_ok(), "{name}: {} {verdict:?}", control.name);
        }
    }
}

#[test]
fn the_corpus_is_large_and_has_no_twins() {
    let corpus = corpus();
    assert!(corpus.refused.len() >= 120, "{}", corpus.refused.len());
    let rightly_signed = |hostile: &&corpus::Hostile| {
        let unread = hostile.rule == "signature" || hostile.rule.starts_with("not three");
        hostile.key.as_deref() == Some(corpus.secret.as_str()) && !unread
    };
    assert!(corpus.refused.iter().filter(rightly_signed).count() >= 60);
    let names: BTreeSet<_> = corpus.refused.iter().map(|hostile| &hostile.name).collect();
    let tokens: BTreeSet<_> = corpus.refused.iter().map(|hostile| &hostile.token).collect();
    assert_eq!(
        (names.len(), tokens.len()),
        (corpus.refused.len(), corpus.refused.len())
    );
}

#[test]
fn the_file_is_what_the_generator_makes() {
    let generated = corpus::generate();
    assert_eq!(
        corpus(),
        generated,
        "run the ignored test write_hostile_tokens to write the file anew"
    );
}

/// Writes the file: `cargo test -p torana-credentials --test jwt -- --ignored write_hostile_tokens`.
#[test]
#[ignore = "writes into the source tree"]
fn write_hostile_tokens() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hostile_tokens.json");
    let text = serde_json::to_string_pretty(&corpus::generate()).unwrap();
    std::fs::write(path, text + "\n").unwrap();
}
