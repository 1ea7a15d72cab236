//! The built binary from the outside, over HTTP, on both databases. Build it first:
//! `cargo build -p torana-server`. One database alone: `cargo nextest run -p torana-blackbox sqlite`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::float_arithmetic,
    clippy::needless_pass_by_value,
    clippy::cloned_ref_to_slice_refs,
    reason = "tests: a panic is a failure, values are built where they are used"
)]

/// Makes two tests of each function that takes an engine: `name::sqlite` and `name::postgres`.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            #[test]
            fn sqlite() {
                super::$name(torana_testkit::Engine::Sqlite);
            }

            #[test]
            fn postgres() {
                if std::env::var("TORANA_TEST_SKIP_POSTGRES").is_ok_and(|value| value == "1") {
                    eprintln!("skipped: TORANA_TEST_SKIP_POSTGRES=1");
                } else {
                    super::$name(torana_testkit::Engine::Postgres);
                }
            }
        }
    )+ };
}

mod auth;
mod bodies;
mod commands;
mod create;
mod decisions;
mod details;
mod durability;
mod envelope;
mod expiry;
mod hand_off;
mod idempotency;
mod kite;
mod limits;
mod market;
mod market_files;
mod nightly;
mod openapi;
mod operations;
mod orders;
mod outcomes;
mod pages;
mod prices;
mod processes;
mod rotation;
mod sandbox;
mod sdk;
mod secrets;
mod securities;
mod settings;
mod story;
mod syscalls;
mod tenants;
mod ticker;
mod tokens;
mod transcript;
mod webhooks;
mod window;
