//! A simulation: partners, their users, the gateway, its jobs, the paper exchange and a receiver of webhooks on
//! one thread. A seed decides who goes on next, how long everything takes and what the receiver does; the same
//! seed gives the same run, which the hash of its trace proves.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share fails like the tests themselves"
)]

mod machine;
mod shop;
mod story;

use std::collections::BTreeSet;

use story::Run;

/// Runs of the test that looks for trouble rather than for repetition.
const SEEDS: u64 = 8;

#[test]
fn every_user_is_served_whatever_the_order_of_things() {
    for seed in 0..SEEDS {
        let run = Run::of_seed(seed);
        run.check();
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in [3, 4] {
        let (first, second) = (Run::of_seed(seed), Run::of_seed(seed));
        let differs = first.trace.iter().zip(&second.trace).find(|(a, b)| a != b);
        assert_eq!(differs, None, "seed {seed}: here the runs part");
        assert_eq!(first.trace_hash(), second.trace_hash(), "seed {seed}");
    }
}

#[test]
fn each_seed_gives_a_trace_of_its_own() {
    let hashes: BTreeSet<String> = (20..24).map(|seed| Run::of_seed(seed).trace_hash()).collect();
    assert_eq!(hashes.len(), 4);
}
