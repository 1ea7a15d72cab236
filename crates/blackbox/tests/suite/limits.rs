//! Rate limits: on by default, counted per gateway and family of routes, with the headers that say so.

use serde_json::json;
use torana_testkit::process::ORIGIN;
use torana_testkit::{Answer, Engine, Options, Partner, Torana};

on_both_engines!(the_defaults_hold);

fn limited(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.status == 429).count()
}

fn many(partner: &Partner, count: usize, call: impl Fn(&Partner) -> Answer + Sync) -> Vec<Answer> {
    let call = &call;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(move || (0..count / 8).map(|_| call(partner)).collect::<Vec<_>>()))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    })
}

fn the_defaults_hold(engine: Engine) {
    let mut torana = Torana::prepare(Options::new(engine));
    let strict = torana.create_gateway_with("strict", &["--origin", ORIGIN]);
    let other = torana.create_gateway_with("other", &["--origin", ORIGIN]);
    torana.run();
    let (partner, other) = (torana.partner(&strict), torana.partner(&other));
    let guest = partner.guest();
    let started = std::time::Instant::now();
    let create = |partner: &Partner| partner.create(&guest, &json!({"intent": "CONNECT"}));
    let answers = many(&partner, 160, create);
    let seconds = started.elapsed().as_secs_f64();
    let accepted = answers.len() - limited(&answers);
    // 40 at once and 20 more each second; a slow machine refills while it asks.
    assert!(accepted >= 40, "the burst is 40: {accepted}");
    assert!(
        accepted as f64 <= 40.0 + 20.0 * (seconds + 1.0),
        "{accepted} in {seconds} s"
    );
    let refused = answers
        .iter()
        .find(|answer| answer.status == 429)
        .expect("a refusal");
    refused.refused(429, "rate_limited");
    assert_eq!(refused.json()["errorType"], "RateLimited");
    assert!(
        refused
            .header("retry-after")
            .expect("Retry-After")
            .parse::<u64>()
            .unwrap()
            >= 1
    );
    for answer in [
        refused,
        answers.iter().find(|answer| answer.status == 200).unwrap(),
    ] {
        for header in ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"] {
            let value = answer
                .header(header)
                .unwrap_or_else(|| panic!("{header} on {}", answer.status));
            assert!(value.parse::<u64>().is_ok(), "{header}: {value}");
        }
    }
    assert_eq!(
        other.create(&other.guest(), &json!({"intent": "CONNECT"})).status,
        200,
        "per gateway"
    );
    let read = partner.get(&partner.engine("market/status"), &guest);
    assert_eq!(read.status, 200, "data routes have a limit of their own");
    let reads = many(&partner, 240, |partner| {
        partner.get(&partner.engine("market/status"), &guest)
    });
    assert!(reads.len() - limited(&reads) >= 90, "the burst is 100");
    let wrong = partner.send("POST", &partner.creation(), &[("x-gateway-secret", "no")], b"{}");
    wrong.refused(401, "invalid_api_secret");
}

#[test]
fn a_gateway_may_be_without_limits() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let guest = partner.guest();
    let answers = many(&partner, 160, |partner| {
        partner.create(&guest, &json!({"intent": "CONNECT"}))
    });
    assert_eq!(limited(&answers), 0);
    assert!(answers.iter().all(|answer| answer.status == 200));
}
