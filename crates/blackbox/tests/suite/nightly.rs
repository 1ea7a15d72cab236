//! What takes too long for every run; `scripts/nightly` runs it. Minutes: `TORANA_NIGHTLY_MINUTES`.

use std::time::{Duration, Instant};

use serde_json::json;
use torana_testkit::flow::{self, Plan};
use torana_testkit::partner::basket;
use torana_testkit::{Browser, Engine, Options, Partner, Sdk, Torana, walk};

use crate::transcript::{Stage, assert_same};

const MINUTES: u64 = 2;
/// Longest time between a confirmation and the kill; a hand-over and its orders take less.
const KILL_WITHIN_MS: u64 = 60;
/// What a process may grow by after it is warm.
const GROWTH_KB_MAX: u64 = 64 * 1024;
const WARM_UP_ROUNDS: usize = 200;

fn until() -> Instant {
    let minutes = std::env::var("TORANA_NIGHTLY_MINUTES")
        .ok()
        .and_then(|text| text.parse().ok());
    Instant::now() + Duration::from_secs(60 * minutes.unwrap_or(MINUTES))
}

/// Spread well enough for choosing instants; the seed is printed, so that a run can be repeated.
fn next_random(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn positions(partner: &Partner, user: &str) -> i64 {
    let token = partner.connected(user);
    let import = partner.transaction(&token, &json!({"intent": "HOLDINGS_IMPORT", "version": "v2"}));
    let decision = json!({"decision": "approve", "broker": "kite", "account": "DEMO01"});
    let _ = partner.complete(&token, &import, &decision).data();
    let holdings = partner
        .get(&partner.engine("user/holdings?version=v2"), &token)
        .data();
    let securities = holdings["securities"].as_array().expect("securities");
    let infy = securities.iter().find(|security| security["nseTicker"] == "INFY");
    infy.and_then(|security| security["positions"]["nse"]["quantity"].as_i64())
        .unwrap_or(0)
}

/// Confirms in a thread of its own and kills the process while that runs.
fn confirm_and_kill(torana: &mut Torana, browser: &Browser, delay: Duration) {
    std::thread::scope(|scope| {
        let mut copy = browser.clone();
        scope.spawn(move || {
            // The process dies under it, more often than not.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                copy.press("action", "confirm", &[]);
            }));
        });
        std::thread::sleep(delay);
        torana.kill9();
    });
    torana.run();
}

fn crash_again_and_again(engine: Engine) {
    let (mut torana, partner) = Torana::with_partner(Options::new(engine));
    let mut state = u64::from(std::process::id());
    eprintln!("seed {state}");
    let (end, mut bought) = (until(), 0);
    while Instant::now() < end {
        // A fresh day each time: the last one may have gone on to its evening to prove an order.
        partner.open_market();
        let user = partner.connect("kite", "DEMO01");
        let token = partner.connected(&user);
        let id = partner.transaction(&token, &basket(&[("INFY", 1), ("ITC", 1)]));
        let sdk = Sdk::initialised(&partner.base, "acme", &token);
        let mut browser = flow::open(&sdk, &id, &json!({}));
        let plan = Plan::approve("kite", "DEMO01");
        let _ = walk(&mut browser, &plan.clone().until("review"));
        let delay = Duration::from_millis(next_random(&mut state) % KILL_WITHIN_MS);
        confirm_and_kill(&mut torana, &browser, delay);
        if partner.raw_status(&id) == "USED" {
            browser.refresh();
            let _ = walk(&mut browser, &plan);
        }
        let data = partner.final_state_after_a_crash(&id);
        let batch = data["transactionDetails"]["success"]["data"]["batches"][0].clone();
        if data["transactionDetails"]["rawStatus"] == "ERRORED" {
            assert_eq!(positions(&partner, &user), 0, "after {id}: {batch}");
            continue;
        }
        let orders = batch["orders"].as_array().expect("orders");
        let infy = orders.iter().find(|order| order["tradingsymbol"] == "INFY");
        let filled = infy.map_or(0, |order| {
            order["filledQuantity"].as_i64().expect("filledQuantity")
        });
        assert_eq!(positions(&partner, &user), filled, "after {id}: {batch}");
        bought += filled;
    }
    eprintln!("{bought} baskets under a kill");
    assert!(bought > 0);
}

#[test]
#[ignore = "takes minutes: scripts/nightly"]
fn crashes_sqlite() {
    crash_again_and_again(Engine::Sqlite);
}

#[test]
#[ignore = "takes minutes: scripts/nightly"]
fn crashes_postgres() {
    crash_again_and_again(Engine::Postgres);
}

#[test]
#[ignore = "takes minutes: scripts/nightly"]
fn soak() {
    let (torana, partner, receiver) = Torana::with_receiver(Options::default());
    partner.open_market();
    let guest = partner.guest();
    let decision = json!({"decision": "approve", "broker": "kite", "account": "DEMO01"});
    let round = || {
        let id = partner.transaction(&guest, &basket(&[("INFY", 1)]));
        let _ = partner.complete(&guest, &id, &decision).data();
        let _ = partner.details(&guest, &id).data();
    };
    (0..WARM_UP_ROUNDS).for_each(|_| round());
    let warm = torana.memory_kb().expect("memory");
    let (end, mut rounds) = (until(), WARM_UP_ROUNDS);
    while Instant::now() < end {
        round();
        rounds += 1;
        if rounds % 500 == 0 {
            // Money runs out; a new day has new money, and the old one's rows stay.
            let _ = partner.post_as_gateway(
                &partner.sandbox("reset"),
                &json!({"scope": "exchange", "startAt": torana_testkit::partner::MARKET_OPEN}),
            );
            let _ = partner.clock(&json!({"rate": 1}));
        }
    }
    let now = torana.memory_kb().expect("memory");
    eprintln!(
        "{rounds} rounds, {} webhooks, memory {warm} kB, then {now} kB",
        receiver.received().len()
    );
    assert!(
        now < warm + GROWTH_KB_MAX,
        "memory went from {warm} kB to {now} kB in {rounds} rounds"
    );
}

/// `scripts/nightly` builds a second binary from nothing and names it here.
#[test]
#[ignore = "needs a second build: scripts/nightly"]
fn transcripts_of_two_builds() {
    let other =
        std::env::var_os("TORANA_OTHER_BINARY").expect("TORANA_OTHER_BINARY: the path of a second build");
    let here = Options::default();
    let there = Options {
        binary: Some(other.into()),
        ..here.clone()
    };
    assert_same(
        &Stage::new(here).play(),
        &Stage::new(there).play(),
        "a fresh build",
    );
}
