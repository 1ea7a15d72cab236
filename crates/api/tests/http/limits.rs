use std::time::Duration;

use http::Method;
use serde_json::json;
use torana_api::ApiOptions;

use crate::bench::{Answer, Bench};

const STATUS: &str = "/v1/acme/engine/market/status";

fn rate(answer: &Answer) -> [Option<&str>; 3] {
    ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(|name| answer.header(name))
}

#[test]
fn creations_are_limited_per_gateway() {
    let bench = Bench::new();
    let create = || {
        bench
            .partner("acme", Method::POST, "/gateway/acme/transaction")
            .json(&json!({ "intent": "CONNECT" }))
            .send()
    };
    let first = create();
    assert_eq!(rate(&first), [Some("40"), Some("39"), Some("1")]);
    for _ in 1..40 {
        create().data();
    }
    let refused = create();
    assert_eq!(refused.failure(), (429, "rate_limited"));
    assert_eq!(
        (rate(&refused), refused.header("retry-after")),
        ([Some("40"), Some("0"), Some("2")], Some("1"))
    );
    let read = bench.partner("acme", Method::GET, STATUS).send();
    assert_eq!(rate(&read), [Some("100"), Some("99"), Some("1")]);
    bench.machine.advance(Duration::from_secs(1));
    assert_eq!(rate(&create()), [Some("40"), Some("19"), Some("2")]);
}

/// What is refused before it is counted says what is left all the same.
#[test]
fn refused_credentials_are_not_counted() {
    let bench = Bench::new();
    let refused = bench
        .partner("acme", Method::GET, STATUS)
        .without("x-gateway-authtoken")
        .send();
    assert_eq!(
        (refused.failure(), rate(&refused)),
        ((401, "invalid_jwt"), [Some("100"), Some("100"), Some("0")])
    );
    let invalid = bench
        .partner("acme", Method::GET, "/v1/acme/engine/transactiondetails")
        .send();
    assert_eq!((invalid.failure().0, rate(&invalid)[1]), (400, Some("99")));
}

#[test]
fn limits_can_be_switched_off() {
    let bench = Bench::new();
    for _ in 0..300 {
        let answer = bench
            .partner("quiet", Method::GET, "/v1/quiet/engine/market/status")
            .send();
        assert_eq!((answer.status.as_u16(), rate(&answer)), (200, [None; 3]));
    }
}

#[test]
fn addresses_that_guess_have_to_wait() {
    let bench = Bench::with(ApiOptions {
        is_demo_seeded: false,
        auth_failures_per_minute: 3,
    });
    let from = |address: &str| bench.partner("acme", Method::GET, STATUS).from(address);
    assert_eq!(
        from("203.0.113.9")
            .header("x-gateway-secret", "guess")
            .send()
            .failure()
            .1,
        "invalid_api_secret"
    );
    assert_eq!(
        from("203.0.113.9")
            .header("x-gateway-authtoken", "guess")
            .send()
            .failure()
            .1,
        "invalid_jwt"
    );
    let sdk = bench
        .call(Method::POST, "/torana/sdk/v1/acme/init")
        .header("x-torana-sdk", "web/1.0.0")
        .from("203.0.113.9");
    assert_eq!(
        sdk.json(&json!({ "smallcaseAuthToken": "guess" }))
            .send()
            .failure()
            .1,
        "invalid_jwt"
    );
    let refused = from("203.0.113.9").send();
    assert_eq!(
        (refused.failure(), refused.header("retry-after")),
        ((429, "rate_limited"), Some("60"))
    );
    from("203.0.113.10").send().data();
    bench.machine.advance(Duration::from_secs(60));
    from("203.0.113.9").send().data();
}
