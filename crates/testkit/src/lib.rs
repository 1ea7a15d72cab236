//! What the black-box tests need to talk to the built binary as partners and their users do: a running
//! gateway on free ports, a partner's backend, a small browser for the hosted pages, the SDK's protocol and a
//! receiver of webhooks.
//!
//! Nothing here uses code of the gateway: tokens, checksums and signatures are made and checked with code of
//! their own, so that a mistake on one side cannot hide behind the same mistake on the other.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a helper of tests: a panic here is the test's failure"
)]

pub mod beside;
pub mod browser;
pub mod cli;
pub mod flow;
pub mod html;
pub mod http;
pub mod jwt;
pub mod options;
pub mod partner;
pub mod process;
pub mod raw;
pub mod receiver;
pub mod sdk;
pub mod signature;
pub mod temp;
pub mod wait;

pub use browser::{Browser, Page};
pub use cli::Output;
pub use flow::{Plan, walk};
pub use http::{Answer, Client};
pub use options::{Engine, Options};
pub use partner::{GatewayKeys, Partner};
pub use process::Torana;
pub use receiver::{Receiver, Webhook};
pub use sdk::Sdk;
pub use temp::TempDir;
pub use wait::{wait_until, wait_until_for};
